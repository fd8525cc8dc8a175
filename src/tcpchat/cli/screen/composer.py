"""The line that is typed: it grows with what is pasted, so that one sees what one sends."""

from collections.abc import Callable, Mapping

from textual import events
from textual.binding import NoBinding
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tcpchat.cli.screen.typed import Typed
from tcpchat.model.text import showable

MOST_PASTED = 65_536
"""Bytes."""


class Answer(Input):
    """One line that answers a question, perhaps hidden."""

    def __init__(self, keys: Mapping[str, Callable[[], object]]) -> None:
        super().__init__(compact=True, select_on_focus=False)
        self.cursor_blink = False
        self.display = False
        self._keys = keys

    def _on_hide(self, event: events.Hide) -> None:
        _unless_back(self, event)

    async def _on_key(self, event: events.Key) -> None:
        if not await _done_now(self, event, self._keys):
            await super()._on_key(event)


class Composer(TextArea):
    """Enter sends, Tab completes, the arrows up and down go through what was typed before."""

    class Sent(Message):
        """A line, or several, were typed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Told(Message):
        """Something is said about a key."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Offered(Message):
        """What Tab could make of the word before the cursor."""

        def __init__(self, candidates: list[str], chosen: int) -> None:
            super().__init__()
            self.candidates, self.chosen = candidates, chosen

    def __init__(
        self, typed: Typed, candidates: Callable[[str], list[str]], keys: Mapping[str, Callable[[], object]]
    ) -> None:
        """`candidates`: how the text before the cursor may go on; each replaces its last word. `keys`: what others do.

        All keys are done here. Textual's bindings are done at another time than characters are put in, and what is
        typed fast would be done in another order.
        """
        super().__init__(soft_wrap=True, show_line_numbers=False, compact=True, highlight_cursor_line=False)
        self.cursor_blink = False
        self._typed = typed
        self._keys = keys
        self._candidates = candidates
        self._cycle: list[str] = []
        self._chosen = 0
        self._replaced = ""
        self._sought: str | None = None
        """What is looked for in what was typed before, while Ctrl-R is pressed again and again."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key not in {"tab", "shift+tab"}:
            self._cycle = []
        if event.key != "ctrl+r":
            self._sought = None
        act = _KEYS.get(event.key)
        if act is not None and act(self):
            _settle(event)
        elif not await _done_now(self, event, self._keys):
            await super()._on_key(event)

    async def _on_hide(self, event: events.Hide) -> None:  # type: ignore[override]
        _unless_back(self, event)

    async def _on_paste(self, event: events.Paste) -> None:
        """See `TextArea`. Terminals send line ends as they like; the last one is nobody's."""
        event.prevent_default()
        event.stop()
        if len(event.text.encode()) > MOST_PASTED:
            self.post_message(self.Told("That is more than any server takes as one message. Nothing was pasted."))
            return
        text = "\n".join(showable(line) for line in event.text.splitlines())
        self.replace(text, *self.selection, maintain_selection_offset=False)

    def put(self, text: str) -> None:
        """Have another text, and the cursor behind it."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    # keys; each says whether it did something

    def _send(self) -> bool:
        text = self.text
        if text.strip():
            self.load_text("")
            self._typed.add(text)
            self.post_message(self.Sent(text))
        return True

    def _break(self) -> bool:
        self.replace("\n", *self.selection, maintain_selection_offset=False)
        return True

    def _cut_before(self) -> bool:
        """Ctrl-U: the whole line, however many rows it takes, and not only this row of it."""
        row, column = self.cursor_location
        self.delete((row, 0), (row, column))
        return True

    def _cut_behind(self) -> bool:
        """Ctrl-K."""
        row, column = self.cursor_location
        self.delete((row, column), (row, len(self.document.get_line(row))))
        return True

    def _earlier(self) -> bool:
        if not self.cursor_at_first_line:
            return False
        return self._recall(self._typed.earlier(self.text))

    def _later(self) -> bool:
        if not self.cursor_at_last_line:
            return False
        return self._recall(self._typed.later())

    def _find(self) -> bool:
        again = self._sought is not None
        part = self._sought = self._sought if self._sought is not None else self.text
        found = self._typed.find(part, again=again)
        self.post_message(self.Told("Ctrl-R: the one before." if found is not None else "Nothing else fits."))
        return self._recall(found)

    def _recall(self, text: str | None) -> bool:
        if text is not None:
            self.put(text)
        return True

    def _next(self) -> bool:
        return self._complete(1)

    def _previous(self) -> bool:
        return self._complete(-1)

    def _complete(self, step: int) -> bool:
        """The first candidate, then the next ones; all replace the same word."""
        row, column = self.cursor_location
        if not self._cycle:
            before = "\n" * row + self.document.get_line(row)[:column]
            self._cycle, self._chosen = self._candidates(before), -1 if step > 0 else 0
            self._replaced = before.rpartition(" ")[2].lstrip("\n")
        if self._cycle:
            self._chosen = (self._chosen + step) % len(self._cycle)
            chosen = self._cycle[self._chosen]
            self.replace(chosen, (row, column - len(self._replaced)), (row, column), maintain_selection_offset=False)
            self._replaced = chosen
        self.post_message(self.Offered(self._cycle, self._chosen))
        return True


async def _done_now(widget: Widget, event: events.Key, keys: Mapping[str, Callable[[], object]]) -> bool:
    """Do what the key is for, ours or Textual's, before any key that was typed after it. :returns: whether it was."""
    if event.key in keys:
        _settle(event)
        keys[event.key]()
        return True
    try:
        bindings = widget._bindings.get_bindings_for_key(event.key)
    except NoBinding:
        return False
    _settle(event)
    for binding in bindings[:1]:
        await widget.run_action(binding.action)
    return True


def _unless_back(widget: Widget, event: events.Hide) -> None:
    """What is hidden lets go of the keys; but not if it is there again by now."""
    if widget.display:
        event.prevent_default()


def _settle(event: events.Key) -> None:
    """Nobody else does anything about it."""
    event.stop()
    event.prevent_default()


_KEYS: dict[str, Callable[[Composer], bool]] = {
    "enter": Composer._send,
    "shift+enter": Composer._break,
    "alt+enter": Composer._break,
    "ctrl+j": Composer._break,
    "ctrl+u": Composer._cut_before,
    "ctrl+k": Composer._cut_behind,
    "up": Composer._earlier,
    "down": Composer._later,
    "ctrl+r": Composer._find,
    "tab": Composer._next,
    "shift+tab": Composer._previous,
}
