"""The other end of a connection: bytes in, bytes out."""

import asyncio
import codecs
import json
import re
import socket
import struct
from contextlib import suppress
from typing import Any, Self

PATIENCE = 15.0
"""Seconds after which something that should come is said not to come. No test waits that long when it passes."""


class Peer:
    """Talks to a server in plain bytes, and waits for what it expects."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.seen = bytearray()
        """Everything that came so far."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._mark = 0

    @classmethod
    async def open(cls, port: int, host: str = "127.0.0.1", source: str = "") -> Self:
        """`source` is the address to come from: on the loopback every 127.x.y.z is another one."""
        return cls(
            *await asyncio.open_connection(host, port, limit=1 << 24, local_addr=(source, 0) if source else None)
        )

    def send(self, *lines: str | bytes) -> None:
        """Send lines, each with its end."""
        for line in lines:
            self.writer.write((line.encode() if isinstance(line, str) else line) + b"\n")

    async def until(self, pattern: str) -> re.Match[str]:
        """Wait until the pattern comes, after what was last waited for. It spans 64 KiB or one line."""
        wanted = re.compile(pattern, re.MULTILINE)
        start = self._mark
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := wanted.search(self._text, start)) is None:
                    start = max(self._mark, min(len(self._text) - 65_536, self._text.rfind("\n") + 1))
                    data = await self.reader.read(1 << 24)
                    if not data:
                        raise EOFError(f"closed before {pattern!r} came; seen: {self.new!r}")
                    self.seen += data
                    self._text += self._decoder.decode(data)
        except TimeoutError:
            raise AssertionError(f"{pattern!r} did not come; seen: {self.new[-5_000:]!r}") from None
        self._mark = found.end()
        return found

    @property
    def new(self) -> str:
        """What came after what was last waited for."""
        return self._text[self._mark :]

    async def end(self) -> str:
        """Wait until the server closes; everything that came."""
        async with asyncio.timeout(PATIENCE):
            self.seen += await self.reader.read(-1)
        return self.seen.decode()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    def reset(self) -> None:
        """Break the link the hard way: the other side gets a reset."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    # dialects

    async def enter_line(self, nick: str) -> Self:
        """As a person with nc: into the lobby."""
        self.send(nick)
        await self.until(r"You are in #lobby")
        return self

    async def enter_irc(self, nick: str, room: str = "", caps: str = "") -> Self:
        """As an IRC client, with capabilities, into a room."""
        request = [f"CAP REQ :{caps}", f"NICK {nick}", f"USER {nick} 0 * :{nick}", "CAP END"]
        self.send(*(request if caps else request[1:3]))
        await self.until(r" (376|422) .*\n")
        if room:
            self.send(f"JOIN {room}")
            await self.until(r" 366 .*\n")
        return self

    async def enter_json(self, nick: str, room: str = "") -> Self:
        """As a program, into a room."""
        await self.ask(do="enter", nick=nick)
        if room:
            await self.ask(do="join", room=room)
        return self

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Send a JSON request with an id, and wait for its answer."""
        id = f"r{len(self.seen)}"
        self.send(json.dumps({"id": id, **request}))
        answer = await self.until(rf'^\{{"(?:ok|error)":"{id}".*$\n')
        return json.loads(answer[0])  # type: ignore[no-any-return]

    def events(self) -> list[dict[str, Any]]:
        """All events that came as JSON, in their order."""
        lines = [json.loads(line) for line in self.seen.decode().splitlines() if line.startswith("{")]
        return [line for line in lines if "event" in line]
