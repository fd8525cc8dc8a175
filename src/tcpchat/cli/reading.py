"""How far one has read: what of a room's past is new to one who comes in, and how the server learns of it."""

import asyncio
import contextlib
import time

from tcpchat.cli.commands import MOST_HISTORY_LINES
from tcpchat.cli.marks import Marks
from tcpchat.cli.show import Line, notice
from tcpchat.client.client import Client
from tcpchat.client.view import Conversation, View, is_new
from tcpchat.model import commands, replies
from tcpchat.model.replies import Refused, Seated
from tcpchat.wire.ignoring import Ignored

PAST_LINES = 10
"""How many of a room's last lines one sees who comes in."""

MOST_MISSED = 100
"""How many, if one was away."""

MARK_SECONDS = 5.0
"""How often the server is told, while one types."""

FAREWELL_SECONDS = 1.0
"""How long one waits to tell it at the end."""


class Reading:
    """Of a person. What it tells the server, it does not wait for."""

    def __init__(self, view: View, marks: Marks, ignored: Ignored) -> None:
        self.chat: Client | None = None
        """Who is told; None: nobody yet."""
        self._view = view
        self._marks = marks
        self._ignored = ignored
        self._next = 0.0
        self._telling: set[asyncio.Task[None]] = set()

    # what is new

    async def catch_up(self, chat: Client, seated: Seated, room: Conversation) -> list[Line]:
        """Have the view know what was said there last, and what of it is new: after the mark, or since one left. What a
        server does not tell is not known.

        :returns: what there is to say about what is not shown.
        """
        read = max(await _marker(chat, seated.room), self._marks.of(seated.room))
        missed = seated.number - seated.left if seated.left_time else 0
        page = await _past(chat, seated, max(PAST_LINES, min(missed, MOST_MISSED)))
        if read and page.events and page.events[0].time > read and len(page.events) < MOST_MISSED:
            page = await _past(chat, seated, MOST_MISSED)
        room.add_past(event for event in page.events if not self._ignored.hides(event))
        known = seated.left if seated.left_time else seated.number
        self._view.since(room, read, known)
        if not (page.more and page.events and is_new(page.events[0], read, known)):
            return []
        return notice(f"More was said since you were here than is shown: /history {MOST_HISTORY_LINES} tells more.")

    # how far one has read

    def types(self) -> None:
        """Whoever types has read what stands above."""
        if self._view.current is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + MARK_SECONDS
            self.mark(self._view.current)

    def mark(self, conversation: Conversation) -> None:
        """Keep how far one has read there, and tell the server; whatever comes of it, one goes on."""
        if conversation.read <= self._marks.of(conversation.name):
            return
        self._marks.set(conversation.name, conversation.read)
        if self.chat is not None and self.chat.connected:
            task = asyncio.create_task(_set_marker(self.chat, conversation.name, conversation.read))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def end(self) -> None:
        """One leaves."""
        if self._view.current is not None:
            self.mark(self._view.current)
        if self._telling:
            await asyncio.wait(self._telling, timeout=FAREWELL_SECONDS)


async def _marker(chat: Client, name: str) -> int:
    with contextlib.suppress(Refused):
        marker = await chat.request(commands.ShowMarker(target=name))
        return marker.time if isinstance(marker, replies.Marker) else 0
    return 0


async def _past(chat: Client, seated: Seated, limit: int) -> replies.Page:
    """What was said before one came in: what is said from then on is told."""
    with contextlib.suppress(Refused):
        page = await chat.request(commands.History(room=seated.room, limit=limit, before=seated.number + 1))
        assert isinstance(page, replies.Page)
        return page
    return replies.Page(room=seated.room, events=[])


async def _set_marker(chat: Client, name: str, read: int) -> None:
    with contextlib.suppress(Refused, ConnectionError):
        await chat.request(commands.SetMarker(target=name, time=read))
