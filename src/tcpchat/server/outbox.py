"""What one client has yet to receive: bounded in bytes, filled by the hub, sent by one pump."""

import asyncio
from asyncio import StreamWriter

HIGH_WATER = 65_536
LOW_WATER = 16_384
"""Between these the stream's own buffer may fill and drain, in bytes."""


class Outbox:
    """A queue of chunks before a stream. Nothing waiting: a chunk goes straight to the stream.

    While the stream is behind, chunks wait here, and one task, the pump, passes them on; in one write,
    whatever has piled up. The pump lives only as long as something waits.
    """

    __slots__ = ("_limit", "_pump", "_queue", "_size", "_taken", "_total", "_transport", "_waited", "_writer")

    def __init__(self, writer: StreamWriter, limit: int) -> None:
        self._writer = writer
        self._transport = writer.transport
        self._transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._limit = limit
        self._queue: list[bytes] = []
        self._size = 0
        self._pump: asyncio.Task[None] | None = None
        self._total = 0
        self._taken = 0
        self._waited = False

    @property
    def full(self) -> bool:
        """Whether as much waits as may."""
        return self._size >= self._limit

    @property
    def waiting(self) -> int:
        """How many bytes wait here, besides those in the stream's own buffer."""
        return self._size

    def progress(self) -> bool:
        """Whether the other end took something that had to wait, since this was last asked: a sign of life."""
        waiting = self._size + self._transport.get_write_buffer_size()
        taken, self._taken = self._taken, self._total - waiting
        waited, self._waited = self._waited, waiting > 0
        return waited and self._taken > taken

    def put(self, chunk: bytes) -> None:
        """Take a chunk, never wait. Who could do without it asks `full` first."""
        self._total += len(chunk)
        if self._queue or self._transport.get_write_buffer_size() > LOW_WATER:
            self._queue.append(chunk)
            self._size += len(chunk)
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
        self._queue.clear()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])

    async def _drain(self) -> None:
        try:
            while self._queue:
                await self._writer.drain()
                chunks, self._queue, self._size = self._queue, [], 0
                self._writer.write(b"".join(chunks))
        except OSError:
            self._queue.clear()  # the session reads of the end by itself
        finally:
            self._size = 0
            self._pump = None
