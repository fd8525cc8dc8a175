"""As whom something was said under a key. Under the same key the same person says it once, and without an account one
is another person each time: so it is kept, on this machine, for those who try again.
"""

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tcpchat.cli import places

MOST_KEPT = 1_000
"""Keys that are remembered; of more, those used last."""

LOOK_SECONDS = 0.05
"""How often one looks whether another process has done it."""


class Sender:
    """One key, on its way to one place."""

    def __init__(self, *what: str) -> None:
        """`what`: the server, to whom it is, the key; whatever makes it the same message."""
        digest = hashlib.sha256("\0".join(what).encode("utf-8", "replace"))
        self._file = places.state() / "sent" / digest.hexdigest()
        self._place = int.from_bytes(digest.digest()[:6], "big")
        """In the file of locks."""

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """While no other process of this user says the same: else they would be two persons."""
        lock = self._lock_file()
        try:
            if lock is not None:
                await _taken(lock, self._place)
            yield
        finally:
            if lock is not None:
                os.close(lock)

    @property
    def cursor(self) -> str:
        """For `connect`: who said it before; empty, if nobody did."""
        from tcpchat.client.place import Place

        try:
            return Place.read(self._file.read_text(encoding="utf-8")).write()
        except (OSError, ValueError):
            return ""

    def keep(self, cursor: str) -> None:
        """From now on it is this one. Where nothing can be kept, it is their nick alone that makes them the same."""
        with contextlib.suppress(OSError):
            _write(self._file, cursor)
            _forget_the_oldest(self._file.parent)

    def forget(self) -> None:
        """Nobody will say it again."""
        with contextlib.suppress(OSError):
            self._file.unlink()

    def _lock_file(self) -> int | None:
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._file.parent.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return None


async def _taken(lock: int, place: int) -> None:
    while True:
        if _locked(lock, place):
            return
        await asyncio.sleep(LOOK_SECONDS)


def _locked(lock: int, place: int) -> bool:
    """Whether this process has the place, until it closes the file, or ends."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except OSError as error:
        return not isinstance(error, BlockingIOError | PermissionError)  # a file system may have no locks at all
    return True


def _write(file: Path, text: str) -> None:
    """Whole, and for its owner alone: with what is in it one can take the nick over."""
    new = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    new.replace(file)


def _forget_the_oldest(directory: Path) -> None:
    kept = list(directory.iterdir())
    if len(kept) > MOST_KEPT:
        kept.sort(key=lambda file: file.stat().st_mtime)
        for file in kept[: -MOST_KEPT // 2]:
            file.unlink(missing_ok=True)
