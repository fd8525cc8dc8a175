"""Lines of IRC as bytes: sources, tags, and the length of a line."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from tcpchat.model.events import Event
from tcpchat.model.text import cut
from tcpchat.wire.irc.capabilities import MESSAGE_TAGS, SERVER_TIME
from tcpchat.wire.irc.message import MOST_LINE_BYTES

WORDS_BYTES_A_LINE = 380
"""How much of a line may be names; the rest is for what stands before them."""

_LINE_BREAKERS = re.compile("[\r\n\0]")


class Tags:
    """Which tags an encoding puts before an event."""

    def __init__(self, capabilities: frozenset[str], batch: str = "") -> None:
        self._time = SERVER_TIME in capabilities
        self._id = MESSAGE_TAGS in capabilities
        self._batch = f"batch={batch}" if batch else ""

    def of(self, event: Event, *, first: bool = True) -> str:
        """The tags with their space, or nothing. An id stands on the first line of an event only: it is unique."""
        tags = [self._batch] if self._batch else []
        if self._time and event.time:
            tags.append(f"time={clock(event.time)}")
        if self._id and event.id and first:
            tags.append(f"msgid={event.id}")
        return f"@{';'.join(tags)} " if tags else ""


def source(nick: str, origin: str) -> str:
    """``nick!user@host``, or the nick alone."""
    return f"{nick}!{origin}" if origin else nick


def line(*words: str, last: str | None = None) -> bytes:
    """One line with its end. `last` may be empty or have spaces. No line break gets into it.

    What is too long for a line, besides its tags, is cut between two characters.
    """
    text = _LINE_BREAKERS.sub(" ", " ".join(words) if last is None else f"{' '.join(words)} :{last}")
    raw = text.encode("utf-8", "replace")
    if len(raw) > MOST_LINE_BYTES - 2:
        tags, space, rest = text.partition(" ") if text.startswith("@") else ("", "", text)
        raw = (tags + space + cut(rest, MOST_LINE_BYTES - 2)[0]).encode("utf-8", "replace")
    return raw + b"\r\n"


def pieces(head: str, text: str, tail: str = "") -> list[str]:
    """The text in pieces that fit into lines which start with `head`: by its own lines, then by length."""
    most = MOST_LINE_BYTES - 2 - len(head.encode()) - len(tail.encode())
    if "\n" not in text and len(text) <= most and (text.isascii() or len(text) * 4 <= most):
        return [text]
    return [piece for own_line in text.split("\n") if own_line for piece in cut(own_line, most)]


def packed(words: list[str]) -> Iterator[str]:
    """The words, as many to a line as fit."""
    packed: list[str] = []
    size = 0
    for word in words:
        length = len(word.encode()) + 1
        if size + length > WORDS_BYTES_A_LINE:
            yield " ".join(packed)
            packed, size = [], 0
        packed.append(word)
        size += length
    if packed:
        yield " ".join(packed)


def clock(milliseconds: int) -> str:
    """The form of the server-time tag: ``2026-11-22T18:20:00.123Z``."""
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
