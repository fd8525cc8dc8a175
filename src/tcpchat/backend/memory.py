"""Forgets: for tests, and for a chat that must leave no trace."""

from asyncio import Future, get_running_loop
from collections import OrderedDict, deque
from itertools import islice
from secrets import token_hex

from msgspec.structs import replace

from tcpchat.backend.base import Sink
from tcpchat.backend.order import Order, Written, now_ms
from tcpchat.model import names
from tcpchat.model.events import LOGGED, Event
from tcpchat.model.records import Append, Read, Record, log_of

MOST_LOGS = 20_000
ENTRIES_KEPT = 1_000
"""Per room or conversation; enough for those who read slowly to catch up from."""


class Memory:
    """The backend that keeps the last entries of each log in memory, and nothing on disk."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self.incarnation = token_hex(3)
        self._position = 0

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
        return log.append(append, f"{self.incarnation}-{self._position}"), True

    def _log(self, name: str) -> "_Log":
        log = self._logs.setdefault(name, _Log())
        self._logs.move_to_end(name)
        if len(self._logs) > MOST_LOGS:
            self._logs.popitem(last=False)
        return log


class _Log:
    """The last entries of one room or conversation."""

    __slots__ = ("entries", "keyed", "number", "time")

    def __init__(self) -> None:
        self.entries: deque[tuple[LOGGED, str]] = deque()
        self.keyed: dict[tuple[str, str], LOGGED] = {}
        self.number = 0
        self.time = 0

    def append(self, append: Append, id: str) -> LOGGED:
        self.number += 1
        self.time = max(now_ms(), self.time + 1)
        event = replace(append.event, number=self.number, time=self.time, id=id)
        self.entries.append((event, append.key))
        if append.key:
            self.keyed[names.fold(event.by), append.key] = event
        if len(self.entries) > ENTRIES_KEPT:
            oldest, key = self.entries.popleft()
            self.keyed.pop((names.fold(oldest.by), key), None)
        return event

    def read(self, wish: Read) -> list[LOGGED]:
        after = wish.after if wish.after is not None else 0
        before = wish.before if wish.before is not None else self.number + 1
        found = (event for event, _ in self.entries if after < event.number < before)
        if wish.after is not None:
            return list(islice(found, wish.limit))
        return list(deque(found, maxlen=wish.limit))
