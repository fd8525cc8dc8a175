"""VERSION, TIME, ADMIN, INFO, LINKS, HELP: about the server itself. All of it is known here; nobody need be asked."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tcpchat.version import VERSION
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import isupport, numerics
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables
from tcpchat.wire.irc.writing import packed

ABOUT = (
    f"tcpchat {VERSION}: a chat server that everything can talk to, and that loses nothing.",
    "What is said here is in the log on disk before anybody is shown it.",
)


def read_version(context: Context, message: Message) -> Iterator[Request | bytes]:
    """VERSION: 351, and what 005 says"""
    yield context.numeric(numerics.RPL_VERSION, f"tcpchat-{VERSION}", context.server, last="")
    for tokens in isupport.lines(context.config):
        yield context.numeric(numerics.RPL_ISUPPORT, *tokens, last="are supported by this server")


def read_time(context: Context, message: Message) -> Iterator[Request | bytes]:
    """TIME: 391, in UTC"""
    now = datetime.now(UTC)
    yield context.numeric(
        numerics.RPL_TIME, context.server, str(int(now.timestamp())), "0", last=f"{now:%A, %d %B %Y, %H:%M:%S} UTC"
    )


def read_admin(context: Context, message: Message) -> Iterator[Request | bytes]:
    """ADMIN: 256 to 259"""
    yield context.numeric(numerics.RPL_ADMINME, context.server, last="Administrative info")
    yield context.numeric(numerics.RPL_ADMINLOC1, last=f"The network is called {context.config.network}")
    yield context.numeric(numerics.RPL_ADMINLOC2, last=f"It is one server, running tcpchat {VERSION}")
    yield context.numeric(numerics.RPL_ADMINEMAIL, last="Who runs it has left no address here")


def read_info(context: Context, message: Message) -> Iterator[Request | bytes]:
    """INFO: 371 and 374"""
    for text in ABOUT:
        yield context.numeric(numerics.RPL_INFO, last=text)
    yield context.numeric(numerics.RPL_ENDOFINFO, last="End of INFO list")


def read_links(context: Context, message: Message) -> Iterator[Request | bytes]:
    """LINKS: this server, which is all there is"""
    yield context.numeric(numerics.RPL_LINKS, "*", context.server, last=f"0 {context.config.network}")
    yield context.numeric(numerics.RPL_ENDOFLINKS, "*", last="End of LINKS list")


def read_help(context: Context, message: Message) -> Iterator[Request | bytes]:
    """HELP [<subject>]: which commands there are, or what one of them looks like"""
    subject = message.params[0].upper() if message.params else "*"
    if subject == "*":
        told = ["The commands of this server:", *packed(sorted(context.verbs)), "HELP <command> tells more of one."]
    elif subject in context.verbs:
        told = [context.verbs[subject]]
    else:
        yield context.numeric(
            numerics.ERR_HELPNOTFOUND, subject.replace(" ", "_")[:40], last="There is no help on this"
        )
        return
    start, *others = told
    yield context.numeric(numerics.RPL_HELPSTART, subject, last=start)
    for text in others:
        yield context.numeric(numerics.RPL_HELPTXT, subject, last=text)
    yield context.numeric(numerics.RPL_ENDOFHELP, subject, last="End of HELP")


TABLES = Tables(
    readers={
        "VERSION": read_version,
        "TIME": read_time,
        "ADMIN": read_admin,
        "INFO": read_info,
        "LINKS": read_links,
        "HELP": read_help,
    },
)
