"""What is no text of any dialect, or another protocol's: one answer, a close, and nothing of it is obeyed."""

import asyncio
import random
from contextlib import suppress

import pytest

import tcpchat
from tcpchat.wire.detect import REFUSALS, detect
from tests.conftest import Connect
from tests.peer import Peer
from tests.server.test_sessions import eventually

PREFIXES = 1_000
AT_ONCE = 50

SMUGGLED = (
    b"NICK evil\r\nUSER evil 0 * :evil\r\nJOIN #lobby\r\nPRIVMSG #lobby :smuggled\r\n"
    b'{"do":"enter","nick":"evil"}\r\n{"do":"say","room":"#lobby","text":"smuggled"}\r\nevil\r\nsmuggled\r\n'
)
"""What a page of somebody's could let a browser send."""

REQUESTS = [
    b"POST / HTTP/1.1\r\nHost: localhost:7667\r\nContent-Type: text/plain\r\nContent-Length: 999\r\n\r\n",
    b"POST / HTTP/1.1\r\n",
    b"PUT /x HTTP/1.1\r\n\r\n",
    b"OPTIONS / HTTP/1.1\r\nOrigin: http://example.org\r\n\r\n",
    b"GET /\r\n",
    b"CONNECT localhost:6667 HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.fixture
def config() -> tcpchat.Config:
    return tcpchat.Config(limits=tcpchat.Limits(clients_per_address=2_000))


@pytest.mark.threat(4, 16)
async def test_random_bytes_get_one_line_and_a_close(
    server: tcpchat.Server, connect: Connect, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(seed)
    ann = await (await connect()).enter_line("ann")
    prefixes = [chance.randbytes(chance.choice([1, 2, 3, 8, 64, 600])) for _ in range(PREFIXES)]
    refused = 0
    for start in range(0, PREFIXES, AT_ONCE):
        refused += sum(await asyncio.gather(*(_send(server.port, one) for one in prefixes[start : start + AT_ONCE])))
    assert refused > PREFIXES / 3, f"seed {seed}"
    await eventually(lambda: server.clients == 1)
    ann.send("/who")
    await ann.until("-- #lobby: @?ann\r\n")
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []
    assert len(server.hub.state.users) == 1


async def _send(port: int, data: bytes) -> bool:
    """Whether it was refused at once: with one answer, then. Of all else the sender hears something, or nothing."""
    peer = await Peer.open(port)
    peer.writer.write(data)
    kind = detect(data)
    refused = kind is not None and kind in REFUSALS
    if not refused:
        peer.writer.write_eof()
    answer = await peer.reader.read()
    if kind is not None and refused:
        assert answer == REFUSALS[kind], data
    await peer.close()
    return refused


@pytest.mark.threat(4, 16)
async def test_a_first_line_that_nobody_can_type_ends_it(connect: Connect) -> None:
    for line in (b"SSH-2.0-\x00\x01", b"ann\x01\x02\x03", b"JRMI\x00\x02K"):
        peer = await connect()
        peer.send(line)
        assert (await peer.end()).endswith("-- This is a chat server, and that was no text.\r\n-- bye\r\n")
    for line in (b"J\xf6rg", b"\xff\xfd\x03\xff\xfb\x18", "Jörg\x08g".encode()):
        peer = await connect()
        peer.send(line)
        await peer.until("Nickname: |You are ")


@pytest.mark.threat(4)
@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("split", [0, 1, 5, 40])
async def test_nothing_is_obeyed_that_comes_in_a_request_of_a_browser(
    server: tcpchat.Server, connect: Connect, request_: bytes, split: int
) -> None:
    ann, browser = await connect(), await connect()
    await ann.enter_json("ann", "#lobby")
    data = request_ + SMUGGLED
    browser.writer.write(data[:split])
    await asyncio.sleep(0.01)
    browser.writer.write(data[split:])
    with suppress(ConnectionError):  # the system says so of what comes after the close
        assert await browser.reader.read() == REFUSALS["http"]
    await eventually(lambda: server.clients == 1)
    await ann.ask(do="ping", token="still here")
    assert "smuggled" not in ann.seen.decode()
    assert list(server.hub.state.users) == ["ann"]
