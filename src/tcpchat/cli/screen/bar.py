"""One row: what the conversation is about, how it stands, what the keys do."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from tcpchat.cli.screen.rows import Piece, Row, Rows
from tcpchat.cli.screen.wrapping import clipped


class Bar(Rows):
    """What does not fit is cut off, with an ellipsis."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._pieces: list[Piece] = []

    def put(self, pieces: Iterable[Piece]) -> None:
        """Show these, one after the other."""
        self._pieces = list(pieces)
        self.changed()

    def look(self) -> Sequence[Row]:
        """See `Rows`."""
        return [list(_fitting(self._pieces, self.size.width))]


def _fitting(pieces: Iterable[Piece], columns: int) -> Iterable[Piece]:
    for text, style in pieces:
        yield clipped(text, columns), style
        columns -= cell_len(text)
        if columns <= 0:
            return
