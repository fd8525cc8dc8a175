"""The log in one SQLite file: its schema, one writer's work, readers' questions. It waits for the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Any

import apsw
import msgspec
from msgspec.structs import replace

from tcpchat.backend.lock import not_writable
from tcpchat.backend.order import Durable, Written, now_ms, within
from tcpchat.model import names
from tcpchat.model.errors import EX_CONFIG, EX_DATAERR, EX_IOERR, CannotStart
from tcpchat.model.events import LOGGED, Event, Redacted, RoomRenamed, Said, Told, TopicSet
from tcpchat.model.records import (
    Append,
    Document,
    Find,
    Get,
    Latest,
    Put,
    Question,
    Read,
    as_now,
    emptied,
    log_of,
    parties,
)

FILE = "chat.db"

APPLICATION_ID = 0x74637063
"""``tcpc``: by which the file is known to be ours."""

SAFE_SQLITE = 3_051_003
"""Everything before 3.51.3 can corrupt a write-ahead log when it is reset (sqlite.org/wal.html, "WAL reset bug")."""

MIGRATIONS = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE log (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE entry (
        position INTEGER PRIMARY KEY,  -- the order of everything; an entry's id is made of it
        log INTEGER NOT NULL REFERENCES log,
        number INTEGER NOT NULL,       -- 1, 2, 3, … in its log
        time INTEGER NOT NULL,         -- milliseconds since 1970, unique and rising in its log
        author TEXT NOT NULL,          -- the folded nick
        key TEXT,                      -- made by the author; the same one is stored once
        body BLOB NOT NULL             -- the event as JSON, without its place
    ) STRICT;
    CREATE UNIQUE INDEX entry_by_number ON entry (log, number);
    CREATE UNIQUE INDEX entry_by_key ON entry (log, author, key) WHERE key IS NOT NULL;
    CREATE TABLE standing (            -- the entries that still hold, such as a room's topic
        log INTEGER NOT NULL REFERENCES log,
        kind TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (log, kind)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE document (
        space TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        revision INTEGER NOT NULL,     -- 1, 2, 3, …
        PRIMARY KEY (space, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE party (               -- who talks in which conversations
        name TEXT NOT NULL,
        log INTEGER NOT NULL REFERENCES log,
        PRIMARY KEY (name, log)
    ) STRICT, WITHOUT ROWID;
    """,
)
"""Numbered from 1; `PRAGMA user_version` says how many a file has had. Never change one: add one."""

_INSERT = "INSERT INTO entry (position, log, number, time, author, key, body) VALUES (?,?,?,?,?,?,?)"
_SELECT = "SELECT position, number, time, body FROM entry WHERE log = (SELECT id FROM log WHERE name = ?)"
_BOUNDS = "SELECT coalesce(min(number), 1), coalesce(max(number), 0) FROM entry WHERE log = ?"
BUSY_MILLISECONDS = 5_000
"""How long one waits for somebody who looks into the file with another tool."""

_MOST_CACHED_LOGS = 50_000
_MOST_UNSAID = 10_000
"""How many entries that nobody said are passed over in looking for what was said."""

_MOST_TALKS = 1_000
"""In how many of somebody's conversations is looked for the latest."""

_MOST_NUMBER = 1 << 62
"""No entry's number comes near it; what clients ask for may be more than SQLite's 64 bits hold."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(LOGGED).decode


class Writer:
    """The one connection that writes. Made on the loop's thread before there is a loop to hold up, used on its own."""

    def __init__(self, directory: Path) -> None:
        """:raises CannotStart: if the file cannot be opened or made, is damaged, or belongs to a newer tcpchat."""
        self.path = _prepare(directory)
        with _explained(self.path):
            self._db = apsw.Connection(str(self.path))
            self._db.set_busy_timeout(BUSY_MILLISECONDS)
            _check_ours(self._db, self.path)
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "trusted_schema=OFF",
                "cell_size_check=ON",
                "secure_delete=ON",  # what was taken back is not left in the file
            ):
                self._db.execute(f"PRAGMA {pragma}").fetchall()
            _migrate(self._db, self.path)
            self.incarnation: str = self._db.execute("SELECT value FROM meta WHERE name = 'incarnation'").get
            self._position: int = self._db.execute("SELECT coalesce(max(position), 0) FROM entry").get
        self._logs: dict[str, _Head] = {}

    @property
    def last_id(self) -> str:
        """The id of the latest entry."""
        return f"{self.incarnation}-{self._position}" if self._position else ""

    def write(self, records: list[Durable]) -> list[Written]:
        """Store all of them in one transaction, or none.

        :raises apsw.Error: when nothing was stored.
        """
        position = self._position
        batch = _Batch(self._db, self._logs, self.incarnation, position)
        try:
            with self._db:
                written = [batch.add(one) if type(one) is Append else batch.put(one) for one in records]  # type: ignore[arg-type]
                batch.insert()
        except BaseException:
            self._logs.clear()  # they counted what is not there
            raise
        self._position = batch.position
        if len(self._logs) > _MOST_CACHED_LOGS:
            self._logs.clear()
        return written

    def standing(self) -> list[LOGGED]:
        """The entries that still hold, in the order in which they were recorded.

        :raises CannotStart: if the file is damaged.
        """
        query = (
            "SELECT position, number, time, body, name FROM entry JOIN standing USING (position) "
            "JOIN log ON log.id = entry.log ORDER BY position"
        )
        with _explained(self.path):
            return [_event(row[:4], self.incarnation, row[4]) for row in self._db.execute(query)]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class Reader:
    """A connection that only reads; one thread at a time may use it."""

    def __init__(self, path: Path, incarnation: str) -> None:
        self._db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        self._db.set_busy_timeout(BUSY_MILLISECONDS)
        self._incarnation = incarnation

    def ask(self, question: Question) -> object:
        """What the question asks for."""
        return _ANSWERS[type(question)](self, question)

    def read(self, wish: Read) -> list[LOGGED]:
        """Entries of one log, in the order of their numbers."""
        backwards = wish.latest or wish.after is None
        after = _bounded(wish.after if wish.after is not None else 0)
        before = _bounded(wish.before if wish.before is not None else _MOST_NUMBER)
        query = f"{_SELECT} AND number > ? AND number < ? ORDER BY number {'DESC' if backwards else 'ASC'} LIMIT ?"
        limit = wish.limit + (_MOST_UNSAID if wish.said else 0)
        found = (
            _event(row, self._incarnation, wish.log)
            for row in self._db.execute(query, (wish.log, after, before, limit))
        )
        events = list(islice(filter(_was_said, found), wish.limit) if wish.said else found)
        return events[::-1] if backwards else events

    def find(self, wish: Find) -> int | None:
        """The number of the entry with the id, or of the first one from the time on."""
        log = self._db.execute("SELECT id FROM log WHERE name = ?", (wish.log,)).get
        if wish.id:
            query = "SELECT number FROM entry WHERE position = ? AND log = ?"
            number: int | None = self._db.execute(query, (_position(wish.id, self._incarnation), log)).get
            return number
        return self._first_since(log, wish.time)

    def latest(self, wish: Latest) -> list[LOGGED]:
        """The latest that was said in each of the logs, if it is in the span of time."""
        query = "SELECT name FROM log WHERE id IN (SELECT log FROM party WHERE name = ? ORDER BY log DESC LIMIT ?)"
        talks = [name for (name,) in self._db.execute(query, (wish.party, _MOST_TALKS))]
        events = [event for log in [*wish.logs, *talks] for event in self.read(Read(log, 1, said=True))]
        return within(wish, events)

    def get(self, wish: Get) -> Document:
        """The document."""
        query = "SELECT value, revision FROM document WHERE space = ? AND key = ?"
        row: tuple[bytes, int] | None = self._db.execute(query, (wish.space, wish.key)).fetchone()
        return Document(*row) if row else Document()

    def _first_since(self, log: int | None, time: int) -> int:
        """Times rise with numbers, so it is found by halving."""
        low, high = self._db.execute(_BOUNDS, (log,)).fetchone()  # type: ignore[misc]
        while low <= high:
            middle = (low + high) // 2
            query = "SELECT number, time FROM entry WHERE log = ? AND number >= ? ORDER BY number LIMIT 1"
            number, at = self._db.execute(query, (log, middle)).fetchone()  # type: ignore[misc]
            if at < time:
                low = number + 1
            else:
                high = middle - 1
        return low  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class _Head:
    """The end of one log."""

    __slots__ = ("id", "number", "time")

    def __init__(self, id: int, number: int, time: int) -> None:
        self.id = id
        self.number = number
        self.time = time


class _Batch:
    """What is written in one transaction."""

    def __init__(self, db: apsw.Connection, logs: dict[str, _Head], incarnation: str, position: int) -> None:
        self._db = db
        self._logs = logs
        self._incarnation = incarnation
        self.position = position
        self._now = now_ms()
        self._rows: list[tuple[int, int, int, int, str, str | None, bytes]] = []
        self._standing: list[tuple[int, str, int]] = []
        self._keyed: dict[tuple[int, str, str], Event] = {}

    def add(self, append: Append) -> Written:
        """Give the event its place, or find the one that was stored first under its key."""
        event, key = append.event, append.key
        if type(event) in _TOUCHES and not _TOUCHES[type(event)](self, event):
            return None, False
        head = self._head(log_of(event))
        author = names.fold(event.by)
        if key and (known := self._known(head.id, author, key)) is not None:
            return known, False
        self.position += 1
        head.number += 1
        head.time = max(self._now, head.time + 1)
        self._rows.append((self.position, head.id, head.number, head.time, author, key or None, _encode(event)))
        if type(event) is TopicSet:
            self._standing.append((head.id, "topic", self.position))
        placed = replace(event, time=head.time, number=head.number, id=f"{self._incarnation}-{self.position}")
        if key:
            self._keyed[head.id, author, key] = placed
        return placed, True

    def put(self, put: Put) -> Written:
        """Store a document, unless it is another one by now."""
        query = "SELECT revision FROM document WHERE space = ? AND key = ?"
        if (self._db.execute(query, (put.space, put.key)).get or 0) != put.expected:
            return None, False
        document = Document(put.value, put.expected + 1)
        query = "INSERT OR REPLACE INTO document (space, key, value, revision) VALUES (?,?,?,?)"
        self._db.execute(query, (put.space, put.key, document.value, document.revision))
        return document, True

    def redact(self, event: Redacted) -> bool:
        """Of what is taken back only the place is kept."""
        position, log = _position(event.of, self._incarnation), self._head(log_of(event)).id
        query = "SELECT body FROM entry WHERE position = ? AND log = ?"
        for (body,) in self._db.execute(query, (position, log)).fetchall():
            left = _encode(emptied(_decode(body)))  # type: ignore[arg-type]
            self._db.execute("UPDATE entry SET body = ? WHERE position = ?", (left, position))
        return True

    def rename(self, event: RoomRenamed) -> bool:
        """The room's log goes with it. False if there is one of that name."""
        before, after = names.fold(event.room), names.fold(event.to)
        if before != after:
            if self._head(after).number:
                return False
            for status in ("", "@", "+"):
                self._move(status + before, status + after)
        return True

    def _move(self, before: str, after: str) -> None:
        """A log under another name. One of that name has no entries, or is that of a room that is no more."""
        if not self._db.execute("SELECT 1 FROM log WHERE name = ?", (before,)).get:
            return
        moved, there = self._head(before), self._head(after)
        if there.number:
            self._db.execute("UPDATE log SET name = ? WHERE id = ?", (f"{after} {there.id}", there.id))
        else:
            self._db.execute("DELETE FROM log WHERE id = ?", (there.id,))
        self._db.execute("UPDATE log SET name = ? WHERE id = ?", (after, moved.id))
        self._logs[after] = self._logs.pop(before)

    def insert(self) -> None:
        """Put into the file what was added."""
        self._db.executemany(_INSERT, self._rows)
        if self._standing:
            self._db.executemany("INSERT OR REPLACE INTO standing (log, kind, position) VALUES (?,?,?)", self._standing)

    def _known(self, log: int, author: str, key: str) -> Event | None:
        if (event := self._keyed.get((log, author, key))) is not None:
            return event
        query = "SELECT position, number, time, body FROM entry WHERE log = ? AND author = ? AND key = ?"
        for row in self._db.execute(query, (log, author, key)):
            return _event(row, self._incarnation)
        return None

    def _head(self, name: str) -> _Head:
        head = self._logs.get(name)
        if head is None:
            self._db.execute("INSERT OR IGNORE INTO log (name) VALUES (?)", (name,))
            id = self._db.execute("SELECT id FROM log WHERE name = ?", (name,)).get
            if self._db.changes() and parties(name):
                self._db.executemany(
                    "INSERT OR IGNORE INTO party (name, log) VALUES (?,?)", [(party, id) for party in parties(name)]
                )
            last = self._db.execute("SELECT number, time FROM entry WHERE log = ? ORDER BY number DESC LIMIT 1", (id,))
            number, time = last.get or (0, 0)
            head = self._logs[name] = _Head(id, number, time)
        return head


_TOUCHES: dict[type[Event], Callable[[_Batch, Any], bool]] = {
    Redacted: _Batch.redact,
    RoomRenamed: _Batch.rename,
}
"""The events that change what is in the log already; False if they cannot."""

_ANSWERS: dict[type[Question], Callable[[Reader, Any], object]] = {
    Read: Reader.read,
    Find: Reader.find,
    Latest: Reader.latest,
    Get: Reader.get,
}


def _event(row: tuple[int, int, int, bytes], incarnation: str, log: str = "") -> LOGGED:
    position, number, time, body = row
    event: LOGGED = _decode(body)
    return as_now(replace(event, number=number, time=time, id=f"{incarnation}-{position}"), log)


def _was_said(event: LOGGED) -> bool:
    return isinstance(event, Said | Told) and not event.redacted


def _position(id: str, incarnation: str) -> int:
    """Where the entry with this id is; where none is if it is no id of this log."""
    made_in, _, position = id.rpartition("-")
    if made_in == incarnation and position.isascii() and position.isdigit() and position[:1] != "0":
        return _bounded(int(position[:19]))
    return 0


def _bounded(number: int) -> int:
    return max(0, min(number, _MOST_NUMBER))


def _check_ours(db: apsw.Connection, path: Path) -> None:
    """Before anything is changed: it is empty, or it is a log."""
    ((made_by, tables),) = db.execute(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id"
    )
    if tables and made_by != APPLICATION_ID:
        raise CannotStart(f"{path} is another program's database, not a log. Choose another --data.", EX_DATAERR)


def _migrate(db: apsw.Connection, path: Path) -> None:
    """Bring the file to the newest schema, in one transaction."""
    done: int = db.execute("PRAGMA user_version").get
    if done > len(MIGRATIONS):
        raise CannotStart(
            f"{path} was written by a newer tcpchat. Upgrade this one, or choose another --data.", EX_CONFIG
        )
    with db:
        for step in MIGRATIONS[done:]:
            db.execute(step).fetchall()
        if done == 0:
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}").fetchall()
            db.execute("INSERT INTO meta (name, value) VALUES ('incarnation', ?)", (token_hex(3),))
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}").fetchall()


def _prepare(directory: Path) -> Path:
    """The path of the file, which only its owner may read."""
    if apsw.SQLITE_VERSION_NUMBER < SAFE_SQLITE:
        raise CannotStart(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt the log; tcpchat needs 3.51.3. Upgrade the package apsw.",
            EX_CONFIG,
        )
    path = directory / FILE
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise not_writable(directory, error) from error
    return path


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What SQLite cannot open, said in words."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError, msgspec.DecodeError) as error:
        raise CannotStart(
            f"The log {path} is damaged or not tcpchat's ({error}). Nothing was changed. "
            "Move it away to start with an empty one, or bring it back from a backup.",
            EX_DATAERR,
        ) from error
    except apsw.Error as error:
        raise CannotStart(f"Cannot open the log {path}: {error}.", EX_IOERR) from error
