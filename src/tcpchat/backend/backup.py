"""A copy of the log while a server writes to it, and the way back."""

from __future__ import annotations

import os
import time
from contextlib import closing
from itertools import count
from pathlib import Path
from secrets import token_hex

import apsw

from tcpchat.backend import index, schema
from tcpchat.backend.lock import FileLock
from tcpchat.backend.verify import Report, verify
from tcpchat.model.errors import EX_CANTCREAT, EX_DATAERR, EX_IOERR, CannotStart, in_words


def back_up(path: Path, copy: Path) -> Report:
    """Write what the log at `path` holds now into a new file, and look through it.

    :returns: what was found in the copy. If anything is wrong with it, it is there all the same.
    :raises CannotStart: if it cannot be made; then there is none.
    """
    if copy.exists():
        raise CannotStart(f"{copy} is there already. Choose another name, or move it away.", EX_CANTCREAT)
    unfinished = copy.with_name(copy.name + ".unfinished")
    try:
        _copy(path, unfinished)
        _settle(unfinished)
        report = verify(unfinished)
        os.replace(unfinished, copy)
        _settle(copy.parent)
    except OSError as error:
        raise CannotStart(f"Cannot write {copy}: {in_words(error)}.", EX_CANTCREAT) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return report


def restore(copy: Path, directory: Path) -> Path | None:
    """Make a backup the log in `directory` again. What is there is moved aside, not deleted.

    The log goes on as another incarnation: what was said since the backup is not in it, and clients have to know.

    :returns: where the log is now that was there, if there was one.
    :raises CannotStart: if the backup is damaged or a server is running; then nothing has changed.
    """
    if not copy.exists():
        raise CannotStart(f"There is no {copy}.", EX_DATAERR)
    problems = verify(copy).problems
    if problems:
        raise CannotStart(f"The backup {copy} is not as it was written, and was not used: {problems[0]}.", EX_DATAERR)
    lock = FileLock(directory)
    try:
        return _replace(copy, directory)
    except OSError as error:
        raise CannotStart(f"Cannot restore into {directory}: {in_words(error)}.", EX_IOERR) from error
    finally:
        lock.release()


def _replace(copy: Path, directory: Path) -> Path | None:
    path = directory / schema.FILE
    fresh = directory / (schema.FILE + ".restored")
    try:
        _copy(copy, fresh)
        _begin_another_era(fresh)
        _settle(fresh)
        aside = _move_aside(path) if path.exists() else None
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    for suffix in ("", "-wal", "-shm", "-journal"):
        (directory / (index.FILE + suffix)).unlink(missing_ok=True)
    _settle(directory)
    return aside


def _copy(path: Path, fresh: Path) -> None:
    """What SQLite reads there, in one new file: the end of it may be in a write-ahead log that nobody closed."""
    fresh.unlink(missing_ok=True)
    with schema.explained(path), closing(schema.open_for_reading(path)) as db:
        schema.check_newest(db, path)
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600))  # only its owner may read it
        db.execute("PRAGMA query_only=OFF").fetchall()
        db.execute("VACUUM INTO ?", (str(fresh),)).fetchall()


def _begin_another_era(path: Path) -> None:
    with schema.explained(path), closing(apsw.Connection(str(path))) as db, db:
        db.execute("INSERT INTO era VALUES (?, ?)", (schema.end_of(db) + 1, token_hex(3)))


def _move_aside(path: Path) -> Path:
    """The log and what belongs to it, under another name."""
    aside = _free_name(f"{path}.{time.strftime('%Y-%m-%d-%H%M%S')}")
    for suffix in ("-wal", ""):  # the write-ahead log belongs to the file of the same name
        old = path.with_name(path.name + suffix)
        if old.exists():
            os.replace(old, aside.with_name(aside.name + suffix))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return aside


def _free_name(name: str) -> Path:
    """A name that nothing has: what was moved aside in the same second stays."""
    names = (Path(name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(path for path in names if not path.exists())


def _settle(path: Path) -> None:
    """Wait until the disk has it."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
