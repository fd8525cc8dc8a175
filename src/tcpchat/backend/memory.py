"""Forgets: for tests, and for a chat that must leave no trace."""

from asyncio import Future, get_running_loop
from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Callable
from itertools import islice
from secrets import token_hex
from typing import Any

from msgspec.structs import replace

from tcpchat.backend.base import Sink
from tcpchat.backend.order import Durable, Order, Outcome, Written, now_ms, within
from tcpchat.model import names
from tcpchat.model.events import LOGGED, Redacted, RoomRenamed, Said, Told, TopicSet
from tcpchat.model.records import (
    Append,
    Document,
    Find,
    Get,
    Latest,
    Put,
    Question,
    Read,
    Record,
    as_now,
    emptied,
    log_of,
    parties,
)

MOST_BYTES = 64 << 20
"""What all entries together may take, about; the oldest of the log that was silent longest go first."""

MOST_LOGS = 20_000
ENTRY_BYTES = 500
"""What an entry takes besides its text, about."""


class Memory:
    """The backend that keeps the last entries in memory, for those who read slowly, and nothing on disk."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._documents: dict[tuple[str, str], Document] = {}
        self.incarnation = token_hex(3)
        self.last_id = ""
        self._position = 0
        self._bytes = 0
        self._forgotten = 0
        """No log that was forgotten went beyond this number: numbers never begin anew."""

    async def start(self, sink: Sink) -> None:
        """Nothing holds from before."""
        self._order = Order(sink, self._write)

    def record(self, record: Record) -> Future[Outcome]:
        """See `Backend.record`."""
        return self._order.record(record)

    async def read(self, wish: Read) -> list[LOGGED]:
        """See `Backend.read`."""
        return self._read(wish)

    async def ask(self, question: Question) -> object:
        """See `Backend.ask`."""
        return _ANSWERS[type(question)](self, question)

    async def close(self) -> None:
        """See `Backend.close`."""
        await self._order.close()

    # questions

    def _read(self, wish: Read) -> list[LOGGED]:
        log = self._logs.get(wish.log)
        return log.read(wish) if log else []

    def _find(self, wish: Find) -> int | None:
        log = self._logs.get(wish.log)
        if wish.id:
            found = (event.number for event, _ in log.entries if event.id == wish.id) if log else iter(())
            return next(found, None)
        return log.first_since(wish.time) if log else 1

    def _latest(self, wish: Latest) -> list[LOGGED]:
        talks = [name for name in self._logs if wish.party in parties(name)]
        events = [event for log in [*wish.logs, *talks] for event in self._read(Read(log, 1, said=True))]
        return within(wish, events)

    def _get(self, wish: Get) -> Document:
        return self._documents.get((wish.space, wish.key), Document())

    # what is stored

    def _write(self, records: list[Durable]) -> None:
        get_running_loop().call_soon(lambda: self._order.written([self._store(record) for record in records]))

    def _store(self, record: Durable) -> Written:
        return self._append(record) if isinstance(record, Append) else self._put(record)

    def _put(self, put: Put) -> Written:
        if self._get(Get(put.space, put.key)).revision != put.expected:
            return None, False
        document = self._documents[put.space, put.key] = Document(put.value, put.expected + 1)
        return document, True

    def _append(self, append: Append) -> Written:
        if isinstance(append.event, Redacted):
            self._redact(append.event)
        if isinstance(append.event, RoomRenamed) and not self._rename(append.event):
            return None, False
        log = self._log(log_of(append.event))
        known = log.keyed.get((names.fold(append.event.by), append.key)) if append.key else None
        if known is not None:
            return known, False
        self._position += 1
        self.last_id = f"{self.incarnation}-{self._position}"
        event = log.append(append, self.last_id)
        self._bytes += _size(event)
        while self._bytes > MOST_BYTES:
            self._forget_one()
        return event, True

    def _redact(self, redacted: Redacted) -> None:
        log = self._logs.get(log_of(redacted))
        for place, (event, key) in enumerate(log.entries if log else ()):
            if event.id == redacted.of:
                left = emptied(event)
                log.entries[place] = (left, key)  # type: ignore[union-attr]
                if key:
                    log.keyed[names.fold(event.by), key] = left  # type: ignore[union-attr]
                self._bytes += _size(left) - _size(event)
                return

    def _rename(self, event: RoomRenamed) -> bool:
        before, after = names.fold(event.room), names.fold(event.to)
        if before != after and after in self._logs:
            return False
        for status in ("", "@", "+") if before != after else ():
            if status + before in self._logs:
                log = self._logs[status + after] = self._logs.pop(status + before)
                log.name = status + after
        return True

    def _log(self, name: str) -> "_Log":
        log = self._logs.get(name)
        if log is None:
            log = self._logs[name] = _Log(name, self._forgotten)
        self._logs.move_to_end(name)
        if len(self._logs) > MOST_LOGS:
            _, oldest = self._logs.popitem(last=False)
            self._bytes -= sum(_size(event) for event, _ in oldest.entries)
            self._forgotten = max(self._forgotten, oldest.number)
        return log

    def _forget_one(self) -> None:
        log = next(log for log in self._logs.values() if log.entries)
        event, key = log.entries.popleft()
        log.keyed.pop((names.fold(event.by), key), None)
        self._bytes -= _size(event)


class _Log:
    """The last entries of one room or conversation."""

    __slots__ = ("entries", "keyed", "name", "number", "time")

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.entries: deque[tuple[LOGGED, str]] = deque()
        self.keyed: dict[tuple[str, str], LOGGED] = {}
        self.number = number
        self.time = 0

    def append(self, append: Append, id: str) -> LOGGED:
        self.number += 1
        self.time = max(now_ms(), self.time + 1)
        event = replace(append.event, number=self.number, time=self.time, id=id)
        self.entries.append((event, append.key))
        if append.key:
            self.keyed[names.fold(event.by), append.key] = event
        return event

    def read(self, wish: Read) -> list[LOGGED]:
        """Numbers are dense: those that are wanted are found by counting, from the nearer end."""
        first = self.entries[0][0].number if self.entries else self.number + 1
        size = len(self.entries)
        start = 0 if wish.after is None else min(size, max(0, wish.after + 1 - first))
        end = size if wish.before is None else max(start, min(size, wish.before - first))
        backwards = wish.latest or wish.after is None
        wanted = (
            islice(reversed(self.entries), size - end, size - start) if backwards else islice(self.entries, start, end)
        )
        found = (event for event, _ in wanted)
        if wish.said:
            found = (event for event in found if isinstance(event, Said | Told) and not event.redacted)
        events = [as_now(event, self.name) for event in islice(found, wish.limit)]
        return events[::-1] if backwards else events

    def first_since(self, time: int) -> int:
        place = bisect_left(self.entries, time, key=lambda entry: entry[0].time)
        return self.entries[place][0].number if place < len(self.entries) else self.number + 1


_ANSWERS: dict[type[Question], Callable[[Memory, Any], object]] = {
    Read: Memory._read,
    Find: Memory._find,
    Latest: Memory._latest,
    Get: Memory._get,
}


def _size(event: LOGGED) -> int:
    """About: whatever a peer can make long counts."""
    tags = getattr(event, "tags", None) or {}
    changes = getattr(event, "changes", None) or []
    words = (event.topic if isinstance(event, TopicSet) else getattr(event, "text", ""), getattr(event, "reason", ""))
    values = (*tags.keys(), *tags.values(), *(change.value for change in changes))
    return ENTRY_BYTES + sum(map(len, words)) + sum(map(len, values)) + 100 * (len(tags) + len(changes))
