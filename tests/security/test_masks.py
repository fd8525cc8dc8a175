"""Masks that take others for ever to match: nobody waits for them here. Row 63."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tcpchat
from tcpchat.chat.masks import fits, fitting, pattern, sensible
from tests.conftest import Connect
from tests.fuzz.world import alarmed
from tests.security.logins import House

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


def steps(mask: str) -> int:
    """How often the expression of a mask may try again what it has tried: once for every atomic group that fails."""
    return len(re.findall(r"(?<!\\)[*+?]", re.sub(r"\(\?>\.\*\?", "", pattern(mask).pattern)))


@pytest.mark.threat(63)
@given(st.text(alphabet="ab*?[](){}+\\^$|.!@~é", max_size=200))
def test_a_mask_tries_nothing_twice(mask: str) -> None:
    """Each part between stars stands in an atomic group, so it stays where it was found first: that is linear in what
    is matched times what is sought. One star, the last, is free."""
    if sensible(mask):
        assert steps(mask) <= 1


@pytest.mark.threat(63)
@given(st.text(alphabet="ab*?", max_size=12), st.text(alphabet="ab", max_size=8))
def test_and_still_means_the_same(mask: str, name: str) -> None:
    plain = re.compile("".join({"*": ".*", "?": "."}.get(sign, sign) for sign in mask) + r"\Z", re.DOTALL)
    if sensible(mask):
        assert fitting(mask)(name) == fits(mask, name) == (plain.match(name) is not None)


@pytest.mark.threat(63)
def test_others_have_their_turn_while_a_mask_is_tried_on_many_people() -> None:
    """They are looked at in parts; a rule that wishes something gives way."""
    with alarmed():
        house = House()
        me = house.come("jsonl")
        house.say(me, '{"do":"enter","nick":"me"}')
        for number in range(1_200):
            house.say(house.come("jsonl"), f'{{"do":"enter","nick":"n{number}"}}')
        turns = me.take(b'{"do":"list_people","mask":"*n*9"}\n')
        waited = 0
        while next(turns, turns) is not turns:
            waited += 1
            house.ledger.loop.turn()
        assert waited >= 2
        assert b"".join(me.written).count(b'"nick":"n') == 120
