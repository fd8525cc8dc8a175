"""CAP, PASS, NICK, USER: coming in, and what a newcomer is told."""

from collections.abc import Iterator

from tcpchat.model import commands, names, replies
from tcpchat.version import VERSION
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import isupport, numerics
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables
from tcpchat.wire.irc.writing import line


def read_cap(context: Context, message: Message) -> Iterator[Request | bytes]:
    """CAP <subcommand> [:<capabilities>]"""
    try:
        for answer in context.negotiation.read(message.params):
            *words, last = answer
            yield line(f":{context.server}", "CAP", context.me or "*", *words, last=last)
    except KeyError:
        yield context.numeric(numerics.ERR_INVALIDCAPCMD, message.params[0], last="Invalid CAP command")
    yield from _enter(context, message)


def read_pass(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PASS <password>: this server asks for none."""
    yield from ()


def read_nick(context: Context, message: Message) -> Iterator[Request | bytes]:
    """NICK <nick>"""
    if not message.params or not message.params[0]:
        yield context.numeric(numerics.ERR_NONICKNAMEGIVEN, last="No nickname given")
    elif context.me:
        yield Request(commands.Rename(nick=message.params[0]), message)
    else:
        context.wanted_nick = message.params[0]
        yield from _enter(context, message)


def read_user(context: Context, message: Message) -> Iterator[Request | bytes]:
    """USER <user> <mode> <unused> :<real name>"""
    if context.me or context.user:
        yield context.numeric(numerics.ERR_ALREADYREGISTERED, last="You may not register again")
        return
    context.user, context.name = message.params[0] or "user", message.params[3]
    yield from _enter(context, message)


def _enter(context: Context, message: Message) -> Iterator[Request | bytes]:
    """When all is said that is needed; a nick that is refused must be followed by another."""
    if not context.me and context.wanted_nick and context.user and not context.negotiation.open:
        nick, context.wanted_nick = context.wanted_nick, ""
        yield Request(commands.Enter(nick=nick, user=context.user, name=context.name), message)


def write_welcome(context: Context, request: Request, reply: replies.Welcome) -> bytes:
    """001 to 005, who is here, and the message of the day."""
    context.me = reply.nick
    config, server = context.config, context.server
    people, rooms = reply.people, reply.rooms
    return b"".join(
        [
            context.numeric(numerics.RPL_WELCOME, last=f"Welcome to {config.network}, {reply.nick}"),
            context.numeric(numerics.RPL_YOURHOST, last=f"Your host is {server}, running tcpchat {VERSION}"),
            context.numeric(numerics.RPL_CREATED, last="What is said here is kept"),
            context.numeric(numerics.RPL_MYINFO, server, f"tcpchat-{VERSION}", "i", "n"),
            *(
                context.numeric(numerics.RPL_ISUPPORT, *tokens, last="are supported by this server")
                for tokens in isupport.lines(config)
            ),
            context.numeric(numerics.RPL_LUSERCLIENT, last=f"There are {people} users and 0 invisible on 1 server"),
            context.numeric(numerics.RPL_LUSERCHANNELS, str(rooms), last="channels formed"),
            context.numeric(numerics.RPL_LUSERME, last=f"I have {people} clients and 0 servers"),
            _motd(context),
        ]
    )


def read_motd(context: Context, message: Message) -> Iterator[Request | bytes]:
    """MOTD"""
    yield _motd(context)


def _motd(context: Context) -> bytes:
    text = context.config.motd or f"Everybody meets in {names.LOBBY}: /join {names.LOBBY}"
    return b"".join(
        [
            context.numeric(numerics.RPL_MOTDSTART, last=f"- {context.server} Message of the day -"),
            *(context.numeric(numerics.RPL_MOTD, last=f"- {one}") for one in text.splitlines()),
            context.numeric(numerics.RPL_ENDOFMOTD, last="End of /MOTD command"),
        ]
    )


TABLES = Tables(
    readers={
        "CAP": read_cap,
        "PASS": read_pass,
        "NICK": read_nick,
        "USER": read_user,
        "MOTD": read_motd,
    },
    answers={
        ("CAP", replies.Welcome): write_welcome,
        ("NICK", replies.Welcome): write_welcome,
        ("USER", replies.Welcome): write_welcome,
    },
    at_the_door=frozenset({"CAP", "PASS", "NICK", "USER"}),
    needs={"CAP": 1, "PASS": 1, "USER": 4},
)
