"""The one order: what is recorded takes effect in the order in which it was asked for, in batches."""

import asyncio
from collections.abc import Callable, Sequence
from time import time_ns

from msgspec.structs import replace

from tcpchat.backend.base import Sink, Unavailable
from tcpchat.model.events import Event
from tcpchat.model.records import Append, Drop, Hold, Record, Release

Written = tuple[Event, bool]
"""A stored event with its place, and whether it is new: False if its key was known."""

Write = Callable[[list[Append]], None]
"""Starts writing; `Order.written` is called later, on the event loop, with what came of it."""

_Answers = list[tuple["asyncio.Future[Event | None]", Event | Unavailable | None]]
_Waiting = tuple[Record, "asyncio.Future[Event | None]"]


class Order:
    """A queue of records. All that queued while one batch was written is the next batch: natural group commit."""

    def __init__(self, sink: Sink, write: Write) -> None:
        self._sink = sink
        self._write = write
        self._loop = asyncio.get_running_loop()
        self._queue: list[_Waiting] = []
        self._batch: list[_Waiting] = []
        self._busy = False
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._holdings = Holdings()

    def record(self, record: Record) -> asyncio.Future[Event | None]:
        """Take a record into the queue."""
        future: asyncio.Future[Event | None] = self._loop.create_future()
        if self._closed:
            future.set_exception(Unavailable("The server is stopping."))
            return future
        self._queue.append((record, future))
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._take)  # after all that comes in this turn of the loop
        return future

    def written(self, outcome: Sequence[Written] | Unavailable) -> None:
        """The batch is on disk, or certainly not. Its facts go to the sink, and who waited is told."""
        batch, self._batch = self._batch, []
        if self._queue:
            self._take()  # the disk works on the next batch while this one is told
        else:
            self._busy = False
        facts: list[Event] = []
        answers = self._answers(batch, outcome, facts)
        try:
            if facts:
                self._sink.feed(facts)
        finally:  # whatever happens in telling it, it is recorded
            _tell(answers)
            if not self._busy:
                self._idle.set()

    async def close(self) -> None:
        """Take no more, and wait until all that was taken is recorded, also what nobody waits for any more."""
        self._closed = True
        await self._idle.wait()

    def _take(self) -> None:
        self._batch, self._queue = self._queue, []
        appends = [record for record, _ in self._batch if type(record) is Append]
        if appends:
            self._write(appends)
        else:
            self._loop.call_soon(self.written, ())

    def _answers(self, batch: list[_Waiting], outcome: Sequence[Written] | Unavailable, facts: list[Event]) -> _Answers:
        """What each record came to; what is new is added to the facts."""
        answers: _Answers = []
        failed = outcome if isinstance(outcome, Unavailable) else None
        stored = iter(() if isinstance(outcome, Unavailable) else outcome)
        now = now_ms()
        for record, future in batch:
            answer: Event | Unavailable | None
            if type(record) is Append:
                answer, new = (failed, False) if failed else next(stored)
            else:
                answer = self._holdings.apply(record, now)
                new = answer is not None
            if new and isinstance(answer, Event):
                facts.append(answer)
            answers.append((future, answer))
        return answers


def _tell(answers: _Answers) -> None:
    """Everybody who still waits gets what came of their record."""
    for future, answer in answers:
        if future.done():
            continue
        if isinstance(answer, Unavailable):
            future.set_exception(answer)
        else:
            future.set_result(answer)


class Holdings:
    """Who has what while they live: nicks, seats."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._things: dict[str, set[str]] = {}

    def apply(self, record: Record, now: int) -> Event | None:
        """The event that comes of it at this time (milliseconds since 1970), or None: it comes to nothing."""
        match record:
            case Hold(thing=thing, owner=owner):
                if self._owners.setdefault(thing, owner) != owner:
                    return None
                self._things.setdefault(owner, set()).add(thing)
            case Drop(thing=thing, owner=owner):
                if self._owners.get(thing) != owner:
                    return None
                del self._owners[thing]
                self._things[owner].discard(thing)
            case Release(owner=owner):
                if owner not in self._things:
                    return None
                for thing in self._things.pop(owner):
                    del self._owners[thing]
        return None if record.event is None else replace(record.event, time=now)


def now_ms() -> int:
    """The time in milliseconds since 1970."""
    return time_ns() // 1_000_000
