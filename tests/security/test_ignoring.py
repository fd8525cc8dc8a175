"""Whoever is bothered by somebody need not hear them."""

import pytest

from tcpchat.config import Config, Limits
from tests.peer import Peer
from tests.security.places import ConnectFrom

pytestmark = pytest.mark.threat(39)

PASSWORD = "correct-horse-battery"


@pytest.fixture
def config() -> Config:
    return Config(limits=Limits(ignored=2))


async def _everybody(come: ConnectFrom) -> tuple[Peer, Peer, Peer, Peer]:
    """Ann and Cat with nc, Eve and Bob with programs."""
    ann, cat = [await (await come()).enter_line(nick) for nick in ("ann", "cat")]
    eve, bob = [await come(nick, "#lobby") for nick in ("eve", "bob")]
    return ann, cat, eve, bob


async def _bothers(eve: Peer, *, room: str = "#lobby") -> None:
    """In all the ways there are."""
    await eve.ask(do="say", room=room, text="Buy it!")
    await eve.ask(do="say", room=room, text="Buy it!", kind="action")
    await eve.ask(do="say", room=room, text="Buy it!", kind="notice")
    await eve.ask(do="tell", to="ann", text="Buy it!")
    await eve.ask(do="join", room="#buy-it")
    await eve.ask(do="invite", room="#buy-it", nick="ann")


async def _hears_only(ann: Peer, bob: Peer) -> None:
    await bob.ask(do="say", room="#lobby", text="Hello!")
    await ann.until(r"<bob> Hello!\r\n")
    assert "uy" not in ann.seen.decode().partition("You do not hear")[2]


async def test_nothing_is_heard_of_whom_one_ignores(come: ConnectFrom) -> None:
    """The others hear all of it, and one hears the others."""
    ann, cat, eve, bob = await _everybody(come)
    ann.send("/ignore EVE")
    await ann.until(r"-- You do not hear eve any more\.")
    await _bothers(eve)
    await _hears_only(ann, bob)
    for _ in range(3):
        await cat.until("Buy it!")
    ann.send("/ignore", "/history 10", "/search Buy", "/unignore eve", "/ignore")
    await ann.until(r"-- You do not hear: eve\.")
    await ann.until(r"<bob> Hello!\r\n[^\0]*-- Now:")
    await ann.until(r"-- You hear eve again\.")
    await ann.until(r"-- You ignore nobody\.")
    assert "Buy" not in ann.seen.decode()
    await eve.ask(do="say", room="#lobby", text="Buy it!")
    await ann.until(r"<eve> Buy it!")


async def test_another_nick_does_not_help(come: ConnectFrom) -> None:
    ann, _, eve, bob = await _everybody(come)
    ann.send("/ignore eve")
    await ann.until("You do not hear eve")
    for nick in ("mallory", "trudy"):
        await eve.ask(do="rename", nick=nick)
        await _bothers(eve)
    await _hears_only(ann, bob)


async def test_another_connection_of_the_same_account_does_not_help(come: ConnectFrom) -> None:
    ann, _, eve, bob = await _everybody(come)
    await eve.ask(do="register", password=PASSWORD)
    ann.send("/ignore eve")
    await ann.until("You do not hear eve")
    other = await come("other", "#lobby")
    await other.ask(do="log_in", account="eve", password=PASSWORD)
    await _bothers(other)
    await _hears_only(ann, bob)


async def test_there_is_a_limit_and_nobody_ignores_themselves(come: ConnectFrom) -> None:
    ann, *_ = await _everybody(come)
    ann.send("/ignore ann", "/ignore nobody", "/ignore eve", "/ignore bob", "/ignore cat", "/unignore zoe")
    await ann.until("-- That is you.")
    await ann.until("-- There is nobody called nobody here.")
    await ann.until("-- You do not hear bob")
    await ann.until("-- You ignore 2 people, as many as one can.")
    await ann.until("-- You do not ignore zoe.")
