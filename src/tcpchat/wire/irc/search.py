"""SEARCH (soju's doc/ext/search.md)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tcpchat.model import commands, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.capabilities import SEARCH, STANDARD_REPLIES
from tcpchat.wire.irc.history import batch
from tcpchat.wire.irc.message import Message, parse_tags
from tcpchat.wire.irc.topic import Context, Tables, param
from tcpchat.wire.irc.writing import read_clock

LIMIT = 100
"""How many lines are wanted by those who do not say it."""


def read_search(context: Context, message: Message) -> Iterator[Request | bytes]:
    """SEARCH text=<words>;in=<target>;from=<nick>;after=<time>;before=<time>;limit=<number>"""
    if SEARCH not in context.capabilities:
        yield context.numeric(numerics.ERR_UNKNOWNCOMMAND, "SEARCH", last=f"This needs the capability {SEARCH}")
        return
    wish: dict[str, Any] = {"words": "", "limit": LIMIT}
    for name, value in parse_tags(param(message, 0)).items():
        try:
            wish |= _ATTRIBUTES[name](value)
        except KeyError:
            yield _failed(context, name, f"There are {', '.join(_ATTRIBUTES)}")
            return
        except ValueError as error:
            yield _failed(context, name, str(error))
            return
    yield Request(commands.Search(**wish), message)


def write_found(context: Context, request: Request, reply: replies.Found) -> bytes:
    """A batch, the oldest first; and, if that is so, that not everything was looked through."""
    found = batch(context, (SEARCH,), reply.events[::-1])
    if reply.complete or STANDARD_REPLIES not in context.capabilities:
        return found
    return found + context.standard("WARN", "SEARCH", "INCOMPLETE", last="There was no time to look through everything")


def write_not_searched(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """FAIL: the same for a room that one is not in and for one that does not exist."""
    if refusal.code == "not_stored":
        return context.standard("FAIL", "SEARCH", "INTERNAL_ERROR", last=refusal.text)
    return _failed(context, *(refusal.about or _ABOUT.get(refusal.code, ())), refusal.text)


def _failed(context: Context, *about_and_text: str) -> bytes:
    *about, text = about_and_text
    return context.standard("FAIL", "SEARCH", "INVALID_PARAMS", *about, last=text)


def _time(value: str) -> int:
    try:
        return read_clock(value)
    except ValueError:
        raise ValueError("A time is written 2026-01-31T12:00:00.000Z") from None


def _limit(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value[:9])):
        raise ValueError("A limit is a number, and not 0")
    return int(value[:9])


_ATTRIBUTES: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "text": lambda value: {"words": value},
    "in": lambda value: {"target": value},
    "from": lambda value: {"by": value},
    "after": lambda value: {"after": _time(value) - 1},
    "before": lambda value: {"before": _time(value) + 1},
    "limit": lambda value: {"limit": _limit(value)},
}
"""How each is read; “at or after this time” is after the millisecond before."""

_ABOUT = {"no_words": ("text",)}
"""The attributes that refusals are about which do not say it."""

TABLES = Tables(
    readers={"SEARCH": read_search},
    answers={("SEARCH", replies.Found): write_found},
    refused={"SEARCH": write_not_searched},
    needs={"SEARCH": 1},
)
