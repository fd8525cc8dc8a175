"""Thirty minutes of a chat's life: ``python -m tests.soak.soak``, or ``make soak``.

Some stay and talk, many come and go, some of them to do harm. Now and then the coming and going stops for a moment, and
what the server has then is counted: memory, open files, tasks. After the first quarter nothing of it may grow.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from tests.soak.honest import SAY, Honest
from tests.soak.server import DOOR
from tests.soak.visitors import visit

SECONDS = 1_800
EVERY = 10.0
"""Seconds from one look at the server to the next."""

PER_SECOND = 8
"""What each of the honest says in four seconds or so: all of them together say as many a second."""

AT_ONCE = 6
"""Visitors who are there at the same time."""

MOST_SLOPE = 1.0
"""MiB an hour that the memory may grow by after the warm-up, as the median of the slopes between all looks says."""

MOST_FILES, MOST_TASKS = 5, 10
"""By how many open files and tasks may differ from one look to another."""

SETTLING = 12.0
"""Seconds that it may take until those who left are gone, and what they said last is obeyed."""

ENOUGH = 20
"""Looks from which on a slope says something."""


class Ports(NamedTuple):
    """Where the server listens."""

    plain: int
    tls: int


@dataclass
class Soak:
    """One run."""

    ports: Ports
    door: Any
    seed: int
    looks: list[dict[str, Any]] = field(default_factory=list)
    visits: int = 0
    honest: list[Honest] = field(default_factory=list)

    async def run(self, seconds: float, every: float = EVERY) -> None:
        """All of it."""
        self.honest = [
            await Honest.come(f"h{number}{dialect}", dialect, self.ports.plain, f"127.10.0.{number + 1}")
            for number, dialect in enumerate([*SAY, *SAY])
        ]
        talking = [asyncio.create_task(one.listen()) for one in self.honest]
        talking.append(asyncio.create_task(self._talk()))
        await self._look()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self._churn(min(end, time.monotonic() + every))
            await self._look()
            if any(one.lost for one in self.honest):
                break
        talking.pop().cancel()
        await self._all_heard()
        for one in self.honest:
            one.leave()
        await asyncio.wait(talking)

    async def _talk(self) -> None:
        turn = 0
        while True:
            self.honest[turn % len(self.honest)].say()
            turn += 1
            await asyncio.sleep(1 / PER_SECOND)

    async def _churn(self, until: float) -> None:
        await asyncio.gather(*(self._visits(number, until) for number in range(AT_ONCE)))

    async def _visits(self, number: int, until: float) -> None:
        while time.monotonic() < until:
            self.visits += 1
            await visit(random.Random(f"{self.seed} {self.visits} {number}"), *self.ports)

    async def _look(self) -> None:
        """When those who left are gone; if that takes long, it shows in what is counted."""
        end = time.monotonic() + SETTLING
        while True:
            counted = await asyncio.to_thread(self._ask)
            if not self.looks or counted["tasks"] <= self.looks[0]["tasks"] or time.monotonic() > end:
                break
            await asyncio.sleep(0.2)
        self.looks.append({"time": time.monotonic(), **counted})

    def _ask(self) -> dict[str, int]:
        self.door.write("?\n")
        self.door.flush()
        return json.loads(self.door.readline())  # type: ignore[no-any-return]

    async def _all_heard(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                while self.missing and not any(one.lost for one in self.honest):
                    await asyncio.sleep(0.05)

    @property
    def missing(self) -> int:
        """What the honest have said and not heard."""
        return sum(
            speaker.said - hearer.heard.get(speaker.nick, 0)
            for speaker in self.honest
            for hearer in self.honest
            if hearer is not speaker
        )

    def result(self) -> dict[str, Any]:
        """What came of it, as one line of JSON tells it."""
        settled = self.looks[max(1, len(self.looks) // 4) :]
        seconds = self.looks[-1]["time"] - self.looks[0]["time"]
        return {
            "test": "soak", "seed": self.seed, "minutes": round(seconds / 60, 1),
            "visits": self.visits, "said": sum(one.said for one in self.honest), "missing": self.missing,
            "wrong": sum(one.wrong for one in self.honest), "lost_links": sum(one.lost for one in self.honest),
            "used_mib": round(settled[-1]["used"] / (1 << 20), 2),
            "used_slope_mib_per_hour": round(slope(settled, "used"), 3),
            "resident_mib": round(settled[-1]["resident"] / (1 << 20), 1),
            "resident_slope_mib_per_hour": round(slope(settled, "resident"), 3),
            **{f"{name}_spread": spread(settled, name) for name in ("files", "tasks", "threads")},
        }  # fmt: skip


def slope(looks: list[dict[str, Any]], name: str) -> float:
    """MiB an hour: the median of the slopes between all pairs of looks (Theil and Sen), which no single peak moves."""
    slopes = [
        (later[name] - earlier[name]) / (later["time"] - earlier["time"])
        for place, earlier in enumerate(looks)
        for later in looks[place + 1 :]
    ]
    return median(slopes) * 3_600 / (1 << 20) if slopes else 0.0


def spread(looks: list[dict[str, Any]], name: str) -> int:
    """From the least to the most."""
    return int(max(one[name] for one in looks) - min(one[name] for one in looks))


def complaints(result: dict[str, Any], looks: int, errors: str) -> list[str]:
    """What is not as it must be."""
    found = [f"{name} is {result[name]}" for name in ("missing", "wrong", "lost_links") if result[name]]
    if result["files_spread"] > 2 * MOST_FILES or result["tasks_spread"] > 2 * MOST_TASKS:
        found.append("open files or tasks are not constant")
    if looks >= ENOUGH and result["used_slope_mib_per_hour"] > MOST_SLOPE:
        found.append(f"memory grows by {result['used_slope_mib_per_hour']} MiB an hour")
    if re.search(r"Traceback|\bERROR\b|\bCRITICAL\b", errors):
        found.append(f"the server logged: {errors[-3_000:]}")
    return found


@contextmanager
def serving(directory: Path) -> Iterator[tuple[Ports, Any]]:
    """A server process, and the door to it."""
    ours, theirs = socket.socketpair()
    options = ["--data", str(directory), "--tls", "self-signed", "--tls-listen", "127.0.0.1:0",
               "--log-level", "warning", "--as-root", "--set", "keep.entries=20000"]  # fmt: skip
    environment = {**os.environ, DOOR: str(theirs.fileno()), "PYTHONMALLOC": "malloc"}
    with (directory / "errors").open("w") as errors, ours:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.server", "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, pass_fds=[theirs.fileno()],
        )  # fmt: skip
        theirs.close()
        ours.settimeout(60)
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl-C" not in said:
                line = process.stdout.readline()
                assert line, said + (directory / "errors").read_text()
                said += line
            found = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", said)]
            with ours.makefile("rw") as door:
                yield Ports(*list(dict.fromkeys(found))[:2]), door
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def main() -> None:
    """Run it, tell what came of it, and exit with 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--every", type=float, default=EVERY)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--looks", action="store_true", help="print each look at the server")
    wanted = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # visitors write to links that they have broken
    with tempfile.TemporaryDirectory(prefix="tcpchat-soak-") as kept:
        with serving(Path(kept)) as (ports, door):
            soak = Soak(ports, door, wanted.seed)
            asyncio.run(soak.run(wanted.seconds, wanted.every))
        wrong = complaints(result := soak.result(), len(soak.looks), (Path(kept) / "errors").read_text())
    if wanted.looks:
        print(*map(json.dumps, soak.looks), sep="\n")
    print(json.dumps(result | {"failed": wrong}), flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
