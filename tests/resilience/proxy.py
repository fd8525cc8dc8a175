"""Between clients and a server: a link that delays, splits, cuts, closes half, and swallows, as chance has it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Literal, NamedTuple, Self

Kind = Literal["calm", "delay", "split", "cut", "half-close", "black hole"]

KINDS: tuple[Kind, ...] = ("calm", "delay", "split", "cut", "cut", "half-close", "black hole")

MOST_BYTES = 1_500
"""Some trouble begins after so many bytes at most: in the middle of coming in, of a line, of what is caught up on."""

MOST_SPLIT = 2_000
"""So many bytes are passed on one by one, then no more."""


class Trouble(NamedTuple):
    """What happens to a connection, and after how many bytes of which direction (0: to the server)."""

    kind: Kind
    direction: int
    after: int


CALM = Trouble("calm", 0, 0)


class Pair:
    """The two connections of one link."""

    def __init__(self, ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter], trouble: Trouble) -> None:
        self.ends = ends
        self.trouble = trouble
        self.passed = [0, 0]
        self.swallows = False
        self.half: int | None = None
        """The direction in which nothing comes any more."""

    def cut(self) -> None:
        """Both sides get a reset, or an end."""
        for end in self.ends:
            end.transport.abort()


class Proxy:
    """Passes on what comes; who connects while it makes `trouble` gets some of it."""

    port: int

    def __init__(self, target: int, chance: random.Random) -> None:
        self._target = target
        self._chance = chance
        self._pairs: list[Pair] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._troubled = False
        self.links = 0
        """How many links there were."""

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int, chance: random.Random) -> AsyncIterator[Self]:
        proxy = cls(port, chance)
        listener = await asyncio.start_server(proxy._join, "127.0.0.1", 0)
        proxy.port = listener.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            listener.close()
            for pair in proxy._pairs:
                pair.cut()
            if proxy._tasks:
                await asyncio.wait(proxy._tasks)
            await listener.wait_closed()

    def trouble(self) -> None:
        """It begins, for all."""
        self._troubled = True
        for pair in self._pairs:
            pair.trouble, pair.passed = self._some_trouble(), [0, 0]

    def calm(self) -> None:
        """It is over, but for those who hear nothing any more, and have yet to notice."""
        self._troubled = False
        for pair in self._pairs:
            pair.trouble = CALM

    def _some_trouble(self) -> Trouble:
        chance = self._chance
        return Trouble(chance.choice(KINDS), chance.randrange(2), chance.randrange(MOST_BYTES))

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        pair = Pair((far_writer, writer), self._some_trouble() if self._troubled else CALM)
        self._pairs.append(pair)
        for direction, source in enumerate((reader, far_reader)):
            task = asyncio.create_task(self._pass_on(source, pair, direction))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, pair: Pair, direction: int) -> None:
        target = pair.ends[direction]
        with suppress(OSError):
            while data := await source.read(1 << 16):
                for piece in _pieces(data, pair, direction):
                    if pair.trouble.kind == "delay":
                        await asyncio.sleep(self._chance.uniform(0, 0.02))
                    if not pair.swallows:
                        target.write(piece)
                        await target.drain()
                if _is_time(pair, direction):
                    self._strike(pair, target)
                    if target.transport.is_closing() or pair.half == direction:
                        return
            if not pair.swallows:
                target.close()

    def _strike(self, pair: Pair, target: asyncio.StreamWriter) -> None:
        match pair.trouble.kind:
            case "cut":
                pair.cut()
            case "half-close":
                target.write_eof()
                pair.half = pair.trouble.direction
            case "black hole":
                pair.swallows = True
        pair.trouble = CALM


def _is_time(pair: Pair, direction: int) -> bool:
    kind, where, after = pair.trouble
    return kind in {"cut", "half-close", "black hole"} and where == direction and pair.passed[direction] >= after


def _pieces(data: bytes, pair: Pair, direction: int) -> Iterator[bytes]:
    """What is passed on of it, up to the byte at which the trouble begins."""
    kind, where, after = pair.trouble
    before = pair.passed[direction]
    pair.passed[direction] += len(data)
    if kind == "split" and before < MOST_SPLIT:
        yield from (data[place : place + 1] for place in range(len(data)))
    elif _is_time(pair, direction) and where == direction:
        yield data[: max(0, after - before)]
    else:
        yield data
