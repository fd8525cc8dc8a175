"""OPER and what operators may do; what the server tells of itself."""

import re
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

import tcpchat
from tcpchat.config import Config, Operator
from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, become_operator, exactly, gather, told
from tests.irc.peers import Line, commands, enter, enter_account, one, only
from tests.peer import Peer

# OPER


async def test_the_right_password_makes_an_operator(connect: Connect) -> None:
    """«RPL_YOUREOPER (381) "<client> :You are now an IRC operator": Sent to a client which has just successfully
    issued an OPER command and gained operator status.» (modern.ircdocs.horse, "RPL_YOUREOPER"; «Oper User Mode: […]
    "+o"», of which one is told by a MODE message)"""
    ann = await enter(connect, "ann")
    lines = await told(ann, "OPER root secret")
    exactly(only(lines, "381"), f"{SERVER} 381 ann {TEXT}")
    mode = one(only(lines, "MODE"))
    assert mode.params[:2] == ["ann", "+o"]
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+o")
    assert "MODE" not in commands(await told(ann, "OPER root secret")), "who is operator does not become one"


@pytest.mark.threat(35)
@pytest.mark.parametrize("given", ["root wrong", "nobody secret", "root SECRET", "root secrets"])
async def test_anything_else_does_not(connect: Connect, given: str) -> None:
    """«The combination of <name> and <password> are REQUIRED to gain Operator privileges.» (RFC 2812 3.1.4; the
    replies are ERR_PASSWDMISMATCH (464) "<client> :Password incorrect", or ERR_NOOPERHOST (491))"""
    ann = await enter(connect, "ann")
    lines = await told(ann, f"OPER {given}")
    exactly(lines, rf"{SERVER} (464 ann|491 ann) {TEXT}")
    assert len(lines[0].params) == 2
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+")


@pytest.mark.parametrize("line", ["OPER", "OPER root"])
async def test_a_name_and_a_password_are_needed(connect: Connect, line: str) -> None:
    """«If a command is sent from a client to a server with less parameters than the command requires to be processed,
    the server will reply with an ERR_NEEDMOREPARAMS (461) numeric and the command will fail.» (modern.ircdocs.horse,
    "Client Messages")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, line), f"{SERVER} 461 ann OPER {TEXT}")


@pytest.mark.threat(35)
@pytest.mark.parametrize("line", ["KILL bob :why", "KILL ann :why", "WALLOPS :hi everyone", "REHASH"])
async def test_what_operators_may_is_not_for_others(connect: Connect, line: str) -> None:
    """«ERR_NOPRIVILEGES (481) "<client> :Permission Denied- You're not an IRC operator"» (modern.ircdocs.horse,
    "ERR_NOPRIVILEGES")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    answer = one(await told(ann, line))
    exactly([answer], f"{SERVER} 481 ann {TEXT}")
    assert len(answer.params) == 2
    assert await told(bob) == []


# KILL


async def test_who_is_killed_is_told_and_gone(connect: Connect) -> None:
    """«When a KILL command is used, the client being killed receives the KILL message, and the <source> of the
    message SHOULD be the operator who performed the command. The user being killed and every user sharing a channel
    with them receives a QUIT message representing that they are leaving the network. The <reason> on this QUIT
    message typically has the form: "Killed (<killer> (<reason>))" […]. The user being killed then receives the ERROR
    message, typically containing a <reason> of "Closing Link: <servername> (Killed (<killer> (<reason>)))". After
    this, their connection is closed.» (modern.ircdocs.horse, "KILL message")"""
    ann, bob, eve = await gather(connect, "#tea", "ann", "bob", "eve")
    await become_operator(ann)
    ann.send("KILL BOB :some arbitrary reason")
    last = (await bob.end()).split("\r\n")
    assert ":ann!ann@localhost KILL bob :some arbitrary reason" in [re.sub(" BOB ", " bob ", line) for line in last]
    assert re.fullmatch(r"ERROR :Closing [Ll]ink: .*Killed \(ann \(some arbitrary reason\)\).*", last[-2])
    assert last[-1] == ""
    gone = ":bob!bob@localhost QUIT :Killed \\(ann \\(some arbitrary reason\\)\\)"
    exactly(await told(eve), gone)
    exactly(only(await told(ann), "QUIT"), gone)
    exactly(await told(eve, "PRIVMSG bob :are you there?"), f"{SERVER} 401 eve bob {TEXT}")
    await enter(connect, "bob", "#tea")


async def test_nobody_is_killed_who_is_not_there(connect: Connect) -> None:
    """«401 ERR_NOSUCHNICK» (RFC 2812 3.7.1, among the replies to KILL); «ERR_CANTKILLSERVER (483): Indicates that a
    KILL command failed because the user tried to kill a server.» (modern.ircdocs.horse, "ERR_CANTKILLSERVER")"""
    ann = await enter(connect, "ann")
    await become_operator(ann)
    exactly(await told(ann, "KILL nobody :why"), f"{SERVER} 401 ann nobody {TEXT}")
    exactly(await told(ann, "KILL tcpchat.local :why"), rf"{SERVER} (483 ann|401 ann tcpchat\.local) {TEXT}")
    exactly(await told(ann, "KILL"), f"{SERVER} 461 ann KILL {TEXT}")


# WALLOPS, REHASH, STATS


async def test_operators_write_to_all_operators(connect: Connect) -> None:
    """«Servers MAY send WALLOPS only to operators. Servers may generate it themselves, and MAY allow operators to
    send them.» (modern.ircdocs.horse, "WALLOPS message")"""
    ann, bob, eve = [await enter(connect, nick) for nick in ("ann", "bob", "eve")]
    await become_operator(ann)
    await become_operator(bob)
    for line in await told(ann, "WALLOPS :hi everyone"):
        exactly([line], ":ann!ann@localhost WALLOPS :hi everyone")
    exactly(await told(bob), ":ann!ann@localhost WALLOPS :hi everyone")
    assert await told(eve) == []
    exactly(await told(ann, "WALLOPS"), f"{SERVER} 461 ann WALLOPS {TEXT}")


async def test_operators_have_the_configuration_read_again(connect: Connect) -> None:
    """«RPL_REHASHING (382) "<client> <config file> :Rehashing"» (modern.ircdocs.horse, "RPL_REHASHING")"""
    ann = await enter(connect, "ann")
    await become_operator(ann)
    lines = await told(ann, "REHASH")
    exactly(only(lines, "382"), rf"{SERVER} 382 ann \S+ {TEXT}")
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+o")


async def test_statistics_end(connect: Connect) -> None:
    """«u - returns a string showing how long the server has been up» (modern.ircdocs.horse, "STATS message"); «242
    RPL_STATSUPTIME ":Server Up %d days %d:%02d:%02d"», «219 RPL_ENDOFSTATS "<stats letter> :End of STATS report"»
    (RFC 2812 5.1)"""
    ann = await enter(connect, "ann")
    await become_operator(ann)
    exactly(
        await told(ann, "STATS u"),
        rf"{SERVER} 242 ann :Server Up \d+ days,? \d+:\d\d:\d\d",
        f"{SERVER} 219 ann u {TEXT}",
    )
    exactly((await told(ann, "STATS z"))[-1:], f"{SERVER} 219 ann z {TEXT}")
    assert set(commands(await told(ann, "STATS"))) <= {"461", "219"}


# LUSERS


def counted(lines: list[Line]) -> dict[str, int]:
    """What the answer to LUSERS says, in numbers."""
    by_numeric = {line.command: line for line in lines}
    assert len(by_numeric) == len(lines), "each numeric comes once"
    assert set(by_numeric) <= {"250", "251", "252", "253", "254", "255", "265", "266"}
    text = one([by_numeric["251"]]).params[1]
    visible, invisible, servers = map(int, re.findall(r"(?<= )\d+(?= )", text))
    clients, _ = map(int, re.findall(r"(?<= )\d+(?= )", by_numeric["255"].params[1]))
    for numeric in ("251", "255"):
        assert len(by_numeric[numeric].params) == 2
    for numeric in ("265", "266"):
        assert len(by_numeric[numeric].params) == 4
    assert by_numeric["265"].params[1:3] == by_numeric["266"].params[1:3], "there is one server"
    here, most = map(int, by_numeric["265"].params[1:3])
    assert here == clients == visible + invisible
    assert servers >= 1
    counts = {"visible": visible, "invisible": invisible, "most": most}
    for numeric, name in {"252": "operators", "253": "unknown", "254": "rooms"}.items():
        line = by_numeric.get(numeric)
        assert line is None or len(line.params) == 3
        counts[name] = int(line.params[1]) if line else 0
    return counts


def counts(
    visible: int, invisible: int = 0, *, most: int, operators: int = 0, unknown: int = 0, rooms: int = 0
) -> dict[str, int]:
    """What LUSERS should say."""
    return locals()


async def test_people_are_counted(connect: Connect) -> None:
    """«RPL_LUSERCLIENT (251) "<client> :There are <u> users and <i> invisible on <s> servers"»; «RPL_LOCALUSERS (265)
    "<client> [<u> <m>] :Current local users <u>, max <m>"»: «<u> and <m> […] represent the number of clients
    currently and the maximum number of clients that have been connected directly to this server at one time»
    (modern.ircdocs.horse, "Numerics"). «Servers MUST reply with RPL_LUSERCLIENT and RPL_LUSERME, and SHOULD also
    include all those defined below.» ("LUSERS message")"""
    ann = await enter(connect, "ann")
    assert counted(await told(ann, "LUSERS")) == counts(1, most=1)
    bob = await enter(connect, "bob")
    for peer in (ann, bob):
        assert counted(await told(peer, "LUSERS")) == counts(2, most=2)
    await told(bob, "MODE bob +i", "JOIN #tea")
    assert counted(await told(ann, "LUSERS")) == counts(1, 1, most=2, rooms=1)
    bob.send("QUIT")
    await bob.end()
    assert counted(await told(ann, "LUSERS")) == counts(1, most=2)


async def test_connections_without_a_name_are_counted_apart(connect: Connect) -> None:
    """«RPL_LUSERUNKNOWN (253) "<client> <connections> :unknown connection(s)": […] the number of connections to this
    server that are currently in an unknown state» (modern.ircdocs.horse, "RPL_LUSERUNKNOWN")"""
    ann = await enter(connect, "ann")
    new: list[Peer] = []
    for number in (1, 2):
        new.append(await connect())
        new[-1].send(f"NICK new{number}", "PING early")
        await new[-1].until(r" PONG .*\r\n")
        assert counted(await told(ann, "LUSERS")) == counts(1, most=1, unknown=number)
    new[0].send("USER u s e r")
    await new[0].until(r" (376|422) .*\r\n")
    assert counted(await told(ann, "LUSERS")) == counts(2, most=2, unknown=1)
    new[1].send("QUIT")
    await new[1].end()
    assert counted(await told(ann, "LUSERS")) == counts(2, most=2)


async def test_operators_are_counted(connect: Connect) -> None:
    """«RPL_LUSEROP (252) "<client> <ops> :operator(s) online"» (modern.ircdocs.horse, "RPL_LUSEROP")"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    await become_operator(ann)
    assert counted(await told(ann, "LUSERS")) == counts(2, most=2, operators=1)
    await become_operator(bob)
    assert counted(await told(ann, "LUSERS")) == counts(2, most=2, operators=2)
    await told(ann, "MODE ann -o")
    assert counted(await told(ann, "LUSERS")) == counts(2, most=2, operators=1)
    bob.send("QUIT")
    await bob.end()
    assert counted(await told(ann, "LUSERS")) == counts(1, most=2)


async def test_services_are_not_people(connect: Connect) -> None:
    """«<u> represents the number of clients currently connected» (modern.ircdocs.horse, "RPL_GLOBALUSERS"): a service
    that is part of the server is none."""
    ann = await enter_account(connect, "ann")
    await told(ann, "PRIVMSG NickServ :INFO")
    assert counted(await told(ann, "LUSERS")) == counts(1, most=1)


# what the server tells of itself


async def test_the_server_knows_itself(connect: Connect) -> None:
    """«RPL_LINKS (364) "<client> * <server> :<hopcount> <server info>"», «RPL_ENDOFLINKS (365) "<client> * :End of
    /LINKS list"» (modern.ircdocs.horse, "Numerics"); in its example, and in irctest, the server's name comes twice:
    «364 nick My.Little.Server My.Little.Server :0 test server»"""
    ann = await enter(connect, "ann")
    exactly(
        await told(ann, "LINKS"),
        rf"{SERVER} 364 ann tcpchat\.local tcpchat\.local :0 .+",
        rf"{SERVER} 365 ann \* {TEXT}",
    )


async def test_who_runs_the_server_is_told_in_four_lines(connect: Connect) -> None:
    """«Upon receiving an ADMIN command, the given server SHOULD respond with the RPL_ADMINME, RPL_ADMINLOC1,
    RPL_ADMINLOC2, and RPL_ADMINEMAIL replies.» (modern.ircdocs.horse, "ADMIN message")"""
    ann = await enter(connect, "ann")
    exactly(
        await told(ann, "ADMIN"),
        rf"{SERVER} 256 ann (tcpchat\.local )?{TEXT}",
        rf"{SERVER} 257 ann {TEXT}",
        rf"{SERVER} 258 ann {TEXT}",
        rf"{SERVER} 259 ann {TEXT}",
    )


async def test_the_server_describes_itself(connect: Connect) -> None:
    """«Upon receiving an INFO command, the server will respond with zero or more RPL_INFO replies, followed by one
    RPL_ENDOFINFO numeric.» (modern.ircdocs.horse, "INFO message")"""
    ann = await enter(connect, "ann")
    *info, end = await told(ann, "INFO")
    exactly([end], f"{SERVER} 374 ann {TEXT}")
    exactly(info, *[f"{SERVER} 371 ann {TEXT}"] * len(info))
    assert any("tcpchat" in line.params[-1] for line in info)


async def test_the_version_comes_with_what_is_supported(connect: Connect) -> None:
    """«Upon receiving a VERSION command, the given server SHOULD respond with one RPL_VERSION reply and one or more
    RPL_ISUPPORT replies.» (modern.ircdocs.horse, "VERSION message")"""
    ann = await enter(connect, "ann")
    version, *rest = await told(ann, "VERSION")
    exactly([version], rf"{SERVER} 351 ann tcpchat\S+ tcpchat\.local .*")
    assert len(rest) >= 1
    assert set(commands(rest)) == {"005"}
    at_first = re.findall(r"^:\S+ 005 ann .*\r\n", ann.seen.decode(), re.MULTILINE)
    assert len(at_first) == 2 * len(rest), "the same as when ann came in"


async def test_the_time_is_the_time(connect: Connect) -> None:
    """«RPL_TIME (391) "<client> <server> [<timestamp> [<TS offset>]] :<human-readable time>"» (modern.ircdocs.horse,
    "RPL_TIME")"""
    ann = await enter(connect, "ann")
    before = int(time.time())
    line = one(await told(ann, "TIME"))
    exactly([line], rf"{SERVER} 391 ann tcpchat\.local (\d+ (0 )?)?{TEXT}")
    if len(line.params) > 3:
        assert before <= int(line.params[2]) <= time.time()


async def test_the_message_of_the_day_may_be_read_again(connect: Connect) -> None:
    """«If the MOTD can be found, one RPL_MOTDSTART numeric is returned, followed by one or more RPL_MOTD numeric,
    then one RPL_ENDOFMOTD numeric.» (modern.ircdocs.horse, "MOTD message")"""
    ann = await enter(connect, "ann")
    exactly(
        await told(ann, "MOTD"),
        rf"{SERVER} 375 ann {TEXT}",
        rf"{SERVER} 372 ann :.*Be kind\.",
        rf"{SERVER} 376 ann {TEXT}",
    )


@pytest.mark.parametrize("command", ["VERSION", "TIME", "ADMIN", "INFO", "MOTD"])
async def test_questions_may_be_for_a_server(connect: Connect, command: str) -> None:
    """«If <target> is a server, the information for that server is requested. If <target> is a client, the
    information for the server that client is connected to is requested. If <target> is given and a matching server
    cannot be found, the server will respond with the ERR_NOSUCHSERVER numeric and the command will fail. Wildcards
    are allowed in the <target> parameter.» (modern.ircdocs.horse, "VERSION message"; the others alike)"""
    ann = await enter(connect, "ann")
    answer = commands(await told(ann, command))
    for target in ["tcpchat.local", "TCPchat.local", "*chat*", "ann"]:
        assert commands(await told(ann, f"{command} {target}")) == answer, target
    for target in ["nosuch.example", "nobody"]:
        exactly(await told(ann, f"{command} {target}"), rf"{SERVER} 402 ann {target} {TEXT}")


@pytest.mark.parametrize("command", ["HELP", "HELPOP"])
async def test_help_has_a_beginning_and_an_end(connect: Connect, command: str) -> None:
    """«servers MUST either: reply with a single ERR_HELPNOTFOUND message; or reply with a single RPL_HELPSTART
    message, then arbitrarily many RPL_HELPTXT messages, then a single RPL_ENDOFHELP.» (modern.ircdocs.horse, "HELP
    message"); «The <subject> MUST be the one requested by the client, but may be casefolded; unless it would be an
    invalid parameter, in which case it MUST be *.» ("RPL_HELPSTART")"""
    ann = await enter(connect, "ann")
    for asked, subject in {"": r"\*", " PRIVMSG": "(?i:privmsg)", " privmsg": "(?i:privmsg)"}.items():
        start, *texts, end = await told(ann, f"{command}{asked}")
        exactly([start], f"{SERVER} 704 ann {subject} {TEXT}")
        exactly(texts, *[f"{SERVER} 705 ann {subject} {TEXT}"] * len(texts))
        exactly([end], f"{SERVER} 706 ann {subject} {TEXT}")
    unknown = await told(ann, f"{command} THISISNOTACOMMAND")
    exactly(unknown, f"{SERVER} 524 ann (?i:thisisnotacommand) {TEXT}")
    exactly(await told(ann, f"{command} :unknown subject"), rf"{SERVER} 524 ann \* {TEXT}")


async def test_an_unknown_command_is_421(connect: Connect) -> None:
    """«ERR_UNKNOWNCOMMAND (421) "<client> <command> :Unknown command"» (modern.ircdocs.horse, "ERR_UNKNOWNCOMMAND")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "NONSENSE at all"), f"{SERVER} 421 ann NONSENSE {TEXT}")


async def test_what_was_read_again_holds_for_those_who_are_here(tmp_path: Path) -> None:
    """«REHASH […] force the server to re-read and process its configuration file» (RFC 2812, section 4.2), for the
    operator's own connection, too."""
    texts = iter(["New."])
    before = Config(operators={"root": Operator(password="secret")}, motd="Old.")
    server = tcpchat.Server(before, port=0, load=lambda: replace(before, motd=next(texts)))
    async with server:
        peer = await Peer.open(server.port)
        await peer.enter_irc("ann")
        peer.send("OPER root secret", "REHASH", "MOTD")
        await peer.until(r" 382 ann ")
        await peer.until(r" 372 ann :- New\.\r\n")
        await peer.close()
