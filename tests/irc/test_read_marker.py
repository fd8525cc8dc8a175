"""How far somebody has read: IRCv3 read-marker (draft/read-marker)."""

from pathlib import Path

import pytest

import tcpchat
from tcpchat.config import Config
from tests.conftest import Connect
from tests.irc.login import authenticate, enter, has_account, heard
from tests.irc.peers import Line, ask, commands, one, only
from tests.peer import Peer


@pytest.fixture
def config(recorded: Config) -> Config:
    """On disk."""
    return recorded


CAP = "draft/read-marker"
OLD, NEW, NEWEST = "2019-01-04T14:33:26.123Z", "2019-06-01T12:00:00.000Z", "2020-03-15T10:00:00.001Z"


async def reading(connect: Connect, nick: str, room: str = "", account: str = "", caps: str = CAP) -> Peer:
    peer = await enter(connect, nick, caps=caps, room=room, account=account)
    await ask(peer)
    return peer


def marker(lines: list[Line]) -> list[str]:
    """The parameters of the only MARKREAD among the lines, which is from the server."""
    line = one(only(lines, "MARKREAD"))
    assert line.source == "tcpchat.local"
    return line.params


async def test_joining_tells_the_marker_before_the_end_of_the_names(connect: Connect) -> None:
    """«after the server sends a server JOIN command to the client for a corresponding channel, the server MUST send a
    MARKREAD command for that channel. The command MUST be sent before the RPL_ENDOFNAMES reply for that channel
    following the JOIN.» «If there is no known last message read timestamp, the timestamp parameter is a literal *.»
    (IRCv3 read-marker)"""
    ann = await reading(connect, "ann")
    lines = await ask(ann, "JOIN #tea")
    assert marker(lines) == ["#tea", "*"]
    order = commands(lines)
    assert order.index("JOIN") < order.index("MARKREAD") < order.index("366")


async def test_joining_several_rooms_tells_of_each(connect: Connect) -> None:
    """«for that channel» (IRCv3 read-marker)"""
    ann = await reading(connect, "ann")
    lines = await ask(ann, "JOIN #tea,#milk")
    assert [line.params for line in only(lines, "MARKREAD")] == [["#tea", "*"], ["#milk", "*"]]
    for room in ("#tea", "#milk"):
        order = [(line.command, room in line.params) for line in lines]
        assert order.index(("JOIN", True)) < order.index(("MARKREAD", True)) < order.index(("366", True))


async def test_not_joining_tells_nothing(connect: Connect) -> None:
    """«after the server sends a server JOIN command» (IRCv3 read-marker), and only then."""
    bob, ann = await enter(connect, "bob", room="#tea"), await reading(connect, "ann", room="#milk")
    await ask(bob, "MODE #tea +i")
    lines = await ask(ann, "JOIN #tea", "JOIN #milk")
    assert commands(only(lines, "473", "MARKREAD", "JOIN")) == ["473"]
    await ask(bob, "JOIN #milk")
    assert not only(await ask(ann), "MARKREAD"), "another one's JOIN"


async def test_without_the_capability_nothing_is_told(connect: Connect) -> None:
    """«If the draft/read-marker capability is negotiated» (IRCv3 read-marker)"""
    await has_account(connect, "ann")
    ann, phone = await enter(connect, "ann", account="ann"), await reading(connect, "phone", "#tea", account="ann")
    assert not only(await ask(ann, "JOIN #tea"), "MARKREAD")
    await ask(phone, f"MARKREAD #tea timestamp={NEW}")
    assert not only(await ask(ann), "MARKREAD")


async def test_a_marker_that_was_set_is_kept(connect: Connect) -> None:
    """«The server MUST reply to a successful MARKREAD client set command using a MARKREAD server command»; «The
    server MUST reply to a successful MARKREAD get command using a MARKREAD server command» (IRCv3 read-marker)."""
    ann = await reading(connect, "ann", "#tea")
    assert await ask(ann, f"MARKREAD #tea timestamp={OLD}") == [f":tcpchat.local MARKREAD #tea timestamp={OLD}"]
    assert await ask(ann, "MARKREAD #tea") == [f":tcpchat.local MARKREAD #tea timestamp={OLD}"]
    assert await ask(ann, f"MARKREAD #tea timestamp={NEW}") == [f":tcpchat.local MARKREAD #tea timestamp={NEW}"]
    assert await ask(ann, "MARKREAD #tea") == [f":tcpchat.local MARKREAD #tea timestamp={NEW}"]


@pytest.mark.parametrize("second", [OLD, NEW, "2019-06-01T11:59:59.999Z"])
async def test_a_marker_never_moves_back(connect: Connect, second: str) -> None:
    """«If a client sends a MARKREAD command with a timestamp that is below or equal to the current known timestamp of
    the server, the server SHOULD reply with a MARKREAD command with the newer, previous value that was stored and
    ignore the client timestamp.» (IRCv3 read-marker)"""
    ann = await reading(connect, "ann", "#tea")
    await ask(ann, f"MARKREAD #tea timestamp={NEW}")
    assert await ask(ann, f"MARKREAD #tea timestamp={second}") == [f":tcpchat.local MARKREAD #tea timestamp={NEW}"]
    assert marker(await ask(ann, "MARKREAD #tea")) == ["#tea", f"timestamp={NEW}"]


@pytest.mark.parametrize("target", ["#tea", "#nosuchtarget", "bob", "nobody"])
async def test_what_was_never_read_has_an_asterisk(connect: Connect, target: str) -> None:
    """«If there is no known last message read timestamp, the timestamp parameter is a literal *.» (IRCv3
    read-marker)"""
    ann = await reading(connect, "ann", "#tea")
    await enter(connect, "bob")
    assert await ask(ann, f"MARKREAD {target}") == [f":tcpchat.local MARKREAD {target} *"]


async def test_each_target_has_its_own_marker(connect: Connect) -> None:
    """«a single buffer (channel or nickname)» (IRCv3 read-marker)"""
    ann = await reading(connect, "ann", "#tea,#milk")
    await enter(connect, "bob")
    await ask(ann, f"MARKREAD #tea timestamp={OLD}")
    assert await ask(ann, f"MARKREAD bob timestamp={NEW}") == [f":tcpchat.local MARKREAD bob timestamp={NEW}"]
    lines = await ask(ann, "MARKREAD #milk", "MARKREAD bob", "MARKREAD #tea", "MARKREAD eve")
    assert [line.params for line in lines] == [
        ["#milk", "*"],
        ["bob", f"timestamp={NEW}"],
        ["#tea", f"timestamp={OLD}"],
        ["eve", "*"],
    ]


async def test_a_target_is_the_same_in_every_spelling(connect: Connect) -> None:
    """CASEMAPPING says which names are the same (modern.ircdocs.horse, "CASEMAPPING Parameter")."""
    ann = await reading(connect, "ann", "#tea")
    await enter(connect, "bob")
    await ask(ann, f"MARKREAD #TEA timestamp={OLD}", f"MARKREAD BOB timestamp={OLD}")
    for target in ("#tea", "bob"):
        assert marker(await ask(ann, f"MARKREAD {target}")) == [target, f"timestamp={OLD}"]


async def test_a_marker_stays_while_one_is_not_in_the_room(connect: Connect) -> None:
    """«Getting the read timestamp automatically after joining a channel: [s] :irc.host MARKREAD #channel
    timestamp=2019-01-04T14:33:26.123Z» (IRCv3 read-marker, "Examples")"""
    ann = await reading(connect, "ann", "#tea")
    await ask(ann, f"MARKREAD #tea timestamp={NEW}", "PART #tea")
    assert marker(await ask(ann, "JOIN #tea")) == ["#tea", f"timestamp={NEW}"]


async def test_a_new_nick_keeps_the_markers(connect: Connect) -> None:
    """«the timestamp of the last message read by the user» (IRCv3 read-marker): the user is the same."""
    ann = await reading(connect, "ann", "#tea")
    await ask(ann, f"MARKREAD #tea timestamp={NEW}", "NICK anna")
    assert marker(await ask(ann, "MARKREAD #tea")) == ["#tea", f"timestamp={NEW}"]


# what is wrong


async def test_a_target_is_needed(connect: Connect) -> None:
    """«If the server receives a MARKREAD command with missing parameters, the NEED_MORE_PARAMS error code MUST be
    returned. FAIL MARKREAD NEED_MORE_PARAMS :Missing parameters» (IRCv3 read-marker)"""
    ann = await reading(connect, "ann", "#tea")
    line = one(await ask(ann, "MARKREAD"))
    assert (line.source, line.command, line.params[:-1]) == ("tcpchat.local", "FAIL", ["MARKREAD", "NEED_MORE_PARAMS"])


@pytest.mark.parametrize(
    "timestamp",
    [
        "timestamp=not-a-timestamp",
        "timestamp=",
        "timestamp=*",
        "timestamp=2019-02-30T00:00:00.000Z",
        f"time={NEW}",
        NEW,
        "msgid=1",
        "*",
    ],
)
async def test_a_time_that_is_none_is_refused(connect: Connect, timestamp: str) -> None:
    """«If the selectors were invalid, the INVALID_PARAMS error code SHOULD be returned. FAIL MARKREAD INVALID_PARAMS
    [invalid_parameters] :Invalid parameters»; from a client «The timestamp MUST NOT be a literal *.» (IRCv3
    read-marker)"""
    ann = await reading(connect, "ann", "#tea")
    await ask(ann, f"MARKREAD #tea timestamp={OLD}")
    line = one(await ask(ann, f"MARKREAD #tea {timestamp}"))
    assert (line.source, line.command, line.params[:2]) == ("tcpchat.local", "FAIL", ["MARKREAD", "INVALID_PARAMS"])
    assert " " in line.params[-1]
    assert marker(await ask(ann, "MARKREAD #tea")) == ["#tea", f"timestamp={OLD}"]


@pytest.mark.parametrize("target", ["*", "a!b", "#", "x" * 80])
async def test_what_can_be_no_target_breaks_nothing(connect: Connect, target: str) -> None:
    """A MARKREAD is answered by «a MARKREAD server command, or using an error message» (IRCv3 read-marker)."""
    ann = await reading(connect, "ann")
    line = one(await ask(ann, f"MARKREAD {target} timestamp={NEW}"))
    assert line.command in ("FAIL", "MARKREAD", "401", "403")


# one user, several clients


async def test_all_the_clients_of_a_user_are_told(connect: Connect) -> None:
    """«If the draft/read-marker capability is negotiated, after the last read timestamp of a target changes, the
    server SHOULD send a MARKREAD command for that target to all the clients of the user.» (IRCv3 read-marker)"""
    await has_account(connect, "ann", "eve")
    desk = await reading(connect, "ann", "#tea", account="ann")
    phone = await reading(connect, "ann_phone", account="ann")
    eve = await reading(connect, "eve", "#tea", account="eve")
    stranger = await reading(connect, "stranger", "#tea")
    await ask(desk)
    for target in ("#tea", "eve"):
        assert marker(await ask(desk, f"MARKREAD {target} timestamp={NEW}")) == [target, f"timestamp={NEW}"]
        assert await ask(phone) == [f":tcpchat.local MARKREAD {target} timestamp={NEW}"]
        assert marker(await ask(phone, f"MARKREAD {target} timestamp={NEWEST}")) == [target, f"timestamp={NEWEST}"]
        assert await ask(desk) == [f":tcpchat.local MARKREAD {target} timestamp={NEWEST}"]
    for peer in (eve, stranger):
        assert not only(await ask(peer), "MARKREAD"), (
            "«Servers MUST NOT leak read markers sent by a user to other users»"
        )
        assert marker(await ask(peer, "MARKREAD #tea")) == ["#tea", "*"]
        assert marker(await ask(peer, "MARKREAD ann")) == ["ann", "*"]


@pytest.mark.parametrize("second", [OLD, NEW])
async def test_nobody_is_told_of_what_did_not_change(connect: Connect, second: str) -> None:
    """«after the last read timestamp of a target changes» (IRCv3 read-marker)"""
    await has_account(connect, "ann")
    desk = await reading(connect, "ann", "#tea", account="ann")
    phone = await reading(connect, "ann_phone", account="ann")
    await ask(desk, f"MARKREAD #tea timestamp={NEW}")
    await ask(phone)
    assert marker(await ask(desk, f"MARKREAD #tea timestamp={second}")) == ["#tea", f"timestamp={NEW}"]
    await ask(desk, "MARKREAD #tea")
    assert await ask(phone) == []


async def test_an_account_finds_its_markers_again(connect: Connect) -> None:
    """It lets «several clients of the same user … tell each other about which messages have been read in each buffer»
    (IRCv3 read-marker), whether they are there at the same time or not, and whatever they are called."""
    await has_account(connect, "ann")
    desk = await reading(connect, "ann", "#tea", account="ann")
    await ask(desk, f"MARKREAD #tea timestamp={NEW}", f"MARKREAD bob timestamp={OLD}")
    desk.send("QUIT")
    await desk.end()
    phone = await reading(connect, "phone", account="ann")
    assert marker(await ask(phone, "JOIN #tea")) == ["#tea", f"timestamp={NEW}"]
    assert marker(await ask(phone, "MARKREAD bob")) == ["bob", f"timestamp={OLD}"]
    assert marker(await ask(phone, f"MARKREAD #tea timestamp={OLD}")) == ["#tea", f"timestamp={NEW}"]


async def test_the_markers_are_those_of_the_account_one_is_logged_into(connect: Connect) -> None:
    """«The read markers sent by a user MUST NOT be disclosed to other users» (IRCv3 read-marker): another account is
    another user."""
    await has_account(connect, "ann", "other")
    ann = await reading(connect, "ann", "#tea", account="ann")
    await ask(ann, f"MARKREAD #tea timestamp={NEW}")
    other = await reading(connect, "other", "#tea", account="other")
    assert marker(await ask(other, "MARKREAD #tea")) == ["#tea", "*"]
    await authenticate(other, "ann")
    await ask(other)
    assert marker(await ask(other, "MARKREAD #tea")) == ["#tea", f"timestamp={NEW}"]


@pytest.mark.parametrize("account", ["", "annie"])
async def test_the_next_one_with_a_nick_has_none_of_the_markers(connect: Connect, account: str) -> None:
    """«Servers MUST NOT leak read markers sent by a user to other users» (IRCv3 read-marker)."""
    if account:
        await has_account(connect, account)
    first = await reading(connect, "ann", "#tea", account=account)
    await ask(first, f"MARKREAD #tea timestamp={NEW}", f"MARKREAD bob timestamp={NEW}")
    first.send("QUIT")
    await first.end()
    second = await reading(connect, "ann")
    assert marker(await ask(second, "JOIN #tea")) == ["#tea", "*"]
    assert marker(await ask(second, "MARKREAD bob")) == ["bob", "*"]


async def test_the_markers_of_an_account_outlive_the_server(tmp_path: Path) -> None:
    """«This specification is intended for bouncers or servers providing chat history.» (IRCv3 read-marker) What is
    kept of one is kept of the other."""
    config = Config(data=tmp_path / "data")
    for start in (1, 2):
        async with tcpchat.Server(config, port=0) as server:
            peers: list[Peer] = []

            async def connect(server: tcpchat.Server = server, peers: list[Peer] = peers) -> Peer:
                peers.append(await Peer.open(server.port))
                return peers[-1]

            if start == 1:
                await has_account(connect, "ann")
            ann = await reading(connect, "ann", "#tea", account="ann")
            if start == 1:
                await ask(ann, f"MARKREAD #tea timestamp={NEW}")
            assert marker(await ask(ann, "MARKREAD #tea")) == ["#tea", f"timestamp={NEW}"]
            for peer in peers:
                await peer.close()


async def test_the_capability_is_there(connect: Connect) -> None:
    """«implementations SHOULD use the draft/read-marker CAP name» (IRCv3 read-marker)."""
    peer = await connect()
    peer.send("CAP LS 302")
    listed = await heard(peer)
    assert any(word.partition("=")[0].lstrip(":") == CAP for word in listed.split())
