"""L10, and the fourth bar: a server that is killed costs no line, doubles none, and changes no order."""

import contextlib
import random
import re
import signal
import time
from collections import Counter

import pytest

from tests.acceptance.server import Killable
from tests.cli.screen import CLIENT, IS_IN, SECONDS, Peer, Screen, Start

PROMPT = "ann #lobby>"
EVERY_SECONDS = 0.02
"""How long one looks at what one typed before the next one types."""

SHOWN = re.compile(rb"\d\d:\d\d (?:#lobby )?<(\w+)> (\w+ \d+)\r")
TALKERS = {"ann": [], "zoe": ["--plain"]}
"""Who talks while the server is killed again and again, and how their clients are started."""


@pytest.mark.parametrize(("options", "seconds"), [([], 5), (["--plain"], 1)], ids=["drawn", "plain"])
def test_l10_a_killed_server_costs_nothing(start: Start, server: Killable, options: list[str], seconds: float) -> None:
    screen = start(*CLIENT, f"127.0.0.1:{server.port}", *options)
    screen.until(IS_IN, *([] if options else [PROMPT]))
    screen.type("first\r")
    screen.until(".*<ann> first", *([] if options else [PROMPT]))
    server.signal(signal.SIGSTOP)  # the line is on its way and nobody has taken it
    screen.type("just sent\r")
    if options:
        screen.until("just sent")
    else:
        screen.type("half typed te")
        screen.until("\N{HORIZONTAL ELLIPSIS} just sent", f"{PROMPT} half typed te")
    server.kill()
    screen.until("-- link lost.*", *([] if options else [rf"{PROMPT[:-1]} \(.*\)> half typed te"]))
    time.sleep(seconds)  # so long it is gone
    screen.child.kill(signal.SIGSTOP)
    server.start()
    with contextlib.closing(Peer(server.port, "bob")) as bob:
        bob.say_all([f"missed {number}" for number in range(100)])
        screen.child.kill(signal.SIGCONT)
        back = r"-- back after \d+ s, 100 messages fetched"
        screen.until(".*<bob> missed 99", ".*<ann> just sent", back, *([] if options else [f"{PROMPT} half typed te"]))
        screen.type("half typed text\r" if options else "xt\r")
        assert [bob.hear(by="ann")["text"] for _ in range(2)] == ["just sent", "half typed text"]
        screen.until(".*<ann> half typed text", *([] if options else [PROMPT]))
    screen.until_gone("\N{HORIZONTAL ELLIPSIS}.*")
    missed = [("bob", f"missed {number}") for number in range(100)]
    assert server.said() == [("ann", "first"), *missed, ("ann", "just sent"), ("ann", "half typed text")]
    assert shown(screen)[-100:] == missed
    for said in (b"first", b"just sent", b"half typed text"):
        assert len(re.findall(rb"<ann> %b\r" % said, screen.uncoloured)) == 1


class Talker:
    """Somebody who types numbered lines one after the other."""

    def __init__(self, screen: Screen, nick: str) -> None:
        self.screen = screen
        self.nick = nick
        self.typed: list[tuple[str, str]] = []

    def type(self) -> None:
        """The next line."""
        text = f"line {len(self.typed)}"
        self.typed.append((self.nick, text))
        self.screen.type(f"{text}\r")
        self.screen.look(EVERY_SECONDS)

    def look_for(self, said: list[tuple[str, str]]) -> None:
        """Read until all that was said can be read, and the link is back, or they have had their time."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and not (set(shown(self.screen)) >= set(said) and self.lost == self.back):
            self.screen.look(0.1)

    @property
    def lost(self) -> int:
        """How often it was said that the link is lost."""
        return self.screen.uncoloured.count(b"-- link lost: ")

    @property
    def back(self) -> int:
        """How often, that it is back."""
        return self.screen.uncoloured.count(b"-- back after ")


@pytest.fixture
def talkers(start: Start, server: Killable) -> list[Talker]:
    """Two of them, one with a drawn prompt and one without, both in the room."""
    talkers = []
    for nick, options in TALKERS.items():
        screen = start(*CLIENT, f"127.0.0.1:{server.port}", "--nick", nick, *options)
        screen.until(IS_IN, *([] if options else [f"{nick} #lobby>"]))
        talkers.append(Talker(screen, nick))
    return talkers


def test_a_server_killed_again_and_again_costs_nothing(
    talkers: list[Talker], server: Killable, long: bool, seed: int
) -> None:
    chance = random.Random(seed)
    print(f"seed {seed}")
    end, kills = time.monotonic() + (60 if long else 12), 0
    kill_at = time.monotonic() + 1
    while time.monotonic() < end:
        for talker in talkers:
            talker.type()
        if time.monotonic() > kill_at:
            server.kill()
            for talker in talkers * chance.randrange(3):
                talker.type()
            server.start()
            kills, kill_at = kills + 1, time.monotonic() + chance.uniform(0.5, 4)
    said = [line for talker in talkers for line in talker.typed]
    for talker in talkers:
        talker.look_for(said)
    logged = server.said()
    print(f"{kills} kills, {len(logged)} lines")
    assert (missing(said, logged), twice(logged)) == ([], [])
    for talker in talkers:
        seen = shown(talker.screen)
        assert [line for line in logged if line[0] == talker.nick] == talker.typed
        assert (missing(logged, seen), twice(seen)) == ([], [])
        assert seen == logged
        assert 0 < talker.lost == talker.back <= kills
        assert b"Traceback" not in talker.screen.raw


def missing(wanted: list[tuple[str, str]], found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is not there."""
    return sorted(set(wanted) - set(found))


def twice(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is there more than once."""
    return sorted(line for line, times in Counter(found).items() if times > 1)


def shown(screen: Screen) -> list[tuple[str, str]]:
    """Who said what, as it was written: the lines, not what is pending."""
    return [(by.decode(), text.decode()) for by, text in SHOWN.findall(screen.uncoloured)]
