"""Accounts: whose a nick is, what a password is told to, who may register, and what is left of an account."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import tcpchat
from tcpchat.backend.embedded import Embedded
from tcpchat.config import Config, Limits, Operator
from tcpchat.server import reception
from tcpchat.server.administration import FILE, short
from tests.conftest import Connect
from tests.peer import Peer

PASSWORD = "correct-horse-battery"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        data=tmp_path / "data", operators={"root": Operator(password="secret")}, limits=Limits(ping_seconds=60)
    )


Call = Callable[..., Awaitable[Peer]]


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Opens connections to any server, also through the administrators' socket, and closes them at the end."""
    peers: list[Peer] = []

    async def call(server: tcpchat.Server, *, administrator: bool = False) -> Peer:
        peers.append(await administrate(server) if administrator else await Peer.open(server.port))
        return peers[-1]

    yield call
    for peer in peers:
        await peer.close()


@pytest.fixture
async def administrator(server: tcpchat.Server, call: Call) -> Peer:
    return await call(server, administrator=True)


async def administrate(server: tcpchat.Server) -> Peer:
    """Somebody who comes in through the administrators' socket."""
    assert server.config.data is not None
    with short(server.config.data / FILE) as name:
        return Peer(*await asyncio.open_unix_connection(name))


async def registered(connect: Connect, name: str, password: str = PASSWORD) -> None:
    """An account is there, and nobody who is logged in to it."""
    peer = await connect()
    assert "ok" in await peer.ask(do="register", account=name, password=password)
    await peer.ask(do="quit")
    await peer.end()


async def logged_in(connect: Connect, account: str, nick: str = "", password: str = PASSWORD) -> Peer:
    peer = await connect()
    assert "ok" in await peer.ask(do="log_in", account=account, password=password)
    if nick:
        assert "ok" in await peer.ask(do="enter", nick=nick)
    return peer


async def code(peer: Peer, **request: Any) -> str:
    """``ok``, or why it is refused."""
    answer = await peer.ask(**request)
    return str(answer.get("code", "ok"))


# whose nick it is


@pytest.mark.threat(25, 27)
@pytest.mark.parametrize("wanted", ["ann", "ANN", "aпп".replace("п", "n"), "аnn"])  # the last one begins in Cyrillic
async def test_nobody_else_is_called_like_an_account(connect: Connect, wanted: str) -> None:
    await registered(connect, "ann")
    eve = await connect()
    assert await code(eve, do="check_nick", nick=wanted) in {"nick_owned", "bad_nick"}
    assert await code(eve, do="enter", nick=wanted) in {"nick_owned", "bad_nick"}
    await eve.enter_json("eve")
    assert await code(eve, do="rename", nick=wanted) in {"nick_owned", "bad_nick"}
    assert await code(eve, do="log_in", account="ann", password=PASSWORD) == "ok"
    assert await code(eve, do="rename", nick="ann") == "ok"


async def test_the_owner_takes_the_name_from_a_link_of_their_own_that_is_dead_only(
    connect: Connect, server: tcpchat.Server
) -> None:
    await registered(connect, "ann")
    first = await logged_in(connect, "ann", "ann")
    second = await logged_in(connect, "ann")
    assert await code(second, do="enter", nick="ann") == "nick_taken"
    next(session for session in server.sessions if session.user is not None).ping()
    await first.until('"ping"')
    assert await code(second, do="enter", nick="ann") == "ok"
    await first.until('"bye":"resumed elsewhere"')


async def test_the_owner_regains_the_name_from_whoever_has_it(connect: Connect) -> None:
    """Also from who had it before it was registered for somebody else."""
    root, eve = await connect(), await connect()
    await root.enter_json("boss")
    await root.ask(do="become_operator", name="root", password="secret")
    await eve.enter_json("ann")
    assert await code(root, do="register_other", account="ann", password=PASSWORD) == "ok"
    await eve.until('"bye":"that name belongs to an account')
    one, two = await logged_in(connect, "ann", "ann"), await logged_in(connect, "ann", "ann2")
    assert await code(two, do="regain") == "ok"
    await one.until('"bye":"resumed elsewhere"')
    assert (await two.ask(do="whois", nick="ann"))["person"]["account"] == "ann"


@pytest.mark.threat(37)
async def test_no_ban_is_evaded_by_regaining_a_name(connect: Connect) -> None:
    await registered(connect, "ann")
    boss, ann, other = await connect(), await logged_in(connect, "ann", "ann"), await logged_in(connect, "ann", "ann2")
    await boss.enter_json("boss", "#tea")
    assert "ok" in await other.ask(do="join", room="#tea")
    assert "ok" in await boss.ask(do="set_modes", room="#tea", changes=[["+", "b", "ann!*@*"]])
    assert await code(other, do="regain") == "banned_in_room"
    assert await code(ann, do="ping") == "ok", "and whoever has the name keeps it"


@pytest.mark.threat(27)
async def test_of_who_registers_a_name_and_who_takes_it_at_the_same_time_the_owner_has_it(connect: Connect) -> None:
    for number in range(10):
        name = f"tea{number}x"
        owner, thief = await connect(), await connect()
        await thief.enter_json(f"thief{number}")
        made = asyncio.create_task(owner.ask(do="register", account=name, password=PASSWORD))
        while not made.done() and await code(thief, do="rename", nick=name) == "nick_owned":
            pass
        if "ok" in await made:  # else the name was taken before
            assert await code(owner, do="enter", nick=name) == "ok"


@pytest.mark.threat(34)
async def test_a_token_does_not_take_over_who_is_logged_in(connect: Connect) -> None:
    await registered(connect, "ann")
    ann = await connect()
    await ann.ask(do="log_in", account="ann", password=PASSWORD)
    token = (await ann.ask(do="enter", nick="ann"))["token"]
    assert len(token.partition(".")[2]) == 32, "128 bits"
    eve = await connect()
    assert await code(eve, do="enter", nick="ann", resume=token) == "nick_owned"
    assert "ok" in await eve.ask(do="enter", nick="eve", resume=token)
    assert (await ann.ask(do="whois", nick="ann"))["person"]["account"] == "ann", "and is still there"
    again = await connect()
    assert await code(again, do="log_in", account="ann", password=PASSWORD) == "ok"
    assert "ok" in await again.ask(do="enter", nick="ann", resume=token)
    await ann.until('"bye":"resumed elsewhere"')


# suspended, given up, another password


@pytest.mark.threat(32)
async def test_a_suspended_account_is_one_to_nobody_but_who_knows_the_password(
    connect: Connect, administrator: Peer
) -> None:
    await registered(connect, "ann")
    ann, eve = await logged_in(connect, "ann", "ann"), await connect()
    unknown = await eve.ask(do="log_in", account="nobody", password="guess-guess")
    assert await code(administrator, do="suspend_account", account="Ann", reason="spam") == "ok"
    await ann.until("this account is suspended: spam")
    suspended = await eve.ask(do="log_in", account="ann", password="guess-guess")
    assert {**suspended, "error": ""} == {**unknown, "error": ""}
    answer = await eve.ask(do="log_in", account="ann", password=PASSWORD)
    assert (answer["code"], "spam" in answer["text"]) == ("suspended", True)
    assert await code(eve, do="enter", nick="ann") == "nick_owned"
    assert await code(administrator, do="release_account", account="ann") == "ok"
    assert await code(eve, do="log_in", account="ann", password=PASSWORD) == "ok"


async def test_a_suspension_that_is_over_is_none(connect: Connect, administrator: Peer) -> None:
    await registered(connect, "ann")
    until = int(time.time() * 1_000) + 1_500
    assert await code(administrator, do="suspend_account", account="ann", until=until) == "ok"
    assert await code(administrator, do="suspend_account", account="ann", until=1) == "bad_time"
    eve = await connect()
    while (answer := await code(eve, do="log_in", account="ann", password=PASSWORD)) == "suspended":
        assert time.time() * 1_000 < until + 100
    assert answer == "ok"
    assert time.time() * 1_000 >= until


async def test_who_has_a_name_later_reads_nothing_of_who_had_the_account(connect: Connect) -> None:
    await registered(connect, "ann")
    ann, bob = await logged_in(connect, "ann", "ann"), await connect()
    await bob.enter_json("bob")
    assert "ok" in await bob.ask(do="tell", to="ann", text="the secret")
    assert await code(ann, do="drop_account", password="wrong-guess") == "wrong_password"
    assert await code(ann, do="drop_account", password=PASSWORD) == "ok"
    assert "account" not in (await ann.ask(do="whois", nick="ann"))["person"]
    await ann.ask(do="quit")
    eve = await connect()
    await eve.enter_json("ann")  # as a nick it is free
    assert (await eve.ask(do="history", room="bob"))["events"] == []
    assert await code(eve, do="register", password=PASSWORD) == "account_exists"
    assert await code(eve, do="log_in", account="ann", password=PASSWORD) == "wrong_password"


async def test_another_password_closes_the_other_connections_only(connect: Connect) -> None:
    await registered(connect, "ann")
    one, two = await logged_in(connect, "ann", "ann"), await logged_in(connect, "ann", "ann2")
    door = await logged_in(connect, "ann")
    assert await code(one, do="set_password", password="another-password") == "wrong_password"
    assert await code(one, do="set_password", old=PASSWORD, password="sunshine1") == "weak_password"
    assert await code(one, do="set_password", old=PASSWORD, password="another-password") == "ok"
    await two.until('"bye":"the password of this account was changed"')
    await door.until('"bye":"the password of this account was changed"')
    assert await code(one, do="ping") == "ok"
    assert await code(await connect(), do="log_in", account="ann", password=PASSWORD) == "wrong_password"


@pytest.mark.threat(34)
async def test_who_knows_the_old_password_is_not_logged_in_by_it_while_it_is_changed(connect: Connect) -> None:
    """Their proof is looked at before the change, and they would be logged in after it."""
    await registered(connect, "ann")
    ann, eves = await logged_in(connect, "ann", "ann"), [await connect() for _ in range(8)]
    for number, eve in enumerate(eves):
        await eve.enter_json(f"eve{number}")

    async def try_again() -> None:
        while eves and not changing.done():
            eve = eves.pop()
            eve.send(json.dumps({"id": "in", "do": "log_in", "account": "ann", "password": PASSWORD}))
            await eve.until('"(ok|error)":"in"|"bye":')

    changing = asyncio.create_task(code(ann, do="set_password", old=PASSWORD, password="another-password"))
    await asyncio.gather(try_again(), try_again())
    assert await changing == "ok"
    async with asyncio.timeout(5):  # until those are gone who were closed
        while (await ann.ask(do="show_account"))["nicks"] != ["ann"]:
            pass


@pytest.mark.threat(30)
@pytest.mark.parametrize(
    "password", ["abc12", "password1", "Sunshine!", "123456789", "aaaaaaaa", "ANNIKA", "abcabcabc"]
)
async def test_what_is_guessed_first_is_no_password(connect: Connect, password: str) -> None:
    peer = await connect()
    answer = await peer.ask(do="register", account="annika", password=password)
    assert answer["code"] == "weak_password"
    assert password not in answer["text"]


# invitations


@pytest.fixture
async def invited(config: Config) -> AsyncIterator[tcpchat.Server]:
    closed = Config(data=config.data, registration="invited", operators=config.operators, limits=Limits(enabled=False))
    async with tcpchat.Server(closed, port=0) as server:
        yield server


async def test_an_invitation_is_used_as_often_as_it_says_however_many_try_at_once(
    invited: tcpchat.Server, call: Call
) -> None:
    administrator = await call(invited, administrator=True)
    token = (await administrator.ask(do="make_invitation", uses=2))["token"]
    peers = [await call(invited) for _ in range(6)]
    assert await code(peers[0], do="register", account="ann", password=PASSWORD) == "need_invitation"
    assert (
        await code(peers[0], do="register", account="ann", password=PASSWORD, invitation="x" * 32) == "bad_invitation"
    )
    asked = [
        code(peer, do="register", account=f"user{number}", password=PASSWORD, invitation=token)
        for number, peer in enumerate(peers)
    ]
    assert sorted(await asyncio.gather(*asked)) == ["bad_invitation"] * 4 + ["ok"] * 2
    assert (await administrator.ask(do="list_invitations_given"))["invitations"] == []


async def test_what_came_to_nothing_has_not_used_an_invitation(invited: tcpchat.Server, call: Call) -> None:
    administrator, ann, bob = await call(invited, administrator=True), await call(invited), await call(invited)
    token = (await administrator.ask(do="make_invitation"))["token"]
    assert await code(administrator, do="register_other", account="ann", password=PASSWORD) == "ok"
    wish = {"do": "register", "password": PASSWORD, "invitation": token}
    assert await code(ann, account="ann", **wish) == "account_exists"
    (given,) = (await administrator.ask(do="list_invitations_given"))["invitations"]
    assert given["uses"] == 1
    assert token not in json.dumps(given)
    assert await code(ann, account="carl", **wish) == "ok"
    assert await code(bob, account="dora", **wish) == "bad_invitation"


async def test_who_loses_the_race_for_a_name_keeps_the_invitation(invited: tcpchat.Server, call: Call) -> None:
    administrator, *peers = await call(invited, administrator=True), await call(invited), await call(invited)
    tokens = [(await administrator.ask(do="make_invitation"))["token"] for _ in peers]

    async def register(peer: Peer, name: str, token: str) -> str:
        return await code(peer, do="register", account=name, password=PASSWORD, invitation=token)

    came = await asyncio.gather(*(register(peer, "zoe", token) for peer, token in zip(peers, tokens, strict=True)))
    assert sorted(came) == ["account_exists", "ok"]
    loser = came.index("account_exists")
    assert await register(peers[loser], "yves", tokens[loser]) == "ok"


async def test_a_token_is_kept_as_its_digest_only_and_can_be_taken_back(invited: tcpchat.Server, call: Call) -> None:
    administrator, ann = await call(invited, administrator=True), await call(invited)
    token = (await administrator.ask(do="make_invitation", uses=5))["token"]
    assert invited.config.data is not None
    for file in invited.config.data.glob("chat.db*"):
        assert token.encode() not in file.read_bytes()
    (given,) = (await administrator.ask(do="list_invitations_given"))["invitations"]
    assert await code(administrator, do="revoke_invitation", invitation=given["invitation"]) == "ok"
    wish = {"do": "register", "account": "ann", "password": PASSWORD, "invitation": token}
    assert await code(ann, **wish) == "bad_invitation"


async def test_irc_clients_say_an_invitation_where_an_address_may_stand(invited: tcpchat.Server, call: Call) -> None:
    boss, ann, bob = [await call(invited) for _ in range(3)]
    await boss.enter_irc("boss")
    boss.send("OPER root secret", "PRIVMSG NickServ :INVITE 2")
    token = (await boss.until(r"Invitation: (\w{32}) "))[1]
    await ann.enter_irc("ann")
    ann.send("REGISTER * * " + PASSWORD)
    await ann.until("FAIL REGISTER NEED_INVITATION ann :")
    ann.send(f"REGISTER * {token} {PASSWORD}")
    await ann.until("REGISTER SUCCESS ann")
    await bob.enter_irc("bob")
    bob.send(f"PRIVMSG NickServ :REGISTER {PASSWORD} {token}")
    await bob.until(" 900 bob ")


# where a password is told


@pytest.mark.threat(31)
async def test_no_password_is_taken_where_others_can_read_it(
    config: Config, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "_address", lambda _: "192.0.2.7")  # all come from elsewhere, without TLS
    async with tcpchat.Server(config, port=0) as server:
        peer, line, irc = [await call(server) for _ in range(3)]
        for wish in (
            {"do": "register", "account": "ann", "password": PASSWORD},
            {"do": "log_in", "account": "ann", "password": PASSWORD},
        ):
            answer = await peer.ask(**wish)
            assert (answer["code"], "TLS" in answer["text"]) == ("insecure", True)
        administrator = await call(server, administrator=True)
        assert await code(administrator, do="register_other", account="ann", password=PASSWORD) == "ok"
        line.send("ann")
        await line.until("belongs to an account. Passwords are taken over TLS only. Choose another name.\r\nNickname: ")
        await line.enter_line("bob")
        line.send(f"/login ann {PASSWORD}")
        await line.until("-- This connection is not encrypted")
        irc.send("CAP LS 302", "AUTHENTICATE PLAIN")
        await irc.until(r" sasl=SCRAM-SHA-256\r\n")
        await irc.until(r" 908 \* SCRAM-SHA-256 :.*\r\n:\S+ 904 ")


@pytest.mark.threat(7)
async def test_administrators_come_in_however_full_it_is(tmp_path: Path, call: Call) -> None:
    config = Config(data=tmp_path / "data", limits=Limits(clients=2))
    async with tcpchat.Server(config, port=0) as server:
        for nick in ("ann", "bob"):
            await (await call(server)).enter_json(nick)
        full = await call(server)
        await full.until("ERROR :This server is full")
        administrators = [await call(server, administrator=True) for _ in range(3)]
        for administrator in administrators:
            assert "accounts" in await administrator.ask(do="list_accounts")


async def test_an_administrator_makes_many_accounts_one_after_the_other(administrator: Peer) -> None:
    for number in range(25):
        wish = {"account": f"user{number}", "password": PASSWORD}
        assert await code(administrator, do="register_other", **wish) == "ok"
        assert await code(administrator, do="set_account_password", **wish) == "ok"
    assert len((await administrator.ask(do="list_accounts"))["accounts"]) == 25


@pytest.mark.threat(33)
async def test_nothing_that_is_asked_before_one_is_in_leaves_a_trace(connect: Connect, server: tcpchat.Server) -> None:
    """Every command but those of the door is refused, and the log is what it was."""
    from tests.security.commands import EXAMPLES, Stage

    assert isinstance(server.backend, Embedded)
    assert server.config.data is not None
    stage, peer, at_the_door = Stage(server, "door"), await connect(), 0
    before = (server.config.data / "chat.db-wal").read_bytes()
    for kind, example in EXAMPLES.items():
        if kind.__name__ in {"Enter", "Register", "LogIn", "Quit"}:
            continue
        answer = await code(peer, do=kind.__struct_config__.tag, **example(stage))
        if answer == "not_in":
            at_the_door += 1
    assert at_the_door > 50
    assert (server.config.data / "chat.db-wal").read_bytes() == before
