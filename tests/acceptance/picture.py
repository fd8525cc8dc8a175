"""What is on a screen of the tests, as a picture: the ones in the documentation are made so (``make picture``)."""

from io import StringIO
from itertools import groupby

from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, DIMMED_MONOKAI, TerminalTheme
from rich.text import Text

from tests.cli.screen import Screen

DARK, LIGHT = DIMMED_MONOKAI, DEFAULT_TERMINAL_THEME

_NAMES = {"brown": "yellow", "default": "default"}
"""What pyte calls otherwise than Rich."""


def picture(screen: Screen, title: str, theme: TerminalTheme = DARK) -> str:
    """An SVG of a terminal."""
    rows, columns = screen.size
    console = Console(record=True, width=columns, height=rows, file=StringIO(), legacy_windows=False)
    for row in range(rows):
        console.print(_row(screen, row, columns), no_wrap=True, crop=True)
    return console.export_svg(title=title, theme=theme, unique_id="terminal")


def _row(screen: Screen, row: int, columns: int) -> Text:
    """The place of the cursor is shown, where somebody types."""
    places = [(screen.at(row, column), screen.cursor == (row, column)) for column in range(columns)]
    alike = groupby(places, key=lambda place: _style(place[0], reverse=place[1]))
    return Text.assemble(*(("".join(char.data for char, _ in some), style) for style, some in alike))


def _style(char: Char, *, reverse: bool) -> Style:
    return Style(
        color=_colour(char.fg), bgcolor=_colour(char.bg), bold=char.bold, italic=char.italics,
        underline=char.underscore, reverse=char.reverse != reverse,
    )  # fmt: skip


def _colour(name: str) -> str:
    """pyte gives six hexadecimal digits, or a name."""
    if len(name) == 6 and all(digit in "0123456789abcdef" for digit in name.lower()):
        return f"#{name}"
    return _NAMES.get(name, name.replace("bright", "bright_"))
