"""tcpchat-client says what is stored, what is not, and what was missed."""

import pytest

from tests.cli.faked import Faked, said
from tests.cli.screen import CLIENT, Peer, Screen, Start, serving


def test_lines_wait_while_the_link_is_lost(start: Start) -> None:
    with serving(0) as port:
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until("ann #lobby>")
    screen.until("-- link lost: .*, trying again", r"ann #lobby \(no link\)>")
    screen.type("patience\rhalf")
    screen.until(r"ann #lobby \(no link, 1 waiting\)> half")
    with serving(port):
        screen.until(r"-- back after \d+ s", "ann #lobby> half")
        screen.until(".*<ann> patience", "ann #lobby> half")
        carol = Peer(port, "carol")
        assert carol.past("#lobby") == ["patience"]
        carol.close()
    screen.type("\x15never sent\r")
    screen.until(r"ann #lobby \(no link, 1 waiting\)>")
    screen.type("\x04")
    screen.until("-- 1 line is not stored yet. Ctrl-D again leaves all the same.", ".* never sent", "ann #lobby .*> *")
    screen.type("\x04")
    assert screen.ended() == 75
    assert "1 line was typed, but the server did not confirm that it stored it." in " ".join(screen.rows)


def test_who_came_and_went_without_a_link_is_known(start: Start) -> None:
    """The names that Tab knows are those of the people who are there."""
    with serving(0) as port:
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until("ann #lobby>")
        bob = Peer(port, "bernard")
        bob.say("hello")
        screen.until(".*<bernard> hello", "ann #lobby>")
    bob.close()
    screen.until("-- link lost: .*, trying again", r"ann #lobby \(no link\)>")
    with serving(port):
        carol = Peer(port, "carol")
        screen.until(r"-- back after \d+ s", "ann #lobby>")
        carol.close()
        dora = Peer(port, "dora")
        dora.say("end")
        screen.until(".*<dora> end", "ann #lobby>")
        screen.type("be\tx ca\ty")
        screen.until("ann #lobby> bex cay")
        dora.close()


def test_what_is_said_is_pending_until_it_is_stored(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    screen.type("hello\rare you there?\r")
    first, second = server.until_said(), server.until_said()
    screen.type("half")
    screen.until("\N{HORIZONTAL ELLIPSIS} hello", "\N{HORIZONTAL ELLIPSIS} are you there.", "ann #lobby> half")
    server.tell(**said(1, "hello"))
    server.tell(ok=first, reply="stored", number=1, id="a-1", time=1)
    screen.until(".*<ann> hello", "\N{HORIZONTAL ELLIPSIS} are you there.", "ann #lobby> half")
    screen.until_gone("\N{HORIZONTAL ELLIPSIS} hello")
    server.tell(**said(2, "are you there?"))
    server.tell(ok=second, reply="stored", number=2, id="a-2", time=2)
    screen.until(".*<ann> hello", ".*<ann> are you there.", "ann #lobby> half")
    screen.until_gone("\N{HORIZONTAL ELLIPSIS}.*")


def test_a_pending_line_is_cut_so_that_it_never_wraps(faked: tuple[Faked, Screen]) -> None:
    _, screen = faked
    screen.type(f"{'long ' * 100}end\r")
    screen.until("\N{HORIZONTAL ELLIPSIS} .{37}\N{HORIZONTAL ELLIPSIS}", "ann #lobby>")


def test_of_many_pending_lines_only_the_last_are_shown(faked: tuple[Faked, Screen]) -> None:
    _, screen = faked
    for number in range(12):
        screen.type(f"line {number}\r")
    screen.until(r".*\(7 more before these\)", *(f". line {number}" for number in range(7, 12)), "ann #lobby>")
    assert not any("line 6" in row for row in screen.rows)


@pytest.mark.parametrize("half", ["", "half"])
def test_what_was_not_stored_is_marked_and_the_arrow_up_brings_it_back(faked: tuple[Faked, Screen], half: str) -> None:
    server, screen = faked
    screen.type("/me waves\rlater\r")
    first = server.until_said()
    server.tell(error=first, code="not_stored", text="Not stored: the disk is full.")
    second = server.until_said()
    screen.type(half)
    server.tell(**said(1, "later"))
    server.tell(ok=second, reply="stored", number=1, id="a-1", time=1)
    screen.until("! /me waves", "-- Not stored: the disk is full.", ".*<ann> later", f"ann #lobby>{half and ' half'}")
    screen.until_gone("\N{HORIZONTAL ELLIPSIS}.*")
    if half:
        screen.type("\r")
        server.until_said()
        screen.type("\x1b[A")
        screen.until("ann #lobby> half")
    screen.type("\x1b[A")
    screen.until("ann #lobby> /me waves")


def test_what_was_skipped_is_said(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    server.tell(event="skipped", target="#lobby", first=1, last=8_312)
    screen.until("-- 8,312 messages in #lobby were skipped, because you were too far behind.*", "ann #lobby>")
