"""The writer thread: one transaction for each batch, and between them what else the log needs."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

import apsw

from tcpchat.backend.base import Unavailable, Unknown
from tcpchat.backend.durations import Durations
from tcpchat.backend.order import Durable, Failed, Written
from tcpchat.backend.retention import Due
from tcpchat.backend.store import Writer
from tcpchat.backend.trouble import Trouble, failure, refusal, trouble

IDLE = 1.0
"""Seconds without anything to write after which is looked whether there is something else to do."""

BREATH = 0.01
"""The same, while there is more of what takes a little at a time."""

STEP = 200
"""Entries that are deleted for their age in one transaction, between two batches."""

MOST_UNNOTED = 10_000
"""After so many entries the end of the log is noted, if there was no quiet moment before."""

LOOK_AT_SPACE = 60.0
LOW_SPACE = 0.05
"""From this share of free space on the operator is warned."""

log = logging.getLogger(__name__)


class Writing:
    """Writes what is put in, in batches, and says what came of each."""

    def __init__(
        self,
        writer: Writer,
        tell: Callable[[list[Written] | Failed], None],
        failed: Callable[[str], None],
        stored: Callable[[int], None],
    ) -> None:
        """All three are called in the writer's thread.

        :param tell: what came of a batch.
        :param failed: nothing can be written any more, and why.
        :param stored: after a transaction, with the length of the write-ahead log in pages.
        """
        self._writer = writer
        self._tell = tell
        self._failed = failed
        self._stored = stored
        self._batches: SimpleQueue[list[Durable] | None] = SimpleQueue()
        self._due: SimpleQueue[Due] = SimpleQueue()
        self._deleting: Due | None = None
        self._trouble: Trouble | None = None
        self._damage = ""
        self.finishing = False
        """Nearly all of the write-ahead log is at its place: what is left is brought there next."""
        self.commits = Durations()
        """How long the batches took that were written."""
        self.records = 0
        """How many records were in them."""
        self._looked_at_space = 0.0
        self._warned_of_space = False
        self.put = self._batches.put
        """Hand over a batch. `None`: there are no more."""
        self.delete = self._due.put
        """Hand over what is due to be deleted."""
        self._thread = Thread(target=self._run, name="tcpchat-writer", daemon=True)
        self.start = self._thread.start
        self.join = self._thread.join

    def damaged(self, what: str) -> None:
        """Something was read that is not what was written: nothing is added to such a log. From any thread."""
        if not self._damage:
            self._damage = what
            log.critical(
                "THE LOG IS DAMAGED: %s. Nothing is written to it any more; what was said can be read. Stop the "
                "server, see with `tcpchat-server log verify` what is wrong, bring back a backup with `log restore`.",
                what,
            )

    @property
    def deleting(self) -> bool:
        """Whether something is still to be deleted."""
        return self._deleting is not None or not self._due.empty()

    def _run(self) -> None:
        try:
            while (batch := self._next()) is not None:
                self._write(batch)
        except BaseException as error:  # whatever it is, nobody may wait for this thread for ever
            self._end(error)

    def _end(self, error: BaseException) -> None:
        """Nobody can know what was stored of the last batch, and there can be no other."""
        why = failure(error)
        if trouble(error) is not Trouble.FAILED:
            log.critical("the log's writer has ended", exc_info=error)
            why = f"The log's writer has ended ({error})."
        self._tell(Unknown(why))
        self._failed(why)

    def _next(self) -> list[Durable] | None:
        """The next batch. While there is none, what else the log needs is done."""
        while True:
            try:
                return self._batches.get(timeout=BREATH if self._tidy() else IDLE)
            except Empty:
                if not self.deleting:
                    self._look_around()

    def _write(self, batch: list[Durable]) -> None:
        """Write a batch, and say what came of it.

        :raises apsw.IOError: if nobody can know; so does an `OSError`.
        """
        if self._damage:
            self._tell(Unavailable(refusal(Trouble.DAMAGED, apsw.CorruptError(self._damage))))
            return
        started = time.monotonic()
        try:
            written = self._writer.write(batch)
        except Exception as error:
            self._in_trouble(error)
            return
        self.commits.note(time.monotonic() - started)
        self.records += len(batch)
        self._out_of_trouble()
        self._tell(written)
        self._stored(self._writer.pages)

    def _in_trouble(self, error: BaseException) -> None:
        kind = trouble(error)
        if kind is Trouble.FAILED:
            raise error
        if kind is Trouble.DAMAGED:
            self.damaged(str(error))
        elif kind is not self._trouble:  # said once, not for each message
            log.error("the log cannot be written, and no message is taken: %s", error)
        self._trouble = kind
        self._tell(Unavailable(refusal(kind, error)))

    def _out_of_trouble(self) -> None:
        if self._trouble is not None:
            log.warning("the log can be written again")
        self._trouble = None

    # between the batches

    def _tidy(self) -> bool:
        """Do a little of what is due. Whether there is more of it."""
        if self._damage or self._trouble is not None:
            return False
        self._guarded(lambda: self._writer.note_end(MOST_UNNOTED))
        if self.finishing:
            self._guarded(self._writer.checkpoint)
            self.finishing = False
        if self._deleting is None and not self._due.empty():
            self._deleting = self._due.get()
        if self._deleting is not None:
            self._deleting = self._delete(self._deleting)
        return self.deleting

    def _delete(self, due: Due) -> Due | None:
        """Delete some of the oldest entries. What is left to do, if anything is."""
        through = min(due.through, due.after + STEP)
        if not self._guarded(lambda: self._writer.forget(due.log, through)):
            return None  # it is tried again in a minute
        self._stored(self._writer.pages)
        return due._replace(after=through) if through < due.through else None

    def _look_around(self) -> None:
        """Nothing happens: a good moment."""
        if self._damage:
            return
        self._guarded(self._writer.note_end)
        if self._writer.redacted:
            self._guarded(self._writer.wipe)
        now = time.monotonic()
        if now - self._looked_at_space > LOOK_AT_SPACE:
            self._looked_at_space = now
            self._look_at_space()

    def _guarded(self, doing: Callable[[], None]) -> bool:
        """Do what nobody waits for. False if it could not be done; then those who send notice by themselves.

        :raises apsw.IOError: if the disk failed.
        """
        try:
            doing()
        except apsw.Error as error:
            kind = trouble(error)
            if kind is Trouble.FAILED:
                raise
            if kind is Trouble.DAMAGED:
                self.damaged(str(error))
            log.warning("the log cannot be tidied now: %s", error)
            return False
        return True

    def _look_at_space(self) -> None:
        try:
            total, _, free = shutil.disk_usage(self._writer.path.parent)
        except OSError:
            return
        low = free < LOW_SPACE * total
        if low and not self._warned_of_space:
            log.warning("the disk is nearly full: %d MB are left. When it is full, no message is taken.", free >> 20)
        self._warned_of_space = low
