"""Rooms that are slow, and rooms for those who are logged in."""

import asyncio
import json
from typing import Any

import pytest

from tests.peer import Peer
from tests.security.places import ConnectFrom

PASSWORD = "correct-horse-battery"


async def _modes(peer: Peer, *changes: list[str]) -> dict[str, Any]:
    return await peer.ask(do="set_modes", room="#tea", changes=list(changes))


async def _say(peer: Peer, text: str = "Hello!", **more: Any) -> dict[str, Any]:
    return await peer.ask(do="say", room="#tea", text=text, **more)


async def test_in_a_slow_room_people_take_turns(come: ConnectFrom) -> None:
    """It is said how long to wait, and nothing is held back; who has a rank speaks when they like."""
    ann, bob, cat = [await come(nick, "#tea") for nick in ("ann", "bob", "cat")]
    assert "problems" not in await _modes(ann, ["+", "d", "600"], ["+", "v", "cat"])
    for _ in range(2):
        assert "ok" in await _say(ann)
        assert "ok" in await _say(cat)
    assert "ok" in await _say(bob)
    refused = await _say(bob)
    assert refused["code"] == "too_soon"
    assert refused["text"] in {f"#tea is slow: wait {seconds} s before you speak again." for seconds in range(590, 601)}
    assert (await _say(bob, status="@"))["code"] == "too_soon"
    await bob.ask(do="part", room="#tea")
    await bob.ask(do="join", room="#tea")
    assert (await _say(bob))["code"] == "too_soon"
    assert "ok" in await bob.ask(do="tell", to="ann", text="Hello!")
    assert "problems" not in await _modes(ann, ["-", "d"])
    assert "ok" in await _say(bob)


@pytest.mark.threat(38)
async def test_many_lines_at_once_are_no_way_around(come: ConnectFrom) -> None:
    ann, bob = await come("ann", "#tea"), await come("bob", "#tea")
    eve = await (await come()).enter_irc("eve", "#tea")
    await _modes(ann, ["+", "d", "600"])
    bob.send(*(json.dumps({"do": "say", "room": "#tea", "text": f"bob{n}"}) for n in range(5)))
    eve.send(*(f"PRIVMSG #tea :eve{n}" for n in range(5)))
    for _ in range(4):
        await eve.until(r" 404 eve #tea :#tea is slow: wait \d+ s")
    await bob.ask(do="ping")
    await ann.ask(do="ping")
    assert [one["text"] for one in ann.events() if one["event"] == "said"] in (["bob0", "eve0"], ["eve0", "bob0"])


async def test_the_wait_ends(come: ConnectFrom) -> None:
    ann, bob = await come("ann", "#tea"), await come("bob", "#tea")
    await _modes(ann, ["+", "d", "1"])
    assert "ok" in await _say(bob, "first")
    async with asyncio.timeout(15):
        while "ok" not in await _say(bob, "second"):
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("value", ["", "0", "-1", "3601", "ten", "1.5", "1" * 12])
async def test_a_delay_is_some_seconds(come: ConnectFrom, value: str) -> None:
    ann = await come("ann", "#tea")
    assert (await _modes(ann, ["+", "d", value]))["problems"][0]["code"] == "bad_value"


async def test_rooms_for_those_who_are_logged_in(come: ConnectFrom) -> None:
    """To come in, or to speak; an invitation by an operator opens the door."""
    ann, bob, cat = await come("ann", "#tea"), await come("bob", "#tea"), await come("cat")
    await cat.ask(do="register", password=PASSWORD)
    await _modes(ann, ["+", "R", ""], ["+", "M", ""])
    assert (await _say(bob))["code"] == "need_account"
    await bob.ask(do="part", room="#tea")
    assert (await bob.ask(do="join", room="#tea"))["code"] == "need_account"
    assert "ok" in await cat.ask(do="join", room="#tea")
    assert "ok" in await _say(cat)
    await ann.ask(do="invite", room="#tea", nick="bob")
    assert "ok" in await bob.ask(do="join", room="#tea")
    irc = await (await come()).enter_irc("eve")
    irc.send("JOIN #tea")
    await irc.until(r" 477 eve #tea :")


async def test_people_with_nc_have_words_for_it(come: ConnectFrom) -> None:
    ann = await (await come()).enter_line("ann")
    bob = await (await come()).enter_line("bob")
    ann.send("/join #tea")
    await ann.until("You are in #tea")
    bob.send("/join #tea")
    await bob.until("You are in #tea")
    ann.send("/slow 600", "/key sesame", "/admit members", "/mute bob", "/admit nobody", "/slow fast")
    await bob.until(r"-- ann let everybody speak every 600 seconds only in #tea")
    await bob.until(r"-- ann locked the door with a key in #tea")
    await bob.until(r"-- ann let only those in who are logged in in #tea")
    await bob.until(r"-- ann muted bob!\*@\* in #tea")
    await ann.until(r"-- Whom\? /admit invited")
    await ann.until(r"-- A delay is a number of seconds")
    bob.send("Hello!")
    await bob.until(r"-- You may not speak in #tea\.")
    ann.send("/slow 0", "/key", "/admit all", "/unban bob")
    await bob.until(r"-- ann let bob!\*@\* speak again in #tea")
    bob.send("Hello!")
    await ann.until(r"<bob> Hello!")


async def test_irc_knows_the_letters(come: ConnectFrom) -> None:
    ann = await (await come()).enter_irc("ann", "#tea")
    assert " CHANMODES=Ibe,k,dl,CMRimnst " in ann.seen.decode()
    ann.send("MODE #tea +dRM 30", "MODE #tea", "MODE #tea -d", "MODE #tea +d 0")
    await ann.until(r"MODE #tea \+dRM 30\r\n")
    await ann.until(r" 324 ann #tea \+ntdRM 30\r\n")
    await ann.until(r"MODE #tea -d\r\n")
    await ann.until(r" 696 ann #tea d 0 :")
