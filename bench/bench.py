"""``make bench``: what this server does on this machine."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import plots
import stored
from load import Job, Kind
from machine import most_clients, two_cpus
from report import machine, table, warnings
from subject import CannotMeasure, Server, running, running_on
from talk import SIZE, Pace

HERE = Path(__file__).parent
MOST_SECONDS = 420
"""What all scenarios may take, on a busy machine, too; one that is not done by then is given up."""

INDEX_SECONDS = 90
"""How long the search index may take to know everything."""

CROWDS = {"plain": ("irc",), "tags": ("tags",), "mixed": ("irc", "jsonl", "line")}
"""Which languages are compared."""

SIZES = ("clients", "idle_clients", "paced_clients", "joining_clients", "large_clients")

TRIES = 5
"""Commands are timed so often; the fastest counts."""

STARTS = 3
"""So often a server with a long log is started; the fastest counts."""


@dataclass(frozen=True)
class Plan:
    """How much is done."""

    clients: int = 1_000
    idle_clients: int = 10_000
    rooms: int = 100
    room_messages: int = 300
    """Of the sender in each of the rooms."""
    joining_clients: int = 3_000
    large_clients: int = 10_000
    growing_clients: tuple[int, ...] = (100, 300, 1_000, 3_000)
    sizes: tuple[int, ...] = (400,)
    """Bytes of messages, besides the usual ones."""
    commits: int = 200
    paced_clients: int = 500
    rounds: int = 3
    windows: tuple[tuple[int, int], ...] = ((1, 400), (16, 800), (64, 2_000))
    """Windows, and how many messages each sender says with them."""
    paced_messages: int = 50
    rate: float = 100
    stored_messages: tuple[int, ...] = (50_000, 1_000_000)
    stored_rate: float = 1_000
    stored_seconds: float = 6
    questions: int = 300
    """Pages, and as many searches."""
    deleted_messages: int = 100_000


QUICK = Plan(
    clients=200,
    idle_clients=500,
    rooms=20,
    room_messages=200,
    joining_clients=300,
    large_clients=500,
    growing_clients=(50, 100, 200),
    commits=50,
    paced_clients=200,
    rounds=1,
    windows=((1, 100), (16, 200), (64, 400)),
    paced_messages=20,
    stored_messages=(20_000,),
    stored_seconds=2,
    questions=60,
    deleted_messages=5_000,
)


class Bench:
    """The scenarios, each with a server of its own."""

    def __init__(self, plan: Plan, *, history: bool) -> None:
        self._plan = plan
        self._history = history
        self._cpus = two_cpus()
        self._starts: list[float] = []
        self._deadline = time.monotonic() + MOST_SECONDS

    def run(self) -> dict[str, Any]:
        """All of them; ends early at the first delivery that is not as it should be."""
        plan = self._plan
        found: dict[str, Any] = {
            "verified": False,
            "machine": machine(self._cpus),
            "history": self._history,
            "plan": asdict(plan),
        }
        for name, measure in self._scenarios().items():
            print(f"{name} ...", file=sys.stderr, flush=True)
            found[name] = measure()
            if _error(found[name]):
                return found
        return found | {"verified": True}

    def _scenarios(self) -> dict[str, Callable[[], Any]]:
        plan = self._plan
        paced = Pace(plan.paced_messages, rate=plan.rate, most_seconds=30)
        rooms = Pace(plan.room_messages, 16)
        every = {
            "idle": lambda: self._scenario("idle", plan.idle_clients),
            "fanout": lambda: self._scenario("talk", plan.clients, self._fanout()),
            "growth": lambda: [self._growth(count) for count in plan.growing_clients],
            "rooms": lambda: self._scenario("talk", plan.clients, (rooms,) * plan.rounds, rooms=plan.rooms),
            "languages": self._languages,
            "paced": lambda: self._scenario("talk", plan.paced_clients, (paced,)),
            "joining": lambda: self._scenario("large", plan.joining_clients),
            "large": lambda: self._scenario("large", plan.large_clients),
            "stored": lambda: [self._stored(count) for count in plan.stored_messages],
            "commit": lambda: stored.commits(plan.commits),
            "commands": self._commands,
        }
        return every if self._history else {name: every[name] for name in every if name not in ("stored", "commit")}

    def _pace(self, window: int, size: int = SIZE) -> Pace:
        return Pace(dict(self._plan.windows)[window], window, size=size)

    def _growth(self, clients: int) -> dict[str, Any]:
        """One room of so many; where they are more than usual, not more is delivered."""
        pace, usual = self._pace(16), self._plan.clients
        pace = replace(pace, messages=max(1, pace.messages * usual // max(usual, clients)))
        return self._scenario("talk", clients, (pace,) * self._plan.rounds)

    def _languages(self) -> dict[str, Any]:
        """As many clients in the same server: plain, with tags, in three languages; then all of them again."""
        found: dict[str, Any] = {}
        with self._server() as server:
            for _ in range(self._plan.rounds):
                for name, languages in CROWDS.items():
                    part = self._load(server, "talk", self._plan.clients, (self._pace(16),), languages=languages)
                    if "error" in part:
                        return found | {name: part}
                    found.setdefault(name, part | {"runs": []})["runs"] += part["runs"]
        return found

    def _fanout(self) -> tuple[Pace, ...]:
        """Every window once, then all of them again: what troubles the machine for a while troubles all alike."""
        once = [self._pace(window) for window, _ in self._plan.windows]
        once += [self._pace(16, size) for size in self._plan.sizes]
        return tuple(once * self._plan.rounds)

    @contextmanager
    def _server(self) -> Iterator[Server]:
        with running(history=self._history, cpu=self._cpus[0] if self._cpus else None) as server:
            self._starts.append(server.start_seconds)
            yield server

    def _scenario(self, kind: Kind, clients: int, paces: tuple[Pace, ...] = (), rooms: int = 1) -> dict[str, Any]:
        with self._server() as server:
            return self._load(server, kind, clients, paces, rooms=rooms)

    def _load(self, server: Server, kind: Kind, clients: int, paces: tuple[Pace, ...], **how: Any) -> dict[str, Any]:
        """Let the load generator do a job."""
        job = Job(kind, server.port, server.pid, most_clients(clients), paces, **how)
        return self._generate("load.py", asdict(job))

    def _stored(self, messages: int) -> dict[str, Any]:
        """A server with a long log: how fast it starts, acknowledges, pages, searches; and while old entries go."""
        plan, cpu = self._plan, self._cpus[0] if self._cpus else None
        with TemporaryDirectory(prefix="tcpchat-bench-") as directory:
            data = Path(directory)
            found: dict[str, Any] = {"log_messages": messages, "fill_s": stored.fill(data, messages)}
            say = {"rate": plan.stored_rate, "seconds": plan.stored_seconds}
            starts = [_start_seconds(data, cpu) for _ in range(1, STARTS)]
            with running_on(data, cpu) as server:
                found["start_s"] = min(*starts, server.start_seconds)
                found["index_s"] = stored.wait(lambda: stored.is_indexed(data), INDEX_SECONDS)
                found |= self._generate("asker.py", {"port": server.port, **say})
                found |= self._generate("asker.py", {"port": server.port, "questions": plan.questions})
            if messages > plan.deleted_messages:
                found |= self._deleting(data, stored.entries(data) - plan.deleted_messages, say)
            return found

    def _deleting(self, data: Path, kept: int, say: dict[str, Any]) -> dict[str, Any]:
        """The acknowledgements again, while all but so many entries are deleted."""
        with running_on(data, self._cpus[0] if self._cpus else None, f"keep.entries={kept}") as server:
            meanwhile = self._generate("asker.py", {"port": server.port, **say})
            stored.wait(lambda: stored.entries(data) <= kept, INDEX_SECONDS)
        error = {"error": meanwhile["error"]} if "error" in meanwhile else {}
        return {"deleting": meanwhile.get("acknowledged"), "left_over": max(0, stored.entries(data) - kept), **error}

    def _generate(self, script: str, job: dict[str, Any]) -> dict[str, Any]:
        command = [sys.executable, str(HERE / script), json.dumps(job)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                if self._cpus:
                    os.sched_setaffinity(process.pid, {self._cpus[1]})
                output, _ = process.communicate(timeout=max(1.0, self._deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return {"error": f"not done {MOST_SECONDS} s after the start of the benchmark"}
            finally:
                process.kill()
        found: dict[str, Any] = json.loads(output) if output else {"error": "the load generator failed"}
        return found

    def _commands(self) -> dict[str, float]:
        imported = "import time; t = time.perf_counter(); import tcpchat; print(time.perf_counter() - t)"
        return {
            "server_start_s": min(self._starts),
            "import_s": min(float(_output("-c", imported)) for _ in range(TRIES)),
            "help_s": min(_seconds("-m", "tcpchat.server", "--help") for _ in range(TRIES)),
        }


def _start_seconds(data: Path, cpu: int | None) -> float:
    with running_on(data, cpu) as server:
        return server.start_seconds


def _error(part: Any) -> bool:
    """Whether something in it failed."""
    if isinstance(part, list):
        return any(map(_error, part))
    return isinstance(part, dict) and ("error" in part or any(map(_error, part.values())))


def _output(*arguments: str) -> str:
    return subprocess.check_output([sys.executable, *arguments], text=True)


def _seconds(*arguments: str) -> float:
    started = time.perf_counter()
    _output(*arguments)
    return time.perf_counter() - started


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.py", description="Measure the chat server on this machine.")
    parser.add_argument("--quick", action="store_true", help="less of everything: under half a minute")
    parser.add_argument("--no-history", action="store_true", help="the server keeps nothing on disk")
    parser.add_argument("--clients", type=int, metavar="N", help="so many clients in every scenario, at least 4")
    parser.add_argument("--messages", type=int, metavar="N", help="so many messages of each sender")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go [bench/results/<date>.json]")
    options = parser.parse_args()
    if (options.clients is not None and options.clients < 4) or (options.messages is not None and options.messages < 1):
        parser.error("there must be at least 4 clients and 1 message")
    return options


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else Plan()
    if options.clients:
        plan = replace(
            plan,
            **dict.fromkeys(SIZES, options.clients),
            rooms=min(plan.rooms, options.clients // 4),
            growing_clients=(options.clients,),
        )
    if options.messages:
        windows = tuple((window, options.messages) for window, _ in plan.windows)
        plan = replace(plan, windows=windows, paced_messages=options.messages, room_messages=options.messages)
    return plan


def _write(found: dict[str, Any], file: Path | None) -> Path:
    if file is None:
        file = HERE / "results" / f"{datetime.now():%Y-%m-%dT%H-%M-%S}.json"
        file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n")
    return file


def main() -> int:
    """Measure, print the table, write the file."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped on the way out
    try:
        found = Bench(_plan(options), history=not options.no_history).run()
    except CannotMeasure as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print("\n".join(table(found)))
    for warning in warnings(found):
        print(f"WARNING: {warning}")
    file = _write(found, options.json)
    print(f"\nAll figures: {file}")
    for plot in plots.write(found, file):
        print(f"Plot: {plot}")
    return 0 if found["verified"] else 1


if __name__ == "__main__":
    sys.exit(main())
