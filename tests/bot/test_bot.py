"""A bot written with an IRC library of another author (pydle), as bots are: it logs in, answers, and comes back."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pydle
import pytest

import tcpchat
from tests.conftest import UNHURRIED
from tests.peer import Peer

ROOM = "#ops"
PASSWORD = "sesame"
CONFIG = tcpchat.Config(limits=tcpchat.Limits(**UNHURRIED))


class Bot(pydle.Client):
    """Answers whoever pings it, and goes on trying when there is no server."""

    RECONNECT_MAX_ATTEMPTS = None
    RECONNECT_DELAYS = (0.05,)

    async def connect(self, *args: Any, **settings: Any) -> None:
        """The library tries once, and leaves it to the bot what to do when nobody listens."""
        while True:
            try:
                await super().connect(*args, **settings)
                return
            except OSError:
                await asyncio.sleep(self.RECONNECT_DELAYS[0])

    async def on_connect(self) -> None:
        await super().on_connect()
        await self.join(ROOM)

    async def on_message(self, target: str, source: str, message: str) -> None:
        await super().on_message(target, source, message)
        if message == "!ping":
            await self.message(target, f"{source}: pong")


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    bot = Bot("robot", sasl_username="robot", sasl_password=PASSWORD, sasl_mechanism="PLAIN")
    yield bot
    await bot.disconnect()


async def test_a_bot_logs_in_answers_and_comes_back(bot: Bot, tmp_path: Path) -> None:
    async with tcpchat.Server(CONFIG, data=tmp_path, port=0) as server:
        port = server.port
        await register(port, "robot")
        await bot.connect("127.0.0.1", port)
        await is_logged_in_and_answers(port, "ann")
    async with tcpchat.Server(CONFIG, data=tmp_path, port=port):
        await is_logged_in_and_answers(port, "bob")


async def test_the_library_finds_nothing_wrong_with_what_the_server_says(
    bot: Bot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with tcpchat.Server(CONFIG, data=tmp_path, port=0) as server:
        await register(server.port, "robot")
        with caplog.at_level(logging.WARNING):
            await bot.connect("127.0.0.1", server.port)
            await is_logged_in_and_answers(server.port, "ann")
        complaints = [record.getMessage() for record in caplog.records]
    assert [one for one in complaints if not one.startswith("Unknown command")] == []  # it does not know 221 and 338


async def register(port: int, nick: str) -> None:
    """Make the bot's account, and leave its nick to it."""
    async with person(port) as owner:
        await owner.enter_irc(nick, caps="draft/account-registration")
        owner.send(f"REGISTER * * {PASSWORD}")
        await owner.until(f"REGISTER SUCCESS {nick} ")
        owner.send("QUIT")
        await owner.end()


async def is_logged_in_and_answers(port: int, nick: str) -> None:
    """Come into the bot's room, wait until it is there too, and try it."""
    async with person(port) as peer:
        await peer.enter_irc(nick, ROOM)
        peer.send(f"NAMES {ROOM}")
        await peer.until(r":robot!\S+ JOIN|353 .*\brobot\b|:robot_!\S+ NICK :?robot\r")
        await logs_in(peer, nick)
        peer.send(f"PRIVMSG {ROOM} :!ping")
        await peer.until(rf":robot!\S+ PRIVMSG {ROOM} :{nick}: pong\r")


async def logs_in(peer: Peer, nick: str) -> None:
    """The library ends the negotiation at the first of several lines of capabilities, and logs in right after it.

    So it comes in under another name, and has the one that is its account's when it is logged in.
    """
    answer = ""
    while not answer.startswith(" 330 "):
        peer.send("WHOIS robot")
        answer = (await peer.until(rf" 330 {nick} robot robot :| 318 {nick} "))[0]


@asynccontextmanager
async def person(port: int) -> AsyncIterator[Peer]:
    """A connection to the server."""
    peer = await Peer.open(port)
    try:
        yield peer
    finally:
        await peer.close()
