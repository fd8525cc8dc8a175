"""What one client has yet to receive: bounded in bytes, filled by the hub, sent by one pump."""

import asyncio
import logging
from asyncio import StreamWriter
from collections import deque
from contextlib import suppress

HIGH_WATER = 65_536
LOW_WATER = 16_384
"""Between these the stream's own buffer may fill and drain, in bytes."""

SUBSTANTIAL = 16_384
"""Bytes that may wait for anybody, however much waits for the others."""

log = logging.getLogger(__name__)


class Budget:
    """What waits for all clients together, in bytes."""

    __slots__ = ("most", "used")

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0


class Outbox:
    """A queue of chunks before a stream. Nothing waiting: a chunk goes straight to the stream.

    While the stream is behind, chunks wait here, the same objects for all who are to get them, and one task, the
    pump, passes them on; in one write, as much as the stream takes. Queue and pump are there while something waits.
    """

    __slots__ = ("_budget", "_limit", "_pump", "_queue", "_size", "_stuck", "_transport", "_untaken", "_writer")

    def __init__(self, writer: StreamWriter, limit: int, budget: Budget) -> None:
        """
        :param limit: how many bytes may wait, and of what may wait for all, `budget`, none may be left.
        """
        self._writer = writer
        self._transport = writer.transport
        self._transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._limit = limit
        self._budget = budget
        self._queue: deque[bytes] | None = None
        self._size = 0
        self._pump: asyncio.Task[None] | None = None
        self._untaken = 0
        """How much would wait if nothing had been taken since this was last looked at."""
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
        untaken, self._untaken = self._untaken, waiting
        if not waiting:
            self._stuck = None
            return None
        if self._stuck is None or waiting < untaken:
            self._stuck = now
        return now - self._stuck

    def offer(self, chunk: bytes) -> bool:
        """Take a chunk; False if as much waits as may. Never waits. Nearly everything that is sent comes this way."""
        if self._pump is None and not self._transport.get_write_buffer_size():
            self._stuck = None
            try:  # noqa: SIM105 (`suppress` would cost more than all the rest)
                self._transport.write(chunk)
            except RuntimeError:  # it is closed; the session reads of that by itself
                pass
            return True
        if self.full:
            return False
        self._put_behind(chunk)
        return True

    def put(self, chunk: bytes) -> None:
        """Take a chunk, however much waits. Never waits."""
        if self._pump is None and not self._transport.get_write_buffer_size():
            self._stuck = None
            self._write(chunk)
        else:
            self._put_behind(chunk)

    async def flushed(self) -> None:
        """Wait until nothing waits here any more and the stream has room.

        :raises ConnectionError: if the link is gone.
        """
        if self._pump is not None:
            await asyncio.shield(self._pump)
        await self._writer.drain()

    async def close(self) -> None:
        """Stop the pump, and forget what waited."""
        pump = self._pump
        self._forget()
        if pump is not None:
            pump.cancel()
            await asyncio.wait([pump])

    def _write(self, chunk: bytes) -> None:
        with suppress(RuntimeError):  # it is closed; the session reads of that by itself
            self._transport.write(chunk)

    def _put_behind(self, chunk: bytes) -> None:
        self._untaken += len(chunk)
        if self._queue is None:
            if self._transport.get_write_buffer_size() <= LOW_WATER:
                self._write(chunk)
                return
            self._queue = deque()
            self._pump = asyncio.get_running_loop().create_task(self._drain(self._queue))
        self._queue.append(chunk)
        self._count(len(chunk))

    async def _drain(self, queue: deque[bytes]) -> None:
        try:
            while queue:
                await self._writer.drain()
                self._writer.write(self._next(queue))
        except OSError:
            abort(self._transport)  # the session reads of the end by itself
        except Exception:
            log.exception("a client could not be sent what waited for it")
            abort(self._transport)  # there is a hole now; nothing may follow it
        finally:
            self._forget()

    def _next(self, queue: deque[bytes]) -> bytes:
        """The first chunks, about as many as the stream takes, as one."""
        chunks, size = [], 0
        while queue and size < HIGH_WATER:
            chunks.append(queue.popleft())
            size += len(chunks[-1])
        self._count(-size)
        return b"".join(chunks)

    def _count(self, more: int) -> None:
        self._size += more
        self._budget.used += more

    def _forget(self) -> None:
        self._queue = self._pump = None
        self._count(-self._size)


def abort(transport: asyncio.WriteTransport) -> None:
    """Close at once, whatever waits."""
    with suppress(AttributeError):  # asyncio's, if it was closed while something waited: it has no loop any more
        transport.abort()
