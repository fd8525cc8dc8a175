"""What all tests share: a server on port 0, and peers that talk to it in bytes."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest

import tcpchat
from tests.peer import Peer
from tests.threats import Threats

Connect = Callable[[], Awaitable[Peer]]

UNHURRIED = dict.fromkeys(("messages_burst", "questions_burst", "history_burst", "logins_burst"), 1_000_000)
"""Limits for tests that ask for much at once, and are not about how much that may be."""

collect_ignore = ["clients"]
"""Run only when asked for: make test-clients."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the long form of the slower suites")
    parser.addoption("--full", action="store_true", help="their longest form: ten times as many kills")
    parser.addoption("--threats", metavar="FILE", help="note in it what came of the tests of the threat table")
    parser.addoption("--pictures", metavar="DIRECTORY", help="put pictures of what the tests see there")
    parser.addoption("--seed", type=int, help="what chance begins with, to repeat a run of a slower suite")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # a container; the servers of the tests are told so
        os.environ["TCPCHAT_AS_ROOT"] = "1"
    if file := config.getoption("--threats"):
        config.pluginmanager.register(
            Threats(Path(file), "long" if config.getoption("--long") or config.getoption("--full") else "short")
        )


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the long form was asked for."""
    return bool(request.config.getoption("--long")) or bool(request.config.getoption("--full"))


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the longest form was asked for."""
    return bool(request.config.getoption("--full"))


@pytest.fixture
def seed(request: pytest.FixtureRequest, long: bool) -> int:
    """What chance begins with: the one asked for; in the long form another one each time; the same one otherwise."""
    asked = request.config.getoption("--seed")
    return int(asked) if asked is not None else random.randrange(1 << 32) if long else 7667


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], object]]:
    """What waits is tested on both loops."""
    factories: dict[str, Callable[[], object]] = {"asyncio": asyncio.new_event_loop}
    if sys.platform != "win32" and {"server", "library", "test_tls.py"} & set(item.path.parts):
        import uvloop

        factories["uvloop"] = uvloop.new_event_loop
    return factories


@pytest.fixture
def config(tmp_path: Path) -> tcpchat.Config:
    """What the server of a test is started with. Modules override it."""
    return tcpchat.Config(data=tmp_path / "data", limits=tcpchat.Limits(**UNHURRIED))


@pytest.fixture
async def server(config: tcpchat.Config) -> AsyncIterator[tcpchat.Server]:
    async with tcpchat.Server(config, port=0) as server:
        yield server


@pytest.fixture
async def connect(server: tcpchat.Server) -> AsyncIterator[Connect]:
    """Opens connections to the server, and closes them at the end."""
    peers: list[Peer] = []

    async def connect() -> Peer:
        peers.append(await Peer.open(server.port))
        return peers[-1]

    yield connect
    for peer in peers:
        await peer.close()
