"""What is kept no longer: which entries are due to be deleted, for their age or their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import apsw

from tcpchat.backend import chain, schema
from tcpchat.backend.entries import COLUMNS
from tcpchat.backend.order import now_ms
from tcpchat.backend.reader import first_beyond
from tcpchat.config import Keep

DAY = 86_400_000
"""In milliseconds."""


class Due(NamedTuple):
    """The entries of a log after one number, up to another, are to be deleted."""

    log: int
    after: int
    through: int


def due(db: apsw.Connection, keep: Keep) -> Iterator[Due]:
    """What is to be deleted now, log by log.

    :raises apsw.CorruptError: if the file is damaged.
    """
    first_kept = _first_position(db, keep.entries)
    logs: list[Any] = db.execute("SELECT id, pruned FROM log").fetchall()
    for log, pruned in logs:
        last = schema.number(db.execute("SELECT coalesce(max(number), 0) FROM entry WHERE log = ?", (log,)).get)
        through = min(last, max(_through(db, log, last, first_kept, keep)))
        if through > schema.number(pruned):
            _check(db, log, through)
            yield Due(log, pruned, through)


def _check(db: apsw.Connection, log: int, number: int) -> None:
    """The last one that is due is what was written: a time that the disk made up must not delete those before it."""
    row: Any = db.execute(f"SELECT {COLUMNS} FROM entry WHERE log = ? AND number = ?", (log, number)).fetchone()
    *entry, crc = row or (None,) * 9
    if crc != chain.sum_of(*entry):
        raise apsw.CorruptError(f"entry {number} of a log is damaged, and those before it may not be due to be deleted")


def _through(db: apsw.Connection, log: int, last: int, first_kept: int, keep: Keep) -> Iterator[int]:
    """The last number that each of the limits lets go."""
    yield 0
    if keep.days is not None:
        yield first_beyond(db, log, "time", now_ms() - int(keep.days * DAY)) - 1
    if keep.room_entries is not None:
        yield last - keep.room_entries
    if first_kept:
        yield first_beyond(db, log, "position", first_kept) - 1


def _first_position(db: apsw.Connection, entries: int | None) -> int:
    """The place of the first entry that is kept, if only so many are; 0 if all are."""
    if entries is None:
        return 0
    query = "SELECT position FROM entry ORDER BY position DESC LIMIT 1 OFFSET ?"
    found: Any = db.execute(query, (entries - 1,)).get
    return found or 0
