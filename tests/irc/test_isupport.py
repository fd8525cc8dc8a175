"""005: what the server says of itself, in which form, and whether it is true."""

import re

import msgspec
import pytest

from tcpchat.config import Config, Limits
from tests.conftest import Connect
from tests.irc.peers import SERVER, ask, bare, drain, enter, isupport, one, only

NUMBER = r"[1-9]\d*"

FORMS = {
    "ACCOUNTEXTBAN": "a",
    "AWAYLEN": NUMBER,
    "BOT": "B",
    "CASEMAPPING": "precis",
    "CHANLIMIT": rf"[#&]+:({NUMBER})?(,[#&]+:({NUMBER})?)*",
    "CHANMODES": "[A-Za-z]+,[A-Za-z]*,[A-Za-z]*,[A-Za-z]+",
    "CHANNELLEN": NUMBER,
    "CHANTYPES": "#&",
    "CHATHISTORY": NUMBER,
    "EXCEPTS": "e",
    "EXTBAN": "~,am",
    "INVEX": "I",
    "KICKLEN": NUMBER,
    "MAXLIST": rf"[A-Za-z]+:{NUMBER}(,[A-Za-z]+:{NUMBER})*",
    "MONITOR": NUMBER,
    "MSGREFTYPES": "msgid,timestamp|timestamp,msgid",
    "NETWORK": "tcpchat",
    "NICKLEN": "32",
    "PREFIX": r"\(ov\)@\+",
    "STATUSMSG": r"@\+",
    "TOPICLEN": "390",
    "USERLEN": NUMBER,
}
"""Tokens with a value, and the form of it."""

OPTIONAL = {
    "CLIENTTAGDENY": "|(?!\\*)[^=*]+",
    "ELIST": "[CMNTUcmntu]+",
    "HOSTLEN": NUMBER,
    "MAXTARGETS": f"({NUMBER})?",
    "MODES": f"({NUMBER})?",
    "NAMELEN": NUMBER,
    "SAFELIST": "(?!)",
    "SILENCE": NUMBER,
    "TARGMAX": rf"[A-Z]+:({NUMBER})?(,[A-Z]+:({NUMBER})?)*",
    "UTF8ONLY": "(?!)",
    "WHOX": "(?!)",
}
"""Tokens that need not be there or have no value, and the form of the value they may have."""


@pytest.fixture
def config(config: Config, request: pytest.FixtureRequest) -> Config:
    """With the settings that a test asks for."""
    return msgspec.structs.replace(config, **getattr(request, "param", {}))


# form


async def test_no_line_has_more_than_13_tokens(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_ISUPPORT (005)": «"<client> <1-13 tokens> :are supported by this server" […] As the
    maximum number of message parameters to any reply is 15, the maximum number of RPL_ISUPPORT tokens that can be
    advertised is 13.»"""
    lines = only(await ask(await enter(connect, "ann"), "VERSION"), "005")
    assert lines
    for line in lines:
        assert line.source == SERVER
        assert line.params[0] == "ann"
        assert 1 <= len(line.params[1:-1]) <= 13
        assert " " in line.params[-1], "the last is a sentence"
        assert line.isascii()


async def test_every_token_has_the_form_of_one(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_ISUPPORT (005)": «token = *1"-" parameter / parameter *1( "=" value ); parameter =
    1*20 letter; […] punct = %d33-47 / %d58-64 / %d91-96 / %d123-126», «Servers MUST send the parameter as upper-case
    text.» A value with another = would be cut by clients that split there."""
    for line in only(await ask(await enter(connect, "ann"), "VERSION"), "005"):
        for token in line.params[1:-1]:
            assert re.fullmatch(r"-?[A-Z0-9]{1,20}|(draft/)?[A-Z0-9]{1,20}(=[!-<>-~]*)?", token), token


async def test_no_token_comes_twice(connect: Connect) -> None:
    """modern.ircdocs.horse, "RPL_ISUPPORT (005)": «A single RPL_ISUPPORT reply MUST NOT contain the same parameter
    multiple times nor advertise and negate the same parameter.»"""
    lines = only(await ask(await enter(connect, "ann"), "VERSION"), "005")
    names = [token.partition("=")[0].lstrip("-") for line in lines for token in line.params[1:-1]]
    assert len(names) == len(set(names)), names


async def test_version_says_the_same_as_the_welcome(connect: Connect) -> None:
    """modern.ircdocs.horse, "VERSION message": «Upon receiving a VERSION command, the given server SHOULD respond with
    one RPL_VERSION reply and one or more RPL_ISUPPORT replies»; "Feature Advertisement": «consecutive RPL_ISUPPORT
    numerics SHOULD be sent adjacent to each other»."""
    peer = await (await connect()).enter_irc("ann")
    welcome = re.findall(r"^:\S+ 005 .*?(?=\r)", peer.seen.decode(), re.MULTILINE)
    assert "\r\n".join(welcome) in peer.seen.decode()
    await drain(peer)
    version, *tokens = await ask(peer, "VERSION")
    assert version.command == "351"
    assert bare(tokens) == welcome


@pytest.mark.parametrize("name", FORMS)
async def test_what_is_needed_is_there_in_its_form(connect: Connect, name: str) -> None:
    """modern.ircdocs.horse, "RPL_ISUPPORT Parameters", and the specifications of bot-mode, chathistory, monitor and
    account-extban: «Format: AWAYLEN=<number>», «Format: CHANMODES=A,B,C,D[,X,Y...]», «Format:
    PREFIX=[(modes)prefixes]», «Format: EXTBAN=[<prefix>],<types>», «Format:
    MAXLIST=<modes>:<limit>{,<modes>:<limit>}»…"""
    value = isupport(await enter(connect, "ann")).get(name, "missing")
    if name in ("EXCEPTS", "INVEX"):
        value = value or FORMS[name]
    assert re.fullmatch(FORMS[name], value or ""), f"{name}={value}"


@pytest.mark.parametrize("name", OPTIONAL)
async def test_what_may_be_there_has_its_form(connect: Connect, name: str) -> None:
    """modern.ircdocs.horse, "RPL_ISUPPORT Parameters": «The SAFELIST parameter MUST NOT be specified with a value»,
    «Format: TARGMAX=[<command>:[limit]{,<command>:[limit]}]»; IRCv3 message-tags: «An asterisk * (0x2A) indicates that
    all client-only tags are blocked», which they are not here."""
    value = isupport(await enter(connect, "ann")).get(name)
    assert value is None or re.fullmatch(OPTIONAL[name], value), f"{name}={value}"


async def test_utf_8_is_said_to_be_the_only_encoding(connect: Connect) -> None:
    """IRCv3 utf8-only: «This specification introduces a new token UTF8ONLY that servers can include in their ISUPPORT
    (005) output.»"""
    tokens = isupport(await enter(connect, "ann"))
    assert tokens.get("UTF8ONLY", "missing") is None


async def test_modes_are_of_one_kind_each(connect: Connect) -> None:
    """modern.ircdocs.horse, "CHANMODES": «The value lists the channel mode letters of Type A, B, C, and D,
    respectively, delimited by a comma», «Server MUST NOT list modes in this parameter that are also advertised in the
    PREFIX parameter»; "MAXLIST": «<modes> is a list of type A modes defined in CHANMODES»."""
    peer = await enter(connect, "ann")
    tokens = isupport(peer)
    kinds = (tokens["CHANMODES"] or "").split(",")
    letters = "".join(kinds)
    assert len(letters) == len(set(letters))
    assert not set("ov") & set(letters)
    assert set(kinds[0]) == set("beI")
    assert (kinds[1], set(kinds[2])) == ("k", set("dl"))
    assert set("Cimnst") <= set(kinds[3])
    assert {mode for part in (tokens["MAXLIST"] or "").split(",") for mode in part.split(":")[0]} == set(kinds[0])
    room_modes = one(re.findall(r" 004 ann \S+ \S+ \S+ (\S+)", peer.seen.decode()))
    assert set(room_modes) == set(letters) | set("ov")


# truth


async def test_a_nick_may_be_as_long_as_is_said(connect: Connect) -> None:
    """modern.ircdocs.horse, "NICKLEN": «The NICKLEN parameter indicates the maximum length of a nickname that a client
    may set.»"""
    ann = await enter(connect, "ann")
    most = int(isupport(ann)["NICKLEN"] or 0)
    assert one(await ask(ann, f"NICK {'a' * most}")).params == ["a" * most]
    for longer in ("b" * (most + 1), "b" * (most + 5)):
        answer = one(await ask(ann, f"NICK {longer}"))
        assert re.fullmatch(rf":{SERVER} 432 {'a' * most} {longer} :.+", answer)


@pytest.mark.parametrize("prefix", ["#", "&"])
async def test_a_room_name_may_be_as_long_as_is_said(connect: Connect, prefix: str) -> None:
    """modern.ircdocs.horse, "CHANNELLEN": «The CHANNELLEN parameter specifies the maximum length of a channel name that
    a client may join»; the prefix is part of the name. "ERR_NOSUCHCHANNEL (403)": «"<client> <channel> :No such
    channel"»."""
    ann = await enter(connect, "ann")
    most = int(isupport(ann)["CHANNELLEN"] or 0)
    fits = prefix + "a" * (most - 1)
    assert (await ask(ann, f"JOIN {fits}"))[0].params == [fits]
    longer = prefix + "b" * most
    assert re.fullmatch(rf":{SERVER} 403 ann {longer} :.+", one(await ask(ann, f"JOIN {longer}")))


@pytest.mark.parametrize("config", [{"limits": Limits(rooms_per_client=5)}], indirect=True)
async def test_one_may_be_in_as_many_rooms_as_is_said(connect: Connect) -> None:
    """modern.ircdocs.horse, "CHANLIMIT": «The CHANLIMIT parameter indicates the number of channels a client may join»;
    "JOIN message": «If the client cannot join this channel because they would be over their limit, they will receive an
    ERR_TOOMANYCHANNELS (405) reply and the command will fail.»"""
    ann = await enter(connect, "ann")
    limits = dict(pair.split(":") for pair in (isupport(ann)["CHANLIMIT"] or "").split(","))
    assert "5" in limits.values()
    prefixes = one(prefixes for prefixes, limit in limits.items() if limit == "5" and "#" in prefixes)
    for number in range(5):
        prefix = prefixes[number % len(prefixes)]
        assert (await ask(ann, f"JOIN {prefix}room{number}"))[0].command == "JOIN"
    assert re.fullmatch(rf":{SERVER} 405 ann #more :.+", one(await ask(ann, "JOIN #more")))
    await ask(ann, "PART #room0")
    assert (await ask(ann, "JOIN #more"))[0].command == "JOIN"


async def test_a_topic_may_be_as_long_as_is_said(connect: Connect) -> None:
    """modern.ircdocs.horse, "TOPICLEN": «The TOPICLEN parameter indicates the maximum length of a topic that a client
    may set on a channel.»"""
    ann = await enter(connect, "ann", "#tea")
    topic = "x" * int(isupport(ann)["TOPICLEN"] or 0)
    assert one(only(await ask(ann, f"TOPIC #tea :{topic}"), "TOPIC")).params == ["#tea", topic]
    assert one(only(await ask(ann, "TOPIC #tea"), "332")).params == ["ann", "#tea", topic]


async def test_a_reason_to_be_away_may_be_as_long_as_is_said(connect: Connect) -> None:
    """modern.ircdocs.horse, "AWAYLEN": «The AWAYLEN parameter indicates the maximum length for the <reason> of an AWAY
    command.»"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    reason = "x" * int(isupport(ann)["AWAYLEN"] or 0)
    await ask(ann, f"AWAY :{reason}")
    assert one(await ask(bob, "PRIVMSG ann :hi")).params == ["bob", "ann", reason]


async def test_a_reason_that_is_too_long_is_not_cut_inside_a_character(connect: Connect) -> None:
    """modern.ircdocs.horse, "AWAYLEN": «If an AWAY <reason> has more characters than this parameter, it may be silently
    truncated by the server before being passed on to other clients»; IRCv3 utf8-only: «Implementations must ensure that
    if they truncate messages to meet a length limit, they do not do so in the middle of a UTF-8-encoded codepoint.»"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    assert int(isupport(ann)["AWAYLEN"] or 0) < 488
    for offset in range(4):
        reason = "x" * offset + "😊" * 121
        await ask(ann, "AWAY :short", f"AWAY :{reason}")
        told = one(only(await ask(bob, "PRIVMSG ann :hi"), "301")).params[2]
        assert told == "short" or (reason.startswith(told) and len(told.encode()) >= 250)
    assert bob.seen.decode()


async def test_a_reason_to_kick_may_be_as_long_as_is_said(connect: Connect) -> None:
    """modern.ircdocs.horse, "KICKLEN": «The KICKLEN parameter indicates the maximum length for the <reason> of a KICK
    command.»"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob", "#tea")
    await drain(ann)
    reason = "x" * int(isupport(ann)["KICKLEN"] or 0)
    assert one(await ask(ann, f"KICK #tea bob :{reason}")).params == ["#tea", "bob", reason]
    assert one(await ask(bob)).params == ["#tea", "bob", reason]


async def test_as_many_targets_are_taken_as_is_said(connect: Connect) -> None:
    """modern.ircdocs.horse, "TARGMAX": «The TARGMAX parameter defines the maximum number of targets allowed for
    commands which accept multiple targets. […] If <limit> is not specified, then there is no maximum number of targets
    for that command.»"""
    ann = await enter(connect, "ann")
    limits = dict(part.split(":") for part in (isupport(ann).get("TARGMAX") or "PRIVMSG:").split(","))
    many = int(limits.get("PRIVMSG", "1") or 4)
    people = [await enter(connect, f"p{number}") for number in range(min(many, 4))]
    assert await ask(ann, f"PRIVMSG {','.join(f'p{number}' for number in range(len(people)))} :hi") == []
    for number, peer in enumerate(people):
        assert one(await ask(peer)).params == [f"p{number}", "hi"]


@pytest.mark.threat(26)
async def test_names_that_differ_in_case_are_the_same(connect: Connect) -> None:
    """modern.ircdocs.horse, "CASEMAPPING": «The CASEMAPPING parameter indicates what method the server uses to compare
    equality of case-insensitive strings (such as channel names and nicks).»"""
    ann, bob = await enter(connect, "Ann", "#Tea"), await enter(connect, "bob", "#tEA")
    assert one(await ask(ann)).command == "JOIN"
    await ask(bob, "PRIVMSG #TEA :to the room", "PRIVMSG aNN :to you")
    assert [line.params[1] for line in only(await ask(ann), "PRIVMSG")] == ["to the room", "to you"]
