"""``make unicode``: makes the tables of look-alikes and scripts from Unicode's own files.

``confusables.txt`` comes from https://www.unicode.org/Public/security/, ``Scripts.txt`` from
https://www.unicode.org/Public/UCD/latest/ucd/. What names need of them is kept, with the version in the first line.
"""

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

WHERE = Path(__file__).parents[1] / "src/tcpchat/model/unicode"
HEAD = "# {what}, from {file} of Unicode {version}. © Unicode, Inc.; see LICENSE. Made by tools/unicode_tables.py.\n"


def rows(text: str) -> Iterator[list[str]]:
    """The fields of each line, without comments."""
    for line in text.lstrip("\ufeff").splitlines():
        if data := line.partition("#")[0].strip():
            yield [field.strip() for field in data.split(";")]


def version(text: str) -> str:
    """Which version of Unicode a file is of, as its first lines say."""
    found = re.search(r"(?:Version: |Scripts-)(\d+\.\d+\.\d+)", text)
    if found is None:
        raise SystemExit("This is not one of Unicode's files: it names no version.")
    return found[1]


def confusables(text: str) -> Iterator[str]:
    """A line for each character: what it is, and what it looks like, in hexadecimal."""
    for source, target, *_ in sorted(rows(text), key=lambda row: int(row[0], 16)):
        yield " ".join([f"{int(code, 16):X}" for code in (source, *target.split())])


def scripts(text: str) -> Iterator[str]:
    """A line for each stretch of characters: the first, the last, and their script."""
    stretches: list[tuple[int, int, str]] = []
    for codes, script in sorted(rows(text), key=lambda row: int(row[0].split("..")[0], 16)):
        first, last = (int(code, 16) for code in (codes.split("..") * 2)[:2])
        if stretches and stretches[-1][1:] == (first - 1, script):
            stretches[-1] = (stretches[-1][0], last, script)
        else:
            stretches.append((first, last, script))
    return (f"{first:X} {last:X} {script}" for first, last, script in stretches)


def write(file: Path, head: str, lines: Iterable[str]) -> None:
    """One table."""
    file.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("confusables", type=Path)
    parser.add_argument("scripts", type=Path)
    parser.add_argument("--into", type=Path, default=WHERE, help="the folder of the tables")
    files = parser.parse_args()
    alike, written = (file.read_text("utf-8") for file in (files.confusables, files.scripts))
    head = HEAD.format(what="What each character looks like", file="confusables.txt", version=version(alike))
    write(files.into / "confusables.txt", head, confusables(alike))
    head = HEAD.format(what="Which script characters belong to", file="Scripts.txt", version=version(written))
    write(files.into / "scripts.txt", head, scripts(written))


if __name__ == "__main__":
    main()
