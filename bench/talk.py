"""One measured run: senders talk, everybody listens, every delivery is verified."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from selectors import EVENT_READ, DefaultSelector

from crowd import Client
from machine import usage
from verify import Copy, Ear, Recording, Said, Wrong

SENDERS = 10
SAMPLE = 16
"""Listeners whose latency is measured."""

SIZE = 100
"""Bytes of a message."""

TICK = 0.001
SWEEP = 20
"""Those who only listen are read every so many ticks: to read each of them at once would keep Python too busy."""

DEADLINE = 30.0
"""Seconds after the last message was sent by which everybody must have everything."""

SILENCE = 0.1
"""Seconds after the last delivery in which nothing may come any more."""


@dataclass(frozen=True)
class Pace:
    """How fast they talk: as the witness hears them, or so many messages a second in all."""

    messages: int
    """Of each sender."""
    window: int = 0
    """Messages of a sender that the witness has not heard yet; 0: as `rate` says."""
    rate: float = 0
    most_seconds: float = 8
    """After these nobody begins another message."""


@dataclass(frozen=True)
class Result:
    """What a run came to; every delivery in it is verified."""

    window: int
    messages: int
    deliveries: int
    seconds: float
    deliveries_per_s: float
    server_cpu_s: float
    deliveries_per_server_cpu_s: float | None
    """None if the server took less CPU time than can be measured."""
    server_load: float
    generator_load: float
    p50_ms: float
    p99_ms: float


@dataclass
class Sender:
    """One who talks: how many messages in this run, and before it."""

    client: Client
    sent: int = 0
    before: int = 0


class Audience:
    """Who talks, who is sampled, who only listens."""

    def __init__(self, clients: list[Client]) -> None:
        self.size = len(clients)
        talkers = _spread(clients, SENDERS)
        listeners = [client for client in clients if client not in talkers]
        sample = _spread(listeners, SAMPLE)
        self.senders = [Sender(client) for client in talkers]
        self.said = Said([client.nick for client in talkers])
        self.witness = sample.pop(len(sample) // 2)
        self.witness_ear = Ear(self.said)
        self.model = bytearray()
        self.sampled = {client: Ear(self.said) for client in sample}
        self.own = {client: Ear(self.said, client.nick) for client in talkers}
        sampled = {self.witness, *sample}
        self.bulk = {client: Copy(self.model) for client in listeners if client not in sampled}
        for client, copy in self.bulk.items():
            client.sink = copy.hear

    def latencies(self) -> list[int]:
        """How long each message was on its way to each of the sample, in order, since this was asked last."""
        found: list[int] = []
        for ear in [self.witness_ear, *self.sampled.values()]:
            found += ear.latencies
            ear.latencies.clear()
        return sorted(found)


class Talk:
    """The run."""

    def __init__(self, audience: Audience, pace: Pace, server: int) -> None:
        self._audience = audience
        self._pace = pace
        self._server = server
        self._due: Callable[[int, Sender], int] = self._due_by_rate if pace.rate else self._due_by_window
        self._bulk = audience.bulk
        self._round = cycle(audience.bulk)
        self._swept = self._started = 0.0
        self._recordings = {client: Recording() for client in [*audience.sampled, *audience.own]}
        self._selector = DefaultSelector()

    def run(self) -> Result:
        """Talk until all is said and heard.

        :raises Wrong: if anything is not as it was said.
        """
        self._begin()
        cpu, own_cpu = usage(self._server).cpu_seconds, time.process_time()
        self._started = time.monotonic()
        while not self._over() and not (self._talked() and self._sample_heard()):
            self._send()
            self._turn()
        while not self._over() and not all(copy.complete for copy in self._bulk.values()):
            self._read_everybody()
        seconds = time.monotonic() - self._started
        cpu, own_cpu = usage(self._server).cpu_seconds - cpu, time.process_time() - own_cpu
        self._verify()
        self._selector.close()
        return self._result(seconds, cpu, own_cpu)

    def _begin(self) -> None:
        audience = self._audience
        del audience.model[:]
        for copy in audience.bulk.values():
            copy.rewind()
        for client, recording in self._recordings.items():
            client.sink = partial(_record, recording)
            self._selector.register(client.socket, EVENT_READ, client)
        audience.witness.sink = self._witness
        self._selector.register(audience.witness.socket, EVENT_READ, audience.witness)
        for sender in audience.senders:
            sender.before, sender.sent = sender.before + sender.sent, 0

    def _turn(self) -> None:
        """Read the sample and the senders as soon as something comes, and every tick some of the others."""
        for key, _ in self._selector.select(TICK):
            key.data.read()
        now = time.monotonic()
        if now - self._swept > TICK:
            self._swept = now
            self._read_share()

    def _read_share(self) -> None:
        """Read the next of those who only listen."""
        for client in islice(self._round, -(-len(self._bulk) // SWEEP)):
            client.read()

    def _read_everybody(self) -> None:
        """Read all who only listen."""
        for client in self._bulk:
            client.read()

    def _witness(self, data: memoryview) -> None:
        self._audience.model += data
        self._audience.witness_ear.hear(bytes(data), time.monotonic_ns())

    def _send(self) -> None:
        """Send what is due."""
        if self._out_of_time():
            return
        for index, sender in enumerate(self._audience.senders):
            due = min(self._due(index, sender), self._pace.messages - sender.sent)
            if due > 0:
                now = time.monotonic_ns()
                nick = sender.client.nick
                lines = [self._audience.said.next_line(nick, SIZE, now) for _ in range(due)]
                sender.sent += due
                sender.client.send(b"\r\n".join([*lines, b""]))

    def _due_by_window(self, _: int, sender: Sender) -> int:
        return self._pace.window - sender.before - sender.sent + self._audience.witness_ear.heard[sender.client.nick]

    def _due_by_rate(self, index: int, sender: Sender) -> int:
        """The senders take turns."""
        senders = len(self._audience.senders)
        turns = (time.monotonic() - self._started) * self._pace.rate / senders + index / senders
        return int(turns) - sender.sent

    def _out_of_time(self) -> bool:
        return time.monotonic() - self._started > self._pace.most_seconds

    def _over(self) -> bool:
        """Whether there is no use in waiting for what is missing."""
        return time.monotonic() - self._started > self._pace.most_seconds + DEADLINE

    def _talked(self) -> bool:
        """Whether all is said, or the time for it is over."""
        return self._out_of_time() or all(one.sent >= self._pace.messages for one in self._audience.senders)

    def _sample_heard(self) -> bool:
        """Whether the sample and the senders have everything; how right it is, is checked later."""
        said = sum(sender.sent for sender in self._audience.senders)
        own = {sender.client: sender.sent for sender in self._audience.senders}
        return self._heard_by_witness() >= said and all(
            recording.lines >= said - own.get(client, 0) for client, recording in self._recordings.items()
        )

    def _heard_by_witness(self) -> int:
        return sum(self._audience.witness_ear.heard.values()) - sum(one.before for one in self._audience.senders)

    def _verify(self) -> None:
        time.sleep(SILENCE)
        self._turn()
        self._read_everybody()
        audience = self._audience
        ears = audience.sampled | audience.own
        checks: dict[Client, Callable[[], None]] = {audience.witness: audience.witness_ear.finish}
        checks |= {client: partial(recording.play, ears[client]) for client, recording in self._recordings.items()}
        checks |= {client: copy.finish for client, copy in audience.bulk.items()}
        for client, check in checks.items():
            try:
                check()
            except Wrong as wrong:
                raise Wrong(f"{client.nick.decode()}: {wrong}") from wrong

    def _result(self, seconds: float, cpu: float, own_cpu: float) -> Result:
        audience = self._audience
        messages = sum(sender.sent for sender in audience.senders)
        deliveries = messages * (audience.size - 1)  # nobody hears what they said themselves
        latencies = audience.latencies()
        return Result(
            window=self._pace.window,
            messages=messages,
            deliveries=deliveries,
            seconds=seconds,
            deliveries_per_s=deliveries / seconds,
            server_cpu_s=cpu,
            deliveries_per_server_cpu_s=deliveries / cpu if cpu else None,
            server_load=cpu / seconds,
            generator_load=own_cpu / seconds,
            p50_ms=latencies[len(latencies) // 2] / 1e6,
            p99_ms=latencies[len(latencies) * 99 // 100] / 1e6,
        )


def _record(recording: Recording, data: memoryview) -> None:
    recording.hear(data, time.monotonic_ns())


def _spread(clients: list[Client], count: int) -> list[Client]:
    """So many of them, or half of them if there are few, evenly from the first to the last."""
    count = min(count, len(clients) // 2)
    return [clients[len(clients) * index // count] for index in range(count)]
