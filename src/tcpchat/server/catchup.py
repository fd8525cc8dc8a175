"""How one who fell behind gets everything after all: in pages, from the log, from where it stopped."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from tcpchat.backend.base import Backend, Unavailable
from tcpchat.chat.user import Encoding, User
from tcpchat.model import names
from tcpchat.model.events import LOGGED, Event, Gone, Joined, Left, Renamed
from tcpchat.model.records import Read, log_of
from tcpchat.server.outbox import Outbox

PAGE = 200
"""Entries read at a time."""


class Behind(Protocol):
    """A session, as far as catching up needs it."""

    @property
    def outbox(self) -> Outbox: ...

    @property
    def encoding(self) -> Encoding: ...


class CatchUp:
    """What one session has missed since its outbox was full: where each log stopped, and who sat in each room then."""

    def __init__(self, user: User, missed: list[Event]) -> None:
        """`missed` are the first events that were not sent."""
        self._user = user
        self._next: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._seats: dict[str, set[str]] = {}
        self._own: list[Event] = []
        """What one did oneself: no more than one asked for, and nothing that could be told as a difference."""
        self._nicks = {user.nick}
        self._unseen: list[Event] | None = []
        """What was missed before `run` looked at the seats: the rest of a batch comes after its first chunk."""
        self.miss(missed)

    def miss(self, events: Iterable[Event]) -> None:
        """These were not sent either."""
        for event in events:
            if self._unseen is not None:
                self._unseen.append(event)
            if isinstance(event, LOGGED):
                log = log_of(event)
                self._next.setdefault(log, event.number)
                self._last[log] = event.number
            elif self._is_own(event):
                self._own.append(event)

    async def run(self, session: Behind, backend: Backend) -> None:
        """Send all that was missed, as fast as it is read.

        When it returns nothing is missing, and in the same turn of the loop the session must be fed live again.

        :raises ConnectionError: if the link is gone.
        :raises Unavailable: if the log cannot be read.
        """
        self._look_at_the_seats()
        await session.outbox.flushed()
        while self._next:
            for log, number in list(self._next.items()):
                last = self._last[log]  # what is in the log beyond it is yet to be fed
                page = await backend.read(Read(log, PAGE, before=last + 1, after=number - 1))
                if not page or page[0].number > number:
                    raise Unavailable("You read so slowly that what you missed is not kept any more.")
                self._send(session, log, page)
                self._next[log] = page[-1].number + 1
                if self._next[log] > self._last[log]:
                    del self._next[log]
                await session.outbox.flushed()
        changes = [*self._own, *self._changes()]
        session.outbox.put(b"".join(map(session.encoding.write, changes)))

    def _send(self, session: Behind, log: str, page: list[LOGGED]) -> None:
        user, encoding = self._user, session.encoding
        if may_hear(user, log):
            wanted = (event for event in page if event.by != user.nick or type(event) in encoding.own)
            session.outbox.put(b"".join(map(encoding.write, wanted)))

    def _look_at_the_seats(self) -> None:
        """Now that no batch is being fed: as they are, without what was missed."""
        unseen, self._unseen = self._unseen or [], None
        self._seats = {folded: {member.nick for member in room.members} for folded, room in self._user.rooms.items()}
        for event in reversed(unseen):
            self._undo(event)

    def _undo(self, event: Event) -> None:
        """The seats as they were before the event."""
        match event:
            case Joined(by=by, room=name):
                self._seats.get(names.fold(name), set()).discard(by)
            case Left(by=by, room=name):
                self._seats.get(names.fold(name), set()).add(by)
            case Gone(by=by):
                for seats in self._seats.values():
                    seats.add(by)
            case Renamed(by=by, to=to):
                for seats in self._seats.values():
                    if to in seats:
                        seats.remove(to)
                        seats.add(by)

    def _is_own(self, event: Event) -> bool:
        if isinstance(event, Renamed) and {event.by, event.to} & self._nicks:
            self._nicks |= {event.by, event.to}
        return getattr(event, "by", "") in self._nicks

    def _changes(self) -> Iterator[Event]:
        """Who else came and who went meanwhile; a change of name looks like both."""
        for folded, room in self._user.rooms.items():
            before = self._seats.get(folded, set()) - self._nicks
            now = {member.nick: member for member in room.members if member is not self._user}
            for nick in sorted(before - now.keys()):
                yield Left(room=room.name, by=nick)
            for nick, user in now.items():
                if nick not in before:
                    yield Joined(room=room.name, by=user.nick, origin=user.origin, name=user.name)


def may_hear(user: User, log: str) -> bool:
    """Whether one may still be sent a log's entries: while one is in the room. A conversation is one's own."""
    return not names.is_room(log) or log in user.rooms
