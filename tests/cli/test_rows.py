"""Long lines are broken between words, and no row of theirs begins as another line begins."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("prompt_toolkit")

from prompt_toolkit.utils import get_cwidth

from tcpchat.cli.rows import INDENT, NARROW, rows_of, width


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


@pytest.mark.parametrize("line", ["short", "x" * 300, "https://example.org/" + "y" * 200, "12:00 <bob> " + "y" * 200])
def test_a_word_that_fits_into_no_row_stays_in_one_piece(line: str) -> None:
    assert rows_of(line, 80, 12) == [line]


@pytest.mark.parametrize("columns", [40, 80])
def test_further_rows_are_under_the_text(columns: int) -> None:
    text = " ".join(["some words of a message"] * 9)
    broken = rows_of(f"12:00 <bob> {text}", columns, 12)
    assert all(row.startswith(" " * 12) and not row[12].isspace() for row in broken[1:])
    assert " ".join([broken[0].removeprefix("12:00 <bob> "), *(row[12:] for row in broken[1:])]) == text
    assert all(columns - 8 < len(row) <= columns for row in broken[:-1])


def test_what_follows_a_long_address_goes_on_below_it() -> None:
    address = "https://example.org/" + "y" * 100
    assert rows_of(f"12:00 <bob> see  {address}  for more", 80, 12) == [
        "12:00 <bob> see",
        address,
        f"{' ' * 12}for more",
    ]
    assert rows_of(f"12:00 <bob> {address} is it", 80, 12) == [f"12:00 <bob> {address}", f"{' ' * 12}is it"]


def test_text_without_spaces_is_broken_between_its_characters() -> None:
    joined = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"
    assert rows_of("漢" * 30, 40) == ["漢" * 20, f"{' ' * INDENT}{'漢' * 10}"]
    assert "".join(row.strip() for row in rows_of(joined * 30, 40)) == joined * 30
    assert not any(row.lstrip().startswith("\N{ZERO WIDTH JOINER}") for row in rows_of(joined * 30, 40))


def test_what_some_terminals_draw_wider_is_counted_so() -> None:
    cloud = "\N{CLOUD}\N{VARIATION SELECTOR-16}"
    assert width(cloud) == 2
    assert max(map(len, rows_of(cloud * 60, 40))) <= 40


def test_a_narrow_terminal_is_left_alone() -> None:
    assert rows_of("some words " * 9, NARROW - 1) == ["some words " * 9]


def test_a_line_that_is_indented_stays_so_however_narrow_it_is() -> None:
    assert rows_of(f"{' ' * 30}12:00 <bob> no", 20, 30) == [f"{' ' * INDENT}12:00 <bob> no"]
    assert rows_of(" " * 30, 24, 30) == [""]


@pytest.mark.threat(21)
@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            ["x", "漢", " ", "xxxx", "x" * 50, "é" * 50, "\xa0", "09:00 <carol> hi ", "-- carol ", "ann #tea> ", "… "]
        ),
        max_size=60,
    ),
    st.integers(NARROW, 60),
    st.integers(0, 40),
)
def test_no_row_but_the_first_begins_as_a_line_does(words: list[str], columns: int, hang: int) -> None:
    line = "x" + "".join(words)
    broken = rows_of(line, columns, hang)
    assert "".join("".join(broken).split(" ")) == "".join(line.split(" "))
    assert all(row.startswith(" " * INDENT) or " " not in row for row in broken[1:])
    for row in rows("\n".join(broken), columns)[1:]:
        assert row.startswith(" " * INDENT) or (row.isascii() and " " not in row)
        assert not row.startswith(("09:00 <", "-- carol", "ann #tea> ", "… "))
