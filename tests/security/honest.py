"""Fifty honest people who talk while somebody attacks: how long what they say takes, and whether anything is lost."""

import asyncio
import json
import re
import resource
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.peer import Peer

PEOPLE = 50
PER_SECOND = 40
ROOM = "#honest"

MOST_SLOWER = 3
LEAST_LIMIT = 0.05
"""With an attack what is said may take three times as long as without, or 50 ms (the 99th percentile)."""


class Honest:
    """Each says something in turn; everybody hears everything."""

    def __init__(self, peers: list[Peer]) -> None:
        self._peers = peers
        self._delays: list[float] = []
        self._heard: dict[int, list[int]] = defaultdict(list)
        self._readers = [asyncio.create_task(self._read(number, peer)) for number, peer in enumerate(peers)]
        self._said = 0
        self.disconnects = 0

    @classmethod
    async def come(cls, port: int, people: int = PEOPLE, source: str = "127.0.0.1") -> "Honest":
        """They come in, all from one address."""
        peers = [await Peer.open(port, source=source) for _ in range(people)]
        for number, peer in enumerate(peers):
            await peer.enter_json(f"honest{number}", ROOM)
        return cls(peers)

    async def talk(self, seconds: float) -> float:
        """For so long. :returns: the 99th percentile of the time from mouth to ear, in seconds."""
        self._delays = []
        start = time.monotonic()
        for turn in range(int(seconds * PER_SECOND)):
            await asyncio.sleep(max(0.0, start + turn / PER_SECOND - time.monotonic()))
            peer = self._peers[turn % len(self._peers)]
            text = f"{self._said} {time.monotonic():.6f}"
            peer.send(json.dumps({"do": "say", "room": ROOM, "text": text, "id": self._said}))
            self._said += 1
        await self._all_heard()
        delays = sorted(self._delays)
        return delays[int(len(delays) * 0.99)]

    @property
    def lost(self) -> int:
        """How many were not heard by somebody, or not once, or not in the order of each speaker."""
        return sum(self._said - len(set(heard)) + len(heard) - len(set(heard)) for heard in self._heard.values())

    async def leave(self) -> None:
        """All of them."""
        for reader in self._readers:
            reader.cancel()
        await asyncio.wait(self._readers)
        for peer in self._peers:
            await peer.close()

    async def _all_heard(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                while self.disconnects == 0 and any(
                    len(self._heard[number]) < self._said for number in range(len(self._peers))
                ):
                    await asyncio.sleep(0.01)

    async def _read(self, number: int, peer: Peer) -> None:
        heard = self._heard[number]
        with suppress(OSError):
            while line := await peer.reader.readline():
                now = time.monotonic()
                if line.startswith(b'{"event":"said"'):
                    said, when = json.loads(line)["text"].split()
                    heard.append(int(said))
                    self._delays.append(now - float(when))
                elif line.startswith(b'{"ping"'):
                    peer.send('{"do":"pong"}')
        self.disconnects += 1


def limit(idle: float) -> float:
    """How long what is said may take, in seconds, if it takes this long when nobody attacks."""
    return max(MOST_SLOWER * idle, LEAST_LIMIT)


def sources(count: int, first: int = 0) -> list[str]:
    """So many addresses on the loopback; none is that of the honest."""
    return [
        f"127.{1 + number // 65_536}.{number // 256 % 256}.{number % 256}" for number in range(first, first + count)
    ]


def resident(pid: int) -> int:
    """What a process has in memory, in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) << 10


@asynccontextmanager
async def most_memory(pid: int) -> AsyncIterator[list[int]]:
    """What the process had in memory in the course of this, looked at five times a second; the first is before."""
    sizes = [resident(pid)]

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.2)
            sizes.append(resident(pid))

    task = asyncio.create_task(watch())
    try:
        yield sizes
    finally:
        task.cancel()


def files_for(count: int) -> int:
    """How many of so many connections this machine lets one process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(count, hard - 500)
