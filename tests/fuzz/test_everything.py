"""The short form of `everything.py`: whatever is said in any dialect, and whatever is configured, nothing fails."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tcpchat.chat import hub
from tcpchat.config import BadSetting, load
from tcpchat.model import commands, events
from tests.fuzz import parlour, settings
from tests.fuzz.everything import MOST_GROWTH_BLOCKS, Trial
from tests.fuzz.parlour import Parlour, json_line
from tests.fuzz.world import alarmed

LINES, LONG = 6_000, 1_000_000


@pytest.fixture
def alarm() -> Iterator[None]:
    with alarmed():
        yield


@pytest.mark.threat(16, 61)
def test_nothing_that_is_said_or_configured_fails(long: bool, seed: int) -> None:
    trial = Trial(seed)
    trial.run(LONG if long else LINES, 100_000 if long else LINES)
    print(json.dumps(trial.result))
    assert not trial.failures, "\n".join(trial.first.values())
    assert max(trial.growth) < MOST_GROWTH_BLOCKS
    assert trial.valid > 10


def test_every_command_is_asked_and_most_are_obeyed(alarm: None) -> None:
    obeyed, chance, chat = set(), Random(1), Parlour()
    for _ in range(3_000):
        client = chat.people[chance.choice((1, 2))]
        line = json_line(chance)
        if client.ending is None and b'{"ok"' in chat.say(client, line):
            obeyed.add(json.loads(line)["do"])
        if client.ending is not None:
            chat = Parlour()
    wanted = {kind.__struct_config__.tag for kind in parlour._COMMANDS}
    assert len(obeyed) > len(wanted) // 2, wanted - obeyed


def test_a_fault_in_an_effect_or_a_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    for table, kind in ((hub.EFFECTS, events.WentAway), (hub.RULES, commands.Whois)):
        with monkeypatch.context() as patch:
            patch.setitem(table, kind, fail)
            trial = Trial(1)
            trial.run(1_500, 1_500)
        assert [what for what in trial.failures if what.startswith("ZeroDivisionError")]


@pytest.mark.parametrize("told", [b"\x1b[2J\r\n", b"\x9b", b"a\x00b\r\n", "\x85\r\n".encode()])
def test_what_would_harm_a_terminal_is_noticed(told: bytes) -> None:
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        parlour.CHECKS["PlainLines"](told)


@pytest.mark.threat(61)
@pytest.mark.parametrize(
    "given",
    [["operators.x=5", "operators.x.password=y"], ["operators.x=[]", "operators.x.y.z=1"],
    ["data='~nobody-of-that-name/x'"]],
)  # fmt: skip
def test_what_was_found_is_said_in_words(given: list[str]) -> None:
    with pytest.raises(BadSetting):
        load(None, given)


def test_every_setting_is_tried(tmp_path: Path) -> None:
    assert {"limits.clients", "operators", "tls.certificate", "keep.days"} <= set(settings.names())
    assert sum(settings.tried(Random(number), tmp_path / "x.toml") for number in range(300)) > 10
