"""Questions to the log: each answered from one connection that cannot write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from tcpchat.backend import schema
from tcpchat.backend.answers import is_wanted, within
from tcpchat.backend.entries import COLUMNS, Entry, event_of, placeholder
from tcpchat.backend.ids import MOST_NUMBER, Ids, bounded
from tcpchat.backend.index import Query, newest_first
from tcpchat.model import records
from tcpchat.model.events import LOGGED, Said, Told
from tcpchat.model.records import Collect, Document, Find, Get, Hits, Latest, Question, Read, Since, Span, parties

SEARCH_SECONDS = 0.1
"""How long one may look for something."""

_MOST_UNSAID = 10_000
"""How many entries that nobody said are passed over in looking for what was said."""

_MOST_TALKS = 1_000
"""In how many of somebody's conversations is looked for the latest."""

_TALKS = (
    "SELECT log.name, party.log FROM party JOIN log ON log.id = party.log WHERE party.name = ? "
    "ORDER BY party.log DESC LIMIT ?"
)


class _Log(NamedTuple):
    """What is known of a log: the entries up to `pruned` are not kept any more."""

    id: int
    name: str
    pruned: int
    anchor: bytes


_NONE = _Log(0, "", 0, b"")


class Reader:
    """A connection that only reads; one thread at a time may use it."""

    def __init__(self, path: Path, *, damaged: Callable[[str], None] = lambda what: None) -> None:
        """`damaged` is called when something is found that is not what was written, and says what."""
        self._path = path
        self._db = schema.open_for_reading(path)
        with schema.closed_on_error(self._db):
            self._ids = Ids(self._db)
        self._damaged = damaged

    def ask(self, question: Question) -> object:
        """What the question asks for.

        :raises apsw.Error: if it cannot be read.
        """
        self._db.execute("BEGIN")  # what is known of a log, and its entries, as they are at one time
        try:
            return _ANSWERS[type(question)](self, question)
        finally:
            if self._db.in_transaction:  # an error of the disk has ended it
                self._db.execute("ROLLBACK")

    def read(self, wish: Read) -> list[LOGGED]:
        """Entries of one log, in the order of their numbers."""
        log = self._log(wish.log)
        backwards = wish.latest or wish.after is None
        after = bounded(wish.after if wish.after is not None else 0)
        before = bounded(wish.before if wish.before is not None else MOST_NUMBER)
        query = (
            f"SELECT {COLUMNS} FROM entry WHERE log = ? AND number > ? AND number < ? "
            f"ORDER BY number {'DESC' if backwards else 'ASC'} LIMIT ?"
        )
        limit = wish.limit + (_MOST_UNSAID if wish.said else 0)
        start = before if backwards else max(after, log.pruned)
        rows = in_a_row(self._db.execute(query, (log.id, after, before, limit)), log.id, start, backwards=backwards)
        found = (self._event(row, wish.log) for row in rows)
        events = list(islice(filter(_was_said, found), wish.limit) if wish.said else found)
        return events[::-1] if backwards else events

    def find(self, wish: Find) -> int | None:
        """The number of the entry with the id, or of the first one from the time on."""
        log = self._log(wish.log)
        if wish.id:
            query = "SELECT number FROM entry WHERE position = ? AND log = ?"
            number = self._db.execute(query, (self._ids.position(wish.id), log.id)).get
            return None if number is None else schema.number(number)
        return first_beyond(self._db, log.id, "time", wish.time)

    def latest(self, wish: Latest) -> list[LOGGED]:
        """The latest that was said in each of the logs, if it is in the span of time."""
        talks = self._talks(wish.party)
        events = [event for log in [*wish.logs, *talks] for event in self.read(Read(log, 1, said=True))]
        return within(wish, events)

    def search(self, wish: records.Search) -> Hits:
        """What the index finds, and what it does not know yet; each looked at in the log, which decides."""
        deadline = time.monotonic() + SEARCH_SECONDS
        logs = {log.id: (log, first) for name, first in wish.logs.items() if (log := self._log(name)).id}
        events: list[LOGGED] = []
        if not logs:
            return Hits(events)
        found = newest_first(self._db, self._path, Query(list(logs), wish.phrases, deadline))
        for position in found:
            event = self._wanted(position, logs, wish)
            if event is not None:
                events.append(event)
                if len(events) == wish.limit:
                    break
            if time.monotonic() > deadline:
                found.complete = False
                break
        return Hits(events, found.complete or len(events) == wish.limit)

    def since(self, wish: Since) -> list[Span]:
        """The conversations of a party in which there is something after an entry."""
        position = self._ids.position(wish.id)
        spans = []
        for name, log in self._talks(wish.party).items():
            first = first_beyond(self._db, log, "position", position + 1)
            last = schema.number(
                self._db.execute("SELECT coalesce(max(number), 0) FROM entry WHERE log = ?", (log,)).get
            )
            if first <= last:
                spans.append(Span(name, first, last))
        return spans

    def get(self, wish: Get) -> Document:
        """The document."""
        query = "SELECT space, key, value, revision, crc FROM document WHERE space = ? AND key = ?"
        row = self._db.execute(query, (wish.space, wish.key)).fetchone()
        return _document(row) if row else Document()

    def collect(self, wish: Collect) -> dict[str, Document]:
        """All documents of a space."""
        query = "SELECT space, key, value, revision, crc FROM document WHERE space = ?"
        return {str(row[1]): _document(row) for row in self._db.execute(query, (wish.space,))}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _talks(self, party: str) -> dict[str, int]:
        """The conversations of a party, and their logs. Whose one is, its name says: nothing else counts."""
        found: list[Any] = self._db.execute(_TALKS, (party, _MOST_TALKS)).fetchall()
        return {name: log for name, log in found if party in parties(name)}

    def _log(self, name: str) -> _Log:
        row = self._db.execute("SELECT id, name, pruned, anchor, crc FROM log WHERE name = ?", (name,)).fetchone()
        if row is None:
            return _NONE
        if row[-1] != schema.sum_of(*row[:-1]):
            raise apsw.CorruptError(f"what is known of the log of {name} is damaged")
        return _Log(*row[:-1])

    def _event(self, row: Entry, name: str) -> LOGGED:
        try:
            return event_of(row, self._ids, name)
        except apsw.CorruptError as error:
            self._damaged(str(error))
            return placeholder(row, self._ids, name)

    def _wanted(self, position: int, logs: dict[int, tuple[_Log, int]], wish: records.Search) -> LOGGED | None:
        row = self._db.execute(f"SELECT {COLUMNS} FROM entry WHERE position = ?", (position,)).fetchone()
        if row is None or row[1] not in logs:
            return None
        log, first = logs[row[1]]
        event = self._event(row, log.name)
        return event if event.number >= first and is_wanted(event, wish) else None


def first_beyond(db: apsw.Connection, log: int, column: str, least: int) -> int:
    """The number of a log's first entry whose time or position is at least this; after the last one, if there is none.

    Both rise with the numbers, so it is found by halving.

    :raises apsw.CorruptError: if one of those that are looked at is missing.
    """
    bounds = "SELECT coalesce(min(number), 1), coalesce(max(number), 0) FROM entry WHERE log = ?"
    low, high = map(schema.number, db.execute(bounds, (log,)).fetchone() or ())
    query = f"SELECT {column} FROM entry WHERE log = ? AND number = ?"
    while low <= high:
        middle = (low + high) // 2
        if schema.number(db.execute(query, (log, middle)).get) < least:
            low = middle + 1
        else:
            high = middle - 1
    return low


def in_a_row(rows: Iterator[Entry], log: int, start: int, *, backwards: bool) -> Iterator[Entry]:
    """The rows, whose numbers leave none out.

    :raises apsw.CorruptError: if one is missing, or another log's: an index may be damaged, too.
    """
    expected = None if backwards else start + 1
    for row in rows:
        if expected is not None and row[2] != expected:
            raise apsw.CorruptError(f"entry {expected} is missing before entry {row[2]}")
        if row[1] != log:
            raise apsw.CorruptError(f"the index takes entry {row[2]} of another log for one of this")
        expected = schema.number(row[2]) + (-1 if backwards else 1)
        yield row


def _was_said(event: LOGGED) -> bool:
    return isinstance(event, Said | Told) and not event.redacted


def _document(row: tuple[Any, ...]) -> Document:
    *rest, crc = row
    if crc != schema.sum_of(*rest):
        raise apsw.CorruptError(f"the document {rest[1]} of {rest[0]} is damaged")
    return Document(rest[2], rest[3])


_ANSWERS: dict[type[Question], Callable[[Reader, Any], object]] = {
    Read: Reader.read,
    Find: Reader.find,
    Latest: Reader.latest,
    records.Search: Reader.search,
    Since: Reader.since,
    Get: Reader.get,
    Collect: Reader.collect,
}
