"""A log in which much was said already, and what it takes to use it."""

import random
import sqlite3
import sys
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

from tcpchat.backend.store import Writer
from tcpchat.model.events import Said
from tcpchat.model.records import Append

ROOMS = 500
NICKS = 40
VOCABULARY = 20_000
BATCH = 1_000

SEED = 4

APART = 0.01
"""Seconds between two commits that are timed, as between two messages."""


def room(number: int) -> str:
    """Rooms by how much is said there, the busiest first."""
    return f"#room{number}"


class Words:
    """Texts of words some of which are common and most of which are rare (Zipf), and of which some are searched for."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._words = [f"{''.join(chance.choices('bdfgklmnprst', k=2))}{number}" for number in range(VOCABULARY)]
        self._weights = _zipf(VOCABULARY)

    def text(self) -> str:
        """A message of a few words."""
        return " ".join(self._chance.choices(self._words, cum_weights=self._weights, k=self._chance.randint(3, 20)))

    def common(self) -> str:
        """A word that is said often."""
        return self._words[self._chance.randrange(20)]

    def rare(self) -> str:
        """A word that is said now and then."""
        return self._words[self._chance.randrange(VOCABULARY // 10, VOCABULARY)]


def commits(count: int) -> dict[str, float]:
    """How long this disk takes for a transaction like that of one message: what a latency has besides."""
    took = []
    with TemporaryDirectory(prefix="tcpchat-bench-") as directory:
        db = sqlite3.connect(Path(directory) / "commits.db", isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE entry (body BLOB)"):
            db.execute(statement).fetchall()
        for _ in range(count):
            time.sleep(APART)
            started = time.perf_counter()
            db.execute("INSERT INTO entry VALUES (?)", (bytes(200),))
            took.append(time.perf_counter() - started)
        db.close()
    took.sort()
    return {"p50_ms": took[count // 2] * 1_000, "p99_ms": took[count * 99 // 100] * 1_000}


def fill(directory: Path, messages: int) -> float:
    """Write so many messages into a log. :returns: the seconds it took."""
    started = time.monotonic()
    chance = random.Random(SEED)
    words = Words(chance)
    weights = _zipf(ROOMS)
    writer = Writer(directory, "normal")
    for start in range(0, messages, BATCH):
        rooms = chance.choices(range(ROOMS), cum_weights=weights, k=min(BATCH, messages - start))
        writer.write([Append(_said(chance, words, one)) for one in rooms])
        writer.checkpoint()
    writer.close()
    return time.monotonic() - started


def is_indexed(directory: Path) -> bool:
    """Whether the search index knows everything."""
    with sqlite3.connect(f"file:{directory / 'chat.db'}?mode=ro", uri=True) as log:
        ((last,),) = log.execute("SELECT max(position) FROM entry")
    try:
        with sqlite3.connect(f"file:{directory / 'search.db'}?mode=ro", uri=True) as index:
            ((position,),) = index.execute("SELECT position FROM state")
    except sqlite3.OperationalError:  # it is not there yet
        return False
    return bool(position >= last)


def entries(directory: Path) -> int:
    """How many entries are kept."""
    with sqlite3.connect(f"file:{directory / 'chat.db'}?mode=ro", uri=True) as log:
        ((kept,),) = log.execute("SELECT (SELECT max(position) FROM entry) - pruned FROM head")
    return int(kept)


def wait(is_so: Callable[[], bool], most_seconds: float) -> float:
    """Until it is so. :returns: the seconds it took."""
    started = time.monotonic()
    while not is_so() and time.monotonic() - started < most_seconds:
        time.sleep(0.05)
    return time.monotonic() - started


def _said(chance: random.Random, words: Words, number: int) -> Said:
    nick = f"nick{chance.randrange(NICKS)}"
    return Said(room=room(number), by=nick, origin=f"{nick}@localhost", text=words.text())


def _zipf(size: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, size + 1)))


if __name__ == "__main__":
    print(f"{fill(Path(sys.argv[1]), int(sys.argv[2])):.1f} s")
