"""One server per data directory."""

import os
import sys
from pathlib import Path

from tcpchat.model.errors import EX_CANTCREAT, EX_TEMPFAIL, CannotStart, in_words

FILE = "chat.lock"


class FileLock:
    """Held while a server uses the directory; the system lets go of it when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        """:raises CannotStart: if another server has it, or the directory cannot be written."""
        path = directory / FILE
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise not_writable(directory, error) from error
        try:
            _lock(self._file)
        except OSError as error:
            owner = os.read(self._file, 20).decode(errors="replace").strip()
            os.close(self._file)
            raise CannotStart(
                f"Another tcpchat-server (process {owner or 'unknown'}) is using {directory}. "
                "Stop it first, or give this one a directory of its own with --data DIR.",
                EX_TEMPFAIL,
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let the next one have it."""
        os.close(self._file)


def not_writable(directory: Path, error: OSError) -> CannotStart:
    """What to say when the data directory cannot be written."""
    return CannotStart(
        f"Cannot write in the data directory {directory}: {in_words(error)}. "
        "Choose another with --data DIR, or --no-history to keep nothing.",
        EX_CANTCREAT,
    )


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 1 << 30, os.SEEK_SET)  # a lock keeps others from reading, too: not where the text is
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
