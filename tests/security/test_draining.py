"""The server ends under load, and everybody comes back at once: nothing acknowledged is lost. Rows 9 and 51."""

import asyncio
import json
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.test_server import running
from tests.peer import Peer

SENDERS = 8


async def talk(peer: Peer, nick: str) -> set[str]:
    """Say one thing after the other, until the end. What was acknowledged."""
    acknowledged: set[str] = set()
    with suppress(EOFError, OSError):
        for number in range(1_000_000):
            text = f"{nick} {number}"
            if "ok" in await peer.ask(do="say", room="#tea", text=text):
                acknowledged.add(text)
    await peer.close()
    return acknowledged


@pytest.mark.threat(51)
async def test_what_was_acknowledged_before_sigterm_is_stored(tmp_path: Path, long: bool, seed: int) -> None:
    acknowledged: set[str] = set()
    chance = random.Random(seed)
    for drain in range(20 if long else 2):
        with running("--data", str(tmp_path / "data"), "--set", "limits.enabled=false") as (process, port):
            nicks = [f"n{drain}x{number}" for number in range(SENDERS)]
            peers = [await (await Peer.open(port)).enter_json(nick, "#tea") for nick in nicks]
            senders = [asyncio.create_task(talk(peer, nick)) for peer, nick in zip(peers, nicks, strict=True)]
            await asyncio.sleep(chance.uniform(0.2, 0.5))  # at any moment
            process.send_signal(signal.SIGTERM)
            for sender in senders:
                acknowledged |= await sender
            assert await asyncio.to_thread(process.wait, 6) == 0, "it ends in time, and well"
    assert len(acknowledged) > SENDERS
    assert acknowledged <= set(stored(tmp_path / "data"))


def stored(data: Path) -> list[str]:
    command = [sys.executable, "-m", "tcpchat.server", "log", "export", "--data", str(data), "--format", "jsonl"]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    texts = [event["text"] for line in lines if "text" in (event := json.loads(line))]
    assert len(set(texts)) == len(texts), "nothing is there twice"
    return texts


async def come(port: int, number: int, chance: random.Random) -> Peer:
    """From an address of one's own. Who is told to come again, because so many do, waits a little, as clients do."""
    while True:
        try:
            return await enter(port, number)
        except (EOFError, OSError):
            await asyncio.sleep(chance.uniform(0.1, 2.0))


async def enter(port: int, number: int) -> Peer:
    """:raises EOFError: if there are too many who have no nick yet."""
    address = f"127.1.{number // 200}.{number % 200 + 1}"
    peer = Peer(*await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0), limit=1 << 20))
    try:
        peer.send(f"NICK n{number}", f"USER n{number} 0 * :n", f"JOIN #tea{number % 50}")
        await peer.until(rf" 366 n{number} #tea{number % 50} ")
    except BaseException:
        await peer.close()
        raise
    return peer


@pytest.mark.threat(9)
@pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux")
async def test_everybody_comes_back_at_once_after_a_restart(tmp_path: Path, long: bool, seed: int) -> None:
    many = 3_000 if long else 100
    for _ in range(2):
        with running("--data", str(tmp_path), "--set", "limits.clients=20000") as (process, port):
            async with asyncio.timeout(60):
                peers = await asyncio.gather(
                    *(come(port, number, random.Random(seed + number)) for number in range(many))
                )
            peers[0].send("LUSERS")
            assert int((await peers[0].until(r" 265 n0 (\d+) "))[1]) == many
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 10)
            for peer in peers:
                await peer.close()
