"""Lines in, lines out, and no byte that controls a terminal: for pipes, files, dumb terminals, and who wants it so."""

import asyncio
import contextlib
import sys
from collections.abc import Iterable

from tcpchat.cli import streams
from tcpchat.cli.preferences import Preferences
from tcpchat.cli.printer import OutputClosed, Printer
from tcpchat.cli.secret import Question
from tcpchat.cli.show import Line, notice
from tcpchat.cli.talk import Talk
from tcpchat.cli.transcript import BELL, Transcript, rings
from tcpchat.client.client import LinkLost
from tcpchat.client.view import Conversation, View
from tcpchat.model.events import Event
from tcpchat.model.replies import Refused
from tcpchat.wire.framing import Lines

MOST_LINE_BYTES = 65_536
"""More than any server takes; a line without an end shall not fill the memory."""


class Plain:
    """A `Face`."""

    hint = "Type and press Enter. /help  Ctrl-D leaves"
    keys: tuple[str, ...] = ()
    patient = False
    """Whether one waits for a server that is not there yet."""
    patience = 60.0
    """Seconds without anything being stored after which one gives up, when there is nothing more to read."""

    def __init__(self, preferences: Preferences, *, teletype: bool) -> None:
        """`teletype`: somebody types, at a terminal."""
        self.person = teletype
        self._preferences = preferences
        self._transcript = Transcript(names_rooms=True)
        self._question = Question()
        self._view = View("")

    def see(self, view: View) -> None:
        """From now on this is what comes into view."""
        self._view = view

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

    async def happened(self, event: Event, where: list[Conversation]) -> None:
        """See `Face`. That the link is lost does not belong among what was said."""
        lines = self._transcript.happened(self._view, event, where)
        if isinstance(event, LinkLost):
            await self.warn(lines)
            return
        bell = BELL if self.person and rings(self._view, event, self._preferences.bell) else ""
        await self._print(lines, bell)

    async def opened(self, conversation: Conversation, items: list[Event], told: Iterable[Line]) -> None:
        """See `Face`. A pipe is told of what happens from now on only."""
        if self.person:
            await self._print(self._transcript.opened(self._view, conversation, items, told))

    async def show(self, lines: Iterable[Line]) -> None:
        """See `Face`.

        :raises OutputClosed: if nobody can see them. What comes through a pipe is delivered all the same.
        """
        await self._print(lines)

    async def warn(self, lines: Iterable[Line]) -> None:
        """See `Face`. What goes wrong does not belong among what was said."""
        await self._err.put([line.text for line in lines])

    async def failed(self, typed: str, why: Iterable[Line]) -> None:
        """See `Face`. What was typed is there to be read already."""
        await self.warn(why)

    def refresh(self) -> None:
        """See `Face`. What is pending is not shown."""

    async def ask(self, question: str) -> str:
        """The next line that is typed."""
        await self.show(notice(question))
        return await self._question.ask(question, hidden=False)

    async def secret(self, question: str) -> str:
        """Nothing can be typed here that is not shown."""
        raise Refused(
            "no_terminal",
            "Passwords are not typed where they are shown. Start with --account NAME, which asks for it first.",
        )

    async def _print(self, lines: Iterable[Line], bell: str = "") -> None:
        await self._out.put([f"{line.text}{bell}" for line in lines])
        if self._out.closed and self.person:
            raise OutputClosed

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
        if self._question.wanted:
            self._question.answer(text)
            return True
        return await (talk.typed(text) if self.person else talk.typed_in_pipe(text))
