"""Every row of the threat table that concerns one node is held by a test, or says why there is none yet."""

import re
import tomllib
from pathlib import Path

TESTS = Path(__file__).parents[1]
DOCS = TESTS.parent / "docs"
MARK = re.compile(r"mark\.threat\(([\d, ]+)\)")


def rows() -> dict[int, dict[str, str]]:
    table = tomllib.loads((DOCS / "threats.toml").read_text(encoding="utf-8"))
    return {int(number): row for section in table.values() for number, row in section.items()}


def held() -> set[int]:
    sources = [file.read_text(encoding="utf-8") for file in TESTS.rglob("test_*.py")]
    marks = [mark for source in sources for mark in MARK.findall(source)]
    return {int(number) for mark in marks for number in mark.split(",") if number.strip()}


def test_the_table_has_rows_1_to_70() -> None:
    assert sorted(rows()) == list(range(1, 71))


def test_every_row_has_a_test_or_says_why_not() -> None:
    assert [number for number, row in rows().items() if number not in held() and "missing" not in row] == []


def test_what_has_no_test_is_for_what_there_is_not_yet() -> None:
    """Everything that concerns one node, and what it can be talked to with, has one."""
    later = {24: "WebSocket", 57: "plug-ins", 65: "WebSocket", 66: "web page", 68: "node"}
    assert {number for number in rows() if number not in held()} <= set(later)
    assert all(word in rows()[number]["missing"] for number, word in later.items())


def test_no_test_holds_a_row_that_there_is_not() -> None:
    assert held() <= set(rows())


def test_the_page_has_every_row_and_only_tests_that_there_are() -> None:
    page = (DOCS / "security.md").read_text(encoding="utf-8")
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == list(rows())
    named = re.findall(r"`([\w/]+) (test_\w+)`", page)
    assert named
    for file, test in named:
        assert re.search(rf"\bdef {test}\b", (TESTS / f"{file}.py").read_text(encoding="utf-8")), f"{file} {test}"


def test_what_the_page_says_failed_is_not_published() -> None:
    assert "| failed" not in (DOCS / "security.md").read_text(encoding="utf-8")
