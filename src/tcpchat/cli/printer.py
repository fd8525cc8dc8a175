"""Lines on their way to a stream that may be slow, or that nobody reads any more."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

MOST_UNWRITTEN = 1_000
"""Lines that may wait for a slow reader; then nothing more is taken from the server."""


class OutputClosed(Exception):
    """Nobody reads what we write (``| head -1``)."""


class Printer:
    """Writes what has piled up in one go, so that a file or a slow reader is not asked for every single line."""

    def __init__(self, writer: Any) -> None:
        self.closed = False
        """Whether nobody reads it any more."""
        self._error: OSError | None = None
        self._writer = writer
        self._lines: list[str] = []
        self._some = asyncio.Event()
        self._progress = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def put(self, lines: Iterable[str]) -> None:
        """Lines to be written. Waits while too many are."""
        if not self.closed:
            self._lines += lines
            self._some.set()
        await self._fewer_than(MOST_UNWRITTEN)

    async def close(self) -> None:
        """When all is written, or cannot be."""
        await self._fewer_than(1)
        self._task.cancel()
        await asyncio.wait([self._task])

    def check(self) -> None:
        """Whether all could be written so far.

        :raises OutputClosed: if nobody reads it.
        :raises OSError: if it cannot be written for another reason, such as a full disk.
        """
        if self.closed:
            raise OutputClosed if self._error is None else self._error

    async def abandoned(self) -> None:
        """Until nothing more can be written; as far as the system tells, even if nothing is.

        :raises OutputClosed: if nobody reads it.
        :raises OSError: if it is for another reason.
        """
        gone = asyncio.create_task(_gone(self._writer))
        try:
            await asyncio.wait([self._task, gone], return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        self.check()
        raise OutputClosed

    async def _fewer_than(self, most: int) -> None:
        while len(self._lines) >= most and not self.closed:
            self._progress.clear()
            await self._progress.wait()

    async def _run(self) -> None:
        while not self.closed:
            await self._some.wait()
            self._some.clear()
            lines = len(self._lines)
            self.closed = not await self._written("".join(f"{line}\n" for line in self._lines))
            del self._lines[:lines]
            self._progress.set()

    async def _written(self, text: str) -> bool:
        if self._writer.is_closing():
            return False
        try:
            self._writer.write(text.encode("utf-8", "replace"))
            await self._writer.drain()
        except ConnectionError:
            return False
        except OSError as error:
            self._error = error
            return False
        return True


async def _gone(writer: Any) -> None:
    """Until the other end of a pipe is closed. Of anything else that is seen only when something is written."""
    if isinstance(writer, asyncio.StreamWriter):
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    else:
        await asyncio.get_running_loop().create_future()
