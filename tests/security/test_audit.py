"""What operators and administrators do is recorded before it is done, proven like all entries, and shown to nobody."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tcpchat
from tcpchat.backend.base import Unavailable
from tcpchat.backend.schema import FILE
from tcpchat.backend.verify import verify
from tcpchat.config import Config, Operator
from tcpchat.model.events import Audited
from tcpchat.model.records import Append
from tests.peer import Peer
from tests.security.places import ConnectFrom

pytestmark = pytest.mark.threat(35)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=tmp_path / "data", operators={"office": Operator(password="hunter2")})


async def _operator(come: ConnectFrom) -> Peer:
    ruth = await come("ruth", "#lobby")
    assert "ok" in await ruth.ask(do="become_operator", name="office", password="hunter2")
    return ruth


def _export(config: Config, *options: str) -> str:
    command = [sys.executable, "-m", "tcpchat.server", "log", "export", "--data", str(config.data), *options]
    return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode()


def _audited(config: Config) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _export(config, "--audit", "--format", "jsonl").splitlines()]


async def test_all_that_is_done_by_right_is_in_the_log(come: ConnectFrom, config: Config) -> None:
    eve = await come("eve", "#lobby", "127.9.8.7")
    await eve.ask(do="become_operator", name="office", password="hunter3")
    ruth = await _operator(come)
    for wish in (
        {"do": "wallops", "text": "Hello."},
        {"do": "change_host", "nick": "eve", "user": "u", "host": "vip"},
        {"do": "rehash"},
        {"do": "set_modes", "room": "#lobby", "changes": [["+", "k", "sesame"], ["+", "m", ""]]},
        {"do": "kick", "room": "#lobby", "nick": "eve", "reason": "Spam."},
        {"do": "register_other", "account": "carl", "password": "correct-horse-battery"},
        {"do": "kill", "nick": "eve", "reason": "Spam."},
        {"do": "ban", "mask": "eve", "seconds": 60, "reason": "Spam."},
        {"do": "unban", "mask": "eve"},
        {"do": "list_bans"},
    ):
        assert "ok" in await ruth.ask(**wish), wish
    found = _audited(config)
    assert [(one["by"], one["what"], one["operator"]) for one in found] == [
        ("eve", "become_operator", "office"),
        *(
            ("ruth", what, "office")
            for what in (
                "become_operator",
                "wallops",
                "change_host",
                "rehash",
                "set_modes",
                "kick",
                "register_other",
                "kill",
                "ban",
                "unban",
            )
        ),
    ]
    assert [one.get("refused", False) for one in found] == [True, *[False] * 10]
    assert [one["number"] for one in found] == list(range(1, 12))
    assert found[0]["address"] == "127.9.8.7"
    assert found[5]["details"] == {"room": "#lobby", "changes": "+k * +m"}
    assert found[9]["details"] == {"mask": "eve", "seconds": "60", "reason": "Spam."}
    text = _export(config, "--audit")
    assert "!audit -- ruth (office) from 127.0.0.1: ban mask='eve' seconds='60' reason='Spam.'" in text
    for secret in ("hunter", "sesame", "correct-horse"):
        assert secret not in text
        assert secret not in str(found)
    assert "!audit" not in _export(config)
    report = verify(config.data / FILE)  # type: ignore[operator]
    assert report.problems == []


async def test_nobody_is_told(come: ConnectFrom) -> None:
    """Not even operators, however they ask."""
    bob, ruth = await come("bob", "#lobby"), await _operator(come)
    await ruth.ask(do="wallops", text="a secret word")
    for peer in (bob, ruth):
        for wish in (
            {"do": "history", "room": "!audit"},
            {"do": "join", "room": "!audit"},
            {"do": "search", "words": "become_operator"},
            {"do": "search", "words": "wallops", "target": "!audit"},
            {"do": "list_talks", "after": 0, "before": 1 << 52},
            {"do": "redact", "target": "!audit", "of": "1"},
        ):
            answer = await peer.ask(**wish)
            assert "code" in answer or not (answer.get("events") or answer.get("talks", [])), wish
        assert "audited" not in peer.seen.decode()


async def test_who_has_no_right_leaves_no_entry(come: ConnectFrom, config: Config) -> None:
    """Nor who decides about a room of their own: nobody fills the log by asking."""
    bob = await come("bob", "#tea")
    for wish in ({"do": "kill", "nick": "bob"}, {"do": "rehash"}, {"do": "ban", "mask": "eve"}):
        assert (await bob.ask(**wish))["code"] == "no_privileges"
    ruth = await _operator(come)
    await ruth.ask(do="join", room="#own")
    assert "ok" in await ruth.ask(do="set_modes", room="#own", changes=[["+", "m", ""]])
    assert [one["what"] for one in _audited(config)] == ["become_operator"]


async def test_what_cannot_be_recorded_is_not_done(
    come: ConnectFrom, server: tcpchat.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, ruth = await come("bob"), await _operator(come)
    record = server.backend.record

    def full(wanted: Any) -> Any:
        if isinstance(wanted, Append) and isinstance(wanted.event, Audited):
            raise Unavailable("The disk is full.")
        return record(wanted)

    monkeypatch.setattr(server.backend, "record", full)
    assert (await ruth.ask(do="kill", nick="bob"))["code"] == "not_stored"
    assert "ok" in await bob.ask(do="ping")


async def test_administrators_ban_without_being_here(come: ConnectFrom, config: Config) -> None:
    """Over their socket; that is recorded, too."""

    def tool(*words: str) -> str:
        command = [sys.executable, "-m", "tcpchat.server", "ban", *words, "--data", str(config.data)]
        return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode()

    eve = await come("eve", "#lobby", "127.9.8.7")
    said = await asyncio.to_thread(tool, "add", "127.9.0.0/16", "--reason", "Spam.")
    assert said == "127.9.0.0/16 is banned.\n"
    assert "Spam." in await eve.end()
    assert (await asyncio.to_thread(tool, "list")).split() == ["127.9.0.0/16", "for", "good", "administrator:", "Spam."]
    await asyncio.to_thread(tool, "lift", "127.9.0.0/16")
    await come("eve", "#lobby", "127.9.8.7")
    assert [(one["by"], one["what"]) for one in _audited(config)] == [
        ("administrator", "ban"),
        ("administrator", "unban"),
    ]
