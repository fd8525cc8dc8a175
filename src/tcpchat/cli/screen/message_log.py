"""The messages of one conversation: only the rows that are seen are ever laid out, however many messages there are."""

from collections.abc import Callable, Sequence

from rich.style import Style
from textual import events

from tcpchat.cli.screen.page import Page
from tcpchat.cli.screen.page import Row as Spans
from tcpchat.cli.screen.palette import NONE, Palette
from tcpchat.cli.screen.rows import Row, Rows

WHEEL_ROWS = 3
Place = tuple[int, int]
"""An item's number, and which of its rows."""


class MessageLog(Rows):
    """Shows the end of a page, or, when one has scrolled up, the same place however much is added.

    :ivar top: the place in the first row; None at the end.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id)
        self.page: Page | None = None
        self.top: Place | None = None
        self._seen = 0
        """The number of the first item that came after one scrolled up."""
        self._laid_out_for = 0
        self._rows: dict[int, list[Spans]] = {}

    def open(self, page: Page) -> None:
        """Show another page, its end."""
        self.page, self.top = page, None
        self.changed()

    def changed(self) -> None:
        """See `Rows`. What is seen of the page is laid out again."""
        self._rows.clear()
        super().changed()

    @property
    def missed(self) -> int:
        """How many messages came below what is seen."""
        return self.page.new_since(self._seen) if self.page is not None and self.top is not None else 0

    # scrolling

    def scroll_rows(self, rows: int) -> None:
        """Down, or up if it is less than 0."""
        if self.page is None:
            return
        if self.top is None:
            self._seen = self.page.end
        self.top = self._moved(self.top or self._last_top(), rows)
        if (rows > 0 and self._fits(self.top)) or self.top == self._last_top():
            self.top = None
        self.changed()

    def scroll_pages(self, pages: int) -> None:
        """The same; two rows stay, so that one knows where one was."""
        self.scroll_rows(pages * max(1, self.size.height - 2))

    def to_end(self) -> None:
        """See what comes."""
        self.top = None
        self.changed()

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-WHEEL_ROWS)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(WHEEL_ROWS)

    def _moved(self, place: Place, rows: int) -> Place:
        """So many rows further, and no further than the first or last."""
        assert self.page is not None
        number, row = place
        row += rows
        while row < 0 and number > self.page.first:
            number -= 1
            row += len(self._rows_of(number))
        while row >= (count := len(self._rows_of(number))) and number < self._end - 1:
            row -= count
            number += 1
        return number, max(0, row)

    def _last_top(self) -> Place:
        """The place in the first row when the end is seen."""
        assert self.page is not None
        number, wanted = self._end, self.size.height
        while wanted > 0 and number > self.page.first:
            number -= 1
            wanted -= len(self._rows_of(number))
        return number, max(0, -wanted)

    def _fits(self, top: Place) -> bool:
        """Whether all from there on can be seen."""
        return top >= self._last_top()

    # drawing

    def look(self) -> Sequence[Row]:
        """See `Rows`. Fewer than there is room for stand at the bottom, near the line that is typed."""
        if self._laid_out_for != self.size.width:
            self._laid_out_for = self.size.width
            self._rows.clear()
        rows = self._visible() if self.page is not None else []
        seen: list[Row] = [[(span.text, self._style(span.look)) for span in row if span.text] for row in rows]
        return [*([()] * (self.size.height - len(seen))), *seen]

    def _visible(self) -> list[Spans]:
        assert self.page is not None
        if self.top is not None and self.top[0] < self.page.first:
            self.top = (self.page.first, 0)
        number, row = self.top or self._last_top()
        rows: list[Spans] = []
        for one in range(number, self._end):
            rows += self._rows_of(one)
            if len(rows) >= row + self.size.height:
                break
        return rows[row : row + self.size.height]

    @property
    def _end(self) -> int:
        assert self.page is not None
        return self.page.end + len(self.page.pending)

    def _rows_of(self, number: int) -> list[Spans]:
        assert self.page is not None
        if number not in self._rows:
            self._rows[number] = self.page.rows(number, self.size.width)
        return self._rows[number]

    def _style(self, look: str) -> Style:
        if look.startswith("@"):
            return Style(color=self.palette.of(look[1:]))
        return _LOOKS[look](self.palette)


def _dim(palette: Palette) -> Style:
    return Style(color=palette.dim, dim=palette is NONE)


_LOOKS: dict[str, Callable[[Palette], Style]] = {
    "text": lambda palette: Style(color=palette.text),
    "own": lambda palette: Style(color=palette.text, bold=True),
    "clock": _dim,
    "chat": _dim,
    "day": _dim,
    "rule": lambda palette: Style(color=palette.rule),
    "new": lambda palette: Style(color=palette.alarm, bold=True),
    "mark": lambda palette: Style(color=palette.accent, bold=True),
    "called": lambda palette: Style(color=palette.accent, bold=palette is NONE),
    "pending": lambda palette: Style(color=palette.dim, italic=True),
    "failed": lambda palette: Style(color=palette.alarm),
    "warning": lambda palette: Style(color=palette.alarm),
}
