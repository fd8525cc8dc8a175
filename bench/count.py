"""``make bench-count``: what a fixed scenario takes, in numbers that repeat on a noisy machine.

Counted are the instructions of Python's that our own code executes, and the bytes that an idle client makes it keep.
It says nothing about the system and about what is written in C; for that there is ``make bench``.
"""

import argparse
import asyncio
import gc
import json
import os
import socket
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import tcpchat
from tcpchat.backend.store import Writer
from tcpchat.config import Config, Limits
from tcpchat.model.events import Said
from tcpchat.model.records import Append
from tcpchat.server import keepalive

FILE = Path(__file__).with_name("counts.json")
OURS = str(Path(tcpchat.__file__).parent)

MOST_CHANGE = 0.15
"""A count that grew by more is an error; of one that fell by more it is said."""

TEXT = "x" * 100
NEVER = 3_600.0
CLOCKS = dict.fromkeys(("ping_seconds", "pong_seconds", "enter_seconds", "line_seconds", "stalled_seconds"), NEVER)
CONFIG = Config(limits=Limits(enabled=False, **CLOCKS))
"""What the server does now and then, it does more often on a slow machine: here it does not."""

keepalive.SECONDS = NEVER
PATIENCE = 30.0


class Instructions:
    """Counts what is executed in our own files, on this thread."""

    def __init__(self) -> None:
        self.executed = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count as long as the block lasts. The garbage collector comes when it will, so it does not come."""
        gc.collect()
        gc.disable()
        sys.settrace(self._entered)
        try:
            yield
        finally:
            sys.settrace(None)
            gc.enable()

    def _entered(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._executed

    def _executed(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        self.executed += event == "opcode"
        return self._executed


class Crowd:
    """Clients on plain sockets, in the thread of the server: what is sent is there when the loop looks next."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._seen: dict[socket.socket, bytearray] = {}
        self.clients: list[socket.socket] = []

    async def come(self, count: int) -> None:
        """So many more, one after the other."""
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", self._port))
            client.setblocking(False)
            self._seen[client] = bytearray()
            self.clients.append(client)
            client.send(b"NICK c%d\r\nUSER c 0 * :c\r\n" % len(self.clients))
            await self._until([client], b" 376 ")

    async def join(self, rooms: int) -> None:
        """All join one of the rooms, one after the other."""
        for number, client in enumerate(self.clients):
            client.send(b"JOIN #r%d\r\n" % (number % rooms))
            await self._until([client], b" 366 ")

    async def say(self, senders: list[int], rooms: int, lines: int) -> None:
        """Each of these says so many lines at once; until everybody has everything."""
        for number in senders:
            said = b"PRIVMSG #r%d :%b\r\n" % (number % rooms, TEXT.encode()) * lines
            self.clients[number].send(said + b"PING said\r\n")  # in one piece: of two, one may come a moment later
        await self._until([self.clients[number] for number in senders], b" PONG ")
        self._read(self.clients)

    def leave(self) -> None:
        """All at once."""
        for client in self.clients:
            client.close()

    async def _until(self, clients: Iterable[socket.socket], answer: bytes) -> None:
        """Let the server work until these have the answer."""
        async with asyncio.timeout(PATIENCE):
            for client in clients:
                while answer not in self._seen[client]:
                    await asyncio.sleep(0)
                    self._read([client])
                self._seen[client].clear()

    def _read(self, clients: Iterable[socket.socket]) -> None:
        for client in clients:
            try:
                while data := client.recv(1 << 18):
                    self._seen[client] += data
            except BlockingIOError:
                pass


async def coming_in() -> float:
    """Instructions for a client, from the connection to the end of the welcome."""
    clients, counter = 50, Instructions()
    async with crowd(10) as those:
        with counter.counted():
            await those.come(clients)
    return counter.executed / clients


async def speech(people: int, rooms: int, senders: int, lines: int, chunks: int) -> float:
    """Instructions for a message: so many people in so many rooms, so many lines in a chunk."""
    counter = Instructions()
    async with crowd(people) as those:
        await those.join(rooms)
        await those.say(list(range(senders)), rooms, lines)
        with counter.counted():
            for _ in range(chunks):
                await those.say(list(range(senders)), rooms, lines)
    return counter.executed / (senders * lines * chunks)


async def one_large_room() -> float:
    """Instructions for a message in chunks of twenty, to a room of 50."""
    return await speech(people=50, rooms=1, senders=5, lines=20, chunks=10)


async def small_rooms() -> float:
    """Instructions for a message by itself, to one of 20 rooms of 5."""
    return await speech(people=100, rooms=20, senders=20, lines=1, chunks=10)


async def log() -> float:
    """Instructions for an entry of the log, written in batches of 100."""
    counter, batches = Instructions(), 20
    batch = [Append(Said(room=f"#r{number % 10}", by=f"c{number}", text=TEXT)) for number in range(100)]
    with TemporaryDirectory(prefix="tcpchat-count-") as directory:
        writer = Writer(Path(directory))
        writer.write(batch)
        with counter.counted():
            for _ in range(batches):
                writer.write(batch)
        writer.close()
    return counter.executed / (batches * len(batch))


async def memory() -> float:
    """Bytes that our code keeps for a client that has a nick and does nothing."""
    clients = 256
    async with crowd(10) as those:
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.take_snapshot()
            await those.come(clients)
            gc.collect()
            after = tracemalloc.take_snapshot()
        finally:
            tracemalloc.stop()
    kept = after.compare_to(before, "filename")
    return sum(one.size_diff for one in kept if one.traceback[0].filename.startswith(OURS)) / clients


@asynccontextmanager
async def crowd(clients: int) -> AsyncIterator[Crowd]:
    """A server that keeps nothing, and clients that are in."""
    async with tcpchat.Server(CONFIG, port=0) as server:
        those = Crowd(server.port)
        await those.come(clients)
        yield those
        those.leave()


COUNTS = {
    "coming in, instructions a client": coming_in,
    "a large room, instructions a message": one_large_room,
    "small rooms, instructions a message": small_rooms,
    "the log, instructions an entry": log,
    "idle, bytes a client": memory,
}
"""What is counted, by the names under which it stands in the file."""


def judged(counts: dict[str, float], known: dict[str, float]) -> Iterator[str]:
    """What grew too much."""
    for name, count in counts.items():
        before = known.get(name)
        if before and count > before * (1 + MOST_CHANGE):
            yield f"{name}: {count:,.0f}, which is {count / before - 1:.0%} more than the {before:,.0f} in {FILE.name}"


def fallen(counts: dict[str, float], known: dict[str, float]) -> Iterator[str]:
    """What fell so much that the file hides the next growth."""
    for name, count in counts.items():
        before = known.get(name, 0)
        if count < before * (1 - MOST_CHANGE):
            yield f"{name}: {count:,.0f}, which is {1 - count / before:.0%} less than the {before:,.0f} in {FILE.name}"


def table(counts: dict[str, float], known: dict[str, float]) -> Iterator[str]:
    """A line for each count."""
    for name, count in counts.items():
        before = known.get(name)
        change = f"{count / before - 1:+.1%} against {FILE.name}" if before else f"not in {FILE.name}"
        yield f"{name:40} {count:12,.1f}   {change}"


def main() -> int:
    """Count, print, compare; 1 if something grew too much."""
    parser = argparse.ArgumentParser(prog="count.py", description="Count what a fixed scenario takes.")
    parser.add_argument("--renew", action="store_true", help=f"write what is counted into {FILE.name}")
    renew = parser.parse_args().renew
    if os.environ.get("PYTHONHASHSEED") != "0":  # so that nothing depends on it
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    every: dict[str, dict[str, float]] = json.loads(FILE.read_text()) if FILE.exists() else {}
    known = every.get(version, {})
    counts = {name: asyncio.run(count()) for name, count in COUNTS.items()}
    print("\n".join(table(counts, known)))
    if renew:
        every[version] = {name: round(count, 1) for name, count in counts.items()}
        FILE.write_text(json.dumps(every, indent=1, sort_keys=True) + "\n")
        return 0
    if not known:
        print(f"There are no counts for Python {version} yet: nothing is compared. ARGS=--renew writes them.")
    for sentence in fallen(counts, known):
        print(f"LESS: {sentence}. So that it stays so, write the new counts: make bench-count ARGS=--renew")
    grown = list(judged(counts, known))
    for sentence in grown:
        print(f"TOO MUCH: {sentence}. If that is right, write the new counts: make bench-count ARGS=--renew")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
