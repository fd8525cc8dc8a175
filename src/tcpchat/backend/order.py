"""The one order: what is recorded takes effect in the order in which it was asked for, in batches."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import time_ns

from msgspec.structs import replace

from tcpchat.backend.base import Sink, Unavailable, Unknown
from tcpchat.model import names
from tcpchat.model.events import Event, RoomRenamed
from tcpchat.model.records import Announce, Append, Document, Drop, Hold, Put, Record, Release, seats

Outcome = Event | Document | Hold | None
"""What comes of a record: the event with its place, the document, what is held without an event, or nothing."""

Written = tuple[Outcome, bool]
"""What came of something that is stored, and whether it is new: False if its key was known."""

Durable = Append | Put
"""The records that need the disk."""

_DURABLE = (Append, Put)

Write = Callable[[list[Durable]], None]
"""Starts writing; `Order.written` is called later, on the event loop, with what came of it."""

Failed = Unavailable | Unknown
"""Nothing of a batch was stored, or nobody can say what."""

MOST_QUEUED = 20_000

_Answers = list[tuple["asyncio.Future[Outcome]", Outcome | Failed]]
_Waiting = tuple[Record, "asyncio.Future[Outcome]"]


class Order:
    """A queue of records. All that queued while one batch was written is the next batch: natural group commit."""

    def __init__(self, sink: Sink, write: Write, queued: int = MOST_QUEUED) -> None:
        """
        :param queued: how many records may wait before it is `crowded`.
        """
        self._most = queued
        self.crowded = False
        """See `Backend.crowded`."""
        self._room = asyncio.Event()
        self._sink = sink
        self._write = write
        self._loop = asyncio.get_running_loop()
        self._queue: list[_Waiting] = []
        self._renamings = 0
        """How many in the queue rename a room."""
        self._batch: list[_Waiting] = []
        self._busy = False
        self._closed = ""
        """Why nothing is taken any more, if that is so."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._holdings = Holdings()

    async def uncrowded(self) -> None:
        """See `Backend.uncrowded`."""
        while self.crowded:
            self._room.clear()
            await self._room.wait()

    def record(self, record: Record) -> asyncio.Future[Outcome]:
        """Take a record into the queue."""
        future: asyncio.Future[Outcome] = self._loop.create_future()
        if self._closed:
            future.set_exception(Unavailable(self._closed))
            return future
        self._queue.append((record, future))
        if type(record) is Append and type(record.event) is RoomRenamed:
            self._renamings += 1
        if len(self._queue) >= self._most:
            self.crowded = True
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._take)  # after all that comes in this turn of the loop
        return future

    def written(self, outcome: Sequence[Written] | Failed) -> None:
        """The batch is on disk, or certainly not. Its facts go to the sink, and who waited is told."""
        batch, self._batch = self._batch, []
        if isinstance(outcome, Unknown):
            self.fail()
        renaming = _begin_with_renaming(batch)
        ahead = not renaming and not _begin_with_renaming(self._queue)
        if ahead:
            self._go_on()  # the disk works on the next batch while this one is told
        facts: list[Event] = []
        answers = self._answers(batch, outcome, facts)
        try:
            if facts:
                self._sink.feed(facts)
        finally:  # whatever happens in telling it, it is recorded
            _tell(answers)
            for event in facts if renaming else ():
                self._follow(event)
            if not ahead:
                self._go_on()
            if not self._busy:
                self._idle.set()

    def fail(self) -> None:
        """Nothing is recorded any more: what waits certainly is not."""
        self._closed = "Not stored: the server's log has failed."
        queue, self._queue, self._renamings = self._queue, [], 0
        self._count()
        _tell([(future, Unavailable(self._closed)) for _, future in queue])

    async def close(self) -> None:
        """Take no more, and wait until all that was taken is recorded, also what nobody waits for any more."""
        self._closed = self._closed or "The server is stopping."
        await self._idle.wait()

    def _go_on(self) -> None:
        if self._queue:
            self._take()
        else:
            self._busy = False

    def _take(self) -> None:
        """All that waits is the next batch; but a room is renamed by itself, for that changes what others mean."""
        if not self._queue:  # the log has failed meanwhile
            self._busy = False
            self._idle.set()
            return
        first = self._first_renaming()
        self._batch, self._queue = self._queue[: first or 1], self._queue[first or 1 :]
        self._renamings -= first == 0
        self._count()
        durable = [record for record, _ in self._batch if isinstance(record, _DURABLE)]
        if first == 0 and self._is_open(self._batch[0][0]):
            self._loop.call_soon(self.written, ((None, False),))
        elif durable:
            self._write(durable)
        else:
            self._loop.call_soon(self.written, ())

    def _first_renaming(self) -> int:
        """Where the first record in the queue is that renames a room; at its end, if none does."""
        if not self._renamings:
            return len(self._queue)
        return next(place for place, (record, _) in enumerate(self._queue) if _renames(record))

    def _count(self) -> None:
        self.crowded = len(self._queue) >= self._most
        if not self.crowded:
            self._room.set()

    def _is_open(self, record: Record) -> bool:
        """Whether somebody sits in a room of the name that another one is to have."""
        assert isinstance(record, Append)
        assert isinstance(record.event, RoomRenamed)
        before, after = names.fold(record.event.room), names.fold(record.event.to)
        return before != after and self._holdings.any(seats(after))

    def _follow(self, event: Event) -> None:
        """What waits was asked for when a room still had its old name, and means that room under its new one.

        But who wanted to open a room of the new name did not mean this one: it comes to nothing, and they look again.
        """
        assert isinstance(event, RoomRenamed)
        queue, self._queue = self._queue, []
        for record, future in queue:
            if isinstance(record, Hold) and record.thing.startswith(seats(names.fold(event.to))):
                _tell([(future, None)])
            else:
                self._queue.append((_renamed(record, event), future))

    def _answers(self, batch: list[_Waiting], outcome: Sequence[Written] | Failed, facts: list[Event]) -> _Answers:
        """What each record came to; what is new is added to the facts."""
        answers: _Answers = []
        stored = iter(() if isinstance(outcome, Failed) else outcome)
        now = now_ms()
        for record, future in batch:
            answer: Outcome | Failed
            if isinstance(outcome, Failed) and isinstance(record, _DURABLE):
                answer = outcome
            elif type(record) is Append:
                answer, new = next(stored)
                if new:
                    facts.append(answer)  # type: ignore[arg-type]
                    if record.frees is not None or type(record.event) is RoomRenamed:
                        self._holdings.follow(record, now)
            elif type(record) is Put:
                answer, new = next(stored)
                if new and record.event is not None:
                    facts.append(replace(record.event, time=now))
            else:
                answer = self._holdings.apply(record, now)  # type: ignore[arg-type]
                if answer is not None and answer is not record:
                    facts.append(answer)  # type: ignore[arg-type]
            answers.append((future, answer))
        return answers


def _begin_with_renaming(records: list[_Waiting]) -> bool:
    return bool(records) and _renames(records[0][0])


def _renames(record: Record) -> bool:
    return type(record) is Append and type(record.event) is RoomRenamed


def _renamed(record: Record, event: RoomRenamed) -> Record:
    """What was asked for of a room, under the name that it has now."""
    before = names.fold(event.room)
    changes: dict[str, object] = {}
    told: Event | None = getattr(record, "event", None)
    if told is not None and names.fold(getattr(told, "room", "")) == before:
        changes["event"] = replace(told, room=event.to)
    if isinstance(record, Hold | Drop) and record.thing.startswith(seats(before)):
        changes["thing"] = seats(names.fold(event.to)) + record.thing.removeprefix(seats(before))
    if isinstance(record, Append) and record.frees is not None:
        changes["frees"] = _renamed(record.frees, event)
    return replace(record, **changes) if changes else record


def _tell(answers: _Answers) -> None:
    """Everybody who still waits gets what came of their record."""
    for future, answer in answers:
        if future.done():
            continue
        if isinstance(answer, Failed):
            future.set_exception(answer)
        else:
            future.set_result(answer)


class Holdings:
    """Who has what while they live: nicks, seats."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._things: dict[str, set[str]] = {}

    def apply(self, record: Hold | Drop | Release | Announce, now: int) -> Event | Hold | None:
        """What comes of it at this time (milliseconds since 1970); None if it comes to nothing."""
        match record:
            case Hold():
                if not self._take(record):
                    return None
                if record.event is None:
                    return record
            case Drop(thing=thing, owner=owner):
                if self._owners.get(thing) != owner:
                    return None
                self._give_up(owner, (thing, *record.also))
            case Release(owner=owner):
                if owner not in self._things:
                    return None
                for thing in self._things.pop(owner):
                    del self._owners[thing]
        return None if record.event is None else replace(record.event, time=now)

    def _take(self, hold: Hold) -> bool:
        """All that is wanted, if nobody else has any of it."""
        owner, things, owners = hold.owner, (hold.thing, *hold.also), self._owners
        for thing in things:
            if owners.get(thing, owner) != owner:
                return False
        has = self._things.setdefault(owner, set())
        if hold.instead and has:
            self._give_up(owner, [one for one in has if one.startswith(hold.instead)])
        for thing in things:
            owners[thing] = owner
        has.update(things)
        return True

    def _give_up(self, owner: str, things: Iterable[str]) -> None:
        """Those of these that they have."""
        for thing in things:
            if self._owners.get(thing) == owner:
                del self._owners[thing]
                self._things[owner].discard(thing)

    def any(self, start: str) -> bool:
        """Whether somebody has a thing whose name begins so."""
        return any(thing.startswith(start) for thing in self._owners)

    def follow(self, append: Append, now: int) -> None:
        """What somebody has otherwise, now that this is stored."""
        if append.frees is not None:
            self.apply(append.frees, now)
        if isinstance(append.event, RoomRenamed):
            self._move(seats(names.fold(append.event.room)), seats(names.fold(append.event.to)))

    def _move(self, before: str, after: str) -> None:
        """Things whose names begin with `before` are called otherwise."""
        for thing in [thing for thing in self._owners if thing.startswith(before)]:
            owner = self._owners.pop(thing)
            moved = after + thing.removeprefix(before)
            self._owners[moved] = owner
            self._things[owner].discard(thing)
            self._things[owner].add(moved)


def now_ms() -> int:
    """The time in milliseconds since 1970."""
    return time_ns() // 1_000_000
