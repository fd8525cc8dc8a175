"""Whatever lines come, nothing fails: the short form of `fuzz_lines.py`. Time is measured there only."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tcpchat.wire.irc import dialect, numerics
from tests.fuzz import checks, heavy, mutation, scripts
from tests.fuzz.fuzz_lines import HALF, MOST_GROWTH_BLOCKS, long_life
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.world import CONFIGS, World, alarmed

LINES, LONG = 20_000, 1_000_000


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    with alarmed():
        yield


def check(fuzzer: Fuzzer) -> None:
    for failure in fuzzer.failures.values():
        pytest.fail(f"{failure.count} times: {failure.text}\n{failure.journal.in_file().decode()}")


@pytest.mark.threat(16)
@pytest.mark.parametrize("place", range(len(CONFIGS)))
def test_what_is_kept_fails_nothing(place: int) -> None:
    for data in [*scripts.corpus(), *heavy.heavy().values()]:
        fuzzer = Fuzzer(first=place)
        fuzzer.play(data)
        check(fuzzer)


@pytest.mark.threat(16)
@pytest.mark.parametrize("place", range(len(CONFIGS)))
def test_no_word_of_a_line_can_be_so_nasty_that_something_fails(place: int) -> None:
    fuzzer = Fuzzer(first=place)
    for data in mutation.systematically(scripts.corpus()):
        fuzzer.play(data)
    check(fuzzer)


@pytest.mark.threat(16)
def test_lines_made_at_random_fail_nothing(long: bool) -> None:
    fuzzer, random, corpus = Fuzzer(), Random(20_260_801), scripts.corpus()
    while fuzzer.lines < (LONG if long else LINES):
        fuzzer.play(mutation.next_script(random, corpus))
    check(fuzzer)


@pytest.mark.threat(16, 40)
def test_a_world_that_lives_long_does_not_grow(long: bool) -> None:
    memory, fuzzer = long_life(200_000 if long else 10_000, 1 << 20 if long else 1 << 16)
    check(fuzzer)
    assert memory.growth(HALF)[0] < MOST_GROWTH_BLOCKS


def test_every_verb_is_in_the_corpus() -> None:
    lines = [line for data in scripts.corpus() for moment in scripts.script(data) for _, line in moment]
    words = {word for line in lines for word in line.upper().split(b" ")[:2]}
    assert {verb.encode() for verb in dialect.READERS} <= words


def test_what_is_kept_brings_about_all_that_the_server_can_say() -> None:
    told: set[str] = set()
    for place in range(len(CONFIGS)):
        for data in scripts.corpus():
            world = World(place, faults=False)
            for moment in scripts.script(data):
                world.moment(moment)
                for chunks in world.told().values():
                    told.update(verbs(b"".join(chunks)))
    assert not {name: number for name, number in vars(numerics).items() if name.isupper() and number not in told}
    assert {
        "ACCOUNT",
        "AUTHENTICATE",
        "AWAY",
        "BATCH",
        "CHGHOST",
        "ERROR",
        "INVITE",
        "KICK",
        "KILL",
        "MARKREAD",
    } <= told
    assert {"FAIL", "MODE", "NICK", "QUIT", "REDACT", "RENAME", "SETNAME", "TAGMSG", "TOPIC", "WALLOPS"} <= told


def verbs(chunk: bytes) -> Iterator[str]:
    """The numerics and verbs of its lines."""
    for line in chunk.decode().split("\r\n")[:-1]:
        yield next(word for word in line.split(" ") if word[0] not in "@:")


def test_a_file_gives_back_what_it_was_given(tmp_path: Path) -> None:
    random, corpus = Random(1), scripts.corpus()
    some = [scripts.written(scripts.script(mutation.changed(one, random, corpus))) for one in corpus]
    some = [one for one in some if one]
    (tmp_path / "some.txt").write_bytes(scripts.in_file(some))
    assert list(scripts.from_file(tmp_path / "some.txt")) == some


def test_a_fault_is_found_and_its_story_made_short(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(context: object, message: object) -> Iterator[bytes]:
        raise ZeroDivisionError
        yield b""

    monkeypatch.setitem(dialect.READERS, "INFO", fail)
    fuzzer = Fuzzer()
    fuzzer.play(b"0 PING x\n1 PING y\n2 PING z")
    fuzzer.play(b"0 PING x\n1 PING y\n2 INFO x\n3 PING z")
    (failure,) = fuzzer.failures.values()
    assert failure.what.startswith("ZeroDivisionError")
    assert failure.journal.scripts == [b"2 INFO x"]


@pytest.mark.parametrize(
    "chunk",
    [
        b"PING x", b"PING x\n", b"PING \r x\r\n", b"PING \x00\r\n", b"PING \xff\r\n", b"\r\n", b"PING  x\r\n",
        b" PING x\r\n", b"PING " + b"x" * 506 + b"\r\n", b"@a=" + b"x" * 8_190 + b" PING x\r\n", b"@ PING x\r\n",
        b"@a;a PING x\r\n",
        b"@a=b;; PING x\r\n", b"@batch=x PING x\r\n", b":s BATCH -x\r\n", b":s 401 nobody x :y\r\n", b":s 401\r\n",
    ],
)  # fmt: skip
def test_what_is_wrong_is_noticed(chunk: bytes) -> None:
    ear = checks.Ear(World().clients[0])
    ear.listen(0)
    checks.sent(ear, b"@a=b;c :s PING x\r\n:s BATCH +y kind\r\n@batch=y :s 401 Ann x :y\r\n:s BATCH -y\r\n")
    with pytest.raises(checks.Broken):
        checks.sent(ear, chunk)
