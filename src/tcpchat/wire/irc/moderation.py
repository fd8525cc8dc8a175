"""KICK and INVITE."""

from collections.abc import Iterator
from itertools import cycle

from tcpchat.model import commands, events, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables, listed, param
from tcpchat.wire.irc.writing import Form, line


def read_kick(context: Context, message: Message) -> Iterator[Request | bytes]:
    """KICK <room>{,<room>} <nick>{,<nick>} [:<reason>]"""
    rooms, nicks = listed(message, 0), listed(message, 1)
    if len(rooms) not in {1, len(nicks)}:
        yield context.numeric(numerics.ERR_NEEDMOREPARAMS, "KICK", last="One room, or as many rooms as nicks")
        return
    for room, nick in zip(cycle(rooms), nicks, strict=False):
        yield Request(commands.Kick(room=room, nick=nick, reason=param(message, 2)), message)


def write_kicked(event: events.Kicked, form: Form) -> bytes:
    """:<source> KICK <room> <nick> :<reason>"""
    return line(form.head(event, event.by, "KICK"), event.room, event.nick, last=event.reason)


def read_invite(context: Context, message: Message) -> Iterator[Request | bytes]:
    """INVITE [<nick> <room>]"""
    if not message.params:
        yield Request(commands.ListInvitations(), message)
    elif len(message.params) == 1:
        yield context.numeric(numerics.ERR_NEEDMOREPARAMS, "INVITE", last="Not enough parameters")
    else:
        yield Request(commands.Invite(nick=message.params[0], room=message.params[1]), message)


def write_inviting(context: Context, request: Request, reply: replies.InvitedReply) -> bytes:
    """341, and 301 if they are away."""
    inviting = context.numeric(numerics.RPL_INVITING, reply.nick, reply.room)
    away = context.numeric(numerics.RPL_AWAY, reply.nick, last=reply.away) if reply.away else b""
    return inviting + away


def write_invitations(context: Context, request: Request, reply: replies.Invitations) -> bytes:
    """336 for each, 337."""
    rooms = (context.numeric(numerics.RPL_INVITELIST, room) for room in reply.rooms)
    return b"".join(rooms) + context.numeric(numerics.RPL_ENDOFINVITELIST, last="End of /INVITE list")


def write_invited(event: events.Invited, form: Form) -> bytes:
    """:<source> INVITE <nick> <room>"""
    return line(form.head(event, event.by, "INVITE"), event.to, event.room)


TABLES = Tables(
    readers={"KICK": read_kick, "INVITE": read_invite},
    writers={events.Kicked: write_kicked, events.Invited: write_invited},
    answers={
        ("INVITE", replies.InvitedReply): write_inviting,
        ("INVITE", replies.Invitations): write_invitations,
    },
    refusals={
        ("*", "not_there"): numerics.ERR_USERNOTINCHANNEL,
        ("*", "there_already"): numerics.ERR_USERONCHANNEL,
    },
    needs={"KICK": 2},
)
