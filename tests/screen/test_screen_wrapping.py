"""Text in rows: none too wide, and nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("textual")

from rich.cells import cell_len

from tcpchat.cli.screen.wrapping import clipped, padded, wrapped
from tcpchat.model.text import showable

texts = st.text(st.sampled_from("ab c  日本🇩🇪👨\u200d👩❤\ufe0fe\u0301ש-\n")) | st.text().map(showable)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("one  two  three", ["one  two", "three"]),
        ("onetwothreefour", ["onetwoth", "reefour"]),
        ("a onetwothree", ["a", "onetwoth", "ree"]),
        ("12345678 9", ["12345678", "9"]),
        ("日本語も大丈夫", ["日本語も", "大丈夫"]),
        ("a\n\nb", ["a", "", "b"]),
        ("1234567e\u0301x", ["1234567e\u0301", "x"]),
    ],
)
def test_rows_of_eight_columns(text: str, rows: list[str]) -> None:
    assert wrapped(text, 8) == rows


@given(texts, st.integers(2, 40))
def test_no_row_is_too_wide_and_only_spaces_are_lost(text: str, columns: int) -> None:
    rows = wrapped(text, columns)
    assert all(cell_len(row) <= columns for row in rows)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "").replace("\n", "")


@given(texts.map(lambda text: text.replace("\n", "")), st.integers(0, 40))
def test_what_is_clipped_fits_and_says_so(text: str, columns: int) -> None:
    shown = clipped(text, columns)
    assert cell_len(shown) <= columns
    assert shown == text or not columns or shown.endswith("\N{HORIZONTAL ELLIPSIS}")
    if "\u200d" not in text:  # Rich takes what follows it for joined, even a space
        assert cell_len(padded(text, columns)) == columns
