"""Rows on a terminal that may count the columns of some characters otherwise than we do."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.cells import cell_len, split_graphemes
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.strip import Strip

_UNCERTAIN = re.compile(
    "[\u0900-\u109f\u1100-\u11ff\u1780-\u17ff"  # scripts of India and South-East Asia, Korean in parts
    "\u200c\u200d\ufe0e\ufe0f\U00010000-\U0001ffff\U00030000-\U0010ffff]"  # joined, in another form, emoji, what is new
)


def strip(pieces: Iterable[tuple[str, Style]], columns: int, left: int, ground: Style) -> Strip:
    """Pieces of text with their style as a row of so many columns, of which the first is column `left` of the screen.

    What stands beside it stays in its place, and so does what follows an emoji that the terminal takes for narrower or
    wider one: the cursor is told where to go on.
    """
    segments: list[Segment] = []
    used = 0
    for text, style in pieces:
        segments += _segments(text, style, left + used) if _UNCERTAIN.search(text) else [Segment(text, style)]
        used += cell_len(text)
    return Strip(segments, used).adjust_cell_length(columns, ground)


def _segments(text: str, style: Style, at: int) -> Iterator[Segment]:
    """Spaces for the characters that are uncertain, which then are written over them."""
    graphemes = [(text[begin:end], width) for begin, end, width in split_graphemes(text)[0]]
    for uncertain, run in groupby(graphemes, lambda one: _UNCERTAIN.search(one[0]) is not None):
        characters, widths = zip(*run, strict=True)
        run_text, width = "".join(characters), sum(widths)
        if uncertain:
            yield Segment(" " * width, style)
            yield _go_to(at)
            yield Segment(run_text, style, [(ControlType.CURSOR_FORWARD, width)])  # it counts for nothing
            yield _go_to(at + width)
        else:
            yield Segment(run_text, style)
        at += width


def _go_to(column: int) -> Segment:
    return Segment(f"\x1b[{column + 1}G", None, [(ControlType.CURSOR_MOVE_TO_COLUMN, column)])
