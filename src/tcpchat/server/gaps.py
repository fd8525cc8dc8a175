"""What is missing of a log, or of all one's conversations, and how it is read: in pages, and in its order."""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from msgspec.structs import replace

from tcpchat.backend.base import Backend
from tcpchat.chat.room import Room
from tcpchat.chat.user import place_of
from tcpchat.model import names
from tcpchat.model.events import LOGGED, Event, Moved, RoomRenamed, Skipped
from tcpchat.model.records import Read, Span, nothing

PAGE = 200
"""Entries read at a time."""

FIRST_PAGE = 50
"""How many are tried first; then it depends on how long they are."""

PAGE_CHARACTERS = 50_000
"""What may wait for one who reads slowly, of one page, about."""

LINE_CHARACTERS = 200
"""What an entry costs besides its text, about."""

MOST_RENAMINGS = 100
"""How often a room may be renamed while one does not read, before what was said between is skipped."""


class Source(NamedTuple):
    """Where what is missing is read, for whom, and how many entries of one log they may be behind."""

    backend: Backend
    session: str
    nick: str
    behind: int


class Gap:
    """What is missing of one log: the entries from `next` to `last`. A room keeps its log when it is renamed."""

    def __init__(self, log: str, room: Room | None, first: int, last: int, partner: str = "") -> None:
        """`partner` is the other one of a conversation."""
        self._log = log
        self._status = log[:1] if room is not None and not names.is_room(log) else ""
        self.room = room
        self.next = first
        self.last = last
        self.partner = partner
        self._moved: dict[int, Moved] = {}
        """What is told instead of the entries by which the room was renamed, by their numbers."""
        self._untold = 0
        """The entries up to this number are not told."""
        self._wanted = FIRST_PAGE

    @property
    def log(self) -> str:
        """What the log is called now."""
        return self._log if self.room is None else self._status + names.fold(self.room.name)

    @property
    def open(self) -> bool:
        """Whether something is missing."""
        return self.next <= self.last

    def moved(self, event: Moved) -> None:
        """The room is called otherwise from this entry on."""
        if len(self._moved) == MOST_RENAMINGS:
            event = replace(event, was=next(iter(self._moved.values())).was)
            self._moved.clear()
            self._untold = event.number
        self._moved[event.number] = event

    async def read(self, source: Source, most: int = PAGE) -> list[Event]:
        """What is to be told next, of `most` entries at most. It counts as told.

        Nothing beyond the gap, which is yet to be fed.

        :raises Unavailable: if the log cannot be read.
        """
        last = self.last
        start = max(self.next, self._untold + 1, last - source.behind + 1)
        page = await self._page(source, min(most, self._wanted), start, last)
        if not page:
            return self._skip(last)
        self.partner = self.partner or _partner(page[0], source.nick)
        told = self._skip(page[0].number - 1) if page[0].number > self.next else []
        page = fitting(page)
        self._wanted = min(PAGE, 2 * len(page))
        self.next = page[-1].number + 1
        return [*told, *self._told(page)]

    async def _page(self, source: Source, limit: int, start: int, last: int) -> list[LOGGED]:
        """The next entries that are kept."""
        page: list[LOGGED] = []
        for _ in range(2):
            page = await source.backend.read(Read(self.log, limit, before=last + 1, after=start - 1))
            if page and page[0].number == start:
                break
            await source.backend.record(nothing(source.session))  # a room that was renamed on disk has its name then
        return page

    def _skip(self, last: int) -> list[Event]:
        """Go on after the entry `last`; what is told instead."""
        told: list[Event] = [Skipped(target=self._target(), first=self.next, last=last)]
        passed = [self._moved.pop(number) for number in list(self._moved) if number <= last]
        if passed:
            told.append(replace(passed[-1], was=passed[0].was))
        self.next = last + 1
        return told

    def _target(self) -> str:
        """What the log is called by the one who misses something of it, at this place."""
        if self.room is None:
            return self.partner
        return self._status + next((moved.was for moved in self._moved.values()), self.room.name)

    def _told(self, page: list[LOGGED]) -> Iterator[Event]:
        """The entries as they were told to others: under the name that the room had then, until it was renamed."""
        renamings = [(number, moved.was) for number, moved in self._moved.items()]
        for event in page:
            if isinstance(event, RoomRenamed):
                if (moved := self._moved.pop(event.number, None)) is not None:
                    yield moved
                continue
            then = next((room for number, room in renamings if number > event.number), "")
            yield replace(event, room=then) if then and hasattr(event, "room") else event


class Replay(Gap):
    """What was there before the connection: told under the name that the room had when one came in."""

    def __init__(self, span: Span, room: Room | None, partner: str = "") -> None:
        super().__init__(span.log, room, span.first, span.last, partner)
        self._name = "" if room is None else room.name

    def _told(self, page: list[LOGGED]) -> Iterator[Event]:
        for event in page:
            named = {"room": self._name} if self._name and not isinstance(event, RoomRenamed) else {}
            yield replace(event, replayed=True, **named)


class Talks:
    """The gaps of all one's conversations, told in the one order in which it was said."""

    room: None = None
    log = "@"
    """As that of any conversation: it is one's own."""

    def __init__(self) -> None:
        self.gaps: dict[str, Gap] = {}
        self._ahead: dict[str, deque[Event]] = {}
        """What was read already, of each."""
        self._heads: list[tuple[int, str]] = []
        """A heap: the place of the first event that was read, and of which conversation."""

    @property
    def open(self) -> bool:
        """Whether something is missing."""
        return bool(self.gaps)

    async def read(self, source: Source) -> list[Event]:
        """What is to be told next. It counts as told.

        :raises Unavailable: if the log cannot be read.
        """
        await self._read_ahead(source)
        told: list[Event] = []
        while self._heads and len(told) < PAGE:
            _, log = heappop(self._heads)
            told.append(self._ahead[log].popleft())
            if self._ahead[log]:
                self._push(log)
            elif self.gaps[log].open:
                break  # what comes next in it may be older than what was read of the others
            else:
                del self._ahead[log], self.gaps[log]
        return told

    async def _read_ahead(self, source: Source) -> None:
        """The next of every conversation; of many, little of each."""
        for log, gap in list(self.gaps.items()):
            if not self._ahead.get(log):
                self._ahead[log] = deque(await gap.read(source, max(1, PAGE // len(self.gaps))))
                self._push(log)

    def _push(self, log: str) -> None:
        event = self._ahead[log][0]
        heappush(self._heads, (place_of(event.id), log))  # what was skipped has no place: it is told at once


def fitting(page: list[LOGGED]) -> list[LOGGED]:
    """The first entries, as many as may wait; one at least. The others are read again."""
    size = 0
    for place, event in enumerate(page):
        size += LINE_CHARACTERS + len(getattr(event, "text", ""))
        if place and size > PAGE_CHARACTERS:
            return page[:place]
    return page


def _partner(event: LOGGED, nick: str) -> str:
    """The other one of a conversation."""
    return event.by if event.by != nick else getattr(event, "to", "")
