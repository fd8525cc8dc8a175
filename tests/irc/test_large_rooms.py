"""Rooms with so many people that not all are told who comes, here three: the others are told of those who do something.

The rule is that of the channel mode +D which other servers have ("delayed joins"): nobody hears of somebody of whom
they were not told, and NAMES has only those of whom one was told, and oneself.
"""

import pytest

from tcpchat.config import Config, Limits, Operator
from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, become_operator, exactly, told
from tests.irc.peers import Line, ask, drain, enter, only
from tests.peer import Peer

CAPS = "away-notify account-notify chghost setname extended-join invite-notify"


@pytest.fixture
def config() -> Config:
    return Config(operators={"root": Operator(password="secret")}, limits=Limits(announced=2))


async def full_room(connect: Connect, caps: str = "") -> tuple[Peer, Peer, Peer]:
    """Ann, its operator, and bob, of whom she knows; and carl, who came when there were two already."""
    ann, bob = await enter(connect, "ann", "#tea", caps), await enter(connect, "bob", "#tea", caps)
    carl = await enter(connect, "carl", caps=caps)
    await drain(ann, bob)
    await told(carl, "JOIN #tea")
    return ann, bob, carl


def names_of(lines: list[Line]) -> list[str]:
    return [name for line in only(lines, "353") for name in line.params[-1].split()]


async def test_only_the_newcomer_is_told(connect: Connect) -> None:
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    carl, dora = await enter(connect, "carl"), await enter(connect, "dora")
    await drain(ann, bob)
    exactly(
        await told(carl, "JOIN #tea"),
        ":carl!carl@localhost JOIN #tea",
        rf"{SERVER} 353 carl = #tea :@ann bob",
        rf"{SERVER} 353 carl = #tea carl",
        rf"{SERVER} 366 carl #tea {TEXT}",
    )
    assert names_of(await told(dora, "JOIN #tea")) == ["@ann", "bob", "dora"]
    for peer in (ann, bob, carl):
        assert await told(peer) == []


async def test_names_has_those_one_was_told_of_and_oneself(connect: Connect) -> None:
    ann, bob, carl = await full_room(connect)
    eve = await enter(connect, "eve")
    for peer, names in ((ann, ["@ann", "bob"]), (carl, ["@ann", "bob", "carl"]), (eve, ["@ann", "bob"])):
        assert names_of(await told(peer, "NAMES #tea")) == names
    await told(carl, "PRIVMSG #tea :hello")
    for peer in (ann, bob, carl, eve):
        assert names_of(await told(peer, "NAMES #tea")) == ["@ann", "bob", "carl"]


async def test_who_shows_everybody_and_list_counts_everybody(connect: Connect) -> None:
    ann, _, _ = await full_room(connect)
    assert [line.params[5] for line in only(await told(ann, "WHO #tea"), "352")] == ["ann", "bob", "carl"]
    exactly(only(await told(ann, "LIST #tea"), "322"), rf"{SERVER} 322 ann #tea 3 :")


@pytest.mark.parametrize(
    ("does", "is_told"),
    [
        ("PRIVMSG #tea :hello", "PRIVMSG #tea hello"),
        ("NOTICE #tea :hello", "NOTICE #tea hello"),
        ("TOPIC #tea :of tea", "TOPIC #tea :of tea"),
        ("NICK charles", "NICK charles"),
    ],
)
async def test_the_others_are_told_of_somebody_before_what_they_do(connect: Connect, does: str, is_told: str) -> None:
    ann, bob, carl = await full_room(connect)
    await told(ann, "MODE #tea -t")
    await drain(bob, carl)
    own = await told(carl, does, f"{does}!")
    assert only(own, "JOIN") == []
    for peer in (ann, bob):
        lines = await told(peer)
        exactly(lines[:2], ":carl!carl@localhost JOIN #tea", f":carl!carl@localhost {is_told}")
        assert only(lines[2:], "JOIN") == []


@pytest.mark.parametrize(
    ("does", "is_told"),
    [
        ("MODE #tea +v carl", r"MODE #tea \+v carl"),
        ("MODE #tea +o carl", r"MODE #tea \+o carl"),
        ("KICK #tea carl :out", "KICK #tea carl out"),
    ],
)
async def test_the_others_are_told_of_somebody_before_what_is_done_to_them(
    connect: Connect, does: str, is_told: str
) -> None:
    ann, bob, carl = await full_room(connect)
    for peer, lines in ((ann, await told(ann, does)), (bob, await told(bob))):
        exactly(lines, ":carl!carl@localhost JOIN #tea", f":ann!ann@localhost {is_told}")
        assert await told(peer) == []
    exactly(await told(carl), f":ann!ann@localhost {is_told}")


async def test_who_decides_without_having_spoken_is_told_of_first(connect: Connect) -> None:
    """Where a room has no operators, those of the server decide."""
    ann, bob, carl = await full_room(connect)
    await become_operator(carl)
    await told(ann, "MODE #tea -o ann")
    await drain(bob, carl)
    await told(carl, "MODE #tea +m")
    exactly(await told(bob), ":carl!carl@localhost JOIN #tea", ":carl!carl@localhost MODE #tea \\+m")


async def test_what_is_said_to_operators_is_said_by_somebody_they_know_of(connect: Connect) -> None:
    ann, _, carl = await full_room(connect)
    await told(carl, "PRIVMSG @#tea :psst")
    exactly(await told(ann), ":carl!carl@localhost JOIN #tea", ":carl!carl@localhost PRIVMSG @#tea psst")


async def test_an_invitation_is_by_somebody_one_knows_of(connect: Connect) -> None:
    ann, _, carl = await full_room(connect, CAPS)
    await enter(connect, "dora")
    await told(carl, "INVITE dora #tea")
    exactly(
        await told(ann),
        r":carl!carl@localhost JOIN #tea \* carl",
        ":carl!carl@localhost INVITE dora #tea",
    )


@pytest.mark.parametrize("goes", ["PART #tea :bye", "QUIT :bye"])
async def test_nobody_is_told_that_somebody_left_of_whom_they_were_not_told(connect: Connect, goes: str) -> None:
    ann, bob, carl = await full_room(connect)
    dora = await enter(connect, "dora", "#tea")  # so that there are still three
    carl.send(goes)
    await carl.until(r"^:carl!carl@localhost PART #tea :?bye\r\n" if "PART" in goes else "^ERROR")
    await told(dora, "WHO #tea")
    for peer in (ann, bob, dora):
        assert await told(peer) == []


@pytest.mark.parametrize("goes", ["PART #tea :bye", "QUIT :bye"])
async def test_who_was_told_of_somebody_is_told_that_they_left(connect: Connect, goes: str) -> None:
    ann, _, carl = await full_room(connect)
    await enter(connect, "dora", "#tea")
    await told(carl, "PRIVMSG #tea :hello")
    await drain(ann)
    carl.send(goes)
    await ann.until(rf"^:carl!carl@localhost {goes.partition(' ')[0]} .*bye\r\n")


async def test_when_there_are_few_again_all_are_told_of_all(connect: Connect) -> None:
    ann, bob, carl = await full_room(connect)
    await told(bob, "PART #tea")
    exactly(await told(ann), ":bob!bob@localhost PART #tea", ":carl!carl@localhost JOIN #tea")
    exactly(await told(carl), ":bob!bob@localhost PART #tea")
    assert names_of(await told(ann, "NAMES #tea")) == ["@ann", "carl"]
    await enter(connect, "dora", "#tea")
    assert await told(ann) == [], "there are three again"


async def test_what_one_is_besides_is_told_when_one_is_told_of(connect: Connect) -> None:
    """Being away, the account, the name and the host of somebody who has not spoken are nobody's business yet."""
    ann, bob, carl = await full_room(connect, CAPS)
    await become_operator(ann)
    await told(carl, "AWAY :out", "SETNAME :Carl of Tea")
    await told(ann, "CHGHOST carl carl tea.example")
    for peer in (ann, bob):
        assert await told(peer) == []
    await told(carl, "PRIVMSG #tea :hello")
    exactly(
        await told(bob),
        r":carl!carl@tea\.example JOIN #tea \* :Carl of Tea",
        r":carl!carl@tea\.example AWAY out",
        r":carl!carl@tea\.example PRIVMSG #tea hello",
    )


async def test_a_room_where_one_is_known_hears_of_one_though_another_does_not(connect: Connect) -> None:
    ann, _, carl = await full_room(connect, CAPS)
    eve = await enter(connect, "eve", "#milk", CAPS)
    await told(carl, "JOIN #milk", "AWAY :out")
    exactly(await told(eve), r":carl!carl@localhost JOIN #milk \* carl", ":carl!carl@localhost AWAY out")
    assert await told(ann) == []
    carl.send("QUIT :bye")
    await eve.until(r"^:carl!carl@localhost QUIT .*bye\r\n")
    await told(eve)
    assert [line for line in await told(ann) if "carl" in line] == []


async def test_renaming_a_room_tells_all_of_all(connect: Connect) -> None:
    ann, bob, carl = await full_room(connect, "draft/channel-rename")
    exactly(
        await told(ann, "RENAME #tea #milk :better"),
        r":carl!carl@localhost JOIN #(tea|milk)",
        ":ann!ann@localhost RENAME #tea #milk better",
    )
    exactly(await told(carl), ":ann!ann@localhost RENAME #tea #milk better")
    lines = await ask(bob, "NAMES #milk")
    assert lines[0].params[0] == "#tea", "it is still called as they know it"


async def test_people_with_nc_and_programs_are_told_the_same(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann", "#lobby")
    bob = await (await connect()).enter_line("bob")
    carl = await (await connect()).enter_json("carl")
    seated = await carl.ask(do="join", room="#lobby")
    assert (seated["people"], seated.get("quiet", 0)) == (["ann", "bob", "carl"], 0), "all but oneself are known"
    dora = await (await connect()).enter_line("dora")
    assert "-- You are in #lobby: 4 people: ann, bob, dora and 1 more." in dora.seen.decode()
    await carl.ask(do="say", room="#lobby", text="hello")
    await bob.until(r"^-- carl joined\r\n\[..:..\] <carl> hello\r\n")
    await ann.until(r'"event":"said"')
    assert [event["event"] for event in ann.events() if event["by"] == "carl"] == ["joined", "said"]
    assert "dora" not in bob.seen.decode() + ann.seen.decode()
    assert [event["event"] for event in carl.events()] == ["joined", "said"], "its own coming is told once"
    names = await carl.ask(do="show_names", room="#lobby")
    assert [name.partition("!")[0] for name in names["names"]] == ["ann", "bob", "carl"]


@pytest.mark.parametrize("cap", ["no-implicit-names", "draft/no-implicit-names"])
async def test_names_are_sent_only_when_asked_for(connect: Connect, cap: str) -> None:
    """«When negotiated, servers MUST NOT send an implicit `NAMES` reply after sending a `JOIN` message. Servers MUST
    reply to explicit `NAMES` commands sent by the client as usual.» (no-implicit-names)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", caps=cap)
    await told(ann, "TOPIC #tea :of tea")
    assert [line.command for line in await told(bob, "JOIN #tea")] == ["JOIN", "332", "333"]
    exactly(await told(bob, "NAMES #tea"), rf"{SERVER} 353 bob = #tea :@ann bob", rf"{SERVER} 366 bob #tea {TEXT}")
    await told(ann, "RENAME #tea #milk")
    assert only(await told(bob), "JOIN", "353", "366") == [":bob!bob@localhost JOIN #milk"]
