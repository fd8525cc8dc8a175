"""JOIN, PART, TOPIC, NAMES, LIST, RENAME."""

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from msgspec.structs import replace

from tcpchat.model import commands, events, names, replies
from tcpchat.model.words import recorded
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.capabilities import (
    AWAY_NOTIFY,
    CHANNEL_RENAME,
    CHATHISTORY,
    EXTENDED_JOIN,
    MULTI_PREFIX,
    NO_IMPLICIT_NAMES,
    READ_MARKER,
    SERVER_TIME,
    USERHOST_IN_NAMES,
)
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables, asked, keep_answer, listed, param
from tcpchat.wire.irc.writing import WORDS_BYTES_A_LINE, Form, line, packed, room_in_line, source, unbroken, word


def read_join(context: Context, message: Message) -> Iterator[Request | bytes]:
    """JOIN <room>{,<room>} [<key>{,<key>}] | JOIN 0"""
    if message.params[0] == "0":
        yield from _leave_all(context, message)
        return
    for room, key in zip_longest(listed(message, 0), message.params[1].split(",") if len(message.params) > 1 else ()):
        if room:
            yield from _join(context, message, room, key or "")


def _join(context: Context, message: Message, room: str, key: str) -> Iterator[Request | bytes]:
    """JOIN, the topic, MARKREAD, the names; then the last lines, for clients that do not ask for them themselves."""
    seated = yield from asked(context, commands.Join(room=room, key=key), message)
    if not isinstance(seated, replies.Seated) or seated.already:
        return
    if READ_MARKER in context.capabilities:
        yield Request(commands.ShowMarker(target=seated.room), message)
    if not NO_IMPLICIT_NAMES & context.capabilities:
        yield Request(commands.ShowNames(room=seated.room), message)
    if seated.recorded:
        yield line(f":{context.server}", "NOTICE", seated.room, last=recorded(seated.room))
    if {SERVER_TIME, CHATHISTORY} & context.capabilities == {SERVER_TIME} and (past := _unasked(context, seated)):
        yield Request(past, message)


def _unasked(context: Context, seated: replies.Seated) -> commands.History | None:
    """What is shown to those who do not ask: what was said since they left, or the last lines."""
    config = context.config
    if not config.join_history or seated.number <= seated.left:
        return None
    where: dict[str, Any] = {"room": seated.room, "before": seated.number + 1, "said": True}
    if seated.left_time:
        return commands.History(after=seated.left, latest=True, limit=config.limits.history_page, **where)
    return commands.History(limit=config.join_history, **where)


def _leave_all(context: Context, message: Message) -> Iterator[Request | bytes]:
    me = yield from asked(context, commands.Whois(nick=context.me), Message("JOIN0"))
    if isinstance(me, replies.WhoisReply):
        for room in me.rooms:
            yield Request(commands.Part(room=room), message)


def write_joined(event: events.Joined, form: Form) -> bytes:
    """:<source> JOIN <room> [<account> :<real name>]; and AWAY, if they are."""
    head = form.head(event, event.by, "JOIN")
    if EXTENDED_JOIN in form.capabilities:
        joined = line(head, event.room, event.account or "*", last=event.name or event.by)
    else:
        joined = line(head, event.room)
    if event.away and AWAY_NOTIFY in form.capabilities:
        return joined + line(form.head(event, event.by, "AWAY"), last=event.away)
    return joined


def write_seated(context: Context, request: Request, reply: replies.Seated) -> bytes:
    """The topic, if there is one; no 331. Nothing if one was in the room already."""
    context.answer = reply
    if reply.already or not reply.topic:
        return b""
    return _topic(context, replies.Topic(room=reply.room, topic=reply.topic, by=reply.topic_by, time=reply.topic_time))


def read_part(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PART <room>{,<room>} [:<reason>]"""
    for room in listed(message):
        yield Request(commands.Part(room=room, reason=param(message, 1)), message)


def write_left(event: events.Left, form: Form) -> bytes:
    """:<source> PART <room> [:<reason>]"""
    return line(form.head(event, event.by, "PART"), event.room, last=event.reason or None)


def read_topic(context: Context, message: Message) -> Iterator[Request | bytes]:
    """TOPIC <room> [:<topic>]"""
    room = message.params[0]
    if len(message.params) > 1:
        yield Request(commands.SetTopic(room=room, topic=message.params[1]), message)
    else:
        yield Request(commands.ShowTopic(room=room), message)


def write_topic_set(event: events.TopicSet, form: Form) -> bytes:
    """:<source> TOPIC <room> :<topic>"""
    return line(form.head(event, event.by, "TOPIC"), event.room, last=event.topic)


def write_topic(context: Context, request: Request, reply: replies.Topic) -> bytes:
    """332 and 333, or 331."""
    if not reply.topic:
        return context.numeric(numerics.RPL_NOTOPIC, reply.room, last="No topic is set")
    return _topic(context, reply)


def _topic(context: Context, topic: replies.Topic) -> bytes:
    return context.numeric(numerics.RPL_TOPIC, topic.room, last=topic.topic) + context.numeric(
        numerics.RPL_TOPICWHOTIME, topic.room, topic.by, str(topic.time // 1000)
    )


def read_names(context: Context, message: Message) -> Iterator[Request | bytes]:
    """NAMES <room>{,<room>}"""
    rooms = listed(message)
    if not rooms:
        yield context.numeric(numerics.RPL_ENDOFNAMES, "*", last="End of /NAMES list")
    for room in rooms:
        yield Request(commands.ShowNames(room=room), message)


def write_names(context: Context, request: Request, reply: replies.Names) -> bytes:
    """353 and 366."""
    own = _names(context.form, context.me, replace(reply, names=(reply.own,))) if reply.own else b""
    end = context.numeric(numerics.RPL_ENDOFNAMES, word(reply.room), last="End of /NAMES list")
    return _names(context.form, context.me, reply) + own + end


def _names(form: Form, me: str, reply: replies.Names) -> bytes:
    """353, as often as it takes; nothing for nobody."""
    head = f":{form.server} {numerics.RPL_NAMREPLY} {me} {'@' if reply.secret else '='} {reply.room} :"
    multi_prefix, userhost = MULTI_PREFIX in form.capabilities, USERHOST_IN_NAMES in form.capabilities
    lines = _packed(reply.names, multi_prefix, userhost, min(WORDS_BYTES_A_LINE, room_in_line(head)))
    start = unbroken(head)
    return start + (b"\r\n" + start).join(lines) + b"\r\n" if lines else b""


@lru_cache(maxsize=8)
def _packed(names: tuple[str, ...], multi_prefix: bool, userhost: bool, most: int) -> list[bytes]:
    """The names, as some clients want them, packed into lines: once for all of them."""
    shown = names if multi_prefix else [name.replace("@+", "@", 1) for name in names]
    wanted = shown if userhost else [name.partition("!")[0] for name in shown]
    return [unbroken(some) for some in packed(wanted, most)]


# LIST


def read_list(context: Context, message: Message) -> Iterator[Request | bytes]:
    """LIST [<room>{,<room>} | <condition>{,<condition>}]: >n <n C>n C<n T>n T<n mask !mask"""
    asked = [part for parameter in message.params for part in parameter.split(",") if part]
    rooms = [part for part in asked if names.is_room(part) and not set(part) & set("*?")]
    where: dict[str, Any] = {}
    for condition in asked:
        if condition not in rooms:
            where |= _condition(condition)
    yield Request(commands.ListRooms(rooms=rooms, where=commands.RoomFilter(**where)), message)


def _condition(written: str) -> dict[str, Any]:
    """ELIST (modern.ircdocs.horse, "ELIST Parameter"); minutes are counted back from now."""
    for sign, (field, number_of) in _CONDITIONS.items():
        rest = written.removeprefix(sign)
        if rest != written and rest.isascii() and rest.isdigit():
            return {field: number_of(int(rest[:9]))}
    return {"not_mask": written[1:]} if written.startswith("!") else {"mask": written}


def _ago(minutes: int) -> int:
    return int(time.time() * 1_000) - minutes * 60_000


_CONDITIONS: dict[str, tuple[str, Callable[[int], int]]] = {
    ">": ("more_people", int),
    "<": ("fewer_people", int),
    "C<": ("created_after", _ago),
    "C>": ("created_before", _ago),
    "T<": ("topic_after", _ago),
    "T>": ("topic_before", _ago),
}


def write_list(context: Context, request: Request, reply: replies.Rooms) -> bytes:
    """321, 322 for each room that somebody is in, 323."""
    numeric = context.numeric
    listed = (
        numeric(numerics.RPL_LIST, room.room, str(room.people), last=room.topic) for room in reply.rooms if room.people
    )
    start = numeric(numerics.RPL_LISTSTART, "Channel", last="Users  Name")
    return b"".join([start, *listed, numeric(numerics.RPL_LISTEND, last="End of /LIST")])


# RENAME


def read_rename(context: Context, message: Message) -> Iterator[Request | bytes]:
    """RENAME <room> <new name> [:<reason>]"""
    room, to = message.params[:2]
    yield Request(commands.RenameRoom(room=room, to=to, reason=param(message, 2)), message)


def write_moved(event: events.Moved, form: Form) -> bytes:
    """RENAME; or for clients that know no such thing, as if they had left the one room and come into the other."""
    if CHANNEL_RENAME in form.capabilities:
        return line(form.head(event, event.by, "RENAME"), event.was, event.room, last=event.reason)
    if names.fold(event.was) == names.fold(event.room):
        return b""
    me, server = f":{source(event.to, event.to_origin)}", f":{form.server}"
    lines = [line(me, "PART", event.was, last=event.reason or None)]
    if EXTENDED_JOIN in form.capabilities:
        lines.append(line(me, "JOIN", event.room, event.to_account or "*", last=event.to_name))
    else:
        lines.append(line(me, "JOIN", event.room))
    if event.topic:
        lines.append(line(server, numerics.RPL_TOPIC, event.to, event.room, last=event.topic))
        who = (event.topic_by, str(event.topic_time // 1_000))
        lines.append(line(server, numerics.RPL_TOPICWHOTIME, event.to, event.room, *who))
    if not NO_IMPLICIT_NAMES & form.capabilities:
        lines.append(_names(form, event.to, replies.Names(room=event.room, names=event.people, secret=event.secret)))
        lines.append(line(server, numerics.RPL_ENDOFNAMES, event.to, event.room, last="End of /NAMES list"))
    return b"".join(lines)


TABLES = Tables(
    readers={
        "JOIN": read_join,
        "PART": read_part,
        "TOPIC": read_topic,
        "NAMES": read_names,
        "LIST": read_list,
        "RENAME": read_rename,
    },
    writers={
        events.Joined: write_joined,
        events.Announced: write_joined,
        events.Left: write_left,
        events.TopicSet: write_topic_set,
        events.Moved: write_moved,
    },
    answers={
        ("JOIN", replies.Seated): write_seated,
        ("JOIN", replies.Names): write_names,
        ("JOIN0", replies.WhoisReply): keep_answer,
        ("TOPIC", replies.Topic): write_topic,
        ("NAMES", replies.Names): write_names,
        ("LIST", replies.Rooms): write_list,
    },
    refusals={
        ("*", "bad_room"): numerics.ERR_NOSUCHCHANNEL,
        ("*", "no_such_room"): numerics.ERR_NOSUCHCHANNEL,
        ("*", "not_in_room"): numerics.ERR_NOTONCHANNEL,
        ("*", "not_operator"): numerics.ERR_CHANOPRIVSNEEDED,
        ("*", "too_many_rooms"): numerics.ERR_TOOMANYCHANNELS,
        ("JOIN", "wrong_key"): numerics.ERR_BADCHANNELKEY,
        ("JOIN", "banned"): numerics.ERR_BANNEDFROMCHAN,
        ("JOIN", "invite_only"): numerics.ERR_INVITEONLYCHAN,
        ("JOIN", "room_full"): numerics.ERR_CHANNELISFULL,
        ("RENAME", "room_taken"): "CHANNEL_NAME_IN_USE",
        ("RENAME", "cannot_rename"): "CANNOT_RENAME",
    },
    needs={"JOIN": 1, "PART": 1, "TOPIC": 1, "RENAME": 2},
)
