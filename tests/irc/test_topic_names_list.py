"""TOPIC, NAMES and LIST: what rooms are about, who is in them, which there are."""

import pytest

from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, TIME, exactly, gather, told
from tests.irc.peers import drain, enter, isupport, only
from tests.peer import Peer

# TOPIC


async def test_a_topic_is_told_to_everybody_in_the_room_and_its_author(connect: Connect) -> None:
    """«If the topic of a channel is changed or cleared, every client in that channel (including the author of the
    topic change) will receive a TOPIC command with the new topic as argument (or an empty argument if the topic was
    cleared) alerting them to how the topic has changed.» (modern.ircdocs.horse, "TOPIC message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    eve = await enter(connect, "eve", "#milk")
    exactly(await told(ann, "TOPIC #tea :T0P1C"), ":ann!ann@localhost TOPIC #tea T0P1C")
    exactly(await told(bob), ":ann!ann@localhost TOPIC #tea T0P1C")
    exactly(await told(ann, "TOPIC #tea :"), ":ann!ann@localhost TOPIC #tea :")
    exactly(await told(bob), ":ann!ann@localhost TOPIC #tea :")
    assert await told(eve) == []


async def test_a_topic_is_shown_with_its_author_and_time(connect: Connect) -> None:
    """«If RPL_TOPIC is returned to the client sending this command, RPL_TOPICWHOTIME SHOULD also be sent to that
    client.» (modern.ircdocs.horse, "TOPIC message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await told(ann, "TOPIC #tea :of tea and more")
    await drain(bob)
    exactly(
        await told(bob, "TOPIC #tea"),
        rf"{SERVER} 332 bob #tea :of tea and more",
        rf"{SERVER} 333 bob #tea ann(!ann@localhost)? {TIME}",
    )


async def test_no_topic_is_331_when_asked_for_and_silence_on_joining(connect: Connect) -> None:
    """«If <topic> is not given, either RPL_TOPIC or RPL_NOTOPIC is returned specifying the current channel topic or
    lack of one. […] Clients joining the channel in the future will receive a RPL_TOPIC numeric (or lack thereof)
    accordingly.» (modern.ircdocs.horse, "TOPIC message")"""
    ann, bob, eve = await enter(connect, "ann", "#tea"), await enter(connect, "bob"), await enter(connect, "eve")
    assert only(await told(bob, "JOIN #tea"), "331", "332", "333") == []
    exactly(await told(bob, "TOPIC #tea"), rf"{SERVER} 331 bob #tea {TEXT}")
    await told(ann, "TOPIC #tea :of tea", "TOPIC #tea :")
    await drain(bob)
    exactly(await told(bob, "TOPIC #tea"), rf"{SERVER} 331 bob #tea {TEXT}")
    assert only(await told(eve, "JOIN #tea"), "331", "332", "333") == []


async def test_a_protected_topic_is_for_operators(connect: Connect) -> None:
    """«If the protected topic mode is set on a channel, then clients MUST have appropriate channel permissions to
    modify the topic of that channel. If a client does not have appropriate channel permissions and tries to change
    the topic, the ERR_CHANOPRIVSNEEDED numeric is returned and the command will fail.» (modern.ircdocs.horse, "TOPIC
    message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    exactly(await told(bob, "TOPIC #tea :mine"), rf"{SERVER} 482 bob #tea {TEXT}")
    await told(ann, "MODE #tea +v bob")
    await drain(bob)
    exactly(await told(bob, "TOPIC #tea :mine", "TOPIC #tea :"), *[rf"{SERVER} 482 bob #tea {TEXT}"] * 2)
    assert await told(ann) == []
    await told(ann, "MODE #tea +o bob")
    exactly(only(await told(bob, "TOPIC #tea :mine"), "TOPIC", "482"), ":bob!bob@localhost TOPIC #tea mine")
    exactly(await told(ann), ":bob!bob@localhost TOPIC #tea mine")


async def test_an_unprotected_topic_is_for_all_in_the_room(connect: Connect) -> None:
    """«In a channel that does not have this mode enabled, anyone may set the topic of the channel using the TOPIC
    command.» (modern.ircdocs.horse, "Protected Topic Mode")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    await told(ann, "MODE #tea -t")
    await drain(bob)
    exactly(await told(bob, "TOPIC #tea :ours"), ":bob!bob@localhost TOPIC #tea ours")
    exactly(await told(ann), ":bob!bob@localhost TOPIC #tea ours")


async def test_who_is_not_in_the_room_cannot_set_its_topic(connect: Connect) -> None:
    """«442 ERR_NOTONCHANNEL: Returned by the server whenever a client tries to perform a channel affecting command
    for which the client isn't a member.» (RFC 2812 5.2, among the replies to TOPIC in 3.2.4)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea -t")
    exactly(await told(bob, "TOPIC #tea :mine"), rf"{SERVER} 442 bob #tea {TEXT}")
    assert await told(ann) == []


async def test_a_topic_of_no_room_is_403(connect: Connect) -> None:
    """«Numeric Replies: ERR_NOSUCHCHANNEL» (modern.ircdocs.horse, "TOPIC message"; RFC 2812 3.2.4 has only
    ERR_NOTONCHANNEL)"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "TOPIC #nowhere"), rf"{SERVER} 403 ann #nowhere {TEXT}")
    exactly(await told(ann, "TOPIC #nowhere :x"), rf"{SERVER} (403|442) ann #nowhere {TEXT}")
    exactly(await told(ann, "TOPIC"), rf"{SERVER} 461 ann TOPIC {TEXT}")


async def test_the_topic_of_a_secret_room_is_not_for_strangers(connect: Connect) -> None:
    """«If the client sending this command is not joined to the given channel, and tries to view its' topic, the
    server MAY return the ERR_NOTONCHANNEL numeric and have the command fail.» (modern.ircdocs.horse, "TOPIC
    message"); «the channel is 'secret'» ("Secret Channel Mode")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +s", "TOPIC #tea :the plan")
    exactly(await told(bob, "TOPIC #tea"), rf"{SERVER} (403|442) bob #tea {TEXT}")


# NAMES


async def test_names_are_those_in_the_room_with_their_prefixes(connect: Connect) -> None:
    """«RPL_NAMREPLY: "<client> <symbol> <channel> :[prefix]<nick>{ [prefix]<nick>}"» (modern.ircdocs.horse,
    "RPL_NAMREPLY")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    for peer, nick in ((ann, "ann"), (bob, "bob")):
        exactly(
            await told(peer, "NAMES #tea"),
            rf"{SERVER} 353 {nick} = #tea :(@ann bob|bob @ann)",
            rf"{SERVER} 366 {nick} #tea {TEXT}",
        )
    await told(ann, "MODE #tea +v bob")
    exactly(only(await told(bob, "NAMES #tea"), "353"), rf"{SERVER} 353 bob = #tea :(@ann \+bob|\+bob @ann)")


async def test_a_public_room_shows_its_names_to_strangers(connect: Connect) -> None:
    """«For each channel that exists and they are able to see the users in, the server returns one of more
    RPL_NAMREPLY numerics containing the users joined to the channel and a single RPL_ENDOFNAMES numeric.»
    (modern.ircdocs.horse, "NAMES message")"""
    await enter(connect, "ann", "#tea")
    await enter(connect, "bob", "#milk")
    eve = await enter(connect, "eve")
    exactly(
        await told(eve, "NAMES #tea,#nowhere,#milk"),
        rf"{SERVER} 353 eve = #tea @ann",
        rf"{SERVER} 366 eve #tea {TEXT}",
        rf"{SERVER} 366 eve #nowhere {TEXT}",
        rf"{SERVER} 353 eve = #milk @bob",
        rf"{SERVER} 366 eve #milk {TEXT}",
    )


@pytest.mark.parametrize("room", ["invalid", "#nowhere"])
async def test_there_are_no_names_where_there_is_no_room(connect: Connect, room: str) -> None:
    """«If the channel name is invalid or the channel does not exist, one RPL_ENDOFNAMES numeric containing the given
    channel name should be returned.» (modern.ircdocs.horse, "NAMES message")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, f"NAMES {room}"), rf"{SERVER} 366 ann {room} {TEXT}")


async def test_names_of_nothing_end_at_once(connect: Connect) -> None:
    """«If no parameter is given for this command, servers SHOULD return one RPL_ENDOFNAMES numeric with the <channel>
    parameter set to an asterisk character ('*', 0x2A).» (modern.ircdocs.horse, "NAMES message")"""
    ann = await enter(connect, "ann")
    exactly(await told(ann, "NAMES"), rf"{SERVER} 366 ann \* {TEXT}")


async def test_the_names_of_a_secret_room_are_not_for_strangers(connect: Connect) -> None:
    """«If the given channel has the secret channel mode set and the user is not joined to that channel, one
    RPL_ENDOFNAMES numeric is returned.» (modern.ircdocs.horse, "NAMES message")"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +s")
    exactly(await told(bob, "NAMES #tea"), rf"{SERVER} 366 bob #tea {TEXT}")
    exactly(await told(ann, "NAMES #tea"), rf"{SERVER} 353 ann @ #tea @ann", rf"{SERVER} 366 ann #tea {TEXT}")


async def test_the_invisible_are_named_only_to_those_in_the_room(connect: Connect) -> None:
    """«Users with the invisible user mode set are not shown in channel responses unless the requesting client is also
    joined to that channel.» (modern.ircdocs.horse, "NAMES message")"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    eve = await enter(connect, "eve")
    await told(bob, "MODE bob +i")
    exactly(only(await told(eve, "NAMES #tea"), "353", "366"), f"{SERVER} 353 eve = #tea @ann", f"{SERVER} 366 eve .*")
    exactly(only(await told(ann, "NAMES #tea"), "353"), rf"{SERVER} 353 ann = #tea :(@ann bob|bob @ann)")


# LIST


async def listed(peer: Peer, wanted: str = "") -> dict[str, str]:
    """The rooms that LIST tells, with what stands behind their names. There is nothing else in its answer."""
    lines = await told(peer, f"LIST {wanted}".rstrip())
    assert lines[-1].command == "323", lines
    if lines[0].command == "321":
        exactly(lines[:1], rf"{SERVER} 321 \S+ Channel {TEXT}")
        lines = lines[1:]
    assert {line.command for line in lines[:-1]} <= {"322"}, lines
    rooms = [line.split(" ", 4)[3:] for line in lines[:-1]]
    assert len({name for name, _ in rooms}) == len(rooms), "no room is listed twice"
    return dict(rooms)


async def three(connect: Connect) -> list[Peer]:
    """Three people: one in #chan1 and #chan2, one in #chan2, one in none."""
    peers = [await enter(connect, "ann", "#chan1,#chan2"), await enter(connect, "bob", "#chan2")]
    return [*peers, await enter(connect, "eve")]


async def test_a_list_has_the_rooms_how_many_are_in_them_and_their_topics(connect: Connect) -> None:
    """«RPL_LIST (322) "<client> <channel> <client count> :<topic>". […] <client count> is an integer indicating how
    many clients are joined to that channel.» (modern.ircdocs.horse, "RPL_LIST")"""
    ann, bob, eve = await three(connect)
    await told(ann, "TOPIC #chan2 :what we say")
    for peer in (ann, bob, eve):
        await drain(peer)
        assert await listed(peer) == {"#chan1": "1 :", "#chan2": "2 :what we say"}
    exactly((await told(eve, "LIST"))[-1:], f"{SERVER} 323 eve {TEXT}")


async def test_a_room_with_nobody_in_it_is_not_listed(connect: Connect) -> None:
    """«The target channel SHOULD exist (at least one user is on it)» (modern.ircdocs.horse, "INVITE message"): where
    nobody is there is no room to list, not even the lobby."""
    ann = await enter(connect, "ann")
    assert await listed(ann) == {}
    await told(ann, "JOIN #tea", "TOPIC #tea :of tea")
    assert await listed(ann) == {"#tea": "1 :of tea"}
    await told(ann, "PART #tea")
    assert await listed(ann) == {}
    await told(ann, "JOIN #lobby")
    assert list(await listed(ann)) == ["#lobby"]


async def test_a_list_may_be_of_some_rooms(connect: Connect) -> None:
    """«The first possible parameter to this command is a list of channel names, delimited by a comma (",", 0x2C)
    character. If this parameter is given, the information for only the given channels is returned.»
    (modern.ircdocs.horse, "LIST message")"""
    _, _, eve = await three(connect)
    assert list(await listed(eve, "#CHAN2")) == ["#chan2"]
    assert set(await listed(eve, "#chan1,#nowhere,#chan2")) == {"#chan1", "#chan2"}
    assert await listed(eve, "#nowhere") == {}


async def test_secret_rooms_are_listed_only_to_those_in_them(connect: Connect) -> None:
    """«A channel that is set to secret will not show up in responses to the LIST or NAMES command unless the client
    sending the command is joined to the channel.» (modern.ircdocs.horse, "Secret Channel Mode")"""
    ann, bob, eve = await three(connect)
    await told(ann, "MODE #chan1 +s")
    assert set(await listed(ann)) == {"#chan1", "#chan2"}
    for wanted in ["", "#chan1,#chan2", "#chan*", ">0", "!*x", "C<10"]:
        assert list(await listed(bob, wanted)) == ["#chan2"], wanted
    await told(eve, "JOIN #chan1")
    assert (await listed(eve))["#chan1"] == "2 :"


async def test_which_conditions_a_list_knows_is_said(connect: Connect) -> None:
    """«The value MUST be specified, and is a non-delimited list of letters, each of which denote an extension.»
    (modern.ircdocs.horse, "ELIST parameter")"""
    ann = await enter(connect, "ann")
    assert set("CMNTU") <= set((isupport(ann)["ELIST"] or "").upper())


async def test_rooms_are_listed_by_mask(connect: Connect) -> None:
    """«M: Searching based on a mask.» (modern.ircdocs.horse, "ELIST parameter")"""
    _, _, eve = await three(connect)
    assert set(await listed(eve, "*an1")) == {"#chan1"}
    assert set(await listed(eve, "*an2")) == {"#chan2"}
    assert set(await listed(eve, "#c*n2")) == {"#chan2"}
    assert set(await listed(eve, "*an3")) == set()
    assert set(await listed(eve, "#CH*")) == {"#chan1", "#chan2"}
    assert set(await listed(eve, "#chan?")) == {"#chan1", "#chan2"}


async def test_rooms_are_listed_by_what_they_are_not_called(connect: Connect) -> None:
    """«N: Searching based on a non-matching !mask. i.e., the opposite of M.» (modern.ircdocs.horse, "ELIST
    parameter")"""
    _, _, eve = await three(connect)
    assert set(await listed(eve, "!*an1")) == {"#chan2"}
    assert set(await listed(eve, "!*an2")) == {"#chan1"}
    assert set(await listed(eve, "!#c*n2")) == {"#chan1"}
    assert set(await listed(eve, "!*an3")) == {"#chan1", "#chan2"}
    assert set(await listed(eve, "!#ch*")) == set()


async def test_rooms_are_listed_by_how_many_are_in_them(connect: Connect) -> None:
    """«U: Searching based on user count within the channel, via the "<val" and ">val" modifiers to search for a
    channel that has less or more than val users, respectively.» (modern.ircdocs.horse, "ELIST parameter")"""
    _, _, eve = await three(connect)
    assert set(await listed(eve, ">0")) == {"#chan1", "#chan2"}
    assert set(await listed(eve, "<1")) == set()
    assert set(await listed(eve, "<100")) == {"#chan1", "#chan2"}
    assert set(await listed(eve, ">1")) == {"#chan2"}
    assert set(await listed(eve, "<2")) == {"#chan1"}
    assert set(await listed(eve, ">2")) == set()


async def test_rooms_are_listed_by_when_they_were_made(connect: Connect) -> None:
    """«C: Searching based on channel creation time, via the "C<val" and "C>val" modifiers to search for a channel
    that was created either less than val minutes ago, or more than val minutes ago, respectively»
    (modern.ircdocs.horse, "ELIST parameter")"""
    _, _, eve = await three(connect)
    assert set(await listed(eve, "C<10")) == {"#chan1", "#chan2"}
    assert set(await listed(eve, "C>10")) == set()
    assert set(await listed(eve, "C<0")) == set()


async def test_rooms_are_listed_by_when_their_topics_were_set(connect: Connect) -> None:
    """«T: Searching based on topic set time, via the "T<val" and "T>val" modifiers to search for a topic time that
    was set less than val minutes ago, or more than val minutes ago, respectively.» (modern.ircdocs.horse, "ELIST
    parameter")"""
    ann, _, eve = await three(connect)
    assert set(await listed(eve, "T<10")) == set()
    await told(ann, "TOPIC #chan1 :First channel")
    assert set(await listed(eve, "T<10")) == {"#chan1"}
    assert "#chan1" not in await listed(eve, "T>10")
    assert set(await listed(eve, "T<0")) == set()


async def test_all_conditions_of_a_list_hold_together(connect: Connect) -> None:
    """«a list of conditions as defined in the ELIST RPL_ISUPPORT parameter, delimited by a comma (",", 0x2C)
    character. […] the server filters the returned list of channels with the given conditions» (modern.ircdocs.horse,
    "LIST message")"""
    _, _, eve = await three(connect)
    assert set(await listed(eve, ">0,<2")) == {"#chan1"}
    assert set(await listed(eve, ">0,<3")) == {"#chan1", "#chan2"}
    assert set(await listed(eve, ">1,C<10,!*1")) == {"#chan2"}
    assert set(await listed(eve, ">1,C>10")) == set()
