"""``make bench-compare A=… B=…``: two files of results side by side, so that a change shows what it cost."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

NOT_MEASURED = frozenset({"plan", "machine"})
"""Parts of a file that say what was done, and on what."""

AMOUNTS = frozenset({"clients", "messages", "deliveries", "seconds", "server_cpu_s", "fill_s"})
"""How much was done, and what it took: that is in the other figures."""

NAMED_BY = ("window", "clients", "size", "log_messages")
"""What tells the runs in a list apart; the median of those that are alike counts."""

DIRECTIONS = {
    "_per_s": +1,
    "_per_server_cpu_s": +1,
    "_ratio": +1,
    "_ms": -1,
    "_s": -1,
    "kib_per_connection": -1,
    "left_over": -1,
}
"""Which direction is better, by how a figure's name ends; the first that fits. Of others only the figures are shown."""

NOTABLE = 0.05
"""A smaller change is not called better or worse."""


class Figures(NamedTuple):
    """One file: which machine and software, what was to be done, and the figures by name."""

    about: str
    plan: Any
    found: dict[str, float]


def read(file: Path) -> Figures:
    """The figures of a file that ``bench.py`` wrote.

    :raises ValueError: if it is none.
    """
    try:
        results = json.loads(file.read_text())
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise ValueError(f"{file} is no JSON ({error}).") from error
    if not isinstance(results, dict) or not isinstance(results.get("machine"), dict):
        raise ValueError(f"{file} is no result of bench.py.")
    machine = results["machine"]
    about = ", ".join(f"{key} {machine.get(key, '?')}" for key in ("tcpchat", "python", "system", "cpus"))
    return Figures(about, results.get("plan"), dict(figures(results)))


def figures(part: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """All numbers in a part, by where they stand."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key not in NOT_MEASURED | AMOUNTS:
                yield from figures(value, f"{name} {key}".strip())
    elif isinstance(part, list):
        yield from _runs(part, name)
    elif isinstance(part, int | float) and not isinstance(part, bool):
        yield name, float(part)


def _runs(runs: list[Any], name: str) -> Iterator[tuple[str, float]]:
    """Of runs that are alike, the median of each figure."""
    alike: dict[str, list[float]] = {}
    for run in runs:
        if isinstance(run, dict):
            known = " ".join(f"{key}={run[key]}" for key in NAMED_BY if key in run)
            told = {key: value for key, value in run.items() if key not in NAMED_BY}
            for figure, value in figures(told, f"{name.removesuffix(' runs')} {known}".strip()):
                alike.setdefault(figure, []).append(value)
    for figure, values in alike.items():
        yield figure, float(median(values))


def table(before: Figures, after: Figures) -> Iterator[str]:
    """A line for each figure."""
    yield f"before: {before.about}"
    yield f"after:  {after.about}"
    if before.about != after.about:
        yield "These are not the same machine and software: compare with care."
    if before.plan != after.plan:
        yield "Not the same was done (see `plan` in the files): few of these figures can be compared."
    names = list(dict.fromkeys([*before.found, *after.found]))
    width = max(map(len, names), default=0)
    yield f"{'':{width}} {'before':>14} {'after':>14}  change"
    for name in names:
        old, new = before.found.get(name), after.found.get(name)
        yield f"{name:{width}} {_number(old)} {_number(new)}  {change(name, old, new)}".rstrip()


def change(name: str, before: float | None, after: float | None) -> str:
    """How much a figure changed, and whether that is good."""
    if before is None or after is None:
        return "only there" if after is None else "new"
    if not before:
        return "" if not after else "was 0"
    share = after / before - 1
    better = next((sign for end, sign in DIRECTIONS.items() if name.endswith(end)), 0)
    if not better or abs(share) < NOTABLE:
        return f"{share:+7.1%}"
    return f"{share:+7.1%}  {'better' if share * better > 0 else 'WORSE'}"


def _number(value: float | None) -> str:
    if value is None:
        return f"{'-':>14}"
    return f"{value:14,.0f}" if abs(value) >= 1_000 else f"{value:14.4g}"


def main() -> int:
    """Print the table; 2 if a file is not what it should be."""
    parser = argparse.ArgumentParser(prog="compare.py", description="Two files of results side by side.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    files = parser.parse_args()
    try:
        before, after = read(files.before), read(files.after)
    except ValueError as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    print("\n".join(table(before, after)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
