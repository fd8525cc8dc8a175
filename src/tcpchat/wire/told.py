"""What happened, as lines of text for people; none can control a terminal."""

from collections.abc import Callable
from functools import lru_cache

from tcpchat.model import events, names
from tcpchat.model.events import Event
from tcpchat.model.text import CTCP, showable
from tcpchat.model.words import because, clock, sentence
from tcpchat.wire.ignoring import Ignored

NAMES_SHOWN = 12


class LineEncoding:
    """Events as lines of text, for those whose typing goes to the room `current` (folded).

    Who has `ignored` somebody has an encoding of their own.
    """

    own: frozenset[type[Event]] = frozenset({events.Renamed, events.TopicSet, events.ModesSet, events.Kicked})

    def __init__(self, current: str, ignored: Ignored | None = None) -> None:
        self.current = current
        self.ignored = ignored

    def write(self, event: Event) -> bytes:
        """One or more lines, harmless to any terminal."""
        if self.ignored is not None:
            self.ignored.note(event)
            if self.ignored.hides(event):
                return b""
        writer = _WRITERS.get(type(event))
        text = writer(event, self._place(event)) if writer else _told(event)
        return text_lines(text) if text else b""

    def _place(self, event: Event) -> str:
        """The name of the room if it is not the current one, with a space behind it."""
        room = getattr(event, "room", "")
        return "" if not room or names.fold(room) == self.current else f"{showable(room)} "


encoding = lru_cache(maxsize=10_000)(LineEncoding)
"""The encoding for a current room: the same object for all who are in it."""


def text_lines(*lines: str) -> bytes:
    """Lines as they are sent, harmless to any terminal."""
    return "".join(f"{line}\r\n" for one in lines for line in showable(one).split("\n")).encode("utf-8", "replace")


def some(people: list[str], quiet: int) -> str:
    """Who is there, if they are not too many to be named; `quiet` more are not."""
    count = len(people) + quiet
    if count == 1:
        return "nobody else is here yet"
    shown = people[:NAMES_SHOWN]
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    return f"{count} people: {', '.join(shown)}{more}"


def _speech(event: events.Said | events.Told, place: str) -> str:
    """Whose it is stands before each of its lines: none can be taken for another's."""
    forms = {"text": f"<{event.by}>", "action": f"* {event.by}", "notice": f"-{event.by}-"}
    head = f"[{clock(event.time)}] {place}{forms[event.kind]} "
    return head + event.text.replace("\n", f"\n{head}")


def _told(event: Event) -> str:
    return f"-- {told}" if (told := sentence(event)) else ""


def write_said(event: events.Said, place: str) -> str:
    """``[hh:mm] <nick> text``; a client's question to another client is not for people."""
    return "" if event.redacted or event.text.startswith(CTCP) else _speech(event, place)


def write_told(event: events.Told, place: str) -> str:
    """``[hh:mm] (to you) <nick> text``"""
    return "" if event.redacted or event.text.startswith(CTCP) else _speech(event, "(to you) ")


def write_found(event: Event) -> bytes:
    """``[hh:mm] #room <nick> text``, whatever room one is looking at, or ``[hh:mm] (to whom) <nick> text``"""
    if not isinstance(event, events.Said | events.Told) or event.text.startswith(CTCP):
        return b""
    return text_lines(_speech(event, f"{event.room} " if isinstance(event, events.Said) else f"(to {event.to}) "))


def write_topic_set(event: events.TopicSet, place: str) -> str:
    """Who, and what."""
    return f"-- {place}{event.by} " + (f"set the topic: {event.topic}" if event.topic else "took the topic away")


def write_renamed(event: events.Renamed, place: str) -> str:
    """Both names."""
    return f"-- {event.by} is now {event.to}"


def write_joined(event: events.Joined, place: str) -> str:
    """Who, and where."""
    return f"-- {event.by} joined {place}".rstrip()


def write_left(event: events.Left, place: str) -> str:
    """Who, where, and why."""
    return f"-- {event.by} left {place}".rstrip() + because(event.reason)


def write_gone(event: events.Gone, place: str) -> str:
    """Who, and why."""
    return f"-- {event.by} is gone" + because(event.reason)


_WRITERS: dict[type[Event], Callable[..., str]] = {
    events.Said: write_said,
    events.Told: write_told,
    events.TopicSet: write_topic_set,
    events.Renamed: write_renamed,
    events.Joined: write_joined,
    events.Announced: write_joined,
    events.Left: write_left,
    events.Gone: write_gone,
}
