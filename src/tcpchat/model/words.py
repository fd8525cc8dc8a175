"""What happened, as a sentence: what plain terminals and our own client tell in the same words."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from tcpchat.model import names
from tcpchat.model.commands import ModeChange
from tcpchat.model.events import Event, Invited, Kicked, ModesSet, Moved, NameSet, Redacted, Skipped, Walloped
from tcpchat.model.replies import Found, Seated


def sentence(event: Event) -> str:
    """The event in words; empty if people are told nothing of it, or others words are used."""
    writer = _SENTENCES.get(type(event))
    return writer(event) if writer else ""


def because(reason: str) -> str:
    """A reason behind what happened, if there is one."""
    return f" ({reason})" if reason else ""


def clock(milliseconds: int) -> str:
    """``14:02``; with the date if it is not today, and with the year if it is not this one."""
    then, now = time.localtime(milliseconds / 1000), time.localtime()
    if then[:3] == now[:3]:
        return time.strftime("%H:%M", then)
    return time.strftime("%d %b %H:%M" if then.tm_year == now.tm_year else "%d %b %Y %H:%M", then)


def moment(milliseconds: int) -> str:
    """``2026-11-25 14:02 UTC``: for what lies ahead, and for those who are elsewhere."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(milliseconds / 1000))


def recorded(room: str) -> str:
    """What one is told who comes into a room of which a log is kept."""
    return f"What is said in {room} is recorded, and shown to those who join later."


def skipped(event: Skipped) -> str:
    """What was not told, and why. Where it can be read is known to each dialect."""
    count = event.last - event.first + 1
    messages = "1 message" if count == 1 else f"{count:,} messages"
    where = f"in {event.target}" if names.is_room(event.target) else f"between you and {event.target}"
    return f"{messages} {where} {'was' if count == 1 else 'were'} skipped, because you were too far behind."


def been_away(seated: Seated, shown: int, *, more: bool) -> str:
    """What stands between what one knows and what one missed in a room, of which the latest `shown` lines follow.

    :param more: whether there are lines of those that were missed that do not follow.
    """
    span = f"You were away from {clock(seated.left_time)} to {clock(int(time.time() * 1000))}."
    missed = seated.number - seated.left
    if not shown:
        return f"{span} Nothing was said since then."
    if more:
        return f"{span} Said since then, the last {shown} of {missed:,} (/history {missed} shows more):"
    return f"{span} Said since then:"


def searched(found: Found) -> str:
    """What stands below what was found: whether it is all that there is."""
    if not found.complete:
        return "There was no time to look through everything. More words, or one room, are looked for faster."
    if not found.events:
        return "Nothing was found."
    if found.more:
        return "These are the latest. Older ones may fit, too: more words find fewer."
    return "That is all."


def _skipped(event: Skipped) -> str:
    way = " /history shows the latest." if names.is_room(event.target) else ""
    return skipped(event) + way


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
    if change.mode == "b" and change.value.startswith("~m:"):
        return ("muted {}" if on else "let {} speak again").format(change.value.removeprefix("~m:"))
    words = _CHANGES.get(change.mode)
    if words is None:
        return f"set mode {change.sign}{change.mode} {change.value}".rstrip()
    return (words[0] if on else words[1]).format(change.value)


ADMITTED = {
    "invited": (ModeChange("+", "i"), ModeChange("-", "R")),
    "members": (ModeChange("-", "i"), ModeChange("+", "R")),
    "all": (ModeChange("-", "i"), ModeChange("-", "R")),
}
"""Who may come into a room, as people say it: only those who are invited, only those with an account, everybody."""

_CHANGES = {
    "o": ("made {} an operator", "took {}'s operatorship away"),
    "v": ("gave {} a voice", "took {}'s voice away"),
    "b": ("banned {}", "lifted the ban on {}"),
    "m": ("let only those speak who have a voice", "let everybody speak"),
    "i": ("let only those in who are invited", "let in who is not invited, too"),
    "k": ("locked the door with a key", "took the key away"),
    "l": ("let {} in at most", "lifted the limit"),
    "d": ("let everybody speak every {} seconds only", "let everybody speak at any pace"),
    "M": ("let only those speak who are logged in", "let those speak, too, who are not logged in"),
    "R": ("let only those in who are logged in", "let those in, too, who are not logged in"),
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
    Skipped: _skipped,
}
