"""The load generator: a process of its own that does one job and prints what came of it as JSON."""

import gc
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

from crowd import Crowd
from languages import LANGUAGES
from last import Last
from machine import Stopwatch, usage
from talk import SAMPLE, SENDERS, Audience, Pace, Talk, talkers
from verify import Wrong

WARM_UP = 100
"""Connections before the memory of those that follow is counted."""

SETTLE = 0.5
"""Seconds before memory is read."""


Kind = Literal["idle", "talk", "large"]


@dataclass(frozen=True)
class Job:
    """What is to be done to the server on that port, which is that process."""

    kind: Kind
    port: int
    server: int
    clients: int
    paces: tuple[Pace, ...] = ()
    """The runs, one after the other, all with the same clients."""
    rooms: int = 1
    languages: tuple[str, ...] = ("irc",)
    """The clients speak them in turn."""


def idle(job: Job) -> dict[str, Any]:
    """Many connections that have a nick and do nothing."""
    crowd = Crowd(job.port)
    warm_up = min(WARM_UP, job.clients // 2)
    counted = job.clients - warm_up
    crowd.connect(warm_up)
    time.sleep(SETTLE)
    memory = usage(job.server).memory_kib
    watch = Stopwatch(job.server)
    crowd.connect(counted)
    watch.stop()
    time.sleep(SETTLE)
    return {
        "clients": job.clients,
        "connects_per_s": counted / watch.seconds,
        "kib_per_connection": (usage(job.server).memory_kib - memory) / counted,
        **watch.loads(),
    }


def talk(job: Job) -> dict[str, Any]:
    """Everybody in a room; some talk, all listen."""
    crowd = Crowd(job.port, [LANGUAGES[name] for name in job.languages])
    crowd.connect(job.clients)
    senders, sample = (SENDERS, SAMPLE) if job.rooms == 1 else (1, 1)
    members = crowd.join(job.rooms)
    crowd.introduce(members, lambda clients: talkers(clients, senders))
    audiences = [Audience(room, clients, senders, sample) for room, clients in members.items()]
    gc.collect()
    gc.freeze()
    runs = [asdict(Talk(audiences, pace, job.server).run()) for pace in job.paces]
    crowd.leave()
    return {"clients": job.clients, "join_s": crowd.join_seconds, "runs": runs}


def large(job: Job) -> dict[str, Any]:
    """Everybody joins one room at once; then one says something now and then, until the last has it."""
    crowd = Crowd(job.port)
    crowd.connect(job.clients)
    watch = Stopwatch(job.server)
    members = crowd.join(1)
    watch.stop()
    crowd.introduce(members, lambda clients: clients[:1])
    gc.collect()
    gc.freeze()
    ((room, clients),) = members.items()
    return {
        "clients": job.clients,
        "join_s": crowd.join_seconds,
        "join_cpu_s": watch.server_cpu,
        "join_server_load": watch.server_cpu / crowd.join_seconds,
        "join_generator_load": watch.own_cpu / crowd.join_seconds,
        **asdict(Last(room, clients, job.server).run()),
    }


def main(written: str) -> int:
    """Do the job, print what came of it."""
    order = json.loads(written)
    paces = tuple(Pace(**pace) for pace in order.pop("paces"))
    job = Job(**order, paces=paces)
    try:
        print(json.dumps({"idle": idle, "talk": talk, "large": large}[job.kind](job)))
    except (Wrong, OSError) as error:
        print(json.dumps({"error": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
