"""Colours at a terminal: which of its 256 a nick has, always the same, and which the rest has. Or none at all."""

import os
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple
from zlib import crc32

from tcpchat.cli.show import Kind, Line
from tcpchat.model import names

_LEVELS = (0, 95, 135, 175, 215, 255)
"""The shades of red, green and blue in the entries 16 to 231 of 256 colours, which no theme changes."""

BRACKETS = (">", "-")
"""What may stand behind a nick."""

PLAIN, BOLD = "\x1b[0m", "\x1b[1m"


class Palette(NamedTuple):
    """What has which of 256 colours. `nicks` go round the wheel; `quiet` is what need not be read."""

    nicks: tuple[int, ...]
    quiet: int
    accent: int
    alarm: int

    def of(self, nick: str) -> int:
        """The colour of somebody: the same everywhere and always."""
        return self.nicks[crc32(names.fold(nick).encode()) % len(self.nicks)]


DARK = Palette((204, 209, 214, 185, 113, 79, 44, 39, 105, 141, 171, 212), quiet=246, accent=220, alarm=203)
LIGHT = Palette((125, 124, 94, 58, 22, 23, 24, 25, 27, 56, 91, 126), quiet=241, accent=94, alarm=160)
BOTH = Palette((131, 166, 100, 64, 28, 65, 30, 31, 32, 63, 134, 163), quiet=243, accent=166, alarm=196)
"""DARK and LIGHT have a contrast of 4.5 or more to such grounds (WCAG AA). On a ground that nobody knows that is not to
be had, by arithmetic: what has 4.5 on #1e1e1e has 3.2 on #fdf6e3. BOTH has 3.5 or more on all of them."""

PALETTES = {"dark": DARK, "light": LIGHT}
LIGHT_GROUNDS = frozenset({"7", "15"})


def fitting(wanted: str) -> Palette | None:
    """The palette that is `wanted`, by the setting ``colours``; None: there shall be no colours, or there are none.

    ``auto`` is for the ground that the terminal says it has, in COLORFGBG; if it does not, for any.
    """
    if wanted == "none" or os.environ.get("NO_COLOR") or not _has_colours():
        return None
    ground = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    if wanted == "auto" and ground.isdigit():
        return LIGHT if ground in LIGHT_GROUNDS else DARK
    return PALETTES.get(wanted, BOTH)


def hex_of(index: int) -> str:
    """One of 256 colours, from 16 on, as ``#rrggbb``."""
    red, green, blue = _rgb(index)
    return f"#{red:02x}{green:02x}{blue:02x}"


def painted(line: Line, rows: Sequence[str], palette: Palette | None, *, own: bool) -> list[str]:
    """The rows of a line in their colours. Each row ends as it began, so that nothing of it stays in the terminal.

    :param own: one said it oneself.
    """
    if palette is None:
        return [*rows]
    look = _looks(palette).get(line.kind, "")
    first, *others = rows
    return [_first(line, first, look, palette, own=own), *(_in(look, row) for row in others)]


def _first(line: Line, row: str, look: str, palette: Palette, *, own: bool) -> str:
    """Who said it, and quietly when."""
    start, end = line.at, line.at + len(line.nick)
    if not line.nick or end > len(row):
        return _in(look, row)
    nick = _in(BOLD if own else f"{look}{_colour(palette.of(line.nick))}", row[start:end])
    around = look or _colour(palette.quiet)
    text = end + 1 if row[end : end + 1] in BRACKETS else end
    return f"{_in(around, row[:start])}{nick}{_in(around, row[end:text])}{_in(look, row[text:])}"


@cache
def _looks(palette: Palette) -> dict[Kind, str]:
    return {
        "mention": BOLD,
        "passing": _colour(palette.quiet),
        "day": _colour(palette.quiet),
        "heading": BOLD,
        "new": _colour(palette.accent),
        "failed": _colour(palette.alarm),
    }


def _in(look: str, text: str) -> str:
    return f"{look}{text}{PLAIN}" if look and text else text


def _colour(index: int) -> str:
    return f"\x1b[38;5;{index}m"


def _rgb(index: int) -> tuple[int, int, int]:
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return grey, grey, grey
    index -= 16
    return _LEVELS[index // 36], _LEVELS[index // 6 % 6], _LEVELS[index % 6]


def _has_colours() -> bool:
    """As the system's list of terminals says; one that is not in it mostly has them."""
    try:
        from curses import error, setupterm, tigetnum
    except ImportError:  # Windows
        return True
    try:
        setupterm(fd=1)
    except error:
        return bool(os.environ.get("TERM"))
    return tigetnum("colors") >= 8
