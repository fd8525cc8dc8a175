"""MOTD, LUSERS, VERSION, TIME, ADMIN, INFO, LINKS, STATS, HELP: about the server itself."""

from collections.abc import Generator, Iterator
from datetime import UTC, datetime

from tcpchat.model import commands, names, replies
from tcpchat.model.text import cut
from tcpchat.version import VERSION
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import isupport, numerics
from tcpchat.wire.irc.capabilities import STANDARD_REPLIES
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Reader, Tables, asked, keep_answer, param
from tcpchat.wire.irc.writing import WORDS_BYTES_A_LINE, line, packed, word

ABOUT = (
    f"tcpchat {VERSION}: a chat server that everything can talk to, and that loses nothing.",
    "What is said here is in the log on disk before anybody is shown it.",
)


def read_motd(context: Context, message: Message) -> Iterator[Request | bytes]:
    """MOTD [<server>]"""
    yield motd(context)


def motd(context: Context) -> bytes:
    """375, 372 for each line, 376."""
    text = context.config.motd or f"Everybody meets in {names.LOBBY}: /join {names.LOBBY}"
    return b"".join(
        [
            context.numeric(numerics.RPL_MOTDSTART, last=f"- {context.server} Message of the day -"),
            *(
                context.numeric(numerics.RPL_MOTD, last=f"- {piece}")
                for one in text.splitlines()
                for piece in cut(one, WORDS_BYTES_A_LINE)
            ),
            context.numeric(numerics.RPL_ENDOFMOTD, last="End of /MOTD command"),
        ]
    )


def read_lusers(context: Context, message: Message) -> Iterator[Request | bytes]:
    """LUSERS"""
    yield Request(commands.ShowServer(), message)


def write_server(context: Context, request: Request, reply: replies.ServerReply) -> bytes:
    """As to newcomers."""
    return lusers(context, reply)


def lusers(context: Context, reply: replies.ServerReply) -> bytes:
    """251 to 255, 265, 266."""
    visible, people, most = reply.people - reply.invisible, str(reply.people), str(reply.most_people)
    everybody = f"There are {visible} users and {reply.invisible} invisible on 1 servers"
    return b"".join(
        [
            context.numeric(numerics.RPL_LUSERCLIENT, last=everybody),
            context.numeric(numerics.RPL_LUSEROP, str(reply.operators), last="operator(s) online"),
            context.numeric(numerics.RPL_LUSERUNKNOWN, str(reply.unknown), last="unregistered connection(s)"),
            context.numeric(numerics.RPL_LUSERCHANNELS, str(reply.rooms), last="channels formed"),
            context.numeric(numerics.RPL_LUSERME, last=f"I have {people} clients and 0 servers"),
            context.numeric(numerics.RPL_LOCALUSERS, people, most, last=f"Current local users {people}, max {most}"),
            context.numeric(numerics.RPL_GLOBALUSERS, people, most, last=f"Current global users {people}, max {most}"),
        ]
    )


def read_stats(context: Context, message: Message) -> Iterator[Request | bytes]:
    """STATS [<query>]: u is for how long the server runs; k, for operators, who is kept from it"""
    if param(message, 0)[:1] == "u":
        yield Request(commands.ShowServer(), message)
    elif param(message, 0)[:1] in {"k", "K"}:
        yield Request(commands.ListBans(), message)
        return
    yield context.numeric(numerics.RPL_ENDOFSTATS, word(param(message, 0))[:1], last="End of /STATS report")


def write_uptime(context: Context, request: Request, reply: replies.ServerReply) -> bytes:
    """242."""
    minutes, seconds = divmod(int(datetime.now(UTC).timestamp()) - reply.since // 1_000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"Server Up {days} days {hours}:{minutes:02}:{seconds:02}"
    return context.numeric(numerics.RPL_STATSUPTIME, last=text)


def read_version(context: Context, message: Message) -> Iterator[Request | bytes]:
    """VERSION [<server>]: 351, and what 005 says"""
    yield context.numeric(numerics.RPL_VERSION, f"tcpchat-{VERSION}", context.server, last="of one process")
    yield from isupport.written(context)


def read_time(context: Context, message: Message) -> Iterator[Request | bytes]:
    """TIME [<server>]: 391, in UTC"""
    now = datetime.now(UTC)
    yield context.numeric(
        numerics.RPL_TIME, context.server, str(int(now.timestamp())), "0", last=f"{now:%A, %d %B %Y, %H:%M:%S} UTC"
    )


def read_admin(context: Context, message: Message) -> Iterator[Request | bytes]:
    """ADMIN [<server>]: 256 to 259"""
    admin = context.config.admin or "Who runs it has left no address here"
    yield context.numeric(numerics.RPL_ADMINME, context.server, last="Administrative info")
    yield context.numeric(numerics.RPL_ADMINLOC1, last=f"The network is called {context.config.network}")
    yield context.numeric(numerics.RPL_ADMINLOC2, last=f"It is one server, running tcpchat {VERSION}")
    yield context.numeric(numerics.RPL_ADMINEMAIL, last=admin)


def read_info(context: Context, message: Message) -> Iterator[Request | bytes]:
    """INFO [<server>]: 371 and 374"""
    for text in ABOUT:
        yield context.numeric(numerics.RPL_INFO, last=text)
    yield context.numeric(numerics.RPL_ENDOFINFO, last="End of INFO list")


def read_links(context: Context, message: Message) -> Iterator[Request | bytes]:
    """LINKS: this server, which is all there is"""
    yield context.numeric(numerics.RPL_LINKS, context.server, context.server, last=f"0 {context.config.network}")
    yield context.numeric(numerics.RPL_ENDOFLINKS, "*", last="End of LINKS list")


def read_help(context: Context, message: Message) -> Iterator[Request | bytes]:
    """HELP [<subject>]: which commands there are, or what one of them looks like"""
    asked = param(message, 0)
    subject = "*" if " " in asked or not asked else word(asked).upper()[:40]
    if not asked:
        told = ["The commands of this server:", *packed(sorted(context.verbs)), "HELP <command> tells more of one."]
    elif subject in context.verbs:
        told = [f"How to use {subject}:", context.verbs[subject]]
    else:
        yield context.numeric(numerics.ERR_HELPNOTFOUND, subject, last="There is no help on this")
        return
    start, *others = told
    yield context.numeric(numerics.RPL_HELPSTART, subject, last=start)
    for text in others:
        yield context.numeric(numerics.RPL_HELPTXT, subject, last=text)
    yield context.numeric(numerics.RPL_ENDOFHELP, subject, last="End of HELP")


def _for_this_server(read: Reader) -> Reader:
    """A question that may name a server: this one, by its name or a mask of it, or somebody who is on it."""

    def asked(context: Context, message: Message) -> Iterator[Request | bytes]:
        server = param(message, 0)
        if not server or (yield from is_here(context, server)):
            yield from read(context, message)

    asked.__doc__ = read.__doc__
    return asked


def is_here(context: Context, server: str) -> Generator[Request | bytes, None, bool]:
    """Whether this server is meant: by its name or a mask of it, or by somebody who is on it. If not, 402 says so."""
    if _is_meant(context, server):
        return True
    found = yield from asked(context, commands.ListPeople(nicks=[server]), Message("SERVER"))
    if isinstance(found, replies.People) and found.people:
        return True
    yield context.numeric(numerics.ERR_NOSUCHSERVER, word(server), last="There is no such server")
    return False


def _is_meant(context: Context, server: str) -> bool:
    """A mask of one star or two is enough to name the only server there is."""
    start, *others = server.lower().split("*")
    name = context.server.lower()
    if not others:
        return name == start
    return name.startswith(start) and name.endswith(others[-1]) and all(part in name for part in others)


def write_too_fast(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """FAIL; a notice for clients that do not know it."""
    if STANDARD_REPLIES in context.capabilities:
        about = [word(param) for param in message.params[:1]]
        return context.standard("FAIL", message.command, "RATE_LIMITED", *about, last=refusal.text)
    return line(f":{context.server}", "NOTICE", context.me or "*", last=f"{message.command}: {refusal.text}")


TABLES = Tables(
    readers={
        "MOTD": _for_this_server(read_motd),
        "LUSERS": read_lusers,
        "STATS": read_stats,
        "VERSION": _for_this_server(read_version),
        "TIME": _for_this_server(read_time),
        "ADMIN": _for_this_server(read_admin),
        "INFO": _for_this_server(read_info),
        "LINKS": read_links,
        "HELP": read_help,
        "HELPOP": read_help,
    },
    answers={
        ("LUSERS", replies.ServerReply): write_server,
        ("STATS", replies.ServerReply): write_uptime,
        ("SERVER", replies.People): keep_answer,
    },
)
