"""CHATHISTORY, MARKREAD, and the last lines that are shown on joining."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tcpchat.model import commands, events, names, replies
from tcpchat.model.commands import Point
from tcpchat.model.words import skipped
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc.capabilities import BATCH, EVENT_PLAYBACK, READ_MARKER, STANDARD_REPLIES
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.moderation import write_kicked
from tcpchat.wire.irc.modes import write_modes_set
from tcpchat.wire.irc.rooms import write_topic_set
from tcpchat.wire.irc.speech import speech
from tcpchat.wire.irc.talk import write_redacted, write_said, write_tagged
from tcpchat.wire.irc.topic import Context, Tables, Writer, message_of, param
from tcpchat.wire.irc.writing import Form, clock, line, read_clock, word

NEWEST = "*"
_TIMES = "A time is written timestamp=2026-01-31T12:00:00.000Z"


class _Bad(Exception):
    """A parameter that is not what it should be; the FAIL code, what should be, and which one it is."""

    def __init__(self, code: str, text: str, *about: str) -> None:
        super().__init__(text)
        self.code = code
        self.about = about


def read_chathistory(context: Context, message: Message) -> Iterator[Request | bytes]:
    """CHATHISTORY LATEST|BEFORE|AFTER|AROUND <target> <place> <limit>; BETWEEN has two places, TARGETS has no target"""
    subcommand, *params = message.params
    subcommand = subcommand.upper()
    try:
        yield Request(_wish(context, subcommand, tuple(params)), message)
    except _Bad as bad:
        target = params[:1] if bad.code == "INVALID_MSGREFTYPE" and subcommand != "TARGETS" else []
        about = (subcommand, *target, *bad.about)
        yield context.standard("FAIL", "CHATHISTORY", bad.code, *about, last=str(bad))


def _wish(context: Context, subcommand: str, params: tuple[str, ...]) -> commands.Command:
    count, read = _SUBCOMMANDS.get(subcommand, (0, None))
    if read is None:
        raise _Bad("INVALID_PARAMS", f"There are {', '.join(_SUBCOMMANDS)}")
    if len(params) != count:
        raise _Bad("INVALID_PARAMS", f"{subcommand} has {count} parameters")
    return read(context, params)


def _history(context: Context, target: str, limit: str, **where: Any) -> commands.Command:
    said = EVENT_PLAYBACK not in context.capabilities
    return commands.History(room=target, limit=_limit(context, limit), said=said, **where)


def _latest(context: Context, params: tuple[str, ...]) -> commands.Command:
    target, place, limit = params
    after = None if place == NEWEST else _place(place)
    return _history(context, target, limit, after=after, latest=True)


def _before(context: Context, params: tuple[str, ...]) -> commands.Command:
    target, place, limit = params
    return _history(context, target, limit, before=_place(place))


def _after(context: Context, params: tuple[str, ...]) -> commands.Command:
    target, place, limit = params
    return _history(context, target, limit, after=_place(place))


def _around(context: Context, params: tuple[str, ...]) -> commands.Command:
    target, place, limit = params
    return _history(context, target, limit, around=_place(place))


def _between(context: Context, params: tuple[str, ...]) -> commands.Command:
    target, start, end, limit = params
    return _history(context, target, limit, after=_place(start), before=_place(end))


def _targets(context: Context, params: tuple[str, ...]) -> commands.Command:
    start, end, limit = params
    places = [_place(start), _place(end)]
    if any(place.id for place in places):
        raise _Bad("INVALID_MSGREFTYPE", "TARGETS takes times only", "msgid")
    return commands.ListTalks(after=places[0].time, before=places[1].time, limit=_limit(context, limit))


def _place(written: str) -> Point:
    kind, _, value = written.partition("=")
    if kind == "msgid" and value:
        return Point(id=value)
    if kind == "timestamp":
        return Point(time=_time(value, written))
    code = "INVALID_PARAMS" if written == NEWEST else "INVALID_MSGREFTYPE"
    raise _Bad(code, "A place is written msgid=ID or timestamp=TIME", written)


def _time(value: str, written: str) -> int:
    try:
        return read_clock(value)
    except ValueError:
        raise _Bad("INVALID_PARAMS", _TIMES, written) from None


def _limit(context: Context, written: str) -> int:
    if not (written.isascii() and written.isdigit() and int(written[:9] or "0")):
        raise _Bad("INVALID_PARAMS", "The last parameter says how many", written)
    return min(int(written[:9]), context.config.limits.history_page)


def write_no_history(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """FAIL: the same for a room that one is not in and for one that does not exist."""
    code = "MESSAGE_ERROR" if refusal.code in {"no_such_message", "not_stored"} else "INVALID_TARGET"
    about = [message.params[0].upper(), param(message, 1)]
    return context.standard("FAIL", "CHATHISTORY", code, *about, last=refusal.text)


def write_history(context: Context, request: Request, reply: replies.Page) -> bytes:
    """A chathistory batch, with the target as it was asked for; only the lines, where there are no batches."""
    return batch(context, ("chathistory", word(param(message_of(request), 1))), reply.events)


def write_playback(context: Context, request: Request, reply: replies.Page) -> bytes:
    """What is shown on joining: a chathistory batch, or between two marks."""
    said = [event for event in reply.events if isinstance(event, events.Said) and not event.redacted]
    if not said:
        return b""
    left_out = _left_out(context, request, reply, len(said))
    if BATCH in context.capabilities:
        return left_out + batch(context, ("chathistory", reply.room), said)
    missed = getattr(request.command, "after", None) is not None
    start = _notice(context, reply.room, "Said since you left:" if missed else "Said here before:")
    end = _notice(context, reply.room, "Now:")
    return b"".join([left_out, start, *(write_said(event, context.form) for event in said), end])


def _left_out(context: Context, request: Request, reply: replies.Page, shown: int) -> bytes:
    """That more was said since one had left than is shown."""
    wish = request.command
    if not (reply.more and isinstance(wish, commands.History) and isinstance(wish.after, int)):
        return b""
    assert isinstance(wish.before, int)
    missed = wish.before - wish.after - 1
    return _notice(context, reply.room, f"Since you left there were {missed:,} messages; the latest {shown} follow.")


def _notice(context: Context, room: str, text: str) -> bytes:
    return line(f":{context.server}", "NOTICE", room, last=text)


def batch(context: Context, kind: tuple[str, ...], page: Sequence[events.LOGGED]) -> bytes:
    """Entries of logs in a batch of some kind; only the lines, where there are no batches."""
    if BATCH not in context.capabilities:
        return b"".join(_write(event, context.form) for event in page)
    reference, server = context.next_batch(), f":{context.server}"
    form = context.form.within(reference)
    written = [_write(event, form) for event in page]
    return b"".join([line(server, "BATCH", f"+{reference}", *kind), *written, line(server, "BATCH", f"-{reference}")])


def _write(event: events.LOGGED, form: Form) -> bytes:
    writer = _PLAYED.get(type(event))
    return writer(event, form) if writer else b""


def _told(event: events.Told, form: Form) -> bytes:
    """Once, whoever said it."""
    return speech(event, event.to, form)


def write_skipped(event: events.Skipped, form: Form) -> bytes:
    """NOTE * SKIPPED <target> <number of messages> :<text>; for clients that do not know notes, a NOTICE."""
    text = f"{skipped(event)} CHATHISTORY has them."
    if STANDARD_REPLIES in form.capabilities:
        count = str(event.last - event.first + 1)
        return line(f":{form.server}", "NOTE", "*", "SKIPPED", word(event.target), count, last=text)
    return line(f":{form.server}", "NOTICE", event.target if names.is_room(event.target) else "*", last=text)


def write_talks(context: Context, request: Request, reply: replies.Talks) -> bytes:
    """A batch with a line for each target."""
    reference, server = context.next_batch(), f":{context.server}"
    batch = BATCH in context.capabilities
    head = f"@batch={reference} {server}" if batch else server
    lines = [line(head, "CHATHISTORY", "TARGETS", talk.target, clock(talk.time)) for talk in reply.talks]
    if not batch:
        return b"".join(lines)
    opening = line(server, "BATCH", f"+{reference}", "draft/chathistory-targets")
    return b"".join([opening, *lines, line(server, "BATCH", f"-{reference}")])


# MARKREAD


def read_markread(context: Context, message: Message) -> Iterator[Request | bytes]:
    """MARKREAD <target> [timestamp=<time>]"""
    target = param(message, 0)
    if not target:
        yield context.standard("FAIL", "MARKREAD", "NEED_MORE_PARAMS", last="Not enough parameters")
    elif len(message.params) == 1:
        yield Request(commands.ShowMarker(target=target), message)
    else:
        kind, _, value = message.params[1].partition("=")
        try:
            if kind != "timestamp" or not _is_target(target):
                raise _Bad("INVALID_PARAMS", _TIMES, target)
            yield Request(commands.SetMarker(target=target, time=_time(value, target)), message)
        except _Bad as bad:
            yield context.standard("FAIL", "MARKREAD", "INVALID_PARAMS", target, last=str(bad))


def _is_target(name: str) -> bool:
    try:
        names.room(name) if names.is_room(name) else names.nick(name)
    except replies.Refused:
        return False
    return True


def write_marker(context: Context, request: Request, reply: replies.Marker) -> bytes:
    """:<server> MARKREAD <target> <timestamp=time, or *>"""
    return _marker(context.server, reply.target, reply.time)


def write_marker_set(event: events.MarkerSet, form: Form) -> bytes:
    """The same, told to the other connections of the account."""
    return _marker(form.server, event.target, event.until) if READ_MARKER in form.capabilities else b""


def _marker(server: str, target: str, time: int) -> bytes:
    return line(f":{server}", "MARKREAD", word(target), f"timestamp={clock(time)}" if time else "*")


_SUBCOMMANDS: Mapping[str, tuple[int, Callable[[Context, tuple[str, ...]], commands.Command]]] = {
    "LATEST": (3, _latest),
    "BEFORE": (3, _before),
    "AFTER": (3, _after),
    "AROUND": (3, _around),
    "BETWEEN": (4, _between),
    "TARGETS": (3, _targets),
}
"""How many parameters each has, and how they are read."""

_PLAYED: Mapping[type[events.Event], Writer] = {
    events.Said: write_said,
    events.Told: _told,
    events.Tagged: write_tagged,
    events.TopicSet: write_topic_set,
    events.ModesSet: write_modes_set,
    events.Kicked: write_kicked,
    events.Redacted: write_redacted,
}
"""How the entries of a log are written. That a room was renamed is not played back: the new name is all there is."""

TABLES = Tables(
    readers={"CHATHISTORY": read_chathistory, "MARKREAD": read_markread},
    writers={events.MarkerSet: write_marker_set, events.Skipped: write_skipped},
    answers={
        ("CHATHISTORY", replies.Page): write_history,
        ("CHATHISTORY", replies.Talks): write_talks,
        ("JOIN", replies.Page): write_playback,
        ("JOIN", replies.Marker): write_marker,
        ("MARKREAD", replies.Marker): write_marker,
    },
    refusals={("MARKREAD", "not_stored"): "INTERNAL_ERROR", ("MARKREAD", "bad_marker"): "INVALID_PARAMS"},
    refused={"CHATHISTORY": write_no_history},
    needs={"CHATHISTORY": 1},
)
