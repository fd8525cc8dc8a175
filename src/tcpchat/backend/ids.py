"""The ids of entries: which incarnation of the log made them, and their place in the order of everything.

A log that was brought back from a backup goes on as another incarnation: what was said after the backup was made, and
is lost, must never share its id with something else.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import apsw

MOST_NUMBER = 1 << 62
"""No place or number comes near it; what clients ask for may be more than SQLite's 64 bits hold."""


class Ids:
    """Turns places into ids, and back."""

    def __init__(self, db: apsw.Connection) -> None:
        """:raises apsw.CorruptError: if it is not known who made them."""
        eras: list[tuple[Any, ...]] = db.execute("SELECT first, name FROM era ORDER BY first").fetchall()
        if not eras:
            raise apsw.CorruptError("which incarnation made the entries is missing")
        self._firsts = [first for first, _ in eras]
        self._names = [name for _, name in eras]
        self.incarnation: str = self._names[-1]
        """The one that makes new ids."""

    def of(self, position: int) -> str:
        """The id of the entry at this place."""
        if position >= self._firsts[-1]:
            return f"{self.incarnation}-{position}"
        return f"{self._names[bisect_right(self._firsts, position) - 1]}-{position}"

    def position(self, id: str) -> int:
        """Where the entry with this id is; 0, where none is, if it is no id of this log."""
        position = position_in(id.rpartition("-")[2])
        return position if self.of(position) == id else 0


def position_in(written: str) -> int:
    """The place that somebody wrote; 0, where none is, if it is none."""
    if not (written.isascii() and written.isdigit()) or written[:1] == "0":
        return 0
    return bounded(int(written[:19]))


def bounded(number: int) -> int:
    """A number that SQLite can hold."""
    return max(0, min(number, MOST_NUMBER))
