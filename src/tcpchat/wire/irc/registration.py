"""CAP, PASS, NICK, USER, QUIT, PING, PONG: coming in and going, and what a newcomer is told."""

from collections.abc import Iterator
from functools import lru_cache

from tcpchat.config import Config, Limits
from tcpchat.model import commands, events, names, replies
from tcpchat.version import VERSION
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import isupport, numerics, sasl
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.server import lusers, motd
from tcpchat.wire.irc.topic import Context, Tables, asked, keep_answer, keep_refusal, param
from tcpchat.wire.irc.writing import Form, line, word

ANYBODY = b"\x1a" * names.MOST_BYTES
"""Stands for a nick, and is as long as one can be, so that what is written around it fits into lines with any."""

USER_MODES, ROOM_MODES, ROOM_MODES_WITH_PARAMETER = "Bio", "CIMRbdeiklmnostv", "Ibdeklov"


def read_cap(context: Context, message: Message) -> Iterator[Request | bytes]:
    """CAP <subcommand> [:<capabilities>]"""
    try:
        for answer in context.negotiation.read(message.params, context.me or "*"):
            *words, last = answer
            yield line(f":{context.server}", "CAP", context.me or "*", *words, last=last)
    except KeyError:
        subcommand = word(message.params[0])[:40]
        yield context.numeric(numerics.ERR_INVALIDCAPCMD, subcommand, last="Invalid CAP command")
    yield from _enter(context, message)


def read_pass(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PASS <password>: the server's, if it asks for one"""
    if context.me:
        yield context.numeric(numerics.ERR_ALREADYREGISTERED, last="You may not register again")
    else:
        context.password = message.params[0]


def read_nick(context: Context, message: Message) -> Iterator[Request | bytes]:
    """NICK <nick>"""
    if not param(message, 0):
        yield context.numeric(numerics.ERR_NONICKNAMEGIVEN, last="No nickname given")
    elif context.me:
        context.owned_nick = ""
        yield Request(commands.Rename(nick=message.params[0]), message)
    else:
        yield from _want(context, message)


def write_renamed(event: events.Renamed, form: Form) -> bytes:
    """:<source> NICK <nick>"""
    return line(form.head(event, event.by, "NICK"), event.to)


def read_user(context: Context, message: Message) -> Iterator[Request | bytes]:
    """USER <user> <mode> <unused> :<real name>"""
    if context.me or context.user:
        yield context.numeric(numerics.ERR_ALREADYREGISTERED, last="You may not register again")
    elif not message.params[3]:
        yield context.numeric(numerics.ERR_NEEDMOREPARAMS, "USER", last="The real name is missing")
    else:
        context.user, context.name = message.params[0] or "user", message.params[3]
        yield from _enter(context, message)


def _want(context: Context, message: Message) -> Iterator[Request | bytes]:
    """A nick that cannot be had is refused at once; but who may have one that is owned shows when one has logged in."""
    nick = message.params[0]
    answer = yield from asked(context, commands.CheckNick(nick=nick), Message("CHECK", (nick,)))
    owned = isinstance(answer, replies.Refused)
    if owned:
        context.owned_nick = nick
    if owned or isinstance(answer, replies.Done):
        context.wanted_nick = nick
        yield from _enter(context, message)
    else:
        context.refused_nick = nick


def note_refused_nick(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """Whether a nick that is owned can be had is decided later."""
    if refusal.code == "nick_owned":
        return keep_refusal(context, message, refusal)
    numeric = numerics.ERR_NICKNAMEINUSE if refusal.code == "nick_taken" else numerics.ERR_ERRONEUSNICKNAME
    return context.numeric(numeric, word(message.params[0]), last=refusal.text)


def _enter(context: Context, message: Message) -> Iterator[Request | bytes]:
    """When all is said that is needed; a nick that is refused must be followed by another."""
    if context.me or not context.wanted_nick or not context.user or context.negotiation.open:
        return
    if context.exchange is not None:
        yield sasl.aborted(context)
    nick, context.wanted_nick = context.wanted_nick, ""
    yield Request(commands.Enter(nick=nick, user=context.user, name=context.name, password=context.password), message)
    if not context.me:
        context.refused_nick = nick
        if nick == context.owned_nick:
            yield line(f":{context.server}", "NOTICE", "*", last=_how_to_have(nick))
        return
    here = yield from asked(context, commands.ShowServer(), Message("WELCOME"))
    if isinstance(here, replies.ServerReply):
        yield _welcome(context, here)
        yield from take_own_nick(context)


def take_own_nick(context: Context) -> Iterator[Request | bytes]:
    """Who had to come in under another name, because nobody knew yet whose the wanted one is, has it now."""
    if not context.me:
        return
    nick, context.owned_nick = context.owned_nick, context.owned_nick if not context.account else ""
    if nick and nick != context.me and names.fold(nick) == names.fold(context.account):
        yield Request(commands.Rename(nick=nick), Message("NICK", (nick,)))


def _how_to_have(nick: str) -> str:
    return (
        f"The name {nick} belongs to an account. If it is yours: log in with SASL; "
        f"or come in under another name, and /msg NickServ IDENTIFY {nick} <password>"
    )


def note_welcome(context: Context, request: Request, reply: replies.Welcome) -> bytes:
    """Who one is now. What newcomers are told is written in one piece, when all of it is known."""
    context.me, context.origin = reply.nick, reply.origin
    return b""


def _welcome(context: Context, here: replies.ServerReply) -> bytes:
    """001 to 005, LUSERS, MOTD."""
    config, nick = context.config, context.me.encode()
    greeting = context.numeric(numerics.RPL_WELCOME, last=f"Welcome to {config.network}, {context.me}")
    told, motd = _told_to_all(context.server, config.network, config.motd, config.limits)
    return greeting + told.replace(ANYBODY, nick) + lusers(context, here) + motd.replace(ANYBODY, nick)


@lru_cache(maxsize=4)
def _told_to_all(server: str, network: str, text: str, limits: Limits) -> tuple[bytes, bytes]:
    """002 to 005, and MOTD, written once for all newcomers: `ANYBODY` stands for the nick."""
    context = Context(Config(name=server, network=network, motd=text, limits=limits), {})
    context.me = ANYBODY.decode()
    modes = (USER_MODES, ROOM_MODES, ROOM_MODES_WITH_PARAMETER)
    told = [
        context.numeric(numerics.RPL_YOURHOST, last=f"Your host is {server}, running tcpchat {VERSION}"),
        context.numeric(numerics.RPL_CREATED, last="What is said here is kept"),
        context.numeric(numerics.RPL_MYINFO, server, f"tcpchat-{VERSION}", *modes),
        *isupport.written(context),
    ]
    return b"".join(told), motd(context)


def read_quit(context: Context, message: Message) -> Iterator[Request | bytes]:
    """QUIT [:<reason>]"""
    yield Request(commands.Quit(reason=param(message, 0)), message)


def write_gone(event: events.Gone, form: Form) -> bytes:
    """:<source> QUIT :<reason>"""
    return line(form.head(event, event.by, "QUIT"), last=event.reason)


def read_ping(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PING <token>"""
    yield Request(commands.Ping(token=message.params[0]), message)


def write_pong(context: Context, request: Request, reply: replies.PongReply) -> bytes:
    """PONG <server> <token>"""
    token = reply.token
    if token.isascii() and token.isprintable() and token and token[0] != ":" and " " not in token:
        return line(f":{context.server}", "PONG", context.server, token)
    return line(f":{context.server}", "PONG", context.server, last=token)


def read_pong(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PONG <token>"""
    yield Request(commands.Pong(), message)


TABLES = Tables(
    readers={
        "CAP": read_cap,
        "PASS": read_pass,
        "NICK": read_nick,
        "USER": read_user,
        "QUIT": read_quit,
        "PING": read_ping,
        "PONG": read_pong,
    },
    writers={
        events.Gone: write_gone,
        events.Renamed: write_renamed,
    },
    answers={
        ("CAP", replies.Welcome): note_welcome,
        ("CHECK", replies.Done): keep_answer,
        ("NICK", replies.Welcome): note_welcome,
        ("USER", replies.Welcome): note_welcome,
        ("WELCOME", replies.ServerReply): keep_answer,
        ("PING", replies.PongReply): write_pong,
    },
    refusals={
        ("*", "bad_nick"): numerics.ERR_ERRONEUSNICKNAME,
        ("*", "nick_taken"): numerics.ERR_NICKNAMEINUSE,
        ("*", "nick_owned"): numerics.ERR_NICKNAMEINUSE,
        ("*", "not_in"): numerics.ERR_NOTREGISTERED,
        ("*", "already_in"): numerics.ERR_ALREADYREGISTERED,
        ("CAP", "wrong_password"): numerics.ERR_PASSWDMISMATCH,
        ("NICK", "wrong_password"): numerics.ERR_PASSWDMISMATCH,
        ("USER", "wrong_password"): numerics.ERR_PASSWDMISMATCH,
    },
    refused={"CHECK": note_refused_nick},
    at_the_door=frozenset({"CAP", "PASS", "NICK", "USER", "QUIT", "PING", "PONG"}),
    needs={"CAP": 1, "PASS": 1, "USER": 4, "PING": 1},
)
