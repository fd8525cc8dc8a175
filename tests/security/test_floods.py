"""Floods, while honest people talk: they notice nothing, lose nothing, and the server grows little."""

import asyncio
import json
import socket
import sys
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
FLOODED = 0.1
"""Seconds that what is said may take in a flood that keeps a CPU busy by itself."""

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
        for number in range(count):
            answers.append(await first_words(port, "127.0.0.2"))
            if number % 10 == 0:  # a thousand a second, so that the honest, who are in this process, can talk
                await asyncio.sleep(0.01)
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


@asynccontextmanager
async def attacked(port: int, seconds: float, seed: int, *kinds: str) -> AsyncIterator[dict[str, int]]:
    """By these kinds, for so long; what they tried is known at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.security.attackers", str(port), str(seconds), str(seed), *kinds,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    tried: dict[str, int] = {}
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield tried
        async with asyncio.timeout(30):
            tried |= json.loads(await process.stdout.readline())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def newcomers_come_in(port: int, count: int, seconds: float) -> list[float]:
    """Honest people who come while the attack goes on, one after the other: how long each took."""
    took = []
    for number in range(count):
        began = time.monotonic()
        peer = await Peer.open(port, source=f"127.200.0.{number + 1}")
        await peer.enter_irc(f"newcomer{number}")
        took.append(time.monotonic() - began)
        await peer.close()
        await asyncio.sleep(seconds / count)
    return took


@pytest.mark.threat(7)
async def test_a_flood_from_everywhere_pushes_no_member_out_and_keeps_nobody_new_out(
    tmp_path: Path, long: bool, seed: int
) -> None:
    seconds = 30 if long else 4
    limits = {} if long else {"newcomers": 500}
    with running("--data", str(tmp_path), *settings(**limits)) as (process, port):
        honest = await Honest.come(port)
        idle = await honest.talk(5 if long else 1)
        async with attacked(port, seconds, seed, "connect") as tried:
            new = asyncio.create_task(newcomers_come_in(port, 10, seconds * 0.8))
            during = await honest.talk(seconds)
            took = await new
        figures = {
            "test": "flood from everywhere", "seed": seed, "seconds": seconds, "connects": tried["connect"],
            "p99_idle_ms": round(1_000 * idle, 1), "p99_ms": round(1_000 * during, 1), "lost": honest.lost,
            "disconnects": honest.disconnects, "slowest_newcomer_s": round(max(took), 2),
        }  # fmt: skip
        report(**figures)
        await honest.leave()
        assert process.poll() is None
    assert (figures["lost"], figures["disconnects"]) == (0, 0)
    if long:
        assert during <= max(FLOODED, limit(idle))


@pytest.mark.threat(1, 6, 14, 16, 29, 38)
async def test_everything_at_once(tmp_path: Path, long: bool, seed: int) -> None:
    seconds = 300 if long else 6
    with running("--data", str(tmp_path)) as (process, port):
        honest = await Honest.come(port)
        idle = await honest.talk(10 if long else 1)
        async with (
            most_memory(process.pid) as sizes,
            attacked(port, seconds, seed, "drip", "huge", "garbage", "brute", "joins") as tried,
        ):
            new = asyncio.create_task(newcomers_come_in(port, 10, seconds * 0.8))
            during = await honest.talk(seconds)
            took = await new
        figures = {
            "test": "flood mix", "seed": seed, "seconds": seconds, "connections": tried,
            "p99_idle_ms": round(1_000 * idle, 1), "p99_ms": round(1_000 * during, 1), "lost": honest.lost,
            "disconnects": honest.disconnects, "slowest_newcomer_s": round(max(took), 2),
            "grown_mib": round((max(sizes) - sizes[0]) / MIB, 1),
        }  # fmt: skip
        report(**figures)
        await honest.leave()
        assert process.poll() is None
    assert (figures["lost"], figures["disconnects"]) == (0, 0)
    if long:
        assert during <= max(FLOODED, limit(idle))


@pytest.mark.threat(13)
async def test_who_asks_and_never_reads_waits_for_themselves(tmp_path: Path, long: bool, seed: int) -> None:
    asked = 1_000 if long else 300
    with running("--data", str(tmp_path), "--set", "limits.enabled=false") as (process, port):
        honest = await Honest.come(port)
        idle = await honest.talk(3 if long else 1)
        (speaker,) = [await (await Peer.open(port)).enter_json("speaker", "#long")]
        for number in range(200):
            await speaker.ask(do="say", room="#long", text=f"{number} {'x' * 1_000}")
        async with most_memory(process.pid) as sizes:
            stuck = []
            for number, line in enumerate(("CHATHISTORY LATEST #long * 200", "WHO *", "LIST", "NAMES #honest")):
                peer = await (await Peer.open(port)).enter_irc(
                    f"stuck{number}", "#long", "draft/chathistory batch server-time message-tags"
                )
                peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
                peer.send(*[line] * asked)
                stuck.append(peer)
            during = await honest.talk(10 if long else 2)
        report(
            test="questions without reading", seed=seed, questions=asked * len(stuck),
            grown_mib=round((max(sizes) - sizes[0]) / MIB, 1), p99_idle_ms=round(1_000 * idle, 1),
            p99_ms=round(1_000 * during, 1), lost=honest.lost, disconnects=honest.disconnects,
        )  # fmt: skip
        assert (honest.lost, honest.disconnects) == (0, 0)
        assert max(sizes) - sizes[0] <= 12 * MIB
        for peer in (*stuck, speaker):
            peer.writer.transport.abort()
        await honest.leave()


@pytest.mark.threat(14)
async def test_a_line_that_never_ends_costs_little(tmp_path: Path, long: bool, seed: int) -> None:
    size = (100 if long else 16) * MIB
    with running("--no-history") as (process, port):
        ann = await (await Peer.open(port)).enter_json("ann", "#tea")
        peers = [await Peer.open(port, source=source) for source in sources(3)]
        await peers[0].enter_json("json")
        await peers[1].enter_irc("irc")
        await peers[2].enter_line("line")
        before = cpu(process.pid)
        async with most_memory(process.pid) as sizes:
            for peer in peers:
                for _ in range(0, size, 65_536):
                    peer.writer.write(b"x" * 65_536)
                    await peer.writer.drain()
                for _ in range(2_000):  # and in pieces of one byte
                    peer.writer.write(b"x")
                    await asyncio.sleep(0)
                peer.writer.write(b"\n")
            for peer, told in zip(peers, ("line_too_long", " 417 ", "too long"), strict=True):
                await peer.until(told)
        used = cpu(process.pid) - before
        assert (await ann.ask(do="say", room="#tea", text="Hello"))["reply"] == "stored"
        report(
            test="endless line", seed=seed, mib=3 * size // MIB, server_cpu_s=round(used, 2),
            grown_mib=round((max(sizes) - sizes[0]) / MIB, 1),
        )  # fmt: skip
        for peer in (ann, *peers):
            await peer.close()
    assert max(sizes) - sizes[0] <= 4 * MIB
    assert used <= 3, "a megabyte takes some milliseconds, not its square"
