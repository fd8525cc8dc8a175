"""The log, entry by entry, for whoever may read its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from tcpchat.backend import schema
from tcpchat.backend.entries import COLUMNS, event_of, placeholder
from tcpchat.backend.ids import Ids
from tcpchat.backend.reader import first_beyond, in_a_row
from tcpchat.model import names
from tcpchat.model.errors import EX_DATAERR, CannotStart
from tcpchat.model.events import LOGGED
from tcpchat.model.records import AUDIT


def entries(path: Path, room: str, since: int, damaged: Callable[[str], None]) -> Iterator[LOGGED]:
    """All entries in the order in which they were recorded. A server may be running on the log.

    :param room: only those of this room; empty: those of all rooms and conversations.
    :param since: only those from this time on, in milliseconds since 1970.
    :param damaged: is told of entries that are not what was written; they are given as `placeholder` makes them.
    :raises CannotStart: if the log cannot be opened, or there is no such room.
    """
    with schema.explained(path), closing(schema.open_for_reading(path)) as db:
        schema.check_newest(db, path)
        ids = Ids(db)
        db.execute("BEGIN")
        name_of: dict[Any, Any] = dict(db.execute("SELECT id, name FROM log").fetchall())  # type: ignore[arg-type]
        rows: Any = _of_room(db, room, since) if room else _of_all(db, since)
        for row in rows:
            name = name_of.get(row[1], "")
            try:
                yield event_of(row, ids, name)
            except apsw.CorruptError as error:
                damaged(str(error))
                yield placeholder(row, ids, name)


def _of_all(db: apsw.Connection, since: int) -> Iterator[tuple[Any, ...]]:
    return db.execute(f"SELECT {COLUMNS} FROM entry WHERE time >= ? ORDER BY position", (since,))


def _of_room(db: apsw.Connection, room: str, since: int) -> Iterator[tuple[Any, ...]]:
    log: Any = db.execute("SELECT id FROM log WHERE name = ?", (names.fold(room),)).get
    if log is None and room == AUDIT:
        return iter(())  # no operator did anything
    if log is None:
        raise CannotStart(f"Nothing was ever said in {room}.", EX_DATAERR)
    first = first_beyond(db, log, "time", since)
    query = f"SELECT {COLUMNS} FROM entry WHERE log = ? AND number >= ? ORDER BY number"
    return in_a_row(db.execute(query, (log, first)), log, first - 1, backwards=False)
