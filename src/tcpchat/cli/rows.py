"""Rows of a terminal: lines broken between words, so that no row but the first can pass for a line of its own."""

import re
from collections.abc import Iterator
from itertools import pairwise

from prompt_toolkit.utils import get_cwidth

INDENT = 6
"""At least so many spaces are before whatever goes on in a further row."""

MOST_INDENT = 0.3
"""And at most this part of a row, if that is not less."""

NARROW = 20
"""In a terminal of fewer columns nobody can tell anything from anything."""

_SPACES_AND_WORD = re.compile(" *[^ ]+")
_JOINER = "\N{ZERO WIDTH JOINER}"
_AS_PICTURE = "\N{VARIATION SELECTOR-16}"
_PICTURES = "\U0001f000"


def rows_of(line: str, columns: int, hang: int = INDENT) -> list[str]:
    """A line for a terminal of so many columns. Its further rows are indented by `hang`, if that leaves enough.

    A word of ASCII that is too long for that, such as an address, stays in one piece, from the edge on, so that it can
    be copied; the terminal breaks it. As there is no space in it, nobody can have one of its rows look like a line.
    """
    if len(line) * 2 <= columns or columns < NARROW:  # no character takes more than two columns
        return [line]
    rows = _Rows(columns, hang)
    for spaces, piece in _pieces(line):
        rows.add(spaces, piece)
    return rows.done()


class _Rows:
    """Rows, the last of which is being filled."""

    def __init__(self, columns: int, hang: int) -> None:
        self._columns = columns
        self._head = hang
        self._hang = max(min(hang, int(columns * MOST_INDENT)), INDENT)
        self._done: list[str] = []
        self._row = ""
        self._used = 0
        self._empty = True
        """Whether nothing is in the row yet."""

    def add(self, spaces: str, piece: str) -> None:
        """Spaces, which are dropped where a row ends, and what belongs together."""
        if self._empty:
            spaces = "" if self._done else spaces[: self._hang]
        if self._used + len(spaces) + width(piece) <= self._columns:
            self._put(f"{spaces}{piece}")
        elif self._hang + width(piece) <= self._columns:
            self._break()
            self._put(piece)
        elif piece.isascii():
            self._put_whole(spaces, piece)
        else:
            self._put_broken(spaces, piece)

    def done(self) -> list[str]:
        """All of them."""
        return self._done if self._empty and self._done else [*self._done, self._row]

    def _put(self, text: str) -> None:
        self._row += text
        self._used += width(text)
        self._empty = False

    def _break(self) -> None:
        if not self._empty:
            self._done.append(self._row)
            self._row, self._used, self._empty = " " * self._hang, self._hang, True

    def _put_spaces(self, spaces: str) -> None:
        if self._used + len(spaces) < self._columns:
            self._put(spaces)
        else:
            self._break()

    def _put_whole(self, spaces: str, piece: str) -> None:
        if self._used > self._head:
            self._break()
            self._row, self._used = "", 0
        else:
            self._put_spaces(spaces)
        self._put(piece)
        self._break()

    def _put_broken(self, spaces: str, piece: str) -> None:
        self._put_spaces(spaces)
        for character in piece:
            if self._used + width(character) > self._columns:
                self._break()
            self._put(character)


def width(text: str) -> int:
    """The most columns that a terminal may take for it: pictures are drawn wider by some than by others."""
    if text.isascii():
        return len(text)
    return sum(2 if one >= _PICTURES else 1 if one == _AS_PICTURE else get_cwidth(one) for one in text)


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """Spaces and words; in scripts that have no spaces, a line can be broken before every character."""
    for found in _SPACES_AND_WORD.finditer(line):
        word = found[0].lstrip(" ")
        spaces = found[0][: -len(word)]
        for piece in [word] if word.isascii() else _characters(word):
            yield spaces, piece
            spaces = ""


def _characters(word: str) -> list[str]:
    """Parted before each wide character, unless it is joined to the one before."""
    pieces = [word[0]]
    for before, one in pairwise(word):
        if get_cwidth(one) == 2 and before != _JOINER:
            pieces.append(one)
        else:
            pieces[-1] += one
    return pieces


def cut(text: str, columns: int) -> str:
    """As much of it as fits into so many columns, with ``…`` at its end if that is not all."""
    used = 0
    for place, character in enumerate(text):
        used += width(character)
        if used > columns:
            return f"{_fitting(text[:place], columns - 1)}\N{HORIZONTAL ELLIPSIS}" if columns > 0 else ""
    return text


def _fitting(text: str, columns: int) -> str:
    while width(text) > columns:
        text = text[:-1]
    return text
