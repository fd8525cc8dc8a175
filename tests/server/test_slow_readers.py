"""Those who do not read: how long they stay, and what may wait for all of them together."""

import asyncio
import re
import socket

import pytest

import tcpchat
from tests.conftest import UNHURRIED
from tests.peer import Peer
from tests.server.test_sessions import eventually, unread_connection

STUCK = {
    "line": "{nick}\n/join #tea\n",
    "irc": "NICK {nick}\nUSER {nick} 0 * :x\nJOIN #tea\n",
    "json": '{{"do":"enter","nick":"{nick}"}}\n{{"do":"join","room":"#tea"}}\n',
}
"""How those come in who read nothing."""


async def stuck(server: tcpchat.Server, nick: str) -> socket.socket:
    """Somebody in #tea who does not read. How they talk is in the nick."""
    peer = unread_connection(server.port)
    peer.sendall(STUCK[nick.rstrip("0123456789")].format(nick=nick).encode())
    await eventually(lambda: (user := server.hub.state.user(nick)) is not None and "#tea" in user.rooms)
    return peer


@pytest.mark.threat(12)
async def test_who_takes_nothing_for_long_is_closed_however_they_talk() -> None:
    limits = tcpchat.Limits(**UNHURRIED, stalled_seconds=0.4, ping_seconds=0.1, pong_seconds=0.1, outbox_bytes=4_096)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        peers = [await stuck(server, nick) for nick in STUCK]
        watcher = await (await Peer.open(server.port)).enter_line("watcher")
        watcher.send("/join #tea")
        await watcher.until("You are in #tea")
        for number in range(400):
            watcher.send(f"{number} " + "x" * 3_000)
        gone = {(await watcher.until(r"-- (\w+) is gone \((.*)\)")).groups() for _ in STUCK}
        assert gone == {(nick, "No progress for 0.4 seconds. Reconnect to resume.") for nick in STUCK}
        for peer in peers:
            peer.close()
        await watcher.close()


@pytest.mark.threat(12)
async def test_what_waits_for_all_together_is_bounded() -> None:
    limits = tcpchat.Limits(**UNHURRIED, outboxes_bytes=65_536, outbox_bytes=10_000_000)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        peers = [await stuck(server, f"json{number}") for number in range(10)]
        ann = await (await Peer.open(server.port)).enter_json("ann", "#tea")
        for number in range(400):
            await ann.ask(do="say", room="#tea", text=f"{number} " + "x" * 3_000)
        waiting = [session.outbox.waiting for session in server.sessions]
        assert sum(waiting) == server.outboxes.used
        assert 65_536 <= server.outboxes.used < 65_536 + 10 * 20_000, "of twelve megabytes"
        assert all(session.behind for session in server.sessions if session.user is not server.hub.state.user("ann"))
        for one in peers:
            peer = Peer(*await asyncio.open_connection(sock=one, limit=1 << 24))
            await peer.until(r'"text":"399 .*\n')
            assert re.findall(r'"text":"(\d+) ', peer.seen.decode()) == list(map(str, range(400)))
            await peer.close()
        await ann.close()
        await eventually(lambda: server.clients == 0)
        assert server.outboxes.used == 0
