"""Files that only their owner may read or write: secrets, keys, and what was said."""

import os
import shlex
import stat
from contextlib import suppress
from pathlib import Path

from tcpchat.model.errors import EX_NOPERM, CannotStart

OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def exposed(path: Path) -> str:
    """What is wrong with a file that holds secrets and that others may read or write, and what to type; else empty.

    :raises OSError: if it cannot be looked at.
    """
    mode = path.stat().st_mode
    if os.name == "nt" or not stat.S_ISREG(mode) or not mode & OTHERS:
        return ""
    return (
        f"{path} holds secrets, and others on this machine may read or change it (mode {stat.S_IMODE(mode):04o}). "
        f"Type: chmod 600 {shlex.quote(str(path))}"
    )


def check_private(path: Path) -> None:
    """A file with secrets, such as a key, is its owner's alone.

    :raises CannotStart: with what to type, if it is not.
    :raises OSError: if it cannot be looked at.
    """
    if problem := exposed(path):
        raise CannotStart(problem, EX_NOPERM)


def narrow(path: Path) -> None:
    """Take away what others may do with a file or a directory of ours, where the file system knows of such things."""
    if path.stat().st_mode & OTHERS:
        with suppress(OSError):
            path.chmod(0o700 if path.is_dir() else 0o600)


def write_whole(file: Path, text: bytes) -> None:
    """Make the file, or put it in the place of the one there is: the whole of it, or nothing. Its owner's alone.

    :raises OSError: if it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
