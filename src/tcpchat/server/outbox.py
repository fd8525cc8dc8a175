"""What one client has yet to receive: bounded in bytes, filled by the hub, sent by one pump."""

import asyncio
from asyncio import StreamWriter
from collections import deque

HIGH_WATER = 65_536
LOW_WATER = 16_384
"""Between these the stream's own buffer may fill and drain, in bytes."""

SUBSTANTIAL = 16_384
"""Bytes that may wait for anybody, however much waits for the others."""


class Budget:
    """What waits for all clients together, in bytes."""

    __slots__ = ("most", "used")

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0


class Outbox:
    """A queue of chunks before a stream. Nothing waiting: a chunk goes straight to the stream.

    While the stream is behind, chunks wait here, the same objects for all who are to get them, and one task, the
    pump, passes them on; in one write, as much as the stream takes. The pump lives only as long as something waits.
    """

    __slots__ = ("_budget", "_limit", "_pump", "_queue", "_size", "_stuck", "_taken", "_total", "_transport", "_writer")

    def __init__(self, writer: StreamWriter, limit: int, budget: Budget) -> None:
        """
        :param limit: how many bytes may wait, and of what may wait for all, `budget`, none may be left.
        """
        self._writer = writer
        self._transport = writer.transport
        self._transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._limit = limit
        self._budget = budget
        self._queue: deque[bytes] = deque()
        self._size = 0
        self._pump: asyncio.Task[None] | None = None
        self._total = 0
        self._taken = 0
        self._stuck: float | None = None

    @property
    def full(self) -> bool:
        """Whether as much waits as may."""
        return self._size >= self._limit or (self._size >= SUBSTANTIAL and self._budget.used >= self._budget.most)

    @property
    def waiting(self) -> int:
        """How many bytes wait here, besides those in the stream's own buffer."""
        return self._size

    def stuck(self, now: float) -> float | None:
        """For how many seconds the other end took nothing of what waits; None: nothing waits.

        It is as exact as it is often asked.
        """
        waiting = self._size + self._transport.get_write_buffer_size()
        taken, self._taken = self._taken, self._total - waiting
        if not waiting:
            self._stuck = None
            return None
        if self._stuck is None or self._taken > taken:
            self._stuck = now
        return now - self._stuck

    def put(self, chunk: bytes) -> None:
        """Take a chunk, never wait. Who could do without it asks `full` first."""
        self._total += len(chunk)
        if self._queue or self._transport.get_write_buffer_size() > LOW_WATER:
            self._queue.append(chunk)
            self._count(len(chunk))
            if self._pump is None:
                self._pump = asyncio.get_running_loop().create_task(self._drain())
        elif not self._transport.is_closing():
            self._transport.write(chunk)

    async def flushed(self) -> None:
        """Wait until nothing waits here any more and the stream has room.

        :raises ConnectionError: if the link is gone.
        """
        if self._pump is not None:
            await asyncio.shield(self._pump)
        await self._writer.drain()

    async def close(self) -> None:
        """Stop the pump, and forget what waited."""
        self._forget()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])

    async def _drain(self) -> None:
        try:
            while self._queue:
                await self._writer.drain()
                self._writer.write(self._next())
        except OSError:
            pass  # the session reads of the end by itself
        finally:
            self._forget()
            self._pump = None

    def _next(self) -> bytes:
        """The first chunks, about as many as the stream takes, as one."""
        chunks, size = [], 0
        while self._queue and size < HIGH_WATER:
            chunks.append(self._queue.popleft())
            size += len(chunks[-1])
        self._count(-size)
        return b"".join(chunks)

    def _count(self, more: int) -> None:
        self._size += more
        self._budget.used += more

    def _forget(self) -> None:
        self._queue.clear()
        self._count(-self._size)
