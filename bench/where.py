"""``make bench-profile``: where the server's time goes, by thread and by layer. On Linux only."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crowd import Crowd
from machine import most_clients, two_cpus
from subject import running_on
from talk import SAMPLE, SENDERS, Audience, Pace, Talk, talkers

PROFILED = Path(__file__).with_name("profiled.py")
PATIENCE = 10.0

CLIENTS = 1_000
WORK = {
    "one room, window 1": (1, Pace(1_500, 1)),
    "one room, window 16": (1, Pace(4_000, 16)),
    "one room, window 64": (1, Pace(10_000, 64)),
    "one room, 100 messages/s": (1, Pace(60, rate=100)),
    "100 rooms, window 16": (100, Pace(1_500, 16)),
}


class Watched(Talk):
    """The server looks at itself until all is heard; not while that is verified, when it has time for other things."""

    def _verify(self) -> None:
        os.kill(self._server, signal.SIGUSR1)
        super()._verify()


def look(rooms: int, pace: Pace) -> dict[str, Any]:
    """Let a crowd talk, and see what the server does meanwhile."""
    cpus = two_cpus()
    with TemporaryDirectory(prefix="tcpchat-bench-") as directory:
        file = Path(directory) / "seen.json"
        program = (str(PROFILED), str(file))
        with running_on(Path(directory) / "log", cpus[0] if cpus else None, program=program) as server:
            crowd = Crowd(server.port)
            crowd.connect(most_clients(CLIENTS))
            senders, sample = (SENDERS, SAMPLE) if rooms == 1 else (1, 1)
            members = crowd.join(rooms, lambda clients: talkers(clients, senders))
            audiences = [Audience(room, clients, senders, sample) for room, clients in members.items()]
            os.kill(server.pid, signal.SIGUSR1)
            result = Watched(audiences, pace, server.pid).run()
            deadline = time.monotonic() + PATIENCE
            while not file.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            crowd.leave()
            return {"messages": result.messages, **json.loads(file.read_text())}


def table(what: str, found: dict[str, Any]) -> Iterator[str]:
    """Shares of all that the server took."""
    threads = found["threads"]
    total = sum(sum(times) for times in threads.values())
    yield f"{what}: {total / found['messages'] * 1e6:,.0f} us of CPU for each of {found['messages']:,} messages"
    for name, (user, system) in sorted(threads.items(), key=lambda thread: -sum(thread[1])):
        if user + system >= total / 200:
            yield f"  {NAMES.get(name, name):34} {(user + system) / total:6.1%}   in the kernel {system / total:6.1%}"
    looks = sum(found["seen"].values())
    for layer, count in sorted(found["seen"].items(), key=lambda one: -one[1]):
        yield f"    {layer:32} {count / looks:6.1%}"


NAMES = {
    "MainThread": "the event loop",
    "tcpchat-writer": "the log's writer",
    "tcpchat-index": "the search index",
}


def main() -> int:
    """Look at each kind of work."""
    if not Path("/proc/self/task").exists() or not hasattr(signal, "setitimer"):
        print("bench-profile: this needs Linux.")
        return 0
    cpus = two_cpus()
    if cpus:
        os.sched_setaffinity(0, {cpus[1]})
    for what, (rooms, pace) in WORK.items():
        print("\n".join(table(what, look(rooms, pace))), flush=True)
    print(
        "The layers are shares of all CPU time, seen from the event loop: what other threads take is in them as well."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
