"""Those who attack, in a process of their own: ``python -m tests.security.attackers PORT SECONDS SEED KIND...``.

Each keeps to this machine, to its number of connections and to its time. At the end a line of JSON says what was tried.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from tests.security.honest import files_for, sources

ROOM = "#honest"
NETWORKS = 3_000

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Attack:
    """One run of one kind, by several attackers at once."""

    def __init__(self, port: int, seconds: float, chance: random.Random) -> None:
        self.port = port
        self.chance = chance
        self.done: Counter[str] = Counter()
        self._until = time.monotonic() + seconds
        self._addresses = sources(NETWORKS)

    @property
    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self._until

    @asynccontextmanager
    async def connected(self, address: str = "") -> AsyncIterator[Streams]:
        """A connection from somewhere; what goes wrong with it ends it."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(address or self.chance.choice(self._addresses), 0), limit=1 << 20
        )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def again_and_again(self, kind: str, attack: Callable[[int, Streams], Awaitable[None]], number: int) -> None:
        """As long as there is time: the server closes connections, which is what it should do."""
        await asyncio.sleep(number / 1_500)
        while self.goes_on:
            self.done[kind] += 1
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                async with asyncio.timeout(self._until - time.monotonic()), self.connected() as streams:
                    await attack(number, streams)
            await asyncio.sleep(PAUSE[kind])

    async def connect(self, number: int, streams: Streams) -> None:
        """Row 7: half-open, from everywhere; gone as soon as the server closes it."""
        await streams[0].read(1_000)
        await streams[0].read(1_000)

    async def drip(self, number: int, streams: Streams) -> None:
        """Row 1: a byte a second, never a line."""
        for _ in range(10_000):
            streams[1].write(b"N")
            await streams[1].drain()
            await asyncio.sleep(1)

    async def huge(self, number: int, streams: Streams) -> None:
        """Row 14: a line that never ends, two megabytes a second."""
        streams[1].write(b"NICK ")
        while True:
            streams[1].write(b"x" * 65_536)
            await streams[1].drain()
            await asyncio.sleep(0.03)

    async def garbage(self, number: int, streams: Streams) -> None:
        """Row 16: in, and then whatever comes to mind, as fast as it is taken."""
        nick = f"bad{number}x{self.chance.randrange(1 << 30):x}"
        streams[1].write(f"NICK {nick}\r\nUSER {nick} 0 * :x\r\n".encode())
        await streams[0].readuntil(b" 001 ")
        discard = asyncio.create_task(_discard(streams[0]))
        try:
            while True:
                streams[1].write(b"\r\n".join(self.chance.randbytes(self.chance.randrange(60)) for _ in range(100)))
                await streams[1].drain()
                await asyncio.sleep(0.01)
        finally:
            discard.cancel()

    async def brute(self, number: int, streams: Streams) -> None:
        """Row 29: a hundred passwords a second, all together."""
        while True:
            request = {"do": "log_in", "account": f"victim{number % 5}", "password": f"{self.chance.random()}"}
            streams[1].write(json.dumps(request).encode() + b"\n")
            await streams[0].readline()
            await asyncio.sleep(0.1)

    async def joins(self, number: int, streams: Streams) -> None:
        """Row 38: into the room of the honest, and out again, and so on."""
        nick = f"hop{number}x{self.chance.randrange(1 << 30):x}"
        streams[1].write(f"NICK {nick}\r\nUSER {nick} 0 * :x\r\n".encode())
        await streams[0].readuntil(b" 001 ")
        discard = asyncio.create_task(_discard(streams[0]))
        try:
            while True:
                streams[1].write(f"JOIN {ROOM}\r\nPART {ROOM}\r\n".encode())
                await streams[1].drain()
                await asyncio.sleep(0.04)
        finally:
            discard.cancel()


async def _discard(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(1 << 16):
            pass


ATTACKERS = {"connect": 3_000, "drip": 200, "huge": 5, "garbage": 10, "brute": 10, "joins": 20}
"""How many of each kind there are at once."""

PAUSE = {"connect": 4.0, "drip": 0.05, "huge": 0.05, "garbage": 0.5, "brute": 0.05, "joins": 0.5}
"""Seconds until one of them comes again that was closed."""


async def main(port: int, seconds: float, seed: int, kinds: list[str]) -> None:
    """All of these kinds at once."""
    attack = Attack(port, seconds, random.Random(seed))
    attackers = [(kind, number) for kind in kinds for number in range(ATTACKERS[kind])]
    print("ready", flush=True)
    await asyncio.gather(*(attack.again_and_again(kind, getattr(attack, kind), number) for kind, number in attackers))
    print(json.dumps(attack.done), flush=True)


if __name__ == "__main__":
    files_for(10_000)
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
