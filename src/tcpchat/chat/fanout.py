"""One batch to many listeners, written once per encoding."""

import logging
from collections.abc import Collection, Iterable
from itertools import compress, repeat
from operator import is_not

from tcpchat.chat.room import Room
from tcpchat.chat.user import Encoding, User
from tcpchat.model.events import Event

WRONG = "something went wrong in the server"
"""Why a connection ends that a fault of ours has ended. The log says more."""

log = logging.getLogger(__name__)


class Run:
    """The events of one batch that the same people hear, in order, and how each encoding writes them."""

    __slots__ = ("_kinds", "_lines", "authors", "events", "starts")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.authors: list[User | None] = []
        self.starts: dict[User, int] = {}
        """For those who came, or spoke, during the run: the first event that is for them."""
        self._lines: dict[Encoding, list[bytes]] = {}
        self._kinds: set[type[Event]] = set()

    def add(self, event: Event, author: User | None) -> None:
        """Another event; its author may not be among those who want to hear it."""
        if author is not None:
            self.starts.setdefault(author, 0)
        self.events.append(event)
        self.authors.append(author)
        self._kinds.add(type(event))

    def chunk(self, encoding: Encoding) -> bytes:
        """All of it."""
        return b"".join(self._written(encoding))

    def view(self, user: User, encoding: Encoding) -> bytes:
        """The run as one sees it who came during it or has a part in it."""
        own, start = encoding.own, self.starts[user]
        lines, authors = self._written(encoding)[start:], self.authors[start:]
        if own >= self._kinds:
            return b"".join(lines)
        if own.isdisjoint(self._kinds):
            return b"".join(compress(lines, map(is_not, authors, repeat(user))))
        heard = zip(lines, self.events[start:], authors, strict=True)
        return b"".join(line for line, event, author in heard if author is not user or type(event) in own)

    def _written(self, encoding: Encoding) -> list[bytes]:
        lines = self._lines.setdefault(encoding, [])
        while len(lines) < len(self.events):
            try:
                lines.extend(map(encoding.write, self.events[len(lines) :]))
            except Exception:  # what cannot be written must not keep the rest from anybody
                log.exception("a recorded %s could not be written", type(self.events[len(lines)]).__name__)
                lines.append(b"")
        return lines


class Fanout:
    """Collects what a batch brings, room by room, and hands every listener one chunk per room."""

    def __init__(self) -> None:
        self.bytes = 0
        """What was handed out, about: as if all in a room had the same part in each of its encodings."""
        self._runs: dict[Room | User, Run] = {}
        self._personal: set[User] = set()
        """Those with runs of their own; they come before what a room hears next."""

    def in_room(self, room: Room, event: Event, author: User | None) -> None:
        """Everybody in the room hears the event."""
        if self._personal:
            self.flush(list(self._personal))
        self._run(room).add(event, author)

    def to_user(self, user: User, event: Event, author: User | None) -> None:
        """One person hears the event, after all they heard before it."""
        for room in user.rooms.values():
            if room in self._runs:
                self.flush([room])
        self._personal.add(user)
        self._run(user).add(event, author)

    def to_users(self, users: Collection[User], event: Event, author: User | None) -> None:
        """These people hear the event, after all they heard before it."""
        if users:
            self.flush()
            run = Run()
            run.add(event, author)
            _deliver(users, run)

    def in_rooms(self, rooms: Collection[Room], event: Event, author: User | None) -> None:
        """Everybody who is in any of the rooms hears the event, once."""
        self.flush(list(self._personal))
        if len(rooms) == 1:
            self.in_room(next(iter(rooms)), event, author)
            return
        self.flush(rooms)
        run = Run()
        run.add(event, author)
        _deliver(dict.fromkeys(member for room in rooms for member in room.members), run)

    def enters(self, room: Room, user: User) -> None:
        """From here on the user hears the room. Call it before telling the room."""
        run = self._runs.get(room)
        if run is not None:
            run.starts[user] = len(run.events)

    def leaves(self, room: Room, user: User) -> None:
        """The user heard all until here, and nothing after it. Call it after telling the room, before the seat goes."""
        run = self._runs.get(room)
        if run is not None:
            run.starts.setdefault(user, 0)
            _deliver([user], run)
            del run.starts[user]

    def flush(self, audiences: Iterable[Room | User] | None = None) -> None:
        """Hand out what was collected: for these, or for all."""
        for audience in list(self._runs if audiences is None else audiences):
            run = self._runs.pop(audience, None)
            self._personal.discard(audience)
            if run is not None:
                self.bytes += _deliver(audience.members if isinstance(audience, Room) else [audience], run)

    def _run(self, audience: Room | User) -> Run:
        run = self._runs.get(audience)
        if run is None:
            run = self._runs[audience] = Run()
        return run


def _deliver(members: Collection[User], run: Run) -> int:
    """One chunk to each. Whoever has no room for it is told what is missing, and catches up by itself.

    :returns: how many bytes that was, about. To count each would cost more than all the rest.
    """
    starts = run.starts
    chunks: dict[Encoding, bytes] = {}
    for user in members:
        listener = user.listener
        encoding = listener.encoding
        try:
            if user in starts:
                chunk = run.view(user, encoding)
            elif encoding in chunks:
                chunk = chunks[encoding]
            else:
                chunk = chunks[encoding] = run.chunk(encoding)
            if chunk and not listener.put(chunk):
                listener.miss(run.events[starts.get(user, 0) :])
        except Exception:  # a fault of one must not keep it from the others
            log.exception("%s could not be told of something", user.nick)
            listener.close(WRONG)  # they would miss it, and not know
    return len(members) * sum(map(len, chunks.values())) // len(chunks) if chunks else 0
