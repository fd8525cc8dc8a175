"""Notices an event loop that stands still: says where, and ends a process that will not go on by itself.

A thread of its own asks the loop ten times a second for a sign of life. It is the command's business, whose process is
its own; a program that has the server within it looks after its loop itself.
"""

import asyncio
import faulthandler
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from time import monotonic

from tcpchat.model.errors import EX_SOFTWARE
from tcpchat.server.logs import flush
from tcpchat.server.systemd import Supervisor

PAUSE = 0.1
STALL = 0.25
"""Seconds without a sign of life after which it is said where the loop is."""

FATAL = 30.0
"""Seconds after which the process ends, so that whoever looks after it starts it again."""

SILENCE = 10.0
"""Seconds for which nothing more is said of stalls; they are counted."""

MOST_AT_ONCE = 1.0
"""No more counts of one wait: a process that was stopped, or slept with its machine, did not stall."""

log = logging.getLogger(__name__)


class Watchdog:
    """Looks after the loop that runs in the thread which starts it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        stall: float = STALL,
        fatal: float = FATAL,
        supervisor: Supervisor | None = None,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        """`end` ends the process, with this exit code."""
        self.stalls = 0
        """How many there were."""
        self._loop = loop
        self._stall = stall
        self._fatal = fatal
        self._supervisor = supervisor or Supervisor({})
        self._end = end
        self._of = threading.get_ident()
        self._alive = threading.Event()
        self._stopped = threading.Event()
        self._quiet_until = 0.0
        self._thread = threading.Thread(target=self._watch, name="tcpchat-watchdog", daemon=True)

    def start(self) -> None:
        """From now on."""
        self._supervisor.tell("READY=1")
        self._thread.start()

    def stop(self) -> None:
        """No longer."""
        self._supervisor.tell("STOPPING=1")
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(PAUSE):
            self._alive.clear()
            try:
                self._loop.call_soon_threadsafe(self._alive.set)
            except RuntimeError:  # it is closed
                return
            self._await_life()
            self._supervisor.is_alive()

    def _await_life(self) -> None:
        """Until it shows, or there is none, or nobody wants to know any more."""
        waited, said = 0.0, False
        while not self._alive.is_set() and not self._stopped.is_set():
            began = monotonic()
            if self._alive.wait(min(self._stall, self._fatal)):
                break
            waited += min(monotonic() - began, MOST_AT_ONCE)
            if not said:
                said = True
                self._say_where()
            if waited >= self._fatal:
                self._give_up(waited)
        if said and self._alive.is_set():
            log.info("the event loop goes on after about %.1f seconds", waited)

    def _say_where(self) -> None:
        self.stalls += 1
        now = monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + SILENCE
        frame = sys._current_frames().get(self._of)
        where = "".join(traceback.format_stack(frame)) if frame is not None else "nobody knows where"
        log.warning("the event loop stands still for %d ms:\n%s", 1_000 * self._stall, where)

    def _give_up(self, waited: float) -> None:
        log.critical("the event loop stood still for %d seconds: the process ends", waited)
        flush()
        faulthandler.dump_traceback(all_threads=True)
        self._end(EX_SOFTWARE)
        self._stopped.set()
