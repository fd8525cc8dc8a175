"""A server that asks everybody for a password."""

from pathlib import Path

import pytest

import tcpchat
from tests.conftest import Connect


@pytest.fixture
def config(tmp_path: Path) -> tcpchat.Config:
    return tcpchat.Config(data=tmp_path / "data", password="hush")


async def test_a_person_is_asked_for_it(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    ann.send("ann")
    await ann.until(r"Password: ")
    ann.send("hush")
    await ann.until(r"-- You are ann\.\r\n-- You are in #lobby: ")
    bob.send("bob", "wrong")
    assert "that is not it" in await bob.end()


async def test_an_irc_client_sends_it_first(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    ann.send("PASS hush", "NICK ann", "USER ann 0 * :Ann")
    await ann.until(r" 001 ann ")
    bob.send("NICK bob", "USER bob 0 * :Bob")
    assert " 464 * :" in await bob.end()


async def test_a_program_gives_it_with_its_nick(server: tcpchat.Server) -> None:
    address = f"127.0.0.1:{server.port}"
    async with tcpchat.connect(address, nick="ann", password="hush", rooms=["#tea"]) as ann:
        assert ann.rooms == ["#tea"]
    with pytest.raises(tcpchat.Refused, match="password"):
        async with tcpchat.connect(address, nick="bob", retry=False):
            pass
