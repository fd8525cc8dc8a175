"""AWAY, MONITOR, SETNAME and their notifications: how others are, and since when."""

import pytest

from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, exactly, gather, log_in, told
from tests.irc.peers import Line, ask, commands, drain, enter, isupport, one, only
from tests.peer import Peer

# AWAY


async def test_being_away_and_back_is_acknowledged(connect: Connect) -> None:
    """«The server acknowledges the change in away status by returning the RPL_NOWAWAY and RPL_UNAWAY numerics.»
    (modern.ircdocs.horse, "AWAY message")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "AWAY :I'm not here right now"), rf"{SERVER} 306 ann {TEXT}")
    exactly(await told(ann, "AWAY :still not"), rf"{SERVER} 306 ann {TEXT}")
    exactly(await told(ann, "AWAY"), rf"{SERVER} 305 ann {TEXT}")
    exactly(await told(ann, "AWAY"), rf"{SERVER} 305 ann {TEXT}")


async def test_an_empty_reason_is_being_back(connect: Connect) -> None:
    """«If this command is sent with no parameters, or with the empty string as the parameter, the user is no longer
    away.» (modern.ircdocs.horse, "AWAY message")"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    await told(ann, "AWAY :I'm not here right now")
    assert "301" in commands(await told(bob, "WHOIS ann"))
    exactly(await told(ann, "AWAY :"), rf"{SERVER} 305 ann {TEXT}")
    assert "301" not in commands(await told(bob, "WHOIS ann"))


async def test_who_writes_to_somebody_away_is_told(connect: Connect) -> None:
    """«Servers SHOULD notify clients when a user they're interacting with is away when relevant, including sending
    these numerics: RPL_AWAY, with the away message, when a PRIVMSG command is directed at the away user (not to a
    channel they are on).» (modern.ircdocs.horse, "AWAY message"); «RPL_AWAY (301) "<client> <nick> :<message>"»"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    assert await told(bob, "PRIVMSG ann :what's up") == []
    await told(ann, "AWAY :I'm not here right now")
    exactly(await told(bob, "PRIVMSG ANN :what's up"), f"{SERVER} 301 bob ann :I'm not here right now")
    exactly(
        await told(ann),
        ":bob!bob@localhost PRIVMSG (?i:ann) :what's up",
    )
    assert await told(bob, "PRIVMSG #tea :what's up") == []
    assert await told(bob, "NOTICE ann :what's up") == [], "«automatic replies MUST NEVER be sent» to a NOTICE"
    await told(ann, "AWAY")
    assert await told(bob, "PRIVMSG ann :what's up") == []


async def test_whois_and_userhost_and_who_tell_who_is_away(connect: Connect) -> None:
    """«RPL_AWAY, with the away message, in replies to WHOIS messages. In the RPL_USERHOST numeric, as the + or -
    character. In the RPL_WHOREPLY numeric, as the H or G character.» (modern.ircdocs.horse, "AWAY message")"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    assert only(await told(bob, "WHOIS ann"), "301") == []
    exactly(await told(bob, "USERHOST ann"), rf"{SERVER} 302 bob ann=\+ann@localhost")
    await told(ann, "AWAY :I'm not here right now")
    exactly(only(await told(bob, "WHOIS ann"), "301"), f"{SERVER} 301 bob ann :I'm not here right now")
    exactly(await told(bob, "USERHOST ann"), f"{SERVER} 302 bob ann=-ann@localhost")
    assert one(only(await told(bob, "WHO ann"), "352")).params[6] == "G"
    await told(ann, "AWAY")
    assert one(only(await told(bob, "WHO ann"), "352")).params[6] == "H"


# away-notify


async def test_those_who_want_to_know_are_told_who_goes_away_and_comes_back(connect: Connect) -> None:
    """«clients will be sent an AWAY message when a user sharing a channel with them sets, changes or removes their
    away state» (IRCv3 away-notify); «:nick!user@host AWAY [:message]. […] If the message is not present, the user is
    removing their away message/state.»"""
    ann = await enter(connect, "ann", "#tea,#milk", "away-notify")
    bob = await enter(connect, "bob", "#tea,#milk")
    await drain(ann)
    for sent, seen in [("AWAY :i'm going away", " :i'm going away"), ("AWAY :for long", " :for long"), ("AWAY", "")]:
        await told(bob, sent)
        exactly(await told(ann), f":bob!bob@localhost AWAY{seen}")


async def test_who_did_not_ask_is_not_told_who_is_away(connect: Connect) -> None:
    """«When this capability is enabled, clients will be sent an AWAY message» (IRCv3 away-notify)"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    eve = await enter(connect, "eve", "#elsewhere", "away-notify")
    await told(bob, "AWAY :i'm going away", "AWAY")
    assert await told(ann) == []
    assert await told(eve) == [], "who shares no room is not told either"


async def test_who_is_away_already_is_told_of_when_they_join(connect: Connect) -> None:
    """«as well as when a user joins and has an away message set. (Note that AWAY will not be sent for joining users
    with no away message set.)» (IRCv3 away-notify)"""
    ann, bob = await enter(connect, "ann", "#tea", "away-notify"), await enter(connect, "bob")
    await told(bob, "AWAY :i'm already away", "JOIN #tea")
    exactly(await told(ann), ":bob!bob@localhost JOIN #tea", ":bob!bob@localhost AWAY :i'm already away")
    await told(bob, "AWAY", "PART #tea")
    await drain(ann)
    await told(bob, "JOIN #tea")
    exactly(await told(ann), ":bob!bob@localhost JOIN #tea")


# MONITOR


async def leave(peer: Peer) -> None:
    """Quit, and wait until the server has closed."""
    peer.send("QUIT :bye")
    await peer.end()


def online(nick: str, to: str = "ann") -> str:
    """A pattern for RPL_MONONLINE."""
    return rf"{SERVER} 730 ({to}|\*) {nick}(![^@ ,]+@localhost)?"


def offline(nick: str, to: str = "ann") -> str:
    """A pattern for RPL_MONOFFLINE."""
    return rf"{SERVER} 731 ({to}|\*) {nick}"


def targets(lines: list[Line], numeric: str) -> set[str]:
    """The nicks in the lists of that numeric."""
    return {name.partition("!")[0] for line in only(lines, numeric) for name in line.params[1].split(",")}


async def test_monitoring_is_announced_with_its_limit(connect: Connect) -> None:
    """«Support of this specification is indicated by the MONITOR token in RPL_ISUPPORT (005). This token takes an
    optional parameter, of the maximum amount of targets a client may have in their monitor list.» (IRCv3 monitor)"""
    assert isupport(await enter(connect, "ann"))["MONITOR"] == "100"


async def test_one_is_told_when_somebody_comes_and_goes(connect: Connect) -> None:
    """«If any of the targets being added are offline, the server will generate RPL_MONOFFLINE numerics listing those
    targets that are offline.» (IRCv3 monitor); «RPL_MONONLINE […] is used to indicate to a client that either a
    target has just become online, or that a target they have added to their monitor list is online.»"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "MONITOR + bob"), offline("bob"))
    for _ in range(2):
        bob = await enter(connect, "bob")
        exactly(await told(ann), online("bob"))
        await leave(bob)
        exactly(await told(ann), offline("bob"))


async def test_one_is_told_who_is_here_already(connect: Connect) -> None:
    """«If any of the targets being added are online, the server will generate RPL_MONONLINE numerics listing those
    targets that are online.» (IRCv3 monitor)"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    exactly(sorted(await told(ann, "MONITOR + BOB,baz")), online("bob"), offline("baz"))
    await leave(bob)
    exactly(await told(ann), offline("bob"))


async def test_nobody_is_here_before_they_have_come_in(connect: Connect) -> None:
    """«a target has just become online» (IRCv3 monitor): who only asks for a nick is not."""
    ann, other = await enter(connect, "ann"), await connect()
    exactly(await told(ann, "MONITOR + bob"), offline("bob"))
    other.send("NICK bob", "PING early")
    await other.until(r" PONG .*\r\n")
    assert await told(ann) == []
    await leave(other)
    assert await told(ann) == []


async def test_a_nick_that_changes_goes_and_comes(connect: Connect) -> None:
    """«RPL_MONOFFLINE: a target has just left the irc network» (IRCv3 monitor); irctest, monitor: «nickname changes
    must trigger RPL_MONOFFLINE», «no numerics for a case change», and «RPL_MONOFFLINE with the current unfolded
    nick»."""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    exactly(await told(ann, "MONITOR + qux"), offline("qux"))
    await told(bob, "NICK qux")
    exactly(await told(ann), online("qux"))
    await told(bob, "NICK QUX")
    assert await told(ann) == []
    await told(bob, "NICK bazbat")
    exactly(await told(ann), offline("QUX"))


async def test_who_is_monitored_no_more_is_told_of_no_more(connect: Connect) -> None:
    """«MONITOR - target[,target2]*: Removes the given list of targets from the list of targets being monitored. No
    output will be returned for use of this command.» (IRCv3 monitor)"""
    ann, eve = await enter(connect, "ann"), await enter(connect, "eve")
    await told(ann, "MONITOR + bob,baz")
    await told(eve, "MONITOR + bob")
    bob = await enter(connect, "bob")
    exactly(await told(ann), online("bob"))
    exactly(await told(eve), online("bob", "eve"))
    assert await told(ann, "MONITOR - BOB,baz,never") == []
    await leave(bob)
    assert await told(ann) == []
    exactly(await told(eve), offline("bob", "eve"))


async def test_a_list_may_be_cleared(connect: Connect) -> None:
    """«MONITOR C: Clears the list of targets being monitored. No output will be returned for use of this command.»
    (IRCv3 monitor)"""
    ann = await enter(connect, "ann")
    await told(ann, "MONITOR + bob,baz")
    assert await told(ann, "MONITOR C") == []
    exactly(await told(ann, "MONITOR L"), f"{SERVER} 733 ann {TEXT}")
    await enter(connect, "bob")
    assert await told(ann) == []


async def test_a_list_may_be_seen(connect: Connect) -> None:
    """«MONITOR L: Outputs the current list of targets being monitored. All output will use RPL_MONLIST, and the
    output will be terminated with RPL_ENDOFMONLIST.» (IRCv3 monitor); «Targets already in the list MUST NOT be added
    again.»"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "MONITOR L"), f"{SERVER} 733 ann {TEXT}")
    await told(ann, "MONITOR + qux", "MONITOR + bazbat,QUX")
    lines = await told(ann, "MONITOR L")
    assert sorted(name for line in only(lines, "732") for name in line.params[1].split(",")) == ["bazbat", "qux"]
    exactly(lines[-1:], f"{SERVER} 733 ann {TEXT}")
    await told(ann, "MONITOR - qux")
    exactly(await told(ann, "MONITOR L"), f"{SERVER} 732 ann bazbat", f"{SERVER} 733 ann {TEXT}")


async def test_the_state_of_all_may_be_asked_for(connect: Connect) -> None:
    """«MONITOR S: Outputs for each target in the list being monitored, whether the client is online or offline. All
    targets that are online will be sent using RPL_MONONLINE, all targets that are offline will be sent using
    RPL_MONOFFLINE.» (IRCv3 monitor)"""
    ann, _ = await enter(connect, "ann"), await enter(connect, "bob")
    assert await told(ann, "MONITOR S") == []
    await told(ann, "MONITOR + bob,baz")
    exactly(sorted(await told(ann, "MONITOR S")), online("bob"), offline("baz"))


@pytest.mark.parametrize("mask", ["*!username@localhost", "b*", "bo?", "*"])
async def test_masks_are_not_monitored(connect: Connect, mask: str) -> None:
    """«For this specification, 'target' MUST be a valid nick as determined by the IRC daemon.» (IRCv3 monitor);
    «disallowing subscription to hostmasks, allowing users to avoid nick-change stalking»"""
    ann = await enter(connect, "ann")
    assert set(commands(await told(ann, f"MONITOR + {mask}"))) <= {"731"}
    await enter(connect, "bob")
    assert await told(ann) == []
    assert only(await told(ann, "MONITOR S"), "730") == []


async def test_a_list_has_an_end(connect: Connect) -> None:
    """«734 <nick> <limit> <targets> :Monitor list is full. […] The <limit> parameter is the maximum number of targets
    a client may have in their list, the <targets> parameter is the list of targets, as the client sent them, that
    cannot be added.» (IRCv3 monitor)"""
    ann = await enter(connect, "ann")
    nicks = [f"nick{number}" for number in range(100)]
    for start in range(0, 100, 25):
        lines = await told(ann, f"MONITOR + {','.join(nicks[start : start + 25])}")
        assert set(commands(lines)) == {"731"}
        assert targets(lines, "731") == set(nicks[start : start + 25])
    exactly(await told(ann, "MONITOR + Another"), rf"{SERVER} 734 ann 100 Another {TEXT}")
    assert targets(await told(ann, "MONITOR L"), "732") == set(nicks)
    await told(ann, "MONITOR - nick7")
    exactly(await told(ann, "MONITOR + Another"), offline("Another"))


async def test_long_lists_come_in_several_lines(connect: Connect) -> None:
    """«In commands and numerics where multiple targets may occur, the length of the target list is limited only by
    the buffer size of 512 chars, as defined in RFC1459.» (IRCv3 monitor)"""
    ann = await enter(connect, "ann")
    nicks = [f"{'n' * 28}{number:02}" for number in range(30)]
    for start in range(0, 30, 10):
        await told(ann, f"MONITOR + {','.join(nicks[start : start + 10])}")
    lines = await ask(ann, "MONITOR L")
    assert targets(lines, "732") == set(nicks)
    assert commands(lines).count("733") == 1
    lines = await ask(ann, "MONITOR S")
    assert targets(lines, "731") == set(nicks)
    assert max(len(line) for line in lines) <= 510


# extended-monitor


@pytest.mark.parametrize("monitored", ["before", "after"])
async def test_those_monitored_are_told_of_when_they_are_away(connect: Connect, monitored: str) -> None:
    """«When enabled by the client: If away-notify is also enabled, the client will get AWAY notifications for
    monitored nicks.» (IRCv3 extended-monitor)"""
    ann = await enter(connect, "ann", "", "extended-monitor away-notify")
    if monitored == "before":
        await told(ann, "MONITOR + bob")
    bob = await enter(connect, "bob")
    if monitored == "after":
        await told(ann, "MONITOR + bob")
    await drain(ann)
    await told(bob, "AWAY :afk")
    exactly(await told(ann), ":bob!bob@localhost AWAY afk")
    await told(bob, "AWAY")
    exactly(await told(ann), ":bob!bob@localhost AWAY")
    await told(ann, "MONITOR - bob")
    await told(bob, "AWAY :afk")
    assert await told(ann) == []


async def test_those_monitored_are_told_of_when_they_change_their_name(connect: Connect) -> None:
    """«If setname is also enabled, the client will get SETNAME notifications for monitored nicks.» (IRCv3
    extended-monitor)"""
    ann, bob = await enter(connect, "ann", "", "extended-monitor setname"), await enter(connect, "bob", "", "setname")
    await told(ann, "MONITOR + bob")
    await told(bob, "SETNAME :new name")
    exactly(await told(ann), ":bob!bob@localhost SETNAME :new name")


async def test_those_monitored_are_told_of_when_they_log_in(connect: Connect) -> None:
    """«If account-notify is also enabled, the client will get ACCOUNT notifications for monitored nicks.» (IRCv3
    extended-monitor)"""
    ann, bob = await enter(connect, "ann", "", "extended-monitor account-notify"), await enter(connect, "bob")
    eve = await enter(connect, "eve", "", "extended-monitor")
    for peer in (ann, eve):
        await told(peer, "MONITOR + bob")
    await log_in(bob)
    exactly(await told(ann), ":bob!bob@localhost ACCOUNT bob")
    assert await told(eve) == []


@pytest.mark.parametrize("caps", ["", "extended-monitor", "away-notify setname", "extended-monitor account-notify"])
async def test_nothing_is_told_of_those_monitored_without_both_capabilities(connect: Connect, caps: str) -> None:
    """«If away-notify is also enabled […]. If setname is also enabled […]» (IRCv3 extended-monitor)"""
    ann, bob = await enter(connect, "ann", "", caps), await enter(connect, "bob", "", "setname")
    exactly(await told(ann, "MONITOR + bob"), online("bob"))
    await told(bob, "AWAY :afk", "AWAY", "SETNAME :new name")
    assert await told(ann) == []


async def test_who_shares_a_room_with_those_monitored_is_told_once(connect: Connect) -> None:
    """«clients are not able to do so when they don't share a channel» (IRCv3 extended-monitor): with a room in common
    it is the same notification."""
    ann = await enter(connect, "ann", "#tea,#milk", "extended-monitor away-notify setname")
    bob = await enter(connect, "bob", "#tea,#milk", "setname")
    await told(ann, "MONITOR + bob")
    await told(bob, "AWAY :afk", "SETNAME :new name")
    exactly(await told(ann), ":bob!bob@localhost AWAY afk", ":bob!bob@localhost SETNAME :new name")


# SETNAME


async def test_a_new_realname_is_told_to_oneself_and_those_around(connect: Connect) -> None:
    """«If they accept the realname change, they MUST send the server-to-client version of the SETNAME message to all
    clients in common channels, as well as to the client from which it originated. The SETNAME message MUST NOT be
    sent to clients which do not have the setname capability negotiated.» (IRCv3 setname)"""
    ann = await enter(connect, "ann", "#tea,#milk", "setname")
    bob = await enter(connect, "bob", "#tea,#milk", "setname")
    eve = await enter(connect, "eve", "#tea")
    joe = await enter(connect, "joe", "#elsewhere", "setname")
    await drain(ann, bob)
    exactly(
        await told(ann, "SETNAME :Bruce Wayne <bruce@wayne>"), ":ann!ann@localhost SETNAME :Bruce Wayne <bruce@wayne>"
    )
    exactly(await told(bob), ":ann!ann@localhost SETNAME :Bruce Wayne <bruce@wayne>")
    assert await told(eve) == []
    assert await told(joe) == []
    exactly(await told(ann, "SETNAME Batman"), ":ann!ann@localhost SETNAME Batman")
    exactly(only(await told(joe, "WHOIS ann"), "311"), rf"{SERVER} 311 joe ann ann localhost \* Batman")


async def test_who_has_not_asked_for_it_may_change_their_name_in_silence(connect: Connect) -> None:
    """«If a client sends a SETNAME command without having negotiated the capability, the server SHOULD handle it
    silently, as the historic implementations did.» (IRCv3 setname)"""
    ann = await enter(connect, "ann")
    assert await told(ann, "SETNAME :somebody else") == []
    exactly(only(await told(ann, "WHOIS ann"), "311"), rf"{SERVER} 311 ann ann ann localhost \* :somebody else")


async def test_a_realname_that_cannot_be_is_refused(connect: Connect) -> None:
    """«Servers MUST check the realname for validity (taking length limits into consideration). […] If the server
    rejects the realname due to invalidity, it MUST send a FAIL message of the following format: FAIL SETNAME
    INVALID_REALNAME :Realname is not valid» (IRCv3 setname)"""
    ann, bob = await enter(connect, "ann", "#tea", "setname"), await enter(connect, "bob", "#tea", "setname")
    most = int(isupport(ann)["NAMELEN"] or 0)
    assert 0 < most < 400
    for name in ["", "n" * (most + 1)]:
        exactly(
            only(await told(ann, f"SETNAME :{name}"), "SETNAME", "FAIL"), f"{SERVER} FAIL SETNAME INVALID_REALNAME .*"
        )
    assert await told(bob) == []
    exactly(only(await told(ann, "WHOIS ann"), "311"), rf"{SERVER} 311 ann ann ann localhost \* ann")
    exactly(await told(ann, f"SETNAME :{'n' * most}"), f":ann!ann@localhost SETNAME n{{{most}}}")


# chghost


async def test_chghost_is_offered(connect: Connect) -> None:
    """«The chghost capability allows servers to send a notification when clients change their username or host.»
    (IRCv3 chghost)"""
    peer = await connect()
    peer.send("CAP LS 302", "CAP REQ :chghost", "CAP END", "NICK ann", "USER ann 0 * :ann")
    await peer.until(r"^:\S+ CAP \* LS (\* )?:.*\bchghost\b.*\r\n")
    await peer.until(r"^:\S+ CAP \* ACK :chghost *\r\n")
    await peer.until(r"^:\S+ 376 ann .*\r\n")
    await told(peer, "JOIN #tea")
    assert only(await told(peer, "NICK anna"), "CHGHOST") == [], "neither user nor host has changed"
