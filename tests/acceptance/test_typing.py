"""L1 to L4: what is typed is neither lost nor changed by what comes meanwhile, nor sent by mistake."""

import contextlib
import random

import pytest

from tests.cli.screen import IS_IN, Peer, Screen, Start

PROMPT = "ann #lobby>"
STALE_ROWS = 3
"""What a dozen rough changes of the window's size may leave of old prompts."""

SMALLEST, LARGEST = (8, 30), (50, 200)
"""Rows and columns of a window."""

PASTE = "\x1b[200~{}\x1b[201~"
"""What a terminal makes of a paste."""

ONE_CHARACTER = "e\N{COMBINING ACUTE ACCENT}"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
WIDE = "漢字かな交じり文 한국어 🎉🚀 "


@pytest.fixture
def ann(terminal: Start, bob: Peer) -> Screen:
    """The client at its prompt, with bob in the room."""
    screen = terminal()
    screen.until(IS_IN, PROMPT)
    return screen


def test_l1_half_typed_text_survives_50_incoming(ann: Screen, bob: Peer) -> None:
    before = len(ann.uncoloured)
    ann.type("half typed te")
    ann.until(f"{PROMPT} half typed te")
    bob.say_all([f"line {number} of 50" for number in range(50)])
    ann.until(r"\d\d:\d\d <bob> line 49 of 50", f"{PROMPT} half typed te")
    assert [ann.uncoloured[before:].count(b"<bob> line %d of 50\r\n" % number) for number in range(50)] == [1] * 50
    ann.type("xt\r")
    assert bob.hear(by="ann")["text"] == "half typed text"
    ann.until(r"\d\d:\d\d <ann> half typed text", PROMPT)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{number:03} is " for number in range(43))[:300],
        (WIDE * 30)[:300].strip(),
        f"{ONE_CHARACTER * 40} {FAMILY} {'🏳️‍🌈' * 5} {'x' * 100} {ONE_CHARACTER * 40} end",
    ],
    ids=["ascii", "wide", "combining"],
)
def test_l2_twelve_sizes_change_nothing_of_what_is_typed(ann: Screen, bob: Peer, text: str, seed: int) -> None:
    chance = random.Random(seed)
    print(f"seed {seed}")
    before = len(ann.uncoloured)
    for number in range(12):
        ann.type(text[len(text) * number // 12 : len(text) * (number + 1) // 12])
        ann.resize(chance.randint(SMALLEST[0], LARGEST[0]), chance.randint(SMALLEST[1], LARGEST[1]))
        bob.say(f"size {number}")
        ann.until_written(f"<bob> size {number}\r\n")
    ann.resize(24, 80)
    bob.say("that was all")
    ann.until(".*<bob> that was all", rf"{PROMPT} .*")
    assert [ann.uncoloured[before:].count(b"> size %d\r\n" % number) for number in range(12)] == [1] * 12
    assert sum(row.startswith(PROMPT) for row in ann.rows) <= 1 + STALE_ROWS
    ann.type("\r")
    assert bob.hear(by="ann")["text"] == text
    ann.until(PROMPT)


def test_l2_one_takes_back_characters_not_bytes(ann: Screen, bob: Peer) -> None:
    ann.type("漢字\x7f\x7fa🎉\x7f.\r")
    assert bob.hear(by="ann")["text"] == "a."


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_l3_three_pasted_lines_are_one_question_and_one_message(ann: Screen, bob: Peer, end: str) -> None:
    ann.type(PASTE.format(f"first{end}second{end}third"))
    ann.until("Send these 3 lines as one message.*")
    bob.say("nothing yet")
    ann.until(".*nothing yet", "Send these 3 lines as one message.*")
    ann.type("y")
    assert bob.hear(by="ann")["text"] == "first\nsecond\nthird"
    ann.until(".*<ann> first", " +second", " +third", PROMPT)
    assert bob.past("#lobby")[-2:] == ["nothing yet", "first\nsecond\nthird"]


@pytest.mark.parametrize("no", ["n", "\x03"], ids=["n", "ctrl-c"])
def test_l3_what_is_not_sent_is_in_the_history(ann: Screen, bob: Peer, no: str) -> None:
    ann.type("before \x1b[200~first\rsecond\rthird\x1b[201~")
    ann.until("Send these 3 lines as one message.*")
    ann.type(no)
    ann.until(rf"{PROMPT} before")
    ann.type("\x15the end\r")
    assert bob.hear(by="ann")["text"] == "the end"
    ann.until(".*<ann> the end", PROMPT)
    ann.type("\x1b[A\x1b[A")
    ann.until(f"{PROMPT} before first", "second", "third")


@pytest.mark.parametrize(
    ("keys", "found"),
    [("\x1b[A", f"{PROMPT} remember me"), ("\x12memb", ".*memb.*")],
    ids=["arrow up", "ctrl-r"],
)
def test_l4_the_last_line_is_there_after_a_restart(terminal: Start, bob: Peer, keys: str, found: str) -> None:
    first = terminal()
    first.until(IS_IN, PROMPT)
    first.type("remember me\r")
    assert bob.hear(by="ann")["text"] == "remember me"
    first.type("\x04")
    assert first.ended() == 0
    again = terminal()
    again.until(IS_IN, PROMPT)
    again.type(keys)
    again.until(found)
    again.type("\r")
    again.until(f"{PROMPT}( remember me)?")
    again.type("\r")
    assert bob.hear(by="ann")["text"] == "remember me"


def test_l4_ctrl_r_finds_what_was_typed_longer_ago(ann: Screen, bob: Peer) -> None:
    for said in ("the one that is wanted", "another one", "the last one"):
        ann.type(f"{said}\r")
        assert bob.hear(by="ann")["text"] == said
    ann.until(PROMPT)
    ann.type("\x12wanted")
    ann.until_written("wanted")
    ann.type("\r")
    ann.until(f"{PROMPT}( the one that is wanted)?")
    ann.type("\r")
    assert bob.hear(by="ann")["text"] == "the one that is wanted"


def test_l4_tab_goes_through_the_names(terminal: Start, port: int) -> None:
    with contextlib.ExitStack() as stack:
        carol, *_ = [stack.enter_context(contextlib.closing(Peer(port, one))) for one in ("carol", "caroline", "dave")]
        screen = terminal()
        screen.until(IS_IN, PROMPT)
        screen.type("ca\t")
        screen.until(rf"{PROMPT} (carol|caroline):")
        other = "caroline:" if screen.rows[-1].endswith("carol:") else "carol:"
        screen.type("\t")
        screen.until(rf"{PROMPT} {other}")
        screen.type("hi\r")
        assert carol.hear(by="ann")["text"] == f"{other} hi"
        screen.until(PROMPT)
        screen.type("ask dav\t\r")
        assert carol.hear(by="ann")["text"].rstrip() == "ask dave"


def test_l4_tab_completes_commands(ann: Screen) -> None:
    ann.type("/jo\t")
    ann.until(rf"{PROMPT} /join")
    ann.type("tea\r")
    ann.until("ann #tea>")


def test_l4_a_mistyped_command_is_never_sent(ann: Screen, bob: Peer) -> None:
    ann.type("/foo my secret\r")
    ann.until(".*There is no /foo.*", PROMPT)
    ann.type("//foo\r")
    assert bob.hear(by="ann")["text"] == "/foo"
    assert "/foo my secret" not in bob.past("#lobby")
