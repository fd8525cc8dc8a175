"""Coming in, staying, and leaving: CAP, PASS, NICK, USER, PING, LUSERS, QUIT."""

import re

import msgspec
import pytest

from tcpchat.config import Config
from tests.conftest import Connect
from tests.irc.peers import SERVER, Line, ask, commands, drain, enter, isupport, one, only
from tests.peer import Peer

with_password = pytest.mark.parametrize("config", [{"password": "sesame"}], indirect=True)


@pytest.fixture
def config(config: Config, request: pytest.FixtureRequest) -> Config:
    """With the settings that a test asks for."""
    return msgspec.structs.replace(config, **getattr(request, "param", {}))


async def register(peer: Peer, *lines: str) -> list[Line]:
    """Everything from the first line sent to the end of the message of the day."""
    peer.send(*lines)
    found = await peer.until(r" (376|422) .*\r\n")
    return [Line(line) for line in found.string[found.pos : found.end()].split("\r\n")[:-1]]


def offered(lines: list[Line]) -> dict[str, str | None]:
    """The capabilities of the lines that answer CAP LS, and their values."""
    names = [name for line in only(lines, "CAP") if line.params[1] == "LS" for name in line.params[-1].split()]
    assert len(names) == len(set(names)), names
    return {name.partition("=")[0]: name.partition("=")[2] if "=" in name else None for name in names}


# the welcome


async def test_the_welcome_comes_in_its_order(connect: Connect) -> None:
    """modern.ircdocs.horse, "Connection Registration": «Upon successful completion of the registration process, the
    server MUST send, in this order, the RPL_WELCOME (001), RPL_YOURHOST (002), RPL_CREATED (003), RPL_MYINFO (004), and
    at least one RPL_ISUPPORT (005) numeric to the client. The server SHOULD then respond as though the client sent the
    LUSERS command and return the appropriate numerics. If the user has client modes set on them automatically upon
    joining the network, the server SHOULD send the client the RPL_UMODEIS (221) reply. […] The server MUST then respond
    as though the client sent it the MOTD command»."""
    lines = await register(await connect(), "NICK ann", "USER ann 0 * :Ann")
    order = " ".join(commands(lines))
    assert re.fullmatch(
        r"001 002 003 004 (005 )+(396 )?(250 )?251 (25[2345] )*(265 )?(266 )?(221 |MODE )?375 (372 )+376", order
    )


async def test_the_welcome_is_addressed_to_the_nick_and_comes_from_the_server(connect: Connect) -> None:
    """modern.ircdocs.horse, "Numeric Replies": «a numeric reply MUST contain a <source> and use a three-digit numeric
    as the command. A numeric reply SHOULD contain the target of the reply as the first parameter of the message»."""
    lines = await register(await connect(), "NICK ann", "USER ann 0 * :Ann")
    for line in lines:
        if line.command.isdigit():
            assert (line.source, line.params[0]) == (SERVER, "ann")
    for line in only(lines, "001", "002", "003", "375", "372", "376"):
        assert len(line.params) == 2, line
    assert "ann" in one(only(lines, "001")).params[1]


async def test_004_has_the_modes_as_letters_and_no_sentence(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_MYINFO (004)": «"<client> <servername> <version> <available user modes> <available
    channel modes> [<channel modes with a parameter>]"»."""
    lines = await register(await connect(), "NICK ann", "USER ann 0 * :Ann")
    myinfo = one(only(lines, "004"))
    assert myinfo.params[:2] == ["ann", SERVER]
    assert 5 <= len(myinfo.params) <= 6
    assert all(re.fullmatch("[A-Za-z]+", modes) for modes in myinfo.params[3:])
    user_modes, room_modes = myinfo.params[3:5]
    assert set("ioB") <= set(user_modes)
    assert set("beIklimnstov") <= set(room_modes)


async def test_the_message_of_the_day_is_the_configured_one(connect: Connect) -> None:
    """modern.ircdocs.horse, "MOTD message": «If the MOTD can be found, one RPL_MOTDSTART numeric is returned, followed
    by one or more RPL_MOTD numeric, then one RPL_ENDOFMOTD numeric.»"""
    lines = await register(await connect(), "NICK ann", "USER ann 0 * :Ann")
    assert [line.params[1].removeprefix("- ") for line in only(lines, "372")] == ["Be kind."]


async def test_user_may_come_before_nick(connect: Connect) -> None:
    """modern.ircdocs.horse, "Connection Registration": «The NICK and USER commands are used to set the user's nickname,
    username and "real name". Unless the registration is suspended by a CAP negotiation, these commands will end the
    registration process.»"""
    peer = await connect()
    assert await ask(peer, "USER ann 0 * :Ann") == []
    assert "001" in commands(await register(peer, "NICK ann"))


async def test_before_registration_the_last_nick_counts(connect: Connect) -> None:
    """modern.ircdocs.horse, "NICK message": «The NICK command is used to give the client a nickname or change the
    previous one.»"""
    peer = await connect()
    peer.send("NICK ann", "NICK anna", "USER ann 0 * :Ann")
    await peer.until(r"^:\S+ 001 anna ")
    await (await connect()).enter_irc("ann")


async def test_commands_are_known_in_any_case(connect: Connect) -> None:
    """RFC 2812, "2.3.1": the command is «1*letter / 3digit»; modern.ircdocs.horse, "Message Parsing and Assembly": «the
    message verb is always case insensitive»."""
    assert "001" in commands(await register(await connect(), "nick ann", "uSeR ann 0 * :Ann"))


# CAP


@pytest.mark.parametrize("opening", ["CAP LS", "CAP LS 302", "CAP REQ :multi-prefix", "CAP REQ nonsense"])
async def test_registration_waits_for_cap_end(connect: Connect, opening: str) -> None:
    """IRCv3 capability-negotiation: «Upon receiving either a CAP LS or CAP REQ command during connection registration,
    the server MUST not complete registration until the client sends a CAP END command to indicate that capability
    negotiation has ended.»"""
    peer = await connect()
    assert set(commands(await ask(peer, opening, "NICK ann", "USER ann 0 * :Ann"))) == {"CAP"}
    assert set(commands(await ask(peer, opening))) == {"CAP"}
    assert "001" in commands(await register(peer, "CAP END"))


async def test_only_ls_and_req_make_registration_wait(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «If a server receives an LS subcommand while client registration is in progress, it
    MUST suspend registration», and the same is said of REQ; LIST only lists."""
    assert "001" in commands(await register(await connect(), "CAP LIST", "NICK ann", "USER ann 0 * :Ann"))


async def test_negotiation_may_end_before_nick_and_user(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «Once capability negotiation has completed with a client-sent CAP END command,
    registration continues as normal.»"""
    peer = await connect()
    await ask(peer, "CAP LS 302", "CAP END")
    assert "001" in commands(await register(peer, "NICK ann", "USER ann 0 * :Ann"))


async def test_cap_end_alone_does_not_hurt(connect: Connect) -> None:
    """IRCv3 capability-negotiation, "Errata": «Previous versions of this spec recommended sending CAP END upon
    connection if the client didn't want to perform CAP negotiation.» So there are clients that do."""
    assert "001" in commands(await register(await connect(), "CAP END", "NICK ann", "USER ann 0 * :Ann"))


async def test_no_capabilities_are_an_empty_parameter(connect: Connect) -> None:
    """IRCv3 capability-negotiation, "The CAP LIST subcommand": «If no capabilities are enabled, an empty parameter must
    be sent.»"""
    assert await ask(await connect(), "CAP LIST") == [f":{SERVER} CAP * LIST :"]


@pytest.mark.parametrize("question", ["CAP LS", "CAP LS 301"])
async def test_an_old_client_gets_one_line_without_values(connect: Connect, question: str) -> None:
    """IRCv3 capability-negotiation: «If a client has not indicated support for CAP LS 302 features, the server MUST NOT
    send these new features to the client», and these are: «Capability values», «Multiline replies»."""
    peer = await connect()
    before = await ask(peer, question)
    assert [line.params[:-1] for line in before] == [["*", "LS"]]
    assert {"sasl", "draft/multiline", "message-tags"} <= offered(before).keys()
    assert set(offered(before).values()) == {None}
    await register(peer, "NICK ann", "USER ann 0 * :Ann", "CAP END")
    after = await ask(peer, question)
    assert [line.params[:-1] for line in after] == [["ann", "LS"]]
    assert offered(after) == offered(before)


async def test_of_several_lines_all_but_the_last_have_an_asterisk(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «If the reply contains multiple lines (due to IRC line length limitations), and the
    client supports CAP version 302, all but the last reply MUST have a parameter containing only an asterisk (*)
    preceding the capability list.»"""
    *others, last = await ask(await connect(), "CAP LS 302")
    assert last.params[:-1] == ["*", "LS"]
    assert all(line.params[:-1] == ["*", "LS", "*"] for line in others)


async def test_values_are_for_those_who_know_302(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «If the client supports CAP version 302, the server MAY specify additional data for
    each capability using the <name>=<value> format»; multiline: «The capability MUST be advertised by servers with a
    REQUIRED value»; sasl-3.2: «the list of supported SASL mechanisms»."""
    caps = offered(await ask(await connect(), "CAP LS 302"))
    assert caps["draft/multiline"] == "max-bytes=4096,max-lines=100"
    assert {"PLAIN", "SCRAM-SHA-256"} <= set((caps["sasl"] or "").split(","))


async def test_a_higher_version_is_treated_as_302(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «The CAP version number argument MUST be treated as a number by the server. […] if
    a server supports 302 and 303 features, and a client sends version 304, the server would enable those»."""
    peer, other = await connect(), await connect()
    assert offered(await ask(peer, "CAP LS 307")) == offered(await ask(other, "CAP LS 302"))


async def test_a_lower_version_later_is_answered_as_such(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «If a client sends a lower CAP version (or omits the version number entirely),
    servers SHOULD return a CAP LS reply consistent with the request's version, but keep storing the original (higher)
    version.»"""
    peer = await connect()
    with_values = offered(await ask(peer, "CAP LS 302"))
    without = offered(await ask(peer, "CAP LS"))
    assert set(without.values()) == {None}
    assert without.keys() | {"cap-notify"} == with_values.keys() | {"cap-notify"}


async def test_values_stand_nowhere_but_in_ls(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «but MUST NOT specify additional data for any other CAP subcommands»."""
    lines = await ask(await connect(), "CAP LS 302", "CAP REQ :draft/multiline sasl batch", "CAP LIST")
    ack, list_ = (line for line in lines if line.params[1] in ("ACK", "LIST"))
    assert ack.params[-1].split() == ["draft/multiline", "sasl", "batch"]
    assert set(list_.params[-1].split()) - {"cap-notify"} == {"draft/multiline", "sasl", "batch"}


async def test_what_is_offered_is_given(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «The LS subcommand is used to list the capabilities supported by the server.»"""
    peer = await connect()
    caps = offered(await ask(peer, "CAP LS 302"))
    needed = "account-tag batch echo-message labeled-response message-tags multi-prefix server-time standard-replies"
    assert {*needed.split(), "userhost-in-names", "draft/message-redaction", "draft/multiline"} <= caps.keys()
    for name in caps:
        assert not name.startswith("-")
        assert one(await ask(peer, f"CAP REQ :{name}")).params[1:] == ["ACK", name]


async def test_a_request_is_granted_as_a_whole_or_not_at_all(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «The capability identifier set must be accepted as a whole, or rejected entirely»,
    and: «The server MUST NOT make any change to any capabilities if it replies with a NAK subcommand.»"""
    peer = await connect()
    for wanted in ["foo multi-prefix bar", "multi-prefix bar", "foo multi-prefix", "-foo multi-prefix"]:
        assert await ask(peer, f"CAP REQ :{wanted}") == [f":{SERVER} CAP * NAK :{wanted}"]
    assert await ask(peer, "CAP LIST") == [f":{SERVER} CAP * LIST :"]
    assert one(await ask(peer, "CAP REQ :multi-prefix")).params == ["*", "ACK", "multi-prefix"]


async def test_a_nak_repeats_what_was_requested(connect: Connect) -> None:
    """IRCv3 capability-negotiation-3.1: «The argument of the NAK subcommand MUST consist of at least the first 100
    characters of the capability list in the REQ subcommand which triggered the NAK.»"""
    wanted = "foo qux bar baz qux quux"
    assert await ask(await connect(), f"CAP REQ :{wanted}") == [f":{SERVER} CAP * NAK :{wanted}"]


async def test_capabilities_are_case_sensitive(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «Capability names are case-sensitive, and MUST NOT start with a hyphen (-).»"""
    assert one(await ask(await connect(), "CAP REQ Multi-Prefix")).params == ["*", "NAK", "Multi-Prefix"]


@pytest.mark.parametrize("written", ["multi-prefix", ":multi-prefix", ":multi-prefix ", ": multi-prefix"])
async def test_spaces_around_a_name_do_not_matter(connect: Connect, written: str) -> None:
    """IRCv3 capability-negotiation: «space-separated list of capabilities»; its example is `CAP REQ multi-prefix`."""
    peer = await connect()
    answer = one(await ask(peer, f"CAP REQ {written}"))
    assert (answer.params[1], answer.params[2].strip()) == ("ACK", "multi-prefix")
    assert one(await ask(peer, "CAP LIST")).params[2].split() == ["multi-prefix"]


async def test_what_is_so_already_is_granted(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «If a client requests a capability which is already enabled, or tries to disable a
    capability which is not enabled, the server MUST continue processing the REQ subcommand as though handling this
    capability was successful.»"""
    peer = await connect()
    for wanted in ["server-time", "server-time", "-echo-message", "-echo-message batch server-time"]:
        assert one(await ask(peer, f"CAP REQ :{wanted}")).params == ["*", "ACK", wanted]
    assert set(one(await ask(peer, "CAP LIST")).params[2].split()) == {"batch", "server-time"}


async def test_a_capability_can_be_given_back(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «Each capability identifier may be prefixed with a dash (-) to designate that the
    capability should be disabled.»"""
    ann = await enter(connect, "ann", caps="echo-message server-time")
    bob = await enter(connect, "bob")
    await ask(bob, "PRIVMSG ann :hi")
    assert "time" in one(only(await ask(ann), "PRIVMSG")).tags
    answer = one(await ask(ann, "CAP REQ :-server-time"))
    assert answer.params == ["ann", "ACK", "-server-time"]
    assert one(await ask(ann, "CAP LIST")).params[2].split() == ["echo-message"]
    await ask(bob, "PRIVMSG ann :hi")
    assert one(await ask(ann)).tags == {}


async def test_cap_notify_is_granted_to_everybody(connect: Connect) -> None:
    """IRCv3 capability-negotiation, "cap-notify": «Clients MAY also request the capability with CAP REQ, and capable
    servers MUST accept and CAP ACK the request without side effects», and: «Clients that do not support CAP version 302
    MAY request the cap-notify capability explicitly. Such clients MAY explicitly disable the capability, and servers
    MUST allow these clients to do so.»"""
    new, old = await connect(), await connect()
    await ask(new, "CAP LS 302")
    assert one(await ask(new, "CAP REQ :cap-notify")).params[1:] == ["ACK", "cap-notify"]
    assert one(await ask(old, "CAP REQ :cap-notify")).params[1:] == ["ACK", "cap-notify"]
    assert one(await ask(old, "CAP REQ :-cap-notify")).params[1:] == ["ACK", "-cap-notify"]
    assert one(await ask(old, "CAP LIST")).params[2] == ""


async def test_cap_notify_stays_with_those_who_know_302(connect: Connect) -> None:
    """IRCv3 capability-negotiation, "cap-notify": «Further, servers MUST NOT disable the cap-notify capability if the
    client requests CAP LS with a version of 302 or newer.» Requested by name, it is listed; so it must stay listed."""
    peer = await connect()
    await ask(peer, "CAP LS 302", "CAP REQ :cap-notify")
    before = one(await ask(peer, "CAP LIST")).params[2].split()
    await ask(peer, "CAP REQ :-cap-notify")
    assert one(await ask(peer, "CAP LIST")).params[2].split() == before


async def test_capabilities_can_be_had_after_registration(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «The server MUST accept the CAP command at any time, including after
    registration.»"""
    ann = await enter(connect, "ann", caps="multi-prefix")
    bob = await enter(connect, "bob")
    assert one(await ask(ann, "CAP REQ :userhost-in-names server-time")).params == [
        "ann",
        "ACK",
        "userhost-in-names server-time",
    ]
    listed = one(await ask(ann, "CAP LIST"))
    assert (listed.params[0], set(listed.params[2].split())) == (
        "ann",
        {"multi-prefix", "server-time", "userhost-in-names"},
    )
    await ask(bob, "PRIVMSG ann :hi")
    assert "time" in one(await ask(ann)).tags


async def test_cap_end_after_registration_is_ignored(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «If the client is already registered, this command MUST be ignored by the
    server.»"""
    assert await ask(await enter(connect, "ann"), "CAP END") == []


async def test_an_unknown_subcommand_is_410(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «If a client sends a subcommand which is not in the list above or otherwise issues
    an invalid command, then numeric 410 (ERR_INVALIDCAPCMD) should be sent. The first parameter after the client
    identifier (usually nickname) should be the commandname; the second parameter should be a human-readable
    description»."""
    peer = await connect()
    assert re.fullmatch(rf":{SERVER} 410 \* NOTACOMMAND :.+", one(await ask(peer, "CAP NOTACOMMAND")))
    await register(peer, "NICK ann", "USER ann 0 * :Ann")
    assert re.fullmatch(rf":{SERVER} 410 ann NOTACOMMAND :.+", one(await ask(peer, "CAP NOTACOMMAND")))


async def test_cap_alone_is_an_error(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «CAP takes a single required subcommand»."""
    peer = await connect()
    await ask(peer, "CAP LIST")
    assert re.fullmatch(rf":{SERVER} (410|461) \* ((CAP|\*) )?:.+", one(await ask(peer, "CAP")))


# before there is a nick


@pytest.mark.threat(33)
@pytest.mark.parametrize("early", ["JOIN #lobby", "PRIVMSG ann :hi", "LUSERS", "WHOIS ann", "MODE #lobby +m", "LIST"])
async def test_before_registration_little_is_possible(connect: Connect, early: str) -> None:
    """modern.ircdocs.horse, "ERR_NOTREGISTERED (451)": «"<client> :You have not registered". Returned when a client
    command cannot be parsed as they are not yet registered.»"""
    ann = await enter(connect, "ann", "#lobby")
    peer = await connect()
    await ask(peer, "CAP LS 302")
    assert re.fullmatch(rf":{SERVER} 451 \* :.+", one(await ask(peer, early)))
    await ask(peer, "NICK eve")
    assert re.fullmatch(rf":{SERVER} 451 (\*|eve) :.+", one(await ask(peer, early)))
    assert await ask(ann) == []


async def test_numerics_go_to_an_asterisk_before_there_is_a_nick(connect: Connect) -> None:
    """IRCv3 capability-negotiation: «Replies from the server must contain the client identifier name or asterisk if one
    is not yet available.» modern.ircdocs.horse, "ERR_NEEDMOREPARAMS (461)": «"<client> <command> :Not enough
    parameters"»; "ERR_NONICKNAMEGIVEN (431)": «"<client> :No nickname given"»."""
    peer = await connect()
    await ask(peer, "CAP LS 302")
    assert re.fullmatch(rf":{SERVER} 431 \* :.+", one(await ask(peer, "NICK")))
    assert re.fullmatch(rf":{SERVER} 461 \* USER :.+", one(await ask(peer, "USER ann")))
    assert re.fullmatch(rf":{SERVER} 461 \* PASS :.+", one(await ask(peer, "PASS")))
    assert re.fullmatch(rf":{SERVER} (421 \* NONSENSE|451 \*) :.+", one(await ask(peer, "NONSENSE")))


# NICK


@pytest.mark.threat(28)
@pytest.mark.parametrize("nick", ["*", "#tea", "&tea", "@ann", "+ann", ":ann", "ann!x", "a,b", "$ann"])
async def test_a_bad_nick_is_432_and_a_good_one_may_follow(connect: Connect, nick: str) -> None:
    """modern.ircdocs.horse, "NICK message": «If the server does not accept the new nickname supplied by the client as
    valid (for instance, due to containing invalid characters), it should issue an ERR_ERRONEUSNICKNAME numeric and
    ignore the NICK command»; "Clients": nicknames «MUST NOT start with a character listed as a channel type […]; MUST
    NOT contain any of: space, comma, asterisk, question mark, exclamation mark, at sign»."""
    peer = await connect()
    lines = await ask(peer, f"NICK :{nick}", "USER ann 0 * :Ann")
    assert re.fullmatch(rf":{SERVER} 432 \* .+", one(lines))
    assert "001" in commands(await register(peer, "NICK valid"))


@pytest.mark.parametrize("written", ["NICK", "NICK :"])
async def test_no_nick_is_431(connect: Connect, written: str) -> None:
    """modern.ircdocs.horse, "NICK message": «If the server does not receive the <nickname> parameter with the NICK
    command, it should issue an ERR_NONICKNAMEGIVEN numeric and ignore the NICK command.»"""
    peer = await connect()
    assert commands(await ask(peer, "USER ann 0 * :Ann", written)) == ["431"]
    await register(peer, "NICK ann")
    assert re.fullmatch(rf":{SERVER} 431 ann :.+", one(await ask(peer, written)))


async def test_a_nick_of_somebody_else_is_433(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_NICKNAMEINUSE (433)": «"<client> <nick> :Nickname is already in use"». In whatever
    case it is written."""
    await enter(connect, "ann")
    for nick in ("ann", "ANN"):
        peer = await connect()
        lines = await ask(peer, f"NICK {nick}", "USER x 0 * :X")
        assert re.fullmatch(rf":{SERVER} 433 \* {nick} :.+", one(lines))


@pytest.mark.threat(27)
async def test_of_two_who_come_with_the_same_nick_one_gets_it(connect: Connect) -> None:
    """modern.ircdocs.horse, "Clients": «Each client is distinguished from other clients by a unique nickname.»"""
    first, second = await connect(), await connect()
    lines = [await ask(first, "NICK ann"), await ask(second, "NICK ann")]
    lines[0] += await ask(first, "USER x 0 * :X")
    lines[1] += await ask(second, "USER x 0 * :X")
    assert sorted("001" in commands(came) for came in lines) == [False, True]
    assert sorted("433" in commands(came) for came in lines) == [False, True]


async def test_a_refused_new_nick_changes_nothing(connect: Connect) -> None:
    """modern.ircdocs.horse, "NICK message": «If the server receives a NICK command from a client where the desired
    nickname is already in use on the network, it should issue an ERR_NICKNAMEINUSE numeric and ignore the NICK
    command.»"""
    alice, bob = await enter(connect, "alice", "#tea"), await enter(connect, "bob", "#tea")
    await drain(alice)
    assert re.fullmatch(rf":{SERVER} 433 bob alice :.+", one(await ask(bob, "NICK alice")))
    assert await ask(alice, "PRIVMSG bob :hi") == []
    assert one(await ask(bob)).params == ["bob", "hi"]


async def test_a_new_nick_is_told_with_the_old_one_as_source(connect: Connect) -> None:
    """modern.ircdocs.horse, "NICK message": «the <source> of the message will be the old nickname […] of the user who
    is changing their nickname»."""
    alice, bob = await enter(connect, "alice", "#tea"), await enter(connect, "bob", "#tea")
    await drain(alice)
    answers = [await ask(alice, "NICK malice"), await ask(bob)]
    assert [(one(came).source, one(came).params) for came in answers] == [("alice!alice@localhost", ["malice"])] * 2


async def test_a_nick_can_change_its_case_and_a_change_to_itself_is_none(connect: Connect) -> None:
    """modern.ircdocs.horse, "NICK message": «The NICK message may be sent from the server to clients to acknowledge
    their NICK command was successful, and to inform other clients about the change of nickname.» No change, no
    message."""
    alice, bob = await enter(connect, "alice", "#tea"), await enter(connect, "bob", "#tea")
    await drain(alice)
    assert one(await ask(alice, "NICK Alice")).params == ["Alice"]
    assert one(await ask(bob)).params == ["Alice"]
    assert await ask(alice, "NICK Alice") == []
    assert await ask(bob) == []


async def test_a_nick_that_is_given_up_is_free(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_NICKNAMEINUSE (433)": «Returned when a NICK command cannot be successfully completed
    as the desired nickname is already in use on the network.» One that nobody has is not in use."""
    first = await enter(connect, "alice")
    await ask(first, "NICK malice")
    second = await (await connect()).enter_irc("Alice")
    second.send("QUIT")
    await second.end()
    unregistered = await connect()
    unregistered.send("NICK ALICE", "QUIT")
    await unregistered.end()
    await (await connect()).enter_irc("alice")


# USER


async def test_user_needs_four_parameters(connect: Connect) -> None:
    """modern.ircdocs.horse, "USER message": «Parameters: <username> 0 * <realname>»; "Client Messages": «If a command
    is sent from a client to a server with less parameters than the command requires to be processed, the server will
    reply with an ERR_NEEDMOREPARAMS numeric and the command will fail.»"""
    peer = await connect()
    await ask(peer, "NICK ann")
    assert re.fullmatch(rf":{SERVER} 461 (\*|ann) USER :.+", one(await ask(peer, "USER ann 0 *")))
    assert "001" in commands(await register(peer, "USER ann 0 * :Ann"))


async def test_an_empty_real_name_is_461(connect: Connect) -> None:
    """modern.ircdocs.horse, "USER message": «If it is empty, the server SHOULD reject the command with
    ERR_NEEDMOREPARAMS (even if an empty parameter is provided)»."""
    peer = await connect()
    await ask(peer, "NICK ann")
    assert re.fullmatch(rf":{SERVER} 461 (\*|ann) USER :.+", one(await ask(peer, "USER username * * :")))
    assert "001" in commands(await register(peer, "USER username * * :Ann"))


async def test_user_and_pass_after_registration_are_462(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_ALREADYREGISTERED (462)": «"<client> :You may not reregister". Returned when a client
    tries to change a detail that can only be set during registration (such as resending the PASS or USER after
    registration).»"""
    ann = await enter(connect, "ann")
    for line in ("USER other 0 * :Other", "PASS x"):
        assert re.fullmatch(rf":{SERVER} 462 ann :.+", one(await ask(ann, line)))
    assert " ann localhost " in one(only(await ask(ann, "WHOIS ann"), "311"))


async def test_a_long_username_is_cut_silently(connect: Connect) -> None:
    """modern.ircdocs.horse, "USER message": «The maximum length of <username> may be specified by the USERLEN
    RPL_ISUPPORT parameter. If this length is advertised, the username MUST be silently truncated to the given length
    before being used.»"""
    peer = await connect()
    await register(peer, "NICK ann", f"USER {'abcdefghij' * 5} 0 * :Ann")
    most = int(isupport(peer)["USERLEN"] or 0)
    assert f" ann {('abcdefghij' * 5)[:most]} localhost " in one(only(await ask(peer, "WHOIS ann"), "311"))


async def test_a_username_that_is_not_ascii_is_refused_or_whole_characters(connect: Connect) -> None:
    """modern.ircdocs.horse, "ERR_INVALIDUSERNAME (468)": «Returned to indicate the username provided as the first
    parameter to USER is invalid.» IRCv3 utf8-only: «Implementations must ensure that if they truncate messages to meet
    a length limit, they do not do so in the middle of a UTF-8-encoded codepoint.»"""
    peer = await connect()
    await ask(peer, "NICK ann")
    lines = await ask(peer, f"USER {'😊' * 10} 0 * :Ann")
    if "001" not in commands(lines):
        assert re.fullmatch(rf":{SERVER} (468 (\*|ann)|FAIL USER \S+( \S+)*) :.+", one(lines))
        lines = await register(peer, "USER ann 0 * :Ann")
    assert "001" in commands(lines)
    assert one(only(await ask(peer, "WHOIS ann"), "311")).params[-1] == "Ann"
    assert peer.seen.decode()


async def test_a_real_name_that_is_not_utf_8_does_not_get_in(connect: Connect) -> None:
    """IRCv3 utf8-only: «Client: USER u s e :<non-utf8 realname> Server: FAIL USER INVALID_UTF8 :Message rejected»; and:
    «Servers publishing this token MUST NOT relay content (such as PRIVMSG or NOTICE message data, channel topics, or
    realnames) containing non-UTF-8 data to clients.»"""
    peer = await connect()
    await ask(peer, "NICK ann")
    assert re.fullmatch(rf":{SERVER} FAIL USER INVALID_UTF8 :.+", one(await ask(peer, b"USER ann 0 * :i\xe8rc\xe9")))
    assert "001" in commands(await register(peer, "USER ann 0 * :irc"))


# PASS


@with_password
async def test_the_right_password_lets_in(connect: Connect) -> None:
    """modern.ircdocs.horse, "PASS message": «The password supplied must match the one defined in the server
    configuration.»"""
    assert "001" in commands(await register(await connect(), "PASS sesame", "NICK ann", "USER ann 0 * :Ann"))


@with_password
async def test_the_last_of_several_passwords_counts(connect: Connect) -> None:
    """modern.ircdocs.horse, "PASS message": «It is possible to send multiple PASS commands before registering but only
    the last one sent is used for verification»."""
    right = ["PASS wrong", "PASS sesame", "NICK ann", "USER ann 0 * :Ann"]
    assert "001" in commands(await register(await connect(), *right))
    other = await connect()
    other.send("PASS sesame", "PASS wrong", "NICK bob", "USER bob 0 * :Bob")
    assert " 464 " in await other.end()


@with_password
@pytest.mark.parametrize("password", [[], ["PASS sesamegarbage"], ["PASS SESAME"], ["PASS :"]])
async def test_without_the_password_one_is_464_and_out(connect: Connect, password: list[str]) -> None:
    """modern.ircdocs.horse, "PASS message": «If the password supplied does not match the password expected by the
    server, then the server SHOULD send ERR_PASSWDMISMATCH and MUST close the connection with ERROR»;
    "ERR_PASSWDMISMATCH (464)": «the password was either incorrect or not supplied»."""
    peer = await connect()
    peer.send(*password, "NICK ann", "USER ann 0 * :Ann")
    came = await peer.end()
    assert re.search(r"^:\S+ 464 (\*|ann) :.+\r\n(:\S+ )?ERROR :.+\r\n\Z", came, re.MULTILINE)
    assert " 001 " not in came


@with_password
async def test_a_password_after_nick_and_user_is_too_late(connect: Connect) -> None:
    """RFC 2812, "3.1.1": «The optional password can and MUST be set before any attempt to register the connection is
    made. Currently this requires that user send a PASS command before sending the NICK/USER combination.»"""
    peer = await connect()
    peer.send("NICK ann", "USER ann 0 * :Ann", "PASS sesame")
    assert " 001 " not in await peer.end()


@with_password
async def test_the_password_is_looked_at_when_negotiation_ends(connect: Connect) -> None:
    """modern.ircdocs.horse, "Connection Registration": «The recommended order of commands during registration is as
    follows: 1. CAP LS 302 2. PASS 3. NICK and USER 4. Capability Negotiation […] 6. CAP END»."""
    right = ["CAP LS 302", "PASS sesame", "NICK ann", "USER ann 0 * :Ann", "CAP REQ :server-time", "CAP END"]
    assert "001" in commands(await register(await connect(), *right))
    wrong = await connect()
    wrong.send("CAP LS 302", "PASS wrong", "NICK bob", "USER bob 0 * :Bob", "CAP REQ :server-time", "CAP END")
    came = await wrong.end()
    assert " 464 " in came
    assert " 001 " not in came


# QUIT


async def test_quit_is_answered_by_error_and_the_end(connect: Connect) -> None:
    """modern.ircdocs.horse, "QUIT message": «The server acknowledges this by replying with an ERROR message and closing
    the connection to the client.»"""
    for quit in ("QUIT", "QUIT :bye now"):
        peer = await enter(connect, "ann")
        peer.send(quit)
        assert re.search(r"^(:\S+ )?ERROR :.+\r\n\Z", await peer.end(), re.MULTILINE)


async def test_quit_works_before_registration(connect: Connect) -> None:
    """modern.ircdocs.horse, "QUIT message": «The QUIT command is used to terminate a client's connection to the
    server.»"""
    peer = await connect()
    peer.send("NICK ann", "QUIT")
    assert re.search(r"^(:\S+ )?ERROR :.+\r\n\Z", await peer.end(), re.MULTILINE)


async def test_who_quits_is_missed_once_by_those_who_share_rooms(connect: Connect) -> None:
    """modern.ircdocs.horse, "QUIT message": «This message may also be sent from the server to a client to show that a
    client has exited from the network. This is typically only dispatched to clients that share a channel with the
    exiting user», and: «servers SHOULD prepend <reason> with the ASCII string "Quit: "»."""
    ann = await enter(connect, "ann", "#tea,#milk")
    bob, eve = await enter(connect, "bob", "#tea,#milk"), await enter(connect, "eve", "#else")
    await drain(ann)
    bob.send("QUIT :bob out")
    await bob.end()
    assert re.fullmatch(r":bob!bob@localhost QUIT :(Quit: )?bob out", one(await ask(ann)))
    assert await ask(eve) == []


async def test_who_is_lost_is_missed_with_a_reason(connect: Connect) -> None:
    """modern.ircdocs.horse, "QUIT message": «If a client connection is closed without the client issuing a QUIT command
    to the server, the server MUST distribute a QUIT message to other clients informing them of this […]. Servers MUST
    fill <reason> with a message reflecting the nature of the event which caused it to happen.»"""
    ann = await enter(connect, "ann", "#tea")
    bob, eve = await enter(connect, "bob", "#tea"), await enter(connect, "eve", "#tea")
    await drain(ann)
    await bob.close()
    await ann.until(r"^:bob!bob@localhost QUIT :.+\r\n")
    eve.reset()
    await ann.until(r"^:eve!eve@localhost QUIT :.+\r\n")


# PING


async def test_a_ping_is_answered_with_the_server_and_the_token(connect: Connect) -> None:
    """modern.ircdocs.horse, "PONG message": «Parameters: [<server>] <token>. The <token> should be the same as the one
    in the PING message that triggered this PONG. Servers MUST send a <server> parameter»."""
    ann = await enter(connect, "ann")
    pongs = await ask(ann, "PING abcdef", "PING :two words", "PING ::colon")
    assert [(line.source, line.command, line.params) for line in pongs] == [
        (SERVER, "PONG", [SERVER, token]) for token in ("abcdef", "two words", ":colon")
    ]


async def test_a_ping_without_a_token_is_an_error(connect: Connect) -> None:
    """modern.ircdocs.horse, "PING message": «The <token> may be any non-empty string. […] Numeric Replies:
    ERR_NEEDMOREPARAMS, ERR_NOORIGIN»."""
    ann = await enter(connect, "ann")
    assert re.fullmatch(rf":{SERVER} (409 ann|461 ann PING) :.+", one(await ask(ann, "PING")))
    empty = one(await ask(ann, "PING :"))
    assert re.fullmatch(rf":{SERVER} (409 ann|461 ann PING) :.+|:{SERVER} PONG {SERVER} :", empty)


async def test_a_pong_is_never_answered(connect: Connect) -> None:
    """modern.ircdocs.horse, "PONG message": «Numeric Replies: None»."""
    assert await ask(await enter(connect, "ann"), "PONG x", "PONG tcpchat.local :x") == []


# LUSERS


def lusers(lines: list[Line], nick: str) -> dict[str, int]:
    """The counts, by what they count."""
    found = {line.command: line for line in lines}
    assert len(found) == len(lines), lines
    assert found.keys() <= {"250", "251", "252", "253", "254", "255", "265", "266"}
    assert all(line.params[0] == nick for line in lines)
    clients = re.fullmatch(r"There are (\d+) users? and (\d+) invisible on (\d+) servers?", found["251"].params[1])
    mine = re.fullmatch(r"I have (\d+) clients? and (\d+) servers?", found["255"].params[1])
    assert clients is not None, found["251"]
    assert mine is not None, found["255"]
    assert [len(found[one].params) for one in ("251", "255", "265", "266")] == [2, 2, 4, 4]
    counts = {name: int(found[numeric].params[1]) if numeric in found else 0 for name, numeric in COUNTS.items()}
    return {
        "visible": int(clients[1]),
        "invisible": int(clients[2]),
        "here": int(mine[1]),
        "local": int(found["265"].params[1]),
        "most local": int(found["265"].params[2]),
        "all": int(found["266"].params[1]),
        "most": int(found["266"].params[2]),
        **counts,
    }


COUNTS = {"operators": "252", "unknown": "253", "rooms": "254"}


def people(now: int, most: int, unknown: int = 0) -> dict[str, int]:
    return {"here": now, "local": now, "most local": most, "all": now, "most": most, "unknown": unknown}


async def test_lusers_counts_everybody_once(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_LUSERCLIENT (251)": «"<client> :There are <u> users and <i> invisible on <s>
    servers"»; "RPL_LOCALUSERS (265)": «"<client> [<u> <m>] :Current local users <u>, max <m>". <u> and <m> are
    non-negative integers and represent the number of clients currently and the maximum number of clients that have been
    connected directly to this server at one time»; "RPL_LUSERME (255)": «"<client> :I have <c> clients and <s>
    servers"»."""
    ann = await enter(connect, "ann")
    counts = lusers(await ask(ann, "LUSERS"), "ann")
    assert counts.items() >= people(1, 1).items()
    assert counts["visible"] + counts["invisible"] == 1
    bob = await enter(connect, "bob")
    counts = lusers(await ask(bob, "LUSERS"), "bob")
    assert counts.items() >= people(2, 2).items()
    assert counts["visible"] + counts["invisible"] == 2
    bob.send("QUIT")
    await bob.end()
    assert lusers(await ask(ann, "LUSERS"), "ann").items() >= people(1, 2).items()


async def test_lusers_in_the_welcome_are_those_of_lusers(connect: Connect) -> None:
    """modern.ircdocs.horse, "Connection Registration": «The server SHOULD then respond as though the client sent the
    LUSERS command and return the appropriate numerics.»"""
    peer = await connect()
    welcome = only(
        await register(peer, "NICK ann", "USER ann 0 * :Ann"), *(str(n) for n in (*range(250, 256), 265, 266))
    )
    assert welcome == await ask(peer, "LUSERS")


async def test_those_who_have_not_registered_are_unknown(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_LUSERUNKNOWN (253)": «<connections> is a positive integer and represents the number of
    connections to this server that are currently in an unknown state.»"""
    ann = await enter(connect, "ann")
    bob = await connect()
    await ask(bob, "NICK bob")
    assert lusers(await ask(ann, "LUSERS"), "ann").items() >= people(1, 1, unknown=1).items()
    eve = await connect()
    await ask(eve, "NICK eve")
    assert lusers(await ask(ann, "LUSERS"), "ann").items() >= people(1, 1, unknown=2).items()
    await register(bob, "USER u s e r")
    assert lusers(await ask(ann, "LUSERS"), "ann").items() >= people(2, 2, unknown=1).items()
    eve.send("QUIT")
    await eve.end()
    assert lusers(await ask(ann, "LUSERS"), "ann").items() >= people(2, 2, unknown=0).items()


async def test_lusers_counts_invisible_people_apart(connect: Connect) -> None:
    """RFC 2812, "251 RPL_LUSERCLIENT": «":There are <integer> users and <integer> services on <integer> servers"»,
    where modern.ircdocs.horse has «<u> users and <i> invisible»: together they are everybody."""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    await ask(ann, "MODE ann +i")
    await ask(bob, "MODE bob -i")
    assert lusers(await ask(ann, "LUSERS"), "ann").items() >= {"visible": 1, "invisible": 1}.items()
    await ask(ann, "MODE ann -i")
    assert lusers(await ask(ann, "LUSERS"), "ann").items() >= {"visible": 2, "invisible": 0}.items()


async def test_lusers_counts_operators(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_LUSEROP (252)": «<ops> is a positive integer and represents the number of IRC
    operators connected to this server.»"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    assert lusers(await ask(ann, "LUSERS"), "ann")["operators"] == 0
    for number, peer in enumerate((ann, bob), start=1):
        assert "381" in commands(await ask(peer, "OPER root secret"))
        assert lusers(await ask(ann, "LUSERS"), "ann")["operators"] == number
    assert one(only(await ask(ann, "MODE ann -o"), "MODE")).params == ["ann", "-o"]
    assert lusers(await ask(ann, "LUSERS"), "ann")["operators"] == 1
    bob.send("QUIT")
    await bob.end()
    assert lusers(await ask(ann, "LUSERS"), "ann")["operators"] == 0


async def test_lusers_counts_rooms(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_LUSERCHANNELS (254)": «<channels> is a positive integer and represents the number of
    channels that currently exist on this server.»"""
    ann = await enter(connect, "ann")
    before = lusers(await ask(ann, "LUSERS"), "ann")["rooms"]
    await ask(ann, "JOIN #tea", "JOIN #milk")
    assert lusers(await ask(ann, "LUSERS"), "ann")["rooms"] == before + 2
