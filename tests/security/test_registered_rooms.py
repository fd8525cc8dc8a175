"""Rooms that belong to an account: they stay as they are, and nobody gets one by being there first."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import tcpchat
from tcpchat.backend.base import Unavailable
from tcpchat.config import Config, Limits, Operator
from tcpchat.model.records import Put
from tests.peer import Peer
from tests.security.places import ConnectFrom

PASSWORD = "correct-horse-battery"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    limits = Limits(rooms_per_account=2)
    return Config(data=tmp_path / "data", operators={"ruth": Operator(password="secret")}, limits=limits)


async def _owner(come: ConnectFrom, nick: str = "ann") -> Peer:
    peer = await come(nick)
    await peer.ask(do="register", password=PASSWORD)
    return peer


async def _kept(come: ConnectFrom, *changes: list[str], room: str = "#tea") -> Peer:
    """Ann, whose room it is, with these modes."""
    ann = await _owner(come)
    await ann.ask(do="join", room=room)
    assert "ok" in await ann.ask(do="register_room", room=room)
    if changes:
        assert "problems" not in await ann.ask(do="set_modes", room=room, changes=list(changes))
    return ann


async def _ranks(peer: Peer, room: str = "#tea") -> dict[str, Any]:
    ranks: dict[str, Any] = (await peer.ask(do="join", room=room)).get("ranks", {})
    return ranks


async def test_nobody_founds_it_anew(come: ConnectFrom) -> None:
    """Who comes first when all are gone is a guest; whose it is, is its operator, and all are told."""
    ann = await _kept(come, ["+", "m", ""], ["+", "b", "bad*!*@*"])
    await ann.ask(do="part", room="#tea")
    bob = await come("bob")
    assert await _ranks(bob) == {}
    assert (await bob.ask(do="say", room="#tea", text="Mine!"))["code"] == "cannot_speak"
    assert (await bob.ask(do="set_modes", room="#tea", changes=[["-", "m", ""]]))["code"] == "not_operator"
    assert (await (await come("badly")).ask(do="join", room="#tea"))["code"] == "banned"
    assert await _ranks(ann) == {"ann": "@"}
    await bob.until(r'"event":"modes_set".*"by":"ChanServ".*\["\+","o","ann"\]')


async def test_it_is_theirs_by_account_not_by_nick(come: ConnectFrom) -> None:
    ann = await _kept(come)
    await ann.ask(do="quit")
    await ann.end()
    other = await come("anne")
    assert await _ranks(other) == {}
    assert "ok" in await other.ask(do="log_in", account="ann", password=PASSWORD)
    assert other.events()[-1]["changes"] == [["+", "o", "anne"]]
    assert "ok" in await other.ask(do="set_modes", room="#tea", changes=[["+", "i", ""]])


async def test_all_of_it_survives_the_server(config: Config) -> None:
    async def come(nick: str) -> Peer:
        peers.append(await (await Peer.open(server.port)).enter_json(nick))
        return peers[-1]

    peers: list[Peer] = []
    async with tcpchat.Server(config, port=0) as server:
        bob = await come("bob")
        await bob.ask(do="register", password=PASSWORD)
        ann = await _kept(come, ["+", "k", "key"], ["+", "s", ""], ["+", "b", "eve!*@*"], ["+", "e", "eva!*@*"])  # type: ignore[arg-type]
        await bob.ask(do="join", room="#tea", key="key")
        assert "ok" in await ann.ask(do="set_modes", room="#tea", changes=[["+", "v", "bob"]])
        await ann.ask(do="set_topic", room="#tea", topic="Tea.")
        await ann.ask(do="say", room="#tea", text="secret plans")
    async with tcpchat.Server(config, port=0) as server:
        eve = await come("eve")
        assert (await eve.ask(do="join", room="#tea"))["code"] == "wrong_key"
        assert (await eve.ask(do="join", room="#tea", key="key"))["code"] == "banned"
        assert "rooms" not in await eve.ask(do="list_rooms", rooms=["#tea"]) or "#tea" not in eve.new
        ann = await come("anna")
        assert (await ann.ask(do="join", room="#tea"))["code"] == "wrong_key"
        await ann.ask(do="log_in", account="ann", password=PASSWORD)
        seated = await ann.ask(do="join", room="#tea")
        assert (seated["ranks"], seated["topic"]) == ({"anna": "@"}, "Tea.")
        history = await ann.ask(do="history", room="#tea", said=True)
        assert [one["text"] for one in history["events"]] == ["secret plans"]
        assert (await ann.ask(do="show_modes", room="#tea"))["modes"] == {"n": "", "t": "", "k": "key", "s": ""}
        assert [one["mask"] for one in (await ann.ask(do="show_masks", room="#tea", mode="e"))["masks"]] == ["eva!*@*"]
        bob = await come("robert")
        await bob.ask(do="log_in", account="bob", password=PASSWORD)
        assert (await bob.ask(do="join", room="#tea", key="key"))["ranks"] == {"anna": "@", "robert": "+"}
    for peer in peers:
        await peer.close()


@pytest.mark.threat(36)
async def test_a_closed_room_stays_closed(come: ConnectFrom) -> None:
    """Who empties it does not open it: what was said in it is not theirs who come first."""
    ann = await _kept(come, ["+", "i", ""])
    await ann.ask(do="say", room="#tea", text="secret plans")
    await ann.ask(do="part", room="#tea")
    eve = await come("eve")
    assert (await eve.ask(do="join", room="#tea"))["code"] == "invite_only"
    await ann.ask(do="join", room="#tea")
    history = await ann.ask(do="history", room="#tea", said=True)
    assert [one["text"] for one in history["events"]] == ["secret plans"]


@pytest.mark.threat(36)
async def test_it_is_kept_that_a_room_is_closed_before_it_is(
    come: ConnectFrom, server: tcpchat.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be kept does not happen: else a crash would open the room."""
    ann = await _kept(come)
    record = server.backend.record

    def full(wanted: Any) -> Any:
        if isinstance(wanted, Put) and wanted.space == "room":
            raise Unavailable("The disk is full.")
        return record(wanted)

    monkeypatch.setattr(server.backend, "record", full)
    closing = await ann.ask(do="set_modes", room="#tea", changes=[["+", "k", "key"]])
    assert closing["code"] == "not_stored"
    assert "k" not in (await ann.ask(do="show_modes", room="#tea"))["modes"]


async def test_a_rank_that_was_taken_away_does_not_come_back(come: ConnectFrom) -> None:
    ann = await _kept(come)
    bob = await _owner(come, "bob")
    await bob.ask(do="join", room="#tea")
    for sign, ranks in (("+", {"ann": "@", "bob": "@"}), ("-", {"ann": "@"})):
        await ann.ask(do="set_modes", room="#tea", changes=[[sign, "o", "bob"]])
        await bob.ask(do="part", room="#tea")
        assert await _ranks(bob) == ranks


async def test_who_may_register(come: ConnectFrom) -> None:
    """Its operator, who is logged in, and has not too many."""
    bob = await come("bob", "#tea")
    assert (await bob.ask(do="register_room", room="#tea"))["code"] == "not_logged_in"
    ann = await _owner(come)
    await ann.ask(do="join", room="#tea")
    assert (await ann.ask(do="register_room", room="#tea"))["code"] == "not_operator"
    assert (await ann.ask(do="register_room", room="#lobby"))["code"] == "not_in_room"
    await ann.ask(do="join", room="#lobby")
    assert (await ann.ask(do="register_room", room="#lobby"))["code"] == "cannot_register"
    for room, code in (("#a", None), ("#b", None), ("#c", "too_many_rooms"), ("#a", "registered_already")):
        await ann.ask(do="join", room=room)
        assert (await ann.ask(do="register_room", room=room)).get("code") == code


async def test_two_who_register_at_once(come: ConnectFrom) -> None:
    """One has it."""
    ann, bob = await _owner(come), await _owner(come, "bob")
    await ann.ask(do="join", room="#tea")
    await bob.ask(do="join", room="#tea")
    await ann.ask(do="set_modes", room="#tea", changes=[["+", "o", "bob"]])
    answers = await asyncio.gather(*(one.ask(do="register_room", room="#tea") for one in (ann, bob)))
    assert sorted("ok" in answer for answer in answers) == [False, True]
    founder = (await bob.ask(do="show_room", room="#tea"))["founder"]
    assert founder == ("ann" if "ok" in answers[0] else "bob")


async def test_who_may_give_it_up(come: ConnectFrom) -> None:
    """Whose it is, and the server's operators who have the right. Then it is like all others."""
    ann = await _kept(come, ["+", "s", ""])
    bob = await _owner(come, "bob")
    for wish in ({"do": "drop_room"}, {"do": "transfer_room", "account": "bob"}, {"do": "show_room"}):
        assert (await bob.ask(room="#tea", **wish))["code"] == "no_such_room"
    await ann.ask(do="set_modes", room="#tea", changes=[["-", "s", ""]])
    assert (await bob.ask(do="drop_room", room="#tea"))["code"] == "not_yours"
    assert (await ann.ask(do="transfer_room", room="#tea", account="nobody"))["code"] == "no_such_account"
    assert "ok" in await ann.ask(do="transfer_room", room="#tea", account="bob")
    assert (await ann.ask(do="drop_room", room="#tea"))["code"] == "not_yours"
    ruth = await come("ruth")
    await ruth.ask(do="become_operator", name="ruth", password="secret")
    assert "ok" in await ruth.ask(do="drop_room", room="#tea")
    await ann.ask(do="part", room="#tea")
    assert await _ranks(bob) == {"bob": "@"}
    assert "ok" in await bob.ask(do="register_room", room="#tea")


async def test_its_name_stays(come: ConnectFrom) -> None:
    ann = await _kept(come)
    bob = await come("bob", "#coffee")
    assert (await ann.ask(do="rename_room", room="#tea", to="#milk"))["code"] == "cannot_rename"
    await ann.ask(do="part", room="#tea")
    assert (await bob.ask(do="rename_room", room="#coffee", to="#tea"))["code"] == "room_taken"


async def test_chanserv_is_how_irc_does_it(come: ConnectFrom) -> None:
    ann = await (await come()).enter_irc("ann", "#tea")
    ann.send(f"NS REGISTER {PASSWORD}", "PRIVMSG ChanServ :register #tea")
    await ann.until(r"^:ChanServ!ChanServ@tcpchat\.local NOTICE ann :#tea is registered to your account\.\r\n")
    bob = await (await come()).enter_irc("bob", "#tea")
    ann.send("CS VOICE #tea bob", "CS INFO #tea", "CS INFO", "CS DROP #coffee", "CS HELP", "CS SING")
    await ann.until(r"^:ann!\S+ MODE #tea \+v bob\r\n")
    await ann.until(r"NOTICE ann :Founder: ann\r\n")
    await ann.until(r"NOTICE ann :How to use it: INFO <room>\r\n")
    await ann.until(r"NOTICE ann :There is no room #coffee\.\r\n")
    await ann.until(r"NOTICE ann :There is no SING here")
    bob.send("CS DROP #tea", "CS OP #tea")
    await bob.until(r"NOTICE bob :#tea belongs to ann\.\r\n")
    await bob.until(r"NOTICE bob :You are not an operator of #tea\.\r\n")
    ann.send("PART #tea", "JOIN #tea")
    await bob.until(r"^:ChanServ!ChanServ@tcpchat\.local MODE #tea \+o ann\r\n")
    ann.send("CHANSERV DROP #tea")
    await ann.until(r"NOTICE ann :#tea is not registered any more\.\r\n")


async def test_people_with_nc_have_two_words_for_it(come: ConnectFrom) -> None:
    ann = await (await come()).enter_line("ann")
    ann.send("/join #tea", "/keep", "/abandon")
    await ann.until("-- Log in first")
    await ann.until("-- #tea is not registered")


async def test_who_gives_up_their_account_gives_up_their_rooms(come: ConnectFrom) -> None:
    ann = await _kept(come)
    bob = await come("bob", "#tea")
    assert "ok" in await ann.ask(do="drop_account", password=PASSWORD)
    assert (await bob.ask(do="show_room", room="#tea"))["code"] == "not_registered"
