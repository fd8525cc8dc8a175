"""Masks that take others for ever to match: nobody waits for them here. Row 63."""

import pytest

import tcpchat
from tests.conftest import Connect

NASTY = [
    "*a" * 10 + "*b!*@*",
    "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*!x@y",
    "*?" * 10 + "x!*@*",
    "?*" * 10 + "!*@*x",
    "*!*a*a*a*a*a*a*a*a*a*a*@*b",
    "(a+)+$!*@*",
    "*" * 20 + "x",
    "[a-z]*[a-z]*[a-z]*[a-z]*!*@*",
    "\\*\\*\\*!*@*",
]


@pytest.fixture
def config() -> tcpchat.Config:
    """Only the masks slow anybody down."""
    return tcpchat.Config(limits=tcpchat.Limits(enabled=False))


@pytest.mark.threat(63)
async def test_no_mask_takes_long(connect: Connect) -> None:
    """A mask that is tried every way would take hours: `Peer.until` waits for seconds."""
    ann, bob = await connect(), await connect()
    await ann.enter_irc("ann", "#tea")
    await bob.enter_irc("a" * 30, "#tea")
    for number in range(90):
        ann.send(f"MODE #tea +b {NASTY[number % len(NASTY)]}{number}")
    ann.send("PING banned")
    await ann.until("PONG .*banned")
    assert ann.seen.count(b" MODE #tea +b ") > 20, "most of them are sensible enough to be kept"
    for mask in NASTY:
        ann.send(f"LIST {mask}", f"WHO {mask}", f"WHOIS {mask}")
    bob.send("PART #tea", "JOIN #tea", "PRIVMSG #tea :" + "a" * 300, f"NICK {'a' * 29}", "PING end")
    await bob.until("PONG .*end")
    ann.send("PING end")
    await ann.until("PONG .*end")
