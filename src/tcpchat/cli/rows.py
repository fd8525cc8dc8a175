"""Rows of a terminal: what goes on in the next row cannot pass for a line of its own."""

import re

from prompt_toolkit.utils import get_cwidth

INDENT = "      "
NARROW = 20
"""In a terminal of fewer columns nobody can tell anything from anything."""

_HEAD = re.compile(r"\s*((\* )?\d\d:\d\d |-- |── |… |! |\S+( [#@]\S+)+( \(no link[^>]*\))?> )")
"""How lines of ours begin."""


def unforged(line: str, columns: int) -> str:
    """A line for a terminal of so many columns, broken and indented where its next row would begin as another line.

    Everything else goes on at the edge as the terminal has it, so that long addresses can be copied.
    """
    if len(line) * 2 <= columns or columns < NARROW:  # no character takes more than two columns
        return line
    pieces, start, used = [], 0, 0
    for place, character in enumerate(line):
        width = get_cwidth(character)
        if used + width > columns:
            used = 0
            if _HEAD.match(line, place):
                pieces.append(line[start:place])
                start, used = place, len(INDENT)
        used += width
    return f"\n{INDENT}".join([*pieces, line[start:]])
