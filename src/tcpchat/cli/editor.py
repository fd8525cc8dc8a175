"""The line that is typed: its keys, its history, how it may go on, and what is pasted into it."""

import os
import re
import signal
import sys
from collections.abc import Callable
from typing import NamedTuple

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal, run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout.containers import Window
from prompt_toolkit.output import create_output
from prompt_toolkit.search import stop_search
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from tcpchat.cli.candidates import described
from tcpchat.cli.colours import Palette, hex_of
from tcpchat.cli.history import history
from tcpchat.cli.keyboard import AioconsoleInput, keyboard
from tcpchat.cli.prompt import PLAIN, QUIET, Part, choices_row
from tcpchat.cli.rows import cut
from tcpchat.cli.secret import Question

SHORT = 1 / 3
"""Of a row: a prompt leaves as much space."""

MOST_PASTED = 65_536
"""Bytes: more than any server takes as one message, and more than can be edited in one row."""

TURNS: dict[tuple[str, ...], str] = {
    **{("escape", f"{number % 10}"): f"{number}" for number in range(1, 11)},
    ("c-n",): "next",
    ("c-p",): "previous",
    ("escape", "a"): "unread",
}
"""Keys that lead to another conversation: to one with a number, to a neighbour, or to where something is unread."""


class Round(NamedTuple):
    """What was typed when Tab was pressed; how its last word may go on, round and round; and which of it is chosen."""

    typed: Document
    found: list[str]
    chosen: int

    @property
    def document(self) -> Document:
        """With the chosen one."""
        before = self.typed.text_before_cursor.rpartition(" ")
        start = f"{before[0]}{before[1]}{self.found[self.chosen]}"
        return Document(f"{start}{self.typed.text_after_cursor}", len(start))

    def is_at(self, document: Document) -> bool:
        """Whether nothing was typed since. A single one is done with."""
        return len(self.found) > 1 and document == self.document

    def turned(self, step: int) -> "Round":
        """At the next one."""
        return self._replace(chosen=(self.chosen + step) % len(self.found))


class Editor:
    """One, at the terminal, for as long as the program runs."""

    def __init__(self, question: Question, palette: Palette | None) -> None:
        self._question = question
        self._palette = palette
        self._half_typed = Document()
        self._pasted: str | None = None
        self._before_paste = Document()
        self._interrupted = False
        self._round = Round(Document(), [], 0)
        self._tabbed = False
        """Whether Tab was pressed in this line: then it is said what its command does."""
        self.candidates: Callable[[str], list[str]] = lambda before: []
        """What the last word may become."""
        self.turn: Callable[[str], None] = lambda where: None
        """What a key of `TURNS` does."""
        self.tell: Callable[[str], None] = lambda text: None
        """How something is said about a key."""

    async def open(self) -> None:
        """Take the terminal."""
        self._input = await keyboard()
        self._output = create_output(sys.stdout)
        self._output.enable_cpr = False  # type: ignore[attr-defined] # else every line would wait for the terminal
        self._session = self._new_session(self._bindings())

    async def close(self) -> None:
        """Read no more."""
        if isinstance(self._input, AioconsoleInput):
            await self._input.stop()

    def fail(self, error: Exception) -> None:
        """There was a fault, with which whoever waits for a line ends."""
        if isinstance(self._input, AioconsoleInput):
            self._input.fail(error)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the terminal."""
        size = self._output.get_size()
        return size.columns, size.rows

    async def line(self, prompt: Callable[[], list[Part]]) -> str:
        """The next line that is typed, behind a prompt that may change meanwhile.

        :raises EOFError: if whoever types wants to leave.
        :raises Exception: what `fail` was told.
        """
        half_typed, self._half_typed = self._half_typed, Document()
        try:
            line = await self._session.prompt_async(
                lambda: [*self._help(), *self._asked(prompt)],
                default=half_typed,
                set_exception_handler=False,
                handle_sigint=False,
            )
        except EOFError:
            if isinstance(self._input, AioconsoleInput) and self._input.fault is not None:
                raise self._input.fault from None
            raise
        self._tabbed = self._interrupted = False
        return line

    def put_aside(self) -> None:
        """Something is asked: what is half typed comes back after the answer."""
        self._half_typed = self._buffer.document
        self._buffer.reset()

    def put_back(self, typed: str) -> None:
        """The arrow up finds it."""
        history = self._session.history
        if history.get_strings()[-1:] != [typed]:
            history.append_string(typed)
        if not self._buffer.text:
            self._buffer.reset()  # else it would look at the history only before the next line

    async def above(self, written: Callable[[], str]) -> None:
        """Write above the prompt, which then is drawn again with what is half typed."""
        async with in_terminal():
            self._output.write_raw(written())
            self._output.flush()

    @property
    def _buffer(self) -> Buffer:
        return self._session.default_buffer

    def _new_session(self, bindings: KeyBindings) -> PromptSession[str]:
        session: PromptSession[str] = PromptSession(
            input=self._input,
            output=self._output,
            history=history(self._question),
            key_bindings=bindings,
            style=self._style(),
            complete_while_typing=False,
            erase_when_done=True,
            reserve_space_for_menu=0,
            interrupt_exception=EOFError,  # asyncio does not let a KeyboardInterrupt through in peace
            is_password=Condition(lambda: self._question.wanted and self._question.hidden),
            wrap_lines=False,  # a prompt of several rows would be repeated at every resizing
        )
        for window in session.layout.find_all_windows():
            window.get_horizontal_scroll = self._scrolled
        return session

    def _scrolled(self, window: Window) -> int:
        """By how many columns. A short line is shown from its beginning, even where a long one stood just now."""
        columns, _ = self.size
        return 0 if get_cwidth(self._buffer.text) < columns * SHORT else window.horizontal_scroll

    def _style(self) -> Style | None:
        if self._palette is None:
            return None
        return Style.from_dict(
            {"quiet": hex_of(self._palette.quiet), "called": f"bold {hex_of(self._palette.accent)}", "here": "bold"}
        )

    # above and before what is typed

    def _asked(self, prompt: Callable[[], list[Part]]) -> list[Part]:
        if self._pasted is None:
            return prompt()
        return [(PLAIN, f"Send these {self._pasted.count(chr(10)) + 1} lines as one message? y/n ")]

    def _help(self) -> list[Part]:
        """While Tab completes: what the command does, or how else the word may go on."""
        columns, _ = self.size
        row = "" if self._question.wanted or not self._tabbed else described(self._buffer.text)
        if not row and self._round.is_at(self._buffer.document):
            row = choices_row(self._round.found, self._round.chosen, columns)
        return [(QUIET, f"{cut(row, columns - 1)}\n")] if row else []

    # keys

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        asking = Condition(lambda: self._pasted is not None)
        bindings.add("tab")(self._complete)
        bindings.add("s-tab")(self._complete_backward)
        bindings.add("c-c")(self._interrupt)
        bindings.add("c-z")(self._suspend)
        bindings.add(Keys.BracketedPaste)(self._paste)
        for keys, where in TURNS.items():
            bindings.add(*keys)(self._turning(where))
        bindings.add(Keys.Any, filter=asking, eager=True)(lambda event: None)
        for key in ("y", "Y"):
            bindings.add(key, filter=asking, eager=True)(self._send_paste)
        for key in ("n", "N", "c-c", "c-d", "c-g", "enter", "escape"):
            bindings.add(key, filter=asking, eager=True)(self._drop_paste)
        return bindings

    def _turning(self, where: str) -> Callable[[KeyPressEvent], None]:
        def turn(event: KeyPressEvent) -> None:
            if not self._question.wanted:
                self.turn(where)

        return turn

    def _interrupt(self, event: KeyPressEvent) -> None:
        """Ctrl-C takes away what is typed; another one leaves."""
        self._question.answer("")
        if event.app.layout.is_searching:
            stop_search()
            return
        if self._interrupted and not event.current_buffer.text:
            event.app.exit(exception=EOFError())
            return
        self._interrupted = True
        self._tabbed = False
        event.current_buffer.reset()
        self.tell("Ctrl-C once more leaves.")

    def _suspend(self, event: KeyPressEvent) -> None:
        """Ctrl-Z."""
        if isinstance(self._input, AioconsoleInput):
            run_in_terminal(self._stopped)

    def _stopped(self) -> None:
        assert isinstance(self._input, AioconsoleInput)
        with self._input.lent():
            os.kill(0, signal.SIGTSTP)

    # completion

    def _complete(self, event: KeyPressEvent) -> None:
        """Tab: the first that fits, then the next one."""
        self._go_on(event.current_buffer, 1)

    def _complete_backward(self, event: KeyPressEvent) -> None:
        """The one before."""
        self._go_on(event.current_buffer, -1)

    def _go_on(self, buffer: Buffer, step: int) -> None:
        if self._question.wanted:
            return
        self._tabbed = True
        if not self._round.is_at(buffer.document):
            before = buffer.document.text_before_cursor
            self._round = Round(buffer.document, self.candidates(before), -1 if step > 0 else 0)
        if self._round.found:
            self._round = self._round.turned(step)
            buffer.document = self._round.document

    # what is pasted

    def _paste(self, event: KeyPressEvent) -> None:
        """One line is typed text; several lines are asked about, because each would be a message of its own."""
        text = re.sub(r"\r\n?", "\n", event.data).strip("\n")
        buffer = event.current_buffer
        whole = f"{buffer.document.text_before_cursor}{text}{buffer.document.text_after_cursor}"
        if len(whole.encode("utf-8", "replace")) > MOST_PASTED:
            self.tell(f"What was pasted is too long for a message, and is not taken: {len(whole)} characters.")
        elif "\n" not in text:
            buffer.insert_text(text)
        elif not self._question.wanted:
            self._before_paste, self._pasted = buffer.document, whole
            buffer.reset()

    def _send_paste(self, event: KeyPressEvent) -> None:
        """A command is only what somebody typed."""
        text = self._answered(event)
        as_typed = not text.startswith("/") or self._before_paste.text.startswith("/")
        event.app.exit(result=text if as_typed else f"/{text}")

    def _drop_paste(self, event: KeyPressEvent) -> None:
        """Nothing is sent; the arrow up finds it."""
        self._answered(event)
        event.current_buffer.reset(self._before_paste)
        self.tell("Nothing was sent; the arrow up brings it back.")

    def _answered(self, event: KeyPressEvent) -> str:
        text, self._pasted = self._pasted or "", None
        event.current_buffer.history.append_string(text)
        return text
