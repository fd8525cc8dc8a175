"""AWAY and MONITOR: whether people are there."""

from collections.abc import Callable, Iterator, Mapping

from tcpchat.model import commands, events, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.accounts import write_logged_in
from tcpchat.wire.irc.capabilities import AWAY_NOTIFY, EXTENDED_MONITOR, INVITE_NOTIFY
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.moderation import write_invited
from tcpchat.wire.irc.people import write_host_changed, write_name_set
from tcpchat.wire.irc.topic import Context, Tables, Writer, listed, message_of, param
from tcpchat.wire.irc.writing import Form, line, packed, source, word


def read_away(context: Context, message: Message) -> Iterator[Request | bytes]:
    """AWAY [:<text>]"""
    yield Request(commands.Away(text=param(message, 0)), message)


def write_away(context: Context, request: Request, reply: replies.Done) -> bytes:
    """306, or 305 when one is back."""
    if param(message_of(request), 0):
        return context.numeric(numerics.RPL_NOWAWAY, last="You have been marked as being away")
    return context.numeric(numerics.RPL_UNAWAY, last="You are no longer marked as being away")


def write_went_away(event: events.WentAway, form: Form) -> bytes:
    """:<source> AWAY [:<text>]"""
    if AWAY_NOTIFY not in form.capabilities:
        return b""
    return line(form.head(event, event.by, "AWAY"), last=event.text or None)


def read_monitor(context: Context, message: Message) -> Iterator[Request | bytes]:
    """MONITOR + <nick>{,<nick>} | - <nick>{,<nick>} | C | L | S"""
    command = _MONITOR.get(message.params[0].upper())
    if command is None:
        yield context.numeric(numerics.ERR_UNKNOWNERROR, "MONITOR", last="MONITOR knows + - C L S")
    elif message.params[0] in "+-" and not listed(message, 1):
        yield context.numeric(numerics.ERR_NEEDMOREPARAMS, "MONITOR", last="Not enough parameters")
    else:
        yield Request(command(listed(message, 1)), message)


def write_watched(context: Context, request: Request, reply: replies.Watched) -> bytes:
    """730, 731, 734; or 732 and 733 for the list."""
    if param(message_of(request), 0).upper() == "L":
        everybody = [word(nick) for nick in [*(one.nick for one in reply.here), *reply.missing]]
        listed = [context.numeric(numerics.RPL_MONLIST, last=some) for some in packed(everybody, between=",")]
        return b"".join(listed) + context.numeric(numerics.RPL_ENDOFMONLIST, last="End of MONITOR list")
    here = [source(one.nick, one.origin) for one in reply.here]
    missing = [word(nick) for nick in reply.missing]
    answer = [context.numeric(numerics.RPL_MONONLINE, last=some) for some in packed(here, between=",")]
    answer += [context.numeric(numerics.RPL_MONOFFLINE, last=some) for some in packed(missing, between=",")]
    if reply.too_many:
        limit = str(context.config.limits.watched)
        too_many = next(packed([word(nick) for nick in reply.too_many], between=","))  # as many as a line has room for
        answer.append(context.numeric(numerics.ERR_MONLISTFULL, limit, too_many, last="Monitor list is full"))
    return b"".join(answer)


def write_noticed(event: events.Noticed, form: Form) -> bytes:
    """730 or 731."""
    if event.here:
        return line(f":{form.server}", numerics.RPL_MONONLINE, event.to, last=source(event.by, event.origin))
    return line(f":{form.server}", numerics.RPL_MONOFFLINE, event.to, last=event.by)


def write_aside(event: events.Aside, form: Form) -> bytes:
    """What it is about, for clients that asked to hear it."""
    capability, writer = _ASIDES[type(event.of)]
    return writer(event.of, form) if capability in form.capabilities else b""


_MONITOR: Mapping[str, Callable[[list[str]], commands.Command]] = {
    "+": lambda nicks: commands.Watch(nicks=nicks),
    "-": lambda nicks: commands.Unwatch(nicks=nicks),
    "C": lambda _: commands.Unwatch(everybody=True),
    "L": lambda _: commands.ListWatched(),
    "S": lambda _: commands.ListWatched(),
}

_ASIDES: Mapping[type[events.Event], tuple[str, Writer]] = {
    events.Invited: (INVITE_NOTIFY, write_invited),
    events.WentAway: (EXTENDED_MONITOR, write_went_away),
    events.LoggedIn: (EXTENDED_MONITOR, write_logged_in),
    events.NameSet: (EXTENDED_MONITOR, write_name_set),
    events.HostChanged: (EXTENDED_MONITOR, write_host_changed),
}

TABLES = Tables(
    readers={"AWAY": read_away, "MONITOR": read_monitor},
    writers={
        events.WentAway: write_went_away,
        events.Noticed: write_noticed,
        events.Aside: write_aside,
    },
    answers={
        ("AWAY", replies.Done): write_away,
        ("MONITOR", replies.Watched): write_watched,
    },
    refusals={("MONITOR", "watch_full"): numerics.ERR_MONLISTFULL},
    needs={"MONITOR": 1},
)
