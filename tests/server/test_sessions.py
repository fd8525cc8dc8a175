"""Connections: limits, silence, those who do not read, and the end."""

import asyncio
import errno
import gc
import json
import socket
import threading
from pathlib import Path

import pytest

import tcpchat
from tcpchat.backend.store import Writer
from tcpchat.chat.effects import EFFECTS
from tcpchat.model.records import Append
from tcpchat.server.session import Session
from tests.conftest import UNHURRIED, Connect
from tests.peer import PATIENCE, Peer


async def eventually(condition: object) -> None:
    """Wait until a callable is true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


@pytest.mark.threat(2)
async def test_silent_peers_keep_nobody_out(connect: Connect) -> None:
    for _ in range(60):
        await connect()
    await (await connect()).enter_line("ann")


async def test_peers_that_vanish_while_they_are_spoken_to_leave_no_error_behind(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    ann, watcher = await connect(), await connect()
    await ann.enter_json("ann", "#lobby")
    await watcher.enter_line("watcher")
    for number in range(10):
        gone = await (await connect()).enter_irc(f"gone{number}", "#lobby")
        ann.send(*(f'{{"do":"say","room":"#lobby","text":"{number} {n}"}}' for n in range(100)))
        gone.reset()
        await watcher.until(rf"gone{number} is gone \(connection lost\)")
    assert not caplog.records


async def test_a_connection_that_is_over_is_freed_without_the_garbage_collector(connect: Connect) -> None:
    gc.collect()
    before = _sessions()  # of other servers in this process, which pytest may keep
    gc.disable()
    try:
        quits, vanishes, leaves = await connect(), await connect(), await connect()
        await quits.enter_irc("quits", "#lobby")
        await vanishes.enter_json("vanishes", "#lobby")
        await leaves.enter_line("leaves")
        quits.send("PRIVMSG #lobby :bye", "QUIT")
        vanishes.reset()
        await leaves.until("vanishes is gone")
        leaves.writer.close()
        await eventually(lambda: all(any(one is other for other in before) for one in _sessions()))
    finally:
        gc.enable()


def _sessions() -> list[Session]:
    return [one for one in gc.get_objects() if isinstance(one, Session)]


@pytest.mark.threat(4)
async def test_tls_and_http_on_the_plain_port_get_one_answer_and_a_close(connect: Connect) -> None:
    tls, http = await connect(), await connect()
    tls.writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    assert (await tls.reader.read()).startswith(b"\x15\x03\x01\x00\x02\x02")
    http.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await http.reader.read()).startswith(b"HTTP/1.1 426 ")


async def test_those_who_connect_and_leave_at_once_leave_nothing_behind(
    server: tcpchat.Server, connect: Connect
) -> None:
    for start in (b"", b"C", b"CAP LS\r\n", b"{", b"\xff\xfe", b"ann\n"):
        peer = await connect()
        peer.writer.write(start)
        peer.writer.write_eof()
        await peer.end()
    await eventually(lambda: server.clients == 0)
    assert not server.hub.state.users
    assert not server.hub.state.listeners


@pytest.mark.threat(6)
@pytest.mark.parametrize("limits", [tcpchat.Limits(clients=2), tcpchat.Limits(clients_per_address=2)])
async def test_one_more_than_may_be_is_told_so(limits: tcpchat.Limits) -> None:
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        ann, bob = await Peer.open(server.port), await Peer.open(server.port)
        await ann.enter_line("ann")
        await bob.enter_line("bob")
        third = await Peer.open(server.port)
        assert (await third.end()).startswith("ERROR :T")
        await bob.close()
        await eventually(lambda: server.clients == 1)
        fourth = await Peer.open(server.port)
        await fourth.enter_line("eve")
        for peer in (ann, third, fourth):
            await peer.close()


async def test_rates_and_addresses_do_not_count_when_limits_are_off() -> None:
    limits = tcpchat.Limits(enabled=False, clients_per_address=1)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        peers = [await (await Peer.open(server.port)).enter_line(f"ann{n}") for n in range(5)]
        for peer in peers:
            await peer.close()


@pytest.mark.threat(40)
async def test_rooms_and_texts_have_limits_that_are_named() -> None:
    limits = tcpchat.Limits(rooms_per_client=2, rooms=3, text_bytes=10, topic_bytes=10, reason_bytes=10)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        ann, bob = await Peer.open(server.port), await Peer.open(server.port)
        await ann.enter_json("ann", "#one")
        await ann.ask(do="join", room="#two")
        assert (await ann.ask(do="join", room="#lobby"))["code"] == "too_many_rooms"
        await bob.enter_json("bob")
        assert "no space for another room" in (await bob.ask(do="join", room="#three"))["text"]
        for request in (
            {"do": "say", "room": "#one", "text": "x" * 11},
            {"do": "set_topic", "room": "#one", "topic": "x" * 11},
            {"do": "part", "room": "#one", "reason": "x" * 11},
            {"do": "away", "text": "é" * 6},
        ):
            answer = await ann.ask(**request)
            assert (answer["code"], "10 at most" in answer["text"]) == ("too_long", True)
        await ann.close()
        await bob.close()


@pytest.mark.threat(2)
async def test_who_gives_no_nick_is_closed() -> None:
    limits = tcpchat.Limits(enter_seconds=0.1)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        silent, slow = await Peer.open(server.port), await Peer.open(server.port)
        slow.writer.write(b"NICK a")
        assert "No nickname within 0.1 seconds" in await silent.end() + await slow.end()
        await silent.close()
        await slow.close()


@pytest.mark.threat(10)
async def test_a_peer_that_answers_no_ping_is_gone_and_the_others_are_told() -> None:
    limits = tcpchat.Limits(ping_seconds=0.2, pong_seconds=0.2)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        dead, person, program = [await Peer.open(server.port) for _ in range(3)]
        await dead.enter_irc("dead", "#lobby")
        await person.enter_line("ann")
        await program.enter_json("joe")
        await dead.until(r"^PING :tcpchat\r\n")
        await program.until(r'^\{"ping":"tcpchat"\}\n')
        program.send('{"do":"pong"}')
        await person.until(r"-- dead is gone \(timed out\)")
        assert "ERROR :Closing link: timed out" in await dead.end()
        person.send("a person answers no pings, and stays")
        await person.close()
        for peer in (dead, program):
            await peer.close()


def unread_connection(port: int) -> socket.socket:
    """A connection whose system takes little and which nobody reads."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    peer.connect(("127.0.0.1", port))
    return peer


@pytest.mark.threat(12)
async def test_one_who_does_not_read_delays_nobody_and_gets_everything_later(tmp_path: Path) -> None:
    config = tcpchat.Config(data=tmp_path, limits=tcpchat.Limits(**UNHURRIED, outbox_bytes=4_096, text_bytes=4_096))
    text, count = "x" * 3_000, 3_000
    async with tcpchat.Server(config, port=0) as server:
        stuck = unread_connection(server.port)
        stuck.sendall(b'{"do":"enter","nick":"stuck"}\n{"do":"join","room":"#tea"}\n')
        await eventually(lambda: (user := server.hub.state.user("stuck")) is not None and "#tea" in user.rooms)
        (session,) = server.sessions
        ann = await Peer.open(server.port)
        await ann.enter_json("ann", "#tea")
        for number in range(count):
            ann.send(f'{{"do":"say","room":"#tea","text":"{number} {text}","id":{number}}}')
        await ann.until(rf'"ok":{count - 1},.*$\n')
        assert session.behind
        assert session.outbox.waiting < 200_000, "one batch more than the limit, of nine megabytes"
        ann.send('{"do":"part","room":"#tea"}')

        reader, writer = await asyncio.open_connection(sock=stuck, limit=1 << 24)
        peer = Peer(reader, writer)
        await peer.until(r'"event":"left".*\n')
        said = [event for event in peer.events() if event["event"] == "said"]
        assert [event["number"] for event in said] == list(range(1, count + 1))
        assert said[-1]["text"] == f"{count - 1} {text}"
        left = [event for event in peer.events() if event["event"] == "left"]
        assert [event["by"] for event in left] == ["ann"], "who went meanwhile is told at the end"
        await eventually(lambda: not session.behind)
        bob = await Peer.open(server.port)
        await bob.enter_json("bob", "#tea")
        await bob.ask(do="say", room="#tea", text="live again")
        await peer.until("live again")
        for one in (peer, ann, bob):
            await one.close()


async def test_a_port_that_needs_special_rights_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may listen everywhere, so the system's refusal is played."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(tcpchat.CannotStart, match="ports below 1024 need special rights.*--listen 127.0.0.1:7667"):
        async with tcpchat.Server(port=80):
            pass


async def test_one_who_reads_slowly_but_reads_is_not_taken_for_dead() -> None:
    limits = tcpchat.Limits(**UNHURRIED, ping_seconds=0.5, pong_seconds=0.5, outbox_bytes=4_096)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        slow = unread_connection(server.port)
        slow.sendall(b'{"do":"enter","nick":"slow"}\n{"do":"join","room":"#tea"}\n')
        slow.setblocking(False)
        seen = bytearray()

        async def read_slowly() -> None:
            while not seen.endswith(b'the end"}\n') and (
                data := await asyncio.get_running_loop().sock_recv(slow, 30_000)
            ):
                seen.extend(data)
                await asyncio.sleep(0.01)  # this is what makes it slow: it takes seconds, and never says a word

        await eventually(lambda: (user := server.hub.state.user("slow")) is not None and "#tea" in user.rooms)
        reading = asyncio.create_task(read_slowly())
        ann = await (await Peer.open(server.port)).enter_json("ann", "#tea")
        for number in range(300):
            ann.send(json.dumps({"do": "say", "room": "#tea", "text": f"{number} {'x' * 3_000}"}))
        ann.send('{"do":"part","room":"#tea","reason":"the end"}')
        await ann.until('"event":"left"')
        async with asyncio.timeout(2 * PATIENCE):
            await reading
        assert seen.count(b'"event":"said"') == 300
        slow.close()
        await ann.close()


@pytest.mark.threat(51)
async def test_a_stopping_server_tells_everybody_and_ends_soon(connect: Connect, server: tcpchat.Server) -> None:
    line, irc, program, silent = [await connect() for _ in range(4)]
    await line.enter_line("ann")
    await irc.enter_irc("bob", "#lobby")
    await program.enter_json("joe", "#lobby")
    stuck = unread_connection(server.port)
    async with asyncio.timeout(5):
        await server.stop()
    assert "-- The server is stopping." in await line.end()
    assert "ERROR :Closing link: The server is stopping." in await irc.end()
    assert '{"bye":"The server is stopping."}' in await program.end()
    await silent.end()
    stuck.close()


@pytest.mark.threat(51)
async def test_what_was_taken_is_stored_when_the_server_stops(tmp_path: Path) -> None:
    config = tcpchat.Config(data=tmp_path, limits=tcpchat.Limits(**UNHURRIED))
    async with tcpchat.Server(config, port=0) as server:
        ann = await Peer.open(server.port)
        await ann.enter_irc("ann", "#tea")
        ann.send(*(f"PRIVMSG #tea :{n}" for n in range(500)), "PING done", "TOPIC #tea :kept")
        await ann.until("PONG")
        await ann.until("TOPIC")
    await ann.close()
    async with tcpchat.Server(config, port=0) as server:
        bob = await Peer.open(server.port)
        await bob.enter_json("bob")
        seated = await bob.ask(do="join", room="#tea")
        assert (seated["topic"], seated["topic_by"], seated["number"]) == ("kept", "ann", 501)
        page = await bob.ask(do="history", room="#tea", limit=500, before=501)
        assert [event["text"] for event in page["events"]] == [str(n) for n in range(500)]
        await bob.close()


async def test_an_embedded_server_leaves_no_task_and_no_thread_behind(tmp_path: Path) -> None:
    tasks, threads = asyncio.all_tasks(), threading.enumerate()
    async with (
        tcpchat.Server(port=0, data=tmp_path) as server,
        tcpchat.connect(f"127.0.0.1:{server.port}", nick="a") as a,
    ):
        await a.join("#tea")
        await a.say("#tea", "hi")
    assert asyncio.all_tasks() == tasks
    assert threading.enumerate() == threads


async def test_a_link_that_breaks_during_a_rename_leaves_no_ghost(server: tcpchat.Server, connect: Connect) -> None:
    watcher = await connect()
    await watcher.enter_line("watcher")
    for number in range(20):
        ann = await (await connect()).enter_irc(f"ann{number}", "#lobby")
        ann.send("PRIVMSG #lobby :on its way to the disk", f"NICK anna{number}")
        ann.reset()
        await watcher.until(rf"-- anna?{number} is gone")
    await eventually(lambda: list(server.hub.state.users) == ["watcher"])
    assert [member.nick for member in server.hub.state.rooms["#lobby"].members] == ["watcher"]


@pytest.mark.threat(18)
async def test_a_farewell_cannot_forge_lines_and_cannot_keep_one_here(connect: Connect) -> None:
    bob, ann = await connect(), await connect()
    await bob.enter_line("bob")
    await ann.enter_json("ann", "#lobby")
    ann.send(json.dumps({"do": "quit", "reason": "x)\n[12:00] <admin> your password please\n" + "y" * 9_000}))
    told = await bob.until(r"-- ann is gone .*\r\n")
    assert "x) [12:00] <admin> your password please yyy" in told[0]
    assert len(told[0]) < 400
    assert '{"bye":"bye"}' in await ann.end()


@pytest.mark.threat(13)
async def test_who_asks_for_more_than_it_reads_waits_for_itself(server: tcpchat.Server, connect: Connect) -> None:
    ann = await connect()
    await ann.enter_json("ann", "#tea")
    for _ in range(50):
        await ann.ask(do="say", room="#tea", text="x" * 4_000)
    stuck = unread_connection(server.port)
    stuck.sendall(b'{"do":"enter","nick":"stuck"}\n{"do":"join","room":"#tea"}\n')
    stuck.sendall(b'{"do":"history","room":"#tea","limit":500}\n' * 1_000)  # 200 MB of answers
    await eventually(lambda: len(server.sessions) == 2)
    session = next(one for one in server.sessions if one.user is None or one.user.nick != "ann")
    await eventually(lambda: session.outbox.full)
    assert session.outbox.waiting < 1_000_000
    stuck.close()


@pytest.mark.threat(13)
async def test_a_page_of_history_is_bounded_in_size(connect: Connect) -> None:
    ann = await connect()
    await ann.enter_json("ann", "#tea")
    for number in range(100):
        ann.send(json.dumps({"do": "say", "room": "#tea", "text": f"{number} " + "x" * 4_000}))
    page = await ann.ask(do="history", room="#tea", limit=500, after=0)
    assert page["more"]
    numbers = [event["number"] for event in page["events"]]
    while page.get("more"):
        page = await ann.ask(do="history", room="#tea", limit=500, after=numbers[-1])
        numbers += [event["number"] for event in page["events"]]
    assert numbers == list(range(1, 101))


async def test_a_program_that_is_slow_to_speak_is_not_taken_for_a_person(connect: Connect) -> None:
    irc, program = await connect(), await connect()
    for peer in (irc, program):
        await peer.until("Nickname: ")
    irc.send("CAP LS 302", "NICK ann", "USER ann 0 * :Ann", "CAP END")
    await irc.until(r"^:\S+ CAP \* LS :")
    await irc.until(r"^:\S+ 001 ann ")
    await program.enter_json("joe")


@pytest.mark.threat(40)
async def test_rooms_that_only_have_a_topic_take_no_space_from_others() -> None:
    async with tcpchat.Server(tcpchat.Config(limits=tcpchat.Limits(rooms=3)), port=0) as server:
        ann = await Peer.open(server.port)
        await ann.enter_json("ann")
        for number in range(10):
            for request in ({"do": "join"}, {"do": "set_topic", "topic": "x"}, {"do": "part"}):
                assert "ok" in await ann.ask(**request, room=f"#{number}")
        assert len(server.hub.state.rooms) <= 4
        assert (await ann.ask(do="join", room="#9"))["topic"] == "x"
        await ann.close()


@pytest.mark.threat(47, 51)
async def test_a_slow_disk_does_not_keep_the_server_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    write = Writer.write

    def slowly(writer: Writer, appends: list[Append]) -> object:
        released.wait(PATIENCE)
        return write(writer, appends)

    monkeypatch.setattr(Writer, "write", slowly)
    server = tcpchat.Server(port=0, data=tmp_path)
    await server.start()
    ann = await (await Peer.open(server.port)).enter_irc("ann", "#tea")
    ann.send("PRIVMSG #tea :slowly")
    await eventually(lambda: server.backend._order._batch)  # type: ignore[attr-defined]
    ann.writer.write_eof()  # the session leaves, and waits for what it said
    stopping = asyncio.create_task(server.stop())
    assert await ann.end()
    released.set()
    async with asyncio.timeout(PATIENCE):
        await stopping
    await ann.close()


@pytest.mark.threat(58)
async def test_one_effect_that_fails_keeps_nobody_else_waiting(
    server: tcpchat.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault")

    ann, bob, cid = await connect(), await connect(), await connect()
    for peer, nick in ((ann, "ann"), (bob, "bob"), (cid, "cid")):
        await peer.enter_json(nick, "#tea")
    monkeypatch.setitem(EFFECTS, tcpchat.TopicSet, fail)  # type: ignore[arg-type]
    ann.send('{"do":"set_topic","room":"#tea","topic":"x"}')
    cid.send('{"do":"say","room":"#tea","text":"hi"}')
    await bob.until('"text":"hi"')
    await ann.until('"bye":"something went wrong in the server"')
    assert [record.message for record in caplog.records] == ["the effect of a recorded TopicSet failed"]
