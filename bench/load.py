"""The load generator: a process of its own that does one job and prints what came of it as JSON."""

import gc
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

from crowd import Crowd
from machine import usage
from talk import Audience, Pace, Talk
from verify import Wrong

WARM_UP = 100
"""Connections before the memory of those that follow is counted."""

SETTLE = 0.5
"""Seconds before memory is read."""


Kind = Literal["idle", "talk"]


@dataclass(frozen=True)
class Job:
    """What is to be done to the server on that port, which is that process."""

    kind: Kind
    port: int
    server: int
    clients: int
    paces: tuple[Pace, ...] = ()
    """The runs, one after the other, all in the same room."""


def idle(job: Job) -> dict[str, Any]:
    """Many connections that have a nick and do nothing."""
    crowd = Crowd(job.port)
    warm_up = min(WARM_UP, job.clients // 2)
    counted = job.clients - warm_up
    crowd.connect(warm_up)
    time.sleep(SETTLE)
    memory = usage(job.server).memory_kib
    started = time.monotonic()
    crowd.connect(counted)
    seconds = time.monotonic() - started
    time.sleep(SETTLE)
    return {
        "clients": job.clients,
        "connects_per_s": counted / seconds,
        "kib_per_connection": (usage(job.server).memory_kib - memory) / counted,
    }


def talk(job: Job) -> dict[str, Any]:
    """Everybody in one room; some talk, all listen."""
    crowd = Crowd(job.port)
    crowd.connect(job.clients)
    started = time.monotonic()
    crowd.join()
    join_seconds = time.monotonic() - started
    audience = Audience(crowd.clients)
    gc.collect()
    gc.freeze()
    runs = [asdict(Talk(audience, pace, job.server).run()) for pace in job.paces]
    return {"clients": job.clients, "join_s": join_seconds, "runs": runs}


def main(written: str) -> int:
    """Do the job, print what came of it."""
    order = json.loads(written)
    paces = tuple(Pace(**pace) for pace in order.pop("paces"))
    job = Job(**order, paces=paces)
    try:
        print(json.dumps({"idle": idle, "talk": talk}[job.kind](job)))
    except (Wrong, OSError) as error:
        print(json.dumps({"error": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
