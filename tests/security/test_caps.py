"""Whatever a client can make grow has an end: each is filled through the door, and once more."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import tcpchat
from tcpchat.chat import user as users
from tcpchat.server import limits as admission
from tcpchat.server import pace
from tests.conftest import UNHURRIED
from tests.peer import Peer
from tests.server.test_sessions import eventually

pytestmark = pytest.mark.threat(40)

FEW = 3
ENOUGH = dict.fromkeys(
    [*UNHURRIED, "joins_burst", "room_joins_burst", "names_burst", "invites_burst", "strangers_burst", "topics_burst"],
    1_000_000,
)


@asynccontextmanager
async def serving(**limits: int) -> AsyncIterator[tcpchat.Server]:
    """A server with these limits, and no haste."""
    async with tcpchat.Server(tcpchat.Config(limits=tcpchat.Limits(**ENOUGH, **limits)), port=0) as server:
        yield server


async def enter(server: tcpchat.Server, *nicks: str, source: str = "") -> list[Peer]:
    return [await (await Peer.open(server.port, source=source)).enter_json(nick) for nick in nicks]


async def close(*peers: Peer) -> None:
    for peer in peers:
        await peer.close()


def user(server: tcpchat.Server, nick: str) -> users.User:
    found = server.hub.state.user(nick)
    assert found is not None
    return found


async def refused_after(peer: Peer, count: int, **request: Any) -> str:
    """The code with which the one is refused after so many; ``{n}`` in a request counts."""
    for number in range(count):
        assert "reply" in await peer.ask(**_numbered(request, number)), number
    return str((await peer.ask(**_numbered(request, count)))["code"])


def _numbered(request: dict[str, Any], number: int) -> dict[str, Any]:
    filled: dict[str, Any] = json.loads(json.dumps(request).replace("{n}", str(number)))
    return filled


async def test_rooms() -> None:
    async with serving(rooms=5, rooms_per_client=FEW) as server:
        ann, bob = await enter(server, "ann", "bob")
        assert await refused_after(ann, FEW, do="join", room="#a{n}") == "too_many_rooms"
        assert await refused_after(bob, 1, do="join", room="#b{n}") == "too_many_rooms"
        assert len(server.hub.state.rooms) == 5, "with the lobby"
        await close(ann, bob)


async def test_rooms_that_are_empty_and_have_a_topic() -> None:
    async with serving(rooms=FEW) as server:
        (ann,) = await enter(server, "ann")
        for number in range(3 * FEW):
            for request in ({"do": "join"}, {"do": "set_topic", "topic": "kept"}, {"do": "part"}):
                assert "reply" in await ann.ask(room=f"#r{number}", **request)
        assert len(server.hub.state.dormant) == FEW
        assert len(server.hub.state.rooms) == FEW + 1
        await close(ann)


async def test_masks_of_a_room() -> None:
    async with serving(masks=FEW) as server:
        (ann,) = await enter(server, "ann")
        await ann.ask(do="join", room="#tea")
        for mode in "beIq":
            changes = [["+", mode, f"n{number}!*@*"] for number in range(FEW + 1)]
            await ann.ask(do="set_modes", room="#tea", changes=changes)
        room = server.hub.state.room("#tea")
        assert room is not None
        assert 0 < sum(len(masks) for masks in room.lists.values()) <= FEW * len(room.lists)
        assert max(len(masks) for masks in room.lists.values()) <= FEW
        await close(ann)


async def test_invitations_that_wait() -> None:
    async with serving(masks=FEW) as server:
        ann, *others = await enter(server, "ann", *(f"bob{number}" for number in range(FEW + 2)))
        await ann.ask(do="join", room="#tea")
        await ann.ask(do="set_modes", room="#tea", changes=[["+", "i", ""]])
        for number in range(len(others)):
            assert "reply" in await ann.ask(do="invite", room="#tea", nick=f"bob{number}")
        room = server.hub.state.room("#tea")
        assert room is not None
        assert len(room.invited) == FEW
        answers = [await other.ask(do="join", room="#tea") for other in others]
        assert ["reply" in answer for answer in answers] == [False] * 2 + [True] * FEW, "the latest hold"
        await close(ann, *others)


async def test_people_one_watches() -> None:
    async with serving(watched=FEW) as server:
        (ann,) = await enter(server, "ann")
        assert "reply" in await ann.ask(do="watch", nicks=[f"bob{number}" for number in range(FEW)])
        await ann.ask(do="watch", nicks=["more1", "more2"])
        assert len(user(server, "ann").watching) == FEW
        assert len(server.hub.state.watchers) == FEW
        await close(ann)
        await eventually(lambda: not server.hub.state.watchers)


async def test_how_far_one_has_read() -> None:
    async with serving(markers=FEW) as server:
        (ann, *others) = await enter(server, "ann", *(f"bob{number}" for number in range(FEW + 2)))
        for number in range(len(others)):
            await ann.ask(do="set_marker", target=f"bob{number}", time=1_000)
        assert len(user(server, "ann").markers) <= FEW
        await close(ann, *others)


async def test_people_who_left() -> None:
    async with serving(whowas=FEW) as server:
        for number in range(FEW + 2):
            await close(*await enter(server, f"gone{number}"))
        await eventually(lambda: server.clients == 0)
        assert [was.nick for was in server.hub.state.was] == [f"gone{number}" for number in range(2, FEW + 2)]


async def test_nicks_one_had() -> None:
    async with serving() as server:
        (ann,) = await enter(server, "ann")
        for number in range(users.MOST_NICKS_KNOWN + 5):
            assert "reply" in await ann.ask(do="rename", nick=f"ann{number}")
        assert len(user(server, f"ann{users.MOST_NICKS_KNOWN + 4}").nicks) == users.MOST_NICKS_KNOWN
        await close(ann)


async def test_who_wrote_and_whom_one_wrote_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "MOST_WRITERS_KNOWN", FEW)
    monkeypatch.setattr(pace, "MOST_APPROACHED", FEW)
    async with serving() as server:
        ann, *others = await enter(server, "ann", *(f"bob{number}" for number in range(FEW + 2)))
        for number, other in enumerate(others):
            assert "reply" in await other.ask(do="tell", to="ann", text="hi")
            assert "reply" in await ann.ask(do="tell", to=f"bob{number}", text="hi")
        assert len(user(server, "ann").writers) == FEW
        session = next(one for one in server.sessions if one.user is user(server, "ann"))
        assert session._pace is not None
        assert len(session._pace._approached) == FEW
        await close(ann, *others)


async def test_networks_and_what_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MOST_REMEMBERED", FEW)
    monkeypatch.setattr(pace, "MOST_SHARED", FEW)
    async with serving() as server:
        (zoe,) = await enter(server, "zoe")
        for number in range(FEW + 3):
            (peer,) = await enter(server, f"ann{number}", source=f"127.0.1.{number + 1}")
            assert "reply" in await peer.ask(do="tell", to="zoe", text="hi")
            await close(peer)
        await close(zoe)
        await eventually(lambda: server.clients == 0)
        assert len(server.reception.admission._new) == FEW
        assert len(server.rates.shared._dues) == FEW
        assert not server.reception.admission._networks, "who is gone is not counted"
        assert not server.reception.admission.newcomers
        assert not server.reception.admission.newcomers._of
        assert not server.reception.admission.newcomers._with


async def test_accounts_from_one_network() -> None:
    limits = tcpchat.Limits(registrations_burst=FEW, registrations_per_minute=0.01)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        codes = []
        for number in range(FEW + 1):
            (peer,) = await enter(server, f"ann{number}", source="127.0.0.2")
            answer = await peer.ask(do="register", account=f"ann{number}", password="correct-horse-battery")
            codes.append(answer.get("code"))
            await close(peer)
        assert codes == [None] * FEW + ["too_fast"]
        (other,) = await enter(server, "bob", source="127.0.0.3")
        assert "reply" in await other.ask(do="register", account="bob", password="correct-horse-battery")
        await close(other)


async def test_what_an_irc_client_leaves_unfinished(server: tcpchat.Server) -> None:
    """Capabilities, a SASL exchange, a batch, a label: each is given up when it gets too long, and forgotten."""
    peer = await Peer.open(server.port)
    peer.send("CAP LS 302", *[f"CAP REQ :nothing-{n} {'x' * 400}" for n in range(50)])
    peer.send("CAP REQ :sasl batch draft/multiline message-tags labeled-response", "AUTHENTICATE PLAIN")
    peer.send(*["AUTHENTICATE " + "A" * 400] * 6)
    await peer.until(r" 905 | 904 ")
    peer.send("CAP END", "NICK ann", "USER ann 0 * :Ann")
    await peer.until(" 001 ann ")
    peer.send("JOIN #tea", "BATCH +b draft/multiline #tea", *["@batch=b PRIVMSG #tea :x"] * 101)
    await peer.until(r"FAIL BATCH MULTILINE_MAX_LINES")
    peer.send(f"@label={'l' * 65} PING long", "@label=short PING short")
    await peer.until("PONG .*long(.*\n)*.*PONG .*short")
    (session,) = server.sessions
    context = session.dialect._context  # type: ignore[union-attr]
    assert context.exchange is None
    assert context.open_batch is None
    assert len(context.capabilities) < 40
    await peer.close()
