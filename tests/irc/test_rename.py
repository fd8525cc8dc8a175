"""RENAME: rooms that are called otherwise from now on (IRCv3 channel-rename, draft)."""

import pytest

from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, TIME, exactly, gather, told
from tests.irc.peers import commands, drain, enter, one, only

RENAME = "draft/channel-rename"


async def test_those_who_know_it_are_told_the_new_name(connect: Connect) -> None:
    """«This command allows a client to instruct the server to change the name of a channel, and in turn allows a
    server to inform a client that a channel name has been changed.» (IRCv3 channel-rename)"""
    ann, bob = await enter(connect, "ann", "#boaring", RENAME), await enter(connect, "bob", "#boaring", RENAME)
    await drain(ann)
    exactly(
        await told(ann, "RENAME #boaring #boring :Typo fix"),
        ":ann!ann@localhost RENAME #boaring #boring :Typo fix",
    )
    exactly(await told(bob), ":ann!ann@localhost RENAME #boaring #boring :Typo fix")
    assert await told(bob, "PRIVMSG #boring :hi") == []
    exactly(await told(ann), ":bob!bob@localhost PRIVMSG #boring hi")


async def test_there_is_always_a_reason_if_only_an_empty_one(connect: Connect) -> None:
    """«The server to client command MUST always include the third parameter, an empty string MAY be used if no reason
    is provided.» (IRCv3 channel-rename)"""
    ann = await enter(connect, "ann", "#coding", RENAME)
    line = one(await told(ann, "RENAME #coding #programming"))
    assert line.command == "RENAME"
    assert line.params[:2] == ["#coding", "#programming"]
    assert len(line.params) == 3


async def test_the_others_leave_the_old_room_and_join_the_new_one(connect: Connect) -> None:
    """«Send the client a PART message for the old channel name, with part message matching the rename reason if
    given. Send the client a JOIN message followed by the usual messages that would be sent if the client had joined
    the new channel normally (RPL_TOPIC, RPL_TOPICWHOTIME, RPL_NAMREPLY, RPL_ENDOFNAMES etc).» (IRCv3
    channel-rename)"""
    ann, bob = await enter(connect, "ann", "#foo", RENAME), await enter(connect, "bob", "#foo")
    await told(ann, "TOPIC #foo :of foo")
    await drain(bob)
    exactly(await told(ann, "RENAME #foo #bar :a new name"), ":ann!ann@localhost RENAME #foo #bar :a new name")
    exactly(
        await told(bob),
        ":bob!bob@localhost PART #foo :a new name",
        ":bob!bob@localhost JOIN #bar",
        rf"{SERVER} 332 bob #bar :of foo",
        rf"{SERVER} 333 bob #bar ann(!ann@localhost)? {TIME}",
        rf"{SERVER} 353 bob = #bar :(@ann bob|bob @ann)",
        rf"{SERVER} 366 bob #bar {TEXT}",
    )


async def test_who_renames_without_knowing_it_is_told_like_the_others(connect: Connect) -> None:
    """«If a client sends a valid RENAME command without having negotiated the capability, the server SHOULD rename
    the channel, but use the fallback mechanism to report the name change to that client.» (IRCv3 channel-rename)"""
    ann, bob = await enter(connect, "ann", "#foo"), await enter(connect, "bob", "#foo", RENAME)
    await drain(ann)
    exactly(
        await told(ann, "RENAME #foo #bar :why not"),
        ":ann!ann@localhost PART #foo :why not",
        ":ann!ann@localhost JOIN #bar",
        rf"{SERVER} 353 ann = #bar :(@ann bob|bob @ann)",
        rf"{SERVER} 366 ann #bar {TEXT}",
    )
    exactly(await told(bob), ":ann!ann@localhost RENAME #foo #bar :why not")


async def test_joining_anew_is_told_as_one_asked_for_it(connect: Connect) -> None:
    """«the usual messages that would be sent if the client had joined the new channel normally» (IRCv3
    channel-rename): with extended-join, userhost-in-names and so on."""
    ann = await enter(connect, "ann", "#foo", RENAME)
    bob = await enter(connect, "bob", "#foo", "extended-join userhost-in-names")
    await told(ann, "RENAME #foo #bar :why not")
    part, join, names, _ = await told(bob)
    exactly([part, join], ":bob!bob@localhost PART #foo :why not", r":bob!bob@localhost JOIN #bar \* bob")
    assert "@ann!ann@localhost" in names.params[-1].split(" ")


async def test_everything_but_the_name_stays(connect: Connect) -> None:
    """«A channel rename preserves all channel state, such as membership, mode and topic.» (IRCv3 channel-rename)"""
    ann, bob = await gather(connect, "#foo", "ann", "bob")
    eve = await enter(connect, "eve")
    await told(ann, "TOPIC #foo :of foo", "MODE #foo +mkvb beer bob eve!*@*")
    created = one(only(await told(ann, "MODE #foo"), "329")).params[-1]
    await told(ann, "RENAME #foo #bar")
    await drain(bob)
    exactly(only(await told(ann, "TOPIC #bar"), "332"), f"{SERVER} 332 ann #bar :of foo")
    modes = one(only(await told(ann, "MODE #bar"), "324")).params
    assert (modes[1], set(modes[2]), modes[3:]) == ("#bar", set("+kmnt"), ["beer"])
    assert one(only(await told(ann, "MODE #bar"), "329")).params[-1] == created
    exactly(only(await told(bob, "NAMES #bar"), "353"), rf"{SERVER} 353 bob = #bar :(@ann \+bob|\+bob @ann)")
    assert commands(await told(ann, "MODE #bar b")) == ["367", "368"]
    exactly(await told(eve, "JOIN #bar beer"), f"{SERVER} 474 eve #bar {TEXT}")


async def test_the_old_name_is_free_again(connect: Connect) -> None:
    """«server implementations MAY keep track of renames» (IRCv3 channel-rename); irctest, channel_rename: who joins
    the old name founds a new room."""
    ann, bob = await gather(connect, "#foo", "ann", "bob")
    await told(ann, "MODE #foo +k beer")
    await told(ann, "RENAME #foo #bar")
    await drain(bob)
    exactly(await told(bob, "PRIVMSG #foo :hi"), rf"{SERVER} (401|403|404) bob #foo {TEXT}")
    exactly(only(await told(bob, "JOIN #foo"), "JOIN", "353"), ":bob!bob@localhost JOIN #foo", ".* 353 bob = #foo @bob")
    exactly(await told(bob, "MODE #foo +k wine"), r":bob!bob@localhost MODE #foo \+k wine")
    assert await told(ann) == []


async def test_only_the_case_may_change(connect: Connect) -> None:
    """«Implementations MUST allow channels to be renamed while only changing the casing of a channel name. […] This
    fallback SHOULD NOT be used if the rename only changes the case of the channel name, as defined by the casemapping
    in use on the server.» (IRCv3 channel-rename)"""
    ann, bob = await enter(connect, "ann", "#tea", RENAME), await enter(connect, "bob", "#tea")
    await drain(ann)
    exactly(await told(ann, "RENAME #tea #TEA :louder"), ":ann!ann@localhost RENAME #tea #TEA louder")
    assert await told(bob) == []
    eve = await enter(connect, "eve")
    exactly(only(await told(eve, "JOIN #tea"), "JOIN"), ":eve!eve@localhost JOIN #TEA")
    exactly(await told(ann), ":eve!eve@localhost JOIN #TEA")


async def test_who_is_elsewhere_is_not_told(connect: Connect) -> None:
    """«inform a client that a channel name has been changed»: «help clients that weren't present in the channel
    during the name change» is another matter (IRCv3 channel-rename)."""
    ann, eve = await enter(connect, "ann", "#foo", RENAME), await enter(connect, "eve", "#elsewhere", RENAME)
    await told(ann, "RENAME #foo #bar")
    assert await told(eve) == []
    assert "#bar" in [line.params[1] for line in only(await told(eve, "LIST"), "322")]
    assert "#foo" not in [line.params[1] for line in only(await told(eve, "LIST"), "322")]


async def test_a_name_that_is_taken_is_refused(connect: Connect) -> None:
    """«FAIL RENAME CHANNEL_NAME_IN_USE <old-channel> <new-channel> :The channel name is already taken» (IRCv3
    channel-rename)"""
    ann, _ = await enter(connect, "ann", "#evil", RENAME), await enter(connect, "bob", "#good")
    for good in ["#good", "#GOOD"]:
        exactly(
            await told(ann, f"RENAME #evil {good} :Don't be evil"),
            rf"({SERVER} )?FAIL RENAME CHANNEL_NAME_IN_USE #evil {good} {TEXT}",
        )
    exactly(only(await told(ann, "NAMES #evil"), "353"), f"{SERVER} 353 ann = #evil @ann")


@pytest.mark.parametrize("name", ["evil", "#in@lid\x07", "#" + "x" * 80, "bob"])
async def test_a_name_that_cannot_be_is_refused(connect: Connect, name: str) -> None:
    """«FAIL RENAME CANNOT_RENAME <old-channel> <new-channel> :The channel cannot be renamed» (IRCv3 channel-rename;
    «If existing error numerics […] are more appropriate, they SHOULD be used instead.»)"""
    ann, bob = await enter(connect, "ann", "#evil", RENAME), await enter(connect, "bob", "#evil", RENAME)
    await drain(ann)
    exactly(
        await told(ann, f"RENAME #evil {name}"),
        rf"(({SERVER} )?FAIL RENAME CANNOT_RENAME #evil \S+|{SERVER} 403 ann \S+) {TEXT}",
    )
    assert await told(bob) == []


async def test_only_operators_rename(connect: Connect) -> None:
    """«RENAME #aniki #aneki: 482 nick #aniki :You must be a channel operator»; «If existing error numerics (such as
    ERR_CHANOPRIVSNEEDED, ERR_NOTONCHANNEL, ERR_NEEDMOREPARAMS) are more appropriate, they SHOULD be used instead.»
    (IRCv3 channel-rename)"""
    ann, bob = await enter(connect, "ann", "#aniki"), await enter(connect, "bob", "#aniki,#lobby", RENAME)
    eve = await enter(connect, "eve", "", RENAME)
    await told(ann, "MODE #aniki +v bob")
    await drain(bob)
    exactly(await told(bob, "RENAME #aniki #aneki"), f"{SERVER} 482 bob #aniki {TEXT}")
    exactly(await told(bob, "RENAME #lobby #mine"), f"{SERVER} 482 bob #lobby {TEXT}")
    exactly(await told(eve, "RENAME #aniki #aneki"), f"{SERVER} 442 eve #aniki {TEXT}")
    exactly(await told(eve, "RENAME #nowhere #aneki"), f"{SERVER} 403 eve #nowhere {TEXT}")
    exactly(await told(eve, "RENAME #aniki"), f"{SERVER} 461 eve RENAME {TEXT}")
    assert await told(ann) == []
