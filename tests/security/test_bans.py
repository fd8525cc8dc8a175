"""Whoever is banned from a room stays out, and silent: every way around a ban that people know of, tried."""

import asyncio
import json
from typing import Any

import pytest

from tcpchat.config import Config, Limits, Operator
from tcpchat.server import reception
from tests.conftest import UNHURRIED
from tests.peer import Peer
from tests.security.places import ConnectFrom

pytestmark = pytest.mark.threat(37)

PASSWORD = "correct-horse-battery"
ELSEWHERE, FAR = "127.9.8.7", "127.77.8.7"


@pytest.fixture
def config() -> Config:
    return Config(operators={"ruth": Operator(password="secret")}, limits=Limits(**UNHURRIED))


async def _modes(peer: Peer, *changes: list[str], room: str = "#tea") -> dict[str, Any]:
    return await peer.ask(do="set_modes", room=room, changes=list(changes))


async def _ban(peer: Peer, mask: str) -> None:
    answer = await _modes(peer, ["+", "b", mask])
    assert "ok" in answer
    assert "problems" not in answer


async def _room(come: ConnectFrom) -> tuple[Peer, Peer]:
    """Ann, who founded the room, and Eve, who is in it."""
    return await come("ann", "#tea"), await come("eve", "#tea", ELSEWHERE)


async def _is_out(peer: Peer, room: str = "#tea") -> None:
    assert (await peer.ask(do="join", room=room))["code"] == "banned"


async def _is_silent(peer: Peer) -> None:
    assert (await peer.ask(do="say", room="#tea", text="Hello!"))["code"] == "cannot_speak"


async def _account(peer: Peer, name: str) -> None:
    assert "ok" in await peer.ask(do="register", account=name, password=PASSWORD)


async def test_with_another_nick(come: ConnectFrom) -> None:
    """Neither out of a ban, nor into one, nor in other letters of the same name."""
    ann, eve = await _room(come)
    await _ban(ann, "eve!*@*")
    for nick in ("mallory", "EVE"):
        assert (await eve.ask(do="rename", nick=nick))["code"] == "banned_in_room"
    await _ban(ann, "bad*!*@*")
    bob = await come("bob", "#tea")
    assert (await bob.ask(do="rename", nick="bad7"))["code"] == "banned_in_room"
    irc = await (await come()).enter_irc("carl", "#tea")
    irc.send("NICK bad8")
    await irc.until(r" 435 carl bad8 #tea :")


async def test_with_a_nick_that_looks_the_same(come: ConnectFrom) -> None:
    ann = await come("ann", "#tea")
    await _ban(ann, "ape!*@*")
    for nick in ("APE", "аре"):
        peer = await come(nick)
        await _is_out(peer)
        await peer.ask(do="quit")
        await peer.end()


async def test_with_a_token(come: ConnectFrom) -> None:
    """Coming back over a lost link is no other person."""
    ann, eve = await come("ann", "#tea"), await come(address=ELSEWHERE)
    token = (await eve.ask(do="enter", nick="eve"))["token"]
    number = (await eve.ask(do="join", room="#tea")).get("number", 0)
    await _ban(ann, "eve")
    again = await come(address=ELSEWHERE)
    assert "ok" in await again.ask(do="enter", nick="eve", resume=token)
    assert (await again.ask(do="join", room="#tea", after=number))["code"] == "banned"


async def test_as_somebody_new(come: ConnectFrom) -> None:
    """Who is banned as a person is banned from where they are."""
    ann, eve = await _room(come)
    await _ban(ann, "~p:eve")
    await eve.ask(do="quit")
    await _is_out(await come("mallory", "", ELSEWHERE))
    assert "ok" in await (await come("bob", "", FAR)).ask(do="join", room="#tea")


async def test_with_another_account(come: ConnectFrom) -> None:
    """Who was banned by an account is banned as long as they are here, whoever they log in as."""
    other = await come("other")
    await _account(other, "other")
    ann, eve = await _room(come)
    await _account(eve, "eve")
    await _ban(ann, "~a:eve")
    assert "ok" in await eve.ask(do="log_in", account="other", password=PASSWORD)
    await _is_silent(eve)
    await eve.ask(do="part", room="#tea")
    await _is_out(eve)


async def test_by_giving_up_the_account(come: ConnectFrom) -> None:
    """Who logs out, by whatever way, is still who was banned."""
    ann, eve = await _room(come)
    await _account(eve, "eve")
    await _ban(ann, "~a:eve")
    assert "ok" in await eve.ask(do="drop_account", password=PASSWORD)
    await _is_silent(eve)
    await eve.ask(do="part", room="#tea")
    await _is_out(eve)


async def test_when_nobody_is_there(come: ConnectFrom) -> None:
    """The lobby is never founded anew, and keeps its bans."""
    ruth, eve = await come("ruth", "#lobby"), await come("eve", "#lobby", ELSEWHERE)
    await ruth.ask(do="become_operator", name="ruth", password="secret")
    assert "problems" not in await _modes(ruth, ["+", "b", "~p:eve"], room="#lobby")
    await ruth.ask(do="kick", room="#lobby", nick="eve")
    await ruth.ask(do="part", room="#lobby")
    await _is_out(eve, "#lobby")


async def test_without_an_account(come: ConnectFrom) -> None:
    """As a person one is banned by account and by place."""
    ann, eve = await _room(come)
    await _account(eve, "eve")
    await _ban(ann, "~p:eve")
    masks = {one["mask"] for one in (await ann.ask(do="show_masks", room="#tea", mode="b"))["masks"]}
    assert "~a:eve" in masks
    assert len(masks) == 2
    await eve.ask(do="quit")
    await _is_out(await come("mallory", "", ELSEWHERE))


async def test_from_another_address_of_the_same_64(come: ConnectFrom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of IPv6 one has millions of addresses."""
    addresses = iter(["2001:db8::1", "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::3"])
    monkeypatch.setattr(reception, "_address", lambda _: next(addresses))
    ann, _ = await come("ann", "#tea"), await come("eve", "#tea")
    await _ban(ann, "~p:eve")
    near, far = await come("near"), await come("far")
    await _is_out(near)
    assert "ok" in await far.ask(do="join", room="#tea")


async def test_by_invitation(come: ConnectFrom) -> None:
    """Of somebody who has no say there; or of before."""
    ann, eve = await _room(come)
    bob = await come("bob", "#tea")
    await eve.ask(do="part", room="#tea")
    assert "ok" in await ann.ask(do="invite", room="#tea", nick="eve")
    await _ban(ann, "~p:eve")
    assert "ok" in await bob.ask(do="invite", room="#tea", nick="eve")
    await _is_out(eve)
    assert "ok" in await ann.ask(do="invite", room="#tea", nick="eve")
    assert "ok" in await eve.ask(do="join", room="#tea"), "an operator's word opens the door"


async def test_with_a_second_connection(come: ConnectFrom) -> None:
    """Of the same account, from elsewhere; opened before the ban, or after it."""
    ann, eve = await _room(come)
    await _account(eve, "eve")
    early = await come("early", "#tea", FAR)
    await early.ask(do="log_in", account="eve", password=PASSWORD)
    await _ban(ann, "~p:eve")
    await _is_silent(early)
    late = await come("late", "", FAR)
    await late.ask(do="log_in", account="eve", password=PASSWORD)
    await _is_out(late)


async def test_when_the_room_has_another_name(come: ConnectFrom) -> None:
    ann, eve = await _room(come)
    await _ban(ann, "~p:eve")
    await ann.ask(do="kick", room="#tea", nick="eve")
    await ann.ask(do="rename_room", room="#tea", to="#coffee")
    await _is_out(eve, "#coffee")


@pytest.mark.parametrize("mask", ["~p:eve", "~m:~p:eve"])
async def test_in_another_way_of_speaking(come: ConnectFrom, mask: str) -> None:
    """To operators only, as a tag, by what one takes back and why, as a topic, as what one is called, or away."""
    ann, eve = await _room(come)
    await _modes(ann, ["-", "t", ""])
    said = (await eve.ask(do="say", room="#tea", text="Hello."))["id"]
    await _ban(ann, mask)
    await _is_silent(eve)
    for wish in (
        {"do": "say", "room": "#tea", "text": "Hello!", "status": "@"},
        {"do": "say", "room": "#tea", "text": "Hello!", "kind": "notice"},
        {"do": "tag", "to": "#tea", "tags": {"+typing": "active"}},
        {"do": "tag", "to": "#tea", "tags": {"+typing": "active"}, "status": "@"},
        {"do": "redact", "target": "#tea", "of": said, "reason": "Hello!"},
        {"do": "set_topic", "room": "#tea", "topic": "Hello!"},
        {"do": "set_name", "name": "Hello!"},
        {"do": "away", "text": "Hello!"},
    ):
        assert (await eve.ask(**wish))["code"] == "cannot_speak", wish
    await eve.ask(do="part", room="#tea", reason="Hello!")
    assert ("ok" in await eve.ask(do="join", room="#tea")) is mask.startswith("~m")
    await eve.ask(do="quit", reason="Hello!")
    await ann.ask(do="ping")
    assert "Hello!" not in ann.seen.decode()


async def test_by_asking_the_log(come: ConnectFrom) -> None:
    ann, eve = await _room(come)
    await _ban(ann, "~p:eve")
    await ann.ask(do="kick", room="#tea", nick="eve")
    said = (await ann.ask(do="say", room="#tea", text="secret plans"))["id"]
    for wish in (
        {"do": "history", "room": "#tea"},
        {"do": "search", "words": "secret", "target": "#tea"},
        {"do": "redact", "target": "#tea", "of": said},
        {"do": "show_marker", "target": "#tea"},
    ):
        await eve.ask(**wish)
    assert "events" not in await eve.ask(do="search", words="secret") or "secret" not in eve.seen.decode()
    assert "secret plans" not in eve.seen.decode()


async def test_by_another_host(come: ConnectFrom) -> None:
    """An operator of the server gives people other hosts; a ban means where they came from, too."""
    ann, eve = await _room(come)
    ruth = await come("ruth")
    await ruth.ask(do="become_operator", name="ruth", password="secret")
    await _ban(ann, "~p:eve")
    assert "ok" in await ruth.ask(do="change_host", nick="eve", user="user", host="vip.example")
    await _is_silent(eve)
    await eve.ask(do="part", room="#tea")
    await _is_out(eve)


async def test_by_coming_at_the_same_moment(come: ConnectFrom) -> None:
    """Whoever comes after a ban in the room's order does not come in, whatever held when they asked."""
    ann = await come("ann", "#tea")
    for turn in range(20):
        eve = await come(f"eve{turn}")
        _, joined = await asyncio.gather(_modes(ann, ["+", "b", f"eve{turn}"]), eve.ask(do="join", room="#tea", key=""))
        after = ann.events()
        ban = next(n for n, one in enumerate(after) if one["event"] == "modes_set" and turn_of(one) == f"eve{turn}!*@*")
        assert not any(one["event"] == "joined" and one["by"] == f"eve{turn}" for one in after[ban:])
        if "ok" in joined:
            await _is_silent(eve)
        await eve.ask(do="quit")


def turn_of(event: dict[str, Any]) -> str:
    return str(event["changes"][0][2])


async def test_a_full_room_is_full(come: ConnectFrom) -> None:
    """However many come at the same instant."""
    ann = await come("ann", "#tea")
    await _modes(ann, ["+", "l", "3"])
    crowd = [await come(f"guest{n}") for n in range(12)]
    answers = await asyncio.gather(*(one.ask(do="join", room="#tea") for one in crowd))
    assert sum("ok" in answer for answer in answers) == 2
    assert {answer.get("code") for answer in answers} == {None, "room_full"}
    assert len((await ann.ask(do="list_people", room="#tea"))["people"]) == 3


async def test_while_one_is_behind(come: ConnectFrom) -> None:
    """Who does not read what comes is banned all the same."""
    ann, eve = await _room(come)
    for turn in range(40):
        ann.send(*(json.dumps({"do": "say", "room": "#tea", "text": "x" * 4_000}) for _ in range(50)))
        await ann.ask(do="ping", token=str(turn))
    await _ban(ann, "~p:eve")
    eve.send('{"do":"say","room":"#tea","text":"Hello!"}', '{"do":"quit"}')
    await ann.until(r'"event":"gone".*"by":"eve"|"by":"eve".*"event":"gone"')
    assert "Hello!" not in ann.seen.decode()


async def test_a_ban_is_lifted_as_it_was_set(come: ConnectFrom) -> None:
    """By the name, as long as they are here; an exception lets one in all the same."""
    ann, eve = await _room(come)
    await _ban(ann, "~p:eve")
    await _is_silent(eve)
    assert "ok" in await _modes(ann, ["+", "e", "eve!*@*"])
    assert "ok" in await eve.ask(do="say", room="#tea", text="Hello!")
    assert "ok" in await _modes(ann, ["-", "e", "eve!*@*"], ["-", "b", "~p:eve"])
    assert "ok" in await eve.ask(do="say", room="#tea", text="Hello!")
    assert (await ann.ask(do="show_masks", room="#tea", mode="b"))["masks"] == []
