"""A link between a client and a server that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self


class Link:
    """Passes bytes on in both directions, as long as it is whole."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._ends: list[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = []
        self._ghosts: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._swallowing: set[asyncio.StreamWriter] = set()

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator[Self]:
        link = cls(port)
        listener = await asyncio.start_server(link._join, "127.0.0.1", 0)
        link.port = listener.sockets[0].getsockname()[1]
        try:
            yield link
        finally:
            listener.close()
            link.cut()
            for ghost in link._ghosts:
                ghost.transport.abort()
            if link._tasks:
                await asyncio.wait(link._tasks)
            await listener.wait_closed()

    port: int

    def cut(self, *, tell_server: bool = True) -> None:
        """Break every connection. Without telling the server, that one goes on believing in it."""
        for client, server in self._ends:
            client.transport.abort()
            if tell_server:
                server.transport.abort()
            else:
                self._ghosts.append(server)
        self._ends.clear()

    def swallow_answers(self) -> None:
        """From now on nothing of these connections reaches the client."""
        self._swallowing.update(client for client, _ in self._ends)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._ends.append((writer, far_writer))
        for source, target in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(1 << 16):
                if target not in self._swallowing:
                    target.write(data)
                    await target.drain()
        except OSError:
            pass
        finally:
            if target not in self._ghosts:
                target.close()
