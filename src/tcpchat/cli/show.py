"""How what happened becomes lines for a person, none of which can control a terminal."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple
from unicodedata import east_asian_width

from tcpchat.client.client import LinkBack, LinkLost
from tcpchat.client.view import Conversation, View
from tcpchat.model import names, replies
from tcpchat.model.events import Event, Gone, Joined, Left, Renamed, Said, Told, TopicSet
from tcpchat.model.text import CTCP, showable
from tcpchat.model.words import because, clock, searched, sentence

NAMES_SHOWN = 12

RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"

Kind = Literal["speech", "mention", "chat", "passing", "day", "new", "heading", "failed"]
"""What people say; what they say to oneself; what the chat says, and who comes and goes; and what stands between."""


class Line(NamedTuple):
    """One line for a person, safe to show.

    `nick` is who said it; in `text` it stands from the character `at` on, where a face may colour it. What does not fit
    into a row goes on in the column `hang` of the next.
    """

    text: str
    kind: Kind = "chat"
    nick: str = ""
    at: int = 0
    hang: int = 0


class Place(NamedTuple):
    """How a line says where and when something happened.

    `room` names the place, where it must be named; `day`: whether the day must be named if it is not today. A `mention`
    is for the reader.
    """

    room: str = ""
    day: bool = True
    mention: bool = False


def event_lines(event: Event, me: str, place: Place = Place()) -> list[Line]:  # noqa: B008 (it is immutable)
    """An event as its reader `me` sees it. Empty: not worth a line."""
    writer = _EVENTS.get(type(event))
    if writer is not None:
        return writer(event, me, place)
    told = sentence(event)
    return notice(told) if told else []


def reply_lines(reply: replies.Reply) -> list[Line]:
    """The answer to a question."""
    writer = _REPLIES.get(type(reply))
    return writer(reply) if writer else []


def notice(*texts: str) -> list[Line]:
    """What the chat says, as opposed to people."""
    return [Line(_line(f"-- {text}")) for text in texts]


def marked(mark: str, typed: str) -> list[Line]:
    """A line that was typed, with a mark before it that says what became of it."""
    first, *others = showable(typed).split("\n")
    return [Line(f"{mark} {first}", "failed"), *(Line(f"{' ' * len(mark)} {other}", "failed") for other in others)]


def past(name: str, events: Sequence[Event], me: str) -> list[Line]:
    """The latest entries of a log, set apart from what is said now."""
    lines = [line for event in events for line in event_lines(event, me)]
    where = f"in {name}" if names.is_room(name) else f"between you and {name}"
    return [*notice(f"Said {where} before:"), *lines, *notice("Now:")] if lines else notice(f"Nothing yet {where}.")


def rule(text: str, kind: Kind) -> Line:
    """``── Sun 22 Nov 2026 ──``: a line between others."""
    return Line(f"{RULE * 2} {_line(text)} {RULE * 2}", kind)


def new_rule(count: int) -> Line:
    """What stands before what was not seen yet."""
    return rule(f"{count} new", "new")


def day_of(milliseconds: int) -> str:
    """``Sun 22 Nov 2026``"""
    return time.strftime("%a %d %b %Y", time.localtime(milliseconds / 1000))


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


def unread_of(conversation: Conversation) -> str:
    """``#dev:12``; ``#dev:@1`` if one is meant; for a person ``@bob:@1``."""
    count = f"@{conversation.mentions}" if conversation.mentions else f"{conversation.unread}"
    return f"{label(conversation.name)}:{count}"


def label(name: str) -> str:
    """A room by its name, a person with ``@`` before it."""
    return showable(name if names.is_room(name) else f"@{name}")


def where_unread(view: View) -> list[Line]:
    """One's conversations, numbered as Alt and a digit switch to them."""
    return notice(*(f"{number} {_in_list(one, view)}" for number, one in enumerate(view, 1)))


def _in_list(one: Conversation, view: View) -> str:
    if one is view.current:
        return f"{label(one.name)} (here)"
    return unread_of(one) if one.unread else label(one.name)


# events


def _said(event: Said, me: str, place: Place) -> list[Line]:
    return _speech(event, f"{place.room} " if place.room else "", place)


def _told(event: Told, me: str, place: Place) -> list[Line]:
    return _speech(event, "(to you) " if same(event.to, me) else f"(to {event.to}) ", place)


def _found(reply: replies.Found) -> list[Line]:
    """The oldest first, each with its room, or whom it was for."""
    lines = [line for event in reversed(reply.events) if isinstance(event, Said | Told) for line in _with_place(event)]
    return [*(notice("Found:") if lines else []), *lines, *notice(searched(reply))]


def _with_place(event: Said | Told) -> list[Line]:
    return _speech(event, f"{event.room} " if isinstance(event, Said) else f"(to {event.to}) ", Place())


def _speech(event: Said | Told, where: str, place: Place) -> list[Line]:
    """Further lines are indented, so that nobody can make one look as if another had said it."""
    if event.redacted or event.text.startswith(CTCP):  # a client's question to another client
        return []
    kind: Kind = "mention" if place.mention else "speech"
    before, after = _SPEAKERS[event.kind]
    when = clock(event.time) if place.day else time.strftime("%H:%M", time.localtime(event.time / 1000))
    start = _line(f"{'* ' if place.mention else ''}{when} {where}{before}")
    nick = _line(event.by)
    first, *others = showable(event.text).split("\n")
    hang = _columns(f"{start}{nick}{after} ")
    head = Line(f"{start}{nick}{after} {first}", kind, nick, len(start), hang)
    return [head, *(Line(f"{' ' * hang}{other}", kind, hang=hang) for other in others)]


def _topic_set(event: TopicSet, me: str, place: Place) -> list[Line]:
    return _in(place, f"{event.by} " + (f"set the topic: {event.topic}" if event.topic else "took the topic away"))


def _renamed(event: Renamed, me: str, place: Place) -> list[Line]:
    return notice(f"You are {event.to} now." if same(event.by, me) else f"{event.by} is now {event.to}")


def _joined(event: Joined, me: str, place: Place) -> list[Line]:
    return [] if same(event.by, me) else _passing(f"{event.by} joined {place.room}".rstrip())


def _left(event: Left, me: str, place: Place) -> list[Line]:
    return [] if same(event.by, me) else _passing(f"{event.by} left {place.room}".rstrip() + because(event.reason))


def _gone(event: Gone, me: str, place: Place) -> list[Line]:
    return [] if same(event.by, me) else _passing(f"{event.by} is gone" + because(event.reason))


def _passing(text: str) -> list[Line]:
    return [line._replace(kind="passing") for line in notice(text)]


def _link_lost(event: LinkLost, me: str, place: Place) -> list[Line]:
    return notice(f"link lost: {event.reason.rstrip('.')}, trying again")


def _link_back(event: LinkBack, me: str, place: Place) -> list[Line]:
    fetched = f", {event.missed} {'message' if event.missed == 1 else 'messages'} fetched" if event.missed else ""
    return notice(f"back after {event.seconds:.0f} s{fetched}")


def _in(place: Place, text: str) -> list[Line]:
    return notice(f"{place.room} {text}".lstrip())


# replies


def _rooms(reply: replies.Rooms) -> list[Line]:
    width = max((len(room.room) for room in reply.rooms), default=0)
    return notice(*(f"{room.room:{width}} {room.people:4}  {room.topic}".rstrip() for room in reply.rooms))


def _people(reply: replies.People) -> list[Line]:
    everybody = sorted(reply.people, key=lambda one: names.fold(one.nick))
    people = [f"{one.nick} (away: {one.away})" if one.away else one.nick for one in everybody]
    return notice(f"{reply.room or 'Here'}: {', '.join(people) or 'nobody'}")


def _whois(reply: replies.WhoisReply) -> list[Line]:
    one = reply.person
    name = f" {one.name}" if one.name not in {"", one.nick} else ""
    rooms = f", in {' '.join(reply.rooms)}" if reply.rooms else ""
    away = f", away: {one.away}" if one.away else ""
    tls = ", by TLS" if reply.encrypted else ""
    return notice(f"{one.nick} ({one.origin}){name}{tls}{rooms}{away}")


def _topic(reply: replies.Topic) -> list[Line]:
    if not reply.topic:
        return notice(f"{reply.room} has no topic. /topic TEXT sets one.")
    return notice(f"The topic of {reply.room} is: {reply.topic} (set by {reply.by})")


def _changed(reply: replies.Changed) -> list[Line]:
    """What could not be done; the rest is seen by itself."""
    return notice(*(problem.text for problem in reply.problems))


def _invited(reply: replies.InvitedReply) -> list[Line]:
    return notice(f"{reply.nick} is invited to {reply.room}.")


# words


def _columns(text: str) -> int:
    """How many columns of a terminal it takes."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def _line(text: str) -> str:
    """One line, whatever the peer made of it."""
    return showable(text).replace("\n", " ")


_SPEAKERS = {"text": ("<", ">"), "action": ("* ", ""), "notice": ("-", "-")}

_EVENTS: dict[type[Event], Callable[[Any, str, Place], list[Line]]] = {
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

_REPLIES: dict[type[replies.Reply], Callable[[Any], list[Line]]] = {
    replies.Rooms: _rooms,
    replies.Changed: _changed,
    replies.InvitedReply: _invited,
    replies.People: _people,
    replies.WhoisReply: _whois,
    replies.Topic: _topic,
    replies.Found: _found,
}
