"""How what happened becomes lines for a person, none of which can control a terminal."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tcpchat.client.client import LinkBack, LinkLost
from tcpchat.model import names, replies
from tcpchat.model.events import Event, Gone, Joined, Left, Renamed, Said, Told, TopicSet
from tcpchat.model.text import CTCP, showable
from tcpchat.model.words import because, been_away, clock, searched, sentence

NAMES_SHOWN = 12


def event_lines(event: Event, me: str, *, place: str = "") -> list[str]:
    """An event as its reader `me` sees it; `place` names the room, where it must be named. Empty: not worth a line."""
    writer = _EVENTS.get(type(event))
    if writer is not None:
        return writer(event, me, f"{place} " if place else "")
    told = sentence(event)
    return notice(told) if told else []


def reply_lines(reply: replies.Reply) -> list[str]:
    """The answer to a question."""
    writer = _REPLIES.get(type(reply))
    return writer(reply) if writer else []


def notice(*texts: str) -> list[str]:
    """What the chat says, as opposed to people."""
    return [_line(f"-- {text}") for text in texts]


def marked(mark: str, typed: str) -> list[str]:
    """A line that was typed, with a mark before it that says what became of it."""
    first, *others = showable(typed).split("\n")
    return [f"{mark} {first}", *(f"{' ' * len(mark)} {other}" for other in others)]


def past(room: str, events: Sequence[Event], me: str, *, place: str, seated: replies.Seated | None = None) -> list[str]:
    """The latest entries of a room's log, set apart from what is said now; and from those that were missed, for who is
    `seated` there again. `place` names the room, where it must be named.
    """
    if not events:
        return []
    left = seated.left if seated is not None and seated.left_time else events[-1].number
    known = [line for event in events if event.number <= left for line in event_lines(event, me, place=place)]
    missed = [line for event in events if event.number > left for line in event_lines(event, me, place=place)]
    lines = [*notice(f"Said in {room} before:"), *known] if known else []
    if seated is not None and seated.left_time:
        lines += notice(been_away(seated, len(missed), more=events[0].number > left + 1))
    return [*lines, *missed, *notice("Now:")] if lines else []


def same(one: str, other: str) -> bool:
    """Whether two names are the same nick or room."""
    return names.fold(one) == names.fold(other)


def company(room: str, people: Iterable[str], quiet: int, me: str) -> str:
    """``#lobby, 3 people: bob, carol, you.``; of those who are `quiet` only the number is known."""
    others = sorted((one for one in people if not same(one, me)), key=names.fold)
    count = len(others) + quiet
    if not count:
        return f"{room}: nobody else is here yet."
    shown = [*others[:NAMES_SHOWN], "you"] if len(others) <= NAMES_SHOWN else others[:NAMES_SHOWN]
    hidden = count - min(len(others), NAMES_SHOWN)
    return f"{room}, {count + 1} people: {', '.join(shown)}{f' and {hidden} more' if hidden else ''}."


# events


def _said(event: Said, me: str, place: str) -> list[str]:
    return _speech(event, place)


def _told(event: Told, me: str, place: str) -> list[str]:
    return _speech(event, "(to you) " if same(event.to, me) else f"(to {event.to}) ")


def _found(reply: replies.Found) -> list[str]:
    """The oldest first, each with its room, or whom it was for."""
    lines = [line for event in reversed(reply.events) if isinstance(event, Said | Told) for line in _with_place(event)]
    return [*(notice("Found:") if lines else []), *lines, *notice(searched(reply))]


def _with_place(event: Said | Told) -> list[str]:
    return _speech(event, f"{event.room} " if isinstance(event, Said) else f"(to {event.to}) ")


def _speech(event: Said | Told, place: str) -> list[str]:
    """Further lines are indented, so that nobody can make one look as if another had said it."""
    if event.redacted or event.text.startswith(CTCP):  # a client's question to another client
        return []
    head = _line(f"{clock(event.time)} {place}{_SPEAKERS[event.kind].format(event.by)}")
    first, *others = showable(event.text).split("\n")
    return [f"{head} {first}", *(f"{' ' * len(head)} {other}" for other in others)]


def _topic_set(event: TopicSet, me: str, place: str) -> list[str]:
    return notice(f"{place}{event.by} " + (f"set the topic: {event.topic}" if event.topic else "took the topic away"))


def _renamed(event: Renamed, me: str, place: str) -> list[str]:
    return notice(f"You are {event.to} now." if same(event.by, me) else f"{event.by} is now {event.to}")


def _joined(event: Joined, me: str, place: str) -> list[str]:
    return [] if same(event.by, me) else notice(f"{event.by} joined {place}".rstrip())


def _left(event: Left, me: str, place: str) -> list[str]:
    return [] if same(event.by, me) else notice(f"{event.by} left {place}".rstrip() + because(event.reason))


def _gone(event: Gone, me: str, place: str) -> list[str]:
    return [] if same(event.by, me) else notice(f"{event.by} is gone" + because(event.reason))


def _link_lost(event: LinkLost, me: str, place: str) -> list[str]:
    return notice(f"link lost: {event.reason.rstrip('.')}, trying again")


def _link_back(event: LinkBack, me: str, place: str) -> list[str]:
    return notice("back")


# replies


def _rooms(reply: replies.Rooms) -> list[str]:
    width = max((len(room.room) for room in reply.rooms), default=0)
    return notice(*(f"{room.room:{width}} {room.people:4}  {room.topic}".rstrip() for room in reply.rooms))


def _people(reply: replies.People) -> list[str]:
    people = [f"{one.nick} (away: {one.away})" if one.away else one.nick for one in reply.people]
    return notice(f"{reply.room or 'Here'}: {', '.join(people) or 'nobody'}")


def _whois(reply: replies.WhoisReply) -> list[str]:
    one = reply.person
    name = f" {one.name}" if one.name else ""
    rooms = f", in {' '.join(reply.rooms)}" if reply.rooms else ""
    away = f", away: {one.away}" if one.away else ""
    tls = ", by TLS" if reply.encrypted else ""
    return notice(f"{one.nick} ({one.origin}){name}{tls}{rooms}{away}")


def _topic(reply: replies.Topic) -> list[str]:
    topic = f"{reply.topic} (set by {reply.by})" if reply.topic else "none. /topic TEXT sets one."
    return notice(f"{reply.room}: the topic is {topic}")


# words


def _line(text: str) -> str:
    """One line, whatever the peer made of it."""
    return showable(text).replace("\n", " ")


_SPEAKERS = {"text": "<{}>", "action": "* {}", "notice": "-{}-"}

_EVENTS: dict[type[Event], Callable[[Any, str, str], list[str]]] = {
    Said: _said,
    Told: _told,
    TopicSet: _topic_set,
    Renamed: _renamed,
    Joined: _joined,
    Left: _left,
    Gone: _gone,
    LinkLost: _link_lost,
    LinkBack: _link_back,
}


def _changed(reply: replies.Changed) -> list[str]:
    """What could not be done; the rest is seen by itself."""
    return notice(*(problem.text for problem in reply.problems))


def _invited(reply: replies.InvitedReply) -> list[str]:
    return notice(f"{reply.nick} is invited to {reply.room}.")


_REPLIES: dict[type[replies.Reply], Callable[[Any], list[str]]] = {
    replies.Rooms: _rooms,
    replies.Changed: _changed,
    replies.InvitedReply: _invited,
    replies.People: _people,
    replies.WhoisReply: _whois,
    replies.Topic: _topic,
    replies.Found: _found,
}
