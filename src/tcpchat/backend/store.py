"""The log in one SQLite file: its schema, one writer's work, readers' questions. It waits for the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import apsw
import msgspec
from msgspec.structs import replace

from tcpchat.backend.lock import not_writable
from tcpchat.backend.order import Written, now_ms
from tcpchat.model import names
from tcpchat.model.errors import EX_CONFIG, EX_DATAERR, EX_IOERR, CannotStart
from tcpchat.model.events import LOGGED, TopicSet
from tcpchat.model.records import Append, Read, log_of

if TYPE_CHECKING:
    from tcpchat.model.events import Event

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
)
"""Numbered from 1; `PRAGMA user_version` says how many a file has had. Never change one: add one."""

_INSERT = "INSERT INTO entry (position, log, number, time, author, key, body) VALUES (?,?,?,?,?,?,?)"
_SELECT = "SELECT position, number, time, body FROM entry WHERE log = (SELECT id FROM log WHERE name = ?)"
BUSY_MILLISECONDS = 5_000
"""How long one waits for somebody who looks into the file with another tool."""

_MOST_CACHED_LOGS = 50_000
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
            ):
                self._db.execute(f"PRAGMA {pragma}").fetchall()
            _migrate(self._db, self.path)
            self.incarnation: str = self._db.execute("SELECT value FROM meta WHERE name = 'incarnation'").get
            self._position: int = self._db.execute("SELECT coalesce(max(position), 0) FROM entry").get
        self._logs: dict[str, _Head] = {}

    def write(self, appends: list[Append]) -> list[Written]:
        """Store all of them in one transaction, or none.

        :raises apsw.Error: when nothing was stored.
        """
        position = self._position
        batch = _Batch(self._db, self._logs, self.incarnation, position)
        try:
            with self._db:
                written = [batch.add(append) for append in appends]
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
        query = "SELECT position, number, time, body FROM entry JOIN standing USING (position) ORDER BY position"
        with _explained(self.path):
            return [_event(row, self.incarnation) for row in self._db.execute(query)]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class Reader:
    """A connection that only reads; one thread at a time may use it."""

    def __init__(self, path: Path, incarnation: str) -> None:
        self._db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        self._db.set_busy_timeout(BUSY_MILLISECONDS)
        self._incarnation = incarnation

    def read(self, wish: Read) -> list[LOGGED]:
        """Entries of one log, in the order of their numbers."""
        backwards = wish.after is None
        after = _bounded(wish.after if wish.after is not None else 0)
        before = _bounded(wish.before if wish.before is not None else _MOST_NUMBER)
        query = f"{_SELECT} AND number > ? AND number < ? ORDER BY number {'DESC' if backwards else 'ASC'} LIMIT ?"
        rows = list(self._db.execute(query, (wish.log, after, before, wish.limit)))
        return [_event(row, self._incarnation) for row in (reversed(rows) if backwards else rows)]

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
            last = self._db.execute("SELECT number, time FROM entry WHERE log = ? ORDER BY number DESC LIMIT 1", (id,))
            number, time = last.get or (0, 0)
            head = self._logs[name] = _Head(id, number, time)
        return head


def _event(row: tuple[int, int, int, bytes], incarnation: str) -> LOGGED:
    position, number, time, body = row
    event: LOGGED = _decode(body)
    return replace(event, number=number, time=time, id=f"{incarnation}-{position}")


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
