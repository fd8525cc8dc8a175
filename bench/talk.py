"""One measured run: senders talk, everybody listens, every delivery is verified."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain, cycle, islice
from selectors import EVENT_READ, DefaultSelector

from crowd import Client
from machine import Stopwatch
from verify import Copy, Ear, Recording, Said, Wrong

SENDERS = 10
SAMPLE = 16
"""Listeners of one language whose latency is measured."""

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
    size: int = SIZE


@dataclass(frozen=True)
class Result:
    """What a run came to; every delivery in it is verified."""

    window: int
    size: int
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


class Hearers:
    """Those in a room who receive the same bytes, for they have the same language, and a room has one order."""

    def __init__(self, clients: list[Client], said: Said, sample: int) -> None:
        """`sample`: how many are listened to line by line; the one in their middle is the witness."""
        language = clients[0].language
        sampled = _spread(clients, sample)
        self.witness = sampled.pop(len(sampled) // 2)
        self.ear = Ear(said, language=language)
        self.model = bytearray()
        """What the witness heard in this run."""
        self.sampled = {client: Ear(said, language=language) for client in sampled}
        apart = {self.witness, *sampled}
        self.bulk = {client: Copy(self.model) for client in clients if client not in apart}
        for client, copy in self.bulk.items():
            client.sink = copy.hear

    def begin(self) -> None:
        """Another run."""
        del self.model[:]
        for copy in self.bulk.values():
            copy.rewind()
        self.witness.sink = self._hear

    def _hear(self, data: memoryview) -> None:
        self.model += data
        self.ear.hear(bytes(data), time.monotonic_ns())


def talkers(clients: list[Client], count: int) -> list[Client]:
    """Who of those in a room talks: some of those who have the first one's language."""
    return _spread([client for client in clients if client.language is clients[0].language], count)


class Audience:
    """One room: who talks there, and who listens."""

    def __init__(self, room: bytes, clients: list[Client], senders: int = SENDERS, sample: int = SAMPLE) -> None:
        talking = talkers(clients, senders)
        listeners = [client for client in clients if client not in talking]
        self.size = len(clients)
        self.echoes = talking[0].language.echoes
        self.senders = [Sender(client) for client in talking]
        self.said = Said([client.nick for client in talking], room)
        languages = dict.fromkeys(client.language for client in listeners)
        self.hearers = [
            Hearers([client for client in listeners if client.language is language], self.said, sample)
            for language in languages
        ]
        self.ear = self.hearers[0].ear
        """The ear of the witness by which the senders go."""
        self.own = {
            client: Ear(self.said, b"" if self.echoes else client.nick, language=client.language) for client in talking
        }
        self.recorded = [*self.own, *chain.from_iterable(hearers.sampled for hearers in self.hearers)]

    @property
    def messages(self) -> int:
        """What was said in this run."""
        return sum(sender.sent for sender in self.senders)

    @property
    def heard(self) -> int:
        """What the witness heard of it."""
        return sum(self.ear.heard.values()) - sum(sender.before for sender in self.senders)

    def ears(self) -> dict[Client, Ear]:
        """Those who are recorded, by whose ear they are checked."""
        return {**self.own, **{client: ear for hearers in self.hearers for client, ear in hearers.sampled.items()}}

    def expected(self, client: Client) -> int:
        """How many messages of this run one of the recorded is to hear."""
        own = 0 if self.echoes else sum(sender.sent for sender in self.senders if sender.client is client)
        return self.messages - own

    def deliveries(self) -> int:
        """How often a message of this run was delivered."""
        return self.messages * (self.size if self.echoes else self.size - 1)


class Talk:
    """The run, in one or more rooms."""

    def __init__(self, audiences: list[Audience], pace: Pace, server: int) -> None:
        self._audiences = audiences
        self._hearers = [hearers for audience in audiences for hearers in audience.hearers]
        self._senders = [sender for audience in audiences for sender in audience.senders]
        self._pace = pace
        self._server = server
        self._bulk = {client: copy for hearers in self._hearers for client, copy in hearers.bulk.items()}
        self._round = cycle(self._bulk)
        self._swept = self._started = 0.0
        self._recordings = {client: Recording() for audience in audiences for client in audience.recorded}
        self._selector = DefaultSelector()

    def run(self) -> Result:
        """Talk until all is said and heard.

        :raises Wrong: if anything is not as it was said.
        """
        self._begin()
        watch = Stopwatch(self._server)
        self._started = time.monotonic()
        while not self._over() and not (self._talked() and self._sample_heard()):
            self._send()
            self._turn()
        while not self._over() and not all(copy.complete for copy in self._bulk.values()):
            self._read_everybody()
        watch.stop()
        self._verify()
        self._selector.close()
        return self._result(watch)

    def _begin(self) -> None:
        for hearers in self._hearers:
            hearers.begin()
            self._selector.register(hearers.witness.socket, EVENT_READ, hearers.witness)
        for client, recording in self._recordings.items():
            client.sink = partial(_record, recording)
            self._selector.register(client.socket, EVENT_READ, client)
        for sender in self._senders:
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

    def _send(self) -> None:
        """Send what is due."""
        if self._out_of_time():
            return
        index = 0
        for audience in self._audiences:
            for sender in audience.senders:
                due = self._due_by_rate(index, sender) if self._pace.rate else self._due_by_window(audience, sender)
                self._say(audience, sender, min(due, self._pace.messages - sender.sent))
                index += 1

    def _say(self, audience: Audience, sender: Sender, count: int) -> None:
        if count > 0:
            now, nick = time.monotonic_ns(), sender.client.nick
            lines = [audience.said.next_line(nick, self._pace.size, now) for _ in range(count)]
            sender.sent += count
            sender.client.send(b"\r\n".join([*lines, b""]))

    def _due_by_window(self, audience: Audience, sender: Sender) -> int:
        return self._pace.window - sender.before - sender.sent + audience.ear.heard[sender.client.nick]

    def _due_by_rate(self, index: int, sender: Sender) -> int:
        """The senders take turns."""
        senders = len(self._senders)
        turns = (time.monotonic() - self._started) * self._pace.rate / senders + index / senders
        return int(turns) - sender.sent

    def _out_of_time(self) -> bool:
        return time.monotonic() - self._started > self._pace.most_seconds

    def _over(self) -> bool:
        """Whether there is no use in waiting for what is missing."""
        return time.monotonic() - self._started > self._pace.most_seconds + DEADLINE

    def _talked(self) -> bool:
        """Whether all is said, or the time for it is over."""
        return self._out_of_time() or all(one.sent >= self._pace.messages for one in self._senders)

    def _sample_heard(self) -> bool:
        """Whether the sample and the senders have everything; how right it is, is checked later."""
        return all(
            audience.heard >= audience.messages
            and all(self._recordings[client].lines >= audience.expected(client) for client in audience.recorded)
            for audience in self._audiences
        )

    def _verify(self) -> None:
        time.sleep(SILENCE)
        self._turn()
        self._read_everybody()
        checks: dict[Client, Callable[[], None]] = {hearers.witness: hearers.ear.finish for hearers in self._hearers}
        for audience in self._audiences:
            checks |= {client: partial(self._recordings[client].play, ear) for client, ear in audience.ears().items()}
        checks |= {client: copy.finish for client, copy in self._bulk.items()}
        for client, check in checks.items():
            try:
                check()
            except Wrong as wrong:
                raise Wrong(f"{client.nick.decode()}: {wrong}") from wrong

    def _result(self, watch: Stopwatch) -> Result:
        deliveries = sum(audience.deliveries() for audience in self._audiences)
        latencies = _latencies(self._hearers)
        return Result(
            window=self._pace.window,
            size=self._pace.size,
            messages=sum(audience.messages for audience in self._audiences),
            deliveries=deliveries,
            seconds=watch.seconds,
            deliveries_per_s=deliveries / watch.seconds,
            server_cpu_s=watch.server_cpu,
            deliveries_per_server_cpu_s=deliveries / watch.server_cpu if watch.server_cpu else None,
            **watch.loads(),
            p50_ms=latencies[len(latencies) // 2] / 1e6,
            p99_ms=latencies[len(latencies) * 99 // 100] / 1e6,
        )


def _latencies(every: Iterable[Hearers]) -> list[int]:
    """How long each message was on its way to each of the sample, in order, since this was asked last."""
    found: list[int] = []
    for hearers in every:
        for ear in [hearers.ear, *hearers.sampled.values()]:
            found += ear.latencies
            ear.latencies.clear()
    return sorted(found)


def _record(recording: Recording, data: memoryview) -> None:
    recording.hear(data, time.monotonic_ns())


def _spread(clients: list[Client], count: int) -> list[Client]:
    """So many of them, or half of them if there are few, evenly from the first to the last."""
    count = max(1, min(count, len(clients) // 2))
    return [clients[len(clients) * index // count] for index in range(count)]
