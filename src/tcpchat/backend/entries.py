"""Rows as events, each checked when it is read."""

from __future__ import annotations

import logging

import apsw
import msgspec
from msgspec.structs import replace

from tcpchat.backend import chain
from tcpchat.backend.ids import Ids
from tcpchat.backend.schema import sum_of
from tcpchat.model import names
from tcpchat.model.events import LOGGED, Said, Told
from tcpchat.model.records import as_now

log = logging.getLogger(__name__)

COLUMNS = "position, log, number, time, author, party, key, body, crc"
"""What is read of an entry: all that its sum is over."""

Entry = tuple[int, int, int, int, str, "str | None", "str | None", bytes, int]

DAMAGED = "This entry is damaged: the disk does not give back what was written."

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(LOGGED).decode


def event_of(entry: Entry | chain.Row, ids: Ids, name: str) -> LOGGED:
    """What is stored in a row of the log called `name`. Never another text than the one that was stored.

    :raises apsw.CorruptError: if it is damaged.
    """
    position, _, number, time, *_, body, crc = entry[:9]
    if crc != chain.sum_of(*entry[:8]):
        raise apsw.CorruptError(f"entry {ids.of(position)} of {name} is damaged")
    return as_now(replace(decode(body), number=number, time=time, id=ids.of(position)), name)


def placeholder(entry: Entry, ids: Ids, name: str) -> LOGGED:
    """What stands for an entry that is damaged."""
    position, _, number, time = (value if isinstance(value, int) else 0 for value in entry[:4])
    place = {"number": number, "time": time, "id": ids.of(position)}
    room = name.lstrip("@+")
    if names.is_room(room):
        return Said(room=room, by="tcpchat", text=DAMAGED, kind="notice", **place)  # type: ignore[arg-type]
    return Told(to="", by="tcpchat", text=DAMAGED, kind="notice", talk=name, **place)  # type: ignore[arg-type]


def holds(kind: str, row: chain.Row) -> tuple[int, str, int, int, int, bytes, int]:
    """The row of the table ``holding`` for an entry that holds from now on."""
    held = (row.log, kind, row.position, row.number, row.time, row.body)
    return (*held, sum_of(*held))


def held(db: apsw.Connection, ids: Ids) -> list[LOGGED]:
    """The entries that still hold, in the order in which they were recorded. A damaged one holds no more."""
    query = (
        "SELECT log, kind, position, number, time, body, holding.crc, name "
        "FROM holding JOIN log ON log.id = holding.log ORDER BY position"
    )
    events = []
    for *row, crc, name in db.execute(query):
        _, _, position, number, time, body = row
        if crc == sum_of(*row):
            events.append(as_now(replace(decode(body), number=number, time=time, id=ids.of(position)), name))
        else:
            log.error("what holds in %s is damaged, and does not hold any more", name)
    return events
