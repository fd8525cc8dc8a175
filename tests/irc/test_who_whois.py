"""WHO, WHOX, WHOIS, WHOWAS, USERHOST, ISON: who people are."""

import re
import time

import pytest

from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, TIME, become_operator, exactly, gather, told
from tests.irc.peers import Line, commands, drain, enter, enter_account, one, only
from tests.peer import Peer


async def named(connect: Connect, nick: str, user: str, name: str) -> Peer:
    """A new client with a username and a realname."""
    peer = await connect()
    peer.send(f"NICK {nick}", f"USER {user} 0 * :{name}")
    await peer.until(r" (376|422) .*\r\n")
    await drain(peer)
    return peer


def who(nick: str, room: str, user: str, flags: str, name: str, to: str) -> str:
    """A pattern for one RPL_WHOREPLY."""
    return rf"{SERVER} 352 {to} {room} {user} localhost tcpchat\.local {nick} {flags} :\d+ {name}"


async def leave(peer: Peer, *lines: str) -> None:
    """Quit, and wait until the server has closed."""
    peer.send(*lines, "QUIT :bye")
    await peer.end()


# WHO


@pytest.mark.parametrize("mask", ["coolNick", "coolnick", "coolni*", "?oolNick"])
async def test_who_finds_a_nick_or_those_like_it(connect: Connect, mask: str) -> None:
    """«The mask can be one of the following: […] An exact nickname, in which case a single user is returned. A mask
    pattern, in which case all visible users whose nickname matches are listed.» (modern.ircdocs.horse, "WHO
    message"); «<mask> MUST be the same <mask> parameter sent by the client in its WHO message, but MAY be
    casefolded.» ("RPL_ENDOFWHO")"""
    cool, bob = await named(connect, "coolNick", "myusernam", "My UniqueReal Name"), await enter(connect, "bob")
    await told(cool, "JOIN #chan")
    without_room = who("coolNick", r"\*", "myusernam", "H", "My UniqueReal Name", "bob")
    with_room = who("coolNick", "#chan", "myusernam", "H@", "My UniqueReal Name", "bob")
    exactly(
        await told(bob, f"WHO {mask}"),
        f"{without_room}|{with_room}",
        rf"{SERVER} 315 bob (?i:{re.escape(mask)}) {TEXT}",
    )


async def test_who_of_everybody_has_everybody_who_is_visible(connect: Connect) -> None:
    """«A mask pattern, in which case all visible users whose nickname matches are listed. […] Visible users are users
    who either aren't invisible (user mode +i) or have a common channel with the requesting client.»
    (modern.ircdocs.horse, "WHO message")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    eve = await enter(connect, "eve")
    await told(bob, "MODE bob +i")
    lines = await told(eve, "WHO *")
    assert {line.params[5] for line in only(lines, "352")} == {"ann", "eve"}, "no service, and nobody invisible"
    exactly(lines[-1:], rf"{SERVER} 315 eve \* {TEXT}")
    assert {line.params[5] for line in only(await told(ann, "WHO *"), "352")} == {"ann", "bob", "eve"}
    assert {line.params[5] for line in only(await told(eve, "WHO"), "352")} == {"ann", "eve"}


async def test_who_of_a_room_has_its_members(connect: Connect) -> None:
    """«A channel name, in which case the channel members are listed.» (modern.ircdocs.horse, "WHO message"); «<flags>
    contains the following characters, in this order: Away status: the letter H […] to indicate that the user is here,
    or the letter G […] to indicate that the user is gone. […] Optionally, the highest channel membership prefix that
    the client has in <channel>, if the client has one.» ("RPL_WHOREPLY")"""
    ann, bob = await gather(connect, "#Chan", "ann", "bob")
    await told(ann, "AWAY :be right back")
    for asked in ["#Chan", "#CHAN"]:
        lines = await told(bob, f"WHO {asked}")
        exactly(
            sorted(lines[:-1]),
            who("ann", "#Chan", "ann", "G@", "ann", "bob"),
            who("bob", "#Chan", "bob", "H", "bob", "bob"),
        )
        exactly(lines[-1:], rf"{SERVER} 315 bob (?i:#chan) {TEXT}")


async def test_who_of_a_room_names_that_room(connect: Connect) -> None:
    """irctest, who: «When WHO <#chan> is sent, the second parameter of RPL_WHOREPLY must be #chan»
    (ircdocs/modern-irc issue 209)."""
    for nick in ["ann", "bob"]:
        peer = await enter(connect, nick, "#chan,#other")
    for room in ["#chan", "#other"]:
        lines = only(await told(peer, f"WHO {room}"), "352")
        assert [(line.params[1], line.params[5]) for line in sorted(lines, key=lambda it: it.params[5])] == [
            (room, "ann"),
            (room, "bob"),
        ]


async def test_who_of_nobody_just_ends(connect: Connect) -> None:
    """«The server will answer this command with zero, one or more RPL_WHOREPLY, and end the list with RPL_ENDOFWHO.»
    (modern.ircdocs.horse, "WHO message")"""
    ann = await enter(connect, "ann")
    for mask in ["idontexist", "#nowhere", "no*"]:
        exactly(await told(ann, f"WHO {mask}"), rf"{SERVER} 315 ann {re.escape(mask)} {TEXT}")


@pytest.mark.parametrize("mask", ["ann", "ANN", "an*"])
async def test_who_shows_who_is_away_and_who_is_operator(connect: Connect, mask: str) -> None:
    """«Away status: the letter H or […] G […]. Optionally, a literal asterisk character ('*', 0x2A) to indicate that
    the user is a server operator. Optionally, the highest channel membership prefix» (modern.ircdocs.horse,
    "RPL_WHOREPLY": «in this order»)"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")

    async def flags() -> str:
        line = one(only(await told(bob, f"WHO {mask}"), "352"))
        assert line.params[1] in {"*", "#tea"}
        return line.params[6].removesuffix("@") if line.params[1] == "#tea" else line.params[6]

    assert await flags() == "H"
    await told(ann, "AWAY :be right back")
    assert await flags() == "G"
    await become_operator(ann)
    assert await flags() == "G*"
    await told(ann, "AWAY")
    assert await flags() == "H*"
    assert "H*@" in [line.params[6] for line in only(await told(bob, "WHO #tea"), "352")]


async def test_the_invisible_are_found_by_name_and_by_those_who_share_a_room(connect: Connect) -> None:
    """«If a user is set to 'invisible', they will not show up in commands such as WHO unless they share a channel
    with the user that submitted the command.» (modern.ircdocs.horse, "Invisible User Mode"; irctest, who:
    «invisibility should not be respected for plain nicknames, only for masks»)"""
    ann, eve = await enter(connect, "ann"), await enter(connect, "eve")
    await told(ann, "MODE ann +i")
    assert commands(await told(eve, "WHO an*")) == ["315"]
    assert commands(await told(eve, "WHO ann")) == ["352", "315"]
    await told(ann, "JOIN #tea")
    assert commands(await told(eve, "WHO #tea")) == ["315"]
    assert commands(await told(eve, "WHO an*")) == ["315"]
    await told(eve, "JOIN #tea")
    assert commands(await told(eve, "WHO an*")) == ["352", "315"]
    assert sorted(commands(await told(eve, "WHO #tea"))) == ["315", "352", "352"]


async def test_who_keeps_secret_rooms_secret(connect: Connect) -> None:
    """«A channel that is set to secret will not show up in responses […] unless the client sending the command is
    joined to the channel.» (modern.ircdocs.horse, "Secret Channel Mode")"""
    ann, eve = await enter(connect, "ann", "#tea"), await enter(connect, "eve")
    await told(ann, "MODE #tea +s")
    assert commands(await told(eve, "WHO #tea")) == ["315"]
    for asked in ["WHO ann", "WHO *", "WHO ann %cn", "WHO ann %cnf"]:
        assert not any("#tea" in line for line in await told(eve, asked)), asked
    exactly(only(await told(eve, "WHO ann"), "352"), who("ann", r"\*", "ann", "H", "ann", "eve"))
    assert commands(await told(ann, "WHO #tea")) == ["352", "315"]


async def test_who_may_be_of_operators_only(connect: Connect) -> None:
    """«If the "o" parameter is passed only operators are returned according to the <mask> supplied.» (RFC 2812
    3.6.1)"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    for asked in ["WHO * o", "WHO #tea o"]:
        assert commands(await told(bob, asked)) == ["315"]
    await become_operator(ann)
    for asked in ["WHO * o", "WHO #tea o"]:
        lines = await told(bob, asked)
        assert [line.params[5] for line in only(lines, "352")] == ["ann"]
        assert lines[-1].command == "315"


async def test_who_has_every_prefix_for_those_who_want_it(connect: Connect) -> None:
    """«When requested, the multi-prefix client capability will cause the IRC server to send all possible prefixes
    which apply to a user in NAMES and WHO output. These prefixes MUST be in order of 'rank', from highest to lowest.»
    (IRCv3 multi-prefix)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea", "multi-prefix")
    await told(ann, "MODE #tea +v ann")
    await drain(bob)
    assert [line.params[6] for line in only(await told(ann, "WHO #tea"), "352") if line.params[5] == "ann"] == ["H@"]
    assert [line.params[6] for line in only(await told(bob, "WHO #tea"), "352") if line.params[5] == "ann"] == ["H@+"]
    flags = [line.params[-1] for line in only(await told(bob, "WHO #tea %nf"), "354") if line.params[1] == "ann"]
    assert flags == ["H@+"]


# WHOX


async def test_whox_is_announced(connect: Connect) -> None:
    """«Servers supporting this specification MUST include the WHOX token in RPL_ISUPPORT without any value.» (IRCv3
    whox)"""
    ann = await enter(connect, "ann")
    assert re.search(r" 005 ann (\S+ )*WHOX (\S+ )*:", ann.seen.decode())


@pytest.mark.parametrize("fields", ["tcuihsnfdlaor", "roaldfnshiuct"])
async def test_whox_has_its_fields_in_its_own_order(connect: Connect, fields: str) -> None:
    """«354 <client> [token] [channel] [user] [ip] [host] [server] [nick] [flags] [idle] [account] [:realname].
    Servers MUST send the fields in the order specified above.» (IRCv3 whox; irctest, who, has the hop count d before
    the idle time and the operator level o after the account)"""
    cool, bob = (
        await named(connect, "coolNick", "myusernam", "My UniqueReal Name"),
        await enter(connect, "bob", "#chan"),
    )
    await told(cool, "JOIN #chan")
    await drain(bob)
    reply, end = await told(bob, f"WHO coolNick %{fields},123")
    assert reply.command == "354"
    me, token, channel, user, ip, host, server, nick, flags, hops, idle, account, level, realname = reply.params
    assert (me, token, user, host, server, nick) == (
        "bob",
        "123",
        "myusernam",
        "localhost",
        "tcpchat.local",
        "coolNick",
    )
    assert channel in {"#chan", "*"}
    assert ip in {"127.0.0.1", "255.255.255.255"}
    assert flags == "H"
    assert re.fullmatch(r"\d+", hops)
    assert re.fullmatch(r"\d", idle)
    assert account == "0"
    assert re.fullmatch(r"\S+", level)
    assert realname == "My UniqueReal Name"
    exactly([end], rf"{SERVER} 315 bob (?i:coolnick) {TEXT}")


async def test_whox_has_exactly_the_fields_asked_for(connect: Connect) -> None:
    """«Servers MUST include in their reply all of the standard fields requested by the client, and MUST NOT add any
    additional field not requested by the client. Servers MUST ignore any non-standard field they don't support.»
    (IRCv3 whox)"""
    ann, _ = await gather(connect, "#tea", "ann", "bob")
    for fields, expected in {
        "tn,321": "321 bob",
        "nt,7": "7 bob",
        "n": "bob",
        "uhnar": "bob localhost bob 0 bob",
        "nY": "bob",
        "s": r"tcpchat\.local",
        "r": "bob",
    }.items():
        exactly(
            await told(ann, f"WHO bob %{fields}"),
            rf"{SERVER} 354 ann {expected}",
            rf"{SERVER} 315 ann bob {TEXT}",
        )
    lines = await told(ann, "WHO #tea %cnft,42")
    exactly(sorted(lines[:-1]), f"{SERVER} 354 ann 42 #tea ann H@", f"{SERVER} 354 ann 42 #tea bob H")
    assert lines[-1].command == "315"
    assert only(lines, "352") == [], "«Servers MUST NOT send RPL_WHOREPLY replies.»"


async def test_whox_has_the_account(connect: Connect) -> None:
    """«'a': return the account name […] 0 is used for [account] when the user is logged out» (IRCv3 whox)"""
    ann, _, _ = await enter(connect, "ann"), await enter_account(connect, "bob"), await enter(connect, "eve")
    exactly(only(await told(ann, "WHO bob %na"), "354"), f"{SERVER} 354 ann bob bob")
    exactly(only(await told(ann, "WHO eve %na"), "354"), f"{SERVER} 354 ann eve 0")


async def test_whox_may_be_of_operators_only(connect: Connect) -> None:
    """«Servers MAY support additional non-standard flags before the percent character.» (IRCv3 whox); «If the "o"
    parameter is passed only operators are returned» (RFC 2812 3.6.1)"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await become_operator(ann)
    exactly(only(await told(bob, "WHO * o%n"), "352", "354"), f"{SERVER} 354 bob ann")


# WHOIS

KNOWN = {
    "301": r"bob :I'm on a break",
    "307": rf"bob {TEXT}",
    "311": r"bob bob localhost \* bob",
    "312": rf"bob tcpchat\.local {TEXT}",
    "313": rf"bob {TEXT}",
    "317": rf"bob \d+ {TIME} {TEXT}",
    "319": "bob :(@#chan1 @#chan2|@#chan2 @#chan1)",
    "330": rf"bob bob {TEXT}",
    "338": rf"bob ((bob@localhost )?127\.0\.0\.1|localhost) {TEXT}",
    "378": rf"bob {TEXT}",
    "379": rf"bob {TEXT}",
    "671": rf"bob {TEXT}",
}
"""All that may be told of bob, and in which form (modern.ircdocs.horse, "WHOIS message", but 276 and 320)."""


def of_bob(lines: list[Line]) -> set[str]:
    """Which numerics are told to ann of bob; each at most once, in its form."""
    assert lines[0].command == "311", "irctest, whois: RPL_WHOISUSER comes first"
    exactly(lines[-1:], rf"{SERVER} 318 ann bob {TEXT}")
    for line in lines[:-1]:
        assert line.command in KNOWN, line
        exactly([line], rf"{SERVER} {line.command} ann {KNOWN[line.command]}")
    told_of = commands(lines[:-1])
    assert len(told_of) == len(set(told_of)), lines
    return set(told_of)


async def test_whois_tells_who_somebody_is(connect: Connect) -> None:
    """«The server SHOULD answer this command with numeric messages with information about the nick, ending with
    RPL_ENDOFWHOIS» (modern.ircdocs.horse, "WHOIS message"); «RPL_WHOISUSER (311) "<client> <nick> <username> <host> *
    :<realname>"»"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob", "#chan1,#chan2")
    assert {"311", "312", "317", "319"} <= of_bob(await told(ann, "WHOIS bob")) <= {"311", "312", "317", "319", "671"}
    await told(bob, "AWAY :I'm on a break")
    assert "301" in of_bob(await told(ann, "WHOIS bob"))
    await told(bob, "AWAY")
    assert "301" not in of_bob(await told(ann, "WHOIS bob"))
    await become_operator(bob)
    assert "313" in of_bob(await told(ann, "WHOIS bob"))


async def test_whois_is_told_of_those_who_are_spelt_otherwise(connect: Connect) -> None:
    """«RPL_ENDOFWHOIS (318): <nick> MUST be exactly the <nick> parameter sent by the client in its WHOIS message.
    This means the case MUST be preserved» (modern.ircdocs.horse, "RPL_ENDOFWHOIS")"""
    ann, _ = await enter(connect, "ann"), await enter(connect, "bob")
    lines = await told(ann, "WHOIS BOB")
    exactly(lines[:1], rf"{SERVER} 311 ann bob bob localhost \* bob")
    exactly(lines[-1:], rf"{SERVER} 318 ann BOB {TEXT}")


@pytest.mark.parametrize("target", ["", "tcpchat.local", "coolNick", "bob"])
async def test_whois_may_be_asked_of_a_server(connect: Connect, target: str) -> None:
    """«If the <target> parameter is specified, it SHOULD be a server name or the nick of a user. Servers SHOULD send
    the query to a specific server with that name, or to the server <target> is connected to, respectively.»
    (modern.ircdocs.horse, "WHOIS message")"""
    _, bob = await named(connect, "coolNick", "myusernam", "My User Name"), await enter(connect, "bob")
    lines = await told(bob, f"WHOIS {target} coolNick")
    exactly(lines[:1], rf"{SERVER} 311 bob coolNick myusernam localhost \* :My User Name")
    exactly(lines[-1:], rf"{SERVER} 318 bob coolNick {TEXT}")


async def test_whois_of_another_server_is_402(connect: Connect) -> None:
    """«The following numerics MAY be returned as part of the whois reply: […] ERR_NOSUCHSERVER»
    (modern.ircdocs.horse, "WHOIS message")"""
    ann, _ = await enter(connect, "ann"), await enter(connect, "bob")
    lines = await told(ann, "WHOIS nosuch.example bob")
    exactly(lines[:1], rf"{SERVER} 402 ann nosuch\.example {TEXT}")
    assert only(lines, "311") == []


async def test_whois_of_nobody_says_so_and_ends(connect: Connect) -> None:
    """«ending with RPL_ENDOFWHOIS, even if they did not send any other numeric message. This allows clients to stop
    waiting for new numerics.» (modern.ircdocs.horse, "WHOIS message")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "WHOIS Nobody"), rf"{SERVER} 401 ann Nobody {TEXT}", rf"{SERVER} 318 ann Nobody {TEXT}")
    exactly(await told(ann, "WHOIS"), rf"{SERVER} (431 ann|461 ann WHOIS) {TEXT}")


async def test_whois_tells_the_account(connect: Connect) -> None:
    """«RPL_WHOISACCOUNT (330) "<client> <nick> <account> :is logged in as"» (modern.ircdocs.horse,
    "RPL_WHOISACCOUNT")"""
    ann, bob = await enter(connect, "ann"), await enter_account(connect, "bob")
    assert "330" in of_bob(await told(ann, "WHOIS bob"))
    await told(bob, "NICK robert")
    line = one(only(await told(ann, "WHOIS robert"), "330"))
    assert line.params[:3] == ["ann", "robert", "bob"]
    assert len(line.params) == 4
    assert only(await told(bob, "WHOIS ann"), "330", "307") == []


async def test_where_somebody_is_is_for_themselves_and_operators(connect: Connect) -> None:
    """«Servers typically send some of these numerics only to the client itself and to servers operators, as they
    contain privacy-sensitive information that should not be revealed to other users.» (modern.ircdocs.horse, "WHOIS
    message"; RPL_WHOISACTUALLY (338), RPL_WHOISHOST (378), RPL_WHOISMODES (379))"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    private = {"338", "378", "379"}
    assert not private & of_bob(await told(ann, "WHOIS bob"))
    lines = only(await told(bob, "WHOIS bob"), "338", "378")
    assert any("127.0.0.1" in line for line in lines), lines
    for line in lines:
        exactly([line], rf"{SERVER} {line.command} bob {KNOWN[line.command]}")
    await become_operator(ann)
    lines = only(await told(ann, "WHOIS bob"), "338", "378")
    assert any("127.0.0.1" in line for line in lines), lines


async def test_whois_keeps_secret_rooms_secret(connect: Connect) -> None:
    """«Likewise, secret channels will not show up in the RPL_WHOISCHANNELS numeric unless the user the numeric is
    being sent to is joined to that channel.» (modern.ircdocs.horse, "Secret Channel Mode")"""
    ann, eve = await enter(connect, "ann", "#tea,#milk"), await enter(connect, "eve")
    await told(ann, "MODE #tea +s")
    exactly(only(await told(eve, "WHOIS ann"), "319"), rf"{SERVER} 319 eve ann @#milk")
    exactly(only(await told(ann, "WHOIS ann"), "319"), rf"{SERVER} 319 ann ann :(@#tea @#milk|@#milk @#tea)")
    await told(eve, "JOIN #tea")
    exactly(only(await told(eve, "WHOIS ann"), "319"), rf"{SERVER} 319 eve ann :(@#tea @#milk|@#milk @#tea)")
    await told(eve, "PART #tea")
    await told(ann, "PART #milk")
    assert only(await told(eve, "WHOIS ann"), "319") == []


async def test_whois_shows_rooms_of_the_invisible_to_those_who_share_them(connect: Connect) -> None:
    """«In addition, the only channels that will show up in a WHOIS of an invisible user will be those they share with
    the user that submitted the command.» (modern.ircdocs.horse, "Invisible User Mode")"""
    ann, eve = await enter(connect, "ann", "#tea,#milk"), await enter(connect, "eve")
    assert commands(only(await told(eve, "WHOIS ann"), "319")) == ["319"]
    exactly(await told(ann, "MODE ann +i"), r":ann!ann@localhost MODE ann \+i")
    assert only(await told(eve, "WHOIS ann"), "319") == []
    await told(eve, "JOIN #tea")
    exactly(only(await told(eve, "WHOIS ann"), "319"), rf"{SERVER} 319 eve ann @#tea")
    await told(eve, "PART #tea")
    await told(ann, "MODE ann -i")
    exactly(only(await told(eve, "WHOIS ann"), "319"), rf"{SERVER} 319 eve ann :(@#tea @#milk|@#milk @#tea)")


async def test_whois_shows_the_highest_prefix(connect: Connect) -> None:
    """«<prefix> is the highest channel membership prefix that the client has in that channel, if the client has one.»
    (modern.ircdocs.horse, "RPL_WHOISCHANNELS")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    exactly(only(await told(ann, "WHOIS bob"), "319"), rf"{SERVER} 319 ann bob #tea")
    await told(ann, "MODE #tea +v bob")
    exactly(only(await told(ann, "WHOIS bob"), "319"), rf"{SERVER} 319 ann bob \+#tea")
    await told(ann, "MODE #tea +o bob")
    await drain(bob)
    exactly(only(await told(bob, "WHOIS bob"), "319"), rf"{SERVER} 319 bob bob @#tea")


# WHOWAS


async def test_whowas_tells_who_has_gone(connect: Connect) -> None:
    """«A WHOWAS entry is a series of numeric messages starting with RPL_WHOWASUSER, optionally followed by other
    numerics relevant to that user, such as RPL_WHOISACTUALLY and RPL_WHOISSERVER.» (modern.ircdocs.horse, "WHOWAS
    message")"""
    ann, bob = await enter(connect, "ann"), await named(connect, "bob", "username", "Real name")
    await leave(bob)
    for asked in ["bob", "BOB"]:
        lines = await told(ann, f"WHOWAS {asked}")
        exactly(lines[:1], rf"{SERVER} 314 ann bob username localhost \* :Real name")
        exactly(lines[-1:], rf"{SERVER} 369 ann (?i:bob) {TEXT}")
        assert set(commands(lines[1:-1])) <= {"312", "338"}
        exactly(only(lines, "312"), rf"{SERVER} 312 ann bob tcpchat\.local {TEXT}")


async def test_whowas_tells_who_is_called_otherwise_now(connect: Connect) -> None:
    """«This may either be due to a nickname change or the user leaving IRC.» (modern.ircdocs.horse, "WHOWAS
    message")"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    await told(bob, "NICK robert")
    exactly(only(await told(ann, "WHOWAS bob"), "314", "406"), rf"{SERVER} 314 ann bob bob localhost \* bob")


@pytest.mark.parametrize(("count", "found"), [("", 2), (" 1", 1), (" 2", 2), (" 9", 2), (" 0", 2), (" -1", 2)])
async def test_whowas_tells_the_latest_first_and_so_many(connect: Connect, count: str, found: int) -> None:
    """«The history is searched backward, returning the most recent entry first. If there are multiple entries, up to
    <count> replies will be returned (or all of them if no <count> parameter is given). If given, <count> SHOULD be a
    positive number. Otherwise, a full search is done.» (modern.ircdocs.horse, "WHOWAS message")"""
    ann = await enter(connect, "ann")
    await leave(await named(connect, "bob", "ident2", "Second"))
    await leave(await named(connect, "bob", "ident3", "Third"))
    lines = await told(ann, f"WHOWAS bob{count}")
    expected = [
        rf"{SERVER} 314 ann bob ident3 localhost \* Third",
        rf"{SERVER} 314 ann bob ident2 localhost \* Second",
    ]
    exactly(only(lines, "314"), *expected[:found])
    exactly(lines[-1:], rf"{SERVER} 369 ann bob {TEXT}")


async def test_whowas_of_nobody_says_so_and_ends(connect: Connect) -> None:
    """«Servers MUST reply with either ERR_WASNOSUCHNICK or a non-empty list of WHOWAS entries, both followed with
    RPL_ENDOFWHOWAS. […] If the <nick> argument is missing, they SHOULD send a single reply, using either
    ERR_NONICKNAMEGIVEN or ERR_NEEDMOREPARAMS.» (modern.ircdocs.horse, "WHOWAS message")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "WHOWAS bob"), rf"{SERVER} 406 ann bob {TEXT}", rf"{SERVER} 369 ann bob {TEXT}")
    exactly(await told(ann, "WHOWAS"), rf"{SERVER} (431 ann|461 ann WHOWAS) {TEXT}")


async def test_whowas_knows_nobody_who_never_came_in(connect: Connect) -> None:
    """«Whowas asks for information about a nickname which no longer exists.» (modern.ircdocs.horse, "WHOWAS
    message"): one that was only asked for never existed."""
    ann, other = await enter(connect, "ann"), await connect()
    other.send("NICK bob", "PING early")
    await other.until(r" PONG .*\r\n")
    await leave(other)
    exactly((await told(ann, "WHOWAS bob"))[:1], rf"{SERVER} 406 ann bob {TEXT}")


# USERHOST and ISON


async def test_userhost_tells_users_hosts_operators_and_who_is_away(connect: Connect) -> None:
    """«reply = nickname [ isop ] "=" isaway hostname; isop = "*"; isaway = ( "+" / "-" )» (modern.ircdocs.horse,
    "RPL_USERHOST")"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    exactly(await told(ann, "USERHOST BOB"), rf"{SERVER} 302 ann bob=\+bob@localhost")
    await told(bob, "AWAY :gone")
    exactly(await told(ann, "USERHOST bob"), rf"{SERVER} 302 ann bob=-bob@localhost")
    await become_operator(bob)
    exactly(await told(ann, "USERHOST bob"), rf"{SERVER} 302 ann bob\*=-bob@localhost")
    exactly(await told(ann, "USERHOST ann nobody bob"), rf"{SERVER} 302 ann :ann=\+ann@localhost bob\*=-bob@localhost")
    exactly(await told(ann, "USERHOST nobody"), f"{SERVER} 302 ann :")
    exactly(await told(ann, "USERHOST"), f"{SERVER} 461 ann USERHOST {TEXT}")


async def test_userhost_is_of_five_at_most(connect: Connect) -> None:
    """«The USERHOST command takes up to five nicknames, each a separate parameters.» (modern.ircdocs.horse, "USERHOST
    message")"""
    nicks = ["ann", "bob", "cat", "dan", "eve", "fay"]
    peers = [await enter(connect, nick) for nick in nicks]
    line = one(await told(peers[0], f"USERHOST {' '.join(nicks)}"))
    assert [it.partition("=")[0] for it in line.params[-1].split(" ")] == nicks[:5]


async def test_ison_tells_who_of_those_asked_for_is_here(connect: Connect) -> None:
    """«RPL_ISON (303) "<client> :[<nickname>{ <nickname>}]": this numeric lists the nicks that are present on the
    network.» (modern.ircdocs.horse, "RPL_ISON"; RFC 2812 4.9)"""
    ann, _ = await enter(connect, "ann"), await enter(connect, "bob")
    exactly(await told(ann, "ISON nobody BOB ann"), f"{SERVER} 303 ann :bob ann")
    exactly(await told(ann, "ISON :bob ann"), f"{SERVER} 303 ann :bob ann")
    exactly(await told(ann, "ISON nobody"), f"{SERVER} 303 ann :")
    exactly(await told(ann, "ISON"), f"{SERVER} 461 ann ISON {TEXT}")


async def test_since_when_somebody_is_here_and_how_long_idle(connect: Connect) -> None:
    """«<secs> is the number of seconds since the client has been active. […] <signon> is a unix timestamp
    representing when the user joined the network.» (modern.ircdocs.horse, "RPL_WHOISIDLE")"""
    before = int(time.time())
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await told(bob, "PRIVMSG #tea :hi")
    seconds, since = one(only(await told(ann, "WHOIS bob"), "317")).params[2:4]
    assert before <= int(since) <= time.time()
    assert 0 <= int(seconds) <= time.time() - before + 1
