"""One connection to a server: lines of JSON out, typed answers and events in."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec

from tcpchat.client.answers import check
from tcpchat.client.trouble import (
    CONNECT_SECONDS,
    CannotConnect,
    broken_off,
    explained,
    listens_on_loopback_only,
    loopback_only,
)
from tcpchat.client.trust import Trust
from tcpchat.model import commands, events, replies
from tcpchat.model.address import write_address
from tcpchat.model.errors import EX_PROTOCOL
from tcpchat.wire import jsonl
from tcpchat.wire.detect import NOT_TLS
from tcpchat.wire.line import GREETING

MOST_LINE_BYTES = 32 << 20
"""A page of history, or a list of all rooms, is one line."""

__all__ = ["Answer", "CannotConnect", "Connection", "Incoming"]

SILENCE = 60.0
"""Seconds without a word after which the server is asked whether it is there, and after as many more given up."""


class Answer(NamedTuple):
    """What came of the request `id`; a refusal is an answer too."""

    id: int | None
    reply: replies.Reply | replies.Refused


Incoming = Answer | events.Event

_Id = int | None


class _Ok(msgspec.Struct):
    ok: _Id


class _Kind(msgspec.Struct):
    """What a line from the server is, by the field it has."""

    ok: object = msgspec.UNSET
    error: object = msgspec.UNSET
    event: str = ""
    hello: str = ""
    ping: str | None = None
    bye: str | None = None
    protocol: int = 0


_GREETING = {one.rstrip() for one in GREETING.split(b"\r\n")} | {b""}
_kind = msgspec.json.Decoder(_Kind).decode
_reply = msgspec.json.Decoder(replies.ANY).decode
_ok = msgspec.json.Decoder(_Ok).decode
_failure = msgspec.json.Decoder(jsonl.Failure).decode
_event = msgspec.json.Decoder(events.ANY).decode


class Connection:
    """An open link that has entered under a nick, or is about to."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, perhaps: str = "", *, there: str = ""
    ) -> None:
        """
        :param perhaps: why the server closes it, if it does so without a word.
        :param there: its address, to name it.
        """
        self._reader = reader
        self._writer = writer
        self.secure = writer.get_extra_info("ssl_object") is not None or _is_local(writer)
        """Whether nobody between can read what passes, such as a password."""
        self._perhaps = perhaps
        self._there = there
        self.farewell = ""
        """What the server said last, if it said something."""

    @classmethod
    async def open(cls, host: str, port: int, trust: Trust | None = None) -> "Connection":
        """With TLS if there is a `trust` that says to whom.

        :raises CannotConnect: with the way out; `NotTrusted`, if it may be somebody else who answers.
        """
        if host in {"0.0.0.0", "::"}:
            host = "127.0.0.1"  # “every address” is for servers; Windows refuses it here, Linux means this
        there = write_address(host, port)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if trust is not None:
                    return cls(*await trust.connect(host, port, MOST_LINE_BYTES), trust.perhaps, there=there)
                return cls(*await asyncio.open_connection(host, port, limit=MOST_LINE_BYTES), there=there)
        except CannotConnect:
            raise
        except (OSError, TimeoutError) as error:
            hidden = isinstance(error, ConnectionRefusedError) and await listens_on_loopback_only(host, port)
            raise (loopback_only(host, port) if hidden else explained(error, host, port)) from error

    def send(self, command: commands.Command, id: int | None = None) -> None:
        """Send a request. It waits in the stream if it must."""
        body = jsonl.encode(command)
        self._writer.write((body if id is None else b'{"id":%d,' % id + body[1:]) + b"\n")

    async def receive(self) -> AsyncIterator[Incoming]:
        """All that comes, until the server closes.

        :raises ConnectionError: if the link breaks, or the other side does not speak this protocol.
        """
        try:
            while (line := await self._line()) and not _is_broken_off(line):
                incoming = self._understand(line)
                if incoming is not None:
                    yield incoming
        except ssl.SSLError as error:
            raise broken_off(error) from error
        except (msgspec.DecodeError, ValueError) as error:
            raise CannotConnect(f"The server does not speak tcpchat's protocol: {error}", EX_PROTOCOL) from error

    async def _line(self) -> bytes:
        """The next line. A server that says nothing is asked whether it is there: a dead link looks just like that."""
        for _ in range(2):
            try:
                async with asyncio.timeout(SILENCE):
                    return await self._reader.readline()
            except TimeoutError:
                self.send(commands.Ping())
        raise ConnectionError("The server has gone silent.")

    async def call(self, command: commands.Command, seen: list[events.Event]) -> replies.Reply:
        """Send a request and wait for its answer; events that come meanwhile are added to `seen`.

        :raises Refused: if it was not granted.
        :raises ConnectionError: if the link breaks.
        """
        self.send(command, 0)
        async for incoming in self.receive():
            if isinstance(incoming, events.Event):
                seen.append(incoming)
            elif isinstance(incoming.reply, replies.Refused):
                raise incoming.reply
            else:
                return incoming.reply
        raise CannotConnect(self.farewell or f"The server closed the connection.{self._perhaps}")

    async def close(self) -> None:
        """Close the link; never raises."""
        self._writer.close()
        try:
            async with asyncio.timeout(1):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    def _understand(self, line: bytes) -> Incoming | None:
        if line.rstrip() in _GREETING:  # we were so slow that it took us for a person
            return None
        if line.startswith(b"\x15\x03"):  # an alert
            raise CannotConnect(f"The server speaks TLS there. Connect with it: tls://{self._there}", EX_PROTOCOL)
        if line == NOT_TLS:
            raise CannotConnect(f"This port is for TLS only. Connect with it: tls://{self._there}", EX_PROTOCOL)
        if line.startswith(b"ERROR :"):  # before it knows who calls, the server says it so that anybody understands
            raise CannotConnect(line[7:].decode(errors="replace").strip())
        kind = _kind(line)
        if kind.event:
            event: events.Event = _event(line)
            check(event)
            return event
        if kind.ok is not msgspec.UNSET:
            reply = _reply(line)
            check(reply)
            return Answer(_ok(line).ok, reply)
        if kind.error is not msgspec.UNSET:
            failure = _failure(line)
            id = failure.error if isinstance(failure.error, int) else None
            refusal = replies.Refused(failure.code, failure.text, suggestion=failure.suggestion, wait=failure.wait)
            return Answer(id, refusal)
        if kind.hello and kind.protocol != jsonl.PROTOCOL:
            raise CannotConnect(
                f"The server speaks version {kind.protocol} of the protocol, this client {jsonl.PROTOCOL}. "
                "Upgrade the older one.",
                EX_PROTOCOL,
            )
        if kind.ping is not None:
            self.send(commands.Pong())
        if kind.bye is not None:
            self.farewell = kind.bye
        return None


def _is_broken_off(line: bytes) -> bool:
    """Whether it is the beginning of one that never came: then it is the link that ended."""
    return line.startswith(b"{") and not line.endswith(b"\n")


def _is_local(writer: asyncio.StreamWriter) -> bool:
    peer = writer.get_extra_info("peername")
    return bool(peer) and (str(peer[0]).startswith("127.") or peer[0] == "::1")
