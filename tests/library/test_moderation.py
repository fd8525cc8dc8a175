"""Programs in rooms that others decide about."""

import asyncio

import tcpchat
from tcpchat.model import commands
from tests.link import Link
from tests.peer import PATIENCE


async def until(chat: tcpchat.Client, kind: type[tcpchat.Event]) -> tcpchat.Event:
    """The next event of a kind."""
    async with asyncio.timeout(PATIENCE):
        async for event in chat:
            if isinstance(event, kind):
                return event
    raise AssertionError("the chat ended")


def address(server: tcpchat.Server) -> str:
    return f"127.0.0.1:{server.port}"


async def test_who_is_kicked_is_told_and_is_not_in_the_room_any_more(server: tcpchat.Server) -> None:
    async with (
        tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        await ann.request(commands.Kick(room="#tea", nick="bob", reason="enough"))
        match await until(bob, tcpchat.Kicked):
            case tcpchat.Kicked(room="#tea", by="ann", nick="bob", reason="enough"):
                assert bob.rooms == []
            case other:
                raise AssertionError(other)


async def test_who_was_banned_while_the_link_was_lost_comes_back_without_the_room(server: tcpchat.Server) -> None:
    """Not being let into one room must not keep one from the chat."""
    async with (
        tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann,
        Link.to(server.port) as link,
        tcpchat.connect(f"127.0.0.1:{link.port}", nick="bob", rooms=["#tea", "#milk"]) as bob,
    ):
        await ann.request(commands.SetModes(room="#tea", changes=[commands.ModeChange("+", "b", "bob")]))
        link.cut()
        match await until(bob, tcpchat.Kicked):
            case tcpchat.Kicked(room="#tea", nick="bob", reason=reason):
                assert "banned" in reason
            case other:
                raise AssertionError(other)
        await until(bob, tcpchat.LinkBack)
        assert bob.rooms == ["#milk"]
        await bob.say("#milk", "here I am")


async def test_a_key_is_remembered_for_the_next_link(server: tcpchat.Server) -> None:
    async with (
        tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann,
        Link.to(server.port) as link,
        tcpchat.connect(f"127.0.0.1:{link.port}", nick="bob") as bob,
    ):
        await ann.request(commands.SetModes(room="#tea", changes=[commands.ModeChange("+", "k", "milk")]))
        await bob.join("#tea", "milk")
        link.cut()
        await until(bob, tcpchat.LinkBack)
        await bob.say("#tea", "still in")


async def test_a_renamed_room_is_the_same_room(server: tcpchat.Server) -> None:
    """What is said in it is heard, and after a lost link what was missed, once."""
    async with (
        tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann,
        Link.to(server.port) as link,
        tcpchat.connect(f"127.0.0.1:{link.port}", nick="bob", rooms=["#tea"]) as bob,
    ):
        await ann.say("#tea", "one")
        await ann.request(commands.RenameRoom(room="#tea", to="#cha"))
        await until(bob, tcpchat.Moved)
        assert bob.rooms == ["#cha"]
        link.cut()
        await until(bob, tcpchat.LinkLost)
        await ann.say("#cha", "two")
        said = await until(bob, tcpchat.Said)
        assert isinstance(said, tcpchat.Said)
        assert (said.room, said.text) == ("#cha", "two")
        assert [event.text for event in await bob.history("#cha") if isinstance(event, tcpchat.Said)] == ["one", "two"]
