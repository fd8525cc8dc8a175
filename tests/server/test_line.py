"""People with nc and telnet."""

import pytest

from tests.conftest import Connect


async def test_a_silent_peer_is_greeted_and_asked_for_a_nickname(connect: Connect) -> None:
    peer = await connect()
    await peer.until(r"Welcome to tcpchat.*\r\nNickname: $")
    await peer.enter_line("ann")


async def test_two_people_talk_and_see_each_other_come_and_go(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    await ann.until(r"^-- bob joined\r\n")
    bob.send("hello")
    await ann.until(r"^\[\d\d:\d\d\] <bob> hello\r\n")
    bob.send("/me waves", "/quit see you")
    await ann.until(r"^\[\d\d:\d\d\] \* bob waves\r\n-- bob is gone \(see you\)\r\n")
    assert "-- bye" in await bob.end()


async def test_a_taken_or_impossible_name_is_explained_and_asked_for_again(connect: Connect) -> None:
    ann, other = await connect(), await connect()
    await ann.enter_line("ann")
    other.send("Ann")
    await other.until(r"-- The name Ann is taken\. Try Ann2\.\r\nNickname: ")
    other.send("two words")
    await other.until(r"-- A nickname cannot contain a space\.\r\nNickname: ")
    other.send("")
    await other.until(r"Nickname: ")
    await other.enter_line("Ann2")


async def test_commands_do_what_help_says(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    ann.send("/help")
    for command in "nick join part rooms who msg me topic history away help quit".split():
        await ann.until(rf"-- /{command}\b")
    ann.send("/nick anna")
    await bob.until("-- ann is now anna")
    await ann.until("-- ann is now anna")
    ann.send("/msg bob psst")
    await bob.until(r"\(to you\) <anna> psst")
    bob.send("/who")
    await bob.until("-- #lobby: anna, bob")
    ann.send("/topic of tea")
    await bob.until("-- anna set the topic: of tea")
    bob.send("/topic")
    await bob.until(r"Topic: of tea \(set by anna\)")
    ann.send("/join tea", "hello?", "/rooms")
    await ann.until("You are in #tea: nobody else is here yet")
    await ann.until(r"-- #tea +1\r\n")  # an answer comes when all asked before it is done
    bob.send("/rooms")
    await bob.until(r"-- #lobby +2  of tea\r\n-- #tea +1\r\n")
    bob.send("/join #tea")
    await bob.until(r"Said here before:\r\n\[\d\d:\d\d\] <anna> hello\?")
    ann.send("/part")
    await ann.until(r"You left #tea\. Your words go to #lobby now")
    await bob.until("-- anna left")
    bob.send("/part #lobby bored")
    await ann.until(r"-- bob left \(bored\)")
    ann.send("/away eating")
    await ann.until("marked as away")
    bob.send("/who anna")
    await bob.until("away: eating")


async def test_a_slip_of_the_slash_is_never_said(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    ann.send("/pasword geheim", "//shrug")
    await ann.until("-- There is no /pasword")
    for incomplete, complaint in {
        "/nick": "Something is missing: /nick NAME",
        "/join": "Something is missing: /join #ROOM",
        "/msg bob": "Something is missing: /msg NAME TEXT",
        "/me": "Something is missing: /me TEXT",
        "/history abc": r"abc is not a number: /history \[HOW MANY\]",
    }.items():
        ann.send(incomplete)
        await ann.until(f"-- {complaint}")
    await bob.until("<ann> /shrug")
    assert "geheim" not in bob.seen.decode()


async def test_the_room_one_does_not_look_at_is_named(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    bob.send("/join #tea")
    await bob.until("You are in #tea")
    ann.send("over here")
    await bob.until(r"^\[\d\d:\d\d\] #lobby <ann> over here")


async def test_telnet_is_understood(connect: Connect) -> None:
    peer, bob = await connect(), await connect()
    await bob.enter_line("bob")
    peer.writer.write(b"\xff\xfd\x03\xff\xfb\x18anm\x08n\r\x00")
    await peer.until("You are ann")
    peer.writer.write(b"helo\x7flo\r\n")
    await bob.until("<ann> hello")


@pytest.mark.threat(17)
async def test_bytes_that_are_not_utf8_become_a_replacement_and_are_told_once(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    ann.send(b"caf\xe9", b"na\xefve")
    await bob.until("<ann> caf\ufffd\r\n")
    await bob.until("<ann> na\ufffdve\r\n")
    ann.send("/help")
    await ann.until("/quit")
    assert ann.seen.decode().count("not UTF-8") == 1


async def test_the_last_line_counts_without_its_end(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await bob.enter_line("bob")
    ann.writer.write(b"ann\nunfinished")
    ann.writer.write_eof()
    await bob.until("<ann> unfinished")
    await bob.until(r"-- ann is gone \(connection closed\)")


async def test_a_broken_link_is_told_as_such(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await bob.enter_line("bob")
    await ann.enter_line("ann")
    await bob.until("ann joined")
    ann.reset()
    await bob.until(r"-- ann is gone \(connection lost\)")


@pytest.mark.threat(21)
async def test_a_terminal_cannot_be_controlled(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_irc("bob", "#lobby")
    bob.send("PRIVMSG #lobby :\x1b]0;owned\x07\x1b[2Jred \x0304,05alert\x0f \u202etxt")
    await ann.until(r"<bob> .*red alert txt\r\n")
    assert not {0x1B, 0x07} & set(ann.seen)
    assert "\u202e" not in ann.seen.decode()


@pytest.mark.threat(15)
async def test_a_line_that_is_too_long_is_refused_and_the_next_one_counts(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    ann.send("x" * 20_000, "short")
    await ann.until("That line was too long")
    await bob.until("<ann> short")
    ann.send("y" * 5_000)
    await ann.until(r"A message of 5000 bytes is too long: 4096 at most")
    assert "yyy" not in bob.seen.decode()


async def test_whatever_is_typed_first_is_told_from_irc(connect: Connect) -> None:
    """“nick” and “user” could be names; only with a space behind them are they IRC."""
    peer = await connect()
    peer.send("nick")
    await peer.until("You are nick")


async def test_a_hundred_lines_at_once_keep_their_order(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    ann.send(*(f"line {n}" for n in range(100)))
    await bob.until("line 99\r\n")
    said = [line.split("> ")[1] for line in bob.seen.decode().splitlines() if "<ann>" in line]
    assert said == [f"line {n}" for n in range(100)]


async def test_who_comes_back_sees_where_they_left(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    await bob.until("-- What is said in #lobby is recorded, and shown to those who join later.")
    ann.send("known")
    await bob.until("<ann> known")
    bob.send("/part")
    await ann.until("-- bob left")
    ann.send("missed", "/who")
    await ann.until("-- #lobby: ann")
    bob.send("/join #lobby")
    await bob.until(
        r"-- Said here before:\r\n.*<ann> known\r\n"
        r"-- You were away from \d\d:\d\d to \d\d:\d\d\. Said since then:\r\n.*<ann> missed\r\n-- Now:\r\n"
    )


async def test_what_was_said_is_found(connect: Connect) -> None:
    ann, bob = await connect(), await connect()
    await ann.enter_line("ann")
    await bob.enter_line("bob")
    ann.send("green tea", "coffee", "/msg bob tea?", "/join #tea", "tea for one", "/who")
    await ann.until("-- #tea: @?ann")
    bob.send("/search tea", "/search #lobby tea", "/search milk", "/search #tea tea", "/search")
    await bob.until(
        r"-- Found:\r\n.* #lobby <ann> green tea\r\n.* \(to bob\) <ann> tea\?\r\n-- That is all\.\r\n"
        r"-- Found:\r\n.* #lobby <ann> green tea\r\n-- That is all\.\r\n"
        r"-- Nothing was found\.\r\n-- You are not in #tea\. Join it first\.\r\n"
        r"-- Something is missing: /search \[#ROOM\] WORDS\r\n"
    )
