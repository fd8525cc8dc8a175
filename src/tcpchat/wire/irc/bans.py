"""KLINE, UNKLINE, KLINES: who is kept from the server."""

from collections.abc import Iterator

from tcpchat.model import commands, replies
from tcpchat.model.words import moment
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables, message_of, param
from tcpchat.wire.irc.writing import line, word

MOST_MINUTES_DIGITS = 9


def read_kline(context: Context, message: Message) -> Iterator[Request | bytes]:
    """KLINE [<minutes>] <mask, address, CIDR range or ~a:account> [:<reason>]"""
    minutes, params = "0", list(message.params)
    if len(params) > 1 and params[0].isascii() and params[0].isdigit():
        minutes = params.pop(0)[:MOST_MINUTES_DIGITS]
    reason = params[1] if len(params) > 1 else ""
    yield Request(commands.Ban(mask=params[0], seconds=int(minutes) * 60, reason=reason), message)


def read_unkline(context: Context, message: Message) -> Iterator[Request | bytes]:
    """UNKLINE <mask, address, CIDR range or ~a:account>"""
    yield Request(commands.Unban(mask=message.params[0]), message)


def read_klines(context: Context, message: Message) -> Iterator[Request | bytes]:
    """KLINES: who is kept from the server"""
    yield Request(commands.ListBans(), message)


def write_done(context: Context, request: Request, reply: replies.Done) -> bytes:
    """A NOTICE, for there is no numeric."""
    message = message_of(request)
    on = "is banned" if message.command == "KLINE" else "is not banned any more"
    params = [one for one in message.params if not one.isdigit()]
    text = f"{word(params[0] if params else param(message, 0))} {on}"
    return line(f":{context.server}", "NOTICE", context.me, last=text)


def write_bans(context: Context, request: Request, reply: replies.Bans) -> bytes:
    """216 for each, 219."""
    listed = (
        context.numeric(numerics.RPL_STATSKLINE, "K", word(one.mask), "*", word(one.by), last=_about(one))
        for one in reply.bans
    )
    return b"".join(listed) + context.numeric(numerics.RPL_ENDOFSTATS, "k", last="End of /STATS report")


def _about(ban: replies.ServerBan) -> str:
    until = f"until {moment(ban.until)}" if ban.until else "for good"
    return f"{ban.reason} ({until})" if ban.reason else until


TABLES = Tables(
    readers={"KLINE": read_kline, "UNKLINE": read_unkline, "KLINES": read_klines},
    answers={
        ("KLINE", replies.Done): write_done,
        ("UNKLINE", replies.Done): write_done,
        ("KLINES", replies.Bans): write_bans,
        ("STATS", replies.Bans): write_bans,
    },
    refusals={
        ("NICK", "banned"): numerics.ERR_YOUREBANNEDCREEP,
        ("USER", "banned"): numerics.ERR_YOUREBANNEDCREEP,
        ("CAP", "banned"): numerics.ERR_YOUREBANNEDCREEP,
        ("NICK", "banned_in_room"): numerics.ERR_BANONCHAN,
        ("SETNAME", "cannot_speak"): "CANNOT_CHANGE_REALNAME",
        ("NICK", "nick_banned"): numerics.ERR_ERRONEUSNICKNAME,
    },
    needs={"KLINE": 1, "UNKLINE": 1},
)
