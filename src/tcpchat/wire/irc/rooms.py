"""JOIN, PART, TOPIC, NAMES, LIST, and what MODE tells about a room."""

from collections.abc import Iterator

from tcpchat.model import commands, events, names, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.capabilities import SERVER_TIME
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables
from tcpchat.wire.irc.writing import Tags, line, packed, source


def read_join(context: Context, message: Message) -> Iterator[Request | bytes]:
    """JOIN <room>{,<room>} [<key>{,<key>}]

    Clients that can tell old lines from new ones (by server-time) are shown the last of them.
    """
    history = context.config.join_history if SERVER_TIME in context.capabilities else 0
    for room in message.params[0].split(","):
        context.said_before = 0
        yield Request(commands.Join(room=room), message)
        if history and context.said_before:
            yield Request(commands.History(room=room, before=context.said_before + 1, limit=history), message)


def write_joined(event: events.Joined, tags: Tags) -> bytes:
    """:<source> JOIN <room>"""
    return line(f"{tags.of(event)}:{source(event.by, event.origin)}", "JOIN", event.room)


def write_seated(context: Context, request: Request, reply: replies.Seated) -> bytes:
    """The topic, if there is one, and the names; no 331. Nothing if one was in the room already."""
    if reply.already:
        return b""
    context.said_before = reply.number
    topic = replies.Topic(room=reply.room, topic=reply.topic, by=reply.topic_by, time=reply.topic_time)
    return (_topic(context, topic) if topic.topic else b"") + _names(context, reply.room, reply.people)


def read_part(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PART <room>{,<room>} [:<reason>]"""
    for room in message.params[0].split(","):
        yield Request(commands.Part(room=room, reason=_second(message)), message)


def write_left(event: events.Left, tags: Tags) -> bytes:
    """:<source> PART <room> [:<reason>]"""
    return line(f"{tags.of(event)}:{source(event.by, event.origin)}", "PART", event.room, last=event.reason or None)


def read_topic(context: Context, message: Message) -> Iterator[Request | bytes]:
    """TOPIC <room> [:<topic>]"""
    room = message.params[0]
    if len(message.params) > 1:
        yield Request(commands.SetTopic(room=room, topic=message.params[1]), message)
    else:
        yield Request(commands.ShowTopic(room=room), message)


def write_topic_set(event: events.TopicSet, tags: Tags) -> bytes:
    """:<source> TOPIC <room> :<topic>"""
    return line(f"{tags.of(event)}:{source(event.by, event.origin)}", "TOPIC", event.room, last=event.topic)


def write_topic(context: Context, request: Request, reply: replies.Topic) -> bytes:
    """332 and 333, or 331."""
    if not reply.topic:
        return context.numeric(numerics.RPL_NOTOPIC, reply.room, last="No topic is set")
    return _topic(context, reply)


def read_names(context: Context, message: Message) -> Iterator[Request | bytes]:
    """NAMES <room>{,<room>}"""
    rooms = message.params[0].split(",") if message.params else []
    if not rooms:
        yield context.numeric(numerics.RPL_ENDOFNAMES, "*", last="End of /NAMES list")
    for room in rooms:
        yield Request(commands.ListPeople(room=room or "*"), message)


def write_names(context: Context, request: Request, reply: replies.People) -> bytes:
    """353 and 366."""
    return _names(context, reply.room, [person.nick for person in reply.people])


def read_list(context: Context, message: Message) -> Iterator[Request | bytes]:
    """LIST [<room>{,<room>}]"""
    wanted = [name for name in message.params[0].split(",") if names.is_room(name)] if message.params else []
    yield Request(commands.ListRooms(rooms=wanted), message)


def write_list(context: Context, request: Request, reply: replies.Rooms) -> bytes:
    """321, 322 for each room, 323."""
    listed = (context.numeric(numerics.RPL_LIST, room.room, str(room.people), last=room.topic) for room in reply.rooms)
    start = context.numeric(numerics.RPL_LISTSTART, "Channel", last="Users  Name")
    return b"".join([start, *listed, context.numeric(numerics.RPL_LISTEND, last="End of /LIST")])


def read_mode(context: Context, message: Message) -> Iterator[Request | bytes]:
    """MODE <target> [<modes>]: which hold, so far; none can be set."""
    target, asked = message.params[0], _second(message).lstrip("+")
    if names.is_room(target):
        yield Request(commands.ListRooms(rooms=[target]), message)
    elif names.fold(target) != names.fold(context.me):
        yield context.numeric(numerics.ERR_USERSDONTMATCH, last="Others' modes are theirs")
    elif not asked:
        yield context.numeric(numerics.RPL_UMODEIS, "+")


def write_mode(context: Context, request: Request, reply: replies.Rooms) -> bytes:
    """324, an empty ban list, or why not. Nobody speaks in a room who is not in it: +n."""
    message: Message = request.label  # type: ignore[assignment]
    room, asked = message.params[0], _second(message)
    if not reply.rooms:
        return context.numeric(numerics.ERR_NOSUCHCHANNEL, room, last="There is no such room")
    if not asked:
        return context.numeric(numerics.RPL_CHANNELMODEIS, reply.rooms[0].room, "+n")
    if asked.lstrip("+") == "b" and len(message.params) == 2:
        return context.numeric(numerics.RPL_ENDOFBANLIST, reply.rooms[0].room, last="End of channel ban list")
    return context.numeric(numerics.ERR_CHANOPRIVSNEEDED, reply.rooms[0].room, last="Nobody can change modes here yet")


def _topic(context: Context, topic: replies.Topic) -> bytes:
    return context.numeric(numerics.RPL_TOPIC, topic.room, last=topic.topic) + context.numeric(
        numerics.RPL_TOPICWHOTIME, topic.room, topic.by, str(topic.time // 1000)
    )


def _names(context: Context, room: str, people: list[str]) -> bytes:
    written = [context.numeric(numerics.RPL_NAMREPLY, "=", room, last=chunk) for chunk in packed(people)]
    return b"".join(written) + context.numeric(numerics.RPL_ENDOFNAMES, room, last="End of /NAMES list")


def _second(message: Message) -> str:
    return message.params[1] if len(message.params) > 1 else ""


TABLES = Tables(
    readers={
        "JOIN": read_join,
        "PART": read_part,
        "TOPIC": read_topic,
        "NAMES": read_names,
        "LIST": read_list,
        "MODE": read_mode,
    },
    writers={
        events.Joined: write_joined,
        events.Left: write_left,
        events.TopicSet: write_topic_set,
    },
    answers={
        ("JOIN", replies.Seated): write_seated,
        ("TOPIC", replies.Topic): write_topic,
        ("NAMES", replies.People): write_names,
        ("LIST", replies.Rooms): write_list,
        ("MODE", replies.Rooms): write_mode,
    },
    refusals={
        ("*", "bad_room"): numerics.ERR_NOSUCHCHANNEL,
        ("*", "no_such_room"): numerics.ERR_NOSUCHCHANNEL,
        ("*", "not_in_room"): numerics.ERR_NOTONCHANNEL,
        ("*", "too_many_rooms"): numerics.ERR_TOOMANYCHANNELS,
        ("PRIVMSG", "not_in_room"): numerics.ERR_CANNOTSENDTOCHAN,
        ("NOTICE", "not_in_room"): numerics.ERR_CANNOTSENDTOCHAN,
    },
    needs={"JOIN": 1, "PART": 1, "TOPIC": 1, "MODE": 1},
)
