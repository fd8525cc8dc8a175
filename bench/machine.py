"""The machine: its CPUs, and what a process takes of it."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SPARE_FILES = 64
"""Open files that are needed for other things than clients."""


@dataclass(frozen=True)
class Usage:
    """What a process has taken so far."""

    cpu_seconds: float
    memory_kib: float


def usage(pid: int) -> Usage:
    """From the system where it is Linux, else from ps."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        pages = int(stat.read_text().rpartition(")")[2].split()[21])
        return Usage(time.clock_gettime(_cpu_clock(pid)), pages * os.sysconf("SC_PAGE_SIZE") / 1024)
    memory, taken = subprocess.check_output(["ps", "-o", "rss=,time=", "-p", str(pid)], text=True).split()
    return Usage(_seconds(taken), float(memory))


class Stopwatch:
    """What the server, and this process beside it, take from here on: seconds, and seconds of CPU."""

    def __init__(self, server: int) -> None:
        self._server = server
        self.seconds = self.server_cpu = self.own_cpu = 0.0
        """Up to the last stop."""
        self.go_on()

    def go_on(self) -> None:
        """Count again, from now."""
        self._cpu, self._own = usage(self._server).cpu_seconds, time.process_time()
        self._started = time.monotonic()

    def stop(self) -> None:
        """Count what was taken since the start, or since it went on."""
        self.seconds += time.monotonic() - self._started
        self.own_cpu += time.process_time() - self._own
        self.server_cpu += usage(self._server).cpu_seconds - self._cpu

    def loads(self) -> dict[str, float]:
        """The shares of a CPU, as the results call them."""
        return {"server_load": self.server_cpu / self.seconds, "generator_load": self.own_cpu / self.seconds}


def two_cpus() -> tuple[int, int] | None:
    """One for the server and one for the load; None where there is only one, or no way to choose."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cpus = sorted(os.sched_getaffinity(0))
    return (cpus[0], cpus[1]) if len(cpus) > 1 else None


def most_clients(wanted: int) -> int:
    """As many as wanted, or as the limit on open files allows; raises it for this process and those it starts."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + SPARE_FILES
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, soft - SPARE_FILES)


def _cpu_clock(pid: int) -> int:
    """The clock of another process's CPU time, as clock_getcpuclockid(3) gives it: exact, where /proc has 10 ms."""
    return ~pid << 3 | 2


def _seconds(written: str) -> float:
    """``1:02:03`` and ``2:03.45`` as seconds."""
    seconds = 0.0
    for part in written.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
