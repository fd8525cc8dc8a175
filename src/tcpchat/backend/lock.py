"""One server per data directory."""

import os
import shlex
import sys
from pathlib import Path

from tcpchat.model.errors import EX_CANTCREAT, EX_NOPERM, EX_TEMPFAIL, CannotStart, in_words
from tcpchat.model.private import OTHERS_WRITE, narrow

FILE = "chat.lock"

OURS = ("chat.", "search.", "self-signed.", "admin.")
"""How the names of all our files begin."""


class FileLock:
    """Held while a server uses the directory; the system lets go of it when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        """:raises CannotStart: if another server has it, or the directory cannot be written, or others can write it."""
        path = directory / FILE
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            _keep_private(directory)
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


def _keep_private(directory: Path) -> None:
    """What was said is its owner's alone. A directory that is used for other things, too, stays as it is.

    :raises CannotStart: if others could put a file of theirs in the place of ours.
    :raises OSError: if it cannot be looked at.
    """
    if os.name == "nt":
        return
    files = list(directory.iterdir())
    ours = [file for file in files if file.name.startswith(OURS)]
    if len(ours) == len(files):
        narrow(directory)
    for path in ours:
        if path.is_file() and not path.is_symlink():
            narrow(path)
    if directory.stat().st_mode & OTHERS_WRITE:
        raise CannotStart(
            f"Others on this machine can write in the data directory {directory}. "
            f"Give the log a directory of its own with --data DIR, or type: chmod go-w {shlex.quote(str(directory))}",
            EX_NOPERM,
        )


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
