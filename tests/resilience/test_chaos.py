"""Library clients over links that break in every way: what each said is in the log once, and each saw the log."""

import asyncio
import json
import random
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import tcpchat
from tcpchat.backend.reader import Reader
from tcpchat.backend.schema import FILE
from tcpchat.model.events import LOGGED
from tcpchat.model.records import Read, Since
from tests.cli.test_server import running
from tests.resilience.proxy import Proxy

CLIENTS = 3
MESSAGES = 12
"""Said by each, in the room and to the others in turn."""

AT_ONCE = 8
"""Runs that are made at the same time."""

PATIENCE = 60.0
"""Seconds after which a run is said to hang."""


class Talker:
    """A client in a run: what it said, and what it saw."""

    def __init__(self, chat: tcpchat.Client, room: str, end: str) -> None:
        self.chat = chat
        self.said: list[str] = []
        self.seen: list[tcpchat.Event] = []
        self._room = room
        self._end = end

    async def talk(self, others: list[str], chance: random.Random) -> None:
        """In the room, and to the others; it returns when all of it is stored."""
        room: list[tcpchat.Message] = []
        for number in range(MESSAGES):
            text = f"{self.chat.nick} {number}"
            self.said.append(text)
            if number % 3:
                room.append(self.chat.post(self._room, text))
            else:
                await self._tell(chance.choice(others), text)
            await asyncio.sleep(chance.uniform(0, 0.05))
        await asyncio.gather(*room)

    async def _tell(self, nick: str, text: str) -> None:
        """Who has lost the link cannot be told anything: that is refused, and tried again under the same key."""
        key = f"{self.chat.nick} {nick} {text}"
        while True:
            try:
                await self.chat.tell(nick, text, key=key)
            except (tcpchat.Refused, tcpchat.PerhapsStored):
                await asyncio.sleep(0.02)
            else:
                return

    async def look(self) -> None:
        """See everything up to the end of both, the room and what is for oneself alone."""
        ends = 0
        async for event in self.chat:
            self.seen.append(event)
            ends += isinstance(event, tcpchat.Said | tcpchat.Told) and event.text == self._end
            if ends == 2:
                return

    def logged(self, kind: type[tcpchat.Event]) -> list[tcpchat.Event]:
        """What it saw of the log, as if it had not been replayed."""
        return [event for event in self.seen if isinstance(event, kind)]


async def run(number: int, seed: int, port: int, log: Path) -> int:
    """One run: how many links it took."""
    chance = random.Random(f"{seed} {number}")
    room, end = f"#run{number}", "the end"
    nicks = [f"c{number}n{one}" for one in range(CLIENTS)]
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(Proxy.to(port, chance))
        direct = await stack.enter_async_context(tcpchat.connect(f"127.0.0.1:{port}", nick=f"o{number}", rooms=[room]))
        talkers = []
        for nick in nicks:
            chat = await stack.enter_async_context(tcpchat.connect(f"127.0.0.1:{proxy.port}", nick=nick, rooms=[room]))
            talkers.append(Talker(chat, room, end))
        looking = [asyncio.create_task(talker.look()) for talker in talkers]
        proxy.trouble()
        others = [[nick for nick in nicks if nick != talker.chat.nick] for talker in talkers]
        await asyncio.gather(*(one.talk(near, chance) for one, near in zip(talkers, others, strict=True)))
        proxy.calm()
        await direct.say(room, end)
        for talker in talkers:
            await Talker(direct, room, end)._tell(talker.chat.nick, end)
        await asyncio.gather(*looking)
        check(room, talkers, log)
        return proxy.links


def check(room: str, talkers: list[Talker], log: Path) -> None:
    """Everybody saw what is in the log: all of it, once, in order; and in it is once what each said."""
    reader = Reader(log)
    entries = entries_of(reader, room)
    told: dict[str, LOGGED] = {}
    for talker in talkers:
        party = "~" + json.loads(talker.chat.cursor)["token"].partition(".")[0]
        spans = reader.since(Since(party, ""))
        own = sorted((one for span in spans for one in entries_of(reader, span.log)), key=place)
        told |= {one.id: one for one in own}
        assert [one.id for one in talker.logged(tcpchat.Told)] == [one.id for one in own]
        assert [one.number for one in talker.logged(tcpchat.Said)] == [one.number for one in entries]
        assert not talker.logged(tcpchat.Skipped)
        assert texts(talker.logged(tcpchat.Said)) == texts(entries)
    reader.close()
    said = sorted(text for text in texts([*entries, *told.values()]) if text != "the end")
    assert said == sorted(text for talker in talkers for text in talker.said)


def entries_of(reader: Reader, log: str) -> list[LOGGED]:
    return reader.read(Read(log, 1 << 20, after=0))


def place(event: LOGGED) -> int:
    return int(event.id.rpartition("-")[2])


def texts(events: Iterable[tcpchat.Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, tcpchat.Said | tcpchat.Told)]


async def test_chaos_loses_nothing_and_doubles_nothing(
    tmp_path: Path, long: bool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting, seconds in (
        ("connection.SILENCE", 0.5), ("connection.CONNECT_SECONDS", 2.0), ("links.ANSWER_SECONDS", 2.0),
        ("backoff.FIRST", 0.02), ("backoff.MOST", 0.2),
    ):  # fmt: skip
        monkeypatch.setattr(f"tcpchat.client.{setting}", seconds)
    runs, links = 500 if long else 16, 0
    with running("--data", str(tmp_path), "--set", "limits.enabled=false") as (_, port):
        for first in range(0, runs, AT_ONCE):
            numbers = range(first, min(runs, first + AT_ONCE))
            async with asyncio.timeout(PATIENCE):
                links += sum(await asyncio.gather(*(run(one, seed, port, tmp_path / FILE) for one in numbers)))
    assert links > runs * CLIENTS, "no link was lost"
    said = runs * CLIENTS * MESSAGES
    print(
        json.dumps({"test": "chaos", "seed": seed, "runs": runs, "links": links, "said": said, "lost": 0, "twice": 0})
    )
