"""MODE: what holds in rooms, who may what there, and what users say of themselves."""

import re
from collections.abc import Iterable

import pytest

from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, TIME, become_operator, exactly, gather, told
from tests.irc.peers import Line, commands, drain, enter, enter_account, isupport, one, only

WITH_PARAMETER = {"+": "beIklov", "-": "beIkov"}


def changes(lines: Iterable[Line]) -> list[str]:
    """What the MODE messages among the lines change, one by one, like ``+k beer``, sorted."""
    changed = []
    for line in only(lines, "MODE"):
        _, modes, *parameters = line.params
        assert modes[0] in "+-", line
        for letter in modes:
            if letter in "+-":
                sign = letter
            else:
                given = f" {parameters.pop(0)}" if letter in WITH_PARAMETER[sign] else ""
                changed.append(f"{sign}{letter}{given}")
        assert not parameters, f"more parameters than modes: {line}"
    return sorted(changed)


# what holds


async def test_the_modes_of_a_room_and_when_it_was_made(connect: Connect) -> None:
    """«If <modestring> is not given, the RPL_CHANNELMODEIS (324) numeric is returned. […] Servers MAY also return the
    RPL_CREATIONTIME (329) numeric following RPL_CHANNELMODEIS.» (modern.ircdocs.horse, "MODE message")"""
    ann = await enter(connect, "ann", "#tea")
    exactly(await told(ann, "MODE #tea"), rf"{SERVER} 324 ann #tea \+(nt|tn)", rf"{SERVER} 329 ann #tea {TIME}")


async def test_a_room_without_modes_has_just_a_plus(connect: Connect) -> None:
    """«<modestring> starts with a plus ('+', 0x2B) or minus ('-', 0x2D) character» (modern.ircdocs.horse, "MODE
    message")"""
    ann = await enter(connect, "ann", "#tea")
    assert changes(await told(ann, "MODE #tea +int")) == ["+i"], "n and t hold from the beginning"
    held = one(only(await told(ann, "MODE #tea"), "324")).params[2]
    assert held[0] == "+"
    assert set(held[1:]) == set("int")
    line = one(await told(ann, f"MODE #tea -{held[1:]}"))
    assert line.params[1][0] == "-"
    assert sorted(line.params[1][1:]) == ["i", "n", "t"]
    exactly(only(await told(ann, "MODE #tea"), "324"), rf"{SERVER} 324 ann #tea \+")


async def test_the_modes_of_a_room_come_with_their_parameters(connect: Connect) -> None:
    """«<modestring> and <mode arguments> are a mode string and the mode arguments (delimited as separate parameters)
    as defined in the MODE message description.» (modern.ircdocs.horse, "RPL_CHANNELMODEIS")"""
    ann = await enter(connect, "ann", "#tea")
    await told(ann, "MODE #tea +kl beer 7")
    _, room, modes, *parameters = one(only(await told(ann, "MODE #tea"), "324")).params
    assert room == "#tea"
    assert set(modes) == set("+ntkl")
    assert parameters == [{"k": "beer", "l": "7"}[letter] for letter in modes if letter in "kl"]


async def test_a_key_is_not_shown_to_strangers(connect: Connect) -> None:
    """«The channel key MUST only be made visible to the channel members in the reply sent by the server to a MODE
    query.» (RFC 2811 4.2.10)"""
    ann, eve = await enter(connect, "ann", "#tea"), await enter(connect, "eve")
    await told(ann, "MODE #tea +k beer")
    lines = await told(eve, "MODE #tea")
    assert not any("beer" in line for line in lines)
    _, _, modes, *parameters = one(only(lines, "324")).params
    assert "k" in modes
    assert parameters == ["*"]
    assert "beer" in one(only(await told(ann, "MODE #tea"), "324")).params


async def test_which_modes_there_are_is_said(connect: Connect) -> None:
    """«The value lists the channel mode letters of Type A, B, C, and D, respectively, delimited by a comma […] Server
    MUST NOT list modes in this parameter that are also advertised in the PREFIX parameter.» (modern.ircdocs.horse,
    "CHANMODES parameter")"""
    ann = await enter(connect, "ann")
    tokens = {name: value or "" for name, value in isupport(ann).items()}
    lists, keys, limits, flags, *_ = tokens["CHANMODES"].split(",")
    assert (set(lists), keys, set(limits)) == (set("beI"), "k", set("dl"))
    assert set("Cimnst") <= set(flags)
    assert not set("ov") & set(tokens["CHANMODES"])
    assert tokens["EXCEPTS"] in {"", "e"}
    assert tokens["INVEX"] in {"", "I"}
    prefix, _, types = tokens["EXTBAN"].partition(",")
    assert prefix == "~"
    assert set("am") <= set(types)
    assert "a" in tokens["ACCOUNTEXTBAN"].split(",")


# what changes


async def test_everybody_in_the_room_is_told_what_changes(connect: Connect) -> None:
    """«When the server is done processing the modes, a MODE command is sent to all members of the channel containing
    the mode changes.» (modern.ircdocs.horse, "MODE message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    eve = await enter(connect, "eve")
    exactly(await told(ann, "MODE #tea +m"), r":ann!ann@localhost MODE #tea \+m")
    exactly(await told(bob), r":ann!ann@localhost MODE #tea \+m")
    assert await told(eve) == []


async def test_several_modes_change_in_one_line(connect: Connect) -> None:
    """«For type A, B, and C modes, arguments will be sequentially obtained from <mode arguments>.»; the example «MODE
    #foobar -bl+i *@192.168.0.1» (modern.ircdocs.horse, "MODE message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    wanted = ["+b x!*@*", "+i", "+k beer", "+l 9", "+m", "+v bob", "-t"]
    for lines in (await told(ann, "MODE #tea +imkvbl-t beer bob x!*@* 9"), await told(bob)):
        assert commands(lines) == ["MODE"], lines
        assert changes(lines) == wanted
    assert changes(await told(ann, "MODE #tea -bl+t x!*@*")) == ["+t", "-b x!*@*", "-l"]


async def test_what_changes_nothing_is_not_told(connect: Connect) -> None:
    """«a MODE command is sent to all members of the channel containing the mode changes» (modern.ircdocs.horse, "MODE
    message"): without changes there is nothing to send."""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await told(ann, "MODE #tea +bklv x!*@* beer 5 bob")
    await drain(bob)
    nothing = [
        "+nt",
        "+o ann",
        "+v bob",
        "-o bob",
        "+b x!*@*",
        "-b y!*@*",
        "+l 5",
        "+k beer",
        "-m",
        "-i",
        "-e a!*@*",
        "+",
        "-",
    ]
    for modes in nothing:
        assert only(await told(ann, f"MODE #tea {modes}"), "MODE") == [], modes
        assert await told(bob) == [], modes
    assert changes(await told(ann, "MODE #tea +ntm")) == ["+m"], "only what changes is told"


@pytest.mark.threat(35)
async def test_without_privilege_no_mode_changes(connect: Connect) -> None:
    """«If a user does not have appropriate privileges to change modes on the target channel, the server MUST not
    process the message, and ERR_CHANOPRIVSNEEDED (482) numeric is returned.» (modern.ircdocs.horse, "MODE
    message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await told(ann, "MODE #tea +v bob")
    await drain(bob)
    for modes in ["+m", "-t", "+o bob", "-o ann", "+b x!*@*", "+k beer", "+l 5"]:
        exactly(await told(bob, f"MODE #tea {modes}"), f"{SERVER} 482 bob #tea {TEXT}")
    assert await told(ann) == []
    exactly(only(await told(ann, "MODE #tea"), "324"), rf"{SERVER} 324 ann #tea \+(nt|tn)")


async def test_strangers_change_no_modes(connect: Connect) -> None:
    """«442 ERR_NOTONCHANNEL: Returned when a client tries to perform a channel-affecting command on a channel which
    the client isn't a part of.» (modern.ircdocs.horse, "ERR_NOTONCHANNEL")"""
    ann, eve = await enter(connect, "ann", "#tea"), await enter(connect, "eve")
    for modes in ["+m", "+o eve", "-o ann"]:
        exactly(await told(eve, f"MODE #tea {modes}"), f"{SERVER} (442|482) eve #tea {TEXT}")
    assert await told(ann) == []


async def test_modes_of_no_room_are_403(connect: Connect) -> None:
    """«If <target> is a channel that does not exist on the network, the ERR_NOSUCHCHANNEL (403) numeric is returned.»
    (modern.ircdocs.horse, "MODE message")"""
    ann = await enter(connect, "ann")
    for modes in ["", " +o ann", " +o nobody", " b"]:
        exactly(await told(ann, f"MODE #nowhere{modes}"), f"{SERVER} 403 ann #nowhere {TEXT}")
    exactly(await told(ann, "MODE"), f"{SERVER} 461 ann MODE {TEXT}")


async def test_an_unknown_mode_is_472(connect: Connect) -> None:
    """«ERR_UNKNOWNMODE (472) "<client> <modechar> :is unknown mode char to me": Indicates that a mode character used
    by a client is not recognized by the server.» (modern.ircdocs.horse, "ERR_UNKNOWNMODE")"""
    ann = await enter(connect, "ann", "#tea")
    lines = await told(ann, "MODE #tea +Ym")
    exactly(only(lines, "472"), f"{SERVER} 472 ann Y {TEXT}")
    assert changes(lines) == ["+m"]


async def test_operators_and_voices_are_made_and_unmade(connect: Connect) -> None:
    """«Users with this mode may perform channel moderation tasks such as kicking users, applying channel modes, and
    set other users to operator (or lower) status.» (modern.ircdocs.horse, "Operator Prefix")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    exactly(await told(ann, "MODE #tea +o bob"), r":ann!ann@localhost MODE #tea \+o bob")
    exactly(await told(bob), r":ann!ann@localhost MODE #tea \+o bob")
    assert changes(await told(bob, "MODE #tea -o+v ann ann")) == ["+v ann", "-o ann"]
    exactly(only(await told(bob, "NAMES #tea"), "353"), rf"{SERVER} 353 bob = #tea :(\+ann @bob|@bob \+ann)")
    exactly(only(await told(ann, "MODE #tea +o ann"), "MODE", "482")[-1:], f"{SERVER} 482 ann #tea {TEXT}")
    assert changes(await told(bob, "MODE #tea -v ANN")) == ["-v ann"], "the nick is told as it is spelt"
    exactly(only(await told(bob, "NAMES #tea"), "353"), rf"{SERVER} 353 bob = #tea :(ann @bob|@bob ann)")


async def test_nobody_is_made_operator_who_is_not_there(connect: Connect) -> None:
    """«ERR_USERNOTINCHANNEL (441) "<client> <nick> <channel> :They aren't on that channel": Returned when a client
    tries to perform a channel+nick affecting command, when the nick isn't joined to the channel (for example, MODE
    #channel +o nick).» (modern.ircdocs.horse, "ERR_USERNOTINCHANNEL")"""
    ann, _ = await enter(connect, "ann", "#tea"), await enter(connect, "eve")
    exactly(await told(ann, "MODE #tea +o eve"), f"{SERVER} 441 ann eve #tea {TEXT}")
    exactly(await told(ann, "MODE #tea +v eve"), f"{SERVER} 441 ann eve #tea {TEXT}")
    exactly(await told(ann, "MODE #tea +o nobody"), rf"{SERVER} (401 ann nobody|441 ann nobody #tea) {TEXT}")


# key and limit


async def test_a_key_is_set_told_and_taken_away(connect: Connect) -> None:
    """«Type B: Modes that change a setting on a channel. These modes MUST always have a parameter.»
    (modern.ircdocs.horse, "MODE message")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    exactly(await told(ann, "MODE #tea +k beer"), r":ann!ann@localhost MODE #tea \+k beer")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 475 bob #tea {TEXT}")
    exactly(await told(ann, "MODE #tea -k beer"), r":ann!ann@localhost MODE #tea -k \S+")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "475"), ":bob!bob@localhost JOIN #tea")


@pytest.mark.parametrize("key", ["passphrase with spaces", "", "two,keys"])
async def test_a_key_that_nobody_could_give_is_696(connect: Connect, key: str) -> None:
    """«ERR_INVALIDMODEPARAM (696) "<client> <target chan/user> <mode char> <parameter> :<description>": Indicates
    that there was a problem with a mode parameter.» (modern.ircdocs.horse, "ERR_INVALIDMODEPARAM"; "Key Channel
    Mode": «Servers may validate the value (eg. to forbid spaces, as they make it harder to use the key in JOIN
    messages). If the value is invalid, they SHOULD return ERR_INVALIDMODEPARAM.»)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    line = one(await told(ann, f"MODE #tea +k :{key}"))
    exactly([line], rf"{SERVER} 696 ann #tea k \* {TEXT}")
    assert len(line.params) == 5
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "475"), ":bob!bob@localhost JOIN #tea")


async def test_a_long_key_is_refused_or_cut(connect: Connect) -> None:
    """«key = 1*23( %x01-05 / %x07-08 / %x0C / %x0E-1F / %x21-7F )» (RFC 2812 2.3.1); «clients MUST be able to handle
    […] MODE echoed with a different key (eg. truncated or stripped of invalid characters)» (modern.ircdocs.horse,
    "Key Channel Mode")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    line = one(await told(ann, f"MODE #tea +k {'long' * 100}"))
    if line.command == "696":
        exactly([line], rf"{SERVER} 696 ann #tea k \* {TEXT}")
        key = ""
    else:
        exactly([line], r":ann!ann@localhost MODE #tea \+k (long)+\w*")
        key = line.params[2]
    exactly(only(await told(bob, f"JOIN #tea {key}"), "JOIN", "475"), ":bob!bob@localhost JOIN #tea")


@pytest.mark.parametrize("limit", ["0", "-1", "abc", "", "1.5"])
async def test_a_limit_that_is_none_is_696(connect: Connect, limit: str) -> None:
    """«ERR_INVALIDMODEPARAM (696) "<client> <target chan/user> <mode char> <parameter> :<description>"»
    (modern.ircdocs.horse, "ERR_INVALIDMODEPARAM"); «its value is an integer and defines the limit of how many clients
    may be joined to the channel» ("Client Limit Channel Mode")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    line = one(await told(ann, f"MODE #tea +l :{limit}"))
    exactly([line], rf"{SERVER} 696 ann #tea l ({re.escape(limit) or '-'}|\*) {TEXT}")
    assert len(line.params) == 5
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "471"), ":bob!bob@localhost JOIN #tea")


@pytest.mark.parametrize("mode", ["k", "l"])
async def test_what_needs_a_parameter_and_has_none_is_ignored(connect: Connect, mode: str) -> None:
    """«If a type B or C mode does not have a parameter when being set, the server MUST ignore that mode.»
    (modern.ircdocs.horse, "MODE message")"""
    ann = await enter(connect, "ann", "#tea")
    lines = await told(ann, f"MODE #tea +{mode}")
    assert set(commands(lines)) <= {"461", "696"}, lines
    assert mode not in one(only(await told(ann, "MODE #tea"), "324")).params[2]
    assert changes(await told(ann, f"MODE #tea +m{mode}")) == ["+m"], "the others hold"


async def test_a_limit_is_told_with_its_number_and_taken_away_without(connect: Connect) -> None:
    """«Type C: […] These modes MUST have a parameter when being set, and MUST NOT have a parameter when being unset.»
    (modern.ircdocs.horse, "MODE message")"""
    ann = await enter(connect, "ann", "#tea")
    exactly(await told(ann, "MODE #tea +l 2"), r":ann!ann@localhost MODE #tea \+l 2")
    exactly(await told(ann, "MODE #tea +l 3"), r":ann!ann@localhost MODE #tea \+l 3")
    exactly(await told(ann, "MODE #tea -l"), ":ann!ann@localhost MODE #tea -l")


# lists


@pytest.mark.parametrize(("mode", "entry", "end"), [("b", "367", "368"), ("e", "348", "349"), ("I", "346", "347")])
async def test_lists_are_shown_with_who_put_what_there_and_when(
    connect: Connect, mode: str, entry: str, end: str
) -> None:
    """«If a type A mode has been sent without an argument, the contents of the list MUST be sent to the user»
    (modern.ircdocs.horse, "MODE message"); «RPL_BANLIST (367) "<client> <channel> <mask> [<who> <set-ts>]"» and its
    kin"""
    ann = await enter(connect, "ann", "#tea")
    for asked in [mode, f"+{mode}"]:
        exactly(await told(ann, f"MODE #tea {asked}"), f"{SERVER} {end} ann #tea {TEXT}")
    exactly(await told(ann, f"MODE #tea +{mode} bar!*@*"), rf":ann!ann@localhost MODE #tea \+{mode} bar!\*@\*")
    exactly(await told(ann, f"MODE #tea +{mode} foo!*@*"), rf":ann!ann@localhost MODE #tea \+{mode} foo!\*@\*")
    shown = await told(ann, f"MODE #tea {mode}")
    exactly(
        sorted(shown),
        *sorted(
            [
                rf"{SERVER} {entry} ann #tea bar!\*@\* ann(!ann@localhost)? {TIME}",
                rf"{SERVER} {entry} ann #tea foo!\*@\* ann(!ann@localhost)? {TIME}",
                rf"{SERVER} {end} ann #tea {TEXT}",
            ]
        ),
    )
    assert shown[-1].command == end
    exactly(await told(ann, f"MODE #tea -{mode} foo!*@*"), rf":ann!ann@localhost MODE #tea -{mode} foo!\*@\*")
    assert commands(await told(ann, f"MODE #tea {mode}")) == [entry, end]


async def test_members_may_see_who_is_banned(connect: Connect) -> None:
    """«A client MAY issue this type of mode without an argument to obtain the current contents of the list.»
    (modern.ircdocs.horse, "MODE message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await told(ann, "MODE #tea +b x!*@*")
    await drain(bob)
    exactly(
        await told(bob, "MODE #tea +b"),
        rf"{SERVER} 367 bob #tea x!\*@\* ann(!ann@localhost)? {TIME}",
        f"{SERVER} 368 bob #tea {TEXT}",
    )


async def test_masks_are_the_same_however_they_are_spelt(connect: Connect) -> None:
    """«The CASEMAPPING parameter indicates what method the server uses to compare equality of case-insensitive
    strings (such as channel names and nicks).» (modern.ircdocs.horse, "CASEMAPPING parameter")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "Bob")
    assert len(changes(await told(ann, "MODE #tea +b BOB!*@*"))) == 1
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 474 Bob #tea {TEXT}")
    assert changes(await told(ann, "MODE #tea +b bob!*@*")) == []
    assert len(changes(await told(ann, "MODE #tea -b bob!*@*"))) == 1
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":Bob!Bob@localhost JOIN #tea")


@pytest.mark.parametrize(
    "mask", ["bob", "b?b!*@*", "*!bob@*", "*!*@localhost", "*@localhost", "*!*@local*", "BOB!BOB@LOCALHOST"]
)
async def test_a_mask_is_of_nick_user_and_host(connect: Connect, mask: str) -> None:
    """«their nickmask (the combination of nick!user@host) is compared with each banned client mask»
    (modern.ircdocs.horse, "Ban Channel Mode"); «'?' to match one and only one character, and '*' to match any number
    of any characters» ("Wildcard Expressions"); what is missing of a mask matches everything, as in the example «MODE
    #foobar +mb *@127.0.0.1»"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    assert len(changes(await told(ann, f"MODE #tea +b {mask}"))) == 1
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 474 bob #tea {TEXT}")


@pytest.mark.parametrize("mask", ["bobby", "b?!*@*", "*!ann@*", "bob!*@*.localhost", "bo!*@*"])
async def test_a_mask_matches_the_whole_of_it(connect: Connect, mask: str) -> None:
    """«'?' to match one and only one character, and '*' to match any number of any characters» (modern.ircdocs.horse,
    "Wildcard Expressions")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    assert len(changes(await told(ann, f"MODE #tea +b {mask}"))) == 1
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":bob!bob@localhost JOIN #tea")


# who may speak


async def test_the_banned_do_not_speak(connect: Connect) -> None:
    """«Servers MUST NOT allow a channel member who is banned from the channel to speak on the channel, unless this
    member is a channel operator or has voice privilege.» (RFC 2811 4.3.1); «This channel mode controls a list of
    client masks that are 'banned' from joining or speaking in the channel.» (modern.ircdocs.horse, "Ban Channel
    Mode")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await told(ann, "MODE #tea +b *!*@localhost")
    await drain(bob)
    exactly(await told(bob, "PRIVMSG #tea :hello world"), f"{SERVER} 404 bob #tea {TEXT}")
    assert await told(bob, "NOTICE #tea :hello world") == []
    assert await told(ann) == []
    assert await told(ann, "PRIVMSG #tea :I may, I am an operator") == []
    exactly(await told(bob), ":ann!ann@localhost PRIVMSG #tea :I may, I am an operator")
    await told(ann, "MODE #tea +v bob")
    await drain(bob)
    assert await told(bob, "PRIVMSG #tea :hello again") == []
    exactly(await told(ann), ":bob!bob@localhost PRIVMSG #tea :hello again")
    await told(ann, "MODE #tea -v bob", "MODE #tea -b *!*@localhost")
    await drain(bob)
    assert await told(bob, "PRIVMSG #tea :and again") == []
    exactly(await told(ann), ":bob!bob@localhost PRIVMSG #tea :and again")


async def test_an_exception_is_stronger_than_a_ban(connect: Connect) -> None:
    """«If their nickmask matches any one of the masks set by this mode, and their nickmask also matches any one of
    the masks set by the ban channel mode, they will not be blocked from joining due to the ban mode.»
    (modern.ircdocs.horse, "Exception Channel Mode")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "Bob")
    await told(ann, "MODE #tea +b bo*!*@*")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 474 Bob #tea {TEXT}")
    await told(ann, "MODE #tea +e *ob!*@*")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":Bob!Bob@localhost JOIN #tea")
    await drain(ann)
    assert await told(bob, "PRIVMSG #tea :and I may speak") == []
    exactly(await told(ann), ":Bob!Bob@localhost PRIVMSG #tea :and I may speak")
    await told(ann, "MODE #tea -e *ob!*@*")
    await drain(bob)
    exactly(await told(bob, "PRIVMSG #tea :and now?"), f"{SERVER} 404 Bob #tea {TEXT}")


async def test_in_a_moderated_room_speak_those_with_privileges(connect: Connect) -> None:
    """«If this mode is set on a channel, only users who have channel privileges may send messages to that channel.»
    (modern.ircdocs.horse, "Moderated Channel Mode")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    exactly(await told(ann, "MODE #tea +m"), r":ann!ann@localhost MODE #tea \+m")
    await drain(bob)
    exactly(await told(bob, "PRIVMSG #tea :hi from bob"), f"{SERVER} 404 bob #tea {TEXT}")
    assert await told(ann) == []
    assert await told(ann, "PRIVMSG #tea :hi") == []
    await told(ann, "MODE #tea +v bob")
    await drain(bob)
    assert await told(bob, "PRIVMSG #tea :hi again from bob") == []
    exactly(await told(ann), ":bob!bob@localhost PRIVMSG #tea :hi again from bob")


async def test_no_messages_come_from_outside_unless_the_room_wants_them(connect: Connect) -> None:
    """«If this mode is enabled, users MUST be joined to the channel in order to send private messages and notices to
    the channel. If this mode is enabled and they try to send one of these to a channel they are not joined to, they
    will receive an ERR_CANNOTSENDTOCHAN (404) numeric and the message will not be sent to that channel.»
    (modern.ircdocs.horse, "No External Messages Mode")"""
    ann, eve = await enter(connect, "ann", "#tea"), await enter(connect, "eve")
    exactly(await told(eve, "PRIVMSG #tea :hi from eve"), f"{SERVER} 404 eve #tea {TEXT}")
    assert await told(ann) == []
    exactly(await told(ann, "MODE #tea -n"), ":ann!ann@localhost MODE #tea -n")
    assert await told(eve, "PRIVMSG #tea :hi again from eve") == []
    exactly(await told(ann), ":eve!eve@localhost PRIVMSG #tea :hi again from eve")
    await told(ann, "MODE #tea +m")
    exactly(await told(eve, "PRIVMSG #tea :hi"), f"{SERVER} 404 eve #tea {TEXT}")
    await told(ann, "MODE #tea -m+b eve!*@*")
    exactly(await told(eve, "PRIVMSG #tea :hi"), f"{SERVER} 404 eve #tea {TEXT}")


async def test_a_room_may_refuse_ctcp(connect: Connect) -> None:
    """irctest, chmodes/no_ctcp: the channel mode C «blocks CTCPs» other than ACTION; who tries gets
    ERR_CANNOTSENDTOCHAN (404)."""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    assert await told(ann, "PRIVMSG #tea :\x01VERSION\x01") == []
    exactly(await told(bob), ":ann!ann@localhost PRIVMSG #tea \x01VERSION\x01")
    exactly(await told(ann, "MODE #tea +C"), r":ann!ann@localhost MODE #tea \+C")
    await drain(bob)
    assert await told(ann, "PRIVMSG #tea :\x01ACTION hi\x01", "PRIVMSG #tea :no CTCP") == []
    exactly(
        await told(bob),
        ":ann!ann@localhost PRIVMSG #tea :\x01ACTION hi\x01",
        ":ann!ann@localhost PRIVMSG #tea :no CTCP",
    )
    exactly(await told(ann, "PRIVMSG #tea :\x01PING 1473523796 918320\x01"), f"{SERVER} 404 ann #tea {TEXT}")
    assert await told(bob) == []


# who may come in


async def test_an_invite_exception_is_as_good_as_an_invitation(connect: Connect) -> None:
    """«If their nickmask matches any one of the masks set by this mode, and the channel is in invite-only mode, they
    do not need to require an INVITE in order to join the channel.» (modern.ircdocs.horse, "Invite-Exception Channel
    Mode")"""
    ann, bob, eve = await enter(connect, "ann", "#tea"), await enter(connect, "Bob"), await enter(connect, "eve")
    await told(ann, "MODE #tea +I bob!*@*")
    exactly(only(await told(eve, "JOIN #tea"), "JOIN", "473"), ":eve!eve@localhost JOIN #tea")
    await told(eve, "PART #tea")
    await told(ann, "MODE #tea +i")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "473"), ":Bob!Bob@localhost JOIN #tea")
    exactly(await told(eve, "JOIN #tea"), f"{SERVER} 473 eve #tea {TEXT}")
    await told(bob, "PART #tea")
    await told(ann, "MODE #tea -I bob!*@*", "MODE #tea +I eve!*@*")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 473 Bob #tea {TEXT}")
    exactly(only(await told(eve, "JOIN #tea"), "JOIN", "473"), ":eve!eve@localhost JOIN #tea")


async def test_an_invite_exception_is_no_key(connect: Connect) -> None:
    """«servers MUST reject their local users request to join the channel unless this key is given» (RFC 2811 4.2.10)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +iIk bob!*@* beer")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 475 bob #tea {TEXT}")
    exactly(only(await told(bob, "JOIN #tea beer"), "JOIN", "473", "475"), ":bob!bob@localhost JOIN #tea")


# extended bans


async def test_the_muted_come_in_but_do_not_speak(connect: Connect) -> None:
    """defs.ircdocs.horse, ISUPPORT "EXTBAN": a mute, `m`, matches those who may join, but not speak (irctest,
    chmodes/mute_extban)."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "Bob")
    assert len(changes(await told(ann, "MODE #tea +b ~m:BOB!*@*"))) == 1
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":Bob!Bob@localhost JOIN #tea")
    await drain(ann)
    shown = one(only(await told(bob, "MODE #tea +b"), "367"))
    assert shown.params[2].casefold() == "~m:bob!*@*"
    exactly(await told(bob, "PRIVMSG #tea :hi from bob"), f"{SERVER} 404 Bob #tea {TEXT}")
    assert await told(ann) == []
    assert len(changes(await told(ann, "MODE #tea -b ~m:bob!*@*"))) == 1
    await drain(bob)
    assert await told(bob, "PRIVMSG #tea :hi again from bob") == []
    exactly(await told(ann), ":Bob!Bob@localhost PRIVMSG #tea :hi again from bob")


async def test_a_voice_is_stronger_than_a_mute(connect: Connect) -> None:
    """«unless this member is a channel operator or has voice privilege» (RFC 2811 4.3.1)"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await told(ann, "MODE #tea +bv ~m:bob!*@* bob")
    await drain(bob)
    assert await told(bob, "PRIVMSG #tea :hi") == []
    exactly(await told(ann), ":bob!bob@localhost PRIVMSG #tea hi")


async def test_an_exception_may_be_of_a_mute(connect: Connect) -> None:
    """«Extban masks SHOULD also be supported for the ban exception and invite exception modes.»
    (modern.ircdocs.horse, "EXTBAN parameter")"""
    ann, bob, eve = await gather(connect, "#tea", "ann", "bob", "eve")
    await told(ann, "MODE #tea +be ~m:*!*@* ~m:*!bob@*")
    await drain(bob, eve)
    assert await told(bob, "PRIVMSG #tea :thanks for mute-excepting me") == []
    exactly(only(await told(eve, "PRIVMSG #tea :and me?"), "404"), f"{SERVER} 404 eve #tea {TEXT}")
    exactly(await told(ann), ":bob!bob@localhost PRIVMSG #tea :thanks for mute-excepting me")


async def test_an_account_may_be_banned(connect: Connect) -> None:
    """«Servers publishing the ACCOUNTEXTBAN token allow clients to construct ban masks matching account names. […]
    Servers MUST support matching exact account names.» (IRCv3 account-extban)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter_account(connect, "bob")
    exactly(await told(ann, "MODE #tea +b ~a:bob"), r":ann!ann@localhost MODE #tea \+b ~a:bob")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 474 bob #tea {TEXT}")
    await told(bob, "NICK robert")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 474 robert #tea {TEXT}")
    await told(ann, "MODE #tea -b ~a:bob")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":robert!bob@localhost JOIN #tea")


async def test_a_banned_account_is_not_a_nick(connect: Connect) -> None:
    """«ban masks matching account names» (IRCv3 account-extban): who has no account has not that one, whatever the
    nick."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +b ~a:bob")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":bob!bob@localhost JOIN #tea")


async def test_all_who_are_logged_in_may_be_meant(connect: Connect) -> None:
    """«Servers MAY support matching account masks and other server-specific extensions.» (IRCv3 account-extban): `~a`
    alone is anybody with an account."""
    ann, bob, eve = (
        await enter(connect, "ann", "#tea"),
        await enter_account(connect, "bob"),
        await enter(connect, "eve"),
    )
    await told(ann, "MODE #tea +b ~a")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 474 bob #tea {TEXT}")
    exactly(only(await told(eve, "JOIN #tea"), "JOIN", "474"), ":eve!eve@localhost JOIN #tea")
    await told(eve, "PART #tea")
    await told(ann, "MODE #tea -b+be ~a *!*@* ~a")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":bob!bob@localhost JOIN #tea")
    exactly(await told(eve, "JOIN #tea"), f"{SERVER} 474 eve #tea {TEXT}")


async def test_an_account_may_be_an_exception(connect: Connect) -> None:
    """«Extban masks SHOULD also be supported for the ban exception and invite exception modes.»
    (modern.ircdocs.horse, "EXTBAN parameter")"""
    ann, bob, eve = (
        await enter(connect, "ann", "#tea"),
        await enter_account(connect, "bob"),
        await enter(connect, "eve"),
    )
    await told(ann, "MODE #tea +b *!*@*", "MODE #tea +e ~a:bob")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":bob!bob@localhost JOIN #tea")
    exactly(await told(eve, "JOIN #tea"), f"{SERVER} 474 eve #tea {TEXT}")
    await told(bob, "PART #tea")
    await told(ann, "MODE #tea -b+iI *!*@* ~a:bob")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "473"), ":bob!bob@localhost JOIN #tea")
    exactly(await told(eve, "JOIN #tea"), f"{SERVER} 473 eve #tea {TEXT}")


# users


async def test_ones_own_modes_are_shown_and_set(connect: Connect) -> None:
    """«If <modestring> is not given, the RPL_UMODEIS (221) numeric is sent back containing the current modes of the
    target user. If <modestring> is given, the supplied modes will be applied, and a MODE message will be sent to the
    user containing the changed modes.» (modern.ircdocs.horse, "MODE message")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+")
    exactly(await told(ann, "MODE ANN +iB"), r":ann!ann@localhost MODE ann \+(iB|Bi)")
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+(iB|Bi)")
    assert await told(ann, "MODE ann +i") == []
    exactly(await told(ann, "MODE ann -i"), ":ann!ann@localhost MODE ann -i")
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+B")


async def test_an_unknown_user_mode_is_501_and_the_others_hold(connect: Connect) -> None:
    """«If one or more modes sent are not implemented on the server, the server MUST apply the modes that are
    implemented, and then send the ERR_UMODEUNKNOWNFLAG (501) in reply along with the MODE message.»
    (modern.ircdocs.horse, "MODE message")"""
    ann = await enter(connect, "ann")
    lines = await told(ann, "MODE ann +iY")
    exactly(sorted(lines), r":ann!ann@localhost MODE ann \+i", rf"{SERVER} 501 ann .*")
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+i")


async def test_others_modes_are_theirs(connect: Connect) -> None:
    """«If <target> is a nickname that does not exist on the network, the ERR_NOSUCHNICK (401) numeric is returned. If
    <target> is a different nick than the user who sent the command, the ERR_USERSDONTMATCH (502) numeric is
    returned.» (modern.ircdocs.horse, "MODE message")"""
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    for modes in ["", " +i", " -i", " +o"]:
        exactly(await told(ann, f"MODE bob{modes}"), rf"{SERVER} 502 ann {TEXT}")
        exactly(await told(ann, f"MODE nobody{modes}"), rf"{SERVER} 401 ann nobody {TEXT}")
    assert await told(bob) == []


@pytest.mark.threat(35)
async def test_nobody_makes_themselves_operator(connect: Connect) -> None:
    """«If a user attempts to make themselves an operator using the "+o" or "+O" flag, the attempt SHOULD be ignored
    as users could bypass the authentication mechanisms of the OPER command.» (RFC 2812 3.1.5)"""
    ann = await enter(connect, "ann")
    assert only(await told(ann, "MODE ann +o"), "MODE") == []
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+")
    exactly(await told(ann, "REHASH"), rf"{SERVER} 481 ann {TEXT}")


async def test_an_operator_may_stop_being_one(connect: Connect) -> None:
    """«There is no restriction, however, on anyone `deopping' themselves (using "-o" or "-O").» (RFC 2812 3.1.5)"""
    ann = await enter(connect, "ann")
    await become_operator(ann)
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+o")
    exactly(await told(ann, "MODE ann -o"), ":ann!ann@localhost MODE ann -o")
    exactly(await told(ann, "MODE ann"), rf"{SERVER} 221 ann \+")
    exactly(await told(ann, "REHASH"), rf"{SERVER} 481 ann {TEXT}")
