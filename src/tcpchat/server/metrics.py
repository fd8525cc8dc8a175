"""What Prometheus is told: numbers that are there anyway, looked at when somebody asks. No names, no addresses.

Imported only where metrics are switched on.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tcpchat.backend.durations import BOUNDS, Durations
from tcpchat.backend.embedded import Embedded

if TYPE_CHECKING:
    from tcpchat.server.app import Server

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""

PAUSE = 0.5
"""Seconds from one look at the event loop to the next."""


class Metrics(Collector):
    """Looks at a server. Until `close` it counts its errors, and how late its event loop is."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._errors = _Errors()
        self._lag = Durations()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        for name in ("tcpchat", "asyncio"):
            logging.getLogger(name).addHandler(self._errors)
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def close(self) -> None:
        """Leave nothing behind."""
        for name in ("tcpchat", "asyncio"):
            logging.getLogger(name).removeHandler(self._errors)
        self._watching.cancel()
        await asyncio.wait([self._watching])

    def written(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """See `prometheus_client`."""
        yield from self._doors()
        yield from self._people()
        yield from self._delivery()
        yield from self._log()
        yield _counter("errors", "Errors in the server's log", self._errors.count)
        yield _histogram("loop_lag_seconds", "How late the event loop is", self._lag)
        watchdog = self._server.watchdog
        yield _counter("loop_stalls", "How often the event loop stood still", watchdog.stalls if watchdog else 0)

    def _doors(self) -> Iterator[Metric]:
        server = self._server
        yield _counter("connections_accepted", "Connections that were let in", server.reception.accepted)
        yield _labelled(
            CounterMetricFamily("tcpchat_connections_refused", "Connections not let in", labels=["reason"]),
            server.reception.admission.refused,
        )
        throttle = server.proving.throttle
        logins = CounterMetricFamily("tcpchat_logins_refused", "Wrong passwords, and tries too soon", labels=["reason"])
        yield _labelled(logins, {"wrong": throttle.failed, "throttled": throttle.throttled})
        fast = CounterMetricFamily("tcpchat_requests_too_fast", "Requests that hit a rate limit", labels=["answer"])
        yield _labelled(fast, {"later": server.rates.slowed, "refused": server.rates.refused})

    def _people(self) -> Iterator[Metric]:
        state = self._server.hub.state
        dialects = Counter(type(session.dialect).__name__.lower() for session in self._server.sessions)
        dialects["unknown yet"] = dialects.pop("nonetype", 0)
        sessions = GaugeMetricFamily("tcpchat_sessions", "Connections by what they speak", labels=["dialect"])
        yield _labelled(sessions, dialects)
        yield _gauge("people", "People who have a nick", len(state.users))
        yield _gauge("rooms", "Rooms that are open or have a topic", len(state.rooms))

    def _delivery(self) -> Iterator[Metric]:
        server = self._server
        yield _counter("fanout_bytes", "Bytes handed to those who hear a room, about", server.hub.fanned_out)
        yield _gauge("outboxes_bytes", "Bytes that wait for those who read slowly", server.outboxes.used)
        behind = sum(session.behind for session in server.sessions)
        yield _gauge("sessions_catching_up", "Connections that are fed from the log", behind)

    def _log(self) -> Iterator[Metric]:
        backend = self._server.backend
        yield _gauge("crowded", "Whether so much waits for the disk that nobody is read from", backend.crowded)
        if isinstance(backend, Embedded):
            yield _counter("records_stored", "Messages and other records on the disk", backend.writing.records)
            yield _histogram("commit_seconds", "Transactions of the log", backend.writing.commits)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(PAUSE)
            self._lag.note(max(0.0, loop.time() - before - PAUSE))


class _Errors(logging.Handler):
    """Counts them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        self.count += 1


def _counter(name: str, meaning: str, value: int) -> Metric:
    return CounterMetricFamily(f"tcpchat_{name}", meaning, value=value)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tcpchat_{name}", meaning, value=value)


def _labelled(metric: CounterMetricFamily | GaugeMetricFamily, values: dict[str, int]) -> Metric:
    """Its labels are words of this program, never of a client."""
    for label, value in sorted(values.items()):
        metric.add_metric([label], value)
    return metric


def _histogram(name: str, meaning: str, durations: Durations) -> Metric:
    bounds = [*map(str, BOUNDS), "+Inf"]
    buckets = list(zip(bounds, accumulate(durations.counts), strict=True))
    return HistogramMetricFamily(f"tcpchat_{name}", meaning, buckets=buckets, sum_value=durations.sum)
