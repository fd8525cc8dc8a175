"""The figures as a table for people, and what makes them doubtful."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from statistics import median
from typing import Any

BUSY = 0.9
"""A process with that much of its CPU has no more to give."""

Found = dict[str, Any]


def machine(cpus: tuple[int, int] | None) -> Found:
    """What was measured on what."""
    return {
        "tcpchat": version("tcpchat"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "pinned": cpus is not None,
    }


def table(found: Found) -> Iterator[str]:
    """All that was measured."""
    about = found["machine"]
    yield ""
    yield (
        f"tcpchat {about['tcpchat']}, Python {about['python']}, {about['system']}, {about['cpus']} CPUs, "
        f"{'server and load generator on one each' if about['pinned'] else 'nothing pinned'}; "
        f"{'log on disk' if found['history'] else 'no history'}"
    )
    parts = {"fanout": _fanout, "paced": _paced, "idle": _idle, "stored": _stored, "commands": _commands}
    for name, write in parts.items():
        part = found.get(name, {})
        yield ""
        if "error" in part:
            yield f"{name}: FAILED: {part['error']}"
        elif part:
            yield from write(part)
    yield ""
    yield (
        "Every delivery was verified: once, in order, unchanged."
        if found["verified"]
        else "NOT VERIFIED: see what failed above."
    )


def warnings(found: Found) -> Iterator[str]:
    """What makes the figures doubtful."""
    runs = [run for name in ("fanout", "paced") for run in found.get(name, {}).get("runs", [])]
    for window in dict.fromkeys(run["window"] for run in runs):
        if any(_load_was_bottleneck(run) for run in runs if run["window"] == window):
            yield (
                f"window {window}: the load generator was the bottleneck, the server could do more; "
                "look at deliveries per server-CPU-second"
            )
    for name in ("fanout", "paced", "idle"):
        wanted = found["plan"][{"fanout": "clients"}.get(name, f"{name}_clients")]
        had = found.get(name, {}).get("clients", wanted)
        if had < wanted:
            yield f"{name}: {had:,} clients instead of {wanted:,}: no more fit into the limit on open files (ulimit -n)"


def _load_was_bottleneck(run: Found) -> bool:
    return bool(run["generator_load"] >= BUSY > run["server_load"])


def _fanout(part: Found) -> Iterator[str]:
    runs = part["runs"]
    yield f"Fan-out: {part['clients']:,} clients in one room, 10 senders, 100 bytes; median of the rounds (from - to)"
    yield "  window         deliveries/s (from - to)      per server-CPU-s   p50 ms   p99 ms   CPU server / load"
    for window in dict.fromkeys(run["window"] for run in runs):
        same = [run for run in runs if run["window"] == window]
        speeds = [run["deliveries_per_s"] for run in same]
        spread = f"({_count(min(speeds))} - {_count(max(speeds))})"
        loads = f"{_middle(same, 'server_load'):.2f} / {_middle(same, 'generator_load'):.2f}"
        yield (
            f"  {window:>6} {_count(median(speeds)):>12} {spread:>20} {_per_cpu(same):>19}"
            f" {_middle(same, 'p50_ms'):8.2f} {_middle(same, 'p99_ms'):8.2f} {loads:>19}"
        )
    yield f"  everybody has joined, and seen everybody join, in {part['join_s']:.2f} s"


def _paced(part: Found) -> Iterator[str]:
    (run,) = part["runs"]
    rate = run["messages"] / run["seconds"]
    yield f"Latency: {part['clients']:,} clients in one room, {rate:.0f} messages/s in all"
    yield f"  p50 {run['p50_ms']:.2f} ms, p99 {run['p99_ms']:.2f} ms, CPU of the server {run['server_load']:.2f}"


def _idle(part: Found) -> Iterator[str]:
    yield f"Idle: {part['clients']:,} connections with a nick"
    yield f"  {part['connects_per_s']:,.0f} connects/s, {part['kib_per_connection']:.1f} KiB each"


def _stored(part: Found) -> Iterator[str]:
    plan = part["plan"]
    yield f"A long log: {plan['stored_messages']:,} messages in 500 rooms"
    yield f"  from the command to the first client   {part['start_s'] * 1_000:6.0f} ms"
    yield "                                             p50 ms   p99 ms  most ms"
    rate = f"{plan['stored_rate']:,.0f} messages/s"
    rows = {
        f"acknowledged, {rate}": part["acknowledged"],
        "a page of 100": part["pages"],
        "a search": part["searches"],
        f"acknowledged, deleting {plan['deleted_messages']:,}": part["deleting"],
    }
    for what, found in rows.items():
        yield f"  {what:<42} {found['p50_ms']:7.2f}  {found['p99_ms']:7.2f}  {found['most_ms']:7.2f}"
    yield f"  the search index was made in {part['index_s']:.1f} s, beside everything else"
    if part["left_over"]:
        yield f"  NOT ALL WAS DELETED: {part['left_over']:,} entries too many are left"


def _commands(part: Found) -> Iterator[str]:
    yield "Starting (the fastest of several)"
    yield f"  from the command to the first client   {part['server_start_s'] * 1000:6.0f} ms"
    yield f"  import tcpchat                         {part['import_s'] * 1000:6.0f} ms"
    yield f"  tcpchat-server --help                  {part['help_s'] * 1000:6.0f} ms"


def _middle(runs: list[Found], key: str) -> float:
    return float(median(run[key] for run in runs))


def _per_cpu(runs: list[Found]) -> str:
    known = [run["deliveries_per_server_cpu_s"] for run in runs if run["deliveries_per_server_cpu_s"]]
    return _count(median(known)) if known else "-"


def _count(number: float) -> str:
    """``950k``, ``8.53M``."""
    return f"{number / 1e6:.2f}M" if number >= 1e6 else f"{number / 1e3:.0f}k"
