"""A million lines in all dialects, and configurations: ``python -m tests.fuzz.everything``, a part of `make fuzz`.

One chat lives through all of it. Told at the end is what failed, how memory grew, and how long a line took.
"""

import argparse
import gc
import json
import random
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from tcpchat.backend import memory as backend
from tests.fuzz import settings
from tests.fuzz.fuzzer import empty_caches
from tests.fuzz.parlour import Parlour, said
from tests.fuzz.world import alarmed

LINES = 1_000_000
SETTINGS = 10
"""Of so many trials one is of a configuration."""

LIFE = 100_000
"""Lines in one chat: it has been full for long by then."""

MOST_GROWTH_BLOCKS = 20_000
"""Python's objects may be so many more at the end of a chat's life than when half of it was over, caches emptied."""

MOST_SECONDS = 0.1
"""Of the processor, that a line may take; a garbage collection may be among it."""

WARM_UP = 1_000
"""Lines after which what is loaded when it is first needed has been."""

MOST_LOG_BYTES = 1 << 18


class Trial:
    """All of it: what failed, by where that was, and what it took."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.failures: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self.lines = self.configurations = self.valid = 0
        self.slowest = 0.0
        self.growth: list[int] = []

    def run(self, lines: int, life: int = LIFE) -> None:
        """So many lines, and a tenth as many configurations."""
        kept, backend.MOST_BYTES = backend.MOST_BYTES, MOST_LOG_BYTES
        try:
            with alarmed(), tempfile.TemporaryDirectory() as directory:
                for start in range(0, lines, life):
                    self._live(start, min(lines, start + life), Path(directory) / "tcpchat.toml")
        finally:
            backend.MOST_BYTES = kept

    def _live(self, start: int, end: int, file: Path) -> None:
        parlour = Parlour()
        half = start + (end - start) // 2
        for number in range(start, end):
            if number == half:
                before = blocks()
            try:
                self._line(parlour, number)
            except Exception as error:
                self._failed(error, number)
                parlour = Parlour()
            if number % SETTINGS == 0:
                self._settings(number, file)
        self.growth.append(blocks() - before)

    def _line(self, parlour: Parlour, number: int) -> None:
        who, line = said(Random(f"{self._seed} {number}"))
        parlour.play(who, line)
        self.lines += 1
        if self.lines > WARM_UP:
            self.slowest = max(self.slowest, parlour.took)

    def _settings(self, number: int, file: Path) -> None:
        self.configurations += 1
        try:
            self.valid += settings.tried(Random(f"{self._seed} settings {number}"), file)
        except Exception as error:
            self._failed(error, number)

    def _failed(self, error: Exception, number: int) -> None:
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {Path(place.filename).name}: {place.name}"
        self.failures[what] += 1
        self.first.setdefault(what, f"number {number}: {''.join(traceback.format_exception(error)[-6:])}")

    @property
    def result(self) -> dict[str, Any]:
        """One line of JSON."""
        return {
            "test": "fuzz of all dialects", "seed": self._seed, "lines": self.lines,
            "configurations": self.configurations, "valid": self.valid, "failures": dict(self.failures),
            "grown_blocks": max(self.growth),
            "slowest_ms": round(self.slowest * 1_000, 1),
        }  # fmt: skip


def blocks() -> int:
    """How many objects of Python's there are, caches emptied."""
    empty_caches()
    gc.collect()
    return sys.getallocatedblocks()


def main() -> None:
    """Run it; the status is 1 if something failed, or memory grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    wanted = parser.parse_args()
    trial = Trial(wanted.seed)
    trial.run(wanted.lines, min(LIFE, wanted.lines))
    print(*trial.first.values(), json.dumps(trial.result), sep="\n", flush=True)
    bad = trial.failures or max(trial.growth) > MOST_GROWTH_BLOCKS or trial.slowest > MOST_SECONDS
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
