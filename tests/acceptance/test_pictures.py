"""The screens that the README shows: made of what a terminal really shows, and looked at here for what they promise."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.picture import DARK, LIGHT, picture
from tests.acceptance.server import Killable
from tests.cli.screen import CLIENT, Peer, Screen, Start

AT = r"\d\d:\d\d"


@pytest.fixture
def take(request: pytest.FixtureRequest) -> Callable[[Screen, str], None]:
    """Take a picture under a name, if the pictures were asked for (``--pictures DIRECTORY``)."""
    asked = request.config.getoption("--pictures")

    def take(screen: Screen, name: str) -> None:
        for suffix, theme in {"": DARK, "-light": LIGHT}.items():
            drawn = picture(screen, "tcpchat-client", theme)
            assert "alice" in drawn
            if asked:
                (Path(asked) / f"{name}{suffix}.svg").write_text(drawn)

    return take


def test_the_first_minute(start: Start, server: Killable, settings: Path, take: Callable[[Screen, str], None]) -> None:
    settings.unlink()
    bob = Peer(server.port, "bob")
    bob.say("morning all")
    screen = start(*CLIENT, f"127.0.0.1:{server.port}", USER="alice")
    screen.until(r"name \[alice\]:")
    screen.type("\r")
    screen.until(f"{AT} <bob> morning all", "-- #lobby, 2 people: bob, you.", "alice #lobby>")
    screen.type("hello\r")
    assert bob.hear(by="alice")["text"] == "hello"
    bob.say("welcome, alice! /help lists what there is")
    screen.until(f"{AT} <alice> hello", rf"\* {AT} <bob> welcome, alice! .*", "alice #lobby>")
    screen.type("thanks, I a")
    screen.until("alice #lobby> thanks, I a")
    take(screen, "client-first")
    bob.close()


def test_all_there_is_on_one_screen(start: Start, server: Killable, take: Callable[[Screen, str], None]) -> None:
    bob, carol = Peer(server.port, "bob"), Peer(server.port, "carol")
    command = [*CLIENT, f"127.0.0.1:{server.port}", "--nick", "alice", "--room", "#lobby", "--room", "#dev"]
    screen = start(*command)
    screen.until("alice #lobby>")
    bob.say("morning all")
    carol.say("the build is red again: https://ci.example.org/run/4711")
    screen.until(".*run/4711", "alice #lobby>")
    screen.type("/quit\r")
    assert screen.ended() == 0
    bob.say("日本語も大丈夫ですか")
    carol.say("alice: can you review !42 before lunch?")
    bob.do(do="join", room="#dev")
    screen = start(*command)
    screen.until(
        "── 2 new ──", ".*日本語も大丈夫ですか", rf"\* {AT} <carol> alice: can you review !42 .*", "alice #lobby>"
    )
    carol.do(do="tell", to="alice", text="it is urgent, they say")
    for number in range(3):
        bob.say(f"deploying {number + 1}/3", "#dev")
    screen.until(rf"\* {AT} \(to you\) <carol> it is urgent, they say", "alice #lobby @carol:@1 #dev:3>")
    server.signal(signal.SIGSTOP)
    try:
        screen.type("on it\rgive me f")
        screen.until("… on it", "alice #lobby @carol:@1 #dev:3> give me f")
        take(screen, "client")
    finally:
        server.signal(signal.SIGCONT)
    screen.until(f"{AT} <alice> on it", "alice #lobby @carol:@1 #dev:3> give me f")
    bob.close()
    carol.close()
