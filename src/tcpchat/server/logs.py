"""The command's own log: one line for each event, whatever stands in it, and never more lines than fit a disk.

Only the command uses it: the library logs to ``logging.getLogger("tcpchat...")`` and configures nothing.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

LINES_A_SECOND = 50
"""Of what is said at most so much is written; of warnings and worse as much again. So many may come at once."""

log = logging.getLogger(__name__)


def set_up(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Write everything that is logged to `stream`, the standard error if None; again, if it was set up before."""
    handler = Paced(stream or sys.stderr)
    handler.setFormatter(FORMS[form]())
    for before in [one for one in logging.root.handlers if isinstance(one, Paced)]:
        logging.root.removeHandler(before)
        before.close()
    logging.root.addHandler(handler)
    logging.root.setLevel(level.upper())
    logging.getLogger("asyncio").setLevel(max(logging.WARNING, logging.root.level))
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a log that nobody reads any more is no reason to talk about it


def catch_what_nobody_caught() -> None:
    """What Python itself would write to the standard error becomes one line of the log."""
    sys.excepthook = lambda kind, error, trace: log.critical("not handled", exc_info=(kind, error, trace))
    threading.excepthook = lambda failed: log.critical("a thread has failed", exc_info=failed.exc_value)
    sys.unraisablehook = lambda failed: log.error("%s", failed.err_msg or "ignored", exc_info=failed.exc_value)


class Paced(logging.StreamHandler[TextIO]):
    """Writes so many lines a second, and says how many it left out."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """
        :param clock: seconds.
        """
        super().__init__(stream)
        self._paces = {serious: _Pace(clock) for serious in (False, True)}

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, if it is its turn."""
        pace = self._paces[record.levelno >= logging.WARNING]
        if record.levelno >= logging.CRITICAL or pace.allows():
            self._confess(pace)
            super().emit(record)

    def close(self) -> None:
        """The last word is how much is missing."""
        for pace in self._paces.values():
            self._confess(pace)
        super().close()

    def _confess(self, pace: "_Pace") -> None:
        if pace.suppressed:
            number, pace.suppressed = pace.suppressed, 0
            super().emit(logging.makeLogRecord(_suppressed(number)))


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
