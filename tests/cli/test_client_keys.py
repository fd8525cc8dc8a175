"""tcpchat-client's keys: Tab, those that lead elsewhere, what is pasted, and how one leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.faked import Faked
from tests.cli.screen import CLIENT, Peer, Screen, Start, serving

HINT = "-- Type and press Enter. .*"


@pytest.fixture
def carol(port: int) -> Iterator[Peer]:
    """Carol, in a room of her own."""
    peer = Peer(port, "carol", "#side")
    yield peer
    peer.close()


@pytest.fixture
def ann(terminal: Start, bob: Peer) -> Screen:
    """Ann's terminal, with bob in the room."""
    screen = terminal()
    screen.until(HINT, "ann #lobby>")
    return screen


def test_tab_goes_round_forward_and_backward(ann: Screen, port: int) -> None:
    bobby = Peer(port, "bobby")
    bobby.say("hello")
    ann.until(".*<bobby> hello", "ann #lobby>")
    ann.type("bo\t")
    ann.until(r"\[bobby\]  bob", "ann #lobby> bobby:")
    ann.type("\t")
    ann.until(r"bobby  \[bob\]", "ann #lobby> bob:")
    ann.type("\x1b[Z")
    ann.until(r"\[bobby\]  bob", "ann #lobby> bobby:")
    ann.type("hi\r")
    assert bobby.hear(by="ann")["text"] == "bobby: hi"
    ann.until(".*<ann> bobby: hi", "ann #lobby>")
    bobby.close()


def test_what_tab_shows_leaves_nothing_behind(ann: Screen, bob: Peer) -> None:
    before = ann.rows
    ann.type("/be\t")
    ann.until(r"/bell \[off, mentions or all\]  for what the bell rings", "ann #lobby> /bell")
    ann.type("\t")
    ann.until(r"/bell .*  for what the bell rings", "ann #lobby> /bell off")
    ann.type("\t")
    ann.until(r"/bell .*  for what the bell rings", "ann #lobby> /bell mentions")
    ann.type("\x15")
    ann.until("ann #lobby>")
    assert ann.rows == before


def test_rooms_that_were_listed_can_be_completed(ann: Screen, carol: Peer) -> None:
    ann.type("/rooms\r")
    ann.until("-- #side +1", "ann #lobby>")
    ann.type("/join #s\t\r")
    ann.until("-- #side, 2 people: carol, you.", "ann #side>")


def test_the_bell_is_changed_at_once_and_for_good(ann: Screen, bob: Peer, settings: Path) -> None:
    ann.type("/bell off\r")
    ann.until("-- The bell rings for: nothing.", "ann #lobby>")
    assert 'bell = "off"' in settings.read_text()
    bob.say("ann: quiet")
    ann.until(".*<bob> ann: quiet", "ann #lobby>")
    assert b"\a" not in ann.raw
    ann.type("/bell all\r")
    ann.until("-- The bell rings for: everything that is said.", "ann #lobby>")
    bob.say("loud")
    ann.until(".*<bob> loud", "ann #lobby>")
    assert b"\a" in ann.raw


def test_keys_lead_to_other_conversations_and_keep_what_is_typed(ann: Screen, carol: Peer) -> None:
    ann.type("/join side\r")
    ann.until("-- #side, 2 people: carol, you.", "ann #side>")
    ann.type("half\x1b1")
    ann.until("── #lobby ──", "ann #lobby> half")
    carol.say("over here", "#side")
    ann.until("ann #lobby #side:1> half")
    ann.type("\x1ba")
    ann.until("── #side ──", "── 1 new ──", ".*<carol> over here", "ann #side> half")
    ann.type("\x0e")
    ann.until("ann #lobby> half")
    ann.type("\x10 way\r")
    assert carol.hear(by="ann")["text"] == "half way"
    ann.until(".*<ann> half way", "ann #side>")
    ann.type("\x1b9")
    ann.type("\x1b1")
    ann.until("ann #lobby>")


def test_a_line_goes_to_where_the_prompt_says(start: Start) -> None:
    with serving(0) as port:
        screen = start(*CLIENT, f"127.0.0.1:{port}", "--room", "#one", "--room", "#two")
        screen.until(HINT, "ann #one>")
        screen.type("/room\r")
        screen.until("-- 1 #one .*", "-- 2 #two", "ann #one>")
    screen.until("-- link lost: .*", r"ann #one \(no link\)>")
    screen.type("/who\rfor one\r\x1b2")
    screen.until("── #two ──", "… /who", "… for one", r"ann #two \(no link, 2 waiting\)>")
    screen.type("for two\r\x1b1")
    screen.until("… for two", r"ann #one \(no link, 3 waiting\)>")
    with serving(port):
        screen.until(r"-- back after \d+ s", r"\d\d:\d\d <ann> for one", r"\d\d:\d\d #two <ann> for two", "ann #one>")
        dave = Peer(port, "dave", "#two")
        dave.do(do="join", room="#one")
        assert dave.past("#one") == ["for one"]
        assert dave.past("#two") == ["for two"]
        dave.close()


def test_a_line_behind_a_join_that_waits_goes_to_where_it_leads(start: Start) -> None:
    with serving(0) as port:
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until(HINT, "ann #lobby>")
    screen.until("-- link lost: .*", r"ann #lobby \(no link\)>")
    screen.type("/join new\rfor the new one\r")
    screen.until("… for the new one", r"ann #lobby \(no link, 2 waiting\)>")
    with serving(port):
        screen.until("-- #new: nobody else is here yet.", r"\d\d:\d\d <ann> for the new one", "ann #new>")


def test_ctrl_r_finds_what_was_typed_and_ctrl_l_empties_the_screen(ann: Screen, bob: Peer) -> None:
    for text in ("first words", "second thoughts"):
        ann.type(f"{text}\r")
        ann.until(f".*<ann> {text}", "ann #lobby>")
    ann.type("\x12fir")
    ann.until(r"\(reverse-i-search\)`fir': first words")
    ann.type("\r")
    ann.until("ann #lobby> first words")
    ann.type("\x0c")
    ann.until_gone(".*<ann> .*")
    ann.until("ann #lobby> first words")
    assert ann.rows == ["ann #lobby> first words"]
    ann.type("\r")
    assert [bob.hear(by="ann")["text"] for _ in range(3)][2] == "first words"


def test_ctrl_c_ends_a_search_and_no_more(ann: Screen, bob: Peer) -> None:
    ann.type("first words\r")
    ann.until(".*<ann> first words", "ann #lobby>")
    ann.type("half\x12fir")
    ann.until(r"\(reverse-i-search\)`fir': first words")
    ann.type("\x03")
    ann.until(".*<ann> first words", "ann #lobby> half")
    ann.type(" a line\r")
    assert [bob.hear(by="ann")["text"] for _ in range(2)][1] == "half a line"


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param("\x1b[31m", id="a colour"),
        pytest.param("\x1b[<0;5;5M\x1b[M !!", id="the mouse"),
        pytest.param("\x1b[5;5~\x1b[6;5~", id="Ctrl-PgUp, Ctrl-PgDn"),
        pytest.param("\x1b[5;2~\x1b[6;2~", id="Shift-PgUp, Shift-PgDn"),
        pytest.param("\x1b[1;2P\x1b[1;2R\x1b[15;5~", id="Shift-F1, Shift-F3, Ctrl-F5"),
        pytest.param("\x1b[1;6A", id="Ctrl-Shift-Up"),
    ],
)
def test_keys_that_mean_nothing_do_nothing(ann: Screen, bob: Peer, keys: str) -> None:
    before = ann.rows
    ann.type(f"on{keys}e")
    ann.until("ann #lobby> one")
    assert ann.rows[:-1] == before[:-1]
    ann.type("\r")
    assert bob.hear(by="ann")["text"] == "one"


def test_what_is_pasted_behind_a_command_is_for_it(ann: Screen, bob: Peer) -> None:
    ann.type("/msg bob \x1b[200~one\rtwo\r\x1b[201~")
    ann.until("Send these 2 lines as one message. y/n")
    ann.type("y")
    assert bob.hear("told")["text"] == "one\ntwo"


def test_what_is_pasted_and_too_long_is_not_said(ann: Screen, bob: Peer) -> None:
    ann.type(f"\x1b[200~{'x' * 5_000}\rand more\x1b[201~")
    ann.until("Send these 2 lines as one message. y/n")
    ann.type("y")
    ann.until("! x{77}…", "  and more", "-- A message of 5009 bytes is too long: .*", "ann #lobby>")
    ann.type("\x1b[A")
    ann.until("and more")
    ann.type("\x15\x7f\x15")
    ann.type(f"\x1b[200~{'x' * 70_000}\x1b[201~")
    ann.until("-- What was pasted is too long for a message, and is not taken: .*", "      characters.", ".*")


def test_who_leaves_is_told_what_is_not_stored(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    screen.type("on its way\r")
    server.until_said()
    screen.type("/quit\r")
    screen.until("-- 1 line is not stored yet. Ctrl-D again leaves all the same.", "… on its way", "ann #lobby>")
    screen.type("\x04")
    assert screen.ended() == 75


def test_who_goes_on_typing_stays(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    screen.type("on its way\r")
    number = server.until_said()
    screen.type("\x04")
    screen.until("-- 1 line is not stored yet. .*", "… on its way", "ann #lobby>")
    server.tell(ok=number, reply="stored", number=1, id="a-1", time=1)
    screen.until_gone("… on its way")
    screen.type("\x04")
    assert screen.ended() == 0


@pytest.mark.parametrize("size", [(2, 10), (1, 5), (1, 1), (3, 19), (24, 12)])
def test_a_window_of_any_size_is_survived(ann: Screen, bob: Peer, size: tuple[int, int]) -> None:
    ann.resize(*size)
    bob.say(f"some words and https://example.org/{'x' * 50}")
    ann.type(f"ab\x1b[D\x1b[D/jo\t\t\x05\x15{size}\r")
    assert bob.hear(by="ann")["text"] == f"{size}"
    ann.resize(24, 80)
    bob.say(f"wide again {size[1]}")
    ann.until(f".*<bob> wide again {size[1]}", "ann #lobby>")
    ann.type("\x04")
    assert ann.ended() == 0
