"""One message to very many: how long until the last has it."""

import time
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from statistics import median

from crowd import Client
from machine import Stopwatch
from talk import SIZE
from verify import Ear, Said, Wrong

TIMES = 12
REST = 0.1
"""Seconds between two messages."""

PATIENCE = 30.0


@dataclass(frozen=True)
class Result:
    """Medians over the messages; every delivery is verified."""

    middle_ms: float
    """Until half of them have it."""
    last_ms: float
    server_load: float
    """While messages were on their way."""
    generator_load: float


class Last:
    """The run: the first client speaks, all others listen, and receive the very same bytes."""

    def __init__(self, room: bytes, clients: list[Client], server: int) -> None:
        self._sender, *self._listeners = clients
        self._watch = Stopwatch(server)
        self._said = Said([self._sender.nick], room)
        self._ear = Ear(self._said)
        self._selector = DefaultSelector()
        for client in self._listeners:
            client.sink = client.inbox.extend
            self._selector.register(client.socket, EVENT_READ, client)

    def run(self) -> Result:
        """:raises Wrong: if somebody does not get exactly what was said."""
        runs = []
        for _ in range(TIMES):
            time.sleep(REST)
            runs.append(self._say())
            self._verify()
        time.sleep(REST)
        if late := self._selector.select(0):
            raise Wrong(f"{len(late)} clients heard more than was said")
        return Result(
            middle_ms=median(middle for middle, _ in runs) * 1_000,
            last_ms=median(last for _, last in runs) * 1_000,
            **self._watch.loads(),
        )

    def _say(self) -> tuple[float, float]:
        """Say something. Seconds until half of them, and until all have it."""
        self._watch.go_on()
        started = time.monotonic()
        self._sender.send(self._said.next_line(self._sender.nick, SIZE, time.monotonic_ns()) + b"\r\n")
        waiting, middle = set(self._listeners), 0.0
        while waiting:
            ready = self._selector.select(PATIENCE)
            if not ready:
                raise Wrong(f"{len(waiting)} clients heard nothing for {PATIENCE:g} s")
            for key, _ in ready:
                key.data.read()
                if key.data.inbox.endswith(b"\n"):
                    waiting.discard(key.data)
            if not middle and len(waiting) <= len(self._listeners) // 2:
                middle = time.monotonic() - started
        last = time.monotonic() - started
        self._watch.stop()
        return middle, last

    def _verify(self) -> None:
        """All received the same, and that is what was said."""
        heard = bytes(self._listeners[0].inbox)
        self._ear.hear(heard, time.monotonic_ns())
        self._ear.finish()
        for client in self._listeners:
            if client.inbox != heard:
                raise Wrong(f"{client.nick.decode()} heard {bytes(client.inbox)!r}, not {heard!r}")
            client.inbox.clear()
