"""Notes what came of the tests that hold a row of the threat table: ``pytest -m threat --threats=FILE``."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

import pytest


class Result(TypedDict):
    """What came of one test, with all its parameters and on all its loops."""

    rows: list[int]
    outcome: str
    runs: int
    date: str
    form: str


_WORSE = ("failed", "passed", "skipped")
"""Of several runs of one test the first of these counts."""


class Threats:
    """A plug-in of pytest. What the file knows of tests that did not run this time is kept."""

    def __init__(self, file: Path, form: str) -> None:
        """
        :param form: the short one or the long one.
        """
        self._file = file
        self._form = form
        self._rows: dict[str, list[int]] = {}
        self._results: dict[str, Result] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Before any of them runs."""
        for item in items:
            rows = {row for mark in item.iter_markers("threat") for row in mark.args}
            if rows:
                self._rows[item.nodeid] = sorted(rows)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After each phase of each of them; only the test itself is a run, anything else counts if it went wrong."""
        if report.nodeid in self._rows and (report.when == "call" or report.outcome != "passed"):
            self._note(report)

    def _note(self, report: pytest.TestReport) -> None:
        test, rows = report.nodeid.partition("[")[0], self._rows[report.nodeid]
        today = datetime.now(UTC).date().isoformat()
        first = Result(rows=rows, outcome=report.outcome, runs=0, date=today, form=self._form)
        result = self._results.setdefault(test, first)
        result["rows"] = sorted({*result["rows"], *rows})
        result["runs"] += 1
        result["outcome"] = min(result["outcome"], report.outcome, key=_WORSE.index)

    def pytest_sessionfinish(self) -> None:
        """When all is over."""
        before = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(before | self._results, indent=1, sort_keys=True) + "\n")
