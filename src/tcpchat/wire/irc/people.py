"""WHO, WHOIS, WHOWAS, USERHOST, ISON, SETNAME: who is here, who was, and what they are called."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from tcpchat.model import commands, events, names, replies
from tcpchat.model.replies import Person
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.capabilities import CHGHOST, MULTI_PREFIX, SETNAME
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.server import is_here
from tcpchat.wire.irc.topic import Context, Tables, message_of, param
from tcpchat.wire.irc.writing import Form, line, packed, word

HIDDEN_ADDRESS = "255.255.255.255"
"""What WHOX tells of an address that is nobody's business."""


def shown_rank(context: Context, rank: str) -> str:
    """All that somebody is in a room, for clients that understand it; else the highest."""
    return rank if MULTI_PREFIX in context.capabilities else rank[:1]


# WHO


def read_who(context: Context, message: Message) -> Iterator[Request | bytes]:
    """WHO [<room, nick or mask> [o][%<fields>[,<token>]]]"""
    asked, options = param(message, 0), param(message, 1).partition("%")[0]
    if names.is_room(asked):
        yield Request(commands.ListPeople(room=asked, operators="o" in options), message)
    else:
        mask = "" if asked in {"", "*", "0"} else asked
        yield Request(commands.ListPeople(mask=mask, operators="o" in options), message)


def write_who(context: Context, request: Request, reply: replies.People) -> bytes:
    """352 for each, or 354 with the fields asked for; 315."""
    message = message_of(request)
    room = reply.room or "*"
    _, whox, wanted = param(message, 1).partition("%")
    if whox:
        fields, _, token = wanted.partition(",")
        written = [_whox(context, room, person, fields, token) for person in reply.people]
    else:
        written = [_who(context, room, person) for person in reply.people]
    asked = word(param(message, 0)) if param(message, 0) else "*"
    return b"".join(written) + context.numeric(numerics.RPL_ENDOFWHO, asked, last="End of /WHO list")


def _who(context: Context, room: str, one: Person) -> bytes:
    words = (room, _user(one), _host(one), context.server, one.nick, _flags(context, one))
    return context.numeric(numerics.RPL_WHOREPLY, *words, last=f"0 {one.name}")


def _whox(context: Context, room: str, one: Person, fields: str, token: str) -> bytes:
    words = {letter: write(context, room, one) for letter, write in _WHOX.items() if letter in fields}
    if "t" in fields:
        words = {"t": word(token)[:3] if token else "0", **words}
    if not words:
        return b""
    *middle, last = words.values()
    if "r" in fields:
        return context.numeric(numerics.RPL_WHOSPCRPL, *middle, last=last)
    return context.numeric(numerics.RPL_WHOSPCRPL, *middle, last)


def _flags(context: Context, one: Person) -> str:
    here = "G" if one.away else "H"
    return here + "*" * one.operator + shown_rank(context, one.rank) + "B" * one.bot


def _user(one: Person) -> str:
    return one.origin.partition("@")[0] or "user"


def _host(one: Person) -> str:
    return one.origin.partition("@")[2] or "*"


_WHOX: Mapping[str, Callable[[Context, str, Person], str]] = {
    "c": lambda context, room, one: room,
    "u": lambda context, room, one: _user(one),
    "i": lambda context, room, one: HIDDEN_ADDRESS,
    "h": lambda context, room, one: _host(one),
    "s": lambda context, room, one: context.server,
    "n": lambda context, room, one: one.nick,
    "f": lambda context, room, one: _flags(context, one),
    "d": lambda context, room, one: "0",
    "l": lambda context, room, one: str(one.idle),
    "a": lambda context, room, one: one.account or "0",
    "o": lambda context, room, one: "n/a",
    "r": lambda context, room, one: one.name,
}
"""The fields of WHOX, in the order in which they are sent (ircv3.net/specs/extensions/whox)."""


# WHOIS and WHOWAS


def read_whois(context: Context, message: Message) -> Iterator[Request | bytes]:
    """WHOIS [<server>] <nick>"""
    nick = message.params[-1]
    server = message.params[0] if len(message.params) > 1 else ""
    if not server or names.fold(server) == names.fold(nick) or (yield from is_here(context, server)):
        yield Request(commands.Whois(nick=nick), message)


def write_whois(context: Context, request: Request, reply: replies.WhoisReply) -> bytes:
    """311, 319, 312, 313, 330, 335, 301, 671, 338, 317, 318."""
    one, numeric = reply.person, context.numeric
    answer = [numeric(numerics.RPL_WHOISUSER, one.nick, _user(one), _host(one), "*", last=one.name)]
    rooms = [shown_rank(context, reply.ranks.get(room, "")) + room for room in reply.rooms]
    answer += [numeric(numerics.RPL_WHOISCHANNELS, one.nick, last=some) for some in packed(rooms)]
    answer.append(numeric(numerics.RPL_WHOISSERVER, one.nick, context.server, last=context.config.network))
    if one.operator:
        answer.append(numeric(numerics.RPL_WHOISOPERATOR, one.nick, last="is an operator of this server"))
    if one.account:
        answer.append(numeric(numerics.RPL_WHOISACCOUNT, one.nick, one.account, last="is logged in as"))
    if one.bot:
        answer.append(numeric(numerics.RPL_WHOISBOT, one.nick, last="is a bot"))
    if one.away:
        answer.append(numeric(numerics.RPL_AWAY, one.nick, last=one.away))
    if reply.encrypted:
        answer.append(numeric(numerics.RPL_WHOISSECURE, one.nick, last="is using a secure connection"))
    if reply.address:
        origin = (one.nick, one.origin, reply.address)
        answer.append(numeric(numerics.RPL_WHOISACTUALLY, *origin, last="is really connecting from there"))
    seconds = (str(reply.idle), str(reply.since))
    answer.append(numeric(numerics.RPL_WHOISIDLE, one.nick, *seconds, last="seconds idle, signon time"))
    return b"".join(answer) + _end_of_whois(context, message_of(request))


def write_no_whois(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """401, 318."""
    nick = word(message.params[-1])
    return context.numeric(numerics.ERR_NOSUCHNICK, nick, last=refusal.text) + _end_of_whois(context, message)


def _end_of_whois(context: Context, message: Message) -> bytes:
    return context.numeric(numerics.RPL_ENDOFWHOIS, word(message.params[-1]), last="End of /WHOIS list")


def read_whowas(context: Context, message: Message) -> Iterator[Request | bytes]:
    """WHOWAS <nick> [<count>]"""
    if not param(message, 0):
        yield context.numeric(numerics.ERR_NONICKNAMEGIVEN, last="No nickname given")
        return
    count = param(message, 1)
    wanted = int(count[:9]) if count.isascii() and count.isdigit() else 0
    yield Request(commands.Whowas(nick=message.params[0], count=wanted), message)


def write_whowas(context: Context, request: Request, reply: replies.WhowasReply) -> bytes:
    """314 and 312 for each, or 406; 369."""
    answer = []
    for one in reply.found:
        user, _, host = one.origin.partition("@")
        until = datetime.fromtimestamp(one.until // 1_000, UTC)
        answer.append(context.numeric(numerics.RPL_WHOWASUSER, one.nick, user, host, "*", last=one.name))
        answer.append(context.numeric(numerics.RPL_WHOISSERVER, one.nick, context.server, last=f"{until:%c}"))
    nick = word(reply.nick)
    if not reply.found:
        answer.append(context.numeric(numerics.ERR_WASNOSUCHNICK, nick, last="There was nobody of that name"))
    return b"".join(answer) + context.numeric(numerics.RPL_ENDOFWHOWAS, nick, last="End of WHOWAS")


# the short questions


def read_userhost(context: Context, message: Message) -> Iterator[Request | bytes]:
    """USERHOST <nick>{ <nick>}: five at most"""
    yield Request(commands.ListPeople(nicks=list(message.params[:5])), message)


def write_userhost(context: Context, request: Request, reply: replies.People) -> bytes:
    """302: ``nick=+user@host``, with a minus for who is away, and a star for operators."""
    told = (f"{one.nick}{'*' * one.operator}={'-' if one.away else '+'}{one.origin}" for one in reply.people)
    return context.numeric(numerics.RPL_USERHOST, last=" ".join(told))


def read_ison(context: Context, message: Message) -> Iterator[Request | bytes]:
    """ISON <nick>{ <nick>}"""
    nicks = [nick for parameter in message.params for nick in parameter.split()]
    yield Request(commands.ListPeople(nicks=nicks or [""]), message)


def write_ison(context: Context, request: Request, reply: replies.People) -> bytes:
    """303: those who are here."""
    return context.numeric(numerics.RPL_ISON, last=" ".join(one.nick for one in reply.people))


# what one is called besides the nick


def read_setname(context: Context, message: Message) -> Iterator[Request | bytes]:
    """SETNAME :<real name>"""
    yield Request(commands.SetName(name=message.params[0]), message)


def write_name_set(event: events.NameSet, form: Form) -> bytes:
    """:<source> SETNAME :<real name>"""
    return line(form.head(event, event.by, "SETNAME"), last=event.name) if SETNAME in form.capabilities else b""


def write_host_changed(event: events.HostChanged, form: Form) -> bytes:
    """:<source as it was> CHGHOST <user> <host>"""
    if CHGHOST not in form.capabilities:
        return b""
    return line(form.head(event, event.by, "CHGHOST"), event.user, event.host)


TABLES = Tables(
    readers={
        "WHO": read_who,
        "WHOIS": read_whois,
        "WHOWAS": read_whowas,
        "USERHOST": read_userhost,
        "ISON": read_ison,
        "SETNAME": read_setname,
    },
    writers={
        events.NameSet: write_name_set,
        events.HostChanged: write_host_changed,
    },
    answers={
        ("WHO", replies.People): write_who,
        ("WHOIS", replies.WhoisReply): write_whois,
        ("WHOWAS", replies.WhowasReply): write_whowas,
        ("USERHOST", replies.People): write_userhost,
        ("ISON", replies.People): write_ison,
    },
    refusals={
        ("*", "no_such_nick"): numerics.ERR_NOSUCHNICK,
        ("*", "too_long"): numerics.ERR_INPUTTOOLONG,
        ("SETNAME", "bad_name"): "INVALID_REALNAME",
    },
    refused={"WHOIS": write_no_whois},
    needs={"WHOIS": 1, "USERHOST": 1, "ISON": 1, "SETNAME": 1},
)
