"""What was said while one was away, for clients that cannot ask for it; and that a room is recorded."""

from tcpchat import Server
from tcpchat.config import Config
from tests.conftest import Connect
from tests.irc.peers import ask, batch, enter, one, only
from tests.peer import Peer

CAPS = "server-time batch message-tags"


async def test_who_comes_back_sees_what_was_said_meanwhile(connect: Connect) -> None:
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea", CAPS)
    for number, way in enumerate(("PART #tea", "QUIT")):
        await ask(ann, f"PRIVMSG #tea :known {number}")
        if way == "QUIT":
            bob.send(way)
            await bob.end()
            await ann.until(r"^:bob!\S+ QUIT .*\r\n")
        else:
            await ask(bob, way)
        await ask(ann, *(f"PRIVMSG #tea :missed {number}.{line}" for line in range(25)), "TOPIC #tea :more tea")
        if way == "QUIT":
            bob = await enter(connect, "bob", "", CAPS)
        lines = await ask(bob, "JOIN #tea")
        _, missed = batch(lines, "chathistory")
        assert [line.params[-1] for line in missed] == [f"missed {number}.{line}" for line in range(25)]
        assert not only(lines, "NOTICE")
    await ask(bob, "PART #tea")
    assert not only(await ask(bob, "JOIN #tea"), "BATCH"), "nothing was said meanwhile"


async def test_who_was_never_there_sees_the_last_lines(connect: Connect) -> None:
    ann = await enter(connect, "ann", "#tea")
    await ask(ann, *(f"PRIVMSG #tea :{number}" for number in range(25)))
    bob = await enter(connect, "bob", "", CAPS)
    assert len(batch(await ask(bob, "JOIN #tea"), "chathistory")[1]) == Config().join_history


async def test_a_recorded_room_says_so_once_when_one_comes(recorded: Config) -> None:
    async with Server(recorded, port=0) as server:
        ann = await Peer.open(server.port)
        try:
            await ann.enter_irc("ann")
            lines = await ask(ann, "JOIN #tea", "JOIN #tea")
        finally:
            await ann.close()
    notice = one(only(lines, "NOTICE"))
    assert notice == ":tcpchat.local NOTICE #tea :What is said in #tea is recorded, and shown to those who join later."
    assert lines.index(notice) > [line.command for line in lines].index("366")


async def test_a_room_that_is_not_recorded_says_nothing(connect: Connect) -> None:
    ann = await enter(connect, "ann")
    assert not only(await ask(ann, "JOIN #tea"), "NOTICE")
