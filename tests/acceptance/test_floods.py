"""L6: a flood comes whole and in order, even if nobody looks for a while. bench/client.py measures how fast."""

import contextlib
import re
import time
from collections.abc import Iterator

import pytest

from tests.acceptance.server import Killable
from tests.cli.screen import CLIENT, IS_IN, Peer, Screen, Start

PROMPT = "ann #lobby>"
NOBODY_LOOKS_SECONDS = 2


@pytest.fixture
def bob(server: Killable) -> Iterator[Peer]:
    """Bob, in the lobby of a server that keeps a log."""
    with contextlib.closing(Peer(server.port, "bob")) as peer:
        yield peer


def started(start: Start, server: Killable, *options: str) -> Screen:
    """The client, half of a line typed."""
    screen = start(*CLIENT, f"127.0.0.1:{server.port}", *options)
    screen.until(IS_IN, *([] if options else [PROMPT]))
    screen.type("half")
    screen.until("half" if options else f"{PROMPT} half")
    return screen


def numbers(screen: Screen) -> list[int]:
    """Which lines of the flood were written, in order."""
    return [int(one) for one in re.findall(rb"<bob> flood (\d+)\r", screen.uncoloured)]


def test_l6_a_burst_comes_whole_and_in_order(start: Start, server: Killable, bob: Peer) -> None:
    screen = started(start, server)
    bob.say_all([f"flood {number}" for number in range(2_000)])
    screen.until(r"\d\d:\d\d <bob> flood 1999", f"{PROMPT} half")
    assert numbers(screen) == list(range(2_000))
    screen.type(" typed\r")
    assert bob.hear(by="ann")["text"] == "half typed"


@pytest.mark.parametrize("options", [[], ["--plain"]], ids=["drawn", "plain"])
def test_l6_who_comes_into_a_flood_sees_it_in_order(
    start: Start, server: Killable, bob: Peer, options: list[str]
) -> None:
    """What was said before one came, what is said while one comes in, and what is said then."""
    bob.say_all([f"flood {number}" for number in range(30)])
    screen, said = start(*CLIENT, f"127.0.0.1:{server.port}", *options), 30
    while b"Type and press Enter" not in screen.raw:
        bob.say_all([f"flood {number}" for number in range(said, said + 15)])
        screen.look(0.001)
        said += 15
    bob.say(f"flood {said}")
    screen.until(rf".*<bob> flood {said}", *([] if options else [PROMPT]))
    seen = numbers(screen)
    assert seen == list(range(seen[0], said + 1))


@pytest.mark.parametrize("options", [[], ["--plain"]])
def test_l6_nobody_looks_and_nothing_is_lost(start: Start, server: Killable, bob: Peer, options: list[str]) -> None:
    screen = started(start, server, *options)
    began = time.monotonic()
    bob.say_all([f"flood {number}" for number in range(20_000)])
    time.sleep(max(0, began + NOBODY_LOOKS_SECONDS - time.monotonic()))  # that nobody looks is the point
    last = r"\d\d:\d\d (#lobby )?<bob> flood 19999"
    screen.until(*([last] if options else [last, f"{PROMPT} half"]))
    assert numbers(screen) == list(range(20_000))
    screen.type(" typed\r")
    assert bob.hear(by="ann")["text"] == "half typed"
