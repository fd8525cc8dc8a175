"""Who asks too fast is obeyed later, and loses nothing; what would wait for long is refused, with a sentence."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import tcpchat
from tests.peer import Peer
from tests.server.test_sessions import eventually

NEVER = 0.001
"""So many a minute do not come back while a test runs."""

ONE, OTHER = "127.0.0.2", "127.0.0.3"


@asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[tcpchat.Server]:
    """A server with these limits."""
    async with tcpchat.Server(tcpchat.Config(limits=tcpchat.Limits(**limits)), port=0) as server:
        yield server


async def people(server: tcpchat.Server, *nicks: str, source: str = "") -> list[Peer]:
    """Programs, each in a room of its own and in one together."""
    return [await (await Peer.open(server.port, source=source)).enter_json(nick) for nick in nicks]


async def close(*peers: Peer) -> None:
    for peer in peers:
        await peer.close()


@pytest.mark.threat(38)
async def test_fifty_pasted_lines_are_not_slowed_down() -> None:
    async with serving(messages_per_minute=NEVER) as server:
        (ann,) = await people(server, "ann")
        await ann.ask(do="join", room="#tea")
        ann.send(*(f'{{"do":"say","room":"#tea","text":"{n}","id":{n}}}' for n in range(50)))
        await ann.until('"ok":49,')
        await close(ann)


@pytest.mark.threat(38)
@pytest.mark.parametrize("dialect", ["json", "irc", "line", "labels"])
async def test_a_fast_sender_is_slowed_down_and_loses_nothing(dialect: str) -> None:
    async with serving(messages_burst=5, messages_per_minute=1_800, ping_seconds=0.2, pong_seconds=0.2) as server:
        ann, bob = await Peer.open(server.port), await Peer.open(server.port)
        await bob.enter_line("bob")
        send = {
            "json": '{{"do":"say","room":"#lobby","text":"{}"}}',
            "irc": "PRIVMSG #lobby :{}",
            "labels": "@label=l{0} PRIVMSG #lobby :{0}",
            "line": "{}",
        }[dialect]
        if dialect == "line":
            await ann.enter_line("ann")
        elif dialect == "json":
            await ann.enter_json("ann", "#lobby")
        else:
            await ann.enter_irc("ann", "#lobby", "labeled-response batch echo-message" if dialect == "labels" else "")
        began = asyncio.get_running_loop().time()
        ann.send(*(send.format(f"{number}.") for number in range(35)))
        for number in range(35):
            await bob.until(rf"<ann> {number}\.")
        assert asyncio.get_running_loop().time() - began >= 0.9, "thirty of them at thirty a second"
        await close(ann, bob)


@pytest.mark.threat(38)
async def test_many_lines_in_one_message_count_as_many() -> None:
    async with serving(messages_burst=20, messages_per_minute=NEVER) as server:
        ann, bob = await people(server, "ann", "bob")
        for peer in (ann, bob):
            await peer.ask(do="join", room="#tea")
        for text in ("\n".join("1234567890"), "\n".join("1234567890"), "too much"):
            ann.send(json.dumps({"do": "say", "room": "#tea", "text": text}))
        bob.send('{"do":"ping","token":"here"}')
        await bob.until('"here"')
        await ann.until(r'"reply":"stored"[^}]*\}\n(.*\n)*.*"reply":"stored"')
        assert "too much" not in ann.new + bob.new
        await close(ann, bob)


@pytest.mark.threat(38)
async def test_waiting_is_no_hindrance_to_closing() -> None:
    async with serving(messages_burst=1, messages_per_minute=NEVER) as server:
        ann, bob = await people(server, "ann", "bob")
        ann.send(*['{"do":"tell","to":"bob","text":"hi"}'] * 3)
        await bob.until('"event":"told"')
        await server.stop()
        assert '"bye":"The server is stopping."' in await ann.end()
        await close(ann, bob)


@pytest.mark.threat(38)
async def test_rates_that_are_off_are_off() -> None:
    off = dict.fromkeys(tcpchat.Limits().__struct_fields__, 1)
    rates = {name: value for name, value in off.items() if name.endswith(("_burst", "_per_minute"))}
    async with serving(**rates, enabled=False) as server:
        ann, bob = await people(server, "ann", "bob")
        for number in range(20):
            assert "reply" in await ann.ask(do="rename", nick=f"ann{number}")
            assert "reply" in await ann.ask(do="tell", to="bob", text="hi")
            assert "reply" in await ann.ask(do="join", room=f"#room{number}")
            assert "reply" in await ann.ask(do="invite", room=f"#room{number}", nick="bob")
        await close(ann, bob)


@pytest.mark.threat(38)
async def test_what_would_wait_for_long_is_refused_in_every_dialect() -> None:
    async with serving(names_burst=1, names_per_minute=1) as server:
        json_, irc, capable, person = [await Peer.open(server.port) for _ in range(4)]
        await json_.enter_json("json")
        await irc.enter_irc("irc")
        await capable.enter_irc("capable", caps="standard-replies")
        await person.enter_line("person")
        assert (await json_.ask(do="rename", nick="json1"))["reply"] == "done"
        refusal = await json_.ask(do="rename", nick="json2")
        assert (refusal["code"], refusal["wait"]) == ("too_fast", 60)
        assert refusal["text"] == "You are too fast. Try again in 60 seconds."
        irc.send("NICK irc1", "NICK irc2")
        await irc.until(r"^:\S+ NOTICE irc1 :NICK: You are too fast\. Try again in 60 seconds\.\r\n")
        capable.send("NICK capable1", "NICK capable2")
        await capable.until(r"^:\S+ FAIL NICK RATE_LIMITED capable2 :You are too fast\. Try again in 60 seconds\.\r\n")
        person.send("/nick person1", "/nick person2")
        await person.until(r"^-- You are too fast\. Try again in 60 seconds\.")
        for peer in (irc, capable):
            peer.send("PING still")
            await peer.until("PONG .*still")
        await close(json_, irc, capable, person)


@pytest.mark.threat(39)
async def test_strangers_are_few_a_minute_and_whom_one_knows_are_none() -> None:
    async with serving(strangers_burst=3, strangers_per_minute=1) as server:
        (ann,) = await people(server, "ann", source=ONE)
        others = await people(server, *(f"bob{number}" for number in range(6)), source=OTHER)
        for number in range(3):
            for _ in range(5):  # once one has written, they are no strangers
                assert (await ann.ask(do="tell", to=f"bob{number}", text="hi"))["reply"] == "stored"
        assert (await ann.ask(do="tell", to="bob3", text="hi"))["code"] == "too_fast"
        assert (await ann.ask(do="tag", to="bob3", tags={"+typing": "active"}))["code"] == "too_fast"
        assert (await ann.ask(do="tell", to="nobody", text="hi"))["code"] == "no_such_nick"
        await others[3].ask(do="tell", to="ann", text="hi")
        assert (await ann.ask(do="tell", to="bob3", text="an answer"))["reply"] == "stored"
        await others[4].ask(do="join", room="#tea")
        await ann.ask(do="join", room="#tea")
        assert (await ann.ask(do="tell", to="bob4", text="we share a room"))["reply"] == "stored"
        (second,) = await people(server, "ann2", source=ONE)
        assert (await second.ask(do="tell", to="bob5", text="hi"))["code"] == "too_fast", "from the same network"
        (third,) = await people(server, "eve", source="127.0.0.9")
        assert (await third.ask(do="tell", to="bob5", text="hi"))["reply"] == "stored"
        await close(ann, second, third, *others)


@pytest.mark.threat(39)
async def test_ten_connections_of_one_network_have_not_ten_times_as_many_invitations() -> None:
    async with serving(invites_burst=4, invites_per_minute=1) as server:
        (bob,) = await people(server, "bob")
        crowd = await people(server, *(f"ann{number}" for number in range(10)), source=ONE)
        answers = []
        for number, peer in enumerate(crowd):
            await peer.ask(do="join", room=f"#room{number}")
            answers.append(await peer.ask(do="invite", room=f"#room{number}", nick="bob"))
        assert [answer.get("code") for answer in answers] == [None] * 4 + ["too_fast"] * 6
        await close(bob, *crowd)


@pytest.mark.threat(38)
async def test_a_room_hears_of_so_many_comings_and_goings_and_no_more() -> None:
    async with serving(joins_burst=10_000, room_joins_burst=30, room_joins_per_minute=1) as server:
        (ann,) = await people(server, "ann")
        await ann.ask(do="join", room="#tea")
        flood = await people(server, *(f"eve{number}" for number in range(20)), source=ONE)
        for peer in flood:
            peer.send(*['{"do":"join","room":"#tea"}', '{"do":"part","room":"#tea"}'] * 10)
            peer.send('{"do":"ping","token":"done"}')
        for peer in flood:
            await peer.until('"done"')
        assert sum("too_fast" in peer.seen.decode() for peer in flood) == 20
        ann.send('{"do":"ping","token":"done"}')
        await ann.until('"done"')
        heard = [event for event in ann.events() if event["event"] in {"joined", "left"} and event["by"] != "ann"]
        assert 0 < len(heard) <= 30
        await close(ann, *flood)


@pytest.mark.threat(38)
async def test_who_does_not_come_in_keeps_nobody_out() -> None:
    """Neither who is banned, nor who has no nick yet, nor who is in already, nor who leaves without having been in."""
    rates = {"joins_burst": 10_000, "room_joins_burst": 30, "room_joins_per_minute": 1}
    async with serving(**rates) as server:
        (ann,) = await people(server, "ann")
        for room in ("#tea", "#cake"):
            await ann.ask(do="join", room=room)
        assert "ok" in await ann.ask(do="set_modes", room="#tea", changes=[["+", "b", "eve*!*@*"]])
        flood = [*await people(server, *(f"eve{n}" for n in range(15))), await Peer.open(server.port)]
        for peer in flood:
            peer.send(*['{"do":"join","room":"#tea"}', '{"do":"part","room":"#cake"}'] * 10)
        ann.send(*['{"do":"join","room":"#tea"}'] * 10)
        for peer in (ann, *flood):
            assert "too_fast" not in str(await peer.ask(do="ping", token="done"))
        assert not any(b"too_fast" in peer.seen for peer in (ann, *flood))
        (bob,) = await people(server, "bob")
        for room in ("#tea", "#cake"):
            assert "ok" in await bob.ask(do="join", room=room)
        await close(ann, bob, *flood)


@pytest.mark.threat(13)
async def test_long_answers_count_by_their_length() -> None:
    async with serving(questions_burst=200, questions_per_minute=NEVER) as server:
        crowd = [await (await Peer.open(server.port)).enter_irc(f"somebody{n}", "#tea") for n in range(60)]
        asker = crowd[0]
        asker.send(*["WHO #tea"] * 300)
        await asker.until("WHO: You are too fast")
        rows = asker.seen.count(b" 352 ")
        assert 60 <= rows < 200 * 60 * 0.9
        await close(*crowd)


@pytest.mark.threat(16)
async def test_garbage_is_answered_no_faster_than_questions() -> None:
    async with serving(questions_burst=100, questions_per_minute=NEVER) as server:
        ann, bob = await Peer.open(server.port), await Peer.open(server.port)
        await bob.enter_json("bob")
        await ann.enter_irc("ann")
        ann.send(*["garbage"] * 30_000)
        await ann.until(" 421 ")
        assert "reply" in await bob.ask(do="list_rooms")
        await eventually(lambda: any(session.busy for session in server.sessions))
        ann.writer.transport.abort()
        assert ann.seen.count(b" 421 ") <= 101
        await close(ann, bob)


@pytest.mark.threat(16, 38)
@pytest.mark.parametrize("line", [b"\n", b"CAP END\n", b"\xff\xf1" * 4 + b"\n"], ids=["empty", "no answer", "telnet"])
async def test_lines_that_say_nothing_are_read_no_faster_than_others(line: bytes) -> None:
    """Sixty of one's connections would have the server do nothing else."""
    async with serving(questions_burst=100, questions_per_minute=NEVER) as server:
        ann, bob = await Peer.open(server.port), await Peer.open(server.port)
        await bob.enter_json("bob")
        await ann.enter_irc("ann")
        ann.writer.write(line * 60_000)
        ann.send("PING later")
        await eventually(lambda: any(session.busy for session in server.sessions))
        assert "reply" in await bob.ask(do="list_rooms")
        ann.writer.transport.abort()
        await close(ann, bob)


@pytest.mark.threat(38)
async def test_rates_that_are_read_again_hold_at_once_for_everybody() -> None:
    before = tcpchat.Config()
    after = tcpchat.Config(limits=tcpchat.Limits(names_burst=1, names_per_minute=1, clients_per_address=1))
    async with tcpchat.Server(before, port=0, load=lambda: after) as server:
        (ann,) = await people(server, "ann", source=ONE)
        for number in range(5):
            assert "reply" in await ann.ask(do="rename", nick=f"ann{number}")
        assert server.reload() == ""
        assert (await ann.ask(do="rename", nick="annie"))["code"] == "too_fast"
        second = await Peer.open(server.port, source=ONE)
        assert (await second.end()).startswith("ERROR :There are 1 connections")
        await close(ann, second)
