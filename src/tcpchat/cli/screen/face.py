"""The full screen as a face of the chat: what happens is drawn, and what is typed is passed on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from tcpchat.cli.candidates import candidates, described
from tcpchat.cli.commands import COMMANDS
from tcpchat.cli.preferences import Preferences
from tcpchat.cli.screen.app import ScreenApp
from tcpchat.cli.screen.page import Own
from tcpchat.cli.screen.typed import Typed
from tcpchat.cli.secret import history_file
from tcpchat.cli.show import Line, event_lines, notice
from tcpchat.cli.talk import Talk
from tcpchat.cli.transcript import rings
from tcpchat.client.view import Conversation, View
from tcpchat.model.events import Event
from tcpchat.model.text import showable

FAREWELL_SECONDS = 3.0
"""For the terminal to be as it was."""

Wish = Callable[[Talk], Awaitable[object]]


class FullScreen:
    """A `Face`, and the `Doings` of its screen."""

    person = True
    hint = ""
    keys: tuple[str, ...] = (
        "Alt-1 to Alt-9, Ctrl-N, Ctrl-P: other conversations. F2 or Alt-A: what is new.",
        "PgUp, PgDn: through the messages; Esc: to the last. Alt-Enter: another line in the same message.",
        "Ctrl-R: find what you typed. F6: leave the mouse to the terminal. F7: dark or light.",
    )
    patient = True
    patience = 3.0

    def __init__(self, preferences: Preferences, address: str) -> None:
        self._preferences = preferences
        self.address = address
        self._typed = Typed(history_file())
        self._wishes: asyncio.Queue[Wish | None] = asyncio.Queue()
        self._talk: Talk | None = None
        self._log = _ToldHere(self)

    async def open(self) -> None:
        """The terminal is taken when there is something to see."""
        self._log.begin()

    def see(self, view: View) -> None:
        """From now on this is what comes into view. Once."""
        self._app = ScreenApp(view, self, self._typed, colours=self._preferences.colours, mouse=self._preferences.mouse)
        self._running = asyncio.create_task(self._app.run_async(mouse=self._preferences.mouse))
        self._running.add_done_callback(lambda _: self._wishes.put_nowait(None))

    async def close(self) -> None:
        """Give the terminal back."""
        self._log.end()
        self._app.exit()
        await asyncio.wait([self._running], timeout=FAREWELL_SECONDS)

    # what there is to see

    async def happened(self, event: Event, where: list[Conversation]) -> None:
        """See `Face`."""
        if rings(self._app.view, event, self._preferences.bell):
            self._app.bell()
        if not where:
            await self.show(event_lines(event, self._app.view.me))
        self._app.happened(event, where)

    async def opened(self, conversation: Conversation, items: list[Event], told: Iterable[Line]) -> None:
        """See `Face`."""
        self._app.reload(conversation)
        self._app.add(told, conversation)

    async def show(self, lines: Iterable[Line]) -> None:
        """See `Face`."""
        self._app.add(lines)

    async def warn(self, lines: Iterable[Line]) -> None:
        """See `Face`."""
        self._app.add([line._replace(kind="failed") for line in lines])

    async def failed(self, typed: str, why: Iterable[Line]) -> None:
        """See `Face`. The arrow up finds it."""
        self._typed.add(typed)
        self._app.add([Own(showable(typed), "failed", "!")])
        await self.warn(why)

    def refresh(self) -> None:
        """See `Face`."""
        self._app.changed()

    async def ask(self, question: str) -> str:
        """What is typed next; empty if nothing is."""
        return await self._app.ask(question, hidden=False)

    async def secret(self, question: str) -> str:
        """See `Face`."""
        return await self._app.ask(question, hidden=True)

    async def read(self, talk: Talk) -> None:
        """Pass on what is typed, until its end.

        :raises Exception: what the screen ended with, if it did not end well.
        """
        self._talk = talk
        self._app.changed()
        while (wish := await self._wishes.get()) is not None:
            if await wish(talk) is False:
                return
        if self._app._exception is not None:
            raise self._app._exception
        self._running.result()

    # what the screen asks, and tells

    @property
    def connected(self) -> bool:
        """See `Doings`."""
        return self._talk is not None and self._talk.connected

    @property
    def unsent(self) -> int:
        """See `Doings`."""
        return self._talk.waiting if self._talk is not None and not self.connected else 0

    @property
    def state(self) -> str:
        """See `Doings`."""
        talk = self._talk
        link = "connected" if self.connected else "no link" if talk is not None and talk.entered else "connecting"
        waiting = f", {talk.waiting} waiting" if talk is not None and talk.waiting else ""
        return f"{link}{waiting}"

    def pending(self, conversation: Conversation) -> list[str]:
        """See `Doings`."""
        return self._talk.pending_in(conversation.name) if self._talk is not None else []

    def candidates(self, before: str) -> list[str]:
        """See `Doings`."""
        ignored = self._talk.ignored if self._talk is not None else ()
        return candidates(self._app.view, before.rpartition("\n")[2], ignored)

    def usage(self, line: str) -> str:
        """See `Doings`."""
        return described(line) or _commands_like(line)

    def typed(self, line: str) -> None:
        """See `Doings`."""
        self._wishes.put_nowait(lambda talk: talk.typed(line))

    def look(self, at: Conversation) -> None:
        """See `Doings`. In its turn: what was typed before is for where one was then."""
        self._wishes.put_nowait(lambda talk: talk.turn(at))


def _commands_like(line: str) -> str:
    """Those that begin so."""
    if not line.startswith("/") or " " in line:
        return ""
    return "  ".join(f"/{name}" for name in COMMANDS if name.startswith(line[1:].lower()))


class _ToldHere(logging.Handler):
    """What the library has to say goes to the screen, and not across it."""

    def __init__(self, face: FullScreen) -> None:
        super().__init__()
        self._face = face
        self._logger = logging.getLogger("tcpchat.client.trust")
        self._others: list[logging.Handler] = []

    def begin(self) -> None:
        """From now on."""
        self._others, self._logger.handlers = self._logger.handlers, [self]

    def end(self) -> None:
        """No longer."""
        self._logger.handlers = self._others

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        self._face._app.add(notice(record.getMessage()))
