"""What ``ratio.sh`` printed, as one line for each scenario: how much of the limit the server reaches."""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

LEAST_A16 = 0.40
"""Deliveries per second in the room of 1,000 at window 16, as a share of the limit's."""

MOST_KIB = 12.0
"""Memory for one connection."""

GOALS = {"A1": 0.80, "A16": 0.75, "A64": 0.85, "C": 0.70}
"""Shares of the limit that are wanted. Not to reach them is no failure, but is said."""

GOAL_OF_B = "1.3 x and 1.6 x, plus a commit"

_RUN = re.compile(
    r"(?P<scenario>\S+) (?P<who>limit|server) +(?P<verdict>verified|NOT OK) +(?P<speed>[\d,]+)/s"
    r".* p50 +(?P<p50>[\d.]+) ms +p99 +(?P<p99>[\d.]+) ms +(?P<kib>-?[\d.]+) KiB/conn(?P<rest>.*)"
)


@dataclass(frozen=True)
class Run:
    """One line of ``ratio.sh``."""

    scenario: str
    who: str
    verified: bool
    noisy: bool
    speed: float
    p50: float
    p99: float
    kib: float


@dataclass(frozen=True)
class Pair:
    """The limit, and the server right after it."""

    limit: Run
    server: Run

    @property
    def clean(self) -> bool:
        """Whether nothing else troubled the machine."""
        return not self.limit.noisy and not self.server.noisy


def read(lines: Iterable[str]) -> Iterator[Run]:
    """The runs among the lines."""
    for line in lines:
        found = _RUN.match(line)
        if found:
            yield Run(
                scenario=found["scenario"],
                who=found["who"],
                verified=found["verdict"] == "verified",
                noisy="NOISY" in found["rest"],
                speed=float(found["speed"].replace(",", "")),
                p50=float(found["p50"]),
                p99=float(found["p99"]),
                kib=float(found["kib"]),
            )


def pairs(runs: Iterable[Run]) -> dict[str, list[Pair]]:
    """For each scenario the clean pairs; all of them where none is clean."""
    found: dict[str, list[Pair]] = {}
    for limit, server in pairwise(runs):
        if (limit.who, server.who) == ("limit", "server") and limit.scenario == server.scenario:
            found.setdefault(limit.scenario, []).append(Pair(limit, server))
    return {scenario: [one for one in every if one.clean] or every for scenario, every in found.items()}


def table(found: dict[str, list[Pair]]) -> Iterator[str]:
    """A line for each scenario: medians over the pairs."""
    yield "server / limit   deliveries/s   p50     p99    KiB/connection   runs   goal"
    for scenario, every in found.items():
        speed = _median(one.server.speed / one.limit.speed for one in every)
        p50 = _median(one.server.p50 / one.limit.p50 for one in every)
        p99 = _median(one.server.p99 / one.limit.p99 for one in every)
        noise = "" if every[0].clean else ", all NOISY"
        figures = f"{speed:14.2f} {p50:6.1f} x {p99:5.1f} x {_kib(every):13.1f} {len(every):8}"
        yield f"{scenario:14} {figures}{noise}   {_goal(scenario, speed)}".rstrip()


def _goal(scenario: str, speed: float) -> str:
    if scenario not in GOALS:
        return GOAL_OF_B if scenario == "B" else ""
    return f"{GOALS[scenario]:.2f}: {'reached' if speed >= GOALS[scenario] else 'MISSED'}"


def failures(runs: list[Run], found: dict[str, list[Pair]]) -> Iterator[str]:
    """What is not as it should be."""
    for run in runs:
        if not run.verified and run.who == "server":
            yield f"{run.scenario}: deliveries were not verified"
    if "A16" not in found:
        yield "A16: no result"
        return
    speed = _median(one.server.speed / one.limit.speed for one in found["A16"])
    if speed < LEAST_A16:
        yield f"A16: {speed:.2f} of the limit, less than {LEAST_A16:.2f}"
    kib = _kib(found["A16"])
    if kib > MOST_KIB:
        yield f"A16: {kib:.1f} KiB for a connection, more than {MOST_KIB:g}"


def _kib(every: list[Pair]) -> float:
    return _median(one.server.kib for one in every)


def _median(numbers: Iterable[float]) -> float:
    return float(median(numbers))


def main() -> int:
    """Read what ``ratio.sh`` printed, print the table; 1 if the server is not fast or small enough."""
    runs = list(read(sys.stdin))
    found = pairs(runs)
    print("\n".join(["", *table(found)]))
    wrong = list(failures(runs, found))
    for one in wrong:
        print(f"FAILED: {one}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
