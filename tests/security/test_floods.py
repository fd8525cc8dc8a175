"""Floods, while honest people talk: they notice nothing, lose nothing, and the server grows little."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tcpchat
from tests.cli.test_server import running
from tests.peer import Peer
from tests.security.honest import Honest, files_for, limit, most_memory, sources
from tests.security.test_connections import cpu

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read in /proc")

MIB = 1 << 20
MOST_GROWTH = 60 * MIB
PER_SOURCE = 10
"""Half-open connections from one address."""


class Form(NamedTuple):
    """How large a trial is."""

    connections: int
    seconds: float


@asynccontextmanager
async def raw(count: int, addresses: Sequence[str], port: int, data: bytes = b"") -> AsyncIterator[list[socket.socket]]:
    """So many connections from these addresses in turn, each of which sends this and no more."""
    loop = asyncio.get_running_loop()
    connections: list[socket.socket] = []
    try:
        for number in range(count):
            one = socket.socket()
            one.setblocking(False)
            one.bind((addresses[number % len(addresses)], 0))
            connections.append(one)
            await loop.sock_connect(one, ("127.0.0.1", port))
            if data:
                one.send(data)
        yield connections
    finally:
        for one in connections:
            one.close()


async def closed_by_the_server(connections: list[socket.socket]) -> list[float]:
    """When each was closed, by the monotonic clock."""
    loop = asyncio.get_running_loop()

    async def end(one: socket.socket) -> float:
        with suppress(ConnectionError):
            while await loop.sock_recv(one, 4_096):
                pass
        return time.monotonic()

    return await asyncio.gather(*map(end, connections))


def report(**figures: Any) -> None:
    """One line."""
    print(json.dumps(figures), flush=True)


def settings(**limits: Any) -> list[str]:
    """Options of the command."""
    return [part for name, value in limits.items() for part in ("--set", f"limits.{name}={value}")]


@pytest.mark.threat(1, 2)
@pytest.mark.parametrize("data", [b"", b"NICK a"], ids=["silent", "begun"])
async def test_half_open_connections_cost_little_and_are_closed_in_time(
    tmp_path: Path, long: bool, seed: int, data: bytes
) -> None:
    form = Form(10_000, 60) if long else Form(1_000, 3)
    count = files_for(form.connections)
    newcomers = tcpchat.Limits().newcomers if data else 2 * form.connections  # by default they could not even stay
    options = settings(clients=20_000, newcomers=newcomers, enter_seconds=form.seconds)
    with running("--data", str(tmp_path), *options) as (process, port):
        honest = await Honest.come(port)
        idle = await honest.talk(min(form.seconds, 10))
        async with most_memory(process.pid) as sizes:
            began = time.monotonic()
            async with raw(count, sources(count // PER_SOURCE), port, data) as connections:
                opened = time.monotonic()
                ends = asyncio.create_task(closed_by_the_server(connections))
                during = await honest.talk(form.seconds)
                closed = await ends
        late = max(closed) - opened - form.seconds
        figures = {
            "test": "half-open", "seed": seed, "sent": data.decode(), "connections": count, "deadline_s": form.seconds,
            "opened_in_s": round(opened - began, 1), "last_closed_after_deadline_s": round(late, 2),
            "grown_mib": round((max(sizes) - sizes[0]) / MIB, 1), "p99_idle_ms": round(1_000 * idle, 1),
            "p99_ms": round(1_000 * during, 1), "lost": honest.lost, "disconnects": honest.disconnects,
        }  # fmt: skip
        report(**figures)
        await honest.leave()
    assert (figures["lost"], figures["disconnects"]) == (0, 0)
    assert late <= 1 if long else late <= 5
    assert max(sizes) - sizes[0] <= MOST_GROWTH
    if long:
        assert during <= limit(idle)


@pytest.mark.threat(6)
async def test_a_flood_of_connections_from_one_address_is_refused_and_counted(
    tmp_path: Path, long: bool, seed: int
) -> None:
    count = 5_000 if long else 1_000
    with running("--data", str(tmp_path), *settings(connects_burst=100)) as (process, port):
        honest = await Honest.come(port)
        idle = await honest.talk(5 if long else 1)
        talk = asyncio.create_task(honest.talk(10 if long else 2))
        began, before = time.monotonic(), cpu(process.pid)
        answers = []
        for _ in range(count):
            answers.append(await first_words(port, "127.0.0.2"))
        took, used = time.monotonic() - began, cpu(process.pid) - before
        during = await talk
        refused = sum(answer.startswith(b"ERROR :T") for answer in answers)
        newcomer = await Peer.open(port)
        await newcomer.enter_line("newcomer")
        report(
            test="one address", seed=seed, connects=count, refused=refused, took_s=round(took, 1),
            server_cpu_us_each=round(1e6 * used / count), p99_idle_ms=round(1_000 * idle, 1),
            p99_ms=round(1_000 * during, 1), lost=honest.lost, disconnects=honest.disconnects,
        )  # fmt: skip
        await newcomer.close()
        await honest.leave()
    assert count - 105 <= refused <= count - 100, "a hundred at once, and thirty a minute"
    assert (honest.lost, honest.disconnects - len(honest._peers) <= 0) == (0, True)
    if long:
        assert during <= limit(idle)


async def first_words(port: int, source: str) -> bytes:
    """What one hears who says something that is no nick, and leaves."""
    loop = asyncio.get_running_loop()
    with socket.socket() as one:
        one.setblocking(False)
        one.bind((source, 0))
        await loop.sock_connect(one, ("127.0.0.1", port))
        with suppress(ConnectionError):
            one.send(b"\n")
            return await loop.sock_recv(one, 100)
    return b""
