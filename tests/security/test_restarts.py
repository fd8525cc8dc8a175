"""The server is killed again and again under load, and started again: all go on where they were. Row 62."""

import asyncio
import json
import random
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import tcpchat
from tcpchat.backend.schema import FILE
from tests.cli.test_server import running
from tests.resilience.test_chaos import Talker, check

ROOM, END = "#tea", "the end"
TALKERS = 4
MOST_SECONDS = 10.0
"""From the start of a server until everybody has said something more, and knows that it is stored."""


class Steady(Talker):
    """Talks until it is enough, in the room and to the others."""

    stored = 0

    async def talk_until(self, enough: asyncio.Event, others: list[str], chance: random.Random) -> None:
        """Each thing is stored before the next is said."""
        while not enough.is_set():
            text = f"{self.chat.nick} {len(self.said)}"
            self.said.append(text)
            if len(self.said) % 4:
                await self.chat.say(ROOM, text)
            else:
                await self._tell(chance.choice(others), text)
            self.stored += 1
            await asyncio.sleep(0.002)


async def all_go_on(talkers: list[Steady]) -> float:
    """Wait until each has said something more; how many seconds that took."""
    start, before = time.monotonic(), [talker.stored for talker in talkers]
    async with asyncio.timeout(60):
        while any(talker.stored < then + 3 for talker, then in zip(talkers, before, strict=True)):
            await asyncio.sleep(0.01)
    return time.monotonic() - start


async def say_the_end(port: int, nicks: list[str]) -> None:
    """To the room and to each."""
    async with tcpchat.connect(f"127.0.0.1:{port}", nick="last", rooms=[ROOM]) as direct:
        await direct.say(ROOM, END)
        for nick in nicks:
            await Talker(direct, ROOM, END)._tell(nick, END)


@pytest.mark.threat(45, 62)
async def test_everybody_goes_on_after_each_restart(
    tmp_path: Path, long: bool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tcpchat.client.backoff.MOST", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--listen", f"127.0.0.1:{port}", "--data", str(tmp_path / "data"), "--set", "limits.enabled=false")
    restarts, took = 10 if long else 2, []
    chance, enough = random.Random(seed), asyncio.Event()
    async with AsyncExitStack() as stack:
        with running(*options):
            chats = [
                await stack.enter_async_context(tcpchat.connect(f"127.0.0.1:{port}", nick=f"n{number}", rooms=[ROOM]))
                for number in range(TALKERS)
            ]
            talkers = [Steady(chat, ROOM, END) for chat in chats]
            looking = [asyncio.create_task(talker.look()) for talker in talkers]
            nicks = [chat.nick for chat in chats]
            others = [[nick for nick in nicks if nick != chat.nick] for chat in chats]
            ways = zip(talkers, others, strict=True)
            talking = [asyncio.create_task(one.talk_until(enough, near, chance)) for one, near in ways]
            await all_go_on(talkers)
        for restart in range(restarts):
            with running(*options):
                took.append(await all_go_on(talkers))
                if restart == restarts - 1:
                    enough.set()
                    await asyncio.gather(*talking)
                    await say_the_end(port, nicks)
                    await asyncio.gather(*looking)
                    check(ROOM, talkers, tmp_path / "data" / FILE)  # type: ignore[arg-type]
                    await stack.aclose()
    said = sum(len(talker.said) for talker in talkers)
    print(
        json.dumps(
            {"test": "restarts", "seed": seed, "restarts": restarts, "said": said, "most_s": round(max(took), 2)}
        )
    )
    assert max(took) < MOST_SECONDS
