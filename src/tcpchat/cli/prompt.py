"""What stands before the line that is typed: who one is, where it goes, what is new elsewhere, and what waits."""

from collections.abc import Iterator, Sequence

from tcpchat.cli.rows import cut, width
from tcpchat.cli.show import label, marked, unread_of
from tcpchat.cli.talk import Talk
from tcpchat.client.view import Conversation
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


def parts(talk: Talk, columns: int) -> list[Part]:
    """``ann #lobby @bob:@1 #dev:12> ``; what does not fit is left out, and where one is comes last to go."""
    most = int(columns * SHARE)
    for tried in _shorter_and_shorter(talk):
        if width(text_of(tried)) <= most:
            return tried
    return [(HERE, cut(_here(talk), most - 2)), (PLAIN, "> ")]


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


def choices_row(choices: Sequence[str], chosen: int | None, columns: int) -> str:
    """``carol  [caroline]  carla``: how a word may go on, from the chosen one on, as far as that fits."""
    marked_ones = [f"[{one.strip()}]" if number == chosen else one.strip() for number, one in enumerate(choices)]
    while chosen and width("  ".join(marked_ones[: chosen + 1])) >= columns:
        marked_ones, chosen = marked_ones[1:], chosen - 1
    return cut("  ".join(marked_ones), columns - 1)


def _shorter_and_shorter(talk: Talk) -> Iterator[list[Part]]:
    elsewhere = talk.view.elsewhere
    me = [(PLAIN, f"{showable(talk.me)} ")]
    here: list[Part] = [(HERE, _here(talk))] if _here(talk) else []
    end: list[Part] = [(PLAIN, "> ")]
    for count in range(len(elsewhere), -1, -1):
        yield [*me, *here, *_unread(elsewhere, count), *_link(talk, numbers=True), *end]
    few = _unread(elsewhere, 0)
    yield [*me, *here, *few, *_link(talk, numbers=False), *end]
    yield [*here, *few, *_link(talk, numbers=False), *end]
    yield [*here, *_link(talk, numbers=False), *end]
    yield [*here, *end]


def _here(talk: Talk) -> str:
    return label(talk.view.current.name) if talk.view.current is not None else ""


def _unread(elsewhere: list[Conversation], count: int) -> list[Part]:
    """The first `count`, and how many more there are."""
    shown = [(CALLED if one.mentions else PLAIN, f" {unread_of(one)}") for one in elsewhere[:count]]
    hidden = elsewhere[count:]
    look = CALLED if any(one.mentions for one in hidden) else PLAIN
    return [*shown, (look, f" +{'@' if look else ''}{len(hidden)}")] if hidden else shown


def _link(talk: Talk, *, numbers: bool) -> list[Part]:
    if talk.connected:
        return []
    return [(PLAIN, f" (no link, {talk.waiting} waiting)" if numbers and talk.waiting else " (no link)")]
