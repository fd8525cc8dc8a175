"""What looks alike, and the tables that say so."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from tcpchat.model import confusables

TOOL = Path(__file__).parents[2] / "tools" / "unicode_tables.py"

CONFUSABLES = """\ufeff# confusables.txt
# Version: 16.0.0
0430 ;\t0061 ;\tMA\t# ( а → a ) CYRILLIC SMALL LETTER A → LATIN SMALL LETTER A\t#
006D ;\t0072 006E ;\tMA\t# ( m → rn ) LATIN SMALL LETTER M → LATIN SMALL LETTER R, LATIN SMALL LETTER N\t#
"""

SCRIPTS = """# Scripts-15.0.0.txt
0061..007A    ; Latin # L&  [26] LATIN SMALL LETTER A..LATIN SMALL LETTER Z
00AA          ; Latin # Lo       FEMININE ORDINAL INDICATOR
0030..0039    ; Common # Nd  [10] DIGIT ZERO..DIGIT NINE
003A..003B    ; Common # Po   [2] COLON..SEMICOLON
"""


def test_the_tables_name_their_version_and_their_licence() -> None:
    tables = files("tcpchat.model").joinpath("unicode")
    for name, lines in (("confusables.txt", 6_000), ("scripts.txt", 500)):
        first, *others = tables.joinpath(name).read_text("utf-8").splitlines()
        assert "of Unicode 1" in first
        assert "LICENSE" in first
        assert len(others) >= lines
    assert "UNICODE LICENSE V3" in tables.joinpath("LICENSE").read_text("utf-8")


def test_tables_are_made_from_the_files_of_unicode(tmp_path: Path) -> None:
    given, made = tmp_path / "given", tmp_path / "made"
    given.mkdir()
    made.mkdir()
    (given / "confusables.txt").write_text(CONFUSABLES, "utf-8")
    (given / "Scripts.txt").write_text(SCRIPTS, "utf-8")
    command = [sys.executable, TOOL, given / "confusables.txt", given / "Scripts.txt", "--into", made]
    subprocess.run(command, check=True)
    first, *others = (made / "confusables.txt").read_text("utf-8").splitlines()
    assert "confusables.txt of Unicode 16.0.0" in first
    assert others == ["6D 72 6E", "430 61"]
    first, *others = (made / "scripts.txt").read_text("utf-8").splitlines()
    assert "Scripts.txt of Unicode 15.0.0" in first
    assert others == ["30 3B Common", "61 7A Latin", "AA AA Latin"]


def test_what_is_no_file_of_unicode_makes_no_table(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("0430 ; 0061 ; MA")
    done = subprocess.run([sys.executable, str(TOOL), "x", "x"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "names no version" in done.stderr


@pytest.mark.threat(25)
@pytest.mark.parametrize(
    ("text", "skeleton"),
    [
        ("paypal", "paypal"),
        ("раураl", "paypal"),
        ("Ι", "l"),
        ("m", "rn"),
        ("é", "e\u0301"),
        ("ſ", "f"),
        ("𝟎", "O"),
        ("", ""),
    ],
)
def test_a_skeleton_is_what_everything_that_looks_so_has(text: str, skeleton: str) -> None:
    assert confusables.skeleton(text) == skeleton


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("ann-2", {"Latin"}),
        ("анна", {"Cyrillic"}),
        ("漢字かな", {"Han", "Hiragana"}),
        ("12", set()),
        ("e\u0301", {"Latin"}),
    ],
)
def test_the_scripts_of_a_text(text: str, scripts: set[str]) -> None:
    assert confusables.scripts(text) == scripts


def test_what_is_assigned_to_no_script_is_not_taken_for_one() -> None:
    assert confusables.scripts("\U0001ffff") == {"Unknown"}
    assert confusables.is_mixed("a\U0001ffff")
