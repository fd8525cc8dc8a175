"""The command's own log: one line for each event, whatever stands in it, and never more lines than fit a disk.

Only the command uses it: the library logs to ``logging.getLogger("tcpchat...")`` and configures nothing.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from queue import Full, Queue
from typing import Any, Literal, TextIO

LINES_A_SECOND = 50
"""Of what is said at most so much is written; of warnings and worse as much again. So many may come at once."""

MOST_WAITING = 1_000
"""Lines that wait to be written; more are left out."""

PATIENCE = 1.0
"""Seconds that the end of the process waits for the last lines."""

log = logging.getLogger(__name__)


def set_up(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Write everything that is logged to `stream`, the standard error if None; again, if it was set up before."""
    stream = stream or sys.stderr
    before = [one for one in logging.root.handlers if isinstance(one, Paced)]
    handler = next((one for one in before if one.stream is stream), None) or Paced(stream)
    handler.setFormatter(FORMS[form]())
    for other in before:
        logging.root.removeHandler(other)
        if other is not handler:
            other.close()
    logging.root.addHandler(handler)
    logging.root.setLevel(level.upper())
    logging.getLogger("asyncio").setLevel(max(logging.WARNING, logging.root.level))
    logging.captureWarnings(True)


def flush() -> None:
    """Before the last words on the terminal: what was logged before them stands before them."""
    for handler in logging.root.handlers:
        handler.flush()


def catch_what_nobody_caught() -> None:
    """What Python itself would write to the standard error becomes one line of the log."""
    sys.excepthook = lambda kind, error, trace: log.critical("not handled", exc_info=(kind, error, trace))
    threading.excepthook = lambda failed: log.critical("a thread has failed", exc_info=failed.exc_value)
    sys.unraisablehook = lambda failed: log.error("%s", failed.err_msg or "ignored", exc_info=failed.exc_value)


class Paced(logging.Handler):
    """Writes so many lines a second, in a thread of its own: a log that nobody reads holds nobody up.

    How many lines were left out is said in the next one.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """
        :param clock: seconds.
        """
        super().__init__()
        self.stream = stream
        self._paces = {serious: _Pace(clock) for serious in (False, True)}
        self._lines: Queue[str | None] = Queue(MOST_WAITING)
        threading.Thread(target=self._write, name="tcpchat-log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Have it written, if it is its turn."""
        pace = self._paces[record.levelno >= logging.WARNING]
        if record.levelno >= logging.CRITICAL or pace.allows():
            self._confess(pace)
            self._put(record, pace)

    def flush(self) -> None:
        """Wait until all is written; but not for long, if nobody reads it."""
        until = time.monotonic() + PATIENCE
        while self._lines.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.001)

    def close(self) -> None:
        """The last word is how much is missing."""
        for pace in self._paces.values():
            self._confess(pace)
        self.flush()
        with suppress(Full):
            self._lines.put_nowait(None)
        super().close()

    def _confess(self, pace: "_Pace") -> None:
        if pace.suppressed:
            number, pace.suppressed = pace.suppressed, 0
            if not self._put(logging.makeLogRecord(_suppressed(number)), pace):
                pace.suppressed += number - 1

    def _put(self, record: logging.LogRecord, pace: "_Pace") -> bool:
        try:
            self._lines.put_nowait(self.format(record))
        except Full:
            pace.suppressed += 1
            return False
        return True

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError, ValueError):  # nobody reads it any more; that is no reason to talk about it
                self.stream.write(line + "\n")
                self.stream.flush()
            self._lines.task_done()


def _suppressed(number: int) -> dict[str, Any]:
    level = logging.WARNING
    return {"name": __name__, "levelno": level, "levelname": "WARNING", "msg": f"suppressed {number} lines"}


class _Pace:
    """A token bucket."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._level = float(LINES_A_SECOND)
        self._time = clock()
        self.suppressed = 0

    def allows(self) -> bool:
        now = self._clock()
        self._level = min(LINES_A_SECOND, self._level + (now - self._time) * LINES_A_SECOND)
        self._time = now
        if self._level < 1:
            self.suppressed += 1
            return False
        self._level -= 1
        return True


class Text(logging.Formatter):
    """For people: time, level, what happened; a traceback is in the same line, its line feeds written ``\\n``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        return escaped(super().format(record))


class Json(logging.Formatter):
    """For programs: an object of ASCII for each event."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def escaped(text: str) -> str:
    """One line of what can be printed: controls, line breaks, direction codes and the like are written as escapes."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


FORMS: dict[str, Callable[[], logging.Formatter]] = {"text": Text, "json": Json}
