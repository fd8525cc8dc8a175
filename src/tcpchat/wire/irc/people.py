"""NICK, QUIT, AWAY, WHO, WHOIS, PING: people and whether they are there."""

from collections.abc import Iterator

from tcpchat.model import commands, events, names, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables
from tcpchat.wire.irc.writing import Tags, line, packed, source


def read_quit(context: Context, message: Message) -> Iterator[Request | bytes]:
    """QUIT [:<reason>]"""
    yield Request(commands.Quit(reason=message.params[0] if message.params else ""), message)


def write_gone(event: events.Gone, tags: Tags) -> bytes:
    """:<source> QUIT :<reason>"""
    return line(f"{tags.of(event)}:{source(event.by, event.origin)}", "QUIT", last=event.reason)


def write_renamed(event: events.Renamed, tags: Tags) -> bytes:
    """:<source> NICK <nick>"""
    return line(f"{tags.of(event)}:{source(event.by, event.origin)}", "NICK", event.to)


def read_away(context: Context, message: Message) -> Iterator[Request | bytes]:
    """AWAY [:<text>]"""
    yield Request(commands.Away(text=message.params[0] if message.params else ""), message)


def write_away(context: Context, request: Request, reply: replies.Done) -> bytes:
    """306, or 305 when one is back."""
    command = request.command
    if isinstance(command, commands.Away) and command.text:
        return context.numeric(numerics.RPL_NOWAWAY, last="You have been marked as being away")
    return context.numeric(numerics.RPL_UNAWAY, last="You are no longer marked as being away")


def read_who(context: Context, message: Message) -> Iterator[Request | bytes]:
    """WHO [<room or nick>]"""
    asked = message.params[0] if message.params else ""
    if not asked or asked in {"*", "0"}:
        yield Request(commands.ListPeople(), message)
    elif names.is_room(asked):
        yield Request(commands.ListPeople(room=asked), message)
    else:
        yield Request(commands.Whois(nick=asked), message)


def write_who(context: Context, request: Request, reply: replies.People) -> bytes:
    """352 for each, 315."""
    return b"".join(_who(context, reply.room or "*", person) for person in reply.people) + _end_of_who(context, request)


def write_who_one(context: Context, request: Request, reply: replies.WhoisReply) -> bytes:
    """352 and 315."""
    return _who(context, reply.rooms[0] if reply.rooms else "*", reply.person) + _end_of_who(context, request)


def read_whois(context: Context, message: Message) -> Iterator[Request | bytes]:
    """WHOIS [<server>] <nick>"""
    yield Request(commands.Whois(nick=message.params[-1]), message)


def write_whois(context: Context, request: Request, reply: replies.WhoisReply) -> bytes:
    """311, 319, 312, 301, 317, 318."""
    one = reply.person
    user, _, host = one.origin.partition("@")
    answer = [context.numeric(numerics.RPL_WHOISUSER, one.nick, user, host, "*", last=one.name)]
    for rooms in packed(reply.rooms):
        answer.append(context.numeric(numerics.RPL_WHOISCHANNELS, one.nick, last=rooms))
    answer.append(context.numeric(numerics.RPL_WHOISSERVER, one.nick, context.server, last=context.config.network))
    if one.away:
        answer.append(context.numeric(numerics.RPL_AWAY, one.nick, last=one.away))
    seconds = (str(reply.idle), str(reply.since))
    answer.append(context.numeric(numerics.RPL_WHOISIDLE, one.nick, *seconds, last="seconds idle, signon time"))
    answer.append(context.numeric(numerics.RPL_ENDOFWHOIS, one.nick, last="End of /WHOIS list"))
    return b"".join(answer)


def read_userhost(context: Context, message: Message) -> Iterator[Request | bytes]:
    """USERHOST <nick>{ <nick>}: five at most"""
    yield Request(commands.ListPeople(nicks=list(message.params[:5])), message)


def write_userhost(context: Context, request: Request, reply: replies.People) -> bytes:
    """302: ``nick=+user@host``, with a minus for who is away."""
    told = (f"{one.nick}={'-' if one.away else '+'}{one.origin}" for one in reply.people)
    return context.numeric(numerics.RPL_USERHOST, last=" ".join(told))


def read_ison(context: Context, message: Message) -> Iterator[Request | bytes]:
    """ISON <nick>{ <nick>}"""
    nicks = [nick for parameter in message.params for nick in parameter.split()]
    yield Request(commands.ListPeople(nicks=nicks or [""]), message)


def write_ison(context: Context, request: Request, reply: replies.People) -> bytes:
    """303: those who are here."""
    return context.numeric(numerics.RPL_ISON, last=" ".join(one.nick for one in reply.people))


def read_ping(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PING <token>"""
    yield Request(commands.Ping(token=message.params[0]), message)


def write_pong(context: Context, request: Request, reply: replies.PongReply) -> bytes:
    """PONG <server> <token>"""
    return line(f":{context.server}", "PONG", context.server, last=reply.token)


def read_pong(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PONG <token>"""
    yield Request(commands.Pong(), message)


def _who(context: Context, room: str, one: replies.Person) -> bytes:
    user, _, host = one.origin.partition("@")
    flags = "G" if one.away else "H"
    words = (room, user or "user", host or context.server, context.server, one.nick, flags)
    return context.numeric(numerics.RPL_WHOREPLY, *words, last=f"0 {one.name}")


def _end_of_who(context: Context, request: Request) -> bytes:
    message: Message = request.label  # type: ignore[assignment]
    return context.numeric(numerics.RPL_ENDOFWHO, message.params[0] if message.params else "*", last="End of /WHO list")


TABLES = Tables(
    readers={
        "QUIT": read_quit,
        "AWAY": read_away,
        "WHO": read_who,
        "WHOIS": read_whois,
        "USERHOST": read_userhost,
        "ISON": read_ison,
        "PING": read_ping,
        "PONG": read_pong,
    },
    writers={
        events.Gone: write_gone,
        events.Renamed: write_renamed,
    },
    answers={
        ("AWAY", replies.Done): write_away,
        ("WHO", replies.People): write_who,
        ("WHO", replies.WhoisReply): write_who_one,
        ("WHOIS", replies.WhoisReply): write_whois,
        ("USERHOST", replies.People): write_userhost,
        ("ISON", replies.People): write_ison,
        ("PING", replies.PongReply): write_pong,
    },
    refusals={
        ("*", "no_such_nick"): numerics.ERR_NOSUCHNICK,
        ("*", "bad_nick"): numerics.ERR_ERRONEUSNICKNAME,
        ("*", "nick_taken"): numerics.ERR_NICKNAMEINUSE,
        ("*", "no_text"): numerics.ERR_NOTEXTTOSEND,
        ("*", "too_long"): numerics.ERR_INPUTTOOLONG,
        ("*", "not_in"): numerics.ERR_NOTREGISTERED,
        ("*", "already_in"): numerics.ERR_ALREADYREGISTERED,
    },
    at_the_door=frozenset({"QUIT", "PING", "PONG"}),
    needs={"WHOIS": 1, "PING": 1, "USERHOST": 1, "ISON": 1},
)
