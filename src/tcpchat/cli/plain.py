"""Lines in, lines out, and no byte that controls a terminal: for pipes, files, dumb terminals, and who wants it so."""

import asyncio
import contextlib
import sys
from collections.abc import Iterable
from typing import Any

from tcpchat.cli import streams
from tcpchat.cli.show import notice
from tcpchat.cli.talk import Talk
from tcpchat.model.replies import Refused
from tcpchat.wire.framing import Lines

MOST_LINE_BYTES = 65_536
"""More than any server takes; a line without an end shall not fill the memory."""

MOST_UNWRITTEN = 1_000
"""Lines that may wait for a slow reader; then nothing more is taken from the server."""


class OutputClosed(Exception):
    """Nobody reads what we write (``| head -1``)."""


class Plain:
    """A `Face`."""

    names_rooms = True
    hint = "Type and press Enter. /help  Ctrl-D leaves"
    patience = 60.0
    """Seconds without anything being stored after which one gives up, when there is nothing more to read."""

    def __init__(self, *, teletype: bool) -> None:
        """`teletype`: somebody types, at a terminal."""
        self.person = teletype

    async def open(self) -> None:
        """Before anything is read or shown."""
        if self.person:
            streams.lend_when_stopped()
        self._reader = await streams.reader_of(sys.stdin)
        self._out = Printer(await streams.writer_of(sys.stdout))
        self._err = Printer(await streams.writer_of(sys.stderr))

    async def close(self) -> None:
        """Show what there still is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.patience):
                await self._out.close()
                await self._err.close()

    async def show(self, lines: Iterable[str]) -> None:
        """See `Face`.

        :raises OutputClosed: if nobody can see them. What comes through a pipe is delivered all the same.
        """
        await self._out.put(lines)
        if self._out.closed and self.person:
            raise OutputClosed

    async def warn(self, lines: Iterable[str]) -> None:
        """See `Face`. What goes wrong does not belong among what was said."""
        await self._err.put(lines)

    async def failed(self, typed: str, why: Iterable[str]) -> None:
        """See `Face`. What was typed is there to be read already."""
        await self.warn(why)

    def refresh(self) -> None:
        """See `Face`. What is pending is not shown."""

    async def secret(self, question: str) -> str:
        """Nothing can be typed here that is not shown."""
        raise Refused(
            "no_terminal",
            "Passwords are not typed where they are shown. Start with --account NAME, which asks for it first.",
        )

    async def password_of(self, nick: str, refusal: Refused) -> str:
        """See `Terminal.password_of`. Here nobody is asked."""
        return ""

    async def server_password(self, refusal: Refused) -> str:
        """See `Terminal.server_password`. Here nobody is asked.

        :raises Refused: always.
        """
        raise refusal

    async def another_nick(self, refusal: Refused, *, asked_for: bool) -> str:
        """A name in the place of one that cannot be had.

        :raises Refused: if that one, and no other, was asked for.
        """
        if asked_for or not refusal.suggestion:
            raise refusal
        if self.person:
            await self.warn(notice(f"{refusal.text.partition('.')[0]}. You are {refusal.suggestion}."))
        return refusal.suggestion

    async def read(self, talk: Talk) -> None:
        """Pass on what is typed, until its end."""
        lines = Lines(MOST_LINE_BYTES)
        while data := await streams.read(self._reader):
            for line in lines.feed(data):
                if not await self._typed(talk, line):
                    return
        for line in lines.finish():  # a last line without an end is a line too
            await self._typed(talk, line)

    async def _typed(self, talk: Talk, line: bytes | None) -> bool:
        if line is None:
            await talk.refuse(f"A line of more than {MOST_LINE_BYTES} bytes was not sent.")
            return True
        text = line.decode("utf-8", "replace")
        return await (talk.typed(text) if self.person else talk.typed_in_pipe(text))


class Printer:
    """Writes what has piled up in one go, so that a file or a slow reader is not asked for every single line."""

    def __init__(self, writer: Any) -> None:
        self.closed = False
        """Whether nobody reads it any more."""
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
        except OSError:
            return False
        return True
