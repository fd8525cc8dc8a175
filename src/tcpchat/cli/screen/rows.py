"""A part of the screen that is rows of text, drawn again only if they are other ones."""

from collections.abc import Sequence

from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tcpchat.cli.screen.drawing import strip
from tcpchat.cli.screen.palette import DARK, Palette

Piece = tuple[str, Style]
Row = Sequence[Piece]


class Rows(Widget):
    """Whoever is one of these says in `look` what there is to see."""

    can_focus = False
    palette: Palette = DARK

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: Sequence[Row] | None = None
        self._shown_in = Size()
        self._ground: Style | None = None

    def look(self) -> Sequence[Row]:
        """The rows, from the first on, as they are now."""
        raise NotImplementedError

    def changed(self) -> None:
        """They may be other ones."""
        rows, self._shown_in = self.look(), self.size
        if rows != self._shown:
            self._shown = rows
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """See `Widget`."""
        if self._shown is None or self._shown_in != self.size:
            self._shown, self._shown_in = self.look(), self.size
        ground = self._ground = self._ground or self.rich_style  # which takes its time
        row = self._shown[y] if y < len(self._shown) else ()
        return strip([(text, ground + style) for text, style in row], self.size.width, self.content_region.x, ground)

    def notify_style_update(self) -> None:
        """See `Widget`."""
        super().notify_style_update()
        self._shown = self._ground = None
