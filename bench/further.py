"""More scenarios beside the limit than ``ratio.sh`` has: growth, large rooms, joins, connections, capabilities.

Part of ``make bench-limit``. Each runs ``chatload`` against the limit and against the server in turn.
"""

import argparse
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from machine import most_clients, two_cpus

Result = dict[str, Any]

NOISE = 0.15
"""Of a core that others took: a run with more is not counted while there is a better one."""

PATIENCE = 20.0
SECONDS = 250
"""What one run may take."""


MOST = most_clients(10_000)
"""As many clients as there may be open files."""


def _talk(clients: int, messages: int) -> str:
    return f"--clients {clients} --senders 10 --messages {messages} --window 16"


GROWTH = {f"E {clients:,}": _talk(clients, messages) for clients, messages in (
    (100, 8_000), (300, 4_000), (1_000, 1_200), (3_000, 400), (MOST, 100),
)}  # fmt: skip
RUNS = {
    "D": f"--clients {MOST} --rooms {MOST // 10} --senders 1 --messages 1",
    "D2": f"--clients {MOST} --senders 1 --messages 20 --rate 2",
    "J": "--clients 3000 --senders 1 --messages 1",
    **GROWTH,
    "T": f'{_talk(1_000, 1_200)} --caps "message-tags server-time echo-message"',
}
"""What `chatload` is to do."""

ALONE = frozenset({"D", "J", "T"})
"""Not compared with the limit: it keeps nothing of a client, tells everybody of every join, and knows no tags."""


@dataclass(frozen=True)
class Figure:
    """What is read from the results of a run."""

    what: str
    run: str
    read: Callable[[Result], float]
    unit: str
    goal: str
    reached: Callable[[float, float], bool]
    """Given the server's figure, and its share of the limit's, or of the server's own in the run `beside`."""
    beside: str = ""


def _speed(result: Result) -> float:
    return float(result["deliveries_per_s"])


FIGURES = (
    Figure("D: connects", "D", lambda one: float(one["connect_rate"]), "/s", "6,000/s", lambda mine, _: mine >= 6_000),
    Figure("D: memory", "D", lambda one: float(one["rss_per_conn_kb"]), "KiB", "8 KiB", lambda mine, _: mine <= 8),
    Figure(f"D2: last of {MOST:,}", "D2", lambda one: float(one["completion_us"]["p50"]) / 1_000, "ms", "1.2 x",
           lambda _, share: share <= 1.2),
    Figure("J: 3,000 join", "J", lambda one: float(one["join_s"]), "s", "3 s", lambda mine, _: mine <= 3),
    *(Figure(name, name, _speed, "/s", "", lambda *_: True) for name in GROWTH),
    Figure("T: tags", "T", _speed, "/s", "0.80 of plain", lambda _, share: share >= 0.8, beside="E 1,000"),
)  # fmt: skip
MOST_SPREAD = 0.2
"""How much the shares of the growth may differ from the one with 1,000 clients."""


class Beside:
    """Runs `chatload` against the limit and the server, in turn."""

    def __init__(self, tools: Path, server: str, repeats: int) -> None:
        self._tools = tools
        self._commands = {"limit": f"{tools / 'limit'} --port %PORT%", "server": server}
        self._repeats = repeats
        self._cpus = two_cpus()

    def run(self) -> Iterator[tuple[str, str, Result]]:
        """Every result, with the name of its run, and who it was."""
        for name, options in RUNS.items():
            for _ in range(self._repeats):
                for who in ("server",) if name in ALONE else ("limit", "server"):
                    print(f"{name} {who} ...", file=sys.stderr, flush=True)
                    yield name, who, self._load(who, options)

    def _load(self, who: str, options: str) -> Result:
        with self._running(self._commands[who]) as (port, pid):
            command = [str(self._tools / "chatload"), "--port", str(port), "--server-pid", str(pid), "--json"]
            with subprocess.Popen([*command, *shlex.split(options)], stdout=subprocess.PIPE, text=True) as load:
                self._pin(load.pid, 1)
                try:
                    output, _ = load.communicate(timeout=SECONDS)
                finally:
                    load.kill()
        result: Result = json.loads(output.strip().splitlines()[-1])
        return result

    @contextmanager
    def _running(self, command: str) -> Iterator[tuple[int, int]]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        with subprocess.Popen(shlex.split(command.replace("%PORT%", str(port))), stdout=subprocess.DEVNULL) as process:
            self._pin(process.pid, 0)
            try:
                _wait_for(port)
                yield port, process.pid
            finally:
                process.terminate()

    def _pin(self, pid: int, cpu: int) -> None:
        if self._cpus:
            os.sched_setaffinity(pid, {self._cpus[cpu]})


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit("bench-limit: the server does not start.")


def table(results: dict[tuple[str, str], list[Result]]) -> Iterator[str]:
    """A line for each figure: medians over the runs."""
    yield ""
    yield "                        server        limit    share   goal"
    shares = {}
    for figure in FIGURES:
        mine = _median(results, figure.run, "server", figure)
        other = _median(results, figure.beside or figure.run, "server" if figure.beside else "limit", figure)
        share = shares[figure.run] = mine / other if other else 0.0
        beside = f"{other:12,.1f} {share:8.2f}" if other else f"{'-':>12} {'-':>8}"
        goal = f"{figure.goal}: {'reached' if figure.reached(mine, share) else 'MISSED'}" if figure.goal else ""
        yield f"{figure.what:18} {mine:12,.1f} {beside}   {goal} [{figure.unit}]"
    growth = [shares[name] / shares["E 1,000"] - 1 for name in GROWTH]
    spread = f"{min(growth):+.0%} to {max(growth):+.0%} of the share with 1,000 clients"
    verdict = "reached" if max(map(abs, growth)) <= MOST_SPREAD else "MISSED"
    yield f"E: {spread}; goal {MOST_SPREAD:.0%}: {verdict}"


def _median(results: dict[tuple[str, str], list[Result]], run: str, who: str, figure: Figure) -> float:
    every = results.get((run, who), [])
    clean = [one for one in every if one["other_util"] <= NOISE] or every
    return float(median(map(figure.read, clean))) if clean else 0.0


def main() -> int:
    """Run all, print the table; 1 if a delivery was not as it should be."""
    parser = argparse.ArgumentParser(prog="further.py", description="More scenarios beside the limit.")
    parser.add_argument("tools", type=Path, help="the directory of chatload and limit")
    parser.add_argument("server", help="the command, with %%PORT%% in it")
    parser.add_argument("repeats", type=int)
    options = parser.parse_args()
    results: dict[tuple[str, str], list[Result]] = {}
    wrong = []
    for run, who, result in Beside(options.tools, options.server, options.repeats).run():
        results.setdefault((run, who), []).append(result)
        if not result["ok"] and who == "server":
            wrong.append(f"{run}: deliveries were not verified")
    print("\n".join(table(results)))
    for sentence in wrong:
        print(f"FAILED: {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
