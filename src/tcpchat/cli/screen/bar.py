"""One row: what the conversation is about, how it stands, what the keys do."""

from collections.abc import Iterable

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tcpchat.cli.screen.drawing import strip
from tcpchat.cli.screen.wrapping import clipped

Piece = tuple[str, Style]


class Bar(Widget):
    """What does not fit is cut off, with an ellipsis."""

    can_focus = False

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._pieces: list[Piece] = []

    def put(self, pieces: Iterable[Piece]) -> None:
        """Show these, one after the other."""
        self._pieces = list(pieces)
        self.refresh()

    @property
    def text(self) -> str:
        """What it shows, or would if there were room."""
        return "".join(text for text, _ in self._pieces)

    def render_line(self, y: int) -> Strip:
        """See `Widget`."""
        ground, columns = self.rich_style, self.size.width
        return strip(_fitting(self._pieces, columns, ground), columns, self.content_region.x, ground)


def _fitting(pieces: Iterable[Piece], columns: int, ground: Style) -> Iterable[Piece]:
    for text, style in pieces:
        yield clipped(text, columns), ground + style
        columns -= cell_len(text)
        if columns <= 0:
            return
