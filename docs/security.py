"""Writes docs/security.md: every row of the threat table, the tests that hold it, and what came of them last.

``python docs/security.py RESULTS > docs/security.md``; the results come from ``pytest -m threat --threats=RESULTS``.
"""

import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = """\
# What is attacked, and what holds

Made by `make docs-security`; do not edit. The rows are those of [threats.toml](threats.toml), and each test names the
rows that it holds: `@pytest.mark.threat(N)`. What is promised, and how to report what does not hold, is in
[SECURITY.md](../SECURITY.md).
A test counts with all its parameters and event loops. Those with a long form, which has the figures of the table of
faults, pass it in `make resilience`; then this page says so.
"""


def main() -> None:
    """Write the page to the standard output."""
    table = tomllib.loads(Path(__file__).with_name("threats.toml").read_text(encoding="utf-8"))
    results = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    results = {name: result for name, result in results.items() if _is_there(name)}
    sys.stdout.write("\n".join(page(table, results)) + "\n")


def page(table: dict[str, Any], results: dict[str, Any]) -> Iterator[str]:
    """The lines of the page."""
    yield HEAD
    for section, rows in table.items():
        yield f"## {section}\n"
        yield "| # | attacker or fault | held by | last result |"
        yield "|---|---|---|---|"
        for number, row in rows.items():
            tests = {name: result for name, result in results.items() if int(number) in result["rows"]}
            yield f"| {number} | {row['fault']} | {_held_by(tests, row)} | {_results(tests)} |"
        yield ""


def _is_there(test: str) -> bool:
    """Tests that were taken away or are called otherwise by now do not count."""
    file, _, name = test.partition("::")
    path = Path(__file__).parents[1] / file
    return path.exists() and f"def {name}(" in path.read_text(encoding="utf-8")


def _held_by(tests: dict[str, Any], row: dict[str, str]) -> str:
    held = [f"`{name.removeprefix('tests/').replace('.py::', ' ')}`" for name in sorted(tests)]
    if "missing" in row:
        held.append(f"*{'Not all: ' if tests else 'No test: '}{row['missing']}.*")
    return "<br>".join(held)


def _results(tests: dict[str, Any]) -> str:
    return "<br>".join(
        f"{result['outcome']}{' × ' + str(result['runs']) if result['runs'] > 1 else ''}"
        f"{' (long form)' if result['form'] == 'long' else ''}, {result['date']}"
        for _, result in sorted(tests.items())
    )


if __name__ == "__main__":
    main()
