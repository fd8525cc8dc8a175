"""Programs over lost links and their own ends: nothing is missing, nothing comes twice, and they know what became of
what they said."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import tcpchat
from tcpchat.model import commands
from tests.link import Link
from tests.peer import PATIENCE

Speech = tcpchat.Said | tcpchat.Told


def address(server: tcpchat.Server | Link) -> str:
    return f"127.0.0.1:{server.port}"


async def until(chat: tcpchat.Client, text: str) -> list[Speech]:
    """What was said by others, up to this text."""
    speech: list[Speech] = []
    async with asyncio.timeout(PATIENCE):
        async for event in chat:
            if isinstance(event, Speech) and event.by != chat.nick:
                speech.append(event)
                if event.text == text:
                    return speech
    raise AssertionError("the chat ended")


async def test_direct_messages_of_the_time_without_a_link_come_later_in_their_order(server: tcpchat.Server) -> None:
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann") as ann,
        tcpchat.connect(address(server), nick="bob") as bob,
        tcpchat.connect(address(server), nick="cid") as cid,
    ):
        await bob.tell("ann", "0")
        await until(ann, "0")
        link.swallow_answers()
        for number in range(1, 30):
            await (bob, cid)[number % 2].tell("ann", str(number))
        link.cut()
        told = await until(ann, "29")
        await bob.tell("ann", "30")
        told += await until(ann, "30")
        assert [event.text for event in told] == [str(number) for number in range(1, 31)]
        assert [event.replayed for event in told] == [True] * 29 + [False]


async def test_what_was_said_before_the_new_link_is_replayed_and_what_comes_then_is_not(server: tcpchat.Server) -> None:
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        await bob.say("#tea", "live")
        (live,) = await until(ann, "live")
        link.cut()
        for text in ("missed", "missed too"):
            await bob.say("#tea", text)
        missed = await until(ann, "missed too")
        async with asyncio.timeout(PATIENCE):
            while not ann.connected or "ann" not in (await bob.join("#tea")).people:
                pass
        await bob.say("#tea", "live again")
        assert [one.replayed for one in [live, *missed, *await until(ann, "live again")]] == [False, True, True, False]


async def test_a_cursor_goes_on_exactly_behind_what_was_taken(server: tcpchat.Server) -> None:
    """Whatever the program had been sent, and not taken, when it ended."""
    async with tcpchat.connect(address(server), nick="bob", rooms=["#tea", "#milk"]) as bob:
        async with tcpchat.connect(address(server), nick="ann", rooms=["#tea", "#milk"]) as ann:
            cursor = ann.cursor
        seen: list[str] = []
        for turn in range(5):
            for number in range(10):
                await bob.say("#tea", f"{turn} {number}")
            async with tcpchat.connect(address(server), nick="ann", cursor=cursor) as ann:
                await bob.say("#milk", f"milk {turn}")
                await bob.tell("ann", f"psst {turn}")
                async with asyncio.timeout(PATIENCE):
                    async for event in ann:
                        if isinstance(event, Speech):
                            seen.append(event.text)
                            cursor = ann.cursor
                        if len(seen) % 7 == 6:
                            break
        await bob.say("#tea", "the end")
        async with tcpchat.connect(address(server), nick="ann", cursor=cursor) as ann:
            seen += [event.text for event in await until(ann, "the end")]
            await bob.tell("ann", "the very end")
            seen += [event.text for event in await until(ann, "the very end")]
        for expected in (
            [f"{turn} {number}" for turn in range(5) for number in range(10)],
            [f"milk {turn}" for turn in range(5)],
            [f"psst {turn}" for turn in range(5)],
        ):
            assert [text for text in seen if text in expected] == expected


async def test_a_cursor_of_a_log_that_is_gone_begins_with_the_new_one() -> None:
    async with tcpchat.Server(port=0) as first, tcpchat.connect(address(first), nick="ann", rooms=["#tea"]) as ann:
        for number in range(5):
            await ann.say("#tea", str(number))
        async with asyncio.timeout(PATIENCE):
            async for event in ann:
                if isinstance(event, tcpchat.Said) and event.text == "4":
                    break
        cursor = ann.cursor
    async with (
        tcpchat.Server(port=0) as second,
        tcpchat.connect(address(second), nick="bob", rooms=["#tea"]) as bob,
    ):
        await bob.say("#tea", "one")
        async with tcpchat.connect(address(second), nick="ann", cursor=cursor) as ann:
            await bob.say("#tea", "two")
            assert [event.text for event in await until(ann, "two")] == ["one", "two"]


def test_what_is_no_cursor_is_refused_in_words() -> None:
    for text in ("x", "[]", '{"rooms": 7}'):
        with pytest.raises(ValueError, match="That is no cursor: "):
            tcpchat.connect("127.0.0.1", nick="ann", cursor=text)


async def test_of_too_much_there_is_a_mark(tmp_path: Path) -> None:
    config = tcpchat.Config(data=tmp_path, limits=tcpchat.Limits(behind=5))
    async with (
        tcpchat.Server(config, port=0) as server,
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        await bob.say("#tea", "seen")
        await until(ann, "seen")
        link.cut()
        for number in range(2, 21):
            await bob.say("#tea", str(number))
        marks = []
        async with asyncio.timeout(PATIENCE):
            async for event in ann:
                if isinstance(event, tcpchat.Skipped):
                    marks.append((event.target, event.first, event.last))
                if isinstance(event, tcpchat.Said):
                    break
        assert isinstance(event, tcpchat.Said)
        assert marks == [("#tea", 2, event.number - 1)]


async def test_a_number_that_never_came_is_noticed() -> None:
    """A server that leaves something out, which ours does not."""
    lines = [
        '{"ok":0,"reply":"welcome","nick":"ann","server":"x","version":"0","log":"abc","latest":"abc-4"}',
        '{"event":"joined","room":"#tea","by":"ann"}',
        '{"ok":1,"reply":"seated","room":"#tea","people":["ann"],"number":4}',
        *(f'{{"event":"said","room":"#tea","by":"bob","text":"{n}","number":{n},"id":"abc-{n}"}}' for n in (5, 9, 7)),
        '{"event":"told","to":"ann","by":"bob","text":"psst","number":1,"id":"abc-10","talk":"@~a,~b"}',
        '{"event":"told","to":"ann","by":"bob","text":"psst","number":1,"id":"abc-10","talk":"@~a,~b"}',
        '{"event":"said","room":"#tea","by":"bob","text":"10","number":10,"id":"abc-11"}',
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("\n".join(lines).encode() + b"\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as fake:
        port = fake.sockets[0].getsockname()[1]
        async with tcpchat.connect(f"127.0.0.1:{port}", nick="ann", rooms=["#tea"]) as ann:
            seen = []
            async with asyncio.timeout(PATIENCE):
                async for event in ann:
                    seen.append((event.first, event.last) if isinstance(event, tcpchat.Skipped) else event.number)
                    if event.number == 10:
                        break
            assert seen == [0, 5, (6, 8), 9, 1, 10]


async def test_a_message_is_pending_then_stored(server: tcpchat.Server) -> None:
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        link.swallow_answers()
        message, whisper = ann.post("#tea", "over two links"), ann.post("bob", "psst")
        assert (message.state, message.text, message.to, message.stored) == ("pending", "over two links", "#tea", None)
        await until(bob, "psst")
        link.cut()
        async with asyncio.timeout(PATIENCE):
            stored = await message
            await whisper
        assert (message.state, message.stored, message.error) == ("stored", stored, None)
        assert [event.id for event in await bob.history("#tea")] == [stored.id]


async def test_a_message_that_failed_keeps_its_text(server: tcpchat.Server) -> None:
    async with tcpchat.connect(address(server), nick="ann") as ann:
        message = ann.post("#nowhere", "hello?")
        with pytest.raises(tcpchat.Refused, match="You are not in #nowhere"):
            await message
        assert (message.state, message.text, message.stored) == ("failed", "hello?", None)
        assert isinstance(message.error, tcpchat.Refused)


async def test_a_message_without_an_answer_fails_when_the_chat_is_closed(server: tcpchat.Server) -> None:
    async with Link.to(server.port) as link:
        async with tcpchat.connect(address(link), nick="ann", rooms=["#tea"]) as ann:
            link.swallow_answers()
            message = ann.post("#tea", "hello?")
        assert (message.state, type(message.error)) == ("failed", ConnectionError)
        with pytest.raises(ConnectionError):
            ann.post("#tea", "anybody?")


async def test_who_does_not_wait_any_longer_does_not_say_it_later(server: tcpchat.Server) -> None:
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        link.cut()
        async with asyncio.timeout(PATIENCE):
            async for event in ann:
                if isinstance(event, tcpchat.LinkLost):
                    break
        saying = asyncio.create_task(ann.say("#tea", "never mind"))
        await asyncio.sleep(0)
        saying.cancel()
        await ann.say("#tea", "this")
        assert [event.text for event in await until(bob, "this")] == ["this"]


async def test_a_message_in_flight_is_stored_once_even_if_one_is_called_otherwise_by_then(
    server: tcpchat.Server,
) -> None:
    """The token makes one the same, whatever the nick."""
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        link.swallow_answers()
        message, whisper = ann.post("#tea", "once"), ann.post("bob", "psst")
        await until(bob, "psst")
        renaming = asyncio.create_task(ann.rename("anna"))
        async with asyncio.timeout(PATIENCE):
            while "anna" not in (await bob.join("#tea")).people:
                pass
            link.cut()
            await asyncio.gather(message, whisper, renaming)
        assert [event.id for event in await bob.history("#tea")] == [message.stored.id if message.stored else ""]
        assert len(await bob.history("anna")) == 1


async def test_who_was_logged_in_is_so_again_and_nothing_is_said_twice(server: tcpchat.Server) -> None:
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        await ann.request(commands.Register(password="a long password"))
        link.swallow_answers()
        whisper, message = ann.post("bob", "psst"), ann.post("#tea", "aloud")
        await until(bob, "aloud")
        link.cut()
        async with asyncio.timeout(PATIENCE):
            await whisper
            await message
        assert len(await bob.history("#tea")) == 1
        assert len(await bob.history("ann")) == 1


async def test_a_cursor_is_json(server: tcpchat.Server) -> None:
    async with tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann:
        await ann.say("#tea", "hi")
        async for event in ann:
            if isinstance(event, tcpchat.Said):
                break
        cursor = json.loads(ann.cursor)
        assert (cursor["nick"], cursor["rooms"]["#tea"][:2]) == ("ann", ["#tea", 1])


async def test_what_was_said_is_found(server: tcpchat.Server) -> None:
    async with tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann:
        for text in ("green tea", "black tea", "milk"):
            await ann.say("#tea", text)
        found = await ann.search("tea", "#tea", limit=1)
        assert ([getattr(event, "text", "") for event in found.events], found.more) == (["black tea"], True)


async def test_nobody_can_know_if_what_is_said_again_is_refused(server: tcpchat.Server) -> None:
    """It was stored, but the one it was for is gone. Said once more under the same key, it is still there once."""
    async with (
        Link.to(server.port) as link,
        Link.to(server.port) as other,
        tcpchat.connect(address(link), nick="ann") as ann,
    ):
        async with tcpchat.connect(address(other), nick="bob") as bob:
            link.swallow_answers()
            whisper = ann.post("bob", "psst", key="k")
            await until(bob, "psst")
            cursor = bob.cursor
        link.cut()
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(tcpchat.PerhapsStored, match="nobody called bob"):
                await whisper
        async with tcpchat.connect(address(other), nick="bob", cursor=cursor) as bob:
            await ann.tell("bob", "psst", key="k")
            assert len(await bob.history("ann")) == 1


async def test_the_link_is_back_when_all_that_was_missed_has_been_told(server: tcpchat.Server) -> None:
    rooms = ["#tea", "#milk", "#sugar"]
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann", rooms=rooms) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=rooms) as bob,
    ):
        for turn in range(3):
            link.swallow_answers()
            for number in range(70):
                await bob.say(rooms[number % 3], f"{turn} {number}")
                await bob.tell("ann", f"{turn} {number}")
            link.cut()
            seen: list[tcpchat.Event] = []
            async with asyncio.timeout(PATIENCE):
                async for event in ann:
                    seen.append(event)
                    if isinstance(event, tcpchat.LinkBack):
                        break
            assert [type(one) for one in seen if isinstance(one, tcpchat.LinkLost | tcpchat.LinkBack)] == [
                tcpchat.LinkLost, tcpchat.LinkBack,
            ]  # fmt: skip
            said = [one.text for one in seen if isinstance(one, Speech) and one.replayed]
            assert sorted(said) == sorted(2 * [f"{turn} {number}" for number in range(70)])
            assert event.missed == 140
            assert not [one for one in seen if isinstance(one, tcpchat.Skipped)]


async def test_what_was_asked_for_without_a_link_is_not_undone_by_the_next(server: tcpchat.Server) -> None:
    """Who wanted to leave a room has left it when the link is back."""
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        link.cut()
        async with asyncio.timeout(PATIENCE):
            async for event in ann:
                if isinstance(event, tcpchat.LinkLost):
                    leaving = asyncio.create_task(ann.part("#tea"))
                if isinstance(event, tcpchat.LinkBack):
                    break
            await leaving
        await ann.tell("bob", "everything else is done")
        assert (await bob.join("#tea")).people == ["bob"]
        assert ann.rooms == []


async def test_what_a_cursor_brings_was_not_missed_by_a_lost_link(server: tcpchat.Server) -> None:
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        async with tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann:
            cursor = ann.cursor
        await bob.say("#tea", "while ann is not there")
        async with tcpchat.connect(address(link), nick="ann", cursor=cursor) as ann:
            await until(ann, "while ann is not there")
            link.cut()
            async with asyncio.timeout(PATIENCE):
                back = [event async for event in _up_to_the_return(ann)][-1]
            assert isinstance(back, tcpchat.LinkBack)
            assert back.missed == 0


async def _up_to_the_return(chat: tcpchat.Client) -> AsyncIterator[tcpchat.Event]:
    async for event in chat:
        yield event
        if isinstance(event, tcpchat.LinkBack):
            return
