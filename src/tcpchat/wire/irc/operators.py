"""OPER, KILL, WALLOPS, REHASH, CHGHOST: the server's operators."""

from collections.abc import Iterator

from tcpchat.model import commands, events, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables, param
from tcpchat.wire.irc.writing import Form, line


def read_oper(context: Context, message: Message) -> Iterator[Request | bytes]:
    """OPER <name> <password>"""
    yield Request(commands.BecomeOperator(name=message.params[0], password=message.params[1]), message)


def write_operator(context: Context, request: Request, reply: replies.Done) -> bytes:
    """381."""
    return context.numeric(numerics.RPL_YOUREOPER, last="You are now an operator of this server")


def read_kill(context: Context, message: Message) -> Iterator[Request | bytes]:
    """KILL <nick> :<reason>"""
    yield Request(commands.Kill(nick=message.params[0], reason=param(message, 1)), message)


def write_killed(event: events.Killed, form: Form) -> bytes:
    """:<source> KILL <nick> :<reason>"""
    return line(form.head(event, event.by, "KILL"), event.nick, last=event.reason)


def read_wallops(context: Context, message: Message) -> Iterator[Request | bytes]:
    """WALLOPS :<text>"""
    yield Request(commands.Wallops(text=message.params[0]), message)


def write_walloped(event: events.Walloped, form: Form) -> bytes:
    """:<source> WALLOPS :<text>"""
    return line(form.head(event, event.by, "WALLOPS"), last=event.text)


def read_rehash(context: Context, message: Message) -> Iterator[Request | bytes]:
    """REHASH: read the configuration again"""
    yield Request(commands.Rehash(), message)


def write_rehashed(context: Context, request: Request, reply: replies.Done) -> bytes:
    """382."""
    return context.numeric(numerics.RPL_REHASHING, "configuration", last="Rehashing")


def read_chghost(context: Context, message: Message) -> Iterator[Request | bytes]:
    """CHGHOST <nick> <user> <host>"""
    nick, user, host = message.params[:3]
    yield Request(commands.ChangeHost(nick=nick, user=user, host=host), message)


def write_not_rehashed(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """481, or what is wrong with the configuration."""
    if refusal.code == "no_privileges":
        return context.numeric(numerics.ERR_NOPRIVILEGES, last=refusal.text)
    return context.standard("FAIL", "REHASH", "CONFIG_BAD", last=refusal.text)


TABLES = Tables(
    readers={
        "OPER": read_oper,
        "KILL": read_kill,
        "WALLOPS": read_wallops,
        "REHASH": read_rehash,
        "CHGHOST": read_chghost,
    },
    writers={events.Killed: write_killed, events.Walloped: write_walloped},
    answers={
        ("OPER", replies.Done): write_operator,
        ("REHASH", replies.Done): write_rehashed,
    },
    refusals={
        ("*", "no_privileges"): numerics.ERR_NOPRIVILEGES,
        ("OPER", "not_secure"): numerics.ERR_NOOPERHOST,
        ("OPER", "wrong_password"): numerics.ERR_PASSWDMISMATCH,
        ("OPER", "too_many_tries"): numerics.ERR_PASSWDMISMATCH,
    },
    refused={"REHASH": write_not_rehashed},
    needs={"OPER": 2, "KILL": 1, "WALLOPS": 1, "CHGHOST": 3},
)
