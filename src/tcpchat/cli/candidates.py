"""How what is typed may go on, and what a command does: for the Tab key of every face."""

import re
from collections.abc import Callable, Iterable

from tcpchat.cli.commands import CHOICES, COMMANDS, SAID, usage
from tcpchat.client.view import View
from tcpchat.model import names
from tcpchat.model.text import showable
from tcpchat.model.words import ADMITTED

MOST_ITEMS = 100
"""So many of the last items are looked through for rooms that somebody named."""

_ROOM = re.compile(r"(?<!\S)#[^\s,.:;!?()]+")


def candidates(view: View, before: str, ignored: Iterable[str] = ()) -> list[str]:
    """What the last word of `before` may become, each with what stands behind it; the likeliest first.

    :param ignored: the nicks that one does not want to hear.
    """
    word = before.rpartition(" ")[2]
    found = _of(view, before, word, ignored)
    return list(dict.fromkeys(one for one in map(showable, found) if names.fold(one).startswith(names.fold(word))))


def described(line: str) -> str:
    """``/msg NAME TEXT  tell one person something``, if the line begins with a command; otherwise empty."""
    name = line[1:].partition(" ")[0].lower()
    if not line.startswith("/") or name not in COMMANDS:
        return ""
    return f"{usage(name)}  {COMMANDS[name].help}"


def _of(view: View, before: str, word: str, ignored: Iterable[str]) -> list[str]:
    if word == before:
        return _first_word(view, word)
    command, _, argument = before[1:].partition(" ")
    if before.startswith("/") and not before.startswith("//") and command.lower() in COMMANDS:
        return _argument(view, command.lower(), word, ignored, first=argument == word)
    return _named(view, word)


def _first_word(view: View, word: str) -> list[str]:
    if word.startswith("/"):
        return [f"/{name} " for name in COMMANDS]
    if names.is_room(word):
        return _named(view, word)
    return [f"{one}: " for one in _here(view)] if word else []


def _argument(view: View, command: str, word: str, ignored: Iterable[str], *, first: bool) -> list[str]:
    if command == "unignore":
        return [f"{one} " for one in ignored]
    if first and command in _ARGUMENTS:
        return [f"{one} " for one in _ARGUMENTS[command](view)]
    return _named(view, word) if command in SAID else []


def _named(view: View, word: str) -> list[str]:
    """Rooms and people within a text."""
    if not word:
        return []
    return [f"{one} " for one in (_rooms(view) if names.is_room(word) else _here(view))]


# the likeliest first


def _here(view: View) -> list[str]:
    """Who is there, those who spoke last first; where one talks with one person, anybody whom one knows."""
    if view.current is None or not view.current.is_room:
        return _people(view)
    return [one for one in view.current.speakers() if not view.is_me(one)]


def _people(view: View) -> list[str]:
    """Who is there; with whom one talks; and who is in one's other rooms."""
    here = view.current.speakers() if view.current is not None else []
    with_me = [one.name for one in view if not one.is_room]
    elsewhere = [nick for one in view for nick in one.speakers()]
    return [one for one in (*here, *with_me, *elsewhere) if not view.is_me(one)]


def _own_rooms(view: View) -> list[str]:
    return sorted((one.name for one in view if one.is_room), key=lambda one: one != _current(view))


def _rooms(view: View) -> list[str]:
    """One's own, those that were named here lately, and those of the list that one asked for."""
    items = list(view.current.items)[-MOST_ITEMS:] if view.current is not None else []
    named = [room for item in reversed(items) for room in _ROOM.findall(getattr(item, "text", ""))]
    return [*_own_rooms(view), *named, *view.listed]


def _new_rooms(view: View) -> list[str]:
    """Those in which one is not, before the others."""
    return sorted(_rooms(view), key=lambda one: view.find(one) is not None)


def _other_places(view: View) -> list[str]:
    """One's other conversations, those in which something is new first."""
    others = [one for one in view if one is not view.current]
    return [one.name for one in sorted(others, key=lambda one: one not in view.elsewhere)]


def _topic(view: View) -> list[str]:
    topic = view.current.topic if view.current is not None else ""
    return [topic] if topic else []


def _current(view: View) -> str:
    return view.current.name if view.current is not None else ""


_ARGUMENTS: dict[str, Callable[[View], Iterable[str]]] = {
    "join": _new_rooms,
    "part": _own_rooms,
    "room": _other_places,
    "who": lambda view: [*_own_rooms(view), *_people(view)],
    "history": lambda view: [one.name for one in view],
    "search": _own_rooms,
    "topic": _topic,
    "help": lambda view: COMMANDS,
    "bell": lambda view: CHOICES["bell"],
    "joins": lambda view: CHOICES["joins"],
    "admit": lambda view: ADMITTED,
    **dict.fromkeys(("msg", "invite", "ignore"), _people),
    **dict.fromkeys(("kick", "ban", "mute", "op", "deop"), _here),
}
"""What the first word behind a command can be."""
