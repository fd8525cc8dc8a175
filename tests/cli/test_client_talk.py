"""tcpchat-client among others: names, rooms, commands, and what a peer can show."""

import re

import pytest

from tests.cli.faked import Faked, said
from tests.cli.screen import CLIENT, Peer, Start


def test_a_taken_name_at_a_terminal(terminal: Start, bob: Peer) -> None:
    told = terminal("--nick", "bob")
    told.until("-- The name bob is taken. You are bob2; /nick changes it.", "bob2 #lobby>")


def test_commands_take_effect_in_their_order_and_mistakes_are_never_said(terminal: Start, bob: Peer) -> None:
    screen = terminal("--plain")
    screen.until("-- Type and press Enter. /help  Ctrl-D leaves")
    screen.type("/nope secret\n/msg\n/msg nobody hello\n")
    screen.until(
        ".*There is no /nope, nothing was sent.*",
        r".*missing: /msg NAME \[TEXT\]",
        ".*There is nobody called nobody here.",
    )
    screen.type("/nick zoe\n/msg bob psst\n/me waves\n/join tea\nhello\n/room lobby\nhi\n/quit bye\n")
    assert bob.hear("told")["text"] == "psst"
    assert [(event["text"], event.get("kind")) for event in (bob.hear(), bob.hear())] == [
        ("waves", "action"),
        ("hi", None),
    ]
    assert bob.hear("gone")["reason"] == "bye"


def test_other_rooms_are_counted_and_direct_messages_marked(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    bob.do(do="join", room="#side")
    screen.type("/join side\r")
    screen.until("-- #side, 2 people: bob, you.", "ann #side>")
    bob.say("from afar")
    bob.say("near", "#side")
    bob.do(do="tell", to="ann", text="psst")
    bob.do(do="part", room="#side", reason="lunch")
    screen.until(
        r"\d\d:\d\d <bob> near",
        r"\* \d\d:\d\d \(to you\) <bob> psst",
        r"-- bob left \(lunch\)",
        "ann #side @bob:@1 #lobby:1>",
    )
    assert not any("from afar" in row for row in screen.rows)
    screen.type("/room lobby\r")
    screen.until("── #lobby ──", "── 1 new ──", r"\d\d:\d\d <bob> from afar", "ann #lobby @bob:@1>")


def test_where_one_had_left_is_marked(start: Start) -> None:
    past = {"reply": "page", "room": "#lobby", "events": [said(7, "old", "bob"), said(8, "new", "bob")]}
    server = Faked(
        join={"reply": "seated", "room": "#lobby", "people": ["ann"], "number": 8, "left": 7, "left_time": 1},
        history=past,
    )
    screen = start(*CLIENT, server.address)
    server.until("history")
    screen.until(
        r"── \w+ 01 Jan 1970 ──",
        r"\d\d:\d\d <bob> old",
        "── 1 new ──",
        r"\d\d:\d\d <bob> new",
        "ann #lobby>",
    )
    server.close()


def test_what_is_said_while_one_comes_in_stands_behind_what_was_said_before(start: Start) -> None:
    past = {"reply": "page", "room": "#lobby", "events": [said(1, "one", "bob"), said(2, "two", "bob")]}
    server = Faked(join={"reply": "seated", "room": "#lobby", "people": ["ann"], "number": 2}, history=past)
    screen = start(*CLIENT, server.address)
    server.until("join")
    server.tell(**said(3, "three", "bob"))
    server.tell(**said(4, "four", "bob"))
    assert server.until("history")["before"] == 3
    screen.until(".*<bob> one", ".*<bob> two", "-- #lobby: .*", ".*<bob> three", ".*<bob> four", "ann #lobby>")
    assert [row.partition("> ")[2] for row in screen.rows if "<bob>" in row] == ["one", "two", "three", "four"]
    server.close()


def test_a_recorded_room_says_so(start: Start) -> None:
    server = Faked(join={"reply": "seated", "room": "#lobby", "people": ["ann"], "recorded": True})
    screen = start(*CLIENT, server.address)
    server.until("history")
    screen.until("-- What is said in #lobby is recorded, and shown to those who join later.", "ann #lobby>")
    server.close()


def test_what_is_searched_for_is_shown_with_its_place(start: Start) -> None:
    told = {"event": "told", "by": "ann", "to": "bob", "text": "tea?", "number": 1, "id": "a-9", "time": 1}
    found = {"reply": "found", "events": [said(2, "tea!", "bob"), said(1, "tea"), told], "more": True}
    server = Faked(search=found)
    screen = start(*CLIENT, server.address)
    server.until("history")
    screen.until("ann #lobby>")
    screen.type("/search #lobby tea\r")
    wish = server.until("search")
    assert (wish["target"], wish["words"]) == ("#lobby", "tea")
    screen.until(
        "-- Found:",
        r"01 Jan 1970 \d\d:\d\d \(to bob\) <ann> tea\?",
        ".*1970 .* #lobby <ann> tea",
        ".*1970 .* #lobby <bob> tea!",
        "-- These are the latest. .*",
        "ann #lobby>",
    )
    server.close()


def test_a_room_is_looked_after(terminal: Start, port: int) -> None:
    """What its operator types is done, and what cannot be done is said."""
    eve = Peer(port, "eve", "#eves")
    screen = terminal("--plain", "--room", "#kitchen")
    screen.until("-- Type and press Enter. /help  Ctrl-D leaves")
    screen.type("/slow 5\n/key sesame\n/admit members\n/ban eve\n/invite eve\n/kick nobody\n/keep\n/op eve\n")
    screen.until(
        ".*ann let everybody speak every 5 seconds only in #kitchen",
        ".*ann locked the door with a key in #kitchen",
        ".*ann let only those in who are logged in in #kitchen",
        r".*ann banned eve!\*@\* in #kitchen",
        ".*eve is invited to #kitchen.",
        ".*nobody is not in #kitchen.",
        ".*Log in first: a room belongs to an account.",
        ".*eve is not in #kitchen.",
    )
    assert eve.hear("invited")["room"] == "#kitchen"
    eve.close()


@pytest.mark.threat(39)
def test_who_is_ignored_is_not_shown(terminal: Start, bob: Peer, port: int) -> None:
    eve = Peer(port, "eve")
    screen = terminal("--plain")
    screen.until("-- Type and press Enter. /help  Ctrl-D leaves")
    screen.type("/ignore eve\n")
    screen.until(".*You do not hear eve any more, until you leave.")
    eve.say("Buy it!")
    eve.do(do="rename", nick="mallory")
    eve.say("Buy it!")
    bob.say("hello")
    screen.until(".*<bob> hello")
    screen.type("/unignore mallory\n")
    screen.until(".*You hear mallory again.")
    assert b"Buy" not in screen.raw
    eve.say("Buy it!")
    screen.until(".*<mallory> Buy it!")
    eve.close()


@pytest.mark.threat(21)
def test_no_escape_of_a_peer_reaches_the_terminal(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    bob.say("\x1b]0;evil\x07 \x1b[2J \u202eevil \x9b31m\n09:00 <carol> I never said this")
    bob.do(do="set_topic", room="#lobby", topic="\x1b[31mred")
    bob.say("end")
    screen.until(".*<bob> end", "ann #lobby>")
    assert b"]0;evil" in screen.raw  # harmless without what came before it
    for bad in (b"\x1b]0;", b"\x07", b"\x1b[31m", "\u202e".encode(), "\x9b".encode()):
        assert bad not in screen.raw
    assert not any(row.startswith("09:00 <carol>") for row in screen.rows)


@pytest.mark.threat(21)
@pytest.mark.parametrize(
    "before", ["x" * 68, "漢" * 34, "漢" * 33 + "x" * 2, "x" * 148, "x" * 64 + " " * 4, "x" * 60 + " " * 20]
)
def test_no_row_of_a_long_line_passes_for_another_line(terminal: Start, bob: Peer, before: str) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    bob.say(f"{before}09:00 <carol> I never said this")
    bob.say(f"{before}-- carol is an operator now")
    bob.say("end")
    screen.until(".*<bob> end", "ann #lobby>")
    assert [row for row in screen.rows if "I never said this" in row]
    assert not [row for row in screen.rows if re.match(r"\s{0,5}(09:00 <carol>|-- carol)", row)]
