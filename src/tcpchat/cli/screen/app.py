"""The full screen itself: what stands where, and what each key does."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from rich.style import Style
from textual.app import App, ComposeResult, ScreenStackError
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches
from textual.driver import Driver as BaseDriver
from textual.filter import NoColor
from textual.widgets import Static

from tcpchat.cli.screen import palette
from tcpchat.cli.screen.bar import Bar
from tcpchat.cli.screen.composer import Answer, Composer
from tcpchat.cli.screen.doings import Doings
from tcpchat.cli.screen.message_log import MessageLog
from tcpchat.cli.screen.page import Item, Own, Page
from tcpchat.cli.screen.rows import Piece
from tcpchat.cli.screen.sidebar import People, Rooms
from tcpchat.cli.screen.typed import Typed
from tcpchat.cli.show import label, unread_of
from tcpchat.client.view import Conversation, View
from tcpchat.model.events import Redacted
from tcpchat.model.text import showable

BATCH_SECONDS = 0.03
"""What comes within this time is drawn at once."""

LEAVE_SECONDS = 2.0
"""Within this time, another Ctrl-C leaves."""

PROMPT = "› "
HELP = (
    "Tab completes", "Ctrl-N/P room", "F2 unread", "PgUp scrolls", "F6 mouse", "/help", "Ctrl-D leaves",
)  # fmt: skip
"""What is said of the keys. Where there is no room for all of it, the last remain."""
OURS = "The mouse is ours: it scrolls, and chooses rooms. F6 gives it back."
THEIRS = "The mouse is the terminal's: it selects, and opens links. F6 takes it."
SMALL = "This window is too small for the full screen. It needs 30 columns and 8 rows."


class ScreenApp(App[None]):
    """Draws a `View`. Whoever changes it says so: `happened`, `show`, `changed`."""

    CSS_PATH = "screen.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-thin"), (30, "-narrow"), (60, "-middle"), (90, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-low"), (14, "-tall")]  # noqa: RUF012

    def __init__(self, view: View, doings: Doings, typed: Typed, *, colours: str = "auto", mouse: bool = True) -> None:
        """`colours`: see `palette.fitting`."""
        super().__init__(driver_class=_driver())
        self.view = view
        self._doings = doings
        self._typed = typed
        self._colours = palette.fitting(colours)
        if self._colours == "none":
            self._filters = [NoColor()]
        self._mouse = mouse
        self._pages: dict[Conversation, Page] = {}
        self._waits = False
        self._interrupted = 0.0
        self._answer: asyncio.Future[str] | None = None
        self._mounted = asyncio.Event()
        self._hint = ""
        for name, there in palette.PALETTES.items():
            self.register_theme(palette.theme(name, there))
        self.theme = self._colours

    def compose(self) -> ComposeResult:
        """See `App`."""
        with Horizontal(id="body"):
            yield Rooms(self.view, id="rooms")
            with Vertical(id="talk"):
                yield Bar(id="topic")
                yield MessageLog(id="log")
                yield Bar(id="status")
                with Horizontal(id="line"):
                    yield Static(PROMPT, id="prompt", markup=False)
                    yield Composer(self._typed, self._doings.candidates, self._keys())
                    yield Answer(
                        self._keys() | {"ctrl+c": self._answered, "escape": self._answered, "ctrl+d": self.exit}
                    )
            yield People(self.view, id="people")
        yield Bar(id="keys")
        yield Static(SMALL, id="small", markup=False)

    def on_mount(self) -> None:
        """See `App`."""
        asyncio.get_running_loop().set_task_factory(None)  # Textual's own changes the order of everybody's tasks
        self._colour()
        self.screen.set_focus(self.query_one(Composer))
        self.app_resume_signal.subscribe(self, lambda _: self.draw_again())
        self._draw()
        self._mounted.set()

    # what there is to see

    def page(self, conversation: Conversation) -> Page:
        """What is seen of a conversation."""
        if conversation not in self._pages:
            self._pages = {one: self._pages[one] for one in self.view if one in self._pages}
            self._pages[conversation] = Page(self.view, conversation)
        return self._pages[conversation]

    def happened(self, item: Item, conversations: Iterable[Conversation]) -> None:
        """It belongs to these; they know of it already."""
        for conversation in conversations:
            if conversation in self._pages:
                self._pages[conversation].add(item)
            if isinstance(item, Redacted):
                self.reload(conversation)
        self.changed()

    def add(self, items: Iterable[Item], conversation: Conversation | None = None) -> None:
        """Lines for the user, in a conversation, or the one that is seen."""
        if (conversation := conversation or self.view.current) is not None:
            self.page(conversation).add(*items)
        self.changed()

    def reload(self, conversation: Conversation) -> None:
        """Its past is known now, or is another one."""
        if conversation in self._pages:
            self._pages[conversation].reload()
        self.changed()

    def hint(self, text: str) -> None:
        """A few words in the last row, until something else is typed."""
        self._hint = text
        self.changed()

    def changed(self) -> None:
        """Something is not the same any more; it is drawn in a moment, with what else there is by then."""
        if not self._waits and self._mounted.is_set():
            self._waits = True
            self.call_later(self._soon)  # a timer that somebody else's task sets dies with it

    def _soon(self) -> None:
        self.set_timer(BATCH_SECONDS, self._draw)

    def on_resize(self) -> None:
        """Other things have room now."""
        self.changed()

    def _draw(self) -> None:
        if getattr(self._driver, "behind", False):
            self._soon()
            return
        self._waits = False
        with contextlib.suppress(NoMatches, ScreenStackError):  # it is over, and some of it is gone already
            self._draw_all()

    def _draw_all(self) -> None:
        self._draw_page()
        self.query_one("#topic", Bar).put(self._topic())
        self.query_one("#status", Bar).put(self._status())
        self.query_one("#keys", Bar).put([(self._hint or keys_in(self.size.width - 2), Style())])
        self.query_one(Rooms).changed()
        self.query_one(People).changed()

    def _draw_page(self) -> None:
        log, current = self.query_one(MessageLog), self.view.current
        if current is None:
            return
        page = self.page(current)
        page.pending = [Own(showable(text), "pending", "…") for text in self._doings.pending(current)]
        if log.page is not page:
            log.open(page)
        else:
            log.changed()

    def _topic(self) -> Iterator[Piece]:
        here = self.view.current
        if here is None:
            yield "You are in no room: /join #lobby", Style()
            return
        yield label(here.name), Style(bold=True)
        yield showable(f"  {here.topic}").replace("\n", " "), Style(color=self._palette.dim)

    def _status(self) -> Iterator[Piece]:
        log, accent = self.query_one(MessageLog), Style(color=self._palette.accent)
        link = Style() if self._doings.connected else Style(color=self._palette.alarm)
        below = f"↓ {log.missed} new" if log.missed else "↓ more below" if log.top is not None else ""
        who = showable(f"{self.view.me} @ {self._doings.address}")
        elsewhere = "  ".join(map(unread_of, self.view.elsewhere)) if self.screen.has_class("-narrow") else ""
        words = ((below, accent), (elsewhere, accent), (who, Style()), (self._doings.state, link))
        for number, (word, style) in enumerate([one for one in words if one[0]]):
            yield f"{' · ' * (number > 0)}{word}", style

    @property
    def _palette(self) -> palette.Palette:
        return palette.PALETTES[self._colours]

    def _colour(self) -> None:
        self.query_one(MessageLog).palette = self._palette
        self.query_one(Rooms).palette = self._palette
        self.query_one(People).palette = self._palette

    async def ask(self, question: str, *, hidden: bool) -> str:
        """What is typed next, and shown only if it is not `hidden`; empty if nothing is. What is half typed stays."""
        await self._mounted.wait()
        self._answer = asyncio.get_running_loop().create_future()
        self.call_later(self._ask, showable(question), hidden)
        try:
            return await self._answer
        finally:
            self.call_later(self._asked)

    def _ask(self, question: str, hidden: bool) -> None:
        answer = self.query_one(Answer)
        answer.value, answer.password = "", hidden
        self._line(question, answer)

    def _asked(self) -> None:
        self._line(PROMPT, self.query_one(Composer))

    def _line(self, prompt: str, wanted: Composer | Answer) -> None:
        """The line to type is this one, with something before it."""
        self.query_one("#prompt", Static).update(prompt)
        for one in (self.query_one(Composer), self.query_one(Answer)):
            one.display = one is wanted
        self.screen.set_focus(wanted)  # at once, for what is typed next

    def _answered(self, text: str = "") -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(text)

    def _fatal_error(self) -> None:
        """See `App`. What it would print shows what variables hold, passwords too; who runs this says what it was."""
        self._close_messages_no_wait()

    # what the user does

    def on_input_submitted(self, message: Answer.Submitted) -> None:
        """A question was answered."""
        self._answered(message.value)

    def on_composer_sent(self, message: Composer.Sent) -> None:
        """A line was typed."""
        self._hint = ""
        self.query_one(MessageLog).to_end()
        self._doings.typed(message.text)
        self.changed()

    def on_text_area_changed(self) -> None:
        """Something is being typed."""
        if text := self.query_one(Composer).text:
            self._hint = self._doings.usage(text)
        self.changed()

    def on_composer_offered(self, message: Composer.Offered) -> None:
        """Tab was pressed."""
        text = message.candidates[message.chosen] if message.candidates else ""
        self.hint(self._doings.usage(text.strip()) or offered(message.candidates, message.chosen))

    def on_composer_told(self, message: Composer.Told) -> None:
        """Something is to be said about a key."""
        self.hint(message.text)

    def on_rooms_chosen(self, message: Rooms.Chosen) -> None:
        """A conversation was clicked on."""
        self._switch(message.conversation)

    def _switch(self, conversation: Conversation | None) -> None:
        if conversation is not None:
            self._doings.look(conversation)
            self.changed()

    def _keys(self) -> dict[str, Callable[[], object]]:
        """What each does."""
        return {key: partial(act, self, *arguments) for key, (act, *arguments) in KEYS.items()}

    def beside(self, step: int) -> None:
        """The next conversation."""
        self._switch(self.view.beside(step))

    def switch_to(self, place: int) -> None:
        """The conversation at that place."""
        self._switch(next(iter(list(self.view)[place : place + 1]), None))

    def unread(self) -> None:
        """The next one in which something is unread: where one is meant first."""
        self._switch(next(iter(self.view.elsewhere), None))

    def page_by(self, pages: int) -> None:
        """Further up or down in the messages."""
        self.query_one(MessageLog).scroll_pages(pages)
        self.changed()

    def to_end(self) -> None:
        """To the latest message."""
        self.query_one(MessageLog).to_end()
        self.changed()

    def give_mouse(self) -> None:
        """Leave the mouse to the terminal, for selecting and clicking on links; or take it again."""
        self._mouse = not self._mouse
        if (take := getattr(self._driver, "take_mouse", None)) is not None:
            take(self._mouse)
        self.hint(OURS if self._mouse else THEIRS)

    def other_palette(self) -> None:
        """Dark or light."""
        self._colours = {"dark": "light", "light": "dark"}.get(self._colours, "none")
        self.theme = self._colours
        self._colour()
        self.changed()

    def interrupt(self) -> None:
        """Ctrl-C takes away what is typed; another one leaves."""
        composer, now = self.query_one(Composer), time.monotonic()
        if not composer.text and now - self._interrupted < LEAVE_SECONDS:
            self.exit()
        self._interrupted = now
        composer.put("")
        self.hint("Ctrl-C once more leaves.")

    def draw_again(self) -> None:
        """Something else wrote on the terminal."""
        self.refresh(layout=True)

    def stop(self) -> None:
        """Give the terminal to the shell, until it wants us back."""
        self.action_suspend_process()

    def leave(self) -> None:
        """Ctrl-D leaves if nothing is typed; else it takes away the character under the cursor.

        Who leaves lines behind is told so first.
        """
        composer = self.query_one(Composer)
        warning = left_behind(self._doings.unsent)
        if composer.text:
            composer.action_delete_right()
        elif warning in {"", self._hint}:
            self.exit()
        else:
            self.hint(warning)


def left_behind(lines: int) -> str:
    """What is said to somebody who leaves; empty if nothing is lost."""
    those = "1 line is" if lines == 1 else f"{lines} lines are"
    return f"{those} not stored yet. Ctrl-D again leaves all the same." if lines else ""


def keys_in(columns: int) -> str:
    """What there is room for of what is said of the keys."""
    texts = ("  ".join(HELP[first:]) for first in range(len(HELP)))
    return next((text for text in texts if len(text) <= columns), "")


def _driver() -> type[BaseDriver] | None:
    """Windows' consoles are driven by Textual's own."""
    if sys.platform == "win32":
        return None
    from tcpchat.cli.screen.driver import Driver

    return Driver


def offered(candidates: list[str], chosen: int) -> str:
    """``[carol:]  caroline:``"""
    words = [f"[{one.strip()}]" if number == chosen else one.strip() for number, one in enumerate(candidates)]
    return "  ".join(words) or "Nothing fits."


KEYS: dict[str, tuple[Any, ...]] = {
    "ctrl+n": (ScreenApp.beside, 1),
    "ctrl+p": (ScreenApp.beside, -1),
    "alt+down": (ScreenApp.beside, 1),
    "alt+up": (ScreenApp.beside, -1),
    "f2": (ScreenApp.unread,),
    "alt+a": (ScreenApp.unread,),
    **{f"alt+{number % 10}": (ScreenApp.switch_to, number - 1) for number in range(1, 11)},
    "pageup": (ScreenApp.page_by, -1),
    "pagedown": (ScreenApp.page_by, 1),
    "escape": (ScreenApp.to_end,),
    "f6": (ScreenApp.give_mouse,),
    "f7": (ScreenApp.other_palette,),
    "ctrl+l": (ScreenApp.draw_again,),
    "ctrl+z": (ScreenApp.stop,),
    "ctrl+c": (ScreenApp.interrupt,),
    "ctrl+d": (ScreenApp.leave,),
    "ctrl+q": (ScreenApp.exit,),
}
