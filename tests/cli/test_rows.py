"""Where a long line would begin a row as another line begins."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("prompt_toolkit")

from prompt_toolkit.utils import get_cwidth

from tcpchat.cli.rows import INDENT, NARROW, unforged


def rows(line: str, columns: int) -> list[str]:
    """As a terminal wraps it."""
    found = []
    for one in line.split("\n"):
        row = ""
        for character in one:
            if sum(map(get_cwidth, row + character)) > columns:
                found.append(row)
                row = ""
            row += character
        found.append(row)
    return found


@pytest.mark.parametrize(
    "line", ["short", "x" * 300, "https://example.org/" + "y" * 200, "漢" * 100, "12:00 <bob> " + "x " * 80]
)
def test_what_looks_like_no_other_line_stays_as_it_is(line: str) -> None:
    assert unforged(line, 80) == line


@pytest.mark.threat(21)
@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from(["x", "漢", " ", "xxxx", "09:00 <carol> hi ", "-- carol ", "ann #tea> ", "… "]), max_size=60
    ),
    st.integers(NARROW, 60),
)
def test_no_row_but_the_first_begins_as_a_line_does(words: list[str], columns: int) -> None:
    line = "x" + "".join(words)
    safe = unforged(line, columns)
    assert safe.replace(f"\n{INDENT}", "") == line
    for row in rows(safe, columns)[1:]:
        assert not row.startswith(("09:00 <", "-- carol", "ann #tea> ", "… "))
