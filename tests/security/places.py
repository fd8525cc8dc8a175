"""Peers that come from different addresses: all of 127.0.0.0/8 is this machine."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

import tcpchat
from tests.peer import Peer

ConnectFrom = Callable[..., Awaitable[Peer]]


@pytest.fixture
async def come(server: tcpchat.Server) -> AsyncIterator[ConnectFrom]:
    """Opens connections from addresses; with a nick, in JSON; with a room, into it. Closes them at the end."""
    peers: list[Peer] = []

    async def come(nick: str = "", room: str = "", address: str = "127.0.0.1") -> Peer:
        peers.append(await Peer.open(server.port, source=address))
        return await peers[-1].enter_json(nick, room) if nick else peers[-1]

    yield come
    for peer in peers:
        await peer.close()
