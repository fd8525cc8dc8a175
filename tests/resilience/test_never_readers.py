"""Many who never read, in a busy room: it costs the server little, the others nothing, and they lose nothing."""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.test_server import running
from tests.peer import Peer

ROOM = "#tea"
PER_SECOND = 1_000
BURST = 10
"""So many are sent at a time."""

MOST_GROWTH = 40 << 20
"""Bytes that the server's memory may grow by."""

MOST_SLOWER = 3
"""How many times as long a message may take to reach those who read."""

NOISE = 0.005
"""Seconds of which nobody can say what took them on a machine that does other things as well."""

PATIENCE = 600.0
"""Seconds after which those who read at last are said to wait for something that never comes."""


class Form(NamedTuple):
    """How large the trial is: how many do not read, and for how many seconds."""

    readers: int
    seconds: int


SHORT, LONG = Form(60, 5), Form(200, 60)


class Dialect(NamedTuple):
    """How one comes in who then does not read, and how the numbers look in what they are sent."""

    hello: str
    entered: str
    number: re.Pattern[bytes]


DIALECTS = (
    Dialect(
        '{{"do":"enter","nick":"{nick}"}}\n{{"do":"join","room":"#tea"}}\n',
        '"reply":"seated"',
        re.compile(rb'"text":"(\d+) '),
    ),
    Dialect("NICK {nick}\nUSER {nick} 0 * :x\nJOIN #tea\n", " 366 ", re.compile(rb"PRIVMSG #tea :(\d+) ")),
    Dialect("{nick}\n/join #tea\n", "You are in #tea", re.compile(rb"<sender> (\d+) ")),
)


class NeverReader:
    """A connection that says who it is, and then takes nothing until it is told to."""

    def __init__(self, dialect: Dialect, peer: Peer) -> None:
        self._dialect = dialect
        self._peer = peer

    @classmethod
    async def come(cls, number: int, port: int) -> "NeverReader":
        """Into the room; what its system takes by itself is little."""
        own = socket.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        own.connect(("127.0.0.1", port))
        dialect = DIALECTS[number % len(DIALECTS)]
        reader, writer = await asyncio.open_connection(sock=own, limit=4_096)
        peer = Peer(reader, writer)
        peer.send(dialect.hello.format(nick=f"never{number}").rstrip("\n"))
        await peer.until(dialect.entered)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        return cls(dialect, peer)

    async def read(self, first: int, until: int) -> list[int]:
        """Everything, up to this number: the numbers in the order in which they came.

        People are shown what was said last when they come in: what is before the `first` one.
        """
        seen: list[int] = []
        rest = self._peer.new.encode()
        transport = self._peer.writer.transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        if not transport.is_reading():  # type: ignore[attr-defined]
            transport.resume_reading()  # type: ignore[attr-defined]
        while not seen or seen[-1] != until:
            data = await self._peer.reader.read(1 << 20)
            assert data, "the server closed the connection"
            lines, _, rest = (rest + data).rpartition(b"\n")
            seen += (number for number in map(int, self._dialect.number.findall(lines)) if number >= first)
        return seen

    async def close(self) -> None:
        await self._peer.close()


class Delays:
    """How long what is said takes to reach one who reads, in seconds."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._delays: list[float] = []
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """The time at which it was sent is in the text."""
        while data := await self._peer.reader.readline():
            now = time.monotonic()
            if b'"said"' in data:
                self._delays.append(now - float(json.loads(data)["text"].split()[1]))

    def p99(self) -> float:
        """Of all since it was asked last."""
        delays, self._delays = sorted(self._delays), []
        return delays[int(len(delays) * 0.99)]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._peer.close()


class Speaker:
    """Says number after number, so many a second."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.said = 0

    async def speak(self, seconds: float) -> None:
        """Keeps to the clock: after a delay it says more at once."""
        start, before = time.monotonic(), self.said
        for turn in count():
            due = start + turn * BURST / PER_SECOND
            if due >= start + seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._peer.send(*(self._next() for _ in range(BURST)))
            await self._peer.writer.drain()
        assert self.said - before >= 0.9 * seconds * PER_SECOND
        await self._peer.until(rf'"ok":{self.said},.*\n')

    def _next(self) -> str:
        self.said += 1
        text = f"{self.said} {time.monotonic():.6f}"
        return json.dumps({"do": "say", "room": ROOM, "text": text, "id": self.said})


@asynccontextmanager
async def watched(pid: int) -> AsyncIterator[list[int]]:
    """What the process has in memory in the course of this, in bytes."""
    sizes = [resident(pid)]

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.2)
            sizes.append(resident(pid))

    task = asyncio.create_task(watch())
    try:
        yield sizes
    finally:
        task.cancel()


def resident(pid: int) -> int:
    """What a process has in memory, in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) << 10


@pytest.mark.threat(12)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read in /proc")
async def test_those_who_never_read_cost_little_and_lose_nothing(tmp_path: Path, long: bool) -> None:
    form = LONG if long else SHORT
    with running("--data", str(tmp_path), "--set", "limits.enabled=false") as (process, port):
        speaker = Speaker(await (await Peer.open(port)).enter_json("sender", ROOM))
        delays = Delays(await (await Peer.open(port)).enter_json("reader", ROOM))
        await speaker.speak(form.seconds / 4)
        before = delays.p99()
        first = speaker.said + 1
        crowd = [await NeverReader.come(number, port) for number in range(form.readers)]
        async with watched(process.pid) as sizes:
            await speaker.speak(form.seconds)
        after, grown = delays.p99(), max(sizes) - sizes[0]
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            seen = await asyncio.gather(*(one.read(first, speaker.said) for one in crowd))
        took = time.monotonic() - began
        for one in (*crowd, delays, speaker._peer):
            await one.close()
    result = {
        "test": "never readers", "seed": None, "readers": form.readers, "messages": speaker.said - first + 1,
        "grown_mib": round(grown / (1 << 20), 1), "p99_before_ms": round(1_000 * before, 1),
        "p99_ms": round(1_000 * after, 1), "read_in_s": round(took, 1),
        "complete": sum(numbers == list(range(first, speaker.said + 1)) for numbers in seen),
    }  # fmt: skip
    print(json.dumps(result))
    assert result["complete"] == form.readers
    assert grown <= MOST_GROWTH
    if long:
        assert after <= MOST_SLOWER * max(before, NOISE)
