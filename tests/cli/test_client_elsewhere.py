"""tcpchat-client at the wrong moment: nothing is said where it was not meant for, nothing is lost or shown twice."""

from pathlib import Path

import pytest

from tcpchat.cli.marks import Marks
from tests.cli.faked import Faked, said
from tests.cli.screen import CLIENT, IS_IN, Peer, Screen, Start, serving

AT = r"\d\d:\d\d"


@pytest.fixture
def screen(terminal: Start) -> Screen:
    """Ann, in the lobby."""
    screen = terminal()
    screen.until("ann #lobby>")
    return screen


def test_what_is_meant_for_a_room_one_does_not_get_into_is_said_nowhere(terminal: Start, port: int, bob: Peer) -> None:
    eve = Peer(port, "eve", "#locked")
    eve.do(do="set_modes", room="#locked", changes=[["+", "k", "sesame"]])
    screen = terminal("--plain")
    screen.until(IS_IN)
    screen.type("/join locked\rfor their ears only\r/topic tea\r/part\r/room nowhere\rneither\r")
    screen.until(
        "-- #locked has a key: .*",
        *["-- You did not get where this was meant to go, nothing was sent."] * 3,
        "-- You are not in #nowhere. /join #nowhere",
        "-- You did not get where this was meant to go, nothing was sent.",
    )
    screen.type("here\r/join elsewhere\rthere\r")
    assert bob.hear(by="ann")["text"] == "here"
    screen.until_written("#elsewhere <ann> there")
    bob.do(do="join", room="#elsewhere")
    assert bob.past("#elsewhere") == ["there"]
    eve.close()


def test_who_has_turned_away_is_not_led_back(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    server.answer("join", None)
    server.tell(event="told", by="bob", to="ann", text="psst", id="a-1", number=1, time=1)
    screen.until(r".*<bob> psst", "ann #lobby @bob:@1>")
    screen.type("/join side\rfor side\r")
    asked = server.until("join")
    screen.type("\x1b2")
    screen.until("── @bob ──", "ann @bob>")
    screen.type("for bob\r")
    server.tell(ok=asked["id"], reply="seated", room="#side", people=["ann"])
    for_side, for_bob = server.until("say"), server.until("tell")
    assert (for_side["room"], for_side["text"]) == ("#side", "for side")
    assert (for_bob["to"], for_bob["text"]) == ("bob", "for bob")
    screen.until("-- #side: nobody else is here yet.", "ann @bob>")


def test_a_server_that_knows_no_marks_and_no_past_is_one_to_talk_on(start: Start) -> None:
    server = Faked()
    server.answer("show_marker", None)
    server.answer("history", None)
    screen = start(*CLIENT, server.address)
    for wish in ("show_marker", "history"):
        asked = server.until(wish)
        server.tell(**said(1, "meanwhile", "bob"))
        server.tell(error=asked["id"], code="unknown_command", text="What?")
    screen.until(r".*<bob> meanwhile", "ann #lobby>")
    server.close()


def test_a_reply_goes_to_who_told_and_not_to_who_has_the_name_now(screen: Screen, port: int, bob: Peer) -> None:
    bob.do(do="tell", to="ann", text="psst")
    screen.until(r".*<bob> psst", "ann #lobby @bob:@1>")
    bob.do(do="rename", nick="rob")
    screen.until("ann #lobby @rob:@1>")
    other = Peer(port, "bob")
    screen.type("/r secret\r")
    assert bob.hear("told", by="ann")["to"] == "rob"
    other.close()


def test_who_was_put_out_can_leave_all_the_same(start: Start, port: int) -> None:
    bob = Peer(port, "bob", "#out")
    screen = start(*CLIENT, f"127.0.0.1:{port}", "--room", "#out")
    screen.until("ann #out>")
    bob.do(do="kick", room="#out", nick="ann")
    screen.until("-- You are not in #out any more. .*", "ann #out>")
    screen.type("/part\r")
    screen.until("-- You left #out. You are in no room now.", "ann >")
    bob.close()


def test_ones_own_line_is_shown_once_wherever_one_looks(screen: Screen, bob: Peer) -> None:
    screen.type("/join side\r")
    screen.until("ann #side>")
    screen.type("\x1b1")
    screen.until("ann #lobby>")
    bob.say("a question")
    screen.type("an answer\r\x1b2")
    screen.until(".*an answer", "ann #side( #lobby:1)?>")
    bob.say("thanks")
    screen.until("ann #side #lobby:[12]>")
    screen.type("\x1b1")
    screen.until(f"{AT} <bob> thanks", "ann #lobby>")
    for text in ("a question", "an answer", "thanks"):
        assert sum(row.endswith(f"> {text}") for row in screen.rows) == 1


def test_who_missed_more_than_is_shown_is_told_so(start: Start, tmp_path: Path) -> None:
    with serving(0, "--data", str(tmp_path / "data")) as port:
        bob = Peer(port, "bob")
        bob.say("seen")
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until(f"{AT} <bob> seen", "ann #lobby>")
        screen.type("\x04")
        assert screen.ended() == 0
        bob.say_all([f"missed {number}" for number in range(150)])
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until(
            f"{AT} <bob> missed 149",
            "-- More was said since you were here than is shown: /history 500 tells more.",
            "ann #lobby>",
        )
        bob.close()


def test_two_clients_of_one_user_keep_what_both_have_read(tmp_path: Path) -> None:
    one, other = (Marks("chat.example", tmp_path / "read.json") for _ in range(2))
    one.set("#tea", 7)
    other.set("#dev", 8)
    other.set("#tea", 6)
    kept = Marks("chat.example", tmp_path / "read.json")
    assert (kept.of("#tea"), kept.of("#dev")) == (7, 8)
    assert other.of("#tea") == 7


def test_why_the_chat_ended_is_told_even_before_one_is_in_a_room(start: Start) -> None:
    server = Faked()
    server.answer("join", None)
    screen = start(*CLIENT, server.address)
    server.until("join")
    server.answer("enter", None)
    server.drop()
    asked = server.until("enter")
    server.tell(error=asked["id"], code="suspended", text="The account ann is suspended.")
    assert screen.ended() == 77
    assert any("The account ann is suspended." in row for row in screen.rows)
    server.close()


@pytest.mark.parametrize("time", [10**17, -(10**17), 10**30])
def test_a_time_that_is_none_ends_nothing(faked: tuple[Faked, Screen], time: int) -> None:
    server, screen = faked
    server.tell(**said(1, "then", "bob") | {"time": time})
    screen.until("-- link lost: The server does not speak tcpchat's protocol: .*", r"ann #lobby \(no link\)>")


def test_an_answer_to_another_question_ends_nothing(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    screen.type("/history\r")
    server.answer("history", {"reply": "stored", "number": 1, "id": "a-1", "time": 1})
    server.until("history")
    screen.until("-- The server answered something else than was asked.", "ann #lobby>")


def test_a_room_is_left_by_its_name_without_its_sign_too(screen: Screen) -> None:
    screen.type("/join side\r")
    screen.until("ann #side>")
    screen.type("\x1b1")
    screen.until("ann #lobby>")
    screen.type("/part side\r")
    screen.until("-- You left #side. What you type goes to #lobby.", "ann #lobby>")


def test_a_room_that_is_called_like_a_number(screen: Screen) -> None:
    screen.type("/join 2024\r")
    screen.until("ann #2024>")
    screen.type("/room 1\r")
    screen.until("ann #lobby>")
    screen.type("/room 2024\r")
    screen.until("ann #2024>")
    screen.type("/msg #lobby\r")
    screen.until("ann #lobby>")
    screen.type("/msg #away\r")
    screen.until("-- You are not in #away. /join #away", "ann #lobby>")


def test_who_cannot_come_back_is_told_why(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    server.answer("enter", None)
    for _ in range(3):
        server.drop()
        asked = server.until("enter")
        server.tell(error=asked["id"], code="nick_taken", text="The name ann is taken. Try ann2.")
    screen.until(
        "-- link lost: .*, trying again", "-- link lost: The name ann is taken. Try ann2, trying again", "ann .*>"
    )
