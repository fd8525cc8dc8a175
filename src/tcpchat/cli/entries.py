"""Entries of a log as lines, for people and for programs. None can control a terminal, or pass for another entry."""

import json
import time
from collections.abc import Callable
from datetime import date, datetime

import click
import msgspec

from tcpchat.model import events
from tcpchat.model.events import LOGGED
from tcpchat.model.text import CTCP, showable
from tcpchat.model.words import because, sentence

Writer = Callable[[LOGGED], list[str]]

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line: the event, as docs/protocol.md has it."
)


def writer(*, as_json: bool, with_room: bool = False) -> Writer:
    """What makes lines of an entry. `with_room`: each names the room, or whom it was said to."""
    if as_json:
        return _as_json
    return _with_place if with_room else _as_text


def moment(written: str, *, ends: bool = False) -> int:
    """A date, or a date and a time, as milliseconds since 1970. `ends`: of a date alone, the end of that day.

    :raises ValueError: if it is neither.
    """
    then = datetime.fromisoformat(written)
    if ends and _is_date(written):
        then = then.replace(hour=23, minute=59, second=59, microsecond=999_000)
    return int(then.astimezone().timestamp() * 1_000)


def _is_date(written: str) -> bool:
    try:
        return bool(date.fromisoformat(written))
    except ValueError:
        return False


def _as_json(entry: LOGGED) -> list[str]:
    """The same for the same entry, whenever it is asked for."""
    written = msgspec.json.encode(msgspec.structs.replace(entry, replayed=False)).decode()
    if written.isascii() and written.isprintable():
        return [written]
    return ["".join(one if showable(one) == one else json.dumps(one)[1:-1] for one in written)]


def _as_text(entry: LOGGED) -> list[str]:
    return _lines(entry, "")


def _with_place(entry: LOGGED) -> list[str]:
    place = f"(to {entry.to})" if isinstance(entry, events.Told) else getattr(entry, "room", "")
    return _lines(entry, f"{place} ")


def _lines(entry: LOGGED, place: str) -> list[str]:
    """``2026-11-25 14:02 <ann> hello``; further lines are indented. Empty: there is nothing in it for people."""
    if not (words := _words(entry)):
        return []
    head = f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(entry.time / 1_000))} {place}"
    speaker, text = words
    head = showable(head + speaker).replace("\n", " ")
    first, *others = showable(text).split("\n")
    return [f"{head} {first}".rstrip(), *(f"{'':{len(head)}} {other}" for other in others)]


def _words(entry: LOGGED) -> tuple[str, str] | None:
    """Who says it, and what; or what happened."""
    match entry:
        case events.Said(redacted=True) | events.Told(redacted=True):
            return f"<{entry.by}>", "(taken back)"
        case events.Said(text=text) | events.Told(text=text):
            return None if text.startswith(CTCP) else (_SPEAKERS[entry.kind].format(entry.by), text)
        case events.TopicSet(by=by, topic=topic):
            return "--", f"{by} set the topic: {topic}" if topic else f"{by} took the topic away"
        case events.RoomRenamed(by=by, room=was, to=name, reason=reason):
            return "--", f"{by} called {was} {name}{because(reason)}"
    told = sentence(entry)
    return ("--", told) if told else None


_SPEAKERS = {"text": "<{}>", "action": "* {}", "notice": "-{}-"}
