"""Who is let in: floods of connections from one place and from many, too few files, too little memory."""

import asyncio
import os
import random
import resource
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

import tcpchat
from tcpchat.server.newcomers import Newcomers
from tests.cli.test_server import running
from tests.peer import Peer
from tests.server.test_sessions import eventually

ONE, OTHER = "127.0.0.2", "127.0.0.3"


@pytest.mark.threat(6)
async def test_new_connections_from_one_address_have_a_rate_and_others_do_not_notice() -> None:
    limits = tcpchat.Limits(connects_burst=20, connects_per_minute=0.01)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        for _ in range(20):
            await (await Peer.open(server.port, source=ONE)).close()
        for _ in range(200):
            refused = await Peer.open(server.port, source=ONE)
            assert await refused.end() == (
                "ERROR :Too many new connections from your address. Wait a minute before the next one.\r\n"
            )
            await refused.close()
        assert server.reception.admission.refused == {"rate": 200}
        for source in (OTHER, "127.0.0.1"):
            peer = await Peer.open(server.port, source=source)
            await peer.enter_line(f"ann{source[-1]}")
            await peer.close()


@pytest.mark.threat(6)
async def test_this_machine_and_those_who_are_exempt_may_connect_as_often_as_they_like() -> None:
    limits = tcpchat.Limits(connects_burst=1, connects_per_minute=0.01, clients_per_address=2, exempt=("127.0.0.2/31",))
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        for _ in range(5):
            peer = await Peer.open(server.port, source="127.0.0.1")
            await peer.enter_line("ann")
            await peer.close()
            await eventually(lambda: server.clients == 0)
        crowd = [await (await Peer.open(server.port, source=OTHER)).enter_line(f"ann{n}") for n in range(5)]
        for peer in crowd:
            await peer.close()


@pytest.mark.threat(6)
async def test_who_is_refused_costs_no_task_and_is_counted() -> None:
    limits = tcpchat.Limits(clients_per_address=1)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        ann = await (await Peer.open(server.port, source=ONE)).enter_line("ann")
        before = len(asyncio.all_tasks())
        refused = [await Peer.open(server.port, source=ONE) for _ in range(50)]
        await eventually(lambda: server.reception.admission.refused["address"] == 50)
        assert len(asyncio.all_tasks()) == before
        assert server.clients == 1
        for peer in refused:
            assert (await peer.end()).startswith("ERROR :There are 1 connections from your address already.")
            await peer.close()
        await ann.close()


@pytest.mark.threat(7)
async def test_a_newcomer_too_many_pushes_out_the_one_that_has_waited_longest_of_the_network_that_has_most() -> None:
    limits = tcpchat.Limits(newcomers=4)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        member = await (await Peer.open(server.port, source=ONE)).enter_line("member")
        shy = await Peer.open(server.port, source=OTHER)
        shy.send("")
        await shy.until("Nickname: ")
        flood = []
        for _ in range(6):
            flood.append(await Peer.open(server.port, source=ONE))
            flood[-1].send("")
            await flood[-1].until("Nickname: ")
        for gone in flood[:3]:
            assert "Others want to come in, and you have no nickname yet. Try again.\r\n" in await gone.end()
        await shy.enter_line("shy")
        await flood[-1].enter_line("late")
        member.send("still here")
        await shy.until("<member> still here")
        assert server.reception.admission.refused == {"newcomer": 3}
        for peer in (member, shy, *flood):
            await peer.close()


@pytest.mark.threat(7)
async def test_a_full_server_makes_room_for_new_ones_among_those_without_a_nick_alone() -> None:
    async with tcpchat.Server(tcpchat.Config(limits=tcpchat.Limits(clients=3)), port=0) as server:
        ann = await (await Peer.open(server.port)).enter_json("ann")
        silent = await Peer.open(server.port)
        bob = await (await Peer.open(server.port)).enter_json("bob")
        eve = await (await Peer.open(server.port)).enter_json("eve")
        assert "ERROR :Others want to come in, and you have no nickname yet. Try again." in await silent.end()
        await eventually(lambda: server.clients == 3)
        refused = await Peer.open(server.port)
        assert await refused.end() == "ERROR :This server is full. Try again later.\r\n"
        for peer in (ann, silent, bob, eve, refused):
            await peer.close()


@pytest.mark.threat(7)
def test_the_choice_among_newcomers_is_that_of_a_plain_search() -> None:
    chance = random.Random(7667)
    newcomers, plain = Newcomers(), []
    for number in range(20_000):
        what = chance.random()
        if what < 0.5:
            place = str(chance.randrange(40))
            newcomers.come(number, place)  # type: ignore[arg-type]
            plain.append((number, place))
        elif what < 0.75 and plain:
            one = plain.pop(chance.randrange(len(plain)))
            newcomers.go(*one)  # type: ignore[arg-type]
            newcomers.go(*one)  # type: ignore[arg-type]
        elif plain:
            counts = {place: sum(other == place for _, other in plain) for _, place in plain}
            chosen = newcomers.one_too_many()
            place = next(place for one, place in plain if one == chosen)
            assert counts[place] == max(counts.values())
            assert chosen == next(one for one, other in plain if other == place)
            plain.remove((chosen, place))
        assert len(newcomers) == len(plain)


@pytest.mark.threat(8)
@pytest.mark.skipif(sys.platform != "linux", reason="the time that another process took is read in /proc")
async def test_with_few_open_files_those_who_are_in_are_served_and_others_are_told() -> None:
    few = ("sh", "-c", 'ulimit -n 128; exec "$@"', "sh")
    with running("--no-history", "--set", "limits.clients_per_address=1000", under=few) as (process, port):
        ann, bob = [await (await Peer.open(port)).enter_json(nick, "#tea") for nick in ("ann", "bob")]
        crowd = [await (await Peer.open(port)).enter_line(f"guest{number}") for number in range(62)]
        before = cpu(process.pid)
        for number in range(300):
            refused = await Peer.open(port)
            assert await refused.end() == "ERROR :This server is full. Try again later.\r\n"
            await refused.close()
            if number % 50 == 0:
                assert (await ann.ask(do="say", room="#tea", text=f"I am served {number}"))["reply"] == "stored"
                await bob.until(f"I am served {number}")
        await asyncio.sleep(1)  # a loop that spins would spin now
        assert cpu(process.pid) - before < 0.9, "a second of its own for 300 that are sent away, or for nothing"
        await crowd[0].close()
        await eventually_let_in(port)
        assert process.poll() is None
        for peer in (ann, bob, *crowd):
            await peer.close()


def cpu(pid: int) -> float:
    """The seconds that a process took of a CPU."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.threat(55)
@pytest.mark.skipif(sys.platform != "linux", reason="the limits of another process are set")
async def test_nobody_else_is_let_in_when_memory_is_short_and_they_are_again_when_it_is_not() -> None:
    with running("--no-history") as (process, port):
        ann = await (await Peer.open(port)).enter_json("ann", "#tea")
        resource.prlimit(process.pid, resource.RLIMIT_AS, (int(addressed(process.pid) / 0.9), resource.RLIM_INFINITY))
        await eventually_refused(port, "ERROR :This server is short of memory. Try again later.")
        assert (await ann.ask(do="say", room="#tea", text="those who are in go on"))["reply"] == "stored"
        resource.prlimit(process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await eventually_let_in(port)
        await ann.close()


def addressed(pid: int) -> int:
    """The bytes that a process may use as its own."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


async def eventually_refused(port: int, words: str) -> None:
    """Try until it is refused with these words."""
    async with asyncio.timeout(15):
        while not (await _first_words(port)).startswith(words):
            await asyncio.sleep(0.1)


async def eventually_let_in(port: int) -> None:
    """Try until it is not refused."""
    async with asyncio.timeout(15):
        while (await _first_words(port)).startswith("ERROR"):
            await asyncio.sleep(0.1)


async def _first_words(port: int) -> str:
    peer = await Peer.open(port)
    peer.send("{}")
    try:
        with suppress(OSError):
            return (await peer.reader.readline()).decode()
    finally:
        await peer.close()
    return ""


def breaks_off(port: int, source: str, data: bytes) -> None:
    """Says something and is gone again before the server, whose loop stands still meanwhile, has looked."""
    with socket.socket() as hasty:
        hasty.bind((source, 0))
        hasty.connect(("127.0.0.1", port))
        hasty.sendall(data)
        hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.threat(6, 37)
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_who_breaks_off_at_once_is_not_taken_for_this_machine(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """The system knows no address of a connection that was reset: no limit and no ban would mean who said that."""

    async def main() -> None:
        limits = tcpchat.Limits(connects_burst=1, connects_per_minute=0.01)
        async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
            ann = await (await Peer.open(server.port)).enter_irc("ann")
            ann.send("JOIN #tea")
            await ann.until(" 366 ")
            await (await Peer.open(server.port, source=ONE)).close()
            for number in range(5):
                said = f"NICK eve{number}\r\nUSER e 0 * e\r\nJOIN #tea\r\nPRIVMSG #tea :buy\r\n"
                breaks_off(server.port, ONE, said.encode())
            bob = await (await Peer.open(server.port)).enter_irc("bob")  # who came later
            await eventually(lambda: server.clients == 2)
            ann.send("PING later")
            await ann.until("PONG .*later")
            assert b"eve" not in ann.seen
            await ann.close()
            await bob.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
