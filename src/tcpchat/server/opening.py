"""How a session begins: which dialect is spoken, by its first bytes, and who is there, if a gateway says so."""

import asyncio
from asyncio import StreamReader
from typing import TYPE_CHECKING

from tcpchat.wire import line
from tcpchat.wire.detect import REFUSALS, Kind, detect
from tcpchat.wire.dialect import Dialect, Transport
from tcpchat.wire.irc import webirc
from tcpchat.wire.irc.dialect import Irc
from tcpchat.wire.jsonl import JsonLines

if TYPE_CHECKING:
    from tcpchat.server.session import Session

CHUNK = 65_536
"""Bytes read at a time; all that was said in them is one batch."""

SILENCE = 1.0
"""After so many seconds without a byte there is a person at the other end, who wants to be greeted."""


async def hear(session: "Session", reader: StreamReader) -> bytes:
    """Find out which dialect is spoken: the session speaks it from then on. After a second a person is greeted.

    :returns: the first bytes; none, if the session is over, because of what came or because nothing did.
    """
    data, greeted = b"", False
    while (kind := detect(data)) is None:
        more = await reader.read(CHUNK) if greeted else await _soon(reader)
        if more is None:
            greeted = True
            session.outbox.put(line.GREETING)
            continue
        if not more:
            kind = "line"
            break
        data += more
    if kind == "webirc":
        return await _introduced(session, reader, data)
    if kind in REFUSALS:
        session.outbox.put(REFUSALS[kind])
        return b""
    if greeted and kind != "line":
        session.outbox.put(b"\r\n")  # the prompt is a line of its own
    session.speak(_dialect(session, kind, greeted))
    return data


async def _soon(reader: StreamReader) -> bytes | None:
    """What comes; None, if for a moment nothing does."""
    try:
        async with asyncio.timeout(SILENCE):
            return await reader.read(CHUNK)
    except TimeoutError:
        return None


async def _introduced(session: "Session", reader: StreamReader, data: bytes) -> bytes:
    """The first line is a gateway's; what follows is that of the one it brings."""
    while b"\n" not in data and len(data) <= webirc.MOST_BYTES and (more := await reader.read(CHUNK)):
        data += more
    first, _, rest = data.partition(b"\n")
    refusal = await session.server.reception.introduced(session, first)
    if not refusal and rest[: len(webirc.VERB)].upper() == webirc.VERB:
        refusal = "One WEBIRC is enough."
    if refusal:
        session.ending = refusal
        return b""
    session.speak(_dialect(session, "irc", greeted=False))
    return rest or await reader.read(CHUNK)


def _dialect(session: "Session", kind: Kind, greeted: bool) -> Dialect:
    config, transport = session.server.config, Transport(session.secure, session.certificate != "")
    if kind == "irc":
        return Irc(config, transport, sts=session.server.sts(session.peer))
    if kind == "jsonl":
        return JsonLines(config)
    return line.PlainLines(config, greeted=greeted, transport=transport)
