"""Programs that use tcpchat as a library: the public door."""

import asyncio
import socket
from pathlib import Path

import pytest

import tcpchat
from tcpchat.server.listeners import own_addresses
from tests.conftest import UNHURRIED
from tests.link import Link
from tests.peer import PATIENCE


async def take(chat: tcpchat.Client, count: int) -> list[tcpchat.Event]:
    """The next events, except for who comes and goes."""
    taken: list[tcpchat.Event] = []
    async with asyncio.timeout(PATIENCE):
        async for event in chat:
            if not isinstance(
                event,
                tcpchat.Joined | tcpchat.Left | tcpchat.Gone | tcpchat.LinkLost | tcpchat.LinkBack | tcpchat.RoomBack,
            ):
                taken.append(event)
            if len(taken) == count:
                return taken
    raise AssertionError("the chat ended")


def address(server: tcpchat.Server) -> str:
    return f"127.0.0.1:{server.port}"


async def test_two_programs_talk(server: tcpchat.Server) -> None:
    async with (
        tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        stored = await ann.say("#tea", "hi")
        match await take(bob, 1):
            case [tcpchat.Said(room="#tea", by="ann", text="hi", number=number, id=id)]:
                assert (number, id) == (stored.number, stored.id)
            case other:
                pytest.fail(str(other))
        await bob.tell("ann", "psst")
        assert [event.text for event in await take(ann, 2) if isinstance(event, tcpchat.Said | tcpchat.Told)] == [
            "hi",
            "psst",
        ]


async def test_all_a_client_can_do(server: tcpchat.Server) -> None:
    async with tcpchat.connect(address(server), nick="ann") as ann:
        seated = await ann.join("#tea")
        assert (seated.people, ann.rooms) == (["ann"], ["#tea"])
        await ann.set_topic("#tea", "of tea")
        await ann.rename("anna")
        await ann.say("#tea", "one\ntwo", kind="action")
        history = await ann.history("#tea")
        assert [type(event) for event in history] == [tcpchat.TopicSet, tcpchat.Said]
        await ann.part("#tea", "done")
        with pytest.raises(tcpchat.Refused, match="You are not in #tea"):
            await ann.say("#tea", "hello?")
        assert (ann.nick, ann.rooms) == ("anna", [])


async def test_what_cannot_be_had_is_raised(server: tcpchat.Server) -> None:
    async with tcpchat.connect(address(server), nick="ann"):
        with pytest.raises(tcpchat.Refused) as refused:
            async with tcpchat.connect(address(server), nick="Ann"):
                pass
        assert (refused.value.code, refused.value.suggestion) == ("nick_taken", "Ann2")
        with pytest.raises(tcpchat.Refused, match="starts with #"):
            async with tcpchat.connect(address(server), nick="bob", rooms=["tea"]):
                pass


async def test_starting_where_somebody_listens_raises_at_once(server: tcpchat.Server, tmp_path: Path) -> None:
    second = tcpchat.Server(port=server.port, data=tmp_path / "other")
    with pytest.raises(tcpchat.CannotStart, match="is listening there already"):
        await second.start()
    async with tcpchat.Server(port=0, data=tmp_path / "other"):
        pass  # nothing was left behind


async def test_after_a_cut_what_was_missed_appears_once_and_in_order(server: tcpchat.Server) -> None:
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(f"127.0.0.1:{link.port}", nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        for number in range(30):
            await bob.say("#tea", str(number))
            if number % 10 == 5:
                link.cut()
        texts = [event.text for event in await take(ann, 30) if isinstance(event, tcpchat.Said)]
        assert texts == [str(number) for number in range(30)]


async def test_the_link_is_told_to_be_lost_and_back(server: tcpchat.Server) -> None:
    async with Link.to(server.port) as link, tcpchat.connect(f"127.0.0.1:{link.port}", nick="ann") as ann:
        link.cut()
        told = []
        async with asyncio.timeout(PATIENCE):
            async for event in ann:
                told.append(type(event))
                if told == [tcpchat.LinkLost, tcpchat.LinkBack]:
                    break


async def test_a_message_in_flight_is_sent_again_and_stored_once(server: tcpchat.Server) -> None:
    """The link takes the message to the server, and loses the answer."""
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(f"127.0.0.1:{link.port}", nick="ann", rooms=["#tea"]) as ann,
        tcpchat.connect(address(server), nick="bob", rooms=["#tea"]) as bob,
    ):
        for number in range(5):
            link.swallow_answers()
            saying = asyncio.create_task(ann.say("#tea", str(number)))
            async with asyncio.timeout(PATIENCE):
                async for event in bob:
                    if isinstance(event, tcpchat.Said) and event.text == str(number):
                        break
            link.cut()
            stored = await saying
            assert stored.number == event.number
        page = await bob.history("#tea")
        assert [event.text for event in page if isinstance(event, tcpchat.Said)] == ["0", "1", "2", "3", "4"]


async def test_a_message_waits_for_a_server_that_is_started_again(tmp_path: Path) -> None:
    config = tcpchat.Config(data=tmp_path)
    async with tcpchat.Server(config, port=0) as first:
        port = first.port
        ann = tcpchat.connect(f"127.0.0.1:{port}", nick="ann", rooms=["#tea"])
        chat = await ann.__aenter__()
        await chat.say("#tea", "one")
    saying = asyncio.create_task(chat.say("#tea", "two"))
    async with tcpchat.Server(config, port=port):
        async with asyncio.timeout(PATIENCE):
            assert (await saying).number == 2
        await ann.__aexit__()


async def test_a_server_that_has_forgotten_everything_is_listened_to_all_the_same() -> None:
    async with tcpchat.Server(port=0) as first:
        port = first.port
        ann = tcpchat.connect(f"127.0.0.1:{port}", nick="ann", rooms=["#tea"])
        chat = await ann.__aenter__()
        for number in range(5):
            await chat.say("#tea", f"before {number}")
    async with tcpchat.Server(port=port), tcpchat.connect(f"127.0.0.1:{port}", nick="bob", rooms=["#tea"]) as bob:
        for number in range(7):
            await bob.say("#tea", f"after {number}")
        texts = [event.text for event in await take(chat, 12) if isinstance(event, tcpchat.Said)]
        assert texts == [*(f"before {number}" for number in range(5)), *(f"after {number}" for number in range(7))]
        await ann.__aexit__()


async def test_a_ghost_is_replaced_at_once(server: tcpchat.Server) -> None:
    """The link dies without the server noticing; the client comes back under its own nick."""
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(f"127.0.0.1:{link.port}", nick="ann", rooms=["#tea"]) as ann,
    ):
        link.cut(tell_server=False)
        async with asyncio.timeout(PATIENCE):
            async for event in ann:
                if isinstance(event, tcpchat.LinkBack):
                    break
        assert (ann.nick, ann.rooms) == ("ann", ["#tea"])
        assert await ann.say("#tea", "still me")


async def test_without_retry_a_lost_link_is_raised_where_the_events_are_taken(server: tcpchat.Server) -> None:
    async with Link.to(server.port) as link:
        async with tcpchat.connect(f"127.0.0.1:{link.port}", nick="ann", retry=False) as ann:
            link.cut()
            with pytest.raises(tcpchat.CannotConnect):
                async for _ in ann:
                    pass
            with pytest.raises(ConnectionError):
                await ann.say("#tea", "hi")


async def test_a_bot_that_is_slow_can_still_say_something(server: tcpchat.Server) -> None:
    """Thousands of events wait to be taken; the answer to what the bot says gets through all the same."""
    async with (
        tcpchat.connect(address(server), nick="bot", rooms=["#tea"]) as bot,
        tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann,
    ):
        await asyncio.gather(*(ann.say("#tea", str(number)) for number in range(3_000)))
        async with asyncio.timeout(PATIENCE):
            await bot.say("#tea", "not so fast")
        texts = [event.text for event in await take(bot, 3_001) if isinstance(event, tcpchat.Said)]
        assert texts[:3_000] == [str(number) for number in range(3_000)]


async def test_a_program_that_takes_no_events_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcpchat.client.links.MOST_WAITING", 5)
    monkeypatch.setattr("tcpchat.client.links.STILL_THERE_SECONDS", 0.05)
    limits = tcpchat.Limits(**UNHURRIED, ping_seconds=0.3, pong_seconds=0.3)
    async with (
        tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server,
        tcpchat.connect(address(server), nick="deaf", rooms=["#tea"]) as deaf,
        tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann,
    ):
        for number in range(20):
            await ann.say("#tea", str(number))
        async with asyncio.timeout(PATIENCE):
            while not await ann.history("#tea", limit=1) or server.hub.state.user("ann") is None:
                pass
            began = asyncio.get_running_loop().time()
            while asyncio.get_running_loop().time() < began + 1.2:  # twice the time after which the silent are gone
                await ann.history("#tea", limit=1)
        assert server.hub.state.user("deaf") is not None
        assert len([one for one in await take(deaf, 20) if isinstance(one, tcpchat.Said)]) == 20


async def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcpchat.client.links.ANSWER_SECONDS", 0.1)

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(nothing, "127.0.0.1", 0) as mute:
        port = mute.sockets[0].getsockname()[1]
        with pytest.raises(tcpchat.CannotConnect, match="does not answer"):
            async with tcpchat.connect(f"127.0.0.1:{port}", nick="ann"):
                pass


async def test_a_dead_link_is_noticed_by_its_silence(server: tcpchat.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcpchat.client.connection.SILENCE", 0.2)
    async with Link.to(server.port) as link, tcpchat.connect(f"127.0.0.1:{link.port}", nick="ann") as ann:
        link.swallow_answers()
        async with asyncio.timeout(PATIENCE):
            async for event in ann:
                if isinstance(event, tcpchat.LinkLost):
                    assert "silent" in event.reason
                    break


async def test_what_was_said_before_one_came_is_never_an_event(server: tcpchat.Server) -> None:
    """Not even if the link breaks in the very moment of joining."""
    async with tcpchat.connect(address(server), nick="ann", rooms=["#tea"]) as ann:
        for number in range(30):
            await ann.say("#tea", f"old {number}")
        async with Link.to(server.port) as link, tcpchat.connect(f"127.0.0.1:{link.port}", nick="bob") as bob:
            link.swallow_answers()
            joining = asyncio.create_task(bob.join("#tea"))
            async with asyncio.timeout(PATIENCE):
                while "bob" not in (await ann.join("#tea")).people:
                    pass
            link.cut()
            await joining
            await ann.say("#tea", "new")
            assert [event.text for event in await take(bob, 1) if isinstance(event, tcpchat.Said)] == ["new"]


@pytest.mark.parametrize(
    ("written", "complaint"),
    [("127.0.0.1:1", "Nobody is listening on 127.0.0.1:1. Start a server there"), ("localhost:x", "“x” is not a port")],
)
async def test_a_server_that_is_not_there_is_explained(written: str, complaint: str) -> None:
    with pytest.raises(tcpchat.CannotConnect, match=complaint):
        async with tcpchat.connect(written, nick="ann"):
            pass


async def test_an_unknown_host_is_explained() -> None:
    with pytest.raises(tcpchat.CannotConnect, match="Cannot find the host “chta.invalid”"):
        async with tcpchat.connect("chta.invalid", nick="ann"):
            pass


async def test_no_answer_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener whose queue is full lets no more handshakes through, as a firewall does."""
    monkeypatch.setattr("tcpchat.client.connection.CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(3):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        with pytest.raises(tcpchat.CannotConnect, match=r"No answer from .* A firewall often does this"):
            async with tcpchat.connect(f"127.0.0.1:{full.getsockname()[1]}", nick="ann"):
                pass
        for one in waiting:
            one.close()


async def test_a_server_on_the_loopback_only_is_recognised(server: tcpchat.Server) -> None:
    own = next((one for one in own_addresses() if not one.startswith("127.")), None)
    if own is None:
        pytest.skip("this machine has no address besides the loopback")
    with pytest.raises(tcpchat.CannotConnect, match=f"listens on 127.0.0.1:{server.port} only, not on {own}"):
        async with tcpchat.connect(f"{own}:{server.port}", nick="ann"):
            pass


async def test_every_address_is_a_word_for_servers_only(server: tcpchat.Server) -> None:
    async with tcpchat.connect(f"0.0.0.0:{server.port}", nick="ann") as ann:
        assert ann.connected


async def test_a_server_that_ends_in_the_middle_of_a_line_is_none_of_another_kind() -> None:
    async def killed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"hello":"tcpchat.local","protocol":1,"version":"1"}\n{"ok":0,"reply":"wel')
        writer.close()

    async with await asyncio.start_server(killed, "127.0.0.1", 0) as dying:
        port = dying.sockets[0].getsockname()[1]
        with pytest.raises(tcpchat.CannotConnect, match=r"The server closed the connection\.") as raised:
            async with tcpchat.connect(f"127.0.0.1:{port}", nick="ann"):
                pass
        assert raised.value.exit_code == 69


async def test_another_kind_of_server_is_recognised() -> None:
    async def ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(ssh, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(tcpchat.CannotConnect, match="does not speak tcpchat's protocol"):
            async with tcpchat.connect(f"127.0.0.1:{port}", nick="ann"):
                pass
