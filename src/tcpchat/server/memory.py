"""How much memory this process may take, where the system says so, and whether it has nearly all of it."""

import os
from pathlib import Path

SHARE = 0.85
"""Of what it may take: with more than that nobody else is let in."""

_GROUPS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory"), ("/sys/fs/cgroup", "memory.max", ""))
"""Where cgroups are, version 1 and 2: the directory, the limit's file, the controller's name in /proc/self/cgroup."""


class Memory:
    """Asked about once a second. Where nothing is known there is always enough."""

    def __init__(self) -> None:
        self._group = min(map(_limit, _groups()), default=0.0) or float("inf")
        self._page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0

    def short(self) -> bool:
        """Whether it is time to let nobody else in."""
        try:
            addressed, resident = (int(pages) * self._page for pages in _statm())
        except (OSError, ValueError):
            return False
        return resident > SHARE * self._group or addressed > SHARE * address_space()


def address_space() -> float:
    """How many bytes may be addressed (``ulimit -v``)."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return float("inf")
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return float("inf") if soft == resource.RLIM_INFINITY else soft


def _statm() -> list[str]:
    """How many pages are addressed, and how many of them are in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return file.read().split()[:2]


def _groups() -> list[Path]:
    """The files with the limits that may hold: those of our groups, and of the groups these are in."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    files = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        for root, name, controller in _GROUPS:
            if controller in controllers.split(",") and (controller or not controllers):
                path = Path(root + group)
                files += [one / name for one in (path, *path.parents) if one.is_relative_to(root)]
    return files


def _limit(file: Path) -> float:
    """In bytes; without one, or where it cannot be read, there is none."""
    try:
        return float(file.read_text())
    except (OSError, ValueError):  # "max"
        return float("inf")
