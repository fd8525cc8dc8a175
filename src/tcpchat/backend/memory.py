"""Forgets: for tests, and for a chat that must leave no trace."""

from asyncio import Future, get_running_loop
from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Callable
from itertools import islice
from secrets import token_hex
from typing import Any, NamedTuple

from msgspec.structs import replace

from tcpchat.backend.answers import is_wanted, within
from tcpchat.backend.base import Sink
from tcpchat.backend.ids import position_in
from tcpchat.backend.order import MOST_QUEUED, Durable, Order, Outcome, Written, now_ms
from tcpchat.model import names, records
from tcpchat.model.events import LOGGED, Redacted, RoomRenamed, Said, Told, TopicSet
from tcpchat.model.records import (
    Append,
    Collect,
    Document,
    Find,
    Get,
    Hits,
    Latest,
    Put,
    Question,
    Read,
    Record,
    Since,
    Span,
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

    def __init__(self, *, queued: int = MOST_QUEUED) -> None:
        """
        :param queued: how many records may wait before it is crowded.
        """
        self._queued = queued
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
        self._order = Order(sink, self._write, self._queued)

    @property
    def crowded(self) -> bool:
        """See `Backend.crowded`."""
        return self._order.crowded

    async def uncrowded(self) -> None:
        """See `Backend.uncrowded`."""
        await self._order.uncrowded()

    async def failure(self) -> str:
        """See `Backend.failure`. Memory does not fail."""
        never: Future[str] = get_running_loop().create_future()
        return await never

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

    def _collect(self, wish: Collect) -> dict[str, Document]:
        return {key: document for (space, key), document in self._documents.items() if space == wish.space}

    def _since(self, wish: Since) -> list[Span]:
        made_in, _, place = wish.id.rpartition("-")
        position = position_in(place) if made_in == self.incarnation else 0
        spans = []
        for name, log in self._logs.items():
            if wish.party in parties(name) and (missed := log.beyond(position)):
                spans.append(Span(name, missed[0], missed[1]))
        return spans

    def _search(self, wish: records.Search) -> Hits:
        found = [
            as_now(event, name)
            for name, first in wish.logs.items()
            if name in self._logs
            for event, _ in self._logs[name].entries
            if event.number >= first and is_wanted(event, wish)
        ]
        found.sort(key=_position, reverse=True)
        return Hits(found[: wish.limit])

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
        if (known := log.known(append)) is not None:
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
        self._bytes -= _size(log.forget_one())


class _Key(NamedTuple):
    """Under which key, and by whom, the entry with a number was said."""

    key: str
    nick: str
    party: str
    number: int


class _Log:
    """The last entries of one room or conversation."""

    __slots__ = ("entries", "keyed", "name", "number", "time")

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.entries: deque[tuple[LOGGED, _Key | None]] = deque()
        self.keyed: dict[str, list[_Key]] = {}
        self.number = number
        self.time = 0

    def append(self, append: Append, id: str) -> LOGGED:
        self.number += 1
        self.time = max(now_ms(), self.time + 1)
        event = replace(append.event, number=self.number, time=self.time, id=id)
        key = _Key(append.key, names.fold(event.by), append.party, self.number) if append.key else None
        self.entries.append((event, key))
        if key is not None:
            self.keyed.setdefault(key.key, []).append(key)
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

    def known(self, append: Append) -> LOGGED | None:
        """What the same speaker said under the same key."""
        for earlier in self.keyed.get(append.key, ()) if append.key else ():
            if earlier.nick == names.fold(append.event.by) or (append.party and earlier.party == append.party):
                return self.entries[earlier.number - self.entries[0][0].number][0]
        return None

    def forget_one(self) -> LOGGED:
        """The oldest entry goes."""
        event, key = self.entries.popleft()
        if key is not None:
            self.keyed[key.key].remove(key)
            if not self.keyed[key.key]:
                del self.keyed[key.key]
        return event

    def beyond(self, position: int) -> tuple[int, int] | None:
        """The first and the last number of the entries after this place in the order of everything."""
        numbers = [event.number for event, _ in self.entries if _position(event) > position]
        return (numbers[0], numbers[-1]) if numbers else None

    def first_since(self, time: int) -> int:
        place = bisect_left(self.entries, time, key=lambda entry: entry[0].time)
        return self.entries[place][0].number if place < len(self.entries) else self.number + 1


_ANSWERS: dict[type[Question], Callable[[Memory, Any], object]] = {
    Read: Memory._read,
    Find: Memory._find,
    Latest: Memory._latest,
    records.Search: Memory._search,
    Since: Memory._since,
    Get: Memory._get,
    Collect: Memory._collect,
}


def _position(event: LOGGED) -> int:
    return int(event.id.rpartition("-")[2])


def _size(event: LOGGED) -> int:
    """About: whatever a peer can make long counts."""
    tags = getattr(event, "tags", None) or {}
    changes = getattr(event, "changes", None) or []
    words = (event.topic if isinstance(event, TopicSet) else getattr(event, "text", ""), getattr(event, "reason", ""))
    values = (*tags.keys(), *tags.values(), *(change.value for change in changes))
    return ENTRY_BYTES + sum(map(len, words)) + sum(map(len, values)) + 100 * (len(tags) + len(changes))
