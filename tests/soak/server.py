"""``tcpchat-server`` with a door for the test: through a socket it is asked how much it has of everything.

The product has no such door: counting what malloc gave needs ``PYTHONMALLOC=malloc``, which makes it slower, and a
full collection first.
"""

import asyncio
import ctypes
import gc
import json
import os
import signal
import socket
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

DOOR = "TCPCHAT_SOAK_DOOR"
"""The environment variable with the number of the socket."""


class _MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]  # fmt: skip


def counted() -> dict[str, Any]:
    """Bytes in use and resident, open files, tasks, threads; and what waits where."""
    gc.collect()
    tasks = _tasks()
    status = Path("/proc/self/status").read_text().split()
    return {
        "used": _in_use(),
        "resident": int(status[status.index("VmRSS:") + 1]) << 10,
        "files": len(os.listdir("/proc/self/fd")),
        "tasks": len(tasks),
        "threads": threading.active_count(),
        "waiting": Counter(map(_place, tasks)),
    }


def _in_use() -> int:
    """What malloc has given and not got back."""
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is None:  # an old libc, or another one
        return 0
    mallinfo2.restype = _MallInfo
    info = mallinfo2()
    return int(info.uordblks + info.hblkhd)


def _place(task: asyncio.Task[Any]) -> str:
    """The names of what a task waits in, from the outside in."""
    names, coroutine = [], task.get_coro()
    while coroutine is not None and hasattr(coroutine, "cr_await"):
        names.append(coroutine.__name__)
        coroutine = coroutine.cr_await
    return " ".join(names)


def _tasks() -> list[asyncio.Task[Any]]:
    known = getattr(asyncio.tasks, "_all_tasks", None) or getattr(asyncio.tasks, "_scheduled_tasks", ())
    while True:
        try:
            return [task for task in list(known) if not task.done()]
        except RuntimeError:  # one came meanwhile
            continue


def answer(door: socket.socket) -> None:
    """Whenever a line comes. When nobody is there any more to ask, however that came about, the server ends."""
    with suppress(OSError), door, door.makefile("rw") as lines:
        for _ in lines:
            lines.write(json.dumps(counted()) + "\n")
            lines.flush()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """The command, as it is."""
    door = socket.socket(fileno=int(os.environ.pop(DOOR)))
    threading.Thread(target=answer, args=(door,), daemon=True).start()
    from tcpchat.cli.server import main as command

    command(sys.argv[1:])


if __name__ == "__main__":
    main()
