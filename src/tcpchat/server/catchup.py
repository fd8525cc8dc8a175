"""How one who fell behind gets everything after all: in pages, from the log, from where it stopped."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec.structs import replace

from tcpchat.backend.base import Backend, Unavailable
from tcpchat.chat.access import hearable
from tcpchat.chat.room import Room
from tcpchat.chat.user import Encoding, User
from tcpchat.model import names
from tcpchat.model.events import (
    LOGGED,
    Event,
    Gone,
    HostChanged,
    Invited,
    Joined,
    Kicked,
    Left,
    LoggedIn,
    MarkerSet,
    Moved,
    NameSet,
    Noticed,
    Renamed,
    RoomRenamed,
    Walloped,
    WentAway,
)
from tcpchat.model.records import Read, log_of, nothing
from tcpchat.server.outbox import Outbox

PAGE = 200
"""Entries read at a time."""

MOST_PERSONAL = 1_000
"""How much that was meant for one alone, and is not in the log, is kept for one who does not read."""


MOST_RENAMINGS = 100
"""Rooms that are renamed while one does not read."""


class Behind(Protocol):
    """A session, as far as catching up needs it."""

    @property
    def session(self) -> str: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def encoding(self) -> Encoding: ...


class _Gap:
    """What is missing of one log: the entries from `next` to `last`. A room keeps its log when it is renamed."""

    def __init__(self, log: str, room: Room | None, number: int) -> None:
        self._log = log
        self._status = log[:1] if room is not None and not names.is_room(log) else ""
        self.room = room
        self.next = self.last = number

    @property
    def log(self) -> str:
        """What the log is called now."""
        return self._log if self.room is None else self._status + names.fold(self.room.name)


class CatchUp:
    """What one session has missed since its outbox was full: where each log stopped, and who sat in each room then."""

    def __init__(self, user: User, missed: list[Event]) -> None:
        """`missed` are the first events that were not sent."""
        self._user = user
        self._gaps: dict[str | tuple[Room, str], _Gap] = {}
        self._seats: dict[Room, set[str]] = {}
        self._own: list[Event] = []
        """What one did oneself: no more than one asked for, and nothing that could be told as a difference."""
        self._personal: dict[tuple[type[Event], str], Event] = {}
        """The latest of what was meant for one alone, by what it was about."""
        self._moved: dict[int, Moved] = {}
        """What is told instead of the entries by which rooms were renamed, by their numbers."""
        self._lost = False
        """Whether so much was missed that it cannot be told any more."""
        self._nicks = {user.nick}
        self._unseen: list[Event] | None = []
        """What was missed before `run` looked at the seats: the rest of a batch comes after its first chunk."""
        self.miss(missed)

    def miss(self, events: Iterable[Event]) -> None:
        """These were not sent either."""
        for event in events:
            if self._unseen is not None:
                self._unseen.append(event)
            if isinstance(event, Moved):
                self._moved[event.number] = event
                self._lost = len(self._moved) > MOST_RENAMINGS
                self._miss_entry(names.fold(event.room), event.number)
            elif isinstance(event, Kicked) and event.nick in self._nicks:
                self._own.append(event)  # its log is not one's business any more
            elif isinstance(event, LOGGED) and event.number:
                self._miss_entry(log_of(event), event.number)
            elif self._is_own(event):
                self._own.append(event)
            elif (about := _personal(event)) and len(self._personal) < MOST_PERSONAL:
                self._personal[type(event), about] = event

    def _miss_entry(self, log: str, number: int) -> None:
        room = self._user.rooms.get(log.lstrip("@+"))
        gap = self._gaps.setdefault((room, log[:1]) if room is not None else log, _Gap(log, room, number))
        gap.last = number

    async def run(self, session: Behind, backend: Backend) -> None:
        """Send all that was missed, as fast as it is read.

        When it returns nothing is missing, and in the same turn of the loop the session must be fed live again.

        :raises ConnectionError: if the link is gone.
        :raises Unavailable: if the log cannot be read.
        """
        self._look_at_the_seats()
        await session.outbox.flushed()
        while self._gaps:
            for key, gap in list(self._gaps.items()):
                page = await self._page(session, backend, gap)
                self._send(session, gap, page)
                gap.next = page[-1].number + 1
                if gap.next > gap.last:
                    del self._gaps[key]
                await session.outbox.flushed()
        changes = [*self._own, *self._changes(), *self._personal.values()]
        session.outbox.put(b"".join(map(session.encoding.write, changes)))

    async def _page(self, session: Behind, backend: Backend, gap: _Gap) -> list[LOGGED]:
        """The next entries; none beyond the gap, which are yet to be fed."""
        for _ in range(2):
            page = await backend.read(Read(gap.log, PAGE, before=gap.last + 1, after=gap.next - 1))
            if page and page[0].number == gap.next and not self._lost:
                return page
            await backend.record(nothing(session.session))  # a room that was renamed on disk has its name then
        raise Unavailable("You read so slowly that what you missed is not kept any more.")

    def _send(self, session: Behind, gap: _Gap, page: list[LOGGED]) -> None:
        user, encoding = self._user, session.encoding
        if gap.room is not None:
            self._note_kicks(gap.room, page)
        if page := hearable(user, gap.log, page):
            told = self._told(page)
            wanted = (event for event in told if getattr(event, "by", "") != user.nick or type(event) in encoding.own)
            session.outbox.put(b"".join(map(encoding.write, wanted)))

    def _told(self, page: list[LOGGED]) -> Iterator[Event]:
        """The entries as they were told to others: under the name that the room had then, until it was renamed."""
        renamings = [(event.number, event.room) for event in page if isinstance(event, RoomRenamed)]
        for event in page:
            if isinstance(event, RoomRenamed):
                if (moved := self._moved.pop(event.number, None)) is not None:
                    yield moved
                continue
            then = next((room for number, room in renamings if number > event.number), "")
            yield replace(event, room=then) if then and hasattr(event, "room") else event

    def _note_kicks(self, room: Room, page: list[LOGGED]) -> None:
        """Those who were put out are told with the entries, not as a difference."""
        for event in page:
            if isinstance(event, Kicked):
                self._seats.get(room, set()).discard(event.nick)

    def _look_at_the_seats(self) -> None:
        """Now that no batch is being fed: as they are, without what was missed."""
        unseen, self._unseen = self._unseen or [], None
        rooms = dict(self._user.rooms)
        self._seats = {room: {member.nick for member in room.members} for room in rooms.values()}
        for event in reversed(unseen):
            self._undo(event, rooms)

    def _undo(self, event: Event, rooms: dict[str, Room]) -> None:
        """The seats as they were before the event; and the rooms, by the names they had."""
        match event:
            case Joined(by=by, room=name):
                self._in(name, rooms).discard(by)
            case Left(by=by, room=name):
                self._in(name, rooms).add(by)
            case Gone(by=by):
                for seats in self._seats.values():
                    seats.add(by)
            case Renamed(by=by, to=to):
                for seats in self._seats.values():
                    if to in seats:
                        seats.remove(to)
                        seats.add(by)
            case Moved(was=was, room=name) if names.fold(name) in rooms:
                rooms[names.fold(was)] = rooms.pop(names.fold(name))

    def _in(self, name: str, rooms: dict[str, Room]) -> set[str]:
        room = rooms.get(names.fold(name))
        return set() if room is None else self._seats[room]

    def _is_own(self, event: Event) -> bool:
        if isinstance(event, Renamed) and {event.by, event.to} & self._nicks:
            self._nicks |= {event.by, event.to}
        return getattr(event, "by", "") in self._nicks

    def _changes(self) -> Iterator[Event]:
        """Who else came and who went meanwhile; a change of name looks like both."""
        for room in self._user.rooms.values():
            before = self._seats.get(room, set()) - self._nicks
            now = {member.nick: member for member in room.members if member is not self._user}
            for nick in sorted(before - now.keys()):
                yield Left(room=room.name, by=nick)
            for nick, user in now.items():
                if nick not in before:
                    yield user.signs(Joined, room=room.name, name=user.name, away=user.away)


def _personal(event: Event) -> str:
    """What an event is about that is not in the log, and of which the latest is worth telling; empty for others."""
    match event:
        case Noticed(by=by):
            return names.fold(by)
        case Invited(room=room):
            return names.fold(room)
        case MarkerSet(target=target):
            return names.fold(target)
        case Walloped(time=time):
            return str(time)
        case WentAway(by=by) | LoggedIn(by=by) | NameSet(by=by) | HostChanged(by=by):
            return names.fold(by)
    return ""
