"""What takes its time to keep others out: a nick that never comes, a line that never ends."""

import asyncio
from contextlib import suppress

import pytest

import tcpchat
from tests.peer import Peer

DRIPS = 40


@pytest.mark.threat(1)
@pytest.mark.parametrize("first", [b"", b"NICK a", b"{", b"a", b"\xff\xfb\x18"])
async def test_who_drips_byte_by_byte_is_closed_when_a_nick_is_due(first: bytes) -> None:
    limits = tcpchat.Limits(enter_seconds=0.5)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        ann = await (await Peer.open(server.port)).enter_line("ann")
        peers = [await Peer.open(server.port, source="127.0.0.2") for _ in range(DRIPS)]
        drips = [asyncio.create_task(drip(peer, first)) for peer in peers]
        for peer in peers:
            assert "No nickname within 0.5 seconds." in await peer.end()
        ann.send("/who")
        await ann.until("-- #lobby: @?ann")
        for task, peer in zip(drips, peers, strict=True):
            task.cancel()
            await peer.close()
        await ann.close()


async def drip(peer: Peer, first: bytes) -> None:
    """One byte after the other, and never the end of a line."""
    peer.writer.write(first)
    with suppress(OSError):
        while True:
            peer.writer.write(b"x")
            await peer.writer.drain()
            await asyncio.sleep(0.05)


@pytest.mark.threat(1)
@pytest.mark.parametrize("dialect", ["irc", "json"])
async def test_a_program_that_does_not_finish_a_line_is_closed_and_a_person_is_not(dialect: str) -> None:
    limits = tcpchat.Limits(line_seconds=0.4)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        program, person, busy = [await Peer.open(server.port) for _ in range(3)]
        await person.enter_line("ann")
        for peer, nick in ((program, "slow"), (busy, "busy")):
            await (peer.enter_irc(nick) if dialect == "irc" else peer.enter_json(nick))
        person.writer.write(b"I think whi")
        busied = asyncio.create_task(begin_line_after_line(busy, dialect))
        await drip_until_closed(program)
        assert "A line was not finished within 0.4 seconds." in await program.end()
        person.send("le I type")
        await busied
        assert not busy.reader.at_eof()
        busy.send("")
        person.send("/quit")
        assert "bye" in await person.end()
        for peer in (program, person, busy):
            await peer.close()


async def begin_line_after_line(peer: Peer, dialect: str) -> None:
    """There is always one unfinished, but never the same."""
    line = b"PING x" if dialect == "irc" else b'{"do":"ping"}'
    answer = "PONG" if dialect == "irc" else "pong|ok"
    peer.writer.write(line[:5])
    for _ in range(10):
        await asyncio.sleep(0.1)
        peer.writer.write(line[5:] + b"\n" + line[:5])
        await peer.until(answer)
    peer.writer.write(line[5:] + b"\n")
    await peer.until(answer)


async def drip_until_closed(peer: Peer) -> None:
    """A byte now and then."""
    task = asyncio.create_task(drip(peer, b""))
    await peer.end()
    task.cancel()
