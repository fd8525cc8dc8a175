"""The figures as a table for people, and what makes them doubtful."""

import os
import platform
from collections.abc import Callable, Iterator
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
    for name, write in PARTS.items():
        part = found.get(name)
        if part is None:
            continue
        yield ""
        errors = list(_errors(part))
        yield from (f"{name}: FAILED: {error}" for error in errors)
        if not errors:
            yield from write(part, found)
    yield ""
    yield (
        "Every delivery was verified: once, in order, unchanged."
        if found["verified"]
        else "NOT VERIFIED: see what failed above."
    )


def _errors(part: Any) -> Iterator[str]:
    for one in part if isinstance(part, list) else [part, *part.values()]:
        if isinstance(one, dict) and "error" in one:
            yield str(one["error"])


def warnings(found: Found) -> Iterator[str]:
    """What makes the figures doubtful."""
    busy = sorted({name for name, run in _loads(found) if _load_was_bottleneck(run)})
    if busy:
        yield (
            f"{', '.join(busy)}: the load generator was the bottleneck, the server could do more; "
            "look at deliveries per server-CPU-second"
        )
    for name, wanted in WANTED.items():
        had, planned = found.get(name, {}).get("clients"), found["plan"][wanted]
        if had is not None and had < planned:
            yield f"{name}: {had:,} clients instead of {planned:,}, for the limit on open files (ulimit -n)"


WANTED = {
    "idle": "idle_clients",
    "fanout": "clients",
    "paced": "paced_clients",
    "joining": "joining_clients",
    "large": "large_clients",
}


def _loads(found: Found) -> Iterator[tuple[str, Found]]:
    """All that says how busy server and load generator were, by what it belongs to."""
    for run in found.get("fanout", {}).get("runs", []):
        yield f"window {run['window']}", run
    parts = {name: found.get(name, {}) for name in ("rooms", "paced")}
    parts |= {f"growth to {part.get('clients', 0):,}": part for part in found.get("growth", [])}
    parts |= {LANGUAGES[name]: part for name, part in found.get("languages", {}).items()}
    for name, part in parts.items():
        yield from ((name, run) for run in part.get("runs", []))
    yield from _loads_of_one(found)


def _loads_of_one(found: Found) -> Iterator[tuple[str, Found]]:
    """Of the parts that are one run each. `large` is about telling, `joining` about joining."""
    for name, prefix in (("idle", ""), ("large", ""), ("joining", "join_")):
        part = found.get(name, {})
        if f"{prefix}generator_load" in part:
            yield name, {load: part[f"{prefix}{load}"] for load in ("generator_load", "server_load")}


def _load_was_bottleneck(run: Found) -> bool:
    return bool(run["generator_load"] >= BUSY > run["server_load"])


def _fanout(part: Found, _: Found) -> Iterator[str]:
    yield f"Fan-out: {part['clients']:,} clients in one room, 10 senders; median of the rounds (from - to)"
    yield "  window  bytes         deliveries/s (from - to)      per server-CPU-s   p50 ms   p99 ms   CPU server / load"
    for window, size in dict.fromkeys((run["window"], run["size"]) for run in part["runs"]):
        yield _speed_row(f"{window:>8} {size:>6}", [run for run in part["runs"] if _is(run, window, size)])
    yield f"  everybody has joined, and seen everybody join, in {part['join_s']:.2f} s"


def _is(run: Found, window: int, size: int) -> bool:
    return bool(run["window"] == window and run["size"] == size)


def _speed_row(what: str, runs: list[Found]) -> str:
    speeds = [run["deliveries_per_s"] for run in runs]
    spread = f"({_count(min(speeds))} - {_count(max(speeds))})" if len(runs) > 1 else ""
    loads = f"{_middle(runs, 'server_load'):.2f} / {_middle(runs, 'generator_load'):.2f}"
    return (
        f"{what} {_count(median(speeds)):>12} {spread:>20} {_per_cpu(runs):>19}"
        f" {_middle(runs, 'p50_ms'):8.2f} {_middle(runs, 'p99_ms'):8.2f} {loads:>19}"
    )


def _growth(parts: list[Found], _: Found) -> Iterator[str]:
    yield "Growth: one room, window 16"
    for part in parts:
        yield _speed_row(f"  {part['clients']:>6,} clients", part["runs"])


def _rooms(part: Found, found: Found) -> Iterator[str]:
    yield f"Many rooms: {part['clients']:,} clients in {found['plan']['rooms']} rooms, one sender in each, window 16"
    yield _speed_row(f"{'':15}", part["runs"])


def _languages(parts: Found, _: Found) -> Iterator[str]:
    yield f"Languages: {parts['plain']['clients']:,} clients in one room, window 16, in the same server"
    for name, part in parts.items():
        yield _speed_row(f"  {LANGUAGES[name]:24}", part["runs"]) + _share(part["runs"], parts["plain"]["runs"])


def _share(runs: list[Found], plain: list[Found]) -> str:
    """How much of what the plain ones reach, by the rounds they were in."""
    both = [
        (a["deliveries_per_server_cpu_s"], b["deliveries_per_server_cpu_s"]) for a, b in zip(runs, plain, strict=True)
    ]
    shares = [mine / other for mine, other in both if mine and other]
    if not shares:
        return ""
    spread = f" ({min(shares):.2f} - {max(shares):.2f})" if len(shares) > 1 else ""
    return f"   {median(shares):.2f}{spread} of plain"


LANGUAGES = {
    "plain": "IRC",
    "tags": "IRC, tags, times, echo",
    "mixed": "a third IRC, JSON, text",
}


def _paced(part: Found, found: Found) -> Iterator[str]:
    (run,) = part["runs"]
    rate = run["messages"] / run["seconds"]
    yield f"Latency: {part['clients']:,} clients in one room, {rate:.0f} messages/s in all"
    yield f"  p50 {run['p50_ms']:.2f} ms, p99 {run['p99_ms']:.2f} ms, CPU of the server {run['server_load']:.2f}"
    if "commit" in found:
        commit = found["commit"]
        yield f"  of that one commit of this disk: p50 {commit['p50_ms']:.2f} ms, p99 {commit['p99_ms']:.2f} ms"


def _idle(part: Found, _: Found) -> Iterator[str]:
    yield f"Idle: {part['clients']:,} connections with a nick"
    yield f"  {part['connects_per_s']:,.0f} connects/s, {part['kib_per_connection']:.1f} KiB each"


def _joining(part: Found, _: Found) -> Iterator[str]:
    yield f"Joining: {part['clients']:,} clients join one room at once"
    yield f"  until all know what they are to know {part['join_s']:.2f} s, CPU of the server {part['join_cpu_s']:.2f} s"


def _large(part: Found, _: Found) -> Iterator[str]:
    yield f"A large room: {part['clients']:,} people; median of several messages"
    yield f"  until half of them have it {part['middle_ms']:.1f} ms, until the last has it {part['last_ms']:.1f} ms"


def _stored(parts: list[Found], found: Found) -> Iterator[str]:
    rate = f"{found['plan']['stored_rate']:,.0f} messages/s"
    for part in parts:
        yield f"A log of {part['log_messages']:,} messages in 500 rooms                p50 ms   p99 ms  most ms"
        rows = {
            f"acknowledged, {rate}": part["acknowledged"],
            "a page of 100": part["pages"],
            "a search": part["searches"],
            f"acknowledged, deleting {found['plan']['deleted_messages']:,}": part.get("deleting"),
        }
        for what, row in rows.items():
            if row is not None:
                yield f"  {what:<48} {row['p50_ms']:7.2f}  {row['p99_ms']:7.2f}  {row['most_ms']:7.2f}"
        yield f"  from the command to the first client {part['start_s'] * 1_000:.0f} ms"
        yield f"  the search index was made in {part['index_s']:.1f} s, beside everything else"
        if part.get("left_over"):
            yield f"  NOT ALL WAS DELETED: {part['left_over']:,} entries too many are left"


def _commands(part: Found, _: Found) -> Iterator[str]:
    yield "Starting (the fastest of several)"
    yield f"  from the command to the first client   {part['server_start_s'] * 1000:6.0f} ms"
    yield f"  import tcpchat                         {part['import_s'] * 1000:6.0f} ms"
    yield f"  tcpchat-server --help                  {part['help_s'] * 1000:6.0f} ms"


PARTS: dict[str, Callable[[Any, Found], Iterator[str]]] = {
    "fanout": _fanout,
    "growth": _growth,
    "rooms": _rooms,
    "languages": _languages,
    "paced": _paced,
    "joining": _joining,
    "large": _large,
    "idle": _idle,
    "stored": _stored,
    "commands": _commands,
}
"""How each part is shown, in this order."""


def _middle(runs: list[Found], key: str) -> float:
    return float(median(run[key] for run in runs))


def _per_cpu(runs: list[Found]) -> str:
    known = [run["deliveries_per_server_cpu_s"] for run in runs if run["deliveries_per_server_cpu_s"]]
    return _count(median(known)) if known else "-"


def _count(number: float) -> str:
    """``950k``, ``8.53M``."""
    return f"{number / 1e6:.2f}M" if number >= 1e6 else f"{number / 1e3:.0f}k"
