"""JOIN and PART: coming into rooms and leaving them."""

import msgspec
import pytest

from tcpchat.config import Config
from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, TIME, exactly, gather, told
from tests.irc.peers import Line, ask, drain, enter, isupport, only

MOST_ROOMS = 5


@pytest.fixture
def config(config: Config) -> Config:
    return msgspec.structs.replace(config, limits=msgspec.structs.replace(config.limits, rooms_per_client=MOST_ROOMS))


def without_modes(lines: list[Line]) -> list[Line]:
    """A server may tell the modes of a new room as well."""
    return [line for line in lines if line.command != "MODE"]


# JOIN


async def test_who_joins_is_told_so_then_the_names(connect: Connect) -> None:
    """«If a client's JOIN command to the server is successful, the server MUST send, in this order: A JOIN message
    with the client as the message <source> and the channel they have joined as the first parameter of the message.
    The channel's topic (with RPL_TOPIC and optionally RPL_TOPICWHOTIME), and no message if the channel does not have
    a topic. A list of users currently joined to the channel (with one or more RPL_NAMREPLY numerics followed by a
    single RPL_ENDOFNAMES numeric). These RPL_NAMREPLY messages sent by the server MUST include the requesting client
    that has just joined the channel.» (modern.ircdocs.horse, "JOIN message")"""
    ann = await enter(connect, "ann")
    exactly(
        without_modes(await told(ann, "JOIN #tea")),
        ":ann!ann@localhost JOIN #tea",
        rf"{SERVER} 353 ann = #tea @ann",
        rf"{SERVER} 366 ann #tea {TEXT}",
    )


async def test_who_joins_is_told_the_topic_before_the_names(connect: Connect) -> None:
    """«RPL_TOPICWHOTIME (333): "<client> <channel> <nick> <setat>". Sent after RPL_TOPIC (332).»
    (modern.ircdocs.horse, "RPL_TOPICWHOTIME"; the order: "JOIN message")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "TOPIC #tea :of tea")
    exactly(
        await told(bob, "JOIN #tea"),
        ":bob!bob@localhost JOIN #tea",
        rf"{SERVER} 332 bob #tea :of tea",
        rf"{SERVER} 333 bob #tea ann(!ann@localhost)? {TIME}",
        rf"{SERVER} 353 bob = #tea :(@ann bob|bob @ann)",
        rf"{SERVER} 366 bob #tea {TEXT}",
    )


async def test_those_in_a_room_are_told_who_joins(connect: Connect) -> None:
    """«While a client is joined to a channel, they receive all relevant information about that channel including the
    JOIN, PART, KICK, and MODE messages affecting the channel.» (modern.ircdocs.horse, "JOIN message")"""
    ann, eve = await enter(connect, "ann", "#tea"), await enter(connect, "eve", "#milk")
    await enter(connect, "bob", "#tea")
    exactly(await told(ann), ":bob!bob@localhost JOIN #tea")
    assert await told(eve) == []


async def test_joining_where_one_is_tells_nothing(connect: Connect) -> None:
    """«JOIN: the client wants to join the given channel(s)»: who is there is there already; nobody has come.
    (modern.ircdocs.horse, "JOIN message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    assert await told(ann, "JOIN #tea", "JOIN #TEA") == []
    assert await told(bob) == []


async def test_a_room_has_one_name_however_it_is_spelt(connect: Connect) -> None:
    """«The CASEMAPPING parameter indicates what method the server uses to compare equality of case-insensitive
    strings (such as channel names and nicks).» (modern.ircdocs.horse, "CASEMAPPING parameter")"""
    ann, bob, eve = await enter(connect, "ann", "#Tea"), await enter(connect, "bob"), await enter(connect, "eve")
    exactly(only(await told(bob, "JOIN #tEA"), "JOIN"), ":bob!bob@localhost JOIN #Tea")
    exactly(await told(ann), ":bob!bob@localhost JOIN #Tea")
    exactly(only(await told(eve, "JOIN #teaa"), "JOIN", "353"), ":eve!eve@localhost JOIN #teaa", ".* @eve")
    assert await told(ann) == []


async def test_several_rooms_are_joined_at_once(connect: Connect) -> None:
    """«Servers SHOULD NOT send multiple channels in this message to clients, and SHOULD distribute these
    multiple-channel JOIN messages as a series of messages with a single channel name on each.» (modern.ircdocs.horse,
    "JOIN message")"""
    ann = await enter(connect, "ann")
    exactly(
        without_modes(await told(ann, "JOIN #tea,&milk")),
        ":ann!ann@localhost JOIN #tea",
        rf"{SERVER} 353 ann = #tea @ann",
        rf"{SERVER} 366 ann #tea {TEXT}",
        ":ann!ann@localhost JOIN &milk",
        rf"{SERVER} 353 ann = &milk @ann",
        rf"{SERVER} 366 ann &milk {TEXT}",
    )


async def test_keys_belong_to_rooms_by_their_place(connect: Connect) -> None:
    """«Servers MUST process the parameters of this command as lists on incoming commands from clients, with the first
    <key> being used for the first <channel>, the second <key> being used for the second <channel>, etc.»
    (modern.ircdocs.horse, "JOIN message")"""
    ann, bob = await enter(connect, "ann", "#tea,#milk,#sugar"), await enter(connect, "bob")
    await told(ann, "MODE #tea +k leaf", "MODE #milk +k cow")
    lines = await told(bob, "JOIN #tea,#milk,#sugar cow,leaf")
    exactly(
        only(lines, "JOIN", "475"),
        rf"{SERVER} 475 bob #tea {TEXT}",
        rf"{SERVER} 475 bob #milk {TEXT}",
        ":bob!bob@localhost JOIN #sugar",
    )
    lines = await told(bob, "JOIN #tea,#milk leaf,cow")
    exactly(only(lines, "JOIN", "475"), ":bob!bob@localhost JOIN #tea", ":bob!bob@localhost JOIN #milk")
    eve = await enter(connect, "eve")
    lines = await told(eve, "JOIN #tea,#sugar leaf")
    exactly(only(lines, "JOIN", "475"), ":eve!eve@localhost JOIN #tea", ":eve!eve@localhost JOIN #sugar")


async def test_a_room_that_cannot_be_does_not_hinder_the_others(connect: Connect) -> None:
    """«ERR_NOSUCHCHANNEL (403): "<client> <channel> :No such channel"» (modern.ircdocs.horse, "ERR_NOSUCHCHANNEL";
    RFC 2812 3.2.1 lists it among the replies to JOIN: «Used to indicate the given channel name is invalid.»)"""
    ann = await enter(connect, "ann")
    lines = await told(ann, "JOIN #valid,inv@lid")
    exactly(
        only(lines, "JOIN", "403", "405", "461", "476"), ":ann!ann@localhost JOIN #valid", f".* 403 ann inv@lid {TEXT}"
    )
    assert {line.command for line in lines} <= {"JOIN", "353", "366", "403", "MODE"}


@pytest.mark.parametrize("name", ["tea", "ann", "*", "#a\x07b", "#" + "x" * 80])
async def test_what_cannot_be_a_room_is_403(connect: Connect, name: str) -> None:
    """«403 ERR_NOSUCHCHANNEL "<channel name> :No such channel": Used to indicate the given channel name is invalid.»
    (RFC 2812 5.2)"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, f"JOIN {name}"), rf"{SERVER} 403 ann \S+ {TEXT}")


async def test_joining_nothing_is_461(connect: Connect) -> None:
    """«If a command is sent from a client to a server with less parameters than the command requires to be processed,
    the server will reply with an ERR_NEEDMOREPARAMS (461) numeric and the command will fail.» (modern.ircdocs.horse,
    "Client Messages")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "JOIN", "PART"), f"{SERVER} 461 ann JOIN {TEXT}", f"{SERVER} 461 ann PART {TEXT}")


async def test_a_key_is_needed_where_there_is_one(connect: Connect) -> None:
    """«If they do not supply a <key>, or the key they supply does not match the value of this mode, they will receive
    an ERR_BADCHANNELKEY (475) reply and the command will fail.» (modern.ircdocs.horse, "Key Channel Mode")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +k beer")
    for key in ["", " bees", " BEER", " beer2"]:
        exactly(await told(bob, f"JOIN #tea{key}"), f"{SERVER} 475 bob #tea {TEXT}")
    assert await told(ann) == []
    exactly(only(await told(bob, "JOIN #tea beer"), "JOIN", "475"), ":bob!bob@localhost JOIN #tea")


async def test_the_banned_stay_out(connect: Connect) -> None:
    """«their nickmask (the combination of nick!user@host) is compared with each banned client mask set with this
    mode. If they match one of these banned masks, they will receive an ERR_BANNEDFROMCHAN (474) reply and the JOIN
    command will fail.» (modern.ircdocs.horse, "Ban Channel Mode")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "Bob")
    await told(ann, "MODE #tea +b bob!*@*")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 474 Bob #tea {TEXT}")
    assert await told(ann) == []
    await told(ann, "MODE #tea -b bob!*@*")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":Bob!Bob@localhost JOIN #tea")


async def test_nobody_comes_uninvited_where_one_must_be_invited(connect: Connect) -> None:
    """«If this mode is set on a channel, a user must have received an INVITE for this channel before being allowed to
    join it. If they have not received an invite, they will receive an ERR_INVITEONLYCHAN (473) reply and the command
    will fail.» (modern.ircdocs.horse, "Invite-Only Channel Mode")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +i")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 473 bob #tea {TEXT}")
    await told(ann, "MODE #tea -i")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "473"), ":bob!bob@localhost JOIN #tea")


async def test_a_full_room_takes_nobody_until_somebody_leaves_or_the_limit_rises(connect: Connect) -> None:
    """«If this mode is set on a channel, and the number of users joined to that channel matches or exceeds the value
    of this mode, new users cannot join that channel. If a client sends a JOIN request for this channel, they will
    receive an ERR_CHANNELISFULL (471) reply and the command will fail.» (modern.ircdocs.horse, "Client Limit Channel
    Mode")"""
    ann, bob, eve = await enter(connect, "ann", "#tea,#milk"), await enter(connect, "bob"), await enter(connect, "eve")
    await told(ann, "MODE #tea +l 2")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "471"), ":bob!bob@localhost JOIN #tea")
    exactly(await told(eve, "JOIN #tea"), f"{SERVER} 471 eve #tea {TEXT}")
    await told(bob, "PART #tea")
    exactly(only(await told(eve, "JOIN #tea"), "JOIN", "471"), ":eve!eve@localhost JOIN #tea")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 471 bob #tea {TEXT}")
    exactly(only(await told(bob, "JOIN #milk"), "JOIN", "471"), ":bob!bob@localhost JOIN #milk")
    await told(ann, "MODE #tea +l 3")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "471"), ":bob!bob@localhost JOIN #tea")
    await told(bob, "PART #tea")
    await told(ann, "MODE #tea -l")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "471"), ":bob!bob@localhost JOIN #tea")


async def test_a_limit_below_those_who_are_in_sends_nobody_away(connect: Connect) -> None:
    """«This channel mode controls whether new users may join based on the number of users who already exist in the
    channel.» (modern.ircdocs.horse, "Client Limit Channel Mode")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    exactly(await told(ann, "MODE #tea +l 1"), ":ann!ann@localhost MODE #tea \\+l 1")
    exactly(await told(bob, "PRIVMSG #tea :still here"), ":ann!ann@localhost MODE #tea \\+l 1")
    exactly(await told(ann), ":bob!bob@localhost PRIVMSG #tea :still here")
    eve = await enter(connect, "eve")
    exactly(await told(eve, "JOIN #tea"), f"{SERVER} 471 eve #tea {TEXT}")


async def test_one_can_be_in_so_many_rooms_and_no_more(connect: Connect) -> None:
    """«This limit SHOULD be defined in the CHANLIMIT RPL_ISUPPORT parameter. If the client cannot join this channel
    because they would be over their limit, they will receive an ERR_TOOMANYCHANNELS (405) reply and the command will
    fail.» (modern.ircdocs.horse, "JOIN message")"""
    ann = await enter(connect, "ann", ",".join(f"#{n}" for n in range(MOST_ROOMS)))
    assert isupport(ann)["CHANLIMIT"] == f"#&:{MOST_ROOMS}"
    exactly(await told(ann, "JOIN #another"), f"{SERVER} 405 ann #another {TEXT}")
    await told(ann, "PART #0")
    exactly(only(await told(ann, "JOIN #another"), "JOIN", "405"), ":ann!ann@localhost JOIN #another")


async def test_join_0_leaves_every_room(connect: Connect) -> None:
    """«Note that this command also accepts the special argument of ("0", 0x30) instead of any of the usual
    parameters, which requests that the sending client leave all channels they are currently connected to. The server
    will process this command as though the client had sent a PART command for each channel they are a member of.»
    (modern.ircdocs.horse, "JOIN message")"""
    ann, bob = await enter(connect, "ann", "#tea,#milk"), await enter(connect, "bob", "#tea")
    await drain(ann, bob)
    left = sorted(await told(ann, "JOIN 0"))
    exactly(left, ":ann!ann@localhost PART #milk.*", ":ann!ann@localhost PART #tea.*")
    exactly(await told(bob), ":ann!ann@localhost PART #tea.*")
    exactly(await told(ann, "PART #tea"), f"{SERVER} 442 ann #tea {TEXT}")
    assert await told(ann, "JOIN 0") == []


async def test_the_founder_of_a_room_is_its_operator_and_others_are_not(connect: Connect) -> None:
    """«the first client who joins a normal channel is made a channel operator, along with the appropriate channel
    membership prefix. On most servers, newly-created channels have then protected topic "+t" and no external messages
    "+n" modes enabled» (modern.ircdocs.horse, "Regular Channels")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    exactly(only(await told(bob, "JOIN #tea"), "353"), rf"{SERVER} 353 bob = #tea :(@ann bob|bob @ann)")
    modes = only(await told(bob, "MODE #tea"), "324")
    exactly(modes, rf"{SERVER} 324 bob #tea \+(nt|tn)")
    assert isupport(ann)["PREFIX"] == "(ov)@+"


async def test_a_local_room_has_a_founder_too(connect: Connect) -> None:
    """«Local Channels (&): Clients can join this channel as normal, and the first client who joins a normal channel
    is made a channel operator» (modern.ircdocs.horse, "Local Channels")"""
    ann = await enter(connect, "ann")
    exactly(only(await told(ann, "JOIN &tea"), "353"), f"{SERVER} 353 ann = &tea @ann")


async def test_nobody_is_the_founder_of_the_lobby(connect: Connect) -> None:
    """«On servers that support the concept of 'channel ownership' […], clients may not receive channel operator
    priveledges on joining an otherwise empty channel.» (modern.ircdocs.horse, "Regular Channels")"""
    ann = await enter(connect, "ann")
    exactly(only(await told(ann, "JOIN #lobby"), "353"), f"{SERVER} 353 ann = #lobby ann")
    exactly(await told(ann, "MODE #lobby +i"), f"{SERVER} 482 ann #lobby {TEXT}")


async def test_a_room_that_all_have_left_is_founded_anew(connect: Connect) -> None:
    """«the channel ceases to exist when the last client leaves it» (RFC 1459 1.3): who comes next is its first user
    again."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "PART #tea")
    exactly(only(await told(bob, "JOIN #tea"), "353"), f"{SERVER} 353 bob = #tea @bob")


async def test_the_names_of_a_secret_room_say_that_it_is_secret(connect: Connect) -> None:
    """«<symbol> notes the status of the channel. It can be one of the following: "=" - Public channel. "@" - Secret
    channel (secret channel mode "+s").» (modern.ircdocs.horse, "RPL_NAMREPLY")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +s")
    exactly(only(await told(bob, "JOIN #tea"), "353"), rf"{SERVER} 353 bob @ #tea :(@ann bob|bob @ann)")


async def test_names_may_have_users_and_hosts(connect: Connect) -> None:
    """«The userhost-in-names capability extends the NAMES reply messages (RPL_NAMREPLY) to contain the full hostmask
    (nick!user@host) of every user listed.» (IRCv3 userhost-in-names)"""
    await enter(connect, "ann", "#tea")
    bob = await enter(connect, "bob", caps="userhost-in-names")
    names = ":(@ann!ann@localhost bob!bob@localhost|bob!bob@localhost @ann!ann@localhost)"
    exactly(only(await told(bob, "JOIN #tea"), "353"), f"{SERVER} 353 bob = #tea {names}")
    exactly(only(await told(bob, "NAMES #tea"), "353"), f"{SERVER} 353 bob = #tea {names}")


async def test_names_may_have_every_prefix(connect: Connect) -> None:
    """«When requested, the multi-prefix client capability will cause the IRC server to send all possible prefixes
    which apply to a user in NAMES and WHO output. These prefixes MUST be in order of 'rank', from highest to lowest.»
    (IRCv3 multi-prefix; without it: «<prefix> is the highest channel membership prefix that client has in the
    channel», modern.ircdocs.horse, "RPL_NAMREPLY")"""
    ann = await enter(connect, "ann", "#tea")
    await told(ann, "MODE #tea +v ann")
    exactly(only(await told(ann, "NAMES #tea"), "353"), f"{SERVER} 353 ann = #tea @ann")
    many = await enter(connect, "many", caps="multi-prefix")
    exactly(only(await told(many, "JOIN #tea"), "353"), rf"{SERVER} 353 many = #tea :(@\+ann many|many @\+ann)")
    both = await enter(connect, "both", caps="multi-prefix userhost-in-names")
    (names,) = only(await told(both, "JOIN #tea"), "353")
    assert "@+ann!ann@localhost" in names.partition(" :")[2].split(" ")
    await told(ann, "MODE #tea -o ann")
    (names,) = only(await told(both, "NAMES #tea"), "353")
    assert "+ann!ann@localhost" in names.partition(" :")[2].split(" ")


async def test_many_names_come_in_several_lines(connect: Connect) -> None:
    """«one or more RPL_NAMREPLY numerics followed by a single RPL_ENDOFNAMES numeric» (modern.ircdocs.horse, "JOIN
    message"); «these messages shall not exceed 512 characters in length» (RFC 1459 2.3)"""
    nicks = [f"{'n' * 28}{number:02}" for number in range(16)]
    for nick in nicks:
        await enter(connect, nick, "#tea")
    ann = await enter(connect, "ann", caps="userhost-in-names")
    lines = await ask(ann, "JOIN #tea")
    assert max(len(line) for line in lines) <= 510
    assert [line.command for line in lines].count("366") == 1
    assert lines[-1].command == "366"
    told_names = [name for line in only(lines, "353") for name in line.partition(" :")[2].split(" ")]
    assert {name.partition("!")[0].lstrip("@") for name in told_names} == {*nicks, "ann"}
    assert len(told_names) == len(nicks) + 1, "nobody twice, and no empty name"


# PART


async def test_everybody_in_the_room_is_told_who_leaves(connect: Connect) -> None:
    """«On sending a successful PART command, the user will receive a PART message from the server for each channel
    they have been removed from. <reason> is the reason that the client has left the channel(s).»
    (modern.ircdocs.horse, "PART message")"""
    ann, bob, eve = await gather(connect, "#tea", "ann", "bob", "eve")
    exactly(await told(ann, "PART #tea :bye everyone"), ":ann!ann@localhost PART #tea :bye everyone")
    for peer in (bob, eve):
        exactly(await told(peer), ":ann!ann@localhost PART #tea :bye everyone")
    assert await told(bob, "PRIVMSG #tea :is she gone?") == []
    assert await told(ann) == []


async def test_one_may_leave_without_a_reason(connect: Connect) -> None:
    """«If a "Part Message" is given, this will be sent instead of the default message, the nickname.» (RFC 2812
    3.2.2); «<reason> (if it exists)» (modern.ircdocs.horse, "PART message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    exactly(await told(ann, "PART #tea"), ":ann!ann@localhost PART #tea( ann)?")
    exactly(await told(bob), ":ann!ann@localhost PART #tea( ann)?")


async def test_several_rooms_are_left_with_one_reason(connect: Connect) -> None:
    """«Servers SHOULD NOT send multiple channels in this message to clients, and SHOULD distribute these
    multiple-channel PART messages as a series of messages with a single channel name on each. If a PART message is
    distributed in this way, <reason> (if it exists) should be on each of these messages.» (modern.ircdocs.horse,
    "PART message")"""
    ann = await enter(connect, "ann", "#tea,#milk")
    exactly(
        await told(ann, "PART #tea,#nowhere,#milk :good bye"),
        ":ann!ann@localhost PART #tea :good bye",
        rf"{SERVER} (403|442) ann #nowhere {TEXT}",
        ":ann!ann@localhost PART #milk :good bye",
    )


async def test_nobody_leaves_a_room_they_are_not_in(connect: Connect) -> None:
    """«For each channel in the parameter of this command, if the channel exists and the client is not joined to it,
    they will receive an ERR_NOTONCHANNEL (442) reply and that channel will be ignored.» (modern.ircdocs.horse, "PART
    message")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    exactly(await told(bob, "PART #tea"), f"{SERVER} 442 bob #tea {TEXT}")
    assert await told(ann) == []


async def test_nobody_leaves_a_room_that_is_not_there(connect: Connect) -> None:
    """«If the channel does not exist, the client will receive an ERR_NOSUCHCHANNEL (403) reply and that channel will
    be ignored.» (modern.ircdocs.horse, "PART message"; by RFC 2812 3.2.2 it may be 442)"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "PART #nowhere"), f"{SERVER} (403|442) ann #nowhere {TEXT}")
