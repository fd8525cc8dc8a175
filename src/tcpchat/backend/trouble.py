"""What to do when the disk does not do what it should."""

from enum import Enum, auto

import apsw

from tcpchat.backend.schema import DAMAGE

NOT_STORED = "Not stored: "

_PASSING = frozenset(
    {apsw.SQLITE_IOERR_SHMSIZE, apsw.SQLITE_IOERR_NOMEM, apsw.SQLITE_IOERR_BLOCKED, apsw.SQLITE_IOERR_LOCK}
)
"""Called errors of the disk, and are none: no space for the shared memory, no memory, somebody else's lock."""


class Trouble(Enum):
    """How much can still be relied on."""

    PASSING = auto()
    """Nothing of the batch was stored, and the next one may be."""
    FULL = auto()
    """The same, because there is no space."""
    DAMAGED = auto()
    """What is in the file is not what was written: nothing may be added to it."""
    FAILED = auto()
    """Nobody can know what is on the disk: only opening the log anew shows it."""


def trouble(error: BaseException) -> Trouble:
    """What an error means that came of writing."""
    if isinstance(error, apsw.IOError):
        return Trouble.PASSING if getattr(error, "extendedresult", 0) in _PASSING else Trouble.FAILED
    if isinstance(error, OSError):
        return Trouble.FAILED
    return next((kind for types, kind in _TROUBLE if isinstance(error, types)), Trouble.PASSING)


def refusal(kind: Trouble, error: BaseException) -> str:
    """What the sender of a message is told that was not stored."""
    return NOT_STORED + _REFUSALS[kind].format(error)


def failure(error: BaseException) -> str:
    """Why nothing can be recorded any more."""
    return f"The disk failed ({error})."


_TROUBLE: tuple[tuple[tuple[type[BaseException], ...], Trouble], ...] = (
    ((apsw.FullError,), Trouble.FULL),
    (DAMAGE, Trouble.DAMAGED),
)

_REFUSALS = {
    Trouble.PASSING: "the log cannot be written now ({}). Try again.",
    Trouble.FULL: "the server's disk is full. What was said is safe and can be read; try again when there is space.",
    Trouble.DAMAGED: "the server's log is damaged, and nothing is added to it. What was said can be read.",
}
