"""What is not what was written is named, whether or not its sum was made to fit."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tcpchat.backend import chain, schema
from tcpchat.backend.schema import FILE
from tcpchat.backend.verify import verify


def fit(db: apsw.Connection, position: int) -> None:
    """Let the sum of an entry be that of what it says now."""
    row = chain.Row(*db.execute("SELECT * FROM entry WHERE position = ?", (position,)).fetchone())  # type: ignore[misc]
    db.execute("UPDATE entry SET crc = ? WHERE position = ?", (chain.sum_of(*row[:8]), position))


def changed(db: apsw.Connection) -> None:
    db.execute("UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'tea 3', 'tea 7') AS BLOB) WHERE position = 7")


def changed_to_fit(db: apsw.Connection) -> None:
    changed(db)
    fit(db, 7)


def by_another(db: apsw.Connection) -> None:
    db.execute("UPDATE entry SET author = 'bob' WHERE position = 7")
    fit(db, 7)


def removed(db: apsw.Connection) -> None:
    db.execute("DELETE FROM entry WHERE position = 7")


def cut_off(db: apsw.Connection) -> None:
    db.execute("DELETE FROM entry WHERE position = (SELECT max(position) FROM entry)")


def closed_up(db: apsw.Connection) -> None:
    """Taken out, and those after it moved up, their sums made to fit."""
    db.execute("DELETE FROM entry WHERE position = 7")
    for position in range(9, 21, 2):
        db.execute("UPDATE entry SET number = number - 1 WHERE position = ?", (position,))
        fit(db, position)


def swapped(db: apsw.Connection) -> None:
    db.execute("UPDATE entry SET number = -1 WHERE position = 7")
    db.execute("UPDATE entry SET number = 4 WHERE position = 9")
    db.execute("UPDATE entry SET number = 5 WHERE position = 7")
    fit(db, 7)
    fit(db, 9)


def emptied(db: apsw.Connection) -> None:
    row = chain.Row(*db.execute("SELECT * FROM entry WHERE position = 7").fetchone())  # type: ignore[misc]
    left = chain.emptied(row, b'{"event":"said","room":"#tea","by":"ann","text":"","redacted":true}')
    db.execute(
        "UPDATE entry SET body=?, crc=?, salt=?, digest=? WHERE position=7", (left.body, left.crc, b"", left.digest)
    )


def cut_off_one_log(db: apsw.Connection) -> None:
    db.execute("DELETE FROM entry WHERE position = 20")


def moved(db: apsw.Connection) -> None:
    """To the end of another room."""
    db.execute("UPDATE entry SET log = 2, number = 11 WHERE position = 7")
    fit(db, 7)


def exchanged(db: apsw.Connection) -> None:
    """Two entries say what the other said, each at its place."""
    (one, other) = (db.execute("SELECT body FROM entry WHERE position = ?", (at,)).get for at in (7, 9))
    db.execute("UPDATE entry SET body = ? WHERE position = 7", (other,))
    db.execute("UPDATE entry SET body = ? WHERE position = 9", (one,))


def exchanged_to_fit(db: apsw.Connection) -> None:
    exchanged(db)
    fit(db, 7)
    fit(db, 9)


def at_another_time(db: apsw.Connection) -> None:
    db.execute("UPDATE entry SET time = time + 1 WHERE position = 7")
    fit(db, 7)


def added(db: apsw.Connection) -> None:
    """What is there, once more, at the end."""
    columns = "log, 13, time, author, party, 'another key', body, crc, salt, digest, chain"
    db.execute(f"INSERT INTO entry SELECT 23, {columns} FROM entry WHERE position = 7")
    fit(db, 23)


def passed_for_old(db: apsw.Connection) -> None:
    """The oldest are taken out as if they had been deleted for their age, the sums made to fit."""
    anchor = db.execute("SELECT chain FROM entry WHERE position = 3").get
    db.execute("DELETE FROM entry WHERE log = 1 AND number <= 2")
    db.execute(
        "UPDATE log SET pruned = 2, anchor = ?, crc = ? WHERE id = 1", (anchor, schema.sum_of(1, "#tea", 2, anchor))
    )


def called_otherwise(db: apsw.Connection) -> None:
    db.execute("UPDATE log SET name = '#other' WHERE id = 1")


def another_topic(db: apsw.Connection) -> None:
    db.execute("UPDATE holding SET body = CAST(replace(CAST(body AS TEXT), 'the topic', 'no topic') AS BLOB)")


def another_topic_to_fit(db: apsw.Connection) -> None:
    another_topic(db)
    row = db.execute("SELECT log, kind, position, number, time, body FROM holding").fetchone()
    db.execute("UPDATE holding SET crc = ?", (schema.sum_of(*row or ()),))


def no_topic(db: apsw.Connection) -> None:
    db.execute("DELETE FROM holding")


def another_document(db: apsw.Connection) -> None:
    db.execute("UPDATE document SET value = x'00'")


def another_talker(db: apsw.Connection) -> None:
    db.execute("INSERT INTO party VALUES ('=eve', 1)")


def a_whole_log(db: apsw.Connection) -> None:
    db.execute("DELETE FROM entry WHERE log = 2")
    db.execute("DELETE FROM log WHERE id = 2")


@pytest.mark.threat(44)
@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (changed, "#tea: entry 4 "), (changed_to_fit, "#tea: entry 4 "), (by_another, "#tea: entry 4 "),
        (removed, "#tea: entry 4 is missing"), (cut_off, "missing at the end"), (closed_up, "#tea: entry 4 "),
        (swapped, "#tea: entry "), (emptied, "#tea: entry 4 "), (a_whole_log, "missing"),
        (cut_off_one_log, "1 entry is missing"), (moved, "#milk: entry 11 "), (exchanged, "#tea: entry 5 "),
        (exchanged_to_fit, "#tea: entry 5 "), (at_another_time, "#tea: entry 4 "), (added, "#tea: entry 13 "),
        (passed_for_old, "2 entries pass for deleted"), (called_otherwise, "#other: what is known of this log"),
        (another_topic, "the topic of #tea "), (another_topic_to_fit, "the topic of #tea "),
        (no_topic, "does not hold"), (another_document, "the document key of space"),
        (another_talker, "who talks in #tea"),
    ],
)  # fmt: skip
def test_what_is_not_what_was_written_is_named(
    data: Path, tamper: Callable[[apsw.Connection], None], named: str
) -> None:
    assert verify(data / FILE).problems == []
    with closing(apsw.Connection(str(data / FILE))) as db:
        tamper(db)
    assert any(named in problem for problem in verify(data / FILE).problems), verify(data / FILE).problems
