"""What happened, as a sentence: the events that plain terminals and our own client tell in the same words."""

from collections.abc import Callable, Mapping
from typing import Any

from tcpchat.model.commands import ModeChange
from tcpchat.model.events import Event, Invited, Kicked, ModesSet, Moved, NameSet, Redacted, Walloped


def sentence(event: Event) -> str:
    """The event in words; empty if people are told nothing of it, or others words are used."""
    writer = _SENTENCES.get(type(event))
    return writer(event) if writer else ""


def because(reason: str) -> str:
    """A reason behind what happened, if there is one."""
    return f" ({reason})" if reason else ""


def _kicked(event: Kicked) -> str:
    return f"{event.by} put {event.nick} out of {event.room}{because(event.reason)}"


def _invited(event: Invited) -> str:
    return f"{event.by} invites {event.to} to {event.room}"


def _moved(event: Moved) -> str:
    return f"{event.was} is called {event.room} now{because(event.reason)}"


def _redacted(event: Redacted) -> str:
    return f"{event.by} took a message back{because(event.reason)}"


def _name_set(event: NameSet) -> str:
    return f"{event.by} is called {event.name}"


def _walloped(event: Walloped) -> str:
    return f"{event.by} to all operators: {event.text}"


def _modes_set(event: ModesSet) -> str:
    return f"{event.by} {', '.join(map(_change, event.changes))} in {event.room}"


def _change(change: ModeChange) -> str:
    on = change.sign == "+"
    words = _CHANGES.get(change.mode)
    if words is None:
        return f"set mode {change.sign}{change.mode} {change.value}".rstrip()
    return (words[0] if on else words[1]).format(change.value)


_CHANGES = {
    "o": ("made {} an operator", "took {}'s operatorship away"),
    "v": ("gave {} a voice", "took {}'s voice away"),
    "b": ("banned {}", "lifted the ban on {}"),
    "m": ("let only those speak who have a voice", "let everybody speak"),
    "i": ("let only those in who are invited", "let in who is not invited, too"),
    "k": ("locked the door with a key", "took the key away"),
    "l": ("let {} in at most", "lifted the limit"),
    "t": ("let only operators set the topic", "let everybody set the topic"),
}

_SENTENCES: Mapping[type[Event], Callable[[Any], str]] = {
    Kicked: _kicked,
    Invited: _invited,
    Moved: _moved,
    ModesSet: _modes_set,
    Redacted: _redacted,
    NameSet: _name_set,
    Walloped: _walloped,
}
