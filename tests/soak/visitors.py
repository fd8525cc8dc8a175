"""Those who come and go: people who talk a little, links that break, those who say nothing, garbage and floods."""

import asyncio
import socket
import ssl
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from tests.certificates import careless

NAMES, ROOMS, ADDRESSES, ACCOUNTS = 40, 8, 20, 5
"""There are only so many: what the server remembers of each nick, at each host, in each room, and of each account that
is tried from each address, is bounded; and with these all of it is known after a while."""

PATIENCE = 10.0


class Visitor:
    """One visit."""

    def __init__(self, chance: Random, reader: StreamReader, writer: StreamWriter) -> None:
        self._chance = chance
        self._reader = reader
        self._writer = writer

    async def talk(self) -> None:
        """Come in, in any dialect, do some things, and leave in some way."""
        await DIALECTS[self._chance.randrange(len(DIALECTS))](self)

    async def be_silent(self) -> None:
        """A half-open connection."""
        await asyncio.sleep(self._chance.uniform(0.2, 2))

    async def say_garbage(self) -> None:
        """Bytes of any kind."""
        for _ in range(self._chance.randrange(1, 20)):
            self._writer.write(self._chance.randbytes(self._chance.randrange(1, 2_000)))
            await asyncio.sleep(0.01)

    async def flood(self) -> None:
        """More than anybody may, without reading."""
        nick = self._nick()
        self._writer.write(f"NICK {nick}\r\nUSER x 0 * :x\r\nJOIN {self._room()}\r\n".encode())
        self._writer.write(f"PRIVMSG {self._room()} :{'flood ' * 60}\r\n".encode() * 120)
        await asyncio.sleep(self._chance.uniform(0.2, 1))

    async def line(self) -> None:
        """With nc."""
        self._writer.write(f"{self._nick()}\n/join {self._room()}\nhi\n/who\n/history\n/nick {self._nick()}\n".encode())
        await self._hears(b"is now", b"taken", b"not a nickname", b"reserved")
        self._writer.write(f"/msg {self._nick()} psst\n/search hi\n/part\n/quit\n".encode())

    async def irc(self) -> None:
        """With a client of IRC."""
        nick, room = self._nick(), self._room()
        self._writer.write(
            f"CAP REQ :batch server-time labeled-response\r\nNICK {nick}\r\nUSER x 0 * :x\r\nCAP END\r\n"
            f"JOIN {room}\r\nTOPIC {room} :{nick}\r\nPRIVMSG {room} :hi\r\nMONITOR + {self._nick()},{self._nick()}\r\n"
            f"CHATHISTORY LATEST {room} * 20\r\nNICK {self._nick()}\r\nWHO {room}\r\nAWAY :tea\r\nPING end\r\n".encode()
        )
        await self._hears(b"PONG", b" 433 ", b"ERROR")
        self._writer.write(f"MODE {room} +b {self._nick()}!*@*\r\nPART {room}\r\nQUIT :bye\r\n".encode())

    async def jsonl(self) -> None:
        """With a program."""
        room = self._room()
        self._writer.write(
            f'{{"do":"enter","nick":"{self._nick()}"}}\n{{"do":"join","room":"{room}","after":0}}\n'
            f'{{"do":"say","room":"{room}","text":"hi","key":"{self._chance.randrange(50)}"}}\n'
            f'{{"do":"history","room":"{room}"}}\n{{"do":"list_rooms"}}\n'
            f'{{"do":"log_in","account":"a{self._chance.randrange(ACCOUNTS)}","password":"x"}}\n{{"do":"ping","id":"end"}}\n'.encode()
        )
        await self._hears(b'"end"', b'"bye"')
        self._writer.write(b'{"do":"quit"}\n')

    async def leave(self) -> None:
        """As people do, or as broken links do."""
        if self._chance.random() < 0.3:
            link = self._writer.get_extra_info("socket")
            if link is None:  # it is closed already
                return
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
            return
        self._writer.close()
        async with asyncio.timeout(PATIENCE):
            await self._writer.wait_closed()

    async def _hears(self, *words: bytes) -> None:
        async with asyncio.timeout(PATIENCE):
            while line := await self._reader.readline():
                if self._writer.is_closing() or any(word in line for word in words):
                    return

    def _nick(self) -> str:
        return f"visitor{self._chance.randrange(NAMES)}"

    def _room(self) -> str:
        return "#soak" if self._chance.random() < 0.1 else f"#room{self._chance.randrange(ROOMS)}"


Way = Callable[[Visitor], Awaitable[None]]

DIALECTS: tuple[Way, ...] = (Visitor.line, Visitor.irc, Visitor.jsonl)
WAYS: tuple[Way, ...] = (Visitor.talk,) * 6 + (Visitor.be_silent, Visitor.say_garbage, Visitor.flood)


async def visit(chance: Random, port: int, tls_port: int) -> None:
    """One visit from beginning to end; a link that the server closes is no fault."""
    encrypted: ssl.SSLContext | None = _TLS if chance.random() < 0.3 else None
    address = f"127.20.0.{chance.randrange(1, ADDRESSES)}"
    with suppress(OSError, TimeoutError, ValueError):  # ValueError: garbage was answered by a line without an end
        link = await asyncio.open_connection(
            "127.0.0.1", tls_port if encrypted else port, local_addr=(address, 0), ssl=encrypted, limit=1 << 20
        )
        visitor = Visitor(chance, *link)
        try:
            await chance.choice(WAYS)(visitor)
        finally:
            with suppress(OSError, TimeoutError):
                await visitor.leave()


_TLS = careless()
