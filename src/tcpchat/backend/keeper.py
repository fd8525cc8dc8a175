"""The log's keeper: a thread for what takes long, and would hold up the writer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

import apsw

from tcpchat.backend.retention import due
from tcpchat.backend.schema import DAMAGE
from tcpchat.backend.store import Writer
from tcpchat.backend.trouble import Trouble, failure, trouble
from tcpchat.backend.writing import Writing
from tcpchat.config import Keep

MANY_PAGES = 4_000
"""When the write-ahead log is so long, it is time to bring it to its place."""

EVERY = 60.0
"""Seconds between two looks at what is due to be deleted."""

log = logging.getLogger(__name__)


class Keeper:
    """Brings the write-ahead log to its place, finds what is due to be deleted, and looks over what a crash left.

    A checkpoint copies pages and waits for the disk to have them, while the writer goes on. What the writer added
    meanwhile it brings to its place itself, which is little; then the write-ahead log begins anew.
    """

    def __init__(self, writer: Writer, writing: Writing, keep: Keep, failed: Callable[[str], None]) -> None:
        """`failed` is called in this thread, if the disk fails."""
        self._writer = writer
        self._writing = writing
        self._keep = keep
        self._failed = failed
        self._wanted: SimpleQueue[bool] = SimpleQueue()
        self._asked = False
        self._looked = -EVERY
        self._thread = Thread(target=self._run, name="tcpchat-keeper", daemon=True)
        self.start = self._thread.start

    def stored(self, pages: int) -> None:
        """Something was written; the write-ahead log has so many pages now. From the writer's thread."""
        if pages > MANY_PAGES and not self._asked and not self._writing.finishing:
            self._asked = True
            self._wanted.put(True)

    def close(self) -> None:
        """Finish what is being done."""
        self._wanted.put(False)
        self._thread.join()

    def _run(self) -> None:
        try:
            db = apsw.Connection(str(self._writer.path))
            for pragma in ("wal_autocheckpoint=0", "synchronous=FULL", "mmap_size=0", "cell_size_check=ON"):
                db.execute(f"PRAGMA {pragma}").fetchall()
            try:
                if self._writer.was_left_open:
                    self._check(db)
                while self._turn(db):
                    pass
            finally:
                db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                db.close()
        except Exception as error:  # without it the write-ahead log would grow until the disk is full
            self._end(error)

    def _end(self, error: Exception) -> None:
        why = failure(error)
        if trouble(error) is not Trouble.FAILED:
            log.critical("the log's keeper has ended", exc_info=error)
            why = f"The log's keeper has ended ({error})."
        self._failed(why)

    def _check(self, db: apsw.Connection) -> None:
        """After a crash or a power cut: a disk may have lost what it promised to keep. It takes seconds at most."""
        try:
            found = [str(line) for (line,) in db.execute("PRAGMA quick_check(1)")]
        except DAMAGE as error:
            found = [str(error)]
        if found != ["ok"]:
            self._writing.damaged(found[0])

    def _turn(self, db: apsw.Connection) -> bool:
        """Wait until there is something to do, and do it. False if there will be nothing more."""
        try:
            self._look_for_old(db)
            try:
                if not self._wanted.get(timeout=EVERY):
                    return False
            except Empty:
                return True
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._writer.settle()  # SQLite waits only if nothing was written meanwhile
            self._writing.finishing = True
        except (apsw.Error, *DAMAGE) as error:
            self._in_trouble(error)
        self._asked = False
        return True

    def _look_for_old(self, db: apsw.Connection) -> None:
        if monotonic() - self._looked < EVERY or self._keep == Keep() or self._writing.deleting:
            return
        self._looked = monotonic()
        for one in due(db, self._keep):
            self._writing.delete(one)

    def _in_trouble(self, error: Exception) -> None:
        kind = trouble(error)
        if kind is Trouble.FAILED:
            raise error
        if kind is Trouble.DAMAGED:
            self._writing.damaged(str(error))
        log.warning("the write-ahead log cannot be brought to its place now: %s", error)
