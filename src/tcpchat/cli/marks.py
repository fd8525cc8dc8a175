"""How far one has read, kept here as well: a server knows it of those without an account only while it runs."""

from pathlib import Path

import msgspec

from tcpchat.cli import places
from tcpchat.model import names
from tcpchat.model.private import write_whole

MOST_TARGETS = 500
MOST_SERVERS = 50

_Marks = dict[str, dict[str, int]]


def place() -> Path:
    """Where the file is."""
    return places.state() / "read.json"


class Marks:
    """By room or person of one server: up to when one has read, in milliseconds since 1970.

    It is a convenience: a file that cannot be read or written is none.
    """

    def __init__(self, server: str, file: Path | None = None) -> None:
        self._server = server
        self._file = file or place()
        self._marks = _read(self._file).get(server, {})

    def of(self, target: str) -> int:
        """0 if it is not known."""
        return self._marks.get(names.fold(target), 0)

    def set(self, target: str, time: int) -> None:
        """One has read so far. It is on disk then."""
        every = _read(self._file)  # another client of the same user may have written meanwhile
        for one, read in every.pop(self._server, {}).items():
            self._marks[one] = max(read, self._marks.get(one, 0))
        self._marks[names.fold(target)] = max(time, self._marks.pop(names.fold(target), 0))
        every[self._server] = dict(list(self._marks.items())[-MOST_TARGETS:])
        try:
            write_whole(self._file, msgspec.json.encode(dict(list(every.items())[-MOST_SERVERS:])))
        except OSError:
            return


def _read(file: Path) -> _Marks:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Marks)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
