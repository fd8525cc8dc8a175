"""A server that looks at itself: where its time goes. ``where.py`` starts it; SIGUSR1 tells it to begin, and to end.

Every so much CPU time of the process it notes in which layer the event loop's thread is; in the end, what each thread
took.
"""

import json
import os
import runpy
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

EVERY = 0.001
"""Seconds of CPU time between two looks; the system's clock may be coarser."""

LAYERS = {
    "tcpchat/server/outbox": "sending (uvloop, system calls)",
    "tcpchat/server/": "sessions",
    "tcpchat/wire/": "reading and writing lines",
    "tcpchat/model/": "reading and writing lines",
    "tcpchat/chat/rules/": "rules",
    "tcpchat/chat/fanout": "fan-out",
    "tcpchat/chat/": "effects, hub",
    "tcpchat/backend/": "the log, on the loop",
    "asyncio/": "the loop, receiving",
    "uvloop/": "the loop, receiving",
}
"""By how a file's path goes on after the directory of libraries; the first that fits."""

Times = dict[str, tuple[float, float]]


class Looks:
    """What was seen between the first signal and the second."""

    def __init__(self, file: Path) -> None:
        """`file`: where it is written."""
        self._file = file
        self._seen: Counter[str] = Counter()
        self._before: Times | None = None

    def signalled(self, *_: Any) -> None:
        """Begin, or end."""
        if self._before is None:
            self._before = _threads()
            signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
            return
        signal.setitimer(signal.ITIMER_PROF, 0)
        after, before = _threads(), self._before
        took = {name: [now - then for now, then in zip(after[name], before[name], strict=True)] for name in before}
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(json.dumps({"seen": self._seen, "threads": took}))
        unfinished.rename(self._file)

    def look(self, _: int, frame: FrameType | None) -> None:
        """Note the layer of the innermost frame that is in one."""
        while frame is not None:
            file = frame.f_code.co_filename
            layer = next((layer for part, layer in LAYERS.items() if part in file), None)
            if layer is not None:
                self._seen[layer] += 1
                return
            frame = frame.f_back


def _threads() -> Times:
    """Seconds that each thread took, in user space and in the kernel."""
    tick = os.sysconf("SC_CLK_TCK")
    found = {}
    for thread in threading.enumerate():
        stat = Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rpartition(")")[2].split()
        found[thread.name] = (int(stat[11]) / tick, int(stat[12]) / tick)
    return found


def main() -> None:
    """Run ``tcpchat-server`` with the arguments after the first, which names the file."""
    looks = Looks(Path(sys.argv.pop(1)))
    signal.signal(signal.SIGPROF, looks.look)
    signal.signal(signal.SIGUSR1, looks.signalled)
    runpy.run_module("tcpchat.server", run_name="__main__")


if __name__ == "__main__":
    main()
