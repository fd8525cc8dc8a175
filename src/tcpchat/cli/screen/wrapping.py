"""Text in rows of so many columns, as a terminal counts them."""

from rich.cells import cell_len, set_cell_size, split_graphemes

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def wrapped(text: str, columns: int) -> list[str]:
    """The text in rows that are no wider, broken at spaces and between wide characters, or where nothing else helps."""
    return [row for line in text.split("\n") for row in _rows(line, max(columns, 2))]


def clipped(text: str, columns: int) -> str:
    """The beginning of a line, with an ellipsis if there is more."""
    if columns < 1:
        return ""
    if cell_len(text) <= columns:
        return text
    return set_cell_size(text, columns - 1).rstrip() + ELLIPSIS


def padded(text: str, columns: int) -> str:
    """The same, and spaces up to so many columns."""
    return set_cell_size(clipped(text, columns), columns)


def _rows(line: str, columns: int) -> list[str]:
    if cell_len(line) <= columns:
        return [line]
    rows: list[str] = []
    start, used = 0, 0
    gap, used_there = 0, 0  # where it may be broken
    for begin, end, width in split_graphemes(line)[0]:
        space = line[begin:end] == " "
        if space and (used + width > columns or (rows and start == begin)):  # a row neither begins nor ends with one
            rows += [line[start:begin]] if start < begin else []
            start = gap = end
            used = used_there = 0
            continue
        if used + width > columns:
            at = gap if gap > start else begin
            rows.append(line[start:at].rstrip(" "))
            used -= used_there if at == gap else used
            start, gap, used_there = at, at, 0
        used += width
        if space or width > 1:
            gap, used_there = end, used
    return [*rows, line[start:]] if start < len(line) else rows
