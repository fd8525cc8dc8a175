"""tcpchat-client in several rooms and conversations: what is new, what is unread, who comes and goes."""

from pathlib import Path

import pytest

from tests.cli.screen import CLIENT, Peer, Screen, Start, serving

AT = r"\d\d:\d\d"


@pytest.fixture
def screen(terminal: Start) -> Screen:
    """Ann, in the lobby."""
    screen = terminal()
    screen.until("ann #lobby>")
    return screen


def test_what_is_new_is_set_apart_after_restarts_of_both(start: Start, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with serving(0, "--data", data) as port:
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until("ann #lobby>")
        bob = Peer(port, "bob")
        bob.say("seen")
        screen.until(f"{AT} <bob> seen", "ann #lobby>")
        screen.type("/quit\r")
        assert screen.ended() == 0
        bob.say("unseen")
        bob.say("ann: unseen, too")
        bob.close()
    with serving(port, "--data", data):
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until(f"{AT} <bob> seen", "── 2 new ──", f"{AT} <bob> unseen", rf"\* {AT} <bob> ann: .*", "ann #lobby>")
        screen.type("/quit\r")
        assert screen.ended() == 0
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until(rf"\* {AT} <bob> ann: unseen, too", "ann #lobby>")
        assert "── 2 new ──" not in screen.rows


def test_an_account_has_read_what_it_read_elsewhere(start: Start, port: int) -> None:
    bob = Peer(port, "bob", "#read")
    other = Peer(port, "rita", "#read")
    other.do(do="register", password="correct horse")
    bob.say("one", "#read")
    bob.say("two", "#read")
    events = other.do(do="history", room="#read")["events"]
    other.do(do="set_marker", target="#read", time=events[0]["time"])
    other.close()
    screen = start(*CLIENT, f"127.0.0.1:{port}", "--room", "#read", "--nick", "rita")
    screen.until("Password of rita .*:")
    screen.type("correct horse\r")
    screen.until(f"{AT} <bob> one", "── 1 new ──", f"{AT} <bob> two", "rita #read>")
    bob.close()


def test_what_happens_elsewhere_is_counted_and_shown_when_one_goes_there(screen: Screen, bob: Peer) -> None:
    screen.type("/join side\r")
    screen.until("-- #side: nobody else is here yet.", "ann #side>")
    bob.say("one")
    bob.say("two")
    screen.until("ann #side #lobby:2>")
    bob.say("ann, three")
    screen.until("ann #side #lobby:@1>")
    screen.type("/room\r")
    screen.until("-- What you type goes to #side.", "-- 1 #lobby:@1", r"-- 2 #side \(here\)", "ann #side #lobby:@1>")
    screen.type("/room 3\r")
    screen.until("-- None of your rooms and conversations is number 3. /room lists them.", "ann #side #lobby:@1>")
    screen.type("/room 1\r")
    screen.until(
        "── #lobby ──", "── 3 new ──", f"{AT} <bob> one", f"{AT} <bob> two", rf"\* {AT} <bob> ann, three", "ann #lobby>"
    )


def test_what_is_typed_goes_where_one_was_when_it_was_typed(screen: Screen, bob: Peer) -> None:
    screen.type("/join side\rthere\r/room lobby\rhere\r")
    assert bob.hear(by="ann")["text"] == "here"
    bob.do(do="join", room="#side")
    assert bob.past("#side") == ["there"]


def test_a_conversation_with_one_person(screen: Screen, bob: Peer) -> None:
    bob.do(do="tell", to="ann", text="psst")
    screen.until(rf"\* {AT} \(to you\) <bob> psst", "ann #lobby @bob:@1>")
    screen.type("/reply what?\r")
    assert bob.hear("told", by="ann")["text"] == "what?"
    screen.until(rf"{AT} \(to bob\) <ann> what\?", "ann #lobby>")
    screen.type("/msg bob\r")
    screen.until("── @bob ──", "ann @bob>")
    screen.type("/topic\r")
    screen.until("-- You talk with bob; only rooms have a topic.", "ann @bob>")
    screen.type("/history 1\r")
    screen.until("-- Said between you and bob before:", rf"{AT} \(to bob\) <ann> what\?", "-- Now:", "ann @bob>")
    screen.type("only you\r")
    assert bob.hear("told", by="ann")["text"] == "only you"
    screen.type("/part\r")
    screen.until("-- You talk with bob no more. What you type goes to #lobby.", "── #lobby ──", "ann #lobby>")


def test_what_a_room_is_about(screen: Screen) -> None:
    screen.type("/join about\r/topic\r")
    screen.until("-- #about has no topic. /topic TEXT sets one.", "ann #about>")
    screen.type("/topic tea at five\r")
    screen.until("-- ann set the topic: tea at five", "ann #about>")
    screen.type("/topic\r")
    screen.until(r"-- The topic of #about is: tea at five \(set by ann\)", "ann #about>")


def test_who_is_there_and_who_somebody_is(screen: Screen, port: int) -> None:
    screen.type("/join crew\r")
    screen.until("-- #crew: nobody else is here yet.", "ann #crew>")
    zed, bea = Peer(port, "zed", "#crew"), Peer(port, "bea", "#crew")
    zed.do(do="away", text="tea")
    screen.type("/who #crew\r/who bea\r")
    screen.until(r"-- #crew: ann, bea, zed \(away: tea\)", r"-- bea \([^ ]+\), in #crew", "ann #crew>")
    zed.close()
    bea.close()


def test_that_somebody_is_away_is_said_once(screen: Screen, bob: Peer) -> None:
    bob.do(do="away", text="lunch")
    screen.type("/msg bob hello\r/msg bob are you there?\r")
    screen.until(
        rf"{AT} \(to bob\) <ann> hello",
        "-- bob is away: lunch",
        rf"{AT} \(to bob\) <ann> are you there.",
        "ann #lobby>",
    )
    assert screen.rows.count("-- bob is away: lunch") == 1


def test_nobody_to_reply_to(screen: Screen) -> None:
    screen.type("/r secret\r")
    screen.until("-- Nobody has told you anything yet, nothing was sent. .*", "ann #lobby>")


def test_who_is_put_out_stays_where_nobody_hears_them(start: Start, port: int) -> None:
    bob = Peer(port, "bob", "#strict")
    screen = start(*CLIENT, f"127.0.0.1:{port}", "--room", "#lobby", "--room", "#strict")
    screen.until("ann #lobby>")
    screen.type("/room strict\r")
    screen.until("ann #strict>")
    bob.do(do="kick", room="#strict", nick="ann")
    screen.until("-- bob put ann out of #strict .*", "-- You are not in #strict any more. .*", "ann #strict>")
    screen.type("into the void\r")
    screen.until("! into the void", ".*not in #strict.*", "ann #strict>")
    bob.do(do="join", room="#lobby")
    assert "into the void" not in bob.past("#lobby")
    bob.close()


@pytest.mark.parametrize(("joins", "shown"), [("all", {"quiet", "loud"}), ("smart", {"loud"}), ("none", set())])
def test_who_comes_and_goes_is_shown_as_one_wants(screen: Screen, port: int, joins: str, shown: set[str]) -> None:
    screen.type(f"/joins {joins}\r")
    screen.until("-- Coming and going is shown: .*", "ann #lobby>")
    loud, quiet = Peer(port, "loud"), Peer(port, "quiet")
    loud.say(f"hear me, {joins}")
    screen.until(f".*<loud> hear me, {joins}", "ann #lobby>")
    quiet.close()
    loud.close()
    end = Peer(port, "last")
    end.say(f"end of {joins}")
    screen.until(f".*<last> end of {joins}", "ann #lobby>")
    assert {row.split()[1] for row in screen.rows if " is gone" in row} == shown
    end.close()


def test_a_choice_is_kept_and_a_wrong_one_explained(screen: Screen, settings: Path) -> None:
    screen.type("/bell loud\r/bell all\r")
    screen.until(
        r"-- loud is none of these: /bell \[off, mentions or all\]",
        "-- The bell rings for: everything that is said.",
        "ann #lobby>",
    )
    assert 'bell = "all"' in settings.read_text()
    assert settings.read_text().startswith('nick = "ann"\n')


def test_the_last_web_addresses(screen: Screen, bob: Peer) -> None:
    bob.say("see https://example.org/a?b=(c), and http://example.com/x.")
    screen.until(".*http://example.com/x.", "ann #lobby>")
    screen.type("/url\r")
    screen.until("https://example.org/a.b=.c", "http://example.com/x", "ann #lobby>")


def test_a_new_user_is_asked_for_a_name_once(start: Start, port: int, bob: Peer, settings: Path) -> None:
    settings.unlink()
    screen = start(*CLIENT, f"127.0.0.1:{port}")
    screen.until(r"name \[ann\]:")
    screen.type("not a name\r")
    screen.until("-- A nickname cannot contain a space.", r"name \[ann\]:")
    screen.type("dora\rhello\r")
    assert bob.hear()["by"] == "dora"
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert 'nick = "dora"' in settings.read_text()
    screen = start(*CLIENT, f"127.0.0.1:{port}")
    screen.until("dora #lobby>")


def test_what_is_typed_before_there_is_a_server_is_said_when_there_is_one(start: Start) -> None:
    with serving(0) as port:
        pass
    screen = start(*CLIENT, f"127.0.0.1:{port}")
    screen.until("-- Nobody is listening on .*", "-- Trying again until it works.*", r"ann #lobby \(no link\)>")
    screen.type("/help me\r")
    screen.until("-- /me TEXT  say what you do", r"ann #lobby \(no link\)>")
    screen.type("early\r/me waves\rhalf")
    screen.until("… early", "… /me waves", r"ann #lobby \(no link, 2 waiting\)> half")
    with serving(port):
        screen.until(f"{AT} <ann> early", rf"{AT} \* ann waves", "ann #lobby> half")
        bob = Peer(port, "bob")
        assert bob.past("#lobby") == ["early", "waves"]
        bob.close()


def test_what_happened_in_several_rooms_hides_nothing_of_what_is_new_there(screen: Screen, port: int) -> None:
    eve = Peer(port, "eve")
    eve.do(do="join", room="#side")
    screen.type("/join side\r")
    screen.until("ann #side>")
    eve.say("both", "#side")
    eve.say("unseen")
    screen.until(f"{AT} <eve> both", "ann #side #lobby:1>")
    eve.close()
    screen.until("-- eve is gone.*", "ann #side #lobby:1>")
    screen.type("/room lobby\r")
    screen.until("── #lobby ──", "── 1 new ──", f"{AT} <eve> unseen", "-- eve is gone.*", "ann #lobby>")


def test_what_follows_something_taken_back_is_shown(screen: Screen, bob: Peer) -> None:
    screen.type("/join side\r")
    screen.until("ann #side>")
    stored = bob.do(do="say", room="#lobby", text="a secret")
    bob.say("what I meant")
    screen.until("ann #side #lobby:2>")
    bob.do(do="redact", target="#lobby", of=stored["id"])
    screen.until("ann #side #lobby:1>")
    screen.type("/room lobby\r")
    screen.until("── 1 new ──", f"{AT} <bob> what I meant", "-- bob took a message back", "ann #lobby>")
    assert b"a secret" not in screen.raw


def test_who_asks_to_come_in_again_sees_what_is_new(start: Start, port: int) -> None:
    bob = Peer(port, "bob", "#again")
    screen = start(*CLIENT, f"127.0.0.1:{port}", "--room", "#again")
    screen.until("ann #again>")
    bob.say("once", "#again")
    screen.until(f"{AT} <bob> once", "ann #again>")
    screen.type("/join again\r")
    screen.until("-- #again, 2 people: bob, you.", "-- #again, 2 people: bob, you.", "ann #again>")
    bob.do(do="kick", room="#again", nick="ann")
    screen.until("-- You are not in #again any more. .*", "ann #again>")
    bob.say("behind your back", "#again")
    screen.type("/join again\r")
    screen.until(
        "-- You are not in #again any more. .*", f"{AT} <bob> behind your back", "-- #again, 2.*", "ann #again>"
    )
    assert [row[6:] for row in screen.rows if "<bob>" in row] == ["<bob> once", "<bob> behind your back"]
    bob.close()
