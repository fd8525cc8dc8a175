"""Finding words: a full-text index beside the log, kept by a thread of its own, a little behind it.

The index is derived: whoever deletes its file, or finds it damaged, loses nothing but the time to make it anew. So it
is in a file of its own, the log's writer never waits for it, and what it finds is looked at in the log, which decides.
What it does not know yet is looked through entry by entry.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from heapq import merge
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import apsw

from tcpchat.backend import schema
from tcpchat.backend.entries import COLUMNS, Entry, event_of
from tcpchat.backend.ids import Ids
from tcpchat.model.events import Redacted, Said, Told
from tcpchat.model.phrases import tokens

FILE = "search.db"

STEP = 25
"""Entries in one transaction: few, so that nobody waits long for the interpreter or the disk."""

PAUSE = 0.1
"""Seconds between two looks at whether there is time for it, and from something new until it is taken in."""

IDLE = 1.0
"""Seconds without anything new until it is looked whether there still is a file."""

QUIET, BUSY = 0.1, 0.5
"""Of a CPU: if the rest of the process takes less, the index is made as fast as can be; if it takes more, it waits."""

MOST_BEHIND = 50_000
"""If there is never time for it, the index is let fall behind so many entries, which are looked through one by one."""

SHARE = 0.05
"""How much of its time the thread works between these, and when it has waited too long."""

AFTER_TROUBLE = 5.0
"""Seconds until it is tried again after an error."""

_PROGRESS_STEPS = 2_000
"""Of SQLite's machine, between two looks at the clock."""

_SCHEMA = """
    CREATE VIRTUAL TABLE found USING fts5(words, log, tokenize="ascii tokenchars '_'");
    INSERT INTO found (found, rank) VALUES ('secure-delete', 1);  -- what was taken back cannot be found in the file
    CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), incarnation TEXT NOT NULL, position INTEGER NOT NULL);
    CREATE TABLE swept (log INTEGER PRIMARY KEY, pruned INTEGER NOT NULL);
"""

log = logging.getLogger(__name__)


class Query(NamedTuple):
    """What is looked for: in which logs, which phrases, and until when (`time.monotonic`)."""

    logs: list[int]
    phrases: list[list[str]]
    deadline: float


class Candidates:
    """Places of entries that may be what is looked for, the newest first. Iterate over it; then look at `complete`."""

    def __init__(self, places: Iterator[int]) -> None:
        self._places = places
        self.complete = True

    def __iter__(self) -> Iterator[int]:
        try:
            yield from self._places
        except apsw.InterruptError:  # the time is over
            self.complete = False
        except apsw.Error as error:
            log.warning("the search index cannot be read: %s", error)
            self.complete = False


def newest_first(db: apsw.Connection, path: Path, query: Query) -> Candidates:
    """What the log has and the index does not know yet, then what the index finds. `db` reads the log at `path`."""
    return Candidates(_places(db, path, query))


def _places(db: apsw.Connection, path: Path, query: Query) -> Iterator[int]:
    index = _opened(path)
    try:
        known: int = index.execute("SELECT position FROM state").get if index else 0
        yield from _unknown_yet(db, query.logs, known)
        if index is not None:
            index.set_progress_handler(lambda: time.monotonic() > query.deadline, _PROGRESS_STEPS)
            matching = "SELECT rowid FROM found WHERE found MATCH ? AND rowid <= ? ORDER BY rowid DESC"
            for (position,) in index.execute(matching, (match_of(query), known)):
                yield position
    finally:
        if index is not None:
            index.close(True)


def match_of(query: Query) -> str:
    """The index's own language, in which nothing that somebody typed is anything but a quoted word."""
    logs = " OR ".join(f'"{_token(log)}"' for log in query.logs)
    words = " AND ".join(_quoted(" ".join(phrase)) for phrase in query.phrases)
    return f"{{log}} : ({logs}) AND {{words}} : ({words})"


def _opened(path: Path) -> apsw.Connection | None:
    try:
        index = schema.open_for_reading(path.with_name(FILE))
    except apsw.CantOpenError:  # there is none yet
        return None
    if not _is_made(index):
        index.close()
        return None
    return index


def _is_made(index: apsw.Connection) -> bool:
    made: bool = index.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'state'").get > 0
    return made


def _unknown_yet(db: apsw.Connection, logs: list[int], known: int) -> Iterator[int]:
    return merge(*(_beyond(db, log, known) for log in logs), reverse=True)


def _beyond(db: apsw.Connection, log: int, known: int) -> Iterator[int]:
    """The places of a log's entries after this one, the newest first."""
    for (position,) in db.execute("SELECT position FROM entry WHERE log = ? ORDER BY number DESC", (log,)):
        if position <= known:
            return
        yield position


def _token(log: int) -> str:
    return f"l{log}"


def _quoted(words: str) -> str:
    return '"' + words.replace('"', '""') + '"'


class Index:
    """The thread that keeps the index of the log at `path`."""

    def __init__(self, path: Path, damaged: Callable[[str], None]) -> None:
        """`damaged` is called when something is read that is not what was written, and says what."""
        self._path = path
        self._damaged = damaged
        self._file = path.with_name(FILE)
        self._closing = Event()
        self._news = Event()
        self._measured = time.monotonic(), time.process_time(), 0.0
        self._thread = Thread(target=self._run, name="tcpchat-index", daemon=True)

    def start(self) -> None:
        """From now on the index follows the log."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the log."""
        if not self._news.is_set():
            self._news.set()

    def close(self) -> None:
        """What is not done is done after the next start."""
        self._closing.set()
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._follow()
            except apsw.Error as error:
                self._give_up(error)
            except Exception:
                log.exception("the search index cannot be kept")
                self._closing.wait(AFTER_TROUBLE)

    def _give_up(self, error: apsw.Error) -> None:
        """What is damaged is made anew; all else may pass."""
        log.warning("the search index cannot be written (%s); it is tried again", error)
        if isinstance(error, apsw.CorruptError | apsw.NotADBError | apsw.SQLError):
            for suffix in ("", "-wal", "-shm"):
                self._file.with_name(FILE + suffix).unlink(missing_ok=True)
        self._closing.wait(AFTER_TROUBLE)

    def _follow(self) -> None:
        source = schema.open_for_reading(self._path)
        try:
            indexer = _Indexer(source, self._file, self._damaged)
            try:
                while indexer.is_in_place() and not self._closing.is_set():
                    self._news.clear()
                    began = time.monotonic()
                    if not (indexer.step() or indexer.sweep()):
                        self._news.wait(IDLE)
                        self._closing.wait(PAUSE)  # first it is sent to those who hear it; and more may come
                    elif self._load() > QUIET:
                        self._give_way(indexer, time.monotonic() - began)
            finally:
                indexer.close()
        finally:
            source.close()

    def _give_way(self, indexer: _Indexer, worked: float) -> None:
        """Rest, so that others have the interpreter; while they need all of it, until they do not."""
        self._closing.wait(worked * (1 / SHARE - 1))
        while self._load() > BUSY and indexer.behind() < MOST_BEHIND and not self._closing.is_set():
            self._closing.wait(PAUSE)

    def _load(self) -> float:
        """What share of a CPU the rest of the process has taken lately."""
        now, used = time.monotonic(), time.process_time() - time.thread_time()
        then, used_then, load = self._measured
        if now - then > PAUSE / 4:
            load = (used - used_then) / (now - then)
            self._measured = now, used, load
        return load


class _Indexer:
    """Brings the index up to the log, step by step."""

    def __init__(self, source: apsw.Connection, file: Path, damaged: Callable[[str], None]) -> None:
        self._source = source
        self._damaged = damaged
        self._ids = Ids(source)
        self._file = file
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # only its owner may read it
        self._identity = os.stat(file)
        self._db = apsw.Connection(str(file))
        self._db.set_busy_timeout(schema.BUSY_MILLISECONDS)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "mmap_size=0"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        self._begin()
        self._position: int = self._db.execute("SELECT position FROM state").get

    def is_in_place(self) -> bool:
        """Whether what is written can be found: whoever deletes the file gets a new one."""
        try:
            return os.path.samestat(os.stat(self._file), self._identity)
        except FileNotFoundError:
            return False

    def behind(self) -> int:
        """How many entries the index does not know yet, about."""
        return schema.end_of(self._source) - self._position

    def step(self) -> bool:
        """Take in the next entries. False if there are none."""
        query = f"SELECT {COLUMNS} FROM entry WHERE position > ? ORDER BY position LIMIT ?"
        try:
            rows: list[Any] = self._source.execute(query, (self._position, STEP)).fetchall()
        except UnicodeDecodeError as error:
            self._pass_over(error)
            return True
        if not rows:
            return False
        with schema.transaction(self._db):
            for row in rows:
                self._take(row)
            self._db.execute("UPDATE state SET position = ?", (rows[-1][0],))
        self._position = rows[-1][0]
        return True

    def _pass_over(self, error: UnicodeDecodeError) -> None:
        """The next entry cannot even be read."""
        self._damaged(str(error))
        query = "SELECT coalesce(min(position), ?) FROM entry WHERE position > ?"
        self._position = self._source.execute(query, (self._position + 1, self._position)).get

    def sweep(self) -> bool:
        """Forget entries that were deleted for their age. False if there are none."""
        query = "SELECT id, pruned FROM log WHERE pruned > 0"
        known: list[Any] = self._db.execute("SELECT log, pruned FROM swept").fetchall()
        swept = dict(known)
        changed = [(log, pruned) for log, pruned in self._source.execute(query) if swept.get(log, 0) < pruned]
        for log, pruned in changed[:1]:
            first = (
                self._source.execute("SELECT min(position) FROM entry WHERE log = ?", (log,)).get or self._position + 1
            )
            self._sweep(log, pruned, first)
        return bool(changed)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _sweep(self, log: int, pruned: int, first: int) -> None:
        """The entries of a log before the first one that is kept, some at a time."""
        query = "SELECT rowid FROM found WHERE found MATCH ? AND rowid < ? LIMIT ?"
        old = self._db.execute(query, (f'{{log}} : "{_token(log)}"', first, STEP)).fetchall()
        with schema.transaction(self._db):
            self._db.executemany("DELETE FROM found WHERE rowid = ?", old)
            if len(old) < STEP:
                self._db.execute("INSERT OR REPLACE INTO swept (log, pruned) VALUES (?,?)", (log, pruned))

    def _take(self, row: Entry) -> None:
        position, log = row[:2]
        try:
            event = event_of(row, self._ids, "")
        except apsw.CorruptError as error:  # who reads it is told; nobody can find it
            self._damaged(str(error))
            return
        if isinstance(event, Said | Told) and not event.redacted:
            words = " ".join(tokens(event.text))
            self._db.execute("INSERT INTO found (rowid, words, log) VALUES (?,?,?)", (position, words, _token(log)))
        elif isinstance(event, Redacted):
            self._db.execute("DELETE FROM found WHERE rowid = ?", (self._ids.position(event.of),))

    def _begin(self) -> None:
        """Make the index, if there is none, or another log's."""
        head = schema.end_of(self._source)
        if _is_made(self._db):
            incarnation, position = self._db.execute("SELECT incarnation, position FROM state").fetchone()  # type: ignore[misc]
            if incarnation == self._ids.incarnation and position <= head:
                return
            raise apsw.CorruptError("it is another log's")
        with schema.transaction(self._db):
            self._db.execute(_SCHEMA).fetchall()
            self._db.execute("INSERT INTO state VALUES (1, ?, 0)", (self._ids.incarnation,))
