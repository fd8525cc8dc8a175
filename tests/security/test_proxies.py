"""Proxies and web gateways: those that are listed say whom they bring; nobody else is believed."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address

import argon2
import pytest

import tcpchat
from tcpchat.config import BadSetting, Gateway, load
from tcpchat.wire.irc.webirc import read
from tcpchat.wire.proxy import SIGNATURE, BadHeader, brought, more
from tests.peer import Peer
from tests.server.test_sessions import eventually

pytestmark = pytest.mark.threat(11)

PROXY, GATEWAY, SOMEBODY = "127.0.0.5", "127.0.0.6", "127.0.0.7"
CLIENT = "198.51.100.3"
SSL = struct.pack("!BHBL", 0x20, 5, 1, 0)


def header(address: str = CLIENT, command: int = 1, family: int | None = None, more: bytes = b"") -> bytes:
    """A PROXY header, version 2."""
    ip = ip_address(address)
    body = ip.packed + ip.packed + struct.pack("!HH", 12345, 7667) + more
    kind = family if family is not None else 0x11 if ip.version == 4 else 0x21
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, kind, len(body)) + body


@asynccontextmanager
async def serving(**limits: int) -> AsyncIterator[tcpchat.Server]:
    """A server with a proxy and two gateways."""
    hash = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("hunter3")
    config = tcpchat.Config(
        limits=tcpchat.Limits(**limits),
        proxies=(f"{PROXY}/32",),
        webirc={
            "kiwi": Gateway(password="hunter2", hosts=(GATEWAY,)),
            "lounge": Gateway(password=hash, hosts=("127.0.0.6/31",)),
        },
    )
    async with tcpchat.Server(config, port=0) as server:
        yield server


async def opened(server: tcpchat.Server, source: str, data: bytes) -> Peer:
    peer = await Peer.open(server.port, source=source)
    peer.writer.write(data)
    return peer


def address_of(server: tcpchat.Server, nick: str) -> str:
    user = server.hub.state.user(nick)
    assert user is not None
    return user.listener.address


@pytest.mark.parametrize(
    ("data", "address", "encrypted"),
    [
        (header(), CLIENT, False),
        (header(more=SSL), CLIENT, True),
        (header("2001:db8::7"), "2001:db8::7", False),
        (header("::ffff:198.51.100.9"), "198.51.100.9", False),
        (header(command=0), PROXY, False),
        (header(family=0x12), PROXY, False),
        (header(family=0x31), PROXY, False),
        (header(more=b"\x20\x00\xff\x01"), CLIENT, True),
        (header(more=b"\x01\x00"), CLIENT, False),
    ],
    ids=["tcp4", "tls", "tcp6", "mapped", "local", "udp", "unix", "cut", "scrap"],
)
async def test_a_listed_proxy_is_believed(data: bytes, address: str, encrypted: bool) -> None:
    async with serving() as server:
        peer = await opened(server, PROXY, data)
        await peer.enter_irc("ann")
        assert address_of(server, "ann") == address
        user = server.hub.state.user("ann")
        assert user is not None
        assert user.listener.encrypted == encrypted
        await peer.close()


async def test_the_header_may_come_in_pieces() -> None:
    async with serving() as server:
        peer = await Peer.open(server.port, source=PROXY)
        for byte in header() + b"NICK ann\r\nUSER ann 0 * :Ann\r\n":
            peer.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        await peer.until(" 001 ann ")
        assert address_of(server, "ann") == CLIENT
        await peer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"NICK ann\r\nUSER ann 0 * :Ann\r\n",
        b"PROXY TCP4 198.51.100.3 127.0.0.1 1 2\r\nNICK ann\r\n",
        SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x22\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\x00\x04" + bytes(4),
        SIGNATURE + b"\x21\x11\xff\xff" + bytes(100),
        SIGNATURE[:5],
        b"",
    ],
)
async def test_a_proxy_that_does_not_say_whom_it_brings_brings_nobody(data: bytes) -> None:
    async with serving() as server:
        peer = await opened(server, PROXY, data)
        peer.writer.write_eof()
        assert await peer.end() == "ERROR :This address is that of a proxy, which has to say whom it brings.\r\n"
        assert not server.hub.state.users
        await peer.close()


async def test_a_proxy_that_says_nothing_does_not_hold_up_the_end() -> None:
    async with serving() as server:
        peer = await opened(server, PROXY, SIGNATURE)
        await eventually(lambda: len(server.reception._arriving) == 1)
        await server.stop()
        assert not server.reception._arriving
        with suppress(ConnectionError):
            assert await peer.reader.read() == b""
        await peer.close()


async def test_nobody_else_is_believed() -> None:
    async with serving() as server:
        for data in (header(), header(command=0)):
            peer = await opened(server, SOMEBODY, data + b"NICK ann\r\nUSER ann 0 * :Ann\r\n")
            assert "that was no text" in await peer.end()
            await peer.close()
        assert not server.hub.state.users
        peer = await opened(server, SOMEBODY, b"PROXY TCP4 198.51.100.3 127.0.0.1 1 2\r\nann\r\n")
        await peer.until("You are ann")
        assert address_of(server, "ann") == SOMEBODY
        await peer.close()


async def test_limits_hold_for_who_is_brought_and_not_for_the_proxy() -> None:
    async with serving(clients_per_address=2) as server:
        peers = [await opened(server, PROXY, header(f"198.51.100.{n}")) for n in range(6)]
        for number, peer in enumerate(peers):
            await peer.enter_irc(f"ann{number}")
        second = await opened(server, PROXY, header("198.51.100.0"))
        await second.enter_irc("second")
        third = await opened(server, PROXY, header("198.51.100.0"))
        assert "ERROR :There are 2 connections from your address already." in await third.end()
        for peer in (*peers, second, third):
            await peer.close()


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("WEBIRC hunter2 kiwi host.example.org 198.51.100.3", CLIENT),
        ("webirc hunter2 kiwi 198.51.100.3 198.51.100.3 :secure=examplevalue local-port=6697", CLIENT),
        ("WEBIRC hunter3 lounge host 198.51.100.3", CLIENT),
        ("WEBIRC hunter2 kiwi host 2001:db8::7", "2001:db8::7"),
        ("WEBIRC hunter2 kiwi host 0::ffff:198.51.100.3", CLIENT),
    ],
)
async def test_a_listed_gateway_that_knows_its_password_is_believed(line: str, address: str) -> None:
    async with serving() as server:
        peer = await opened(server, GATEWAY, f"{line}\r\n".encode())
        await peer.enter_irc("ann")
        assert address_of(server, "ann") == address
        await peer.close()


@pytest.mark.parametrize(
    ("source", "line", "answer"),
    [
        (GATEWAY, "WEBIRC hunter1 kiwi host 198.51.100.3", "Invalid WebIRC password"),
        (SOMEBODY, "WEBIRC hunter2 kiwi host 198.51.100.3", "Invalid WebIRC password"),
        (PROXY, "WEBIRC hunter2 kiwi host 198.51.100.3", "This address is that of a proxy"),
        ("127.0.0.8", "WEBIRC hunter2 kiwi host 198.51.100.3", "WEBIRC is for listed gateways"),
        (GATEWAY, "WEBIRC hunter2 kiwi host example.org", "WEBIRC takes a password"),
        (GATEWAY, "WEBIRC hunter2", "WEBIRC takes a password"),
        (GATEWAY, "WEBIRC hunter2 kiwi host 198.51.100.3\r\nWEBIRC hunter2 kiwi host 198.51.100.4", "One WEBIRC is"),
    ],
)
async def test_whoever_else_says_webirc_is_told_and_closed(source: str, line: str, answer: str) -> None:
    async with serving() as server:
        peer = await opened(server, source, f"{line}\r\nNICK ann\r\nUSER ann 0 * :Ann\r\n".encode())
        told = await peer.end()
        assert f"ERROR :{answer}" in told
        assert " 001 " not in told
        assert not server.hub.state.users
        await eventually(lambda: server.reception.admission._total == 0)
        await peer.close()


async def test_a_gateway_does_not_hide_who_has_too_many_connections() -> None:
    async with serving(clients_per_address=1) as server:
        line = b"WEBIRC hunter2 kiwi host 198.51.100.3\r\n"
        ann = await (await opened(server, GATEWAY, line)).enter_irc("ann")
        second = await opened(server, GATEWAY, line)
        assert "ERROR :There are 1 connections from your address already." in await second.end()
        bob = await (await opened(server, GATEWAY, line.replace(b".3", b".4"))).enter_irc("bob")
        for peer in (ann, second, bob):
            await peer.close()


def test_a_header_that_ends_early_is_none() -> None:
    for size in range(16):
        with pytest.raises(BadHeader):
            more(header()[:size])
    with pytest.raises(BadHeader, match="within an address"):
        brought(header()[:16], b"\x00" * 11)


@pytest.mark.parametrize("setting", ["proxies=['10.0.0.0/33']", "webirc.kiwi={password='x',hosts=['here']}"])
def test_what_is_no_address_is_named(setting: str) -> None:
    with pytest.raises(BadSetting, match="is no address or network"):
        load(None, [setting])
    with pytest.raises(BadSetting):
        load(None, ["webirc.kiwi={password='x',hosts=[]}"])


@pytest.mark.parametrize("address", ["fe80::1%eth0", "fe80::1%\x1b[2J"])
def test_the_zone_of_an_address_is_not_kept(address: str) -> None:
    """It would come into the log and before operators, and be another address to a mask."""
    said = read(f"WEBIRC hunter2 kiwi host {address}".encode())
    assert said is not None
    assert said.address == "fe80::1"
