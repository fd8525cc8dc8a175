"""Going on where one was: what was missed, then what is new, in one stream."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import tcpchat
from tests.conftest import UNHURRIED, Connect
from tests.peer import PATIENCE, Peer


async def say(peer: Peer, *texts: object, room: str = "#tea") -> None:
    """Say these, and wait until all are stored."""
    for text in texts:
        peer.send(json.dumps({"do": "say", "room": room, "text": str(text)}))
    assert "ok" in await peer.ask(do="ping")


async def heard(peer: Peer, until: str) -> list[dict[str, Any]]:
    """All events that came, up to the one with this text."""
    await peer.until(rf'"text":"{until}".*\n')
    return peer.events()


def said(events: list[dict[str, Any]], room: str = "#tea") -> list[tuple[int, bool]]:
    """The numbers of what was said in a room, each with whether it was replayed."""
    return [(one["number"], one.get("replayed", False)) for one in events if one.get("room") == room and "text" in one]


async def test_what_was_missed_comes_first_then_what_is_new(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann", "#tea")
    await say(ann, *range(10))
    bob = await (await connect()).enter_json("bob")
    seated = await bob.ask(do="join", room="#tea", after=4)
    assert seated["number"] == 10
    await say(ann, "new")
    events = await heard(bob, "new")
    assert said(events) == [*((number, True) for number in range(5, 11)), (11, False)]
    assert [event["by"] for event in events if event["event"] in {"joined", "left"}] == ["bob"], "Ann was there before"


async def test_nothing_is_missing_and_nothing_comes_twice_while_others_talk_on(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann", "#tea")
    await ann.ask(do="join", room="#milk")
    for name in ("#tea", "#milk"):
        await say(ann, *range(300), room=name)
    for _ in range(10):
        bob = await (await connect()).enter_json(f"bob{_}")
        for number in range(100):
            ann.send(*(json.dumps({"do": "say", "room": room, "text": f"{number}"}) for room in ("#tea", "#milk")))
        bob.send(*(json.dumps({"do": "join", "room": room, "after": 100}) for room in ("#tea", "#milk")))
        last = await ann.ask(do="join", room="#tea")
        await bob.until(r'"reply":"seated","room":"#milk"')
        await say(ann, f"the end of {_}")
        await say(ann, f"the end of {_}", room="#milk")
        events = await heard(bob, f"the end of {_}")
        events = await heard(bob, f"the end of {_}")
        assert "ok" in last
        for room in ("#tea", "#milk"):
            numbers = [number for number, _ in said(events, room)]
            assert numbers == list(range(101, numbers[-1] + 1)), room
            replayed = [old for _, old in said(events, room)]
            assert replayed == sorted(replayed, reverse=True), "what is new comes after what is old"
        await bob.close()


async def test_places_that_are_not_there_are_no_errors(connect: Connect) -> None:
    ann, bob = await connect(), await (await connect()).enter_json("bob")
    await ann.enter_json("ann", "#tea")
    await say(ann, *range(3))
    for after, missed in ((99, []), (3, []), (-7, [1, 2, 3]), (1 << 62, [])):
        mark = len(bob.events())
        assert (await bob.ask(do="join", room="#tea", after=after))["number"] == 3
        for number in missed:
            await bob.until(rf'"event":"said".*"number":{number}\b.*\n')
        await bob.ask(do="part", room="#tea")
        assert [number for number, _ in said(bob.events()[mark:])] == missed
    assert (await bob.ask(do="join", room="no room", after=1))["code"] == "bad_room"
    assert (await bob.ask(do="join", room="#new", after=7))["reply"] == "seated"


async def test_who_is_not_let_in_is_told_nothing_of_that_room_and_all_of_the_others(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann", "#tea")
    await ann.ask(do="join", room="#milk")
    await say(ann, "secret")
    await ann.ask(do="set_modes", room="#tea", changes=[["+", "i", ""]])
    bob = await (await connect()).enter_json("bob", "#milk")
    for number in range(20):
        ann.send(json.dumps({"do": "say", "room": "#milk", "text": str(number)}))
        assert (await bob.ask(do="join", room="#tea", after=0))["code"] == "invite_only"
    await say(ann, "the end", room="#milk")
    events = await heard(bob, "the end")
    assert [number for number, _ in said(events, "#milk")] == list(range(1, 22))
    assert "secret" not in str(events)


async def test_direct_messages_come_in_the_order_in_which_they_were_said(connect: Connect) -> None:
    ann, cid, bob = [await connect() for _ in range(3)]
    await ann.enter_json("ann")
    await cid.enter_json("cid")
    welcome = await bob.ask(do="enter", nick="bob")
    for number in range(200):
        await (ann, cid)[number % 3 == 0].ask(do="tell", to="bob", text=str(number))
    assert len([one for one in (await heard(bob, "199")) if one["event"] == "told"]) == 200
    known = bob.events()[49]
    later = await connect()
    again = await later.ask(do="enter", nick="bob", resume=welcome["token"], after=known["id"])
    assert again["reply"] == "welcome"
    await ann.ask(do="tell", to="bob", text="new")
    told = [one for one in await heard(later, "new") if one["event"] == "told"]
    assert [one["text"] for one in told] == [*map(str, range(50, 200)), "new"]
    assert [one.get("replayed", False) for one in told] == [True] * 150 + [False]


async def test_who_knows_of_nothing_yet_begins_where_they_came_in(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_json("ann", "#tea")
    await say(ann, 1, 2)
    welcome = await bob.ask(do="enter", nick="bob")
    await bob.close()
    await ann.ask(do="ping")
    later = await connect()
    again = await later.ask(do="enter", nick="bob", resume=welcome["token"], after=welcome["latest"])
    assert again["latest"] == welcome["latest"]
    assert not [one for one in later.events() if one.get("replayed")]


async def test_of_too_much_there_is_a_mark(tmp_path: Path) -> None:
    config = tcpchat.Config(data=tmp_path, limits=tcpchat.Limits(behind=10, **UNHURRIED))
    async with tcpchat.Server(config, port=0) as server:
        ann, bob = await Peer.open(server.port), await Peer.open(server.port)
        await ann.enter_json("ann", "#tea")
        await say(ann, *range(100))
        await bob.enter_json("bob")
        await bob.ask(do="join", room="#tea", after=20)
        await say(ann, "new")
        events = await heard(bob, "new")
        assert said(events) == [*((number, True) for number in range(91, 101)), (101, False)]
        marks = [one for one in events if one["event"] == "skipped"]
        assert [(one["target"], one["first"], one["last"]) for one in marks] == [("#tea", 21, 90)]
        assert events.index(marks[0]) < next(place for place, one in enumerate(events) if "text" in one)
        for peer in (ann, bob):
            await peer.close()


@pytest.mark.parametrize("config", [tcpchat.Config(limits=tcpchat.Limits(**UNHURRIED))])
async def test_what_is_not_kept_any_more_is_marked(
    server: tcpchat.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tcpchat.backend.memory.MOST_BYTES", 10_000)
    ann, bob = await connect(), await connect()
    await ann.enter_json("ann", "#tea")
    await bob.enter_json("bob")
    for number in range(100):
        await ann.ask(do="tell", to="bob", text=f"psst {number}")
        await say(ann, number)
    dora = await (await connect()).enter_json("dora")
    await dora.ask(do="join", room="#tea", after=0)
    await say(ann, "new")
    events = await heard(dora, "new")
    (mark,) = [one for one in events if one["event"] == "skipped"]
    numbers = [number for number, _ in said(events)]
    assert (mark["target"], mark["first"], mark["last"] + 1) == ("#tea", 1, numbers[0])
    assert numbers == list(range(numbers[0], 102))


@pytest.mark.threat(62)
async def test_over_a_restart_it_is_the_same_stream(tmp_path: Path) -> None:
    config = tcpchat.Config(data=tmp_path)
    async with tcpchat.Server(config, port=0) as server:
        ann, bob = await Peer.open(server.port), await Peer.open(server.port)
        await ann.enter_json("ann", "#tea")
        welcome = await bob.ask(do="enter", nick="bob")
        await ann.ask(do="set_topic", room="#tea", topic="of tea")
        await say(ann, *range(30))
        await ann.ask(do="tell", to="bob", text="psst")
        for peer in (ann, bob):
            await peer.close()
    async with tcpchat.Server(config, port=0) as server:
        bob = await Peer.open(server.port)
        await bob.ask(do="enter", nick="bob", resume=welcome["token"], after=welcome["latest"])
        assert (await bob.ask(do="join", room="#tea", after=10))["number"] == 31
        bob.send('{"do":"say","room":"#tea","text":"new"}')
        events = await heard(bob, "new")
        assert [one["text"] for one in events if one["event"] == "told"] == ["psst"]
        assert said(events) == [*((number, True) for number in range(11, 32)), (32, False)]
        await bob.close()


async def test_one_who_reads_slowly_resumes_as_well(tmp_path: Path) -> None:
    limits = tcpchat.Limits(**UNHURRIED, outbox_bytes=4_096)
    async with tcpchat.Server(tcpchat.Config(data=tmp_path, limits=limits), port=0) as server:
        ann, bob = await Peer.open(server.port), await Peer.open(server.port)
        await ann.enter_json("ann", "#tea")
        for _ in range(4):
            await say(ann, *("x" * 2_000 for _ in range(250)))
        bob.send('{"do":"enter","nick":"bob"}', '{"do":"join","room":"#tea","after":0}')
        async with asyncio.timeout(PATIENCE):
            while "bob" not in server.hub.state.users:
                await ann.ask(do="ping")
        await say(ann, *range(100))
        await say(ann, "new")
        assert [number for number, _ in said(await heard(bob, "new"))] == list(range(1, 1_102))
        for peer in (ann, bob):
            await peer.close()
