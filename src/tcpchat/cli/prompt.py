"""What stands before the line that is typed: who one is, where it goes, what is new elsewhere, and what waits."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tcpchat.cli.rows import cut, width
from tcpchat.cli.show import label, marked, unread_of
from tcpchat.client.view import Conversation, View
from tcpchat.model.text import showable

MOST_PENDING_ROWS = 5
"""How many of the lines that are not yet stored are shown above the prompt."""

MOST_PENDING_CHARACTERS = 40
"""Of each of them: a row that wraps when the window gets narrower would be left standing there."""

SHARE = 3 / 5
"""The most that the prompt takes of a row; the rest is to type in."""

QUIET, HERE, CALLED, PLAIN = "class:quiet", "class:here", "class:called", ""
"""How parts of a prompt look."""

Part = tuple[str, str]
"""A look, and a text."""


class Link(NamedTuple):
    """Whether there is one to the server, and how many lines wait."""

    there: bool
    waiting: int


def parts(view: View, link: Link, columns: int) -> list[Part]:
    """``ann #lobby @bob:@1 #dev:12> ``; what does not fit is left out: first who one is, and last where one is."""
    most = int(columns * SHARE)
    for tried in _shorter_and_shorter(view, link):
        if width(text_of(tried)) <= most:
            return tried
    return [(HERE, cut(_here(view), most - 2)), (PLAIN, "> ")]


def text_of(prompt: Sequence[Part]) -> str:
    """Without its looks."""
    return "".join(text for _, text in prompt)


def pending_rows(typed: list[str], columns: int, rows: int) -> list[str]:
    """``… hello``, one row for each line, and one for the first of those that are too many for so many `rows`."""
    most = min(MOST_PENDING_ROWS, rows)
    if most <= 0:
        return []
    hidden = len(typed) - most
    shown = [marked("\N{HORIZONTAL ELLIPSIS}", one)[0].text for one in typed[max(0, hidden) :]]
    if hidden > 0:
        shown.insert(0, f"\N{HORIZONTAL ELLIPSIS} ({hidden} more before these)")
    return [cut(one, min(columns - 1, MOST_PENDING_CHARACTERS)) for one in shown]


def choices_row(choices: Sequence[str], chosen: int, columns: int) -> str:
    """``carol  [caroline]  carla``: how a word may go on, as far as it fits into a row, with the chosen one."""
    words = [one.strip(" :") for one in choices]
    row = [f"[{one}]" if number == chosen else one for number, one in enumerate(words)]
    while chosen > 0 and width("  ".join(row[: chosen + 1])) >= columns:
        row, chosen = row[1:], chosen - 1
    return cut("  ".join(row), columns - 1)


def _shorter_and_shorter(view: View, link: Link) -> Iterator[list[Part]]:
    elsewhere = view.elsewhere
    me = [(PLAIN, f"{showable(view.me)} ")]
    here: list[Part] = [(HERE, _here(view))] if view.current is not None else []
    state = _state(link)
    end: list[Part] = [(PLAIN, "> ")]
    yield [*me, *here, *_unread(elsewhere, len(elsewhere)), *state, *end]
    for count in range(len(elsewhere), -1, -1):
        yield [*here, *_unread(elsewhere, count), *state, *end]
    state = _state(link._replace(waiting=0))
    yield [*here, *_unread(elsewhere, 0), *state, *end]
    yield [*here, *state, *end]
    yield [*here, *end]


def _here(view: View) -> str:
    return label(view.current.name) if view.current is not None else ""


def _unread(elsewhere: list[Conversation], count: int) -> list[Part]:
    """The first `count`, and how many more there are."""
    shown = [(CALLED if one.mentions else PLAIN, f" {unread_of(one)}") for one in elsewhere[:count]]
    hidden = elsewhere[count:]
    look = CALLED if any(one.mentions for one in hidden) else PLAIN
    return [*shown, (look, f" +{'@' if look else ''}{len(hidden)}")] if hidden else shown


def _state(link: Link) -> list[Part]:
    if link.there:
        return []
    return [(PLAIN, f" (no link, {link.waiting} waiting)" if link.waiting else " (no link)")]
