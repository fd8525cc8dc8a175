"""The door for those who watch the server: ``GET /metrics`` and ``GET /healthz``, on the loopback or a Unix socket."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tcpchat.backend.base import Backend, Unavailable, Unknown
from tcpchat.model.address import is_loopback, parse_private
from tcpchat.model.errors import EX_UNAVAILABLE, CannotStart, in_words
from tcpchat.model.records import Document, Get, Put

if TYPE_CHECKING:
    from tcpchat.server.app import Server
    from tcpchat.server.metrics import Metrics

SECONDS = 5.0
"""How long a request, and how long its answer, may take."""

MOST_BYTES = 8_192
"""Of a request, which is its headers."""

MOST_AT_ONCE = 16

HEALTHY_SECONDS = 2.0
"""The log takes writes if it has taken one in this time."""

Answer = tuple[int, str, bytes]
"""Status, type, body."""

PLAIN = "text/plain; charset=utf-8"
_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
            408: "Request Timeout", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}  # fmt: skip


class Probes:
    """Answers one GET for each connection (RFC 9112), with hardly any HTTP."""

    def __init__(self, server: "Server", metrics: "Metrics") -> None:
        self._backend: Backend = server.backend
        self._metrics = metrics
        self._open: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._path: Path | None = None
        self._routes: dict[str, Callable[[], Awaitable[Answer]]] = {"/metrics": self._told, "/healthz": self._health}

    async def start(self, written: str) -> None:
        """
        :param written: as in ``config.metrics``.
        :raises CannotStart: if that cannot be had.
        """
        place = parse_private(written)
        try:
            if isinstance(place, Path):
                self._listener = await asyncio.start_unix_server(
                    self._serve, sock=_unix_socket(place), limit=MOST_BYTES
                )
                self._path = place
            else:
                self._listener = await asyncio.start_server(self._serve, *place, limit=MOST_BYTES)
        except OSError as error:
            raise CannotStart(f"Cannot serve metrics on {written}: {in_words(error)}.", EX_UNAVAILABLE) from error

    @property
    def port(self) -> int:
        """Where it listens, if not at a Unix socket."""
        assert self._listener is not None
        return int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Leave nothing behind."""
        if self._listener is not None:
            self._listener.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._metrics.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            if len(self._open) < MOST_AT_ONCE:
                self._open.add(task)
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # they will ask again
        finally:
            self._open.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(SECONDS):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.LimitOverrunError:
                status, kind, body = 431, PLAIN, b"too long\n"
            else:
                status, kind, body = await self._answer(head.decode("latin-1"))
            lines = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{lines}Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()

    async def _answer(self, head: str) -> Answer:
        request, *headers = head.split("\r\n")
        words = request.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return 400, PLAIN, b"this is no request\n"
        if self._path is None and not all(
            map(_is_here, headers)
        ):  # a web page whose name was made to mean this machine
            return 403, PLAIN, b"ask for localhost\n"
        if words[0] != "GET":
            return 405, PLAIN, b"only GET\n"
        route = self._routes.get(words[1].partition("?")[0])
        return await route() if route is not None else (404, PLAIN, b"there are /metrics and /healthz\n")

    async def _told(self) -> Answer:
        from tcpchat.server.metrics import FORMAT

        return 200, FORMAT, self._metrics.written()

    async def _health(self) -> Answer:
        problem = await trouble_in_writing(self._backend)
        return (503, PLAIN, f"{problem}\n".encode()) if problem else (200, PLAIN, b"ok\n")


async def trouble_in_writing(backend: Backend) -> str:
    """Why the log takes no writes now; empty if it has just taken one."""
    try:
        async with asyncio.timeout(HEALTHY_SECONDS):
            document = await backend.ask(Get("server", "health"))
            assert isinstance(document, Document)
            await backend.record(Put("server", "health", b"", document.revision))
    except (Unavailable, Unknown) as error:
        return str(error)
    except TimeoutError:
        return f"The log has taken nothing for {HEALTHY_SECONDS:g} seconds."
    return ""


def _is_here(header: str) -> bool:
    name, _, host = header.partition(":")
    try:
        return name.strip().lower() != "host" or is_loopback(urlsplit(f"//{host.strip()}").hostname or "")
    except ValueError:
        return False


def _unix_socket(path: Path) -> socket.socket:
    """Only its owner can open it. One that a server which is gone has left is replaced.

    :raises OSError: if somebody listens there, or it is something else.
    """
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket():
            with suppress(ConnectionRefusedError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
                raise FileExistsError(17, "somebody listens there already")
            path.unlink()
        listener.bind(str(path))
        os.chmod(path, 0o600)  # nobody can connect before it listens
    except OSError:
        listener.close()
        raise
    return listener
