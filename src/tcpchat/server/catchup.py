"""How one who fell behind gets everything after all: in pages, from the log, from where it stopped."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from tcpchat.backend.base import Backend
from tcpchat.chat.access import hearable
from tcpchat.chat.room import Room
from tcpchat.chat.user import Encoding, User
from tcpchat.model import names
from tcpchat.model.events import (
    LOGGED,
    Announced,
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
    Walloped,
    WentAway,
)
from tcpchat.model.records import Span, log_of, parties
from tcpchat.server.gaps import Gap, Replay, Source, Talks
from tcpchat.server.outbox import Outbox

MOST_PERSONAL = 1_000
"""How much that was meant for one alone, and is not in the log, is kept for one who does not read."""


class Behind(Protocol):
    """A session, as far as catching up needs it."""

    @property
    def session(self) -> str: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def encoding(self) -> Encoding: ...


class CatchUp:
    """What one session has missed: where each log stopped, and who sat in each room then."""

    def __init__(self, user: User, missed: list[Event], behind: int) -> None:
        """
        :param missed: the first events that were not sent.
        :param behind: how many entries of one log are told; of more there is a mark.
        """
        self._user = user
        self._behind = behind
        self._gaps: dict[tuple[Room, str] | str, Gap] = {}
        """By the room, and the status of those to whom it was said; of others by the log."""
        self._talks = Talks()
        self._replays: list[Replay] = []
        self._replayed_talks = Talks()
        """What is older than the connection, and told before all that is new."""
        self._seats: dict[Room, set[str]] = {}
        self._own: list[Event] = []
        """What one did oneself: no more than one asked for, and nothing that could be told as a difference."""
        self._personal: dict[tuple[type[Event], str], Event] = {}
        """The latest of what was meant for one alone, by what it was about."""
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
                self._gap(names.fold(event.room), event.number).moved(event)
            elif isinstance(event, Kicked) and event.nick in self._nicks:
                self._own.append(event)  # its log is not one's business any more
            elif isinstance(event, LOGGED) and event.number:
                partner = getattr(event, "to", "") if event.by in self._nicks else event.by
                self._gap(log_of(event), event.number, partner)
            elif self._is_own(event):
                if not isinstance(event, Announced):
                    self._own.append(event)
            elif (about := _personal(event)) and len(self._personal) < MOST_PERSONAL:
                self._personal[type(event), about] = event

    def resume(self, spans: Iterable[Span]) -> None:
        """These entries are older than the connection, and are told before all that was missed since."""
        for span in spans:
            new = self._talks.gaps.get(span.log)
            last = span.last if new is None else min(span.last, new.next - 1)
            room = self._user.rooms.get(span.log)
            replay = Replay(Span(span.log, span.first, last), room, _account(span.log, self._user))
            if replay.open and room is None:
                self._replayed_talks.gaps[span.log] = replay
            elif replay.open:
                self._replays.append(replay)

    async def run(self, session: Behind, backend: Backend) -> None:
        """Send all that was missed, as fast as it is read.

        When it returns nothing is missing, and in the same turn of the loop the session must be fed live again.

        :raises ConnectionError: if the link is gone.
        :raises Unavailable: if the log cannot be read.
        """
        self._look_at_the_seats()
        await session.outbox.flushed()
        while missing := self._missing():
            for gap in missing:
                source = Source(backend, session.session, self._user.nick, self._behind)
                self._send(session, gap, await gap.read(source))
                await session.outbox.flushed()
        changes = [*self._own, *self._changes(), *self._personal.values()]
        session.outbox.put(b"".join(map(session.encoding.write, changes)))

    def _missing(self) -> list[Gap | Talks]:
        """Of what is to be told next: more than what is replayed only when that is told."""
        replays: list[Gap | Talks] = [self._replayed_talks, *self._replays]
        self._gaps = {key: gap for key, gap in self._gaps.items() if gap.open}
        gaps: list[Gap | Talks] = [*self._gaps.values(), self._talks]
        return [gap for gap in replays if gap.open] or [gap for gap in gaps if gap.open]

    def _gap(self, log: str, number: int, partner: str = "") -> Gap:
        """What is missing of a log, up to this entry at least."""
        room = self._user.rooms.get(log.lstrip("@+"))
        gaps: dict[Any, Gap] = self._talks.gaps if parties(log) else self._gaps
        key = (room, log[:1]) if room is not None else log
        gap = gaps.get(key)
        if gap is None:
            gap = gaps[key] = Gap(log, room, number, number, partner)
        gap.last = max(gap.last, number)
        return gap

    def _send(self, session: Behind, gap: Gap | Talks, told: list[Event]) -> None:
        user, encoding = self._user, session.encoding
        if gap.room is not None:
            self._note_kicks(gap.room, told)
        told = told if isinstance(gap, Talks) else hearable(user, gap.log, told)
        wanted = (event for event in told if getattr(event, "by", "") != user.nick or type(event) in encoding.own)
        session.outbox.put(b"".join(map(encoding.write, wanted)))

    def _note_kicks(self, room: Room, told: list[Event]) -> None:
        """Those who were put out are told with the entries, not as a difference."""
        for event in told:
            if isinstance(event, Kicked) and not event.replayed:
                self._seats.get(room, set()).discard(event.nick)

    def _look_at_the_seats(self) -> None:
        """Now that no batch is being fed: as they are, without what was missed."""
        unseen, self._unseen = self._unseen or [], None
        rooms = dict(self._user.rooms)
        self._seats = {room: set(room.roster.nicks) for room in rooms.values()}
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
            known = (member for member in room.members if member not in room.quiet)
            now = {member.nick: member for member in known if member is not self._user}
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


def _account(log: str, user: User) -> str:
    """The account that one has a conversation with; empty if the other one has none."""
    return next((one[1:] for one in parties(log) if one != user.party and one.startswith("=")), "")
