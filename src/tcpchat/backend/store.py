"""Writing to the log: one connection, one batch in one transaction. It waits for the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
from msgspec.structs import replace

from tcpchat.backend import chain, schema
from tcpchat.backend.entries import decode, encode, event_of, held, holds
from tcpchat.backend.ids import Ids
from tcpchat.backend.order import Durable, Written, now_ms
from tcpchat.model import names
from tcpchat.model.events import LOGGED, Event, Redacted, RoomRenamed, TopicSet
from tcpchat.model.records import Append, Document, Put, emptied, log_of, parties

_MOST_CACHED_LOGS = 50_000

_COLUMNS = ", ".join(chain.Row._fields)
_INSERT = f"INSERT INTO entry ({_COLUMNS}) VALUES ({','.join('?' * len(chain.Row._fields))})"


class Writer:
    """The one connection that writes. Made on the loop's thread before there is a loop to hold up, used on its own."""

    def __init__(self, directory: Path, durability: schema.Durability = "full") -> None:
        """:raises CannotStart: if the file cannot be opened or made, is damaged, or belongs to a newer tcpchat."""
        self.path = directory / schema.FILE
        self.was_left_open = schema.is_left_open(self.path)
        """Whether the one before was killed, or the power cut."""
        self.db = schema.open_for_writing(directory, durability)
        with schema.explained(self.path), schema.closed_on_error(self.db):
            self.ids = Ids(self.db)
            self._position = self._noted = schema.end_of(self.db)
        # to be closed last: closing any other handle of the file would let go of SQLite's locks (POSIX)
        self._file = os.open(self.path, os.O_RDWR)
        self._identity = os.fstat(self._file)
        self._logs: dict[str, _Head] = {}
        self.pages = 0
        """How long the write-ahead log is, in pages."""
        self.redacted = False
        """Whether something was taken back whose text may still be in the write-ahead log."""
        self.db.set_wal_hook(self._note_pages)

    @property
    def last_id(self) -> str:
        """The id of the latest entry."""
        return self.ids.of(self._position) if self._position else ""

    def write(self, records: list[Durable]) -> list[Written]:
        """Store all of them in one transaction, or none.

        :raises apsw.Error: when nothing was stored, or, if it is an `apsw.IOError`, when nobody can know.
        :raises FileNotFoundError: when the file is not there any more.
        """
        self._check_place()
        batch = _Batch(self.db, self._logs, self.ids, self._position, len(records))
        try:
            with schema.transaction(self.db):
                written = [batch.add(one) if type(one) is Append else batch.put(one) for one in records]  # type: ignore[arg-type]
                batch.insert()
        except BaseException:
            self._logs.clear()  # they counted what is not there
            raise
        self._position = batch.position
        self.redacted = self.redacted or batch.redacted
        if len(self._logs) > _MOST_CACHED_LOGS:
            self._logs.clear()
        return written

    def holding(self) -> list[LOGGED]:
        """The entries that still hold, in the order in which they were recorded.

        :raises CannotStart: if the file is damaged.
        """
        with schema.explained(self.path):
            return held(self.db, self.ids)

    def forget(self, log: int, through: int) -> None:
        """Delete the oldest entries of a log, up to a number, for their age.

        :raises apsw.Error: when nothing was deleted.
        """
        with schema.transaction(self.db):
            name, pruned = self.db.execute("SELECT name, pruned FROM log WHERE id = ?", (log,)).fetchone()  # type: ignore[misc]
            if through <= pruned:
                return
            query = "SELECT chain FROM entry WHERE log = ? AND number = ?"
            anchor: bytes = self.db.execute(query, (log, through)).get
            self.db.execute("DELETE FROM entry WHERE log = ? AND number <= ?", (log, through))
            self.db.execute(
                "UPDATE log SET pruned = ?, anchor = ?, crc = ? WHERE id = ?",
                (through, anchor, schema.sum_of(log, name, through, anchor), log),
            )
            # its last entries may be the last of all, whose places must not be given again
            self.db.execute("UPDATE head SET pruned = pruned + ?, position = ?", (through - pruned, self._position))

    def settle(self) -> None:
        """Wait until the disk has what was brought to its place. Any thread may do that; the writing goes on.

        :raises OSError: if the disk failed.
        """
        os.fsync(self._file)

    def note_end(self, most: int = 0) -> None:
        """Store how much there is, so that nobody can cut off the end unseen. Not with each batch: it costs a page.

        :param most: that so many entries are not counted yet is all right.
        """
        if self._position > self._noted + most:
            self.db.execute("UPDATE head SET position = ?", (self._position,))
            self._noted = self._position

    def checkpoint(self) -> None:
        """Bring what is in the write-ahead log to its place, as far as nobody reads it; then it begins anew."""
        self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def wipe(self) -> None:
        """Leave nothing in the write-ahead log. Nothing happens while somebody reads it."""
        self.db.set_busy_timeout(0)
        try:
            self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self.redacted = False
        except apsw.BusyError:
            pass
        finally:
            self.db.set_busy_timeout(schema.BUSY_MILLISECONDS)

    def close(self, *, abandon: bool = False) -> None:
        """Let go of the file. `abandon`: leave everything as it is on the disk, which is not to be trusted."""
        if abandon:
            self.db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        else:
            with suppress(apsw.Error):  # a full disk; it is noted next time
                self.note_end()
        with suppress(apsw.Error):  # what cannot be brought to its place stays in the write-ahead log
            self.db.close()
        os.close(self._file)

    def _check_place(self) -> None:
        """What is written to a file that has no name any more is lost."""
        if not os.path.samestat(os.stat(self.path), self._identity):
            raise FileNotFoundError(f"{self.path} is another file now")

    def _note_pages(self, db: apsw.Connection, name: str, pages: int) -> int:
        self.pages = pages
        return apsw.SQLITE_OK


class _Head:
    """The end of one log."""

    __slots__ = ("chain", "id", "number", "time")

    def __init__(self, id: int, number: int, time: int, chain: bytes) -> None:
        self.id = id
        self.number = number
        self.time = time
        self.chain = chain


class _Batch:
    """What is written in one transaction."""

    def __init__(self, db: apsw.Connection, logs: dict[str, _Head], ids: Ids, position: int, size: int) -> None:
        self._db = db
        self._logs = logs
        self._ids = ids
        self.position = position
        self.redacted = False
        self._now = now_ms()
        salts = os.urandom(chain.SALT_BYTES * size)
        self._salts = [salts[start : start + chain.SALT_BYTES] for start in range(0, len(salts), chain.SALT_BYTES)]
        self._rows: list[chain.Row] = []
        self._keyed: dict[tuple[int, str], list[tuple[chain.Row, Event]]] = {}

    def add(self, append: Append) -> Written:
        """Give the event its place, or find the one that was stored first under its key."""
        event, key = append.event, append.key
        kind = type(event)
        if kind in _TOUCHES and not _TOUCHES[kind](self, event):
            return None, False
        log, author = log_of(event), names.fold(event.by)
        head = self._logs.get(log) or self._head(log)
        if key and (known := self._known(head.id, author, append)) is not None:
            return known, False
        row = self._row(head, author, append)
        self._rows.append(row)
        if kind is TopicSet:
            self._hold("topic", row)
        placed = replace(event, time=head.time, number=head.number, id=self._ids.of(self.position))
        if key:
            self._keyed.setdefault((head.id, key), []).append((row, placed))
        return placed, True

    def put(self, put: Put) -> Written:
        """Store a document, unless it is another one by now."""
        query = "SELECT revision FROM document WHERE space = ? AND key = ?"
        if (self._db.execute(query, (put.space, put.key)).get or 0) != put.expected:
            return None, False
        document = Document(put.value, put.expected + 1)
        row = (put.space, put.key, document.value, document.revision)
        query = "INSERT OR REPLACE INTO document (space, key, value, revision, crc) VALUES (?,?,?,?,?)"
        self._db.execute(query, (*row, schema.sum_of(*row)))
        return document, True

    def redact(self, event: Redacted) -> bool:
        """Of what is taken back only the place is kept."""
        position, log = self._ids.position(event.of), self._head(log_of(event)).id
        self.insert()  # it may be in this very batch
        query = f"SELECT {_COLUMNS} FROM entry WHERE position = ? AND log = ?"
        found: Any
        for found in self._db.execute(query, (position, log)).fetchall():
            entry = chain.Row(*found)
            if not chain.is_whole(entry):
                raise apsw.CorruptError(f"entry {event.of} is damaged")
            left = chain.emptied(entry, encode(emptied(decode(entry.body))))
            query = "UPDATE entry SET body = ?, crc = ?, salt = ?, digest = ? WHERE position = ?"
            self._db.execute(query, (left.body, left.crc, left.salt, left.digest, position))
            self.redacted = True
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

    def insert(self) -> None:
        """Put into the file what was added."""
        rows, self._rows = self._rows, []
        self._db.executemany(_INSERT, rows)

    def _row(self, head: _Head, author: str, append: Append) -> chain.Row:
        self.position += 1
        head.number += 1
        head.time = max(self._now, head.time + 1)
        party = append.party or None if append.key else None
        body, salt = encode(append.event), self._salts.pop()
        row = chain.row(
            self.position, head.id, head.number, head.time, author, party, append.key or None, body, salt, head.chain
        )
        head.chain = row.chain
        return row

    def _hold(self, kind: str, row: chain.Row) -> None:
        self._db.execute("INSERT OR REPLACE INTO holding VALUES (?,?,?,?,?,?,?)", holds(kind, row))

    def _move(self, before: str, after: str) -> None:
        """A log under another name. One of that name has no entries, or is that of a room that is no more."""
        if not self._db.execute("SELECT 1 FROM log WHERE name = ?", (before,)).get:
            return
        moved, there = self._head(before), self._head(after)
        if there.number:
            self._call(there.id, f"{after} {there.id}")
        else:
            self._db.execute("DELETE FROM log WHERE id = ?", (there.id,))
        self._call(moved.id, after)
        self._logs[after] = self._logs.pop(before)

    def _call(self, log: int, name: str) -> None:
        pruned, anchor = self._db.execute("SELECT pruned, anchor FROM log WHERE id = ?", (log,)).fetchone()  # type: ignore[misc]
        crc = schema.sum_of(log, name, pruned, anchor)
        self._db.execute("UPDATE log SET name = ?, crc = ? WHERE id = ?", (name, crc, log))

    def _known(self, log: int, author: str, append: Append) -> Event | None:
        """What the same speaker said under the same key in this log."""
        for row, event in self._keyed.get((log, append.key), ()):
            if _same(row, author, append):
                return event
        query = f"SELECT {_COLUMNS} FROM entry WHERE log = ? AND key = ? ORDER BY position"
        found: Any
        for found in self._db.execute(query, (log, append.key)):
            row = chain.Row(*found)
            if _same(row, author, append):
                return event_of(row, self._ids, log_of(append.event))
        return None

    def _head(self, name: str) -> _Head:
        head = self._logs.get(name)
        if head is None:
            head = self._logs[name] = self._found(name) or self._made(name)
        return head

    def _found(self, name: str) -> _Head | None:
        row = self._db.execute("SELECT id, pruned, anchor, crc FROM log WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        id, pruned, anchor, crc = row
        if crc != schema.sum_of(id, name, pruned, anchor):
            raise apsw.CorruptError(f"what is known of the log of {name} is damaged")
        query = "SELECT number, time, chain FROM entry WHERE log = ? ORDER BY number DESC LIMIT 1"
        number, time, link = self._db.execute(query, (id,)).fetchone() or (pruned, 0, anchor)
        return _Head(id, number, time, link)

    def _made(self, name: str) -> _Head:
        id: int = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM log").get
        row = (id, name, 0, chain.BEGINNING)
        self._db.execute(
            "INSERT INTO log (id, name, pruned, anchor, crc) VALUES (?,?,?,?,?)", (*row, schema.sum_of(*row))
        )
        talkers = [(party, id) for party in parties(name)]
        self._db.executemany("INSERT OR IGNORE INTO party (name, log) VALUES (?,?)", talkers)
        return _Head(id, 0, 0, chain.BEGINNING)


_TOUCHES: dict[type[Event], Callable[[_Batch, Any], bool]] = {
    Redacted: _Batch.redact,
    RoomRenamed: _Batch.rename,
}
"""The events that change what is in the log already; False if they cannot."""


def _same(row: chain.Row, author: str, append: Append) -> bool:
    return row.key == append.key and (row.author == author or (append.party != "" and row.party == append.party))
