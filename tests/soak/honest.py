"""Those who stay and talk: each hears everything the others say, once and in order."""

import asyncio
import json
import re
from asyncio import StreamReader, StreamWriter

ROOM = "#soak"
_SAID = re.compile(rb"soak (\w+) (\d+)\b")

HELLO = {
    "line": "{nick}\n/join #soak\n",
    "irc": "NICK {nick}\nUSER {nick} 0 * :x\nJOIN #soak\n",
    "jsonl": '{{"do":"enter","nick":"{nick}"}}\n{{"do":"join","room":"#soak"}}\n',
}
SEATED = {"line": b"You are in #soak", "irc": b" 366 ", "jsonl": b'"reply":"seated"'}
SAY = {"line": "{}\n", "irc": "PRIVMSG #soak :{}\n", "jsonl": '{{"do":"say","room":"#soak","text":"{}"}}\n'}


class Honest:
    """One of them."""

    def __init__(self, nick: str, dialect: str, reader: StreamReader, writer: StreamWriter) -> None:
        self.nick = nick
        self.said = 0
        self.wrong = 0
        """How often something was missing, or came twice, or too early."""
        self.heard: dict[str, int] = {}
        self.lost = False
        self._leaving = False
        self._dialect = dialect
        self._reader = reader
        self._writer = writer

    @classmethod
    async def come(cls, nick: str, dialect: str, port: int, address: str) -> "Honest":
        """Into the room."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0), limit=1 << 20)
        writer.write(HELLO[dialect].format(nick=nick).encode())
        async with asyncio.timeout(20):
            while SEATED[dialect] not in await reader.readline():
                pass
        return cls(nick, dialect, reader, writer)

    def say(self) -> None:
        """The next thing."""
        self.said += 1
        self._writer.write(SAY[self._dialect].format(f"soak {self.nick} {self.said}").encode())

    async def listen(self) -> None:
        """For ever, or until the link is lost."""
        try:
            while line := await self._reader.readline():
                self._answer_ping(line)
                for nick, number in _SAID.findall(line):
                    self._hear(nick.decode(), int(number))
        except OSError:
            pass
        self.lost = not self._leaving

    def _hear(self, nick: str, number: int) -> None:
        if nick == self.nick:
            return
        self.wrong += number != self.heard.get(nick, 0) + 1
        self.heard[nick] = number

    def _answer_ping(self, line: bytes) -> None:
        if self._dialect == "irc" and line.startswith(b"PING"):
            self._writer.write(line.replace(b"PING", b"PONG", 1))
        elif self._dialect == "jsonl" and line.startswith(b'{"ping"'):
            self._writer.write(json.dumps({"do": "pong"}).encode() + b"\n")

    def leave(self) -> None:
        """At once."""
        self._leaving = True
        self._writer.transport.abort()
