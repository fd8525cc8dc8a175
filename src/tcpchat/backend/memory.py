"""Forgets: for tests, and for a chat that must leave no trace."""

from asyncio import Future, get_running_loop
from collections import OrderedDict, deque
from itertools import islice
from secrets import token_hex

from msgspec.structs import replace

from tcpchat.backend.base import Sink
from tcpchat.backend.order import Order, Written, now_ms
from tcpchat.model import names
from tcpchat.model.events import LOGGED, Event, TopicSet
from tcpchat.model.records import Append, Read, Record, log_of

MOST_BYTES = 64 << 20
"""What all entries together may take, about; the oldest of the log that was silent longest go first."""

MOST_LOGS = 20_000
ENTRY_BYTES = 500
"""What an entry takes besides its text, about."""


class Memory:
    """The backend that keeps the last entries in memory, for those who read slowly, and nothing on disk."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self.incarnation = token_hex(3)
        self._position = 0
        self._bytes = 0
        self._forgotten = 0
        """No log that was forgotten went beyond this number: numbers never begin anew."""

    async def start(self, sink: Sink) -> None:
        """Nothing holds from before."""
        self._order = Order(sink, self._write)

    def record(self, record: Record) -> Future[Event | None]:
        """See `Backend.record`."""
        return self._order.record(record)

    async def read(self, wish: Read) -> list[LOGGED]:
        """See `Backend.read`."""
        log = self._logs.get(wish.log)
        return log.read(wish) if log else []

    async def close(self) -> None:
        """See `Backend.close`."""
        await self._order.close()

    def _write(self, appends: list[Append]) -> None:
        get_running_loop().call_soon(lambda: self._order.written([self._append(append) for append in appends]))

    def _append(self, append: Append) -> Written:
        log = self._log(log_of(append.event))
        known = log.keyed.get((names.fold(append.event.by), append.key)) if append.key else None
        if known is not None:
            return known, False
        self._position += 1
        event = log.append(append, f"{self.incarnation}-{self._position}")
        self._bytes += _size(event)
        while self._bytes > MOST_BYTES:
            self._forget_one()
        return event, True

    def _log(self, name: str) -> "_Log":
        log = self._logs.get(name)
        if log is None:
            log = self._logs[name] = _Log(self._forgotten)
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

    __slots__ = ("entries", "keyed", "number", "time")

    def __init__(self, number: int) -> None:
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
        after = wish.after if wish.after is not None else 0
        before = wish.before if wish.before is not None else self.number + 1
        found = (event for event, _ in self.entries if after < event.number < before)
        if wish.after is not None:
            return list(islice(found, wish.limit))
        return list(deque(found, maxlen=wish.limit))


def _size(event: LOGGED) -> int:
    return ENTRY_BYTES + len(event.topic if isinstance(event, TopicSet) else event.text)
