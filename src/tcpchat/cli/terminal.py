"""A terminal: a prompt that keeps what is half typed, history, Tab. aioconsole reads, prompt_toolkit draws."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal, run_in_terminal
from prompt_toolkit.buffer import CompletionState
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import create_output

from tcpchat.cli.colours import fitting, painted
from tcpchat.cli.history import history
from tcpchat.cli.keyboard import AioconsoleInput, keyboard
from tcpchat.cli.preferences import Preferences
from tcpchat.cli.rows import rows_of
from tcpchat.cli.secret import Question
from tcpchat.cli.show import Line, label, marked, notice, unread_of
from tcpchat.cli.tab import Tab
from tcpchat.cli.talk import Talk
from tcpchat.cli.transcript import BELL, Transcript, rings
from tcpchat.client.view import Conversation, View
from tcpchat.model.events import Event
from tcpchat.model.text import showable

BATCH_SECONDS = 0.03
"""What comes within this time is shown at once: each time, the prompt is taken away and drawn again."""

MOST_PENDING_ROWS = 5
"""How many of the lines that are not yet stored are shown above the prompt."""

MOST_PENDING_CHARACTERS = 40
"""Of each of them: a row that wraps when the window gets narrower would be left standing there."""


class Terminal:
    """A `Face`."""

    person = True
    hint = "Type and press Enter. /help  Tab completes  Ctrl-D leaves"
    patient = True
    patience = 3.0

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self._palette = fitting(preferences.colours)
        self._transcript = Transcript(names_rooms=False)
        self._view = View("")
        self._lines: list[Line] = []
        self._bell = False
        self._some = asyncio.Event()
        self._talk: Talk | None = None
        self._pasted: str | None = None
        self._before_paste = Document()
        self._interrupted = False
        self._question = Question()
        self._half_typed = Document()

    async def open(self) -> None:
        """Take the terminal."""
        self._input = await keyboard()
        self._output = create_output(sys.stdout)
        self._output.enable_cpr = False  # type: ignore[attr-defined] # else every line would wait for the terminal
        self._session = self._new_session(history(self._question), self._bindings())
        self._printing = asyncio.create_task(self._print_batches())

    async def close(self) -> None:
        """Show what there still is, and give the terminal back."""
        self._printing.cancel()
        await asyncio.wait([self._printing])
        await self._print()
        if isinstance(self._input, AioconsoleInput):
            await self._input.stop()

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
        await self.show([*marked("!", typed), *why])
        buffer, history = self._session.default_buffer, self._session.history
        if history.get_strings()[-1:] != [typed]:
            history.append_string(typed)
        if not buffer.text:
            buffer.reset()  # else it would look at the history only before the next line

    def refresh(self) -> None:
        """See `Face`. The prompt is drawn again, with what there is to show by then."""
        self._some.set()

    async def read(self, talk: Talk) -> None:
        """Pass on what is typed, until its end."""
        self._talk = talk
        with contextlib.suppress(EOFError):
            while await self._typed(talk, await self._next_line()):
                self._interrupted = False

    async def _typed(self, talk: Talk, line: str) -> bool:
        if self._question.wanted:
            self._question.answer(line)
            return True
        return await talk.typed(line)

    async def ask(self, question: str) -> str:
        """What is typed next; empty if nothing is. What was half typed before comes back after it."""
        return await self._ask(question, hidden=False)

    async def secret(self, question: str) -> str:
        """See `Face`."""
        return await self._ask(question, hidden=True)

    async def _ask(self, question: str, *, hidden: bool) -> str:
        self._half_typed = self._session.default_buffer.document
        self._session.default_buffer.reset()
        self._some.set()
        return await self._question.ask(question, hidden=hidden)

    async def _next_line(self) -> str:
        half_typed, self._half_typed = self._half_typed, Document()
        return await self._session.prompt_async(
            self._prompt,
            default=half_typed,
            completer=Tab(self._talk),
            set_exception_handler=False,
            handle_sigint=False,
        )

    def _new_session(self, history: History, bindings: KeyBindings) -> PromptSession[str]:
        return PromptSession(
            input=self._input,
            output=self._output,
            history=history,
            key_bindings=bindings,
            complete_while_typing=False,
            erase_when_done=True,
            reserve_space_for_menu=0,
            interrupt_exception=EOFError,  # asyncio does not let a KeyboardInterrupt through in peace
            is_password=Condition(lambda: self._question.wanted and self._question.hidden),
            wrap_lines=False,  # a prompt of several rows would be repeated at every resizing
        )

    def _prompt(self) -> str:
        """``ann #lobby> ``, below what was typed before and is not done yet."""
        talk = self._talk
        assert talk is not None
        if self._question.wanted:
            return showable(self._question.text)
        return "\n".join([*_pending_rows(talk.pending), self._where(talk)])

    def _where(self, talk: Talk) -> str:
        if self._pasted is not None:
            return f"Send these {self._pasted.count(chr(10)) + 1} lines as one message? y/n "
        link = "" if talk.connected else f" (no link, {talk.waiting} waiting)" if talk.waiting else " (no link)"
        here = label(talk.view.current.name) if talk.view.current is not None else ""
        unread = [unread_of(one) for one in talk.view.elsewhere]
        return f"{' '.join(filter(None, (showable(talk.me), here, *unread)))}{link}> "

    # what is shown

    async def _print_batches(self) -> None:
        while await self._some.wait():
            await self._print()
            await asyncio.sleep(BATCH_SECONDS)

    async def _print(self) -> None:
        """Above the prompt, which then is drawn again with what is half typed."""
        async with in_terminal():
            self._some.clear()
            lines, self._lines = self._lines, []
            bell, self._bell = BELL if self._bell else "", False
            columns = self._output.get_size().columns
            rows = [row for line in lines for row in self._rows(line, columns)]
            self._output.write_raw("".join(f"{row}\n" for row in rows) + bell)
            self._output.flush()

    def _rows(self, line: Line, columns: int) -> list[str]:
        rows = rows_of(line.text, columns, line.hang)
        return painted(line, rows, self._palette, own=self._view.is_me(line.nick))

    # keys

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        asking = Condition(lambda: self._pasted is not None)
        bindings.add("tab")(self._complete)
        bindings.add("c-c")(self._interrupt)
        bindings.add("c-z")(self._suspend)
        bindings.add(Keys.BracketedPaste)(self._paste)
        bindings.add(Keys.Any, filter=asking, eager=True)(lambda event: None)
        for key in ("y", "Y"):
            bindings.add(key, filter=asking, eager=True)(self._send_paste)
        for key in ("n", "N", "c-c", "c-d", "c-g", "enter", "escape"):
            bindings.add(key, filter=asking, eager=True)(self._drop_paste)
        return bindings

    def _interrupt(self, event: KeyPressEvent) -> None:
        """Ctrl-C takes away what is typed; another one leaves."""
        self._question.answer("")
        if self._interrupted and not event.current_buffer.text:
            event.app.exit(exception=EOFError())
            return
        self._interrupted = True
        event.current_buffer.reset()
        self._lines += notice("Ctrl-C once more leaves.")
        self._some.set()

    def _complete(self, event: KeyPressEvent) -> None:
        """Tab: the first that fits, then the next one."""
        buffer = event.current_buffer
        if buffer.complete_state is not None:
            buffer.complete_next()
            return
        found = list(buffer.completer.get_completions(buffer.document, CompleteEvent(completion_requested=True)))
        if found:
            buffer.complete_state = CompletionState(buffer.document, found)
            buffer.go_to_completion(0)

    def _suspend(self, event: KeyPressEvent) -> None:
        """Ctrl-Z."""
        if isinstance(self._input, AioconsoleInput):
            run_in_terminal(self._stopped)

    def _stopped(self) -> None:
        assert isinstance(self._input, AioconsoleInput)
        with self._input.lent():
            os.kill(0, signal.SIGTSTP)

    def _paste(self, event: KeyPressEvent) -> None:
        """One line is typed text; several lines are asked about, because each would be a message of its own."""
        text = re.sub(r"\r\n?", "\n", event.data).strip("\n")
        buffer = event.current_buffer
        if "\n" not in text:
            buffer.insert_text(text)
            return
        self._before_paste = buffer.document
        self._pasted = f"{buffer.document.text_before_cursor}{text}{buffer.document.text_after_cursor}"
        buffer.reset()

    def _send_paste(self, event: KeyPressEvent) -> None:
        text = self._answered(event)
        event.app.exit(result=f"/{text}" if text.startswith("/") else text)

    def _drop_paste(self, event: KeyPressEvent) -> None:
        """Nothing is sent; the arrow up finds it."""
        self._answered(event)
        event.current_buffer.reset(self._before_paste)
        self._lines += notice("Nothing was sent; the arrow up brings it back.")
        self._some.set()

    def _answered(self, event: KeyPressEvent) -> str:
        text, self._pasted = self._pasted or "", None
        event.current_buffer.history.append_string(text)
        return text


def _pending_rows(typed: list[str]) -> list[str]:
    """``… hello``, one row for each line, and one for the first of those that are too many."""
    hidden = len(typed) - MOST_PENDING_ROWS
    rows = [_preview(marked("\N{HORIZONTAL ELLIPSIS}", one)[0].text) for one in typed[max(0, hidden) :]]
    return [f"\N{HORIZONTAL ELLIPSIS} ({hidden} more before these)", *rows] if hidden > 0 else rows


def _preview(row: str) -> str:
    return (
        row if len(row) <= MOST_PENDING_CHARACTERS else f"{row[: MOST_PENDING_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
    )
