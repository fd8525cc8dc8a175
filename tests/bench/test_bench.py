"""The benchmark runs, and notices what is wrong with a delivery."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

BENCH = Path(__file__).parents[2] / "bench"
RUN = "{0} {1}   {2}      {3:,}/s     1,000,000/server-CPU-s  p50    2.00 ms  p99    4.00 ms    5.0 KiB/conn  load{4}\n"


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    return import_module("verify")


@pytest.fixture
def ratios(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    return import_module("ratios")


@pytest.mark.parametrize("history", [[], ["--no-history"]])
def test_measures_everything_and_verifies_it(tmp_path: Path, history: list[str]) -> None:
    file = tmp_path / "figures.json"
    options = ["--quick", "--clients", "20", "--messages", "20", "--json", str(file), *history]
    done = subprocess.run(
        [sys.executable, str(BENCH / "bench.py"), *options], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert found["verified"] is True
    assert found["history"] is not bool(history)
    assert found["fanout"]["join_s"] > 0
    speeds = [(run["window"], run["size"], run["messages"]) for run in found["fanout"]["runs"]]
    assert speeds == [(1, 100, 200), (16, 100, 200), (64, 100, 200), (16, 400, 200)]
    (growth,) = found["growth"]
    for run in [*found["fanout"]["runs"], *found["paced"]["runs"], *growth["runs"]]:
        assert run["deliveries"] == 200 * 19
        assert 0 < run["p50_ms"] <= run["p99_ms"]
        assert run["deliveries_per_s"] > 0
    assert found["rooms"]["runs"][0]["deliveries"] == 5 * 20 * 3
    deliveries = {name: part["runs"][0]["deliveries"] for name, part in found["languages"].items()}
    assert deliveries == {"plain": 200 * 19, "tags": 200 * 20, "mixed": 3 * 20 * 19}
    for name in ("joining", "large"):
        assert found[name]["clients"] == 20
        assert 0 < found[name]["middle_ms"] <= found[name]["last_ms"]
        assert found[name]["join_s"] > 0
        assert found[name]["join_generator_load"] > 0
    assert found["idle"].keys() == {
        "clients", "connects_per_s", "kib_per_connection", "server_load", "generator_load",
    }  # fmt: skip
    assert found["commands"].keys() == {"server_start_s", "import_s", "help_s"}
    assert "Every delivery was verified" in done.stdout
    plots = {"windows", "sizes", "clients"} | (
        set() if history else {"stored-acknowledged", "stored-searches", "stored-start"}
    )
    assert {plot.stem.removeprefix("figures-") for plot in tmp_path.glob("*.svg")} == plots
    for plot in tmp_path.glob("*.svg"):
        ElementTree.parse(plot)  # well-formed


class Spoken:
    """Two senders who said three messages each, and the stream in which a listener should hear them."""

    def __init__(self, verify: ModuleType) -> None:
        self.said = verify.Said([b"ann", b"bob"])
        self.ear = verify.Ear(self.said)
        self.lines = [
            b":%b!bench@localhost %b\r\n" % (nick, self.said.next_line(nick, 40, 100))
            for _ in range(3)
            for nick in (b"ann", b"bob")
        ]

    def hear(self, lines: list[bytes]) -> None:
        stream = b"".join(lines)
        for start in range(0, len(stream), 7):  # no matter where it is cut
            self.ear.hear(stream[start : start + 7], 300)
        self.ear.finish()


@pytest.fixture
def spoken(verify: ModuleType) -> Spoken:
    return Spoken(verify)


def test_what_was_said_is_verified(spoken: Spoken) -> None:
    spoken.hear(spoken.lines)
    assert spoken.ear.latencies == [200] * 6


DOCTORED = {
    "lost": [0, 1, 3, 4, 5],
    "lost at the end": [0, 1, 2, 3, 4],
    "nothing came": [],
    "twice": [0, 1, 2, 2, 3, 4, 5],
    "twice at the end": [0, 1, 2, 3, 4, 5, 5],
    "out of order": [0, 1, 4, 3, 2, 5],
}


@pytest.mark.parametrize("indices", DOCTORED.values(), ids=DOCTORED)
def test_a_doctored_stream_is_noticed(verify: ModuleType, spoken: Spoken, indices: list[int]) -> None:
    with pytest.raises(verify.Wrong):
        spoken.hear([spoken.lines[index] for index in indices])


def test_a_changed_byte_is_noticed(verify: ModuleType, spoken: Spoken) -> None:
    spoken.lines[3] = spoken.lines[3].replace(b"xx\r", b"xy\r")
    with pytest.raises(verify.Wrong, match="not message 1 of bob"):
        spoken.hear(spoken.lines)


def test_what_nobody_said_is_noticed(verify: ModuleType, spoken: Spoken) -> None:
    with pytest.raises(verify.Wrong, match="nobody said"):
        spoken.hear([*spoken.lines, b":eve!e@host PRIVMSG #bench :hello\r\n"])


@pytest.mark.parametrize("language", ["tags", "jsonl", "line"])
def test_every_language_is_verified(verify: ModuleType, language: str) -> None:
    languages = import_module("languages").LANGUAGES
    written = {
        "tags": b"@time=2026-11-25T09:05:42.679Z;msgid=a-1 :ann!a@host %b\r\n",
        "jsonl": b'{"event":"said","room":"#bench","by":"ann","text":"%b","number":1}\n',
        "line": b"[09:05] <ann> %b\r\n",
    }[language]
    said = verify.Said([b"ann"])
    lines = [said.next_line(b"ann", 40, 100) for _ in range(2)]
    texts = lines if language == "tags" else [line.partition(b":")[2] for line in lines]
    right = [written % text for text in texts]
    ear = verify.Ear(said, language=languages[language])
    ear.hear(b"".join(right), 300)
    ear.finish()
    with pytest.raises(verify.Wrong):
        verify.Ear(said, language=languages[language]).hear(right[1] + right[0], 300)
    with pytest.raises(verify.Wrong):
        verify.Ear(said, language=languages[language]).hear(right[0].replace(b"x", b"y"), 300)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("tags", b":ann!a@host %b\r\n"),
        ("tags", b"@time=yesterday;msgid=a-1 :ann!a@host %b\r\n"),
        ("irc", b"@time=2026-11-25T09:05:42.679Z;msgid=a-1 :ann!a@host %b\r\n"),
        ("jsonl", b'{"event":"told","room":"#bench","by":"ann","text":"%b","number":1}\n'),
    ],
)
def test_a_message_in_another_form_is_noticed(verify: ModuleType, language: str, line: bytes) -> None:
    said = verify.Said([b"ann"])
    message = said.next_line(b"ann", 40, 100)
    ear = verify.Ear(said, language=import_module("languages").LANGUAGES[language])
    with pytest.raises(verify.Wrong, match="nobody said"):
        ear.hear(line % (message if language != "jsonl" else message.partition(b":")[2]), 300)


BUSY, SPARE = {"generator_load": 0.95, "server_load": 0.5}, {"generator_load": 0.5, "server_load": 0.95}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("idle", {"idle": BUSY, "large": SPARE}),
        ("large", {"large": BUSY, "idle": SPARE}),
        ("joining", {"joining": {f"join_{load}": share for load, share in BUSY.items()}}),
        ("rooms", {"rooms": {"runs": [SPARE, BUSY]}, "paced": {"runs": [SPARE]}}),
        ("growth to 300", {"growth": [{"clients": 300, "runs": [BUSY]}, {"clients": 100, "runs": [SPARE]}]}),
        ("IRC, tags, times, echo", {"languages": {"tags": {"runs": [BUSY]}, "plain": {"runs": [SPARE]}}}),
    ],
)
def test_where_the_load_generator_was_the_bottleneck_is_said(
    verify: ModuleType, name: str, part: dict[str, Any]
) -> None:
    plan = dict.fromkeys(("clients", "idle_clients", "paced_clients", "joining_clients", "large_clients"), 1)
    (warning,) = import_module("report").warnings({"plan": plan, **part})
    assert warning.startswith(f"{name}: the load generator was the bottleneck")


def test_an_unfinished_line_is_noticed(verify: ModuleType, spoken: Spoken) -> None:
    with pytest.raises(verify.Wrong, match="unfinished"):
        spoken.hear([*spoken.lines, b":ann"])


def test_a_copy_may_be_ahead_of_the_witness(verify: ModuleType) -> None:
    model = bytearray(b"one ")
    copy = verify.Copy(model)
    copy.hear(b"one two")
    copy.hear(b" thr")
    assert not copy.complete
    model += b"two three"
    copy.hear(b"ee")
    assert copy.complete
    copy.finish()


@pytest.mark.parametrize("heard", [b"one two", b"one two thref", b"one two three", b"one three", b""])
def test_a_copy_that_differs_is_noticed(verify: ModuleType, heard: bytes) -> None:
    copy = verify.Copy(bytearray(b"one two thre"))
    with pytest.raises(verify.Wrong):  # noqa: PT012  (at once, or in the end)
        copy.hear(heard)
        copy.finish()


def test_a_recording_is_checked_when_it_is_played(verify: ModuleType, spoken: Spoken) -> None:
    recording = verify.Recording()
    for line in spoken.lines[1:]:
        recording.hear(line, 300)
    assert recording.lines == 5
    with pytest.raises(verify.Wrong, match="not message 0 of ann"):
        recording.play(spoken.ear)


def passes(*speeds: tuple[int, int, str]) -> list[str]:
    """The limit's and the server's lines of several passes."""
    return [
        RUN.format("A16", who, "verified", speed, noise if who == "server" else "")
        for limit, server, noise in speeds
        for who, speed in (("limit", limit), ("server", server))
    ]


def judged(ratios: ModuleType, lines: list[str]) -> list[str]:
    runs = list(ratios.read(lines))
    return list(ratios.failures(runs, ratios.pairs(runs)))


def test_noisy_passes_do_not_count_while_there_is_a_clean_one(ratios: ModuleType) -> None:
    noisy = "  NOISY: others took 0.30 of a core"
    assert judged(ratios, passes((1_000, 100, noisy), (1_000, 500, ""), (1_000, 100, noisy))) == []
    assert judged(ratios, passes((1_000, 100, noisy))) == ["A16: 0.10 of the limit, less than 0.40"]


def test_the_median_pass_counts(ratios: ModuleType) -> None:
    assert judged(ratios, passes((1_000, 500, ""), (1_000, 100, ""), (1_000, 450, ""))) == []
    assert judged(ratios, passes((1_000, 500, ""), (1_000, 100, ""), (1_000, 390, ""))) != []


def test_too_much_memory_a_lost_delivery_and_no_result_are_failures(ratios: ModuleType) -> None:
    lines = passes((1_000, 500, ""))
    assert judged(ratios, [line.replace("5.0 KiB", "12.5 KiB") for line in lines]) != []
    assert judged(ratios, [line.replace("verified", "NOT OK  ") for line in lines]) != []
    assert judged(ratios, ["A16 server: no result"]) == ["A16: no result"]
