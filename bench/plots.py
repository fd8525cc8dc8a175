"""Which plots are made of the results."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from plot import Plot, svg

Found = dict[str, Any]
PER_CPU = "deliveries per second of the server's CPU"


def write(found: Found, file: Path) -> list[Path]:
    """Plots beside the file of the results, each called after it. :returns: the files."""
    written = []
    for name, plot in plots(found):
        if plot.points:
            written.append(file.with_name(f"{file.stem}-{name}.svg"))
            written[-1].write_text(svg(plot))
    return written


def plots(found: Found) -> Iterator[tuple[str, Plot]]:
    """The plots, by their names."""
    runs = found.get("fanout", {}).get("runs", [])
    usual = min((run["size"] for run in runs), default=0)
    windows = sorted({run["window"] for run in runs})
    points = [(window, _per_cpu(runs, window=window, size=usual)) for window in windows]
    yield "windows", Plot("Fan-out, by messages on their way", "window, messages", PER_CPU, points, bars=True)
    sizes = [(size, _per_cpu(runs, window=16, size=size)) for size in sorted({run["size"] for run in runs})]
    yield "sizes", Plot("Fan-out, by the size of a message", "bytes", PER_CPU, sizes, bars=True)
    growth = [(part["clients"], _per_cpu(part["runs"])) for part in found.get("growth", [])]
    yield "clients", Plot("Fan-out, by the size of the room", "clients in one room", PER_CPU, growth)
    logs = found.get("stored", [])
    for name, title in (("acknowledged", "Until a message is acknowledged"), ("searches", "A search")):
        waited = [(part["log_messages"], part[name]["p99_ms"]) for part in logs if name in part]
        yield f"stored-{name}", Plot(f"{title}, by what is stored", "messages in the log", "p99, ms", waited)
    starts = [(part["log_messages"], part["start_s"] * 1_000) for part in logs if "start_s" in part]
    yield "stored-start", Plot("Starting, by what is stored", "messages in the log", "ms to the first client", starts)


def _per_cpu(runs: list[Found], **like: int) -> float:
    alike = [run for run in runs if all(run[key] == value for key, value in like.items())]
    known = [run["deliveries_per_server_cpu_s"] for run in alike if run["deliveries_per_server_cpu_s"]]
    return float(median(known)) if known else 0.0
