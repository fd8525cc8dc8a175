"""The administrators' socket: a file in the data directory that only its owner can open (Unix only)."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tcpchat.model.errors import in_words

FILE = "admin.sock"

MOST_PATH_BYTES = 100
"""Of a socket's name; the systems take some 104 to 108."""

READ_BUFFER = 32_768

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

log = logging.getLogger(__name__)


class AdministratorsSocket:
    """Who comes in here needs no nick, and is let in however full the server is."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._listener: asyncio.Server | None = None

    async def open(self, directory: Path, serve: Serve) -> None:
        """Let administrators in. The chat does not depend on it: if it cannot be had, that is logged.

        Whoever calls has the directory for itself, so that a socket which is there was left behind.
        """
        if not hasattr(socket, "AF_UNIX"):
            return
        path = directory / FILE
        try:
            with suppress(FileNotFoundError):
                path.unlink()
            self._listener = await asyncio.start_unix_server(serve, sock=_bound(path), limit=READ_BUFFER)
            self._path = path
        except OSError as error:
            log.warning("there is no socket for administrators: %s: %s", path, in_words(error))

    def close(self) -> None:
        """Let nobody in any more."""
        if self._listener is not None:
            self._listener.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def wait_closed(self) -> None:
        """Wait until nothing is left."""
        if self._listener is not None:
            await self._listener.wait_closed()


@contextmanager
def short(path: Path) -> Iterator[str]:
    """A name for a socket that the system takes, also where the path is too long, if it can be had."""
    if len(os.fsencode(path)) <= MOST_PATH_BYTES or not Path("/proc/self/fd").is_dir():
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def _bound(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.setblocking(False)
        with short(path) as name:
            listener.bind(name)
            os.chmod(path, 0o600)  # nobody can connect before it listens
        return listener
    except BaseException:
        listener.close()
        raise
