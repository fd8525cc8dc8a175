"""A terminal: what happens is written above a line that is typed. aioconsole reads, prompt_toolkit draws."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from tcpchat.cli.candidates import candidates
from tcpchat.cli.colours import fitting, painted
from tcpchat.cli.editor import Editor
from tcpchat.cli.preferences import Preferences
from tcpchat.cli.prompt import PLAIN, QUIET, Link, Part, parts, pending_rows
from tcpchat.cli.rows import cut, rows_of
from tcpchat.cli.secret import Question
from tcpchat.cli.show import Line, marked, notice
from tcpchat.cli.talk import Talk
from tcpchat.cli.transcript import BELL, Transcript, rings
from tcpchat.client.view import Conversation, View
from tcpchat.model.events import Event
from tcpchat.model.text import showable

BATCH_SECONDS = 0.03
"""What comes within this time is shown at once: each time, the prompt is taken away and drawn again."""

MOST_FAILED_ROWS = 3
"""So much of a line that was not said is shown; the arrow up brings all of it back."""

LEAVING_SECONDS = 1.0
"""How long the server may take to store the last lines before it is asked whether to leave all the same."""


class Terminal:
    """A `Face`."""

    person = True
    hint = "Type and press Enter. /help  Tab completes  Ctrl-D leaves"
    keys: tuple[str, ...] = (
        "Alt-1 to Alt-9, Ctrl-N, Ctrl-P: other conversations. Alt-A: what is new.",
        "Ctrl-R: find what you typed. Ctrl-L: an empty screen.",
    )
    patient = True

    def __init__(self, preferences: Preferences) -> None:
        self.patience = 3.0
        self._preferences = preferences
        self._palette = fitting(preferences.colours)
        self._transcript = Transcript(names_rooms=False)
        self._view = View("")
        self._lines: list[Line] = []
        self._bell = False
        self._some = asyncio.Event()
        self._talk: Talk | None = None
        self._question = Question()
        self._turning: set[asyncio.Task[None]] = set()
        self._leaving = False
        """Whether it was said that something is not stored yet."""
        self._editor = Editor(self._question, self._palette)
        self._editor.candidates = self._candidates
        self._editor.turn = self._turn
        self._editor.tell = self._tell

    async def open(self) -> None:
        """Take the terminal."""
        await self._editor.open()
        self._printing = asyncio.create_task(self._print_batches())
        self._printing.add_done_callback(self._printed)

    async def close(self) -> None:
        """Show what there still is, and give the terminal back."""
        self._printing.cancel()
        await asyncio.wait([self._printing])
        await self._editor.above(self._batch)
        await self._editor.close()

    def see(self, view: View) -> None:
        """From now on this is what comes into view."""
        self._view = view

    async def happened(self, event: Event, where: list[Conversation]) -> None:
        """See `Face`."""
        self._bell = self._bell or rings(self._view, event, self._preferences.bell)
        await self.show(self._transcript.happened(self._view, event, where))

    async def opened(self, conversation: Conversation, items: list[Event], told: Iterable[Line]) -> None:
        """See `Face`."""
        await self.show(self._transcript.opened(self._view, conversation, items, told))

    async def show(self, lines: Iterable[Line]) -> None:
        """See `Face`."""
        self._lines += lines
        self._some.set()

    warn = show

    async def failed(self, typed: str, why: Iterable[Line]) -> None:
        """See `Face`. The arrow up finds it."""
        columns, _ = self._editor.size
        shown = [line._replace(text=cut(line.text, columns)) for line in marked("!", typed)[:MOST_FAILED_ROWS]]
        await self.show([*shown, *why])
        self._editor.put_back(typed)

    def refresh(self) -> None:
        """See `Face`. The prompt is drawn again, with what there is to show by then."""
        self._some.set()

    async def read(self, talk: Talk) -> None:
        """Pass on what is typed, until its end."""
        self._talk = talk
        while await self._next(talk) or not await self._may_leave(talk):
            pass

    async def ask(self, question: str) -> str:
        """What is typed next; empty if nothing is. What was half typed before comes back after it."""
        return await self._ask(question, hidden=False)

    async def secret(self, question: str) -> str:
        """See `Face`."""
        return await self._ask(question, hidden=True)

    async def _ask(self, question: str, *, hidden: bool) -> str:
        self._editor.put_aside()
        self._some.set()
        return await self._question.ask(question, hidden=hidden)

    async def _next(self, talk: Talk) -> bool:
        """Pass on the next line. :returns: whether there may be another."""
        try:
            line = await self._editor.line(self._prompt)
        except EOFError:
            return False
        self._leaving = False
        if self._question.wanted:
            self._question.answer(line)
            return True
        return await talk.typed(line)

    async def _may_leave(self, talk: Talk) -> bool:
        """Whether all is stored, or whoever leaves was told that it is not."""
        if self._leaving:
            self.patience = 0.0
            return True
        if talk.connected:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVING_SECONDS):
                    await talk.done()
        if not talk.waiting:
            return True
        self._leaving = True
        lines = "1 line is" if talk.waiting == 1 else f"{talk.waiting} lines are"
        self._tell(f"{lines} not stored yet. Ctrl-D again leaves all the same.")
        return False

    def _prompt(self) -> list[Part]:
        """``ann #lobby> ``, below what was typed before and is not done yet."""
        assert self._talk is not None
        if self._question.wanted:
            return [(PLAIN, showable(self._question.text))]
        columns, rows = self._editor.size
        pending = [(QUIET, f"{row}\n") for row in pending_rows(self._talk.pending, columns, rows - 2)]
        return [*pending, *parts(self._view, Link(self._talk.connected, self._talk.waiting), columns)]

    # what is shown

    async def _print_batches(self) -> None:
        while await self._some.wait():
            await self._editor.above(self._batch)
            await asyncio.sleep(BATCH_SECONDS)

    def _printed(self, printing: "asyncio.Task[None]") -> None:
        """It ends only at the end, or by a fault."""
        error = None if printing.cancelled() else printing.exception()
        if isinstance(error, Exception):
            self._editor.fail(error)

    def _batch(self) -> str:
        """What there is to show by now."""
        self._some.clear()
        lines, self._lines = self._lines, []
        bell, self._bell = BELL if self._bell else "", False
        columns, _ = self._editor.size
        return "".join(f"{row}\n" for line in lines for row in self._rows(line, columns)) + bell

    def _rows(self, line: Line, columns: int) -> list[str]:
        rows = rows_of(line.text, columns, line.hang)
        return painted(line, rows, self._palette, own=self._view.is_me(line.nick))

    # keys

    def _tell(self, text: str) -> None:
        self._lines += notice(text)
        self._some.set()

    def _candidates(self, before: str) -> list[str]:
        return candidates(self._view, before, self._talk.ignored if self._talk is not None else ())

    def _turn(self, where: str) -> None:
        """Look at another conversation at once, whatever waits."""
        to = _TURNS[where](self._view) if where in _TURNS else _numbered(self._view, int(where))
        if self._talk is None or to is None or to is self._view.current:
            return
        task = asyncio.create_task(self._talk.turn(to))
        self._turning.add(task)
        task.add_done_callback(self._turning.discard)


def _numbered(view: View, number: int) -> Conversation | None:
    return next((one for place, one in enumerate(view, 1) if place == number), None)


_TURNS: dict[str, Callable[[View], Conversation | None]] = {
    "next": lambda view: view.beside(1),
    "previous": lambda view: view.beside(-1),
    "unread": lambda view: next(iter(view.elsewhere), None),
}
