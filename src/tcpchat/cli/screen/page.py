"""What is to be seen of one conversation, and how it is laid out in rows. Knows nothing of terminals."""

import re
import time
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len

from tcpchat.cli.screen.wrapping import clipped, wrapped
from tcpchat.cli.show import Line, day_of, event_lines
from tcpchat.client.view import MOST_ITEMS, Conversation, View
from tcpchat.model.events import Event, Said, Told
from tcpchat.model.text import showable

SPARE = 500
"""So many items too many are taken away at a time."""

LEAST_NICK = 6
"""Columns that nicks have at least."""

MOST_NICK = 0.2
"""The part of the width that nicks have at most: one that is longer has a row of its own."""

LOOK_BACK = 50
"""So many items before one are looked at to know whether it is of another day."""

BEFORE_NICK = 7
"""Columns of the time and of the mark."""

LEAST_TOLD = 20
"""Columns for it at least."""

BEFORE_TOLD = 7
"""Columns before what is no event."""


LOOKS = {"speech": "text", "mention": "called", "failed": "failed", "new": "new"}
"""How lines look that the chat shows, by their kind."""


_COLUMN = re.compile(r"\S+(?: \S+)* {2,}(?=\S)")


class Span(NamedTuple):
    """A piece of a row. `look` says what it is, or with an @ before it, whose."""

    text: str
    look: str


Row = tuple[Span, ...]


class Own(NamedTuple):
    """Something typed that is not said: it is on its way, or it failed. `mark` says which without colour."""

    text: str
    look: str
    mark: str


Item = Event | Line | Own


class Page:
    """The items of a conversation, numbered from the first there ever was, and what else one was told."""

    def __init__(self, view: View, conversation: Conversation) -> None:
        self.conversation = conversation
        self.first = 0
        self.pending: list[Own] = []
        """What was typed and is not stored yet; it stands below all others."""
        self.widest = LEAST_NICK
        """Columns of the longest nick."""
        self._view = view
        self._items: list[Item] = []
        self.add(*conversation.items)

    @property
    def end(self) -> int:
        """The number of the next item."""
        return self.first + len(self._items)

    def add(self, *items: Item) -> None:
        """They come last."""
        self._items += items
        self.widest = max(self.widest, *map(_nick_columns, items), 0)
        if len(self._items) > MOST_ITEMS + SPARE:
            del self._items[:SPARE]
            self.first += SPARE

    def reload(self) -> None:
        """The conversation's past is another one. What one was told stays behind the event that it came after."""
        told = self._told()
        self.first, self._items = 0, told.pop("", [])
        for event in self.conversation.items:
            self._items += [event, *told.pop(event.id, [])]
        for rest in told.values():
            self._items += rest
        self.widest = max(self.widest, *map(_nick_columns, self._items), 0)

    def new_since(self, number: int) -> int:
        """How many messages of others have that number or a later one."""
        latest = self._items[max(0, number - self.first) :]
        return sum(isinstance(one, Said | Told) and not self._view.is_me(one.by) for one in latest)

    def rows(self, number: int, columns: int) -> list[Row]:
        """An item as it is seen, with what stands before it: another day, what is new."""
        item = self.pending[number - self.end] if number >= self.end else self._items[number - self.first]
        frame = _Frame(columns, min(self.widest, max(LEAST_NICK, int(columns * MOST_NICK))))
        if isinstance(item, Line):
            return frame.told(item)
        if isinstance(item, Own):
            return frame.speech(" " * 5, item.mark, _nick(self._view.me), "own", item.text, item.look)
        body = self._speech(item, frame) if isinstance(item, Said | Told) else self._happening(item, frame)
        return [*self._before(number, item, columns), *body] if body else []

    def _speech(self, event: Said | Told, frame: "_Frame") -> list[Row]:
        if event.redacted:
            return []
        called = isinstance(event, Said) and self._view.calls(event)  # between two, all is for oneself
        look, mark = ("called", "▌") if called else ("text", " ")
        name = _SPEAKERS[event.kind].format(_nick(event.by))
        who = "own" if self._view.is_me(event.by) else f"@{_nick(event.by)}"
        return frame.speech(_clock(event.time), mark, name, who, showable(event.text), look)

    def _happening(self, event: Event, frame: "_Frame") -> list[Row]:
        text = "\n".join(line.text.removeprefix("-- ") for line in event_lines(event, self._view.me))
        clock = _clock(event.time) if event.time else " " * 5
        return frame.speech(clock, " ", "--", "chat", text, "chat") if text else []

    def _before(self, number: int, item: Event, columns: int) -> Iterator[Row]:
        if item.time and (day := day_of(item.time)) != self._day_before(number):
            yield rule(day, columns, "day")
        if item is self.conversation.new:
            yield rule(f"{self._view.new_in(self.conversation) or ''} new".strip(), columns, "new")

    def _day_before(self, number: int) -> str:
        """Of the latest item before that has a time. Today needs no line at the start."""
        place = number - self.first
        before = self._items[max(0, place - LOOK_BACK) : place]
        return next((day_of(one.time) for one in reversed(before) if isinstance(one, Event) and one.time), _today())

    def _told(self) -> dict[str, list[Item]]:
        """Those there are, by the id of the event before."""
        told: dict[str, list[Item]] = {}
        last = ""
        for item in self._items:
            if isinstance(item, Line | Own):
                told.setdefault(last, []).append(item)
            else:
                last = item.id or last
        return told


class _Frame(NamedTuple):
    """Where things stand in a row."""

    columns: int
    nick: int

    def speech(self, clock: str, mark: str, name: str, who: str, text: str, look: str) -> list[Row]:
        """``09:04 ▌   carol text``, and further rows under the text."""
        before = BEFORE_NICK + self.nick + 1
        first, *others = wrapped(text, self.columns - before)
        under = [self._under(mark, before, other, look) for other in others]
        free = self.nick - cell_len(name)
        lead = (Span(f"{clock} ", "clock"), Span(mark, "mark"))
        named = Span(name, who)
        if free < 0:
            alone = (*lead, named._replace(text=clipped(name, self.columns - BEFORE_NICK)))
            return [alone, self._under(mark, before, first, look), *under]
        return [(*lead, Span(" " * free, "text"), named, Span(" ", "text"), Span(first, look)), *under]

    def told(self, line: Line) -> list[Row]:
        """What the chat says to its user, which may be long: it begins further left. Tables keep their columns."""
        look = LOOKS.get(line.kind, "chat")
        text = line.text.removeprefix("-- ")
        head = text[: _end_of_head(text, line)]
        indent = BEFORE_TOLD + cell_len(head)
        if indent + LEAST_TOLD > self.columns:
            rows = wrapped(head.rstrip(), self.columns - BEFORE_TOLD)
            return [*(_told(row, BEFORE_TOLD, look) for row in rows), *self._told(text[len(head) :], look)]
        first, *others = wrapped(text[len(head) :], self.columns - indent)
        lead = (Span(" " * BEFORE_TOLD, "text"), *_coloured(head, line, look), Span(first, look))
        return [lead, *(_told(other, indent, look) for other in others)]

    def _told(self, text: str, look: str) -> list[Row]:
        """What follows a head that is too long."""
        indent = BEFORE_TOLD + 2
        return [_told(row, indent, look) for row in wrapped(text, self.columns - indent)]

    def _under(self, mark: str, before: int, text: str, look: str) -> Row:
        spaces = (Span(" " * (BEFORE_NICK - 1), "text"), Span(mark, "mark"), Span(" " * (before - BEFORE_NICK), "text"))
        return (*spaces, Span(text, look))


def _told(text: str, indent: int, look: str) -> Row:
    return Span(" " * indent, "text"), Span(text, look)


def _end_of_head(text: str, line: Line) -> int:
    """Where the text proper begins: behind a time and a nick, or the first column of a table."""
    if line.nick:
        return line.at + len(line.nick) + 2
    found = _COLUMN.match(text)
    return found.end() if found else 0


def _coloured(head: str, line: Line, look: str) -> Iterator[Span]:
    if not line.nick or not head:
        yield Span(head, look)
        return
    end = line.at + len(line.nick)
    yield Span(head[: line.at], look)
    yield Span(head[line.at : end], f"@{line.nick}")
    yield Span(head[end:], look)


def rule(text: str, columns: int, look: str) -> Row:
    """``──────── 2 new ────────``"""
    line = columns - cell_len(text) - 2
    return (Span(f"{'─' * (line // 2)} ", "rule"), Span(text, look), Span(f" {'─' * (line - line // 2)}", "rule"))


def _nick(nick: str) -> str:
    return showable(nick).replace("\n", " ")


def _nick_columns(item: Item) -> int:
    return cell_len(_SPEAKERS[item.kind].format(item.by)) if isinstance(item, Said | Told) else 0


def _today() -> str:
    return day_of(int(time.time() * 1000))


def _clock(milliseconds: int) -> str:
    return time.strftime("%H:%M", time.localtime(milliseconds / 1000))


_SPEAKERS = {"text": "{}", "action": "* {}", "notice": "-{}-"}
