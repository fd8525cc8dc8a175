"""The machine: its CPUs, and what a process takes of it."""

import os
import subprocess
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
    """From /proc where there is one, else from ps."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        fields = stat.read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return Usage(ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1024)
    memory, time = subprocess.check_output(["ps", "-o", "rss=,time=", "-p", str(pid)], text=True).split()
    return Usage(_seconds(time), float(memory))


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


def _seconds(written: str) -> float:
    """``1:02:03`` and ``2:03.45`` as seconds."""
    seconds = 0.0
    for part in written.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
