"""Proving that a log is what was written: nothing changed, taken out, moved or added."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import msgspec

from tcpchat.backend import chain, schema
from tcpchat.backend.entries import decode
from tcpchat.backend.ids import Ids
from tcpchat.model.events import Redacted, TopicSet
from tcpchat.model.records import parties

_COLUMNS = ", ".join(chain.Row._fields)


class Report:
    """What was looked at, and what is wrong with it: a sentence each."""

    def __init__(self) -> None:
        self.entries = 0
        self.logs = 0
        self.problems: list[str] = []


def verify(path: Path) -> Report:
    """Look through the whole log at `path`. A server may be running on it.

    :raises CannotStart: if it cannot be opened, or is none.
    """
    report = Report()
    with schema.explained(path), closing(schema.open_for_reading(path)) as db:
        schema.check_newest(db, path)
        db.execute("BEGIN")  # all of it as it is at one time
        try:
            report.problems += _of_the_file(db)
            _Log.look_at_all(db, report)
            report.problems += [problem for check in _CHECKS for problem in check(db)]
        except schema.DAMAGE as error:
            report.problems.append(f"the file cannot be read any further: {error}")
    return report


class _Log:
    """The entries of one log, in a row."""

    def __init__(self, report: Report, ids: Ids, name: str, pruned: int, anchor: bytes) -> None:
        self._report = report
        self._ids = ids
        self._name = name
        self._number = pruned
        self._position = 0
        self._before: bytes | None = anchor
        self._topic = 0
        self.emptied: dict[str, int] = {}
        self.taken_back: set[str] = set()

    @classmethod
    def look_at_all(cls, db: apsw.Connection, report: Report) -> None:
        """Every log of the file, by itself and against all that was ever written."""
        ids = Ids(db)
        total = 0
        logs: list[Any] = db.execute("SELECT id, name, pruned, anchor, crc FROM log ORDER BY id").fetchall()
        for id, name, pruned, anchor, crc in logs:
            if crc != schema.sum_of(id, name, pruned, anchor):
                report.problems.append(f"{name}: what is known of this log was changed")
            log = cls(report, ids, name, pruned, anchor)
            log.look_at_each(db, id)
            log.end(db.execute("SELECT position FROM holding WHERE log = ? AND kind = 'topic'", (id,)).get)
            total += log.last
        report.logs = len(logs)
        report.problems += _of_the_end(db, total)

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return self._number

    def look_at_each(self, db: apsw.Connection, id: int) -> None:
        """All of them, as far as they can be read."""
        entry: Any
        try:
            for entry in db.execute(f"SELECT {_COLUMNS} FROM entry WHERE log = ? ORDER BY number", (id,)):
                self.look_at(chain.Row(*entry))
        except schema.DAMAGE as error:
            self._report.problems.append(f"{self._name}: after entry {self._number} nothing can be read: {error}")

    def look_at(self, entry: chain.Row) -> None:
        """The next entry."""
        self._report.entries += 1
        if not isinstance(entry.number, int) or not isinstance(entry.position, int):
            self._report.problems.append(f"{self._name}: what follows entry {self._number} was changed")
            self._before = None
            return
        if entry.number != self._number + 1:
            self._missing(self._number + 1, entry.number - 1)
        if not chain.is_whole(entry):
            self._wrong(entry, "was changed")
        elif entry.position <= self._position:
            self._wrong(entry, "was moved")
        elif self._before is not None and not chain.follows(entry, self._before):
            self._wrong(entry, "is not the one that was written: it was changed or moved, and its sum made to fit")
        self._number, self._position, self._before = entry.number, entry.position, entry.chain
        self._note(entry)

    def end(self, topic: object) -> None:
        """There are no more. The `topic` that holds is at this place."""
        if self._topic not in (0, topic):
            self._report.problems.append(
                f"{self._name}: the topic that was set last ({self._ids.of(self._topic)}) does not hold"
            )
        for id in self.emptied.keys() - self.taken_back:
            self._report.problems.append(
                f"{self._name}: entry {self.emptied[id]} ({id}) was emptied, and nobody took it back"
            )

    def _note(self, entry: chain.Row) -> None:
        id = self._ids.of(entry.position)
        if entry.digest is not None:
            self.emptied[id] = entry.number
        try:
            event = decode(entry.body)
        except (msgspec.DecodeError, TypeError):
            return  # its sum said so
        if isinstance(event, Redacted):
            self.taken_back.add(event.of)
        elif isinstance(event, TopicSet):
            self._topic = entry.position

    def _missing(self, first: int, last: int) -> None:
        which = f"entry {first} is" if first == last else f"entries {first} to {last} are"
        self._report.problems.append(f"{self._name}: {which} missing")
        self._before = None

    def _wrong(self, entry: chain.Row, what: str) -> None:
        id = self._ids.of(entry.position)
        self._report.problems.append(f"{self._name}: entry {entry.number} ({id}) {what}")


def _of_the_file(db: apsw.Connection) -> list[str]:
    """What SQLite itself finds wrong."""
    found = [str(line) for (line,) in db.execute("PRAGMA integrity_check")]
    return [] if found == ["ok"] else [f"the file: {line}" for line in found]


def _of_the_end(db: apsw.Connection, total: int) -> Iterator[str]:
    """Every entry has one place in the order of everything, and one number in its log: both count the same."""
    position = schema.end_of(db)
    if total < position:
        missing = position - total
        which = "1 entry is" if missing == 1 else f"{missing} entries are"
        yield f"{which} missing at the end of a log: entry {Ids(db).of(position)} was the last one written"
    elif total > position:
        yield f"there are {total - position} entries too many"


def _of_documents(db: apsw.Connection) -> Iterator[str]:
    for *row, crc in db.execute("SELECT space, key, value, revision, crc FROM document"):
        if crc != schema.sum_of(*row):
            yield f"the document {row[1]} of {row[0]} was changed"


def _of_what_holds(db: apsw.Connection) -> Iterator[str]:
    for *row, crc, name in db.execute(
        "SELECT log, kind, position, number, time, body, holding.crc, name "
        "FROM holding JOIN log ON log.id = holding.log"
    ):
        if crc != schema.sum_of(*row):
            yield f"the {row[1]} of {name} was changed"
            continue
        log, kind, position, *_, body = row
        written = db.execute("SELECT body FROM entry WHERE position = ? AND log = ?", (position, log)).get
        if written not in (body, None):  # of an entry that was deleted for its age there is only this
            yield f"the {kind} of {name} is not the one that was written: it was changed, and its sum made to fit"


def _of_deletions(db: apsw.Connection) -> Iterator[str]:
    """What was deleted for its age was counted once in its log, and once for all."""
    known, said = db.execute("SELECT (SELECT pruned FROM head), (SELECT sum(pruned) FROM log)").fetchone() or (0, 0)
    if known != (said or 0):
        yield f"{said} entries pass for deleted for their age, but {known} were"


def _of_talkers(db: apsw.Connection) -> Iterator[str]:
    """Who talks in which conversations is what these are called."""
    logs: list[Any] = db.execute("SELECT id, name FROM log").fetchall()
    said = {(party, id) for id, name in logs for party in parties(name)}
    known = set(db.execute("SELECT name, log FROM party").fetchall())
    changed = {log for _, log in said ^ known}
    for id, name in logs:
        if id in changed:
            yield f"who talks in {name} was changed"


def _of_strays(db: apsw.Connection) -> Iterator[str]:
    """Entries whose log is not known."""
    for (position,) in db.execute("SELECT position FROM entry WHERE log NOT IN (SELECT id FROM log) LIMIT 100"):
        yield f"entry {position} belongs to no log"


_CHECKS: tuple[Callable[[apsw.Connection], Iterator[str]], ...] = (
    _of_documents,
    _of_what_holds,
    _of_deletions,
    _of_talkers,
    _of_strays,
)
