"""KICK and INVITE: sending people out of rooms, and asking them in."""

import pytest

from tests.conftest import Connect
from tests.irc.asking import SERVER, TEXT, exactly, gather, told
from tests.irc.peers import drain, enter, isupport, only

# KICK


async def test_everybody_in_the_room_is_told_who_is_kicked_and_why(connect: Connect) -> None:
    """«The KICK command can be used to request the forced removal of a user from a channel. It causes the <user> to
    be removed from the <channel> by force.» (modern.ircdocs.horse, "KICK message"); «they receive all relevant
    information about that channel including the JOIN, PART, KICK, and MODE messages affecting the channel» ("JOIN
    message")"""
    ann, bob, eve = await gather(connect, "#tea", "ann", "bob", "eve")
    exactly(await told(ann, "KICK #tea bob :bye now"), ":ann!ann@localhost KICK #tea bob :bye now")
    for peer in (bob, eve):
        exactly(await told(peer), ":ann!ann@localhost KICK #tea bob :bye now")
    exactly(await told(bob, "PRIVMSG #tea :I am not here"), f"{SERVER} 404 bob #tea {TEXT}")
    await told(eve, "PRIVMSG #tea :is he gone?")
    assert await told(bob) == []
    exactly(only(await told(ann, "NAMES #tea"), "353"), rf"{SERVER} 353 ann = #tea :(@ann eve|eve @ann)")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN"), ":bob!bob@localhost JOIN #tea")


async def test_who_kicks_without_a_word_leaves_their_name(connect: Connect) -> None:
    """«If a "comment" is given, this will be sent instead of the default message, the nickname of the user issuing
    the KICK.» (RFC 2812 3.2.8); «If no comment is given, the server SHOULD use a default message instead.»
    (modern.ircdocs.horse, "KICK message")"""
    ann, bob, eve = await gather(connect, "#tea", "ann", "bob", "eve")
    exactly(await told(ann, "KICK #tea bob"), ":ann!ann@localhost KICK #tea bob ann")
    for peer in (bob, eve):
        exactly(await told(peer), ":ann!ann@localhost KICK #tea bob ann")


async def test_operators_kick_and_others_do_not(connect: Connect) -> None:
    """«Numeric Replies: […] ERR_CHANOPRIVSNEEDED» (modern.ircdocs.horse, "KICK message"; «Users with this mode may
    perform channel moderation tasks such as kicking users», "Operator Prefix")"""
    ann, bob, eve = await gather(connect, "#tea", "ann", "bob", "eve")
    await told(ann, "MODE #tea +v eve")
    await drain(bob, eve)
    for nick in ["bob", "ann", "eve"]:
        exactly(await told(eve, f"KICK #tea {nick} :go"), f"{SERVER} 482 eve #tea {TEXT}")
    assert await told(ann) == []
    assert await told(bob) == []
    await told(ann, "MODE #tea +o eve")
    await drain(bob, eve)
    exactly(
        await told(eve, "KICK #tea bob :go", "KICK #tea ann :go"),
        ":eve!eve@localhost KICK #tea bob go",
        ":eve!eve@localhost KICK #tea ann go",
    )
    exactly(await told(ann), ":eve!eve@localhost KICK #tea bob go", ":eve!eve@localhost KICK #tea ann go")
    exactly(await told(bob), ":eve!eve@localhost KICK #tea bob go")


async def test_nobody_kicks_from_outside(connect: Connect) -> None:
    """«442 ERR_NOTONCHANNEL: Returned by the server whenever a client tries to perform a channel affecting command
    for which the client isn't a member.» (RFC 2812 5.2, among the replies to KICK)"""
    ann, eve = await enter(connect, "ann", "#tea"), await enter(connect, "eve")
    exactly(await told(eve, "KICK #tea ann :go"), f"{SERVER} 442 eve #tea {TEXT}")
    assert await told(ann) == []


async def test_kicking_from_no_room_is_403(connect: Connect) -> None:
    """«Numeric Replies: […] ERR_NOSUCHCHANNEL» (modern.ircdocs.horse, "KICK message")"""
    ann, _ = await enter(connect, "ann"), await enter(connect, "bob")
    exactly(await told(ann, "KICK #nowhere bob"), f"{SERVER} 403 ann #nowhere {TEXT}")


async def test_nobody_is_kicked_who_is_not_there(connect: Connect) -> None:
    """«ERR_USERNOTINCHANNEL (441) "<client> <nick> <channel> :They aren't on that channel": Returned when a client
    tries to perform a channel+nick affecting command, when the nick isn't joined to the channel»
    (modern.ircdocs.horse, "ERR_USERNOTINCHANNEL")"""
    ann, _ = await enter(connect, "ann", "#tea"), await enter(connect, "eve")
    exactly(await told(ann, "KICK #tea eve"), f"{SERVER} 441 ann eve #tea {TEXT}")
    exactly(await told(ann, "KICK #tea nobody"), rf"{SERVER} (401 ann nobody|441 ann nobody #tea) {TEXT}")


@pytest.mark.parametrize("line", ["KICK", "KICK #tea"])
async def test_kicking_nobody_is_461(connect: Connect, line: str) -> None:
    """«If a command is sent from a client to a server with less parameters than the command requires to be processed,
    the server will reply with an ERR_NEEDMOREPARAMS (461) numeric and the command will fail.» (modern.ircdocs.horse,
    "Client Messages")"""
    ann = await enter(connect, "ann", "#tea")
    exactly(await told(ann, line), f"{SERVER} 461 ann KICK {TEXT}")


@pytest.mark.parametrize("targets", ["#tea bob,eve", "#tea,#tea bob,eve"])
async def test_several_are_kicked_one_by_one(connect: Connect, targets: str) -> None:
    """«The server MUST NOT send KICK messages with multiple users to clients. This is necessary to maintain backward
    compatibility with existing client software.» (modern.ircdocs.horse, "KICK message"); «there MUST be either one
    channel parameter and multiple user parameter, or as many channel parameters as there are user parameters» (RFC
    2812 3.2.8)"""
    ann, bob, eve, joe = await gather(connect, "#tea", "ann", "bob", "eve", "joe")
    both = [":ann!ann@localhost KICK #tea bob bye", ":ann!ann@localhost KICK #tea eve bye"]
    exactly(sorted(await told(ann, f"KICK {targets} :bye")), *both)
    exactly(sorted(await told(joe)), *both)
    for peer in (bob, eve):
        exactly(only(await told(peer, "PRIVMSG #tea :hm"), "404"), f"{SERVER} 404 .*")


async def test_users_and_rooms_belong_together_by_their_place(connect: Connect) -> None:
    """«as many channel parameters as there are user parameters» (RFC 2812 3.2.8)"""
    ann = await enter(connect, "ann", "#tea,#milk")
    bob, eve = await enter(connect, "bob", "#tea,#milk"), await enter(connect, "eve", "#tea,#milk")
    await drain(ann, bob)
    exactly(
        await told(ann, "KICK #tea,#milk bob,eve :bye"),
        ":ann!ann@localhost KICK #tea bob bye",
        ":ann!ann@localhost KICK #milk eve bye",
    )
    exactly(only(await told(bob, "NAMES #tea"), "353"), f"{SERVER} 353 bob = #tea :(@ann eve|eve @ann)")
    exactly(only(await told(eve, "NAMES #milk"), "353"), f"{SERVER} 353 eve = #milk :(@ann bob|bob @ann)")


async def test_how_many_may_be_kicked_at_once_is_said(connect: Connect) -> None:
    """«If this parameter is not advertised or a value is not sent then a client SHOULD assume that no commands except
    the JOIN and PART commands accept multiple parameters.» (modern.ircdocs.horse, "TARGMAX parameter")"""
    ann = await enter(connect, "ann")
    limits = dict(pair.split(":") for pair in (isupport(ann)["TARGMAX"] or "").split(","))
    assert limits["KICK"] != "1"


# INVITE


@pytest.mark.parametrize("modes", ["", "+i"])
async def test_the_invited_are_told_and_so_is_who_invites(connect: Connect, modes: str) -> None:
    """«When the invite is successful, the server MUST send a RPL_INVITING numeric to the command issuer, and an
    INVITE message, with the issuer as <source>, to the target user.» (modern.ircdocs.horse, "INVITE message");
    «RPL_INVITING (341) "<client> <nick> <channel>"»"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    if modes:
        exactly(await told(ann, f"MODE #tea {modes}"), r":ann!ann@localhost MODE #tea \+i")
    exactly(await told(ann, "INVITE bob #tea"), f"{SERVER} 341 ann bob #tea")
    exactly(await told(bob), ":ann!ann@localhost INVITE bob #tea")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "473"), ":bob!bob@localhost JOIN #tea")


async def test_the_others_are_not_told_of_an_invitation(connect: Connect) -> None:
    """«Other channel members SHOULD NOT be notified.» (modern.ircdocs.horse, "INVITE message")"""
    ann, joe = await gather(connect, "#tea", "ann", "joe")
    await enter(connect, "bob")
    await told(ann, "INVITE bob #tea")
    assert await told(joe) == []


async def test_those_who_want_to_know_are_told_of_an_invitation(connect: Connect) -> None:
    """«The invite-notify client capability allows a client to specify that it would like to be notified when users
    are invited to channels. […] :<inviter> INVITE <target> <channel>» (IRCv3 invite-notify; «a server may choose to
    only send the message to clients having channel op»)"""
    ann = await enter(connect, "ann", "#tea", "invite-notify")
    joe = await enter(connect, "joe", "#tea", "invite-notify")
    eve = await enter(connect, "eve", "#milk", "invite-notify")
    bob = await enter(connect, "bob", "", "invite-notify")
    await told(ann, "MODE #tea +o joe")
    await drain(joe)
    exactly(await told(ann, "INVITE bob #tea"), f"{SERVER} 341 ann bob #tea")
    exactly(await told(joe), ":ann!ann@localhost INVITE bob #tea")
    exactly(await told(bob), ":ann!ann@localhost INVITE bob #tea")
    assert await told(eve) == []


async def test_any_member_may_invite_where_all_may_come(connect: Connect) -> None:
    """«Only members of the channel are allowed to invite other users.» (modern.ircdocs.horse, "INVITE message")"""
    _, joe = await gather(connect, "#tea", "ann", "joe")
    bob = await enter(connect, "bob")
    exactly(await told(joe, "INVITE bob #tea"), f"{SERVER} 341 joe bob #tea")
    exactly(await told(bob), ":joe!joe@localhost INVITE bob #tea")


async def test_only_operators_invite_where_one_must_be_invited(connect: Connect) -> None:
    """«Servers MAY reject the command with the ERR_CHANOPRIVSNEEDED numeric. In particular, they SHOULD reject it
    when the channel has invite-only mode set, and the user is not a channel operator.» (modern.ircdocs.horse, "INVITE
    message")"""
    ann, joe = await gather(connect, "#tea", "ann", "joe")
    bob = await enter(connect, "bob")
    await told(ann, "MODE #tea +iv joe")
    await drain(joe)
    exactly(await told(joe, "INVITE bob #tea"), f"{SERVER} 482 joe #tea {TEXT}")
    assert await told(bob) == []
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 473 bob #tea {TEXT}")


async def test_nobody_invites_to_where_they_are_not(connect: Connect) -> None:
    """«Only members of the channel are allowed to invite other users. Otherwise, the server MUST reject the command
    with the ERR_NOTONCHANNEL numeric.» (modern.ircdocs.horse, "INVITE message")"""
    await enter(connect, "ann", "#tea")
    eve, bob = await enter(connect, "eve"), await enter(connect, "bob")
    exactly(await told(eve, "INVITE bob #tea"), f"{SERVER} 442 eve #tea {TEXT}")
    assert await told(bob) == []


async def test_nobody_is_invited_to_where_they_are(connect: Connect) -> None:
    """«If the user is already on the target channel, the server MUST reject the command with the ERR_USERONCHANNEL
    numeric.» (modern.ircdocs.horse, "INVITE message"); «ERR_USERONCHANNEL (443) "<client> <nick> <channel> :is
    already on channel"»"""
    ann, bob = await gather(connect, "#tea", "ann", "bob")
    exactly(await told(ann, "INVITE bob #tea"), f"{SERVER} 443 ann bob #tea {TEXT}")
    assert await told(bob) == []


async def test_there_must_be_somebody_to_invite_and_a_room_to_invite_to(connect: Connect) -> None:
    """«The target channel SHOULD exist (at least one user is on it). Otherwise, the server SHOULD reject the command
    with the ERR_NOSUCHCHANNEL numeric.» (modern.ircdocs.horse, "INVITE message"); «Numeric Replies: […]
    ERR_NOSUCHNICK» (RFC 2812 3.2.7)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    exactly(await told(ann, "INVITE nobody #tea"), f"{SERVER} 401 ann nobody {TEXT}")
    exactly(await told(ann, "INVITE bob #nowhere"), f"{SERVER} 403 ann #nowhere {TEXT}")
    exactly(await told(ann, "INVITE bob"), f"{SERVER} 461 ann INVITE {TEXT}")
    assert await told(bob) == []


async def test_an_invitation_is_for_one_time(connect: Connect) -> None:
    """irctest, invite: «INVITE gets "used up" after one JOIN»."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +i", "INVITE bob #tea")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "473"), ":bob!bob@localhost JOIN #tea")
    await told(bob, "PART #tea")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 473 bob #tea {TEXT}")


async def test_an_invitation_is_for_one_person(connect: Connect) -> None:
    """«a user must have received an INVITE for this channel before being allowed to join it» (modern.ircdocs.horse,
    "Invite-Only Channel Mode"): the user, not the nick."""
    ann, bob, eve = await enter(connect, "ann", "#tea"), await enter(connect, "bob"), await enter(connect, "eve")
    await told(ann, "MODE #tea +i", "INVITE bob #tea")
    await told(bob, "NICK robert")
    await told(eve, "NICK bob")
    exactly(await told(eve, "JOIN #tea"), f"{SERVER} 473 bob #tea {TEXT}")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "473"), ":robert!bob@localhost JOIN #tea")


async def test_an_invitation_is_stronger_than_a_limit(connect: Connect) -> None:
    """irctest, chmodes/limit: «invited users can bypass the channel limit»."""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +l 1")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 471 bob #tea {TEXT}")
    await told(ann, "INVITE bob #tea")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "471"), ":bob!bob@localhost JOIN #tea")


async def test_an_invitation_by_an_operator_is_stronger_than_a_ban(connect: Connect) -> None:
    """«A user who is banned from a channel and who carries an invitation sent by a channel operator is allowed to
    join the channel.» (RFC 2811 4.3.1)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +b bob!*@*")
    exactly(await told(bob, "JOIN #tea"), f"{SERVER} 474 bob #tea {TEXT}")
    exactly(await told(ann, "INVITE bob #tea"), f"{SERVER} 341 ann bob #tea")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), ":bob!bob@localhost JOIN #tea")
    await told(ann, "KICK #tea bob")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "474"), f"{SERVER} 474 bob #tea {TEXT}")


async def test_an_invitation_is_no_key(connect: Connect) -> None:
    """«When a channel key is set (by using the mode 'k'), servers MUST reject their local users request to join the
    channel unless this key is given.» (RFC 2811 4.2.10)"""
    ann, bob = await enter(connect, "ann", "#tea"), await enter(connect, "bob")
    await told(ann, "MODE #tea +ik beer", "INVITE bob #tea")
    exactly(only(await told(bob, "JOIN #tea"), "JOIN", "473", "475"), f"{SERVER} 475 bob #tea {TEXT}")
    exactly(only(await told(bob, "JOIN #tea beer"), "JOIN", "473", "475"), ":bob!bob@localhost JOIN #tea")


async def test_one_may_ask_where_one_is_invited(connect: Connect) -> None:
    """«RPL_INVITELIST (336) "<client> <channel>": Sent to a client as a reply to the INVITE command when used with no
    parameter, to indicate a channel the client was invited to. RPL_ENDOFINVITELIST (337) "<client> :End of /INVITE
    list"» (modern.ircdocs.horse, "Numerics")"""
    ann, bob = await enter(connect, "ann", "#tea,#milk"), await enter(connect, "bob")
    exactly(await told(bob, "INVITE"), f"{SERVER} 337 bob {TEXT}")
    await told(ann, "INVITE bob #tea", "INVITE bob #milk")
    await drain(bob)
    lines = await told(bob, "INVITE")
    exactly(sorted(lines), f"{SERVER} 336 bob #milk", f"{SERVER} 336 bob #tea", f"{SERVER} 337 bob {TEXT}")
    assert lines[-1].command == "337"
    await told(bob, "JOIN #tea")
    exactly(await told(bob, "INVITE"), f"{SERVER} 336 bob #milk", f"{SERVER} 337 bob {TEXT}")
