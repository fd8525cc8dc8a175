"""Listeners without sockets, encodings whose bytes can be read back, and a backend whose batches a test decides on."""

from collections import Counter, deque
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from tcpchat.chat.hub import Hub
from tcpchat.chat.rules.rule import Rule
from tcpchat.chat.user import Encoding, User
from tcpchat.model import events
from tcpchat.model.commands import Command, Enter
from tcpchat.model.events import Event
from tcpchat.model.records import Append, Drop, Hold, Read, Record, Release, log_of
from tcpchat.model.replies import Refused, Reply
from tcpchat.wire import jsonl
from tcpchat.wire.irc.dialect import SHAPES_EVENTS
from tcpchat.wire.irc.dialect import encoding as irc_encoding
from tcpchat.wire.irc.writing import clock

EVERY: frozenset[type[Event]] = frozenset(events.ANY.__args__)
SPOKEN: frozenset[type[Event]] = frozenset({events.Said, events.Told})

Times = Callable[[bytes], list[int]]
"""Reads the times of the events back from what an encoding wrote; no two events of a test have the same."""


class Numbers:
    """An encoding that writes the time of each event, and counts what it was asked to write."""

    def __init__(self, own: frozenset[type[Event]]) -> None:
        self.own = own
        self.written: Counter[int] = Counter()

    def write(self, event: Event) -> bytes:
        self.written[event.time] += 1
        return b"%d " % event.time


def numbers(written: bytes) -> list[int]:
    return [int(number) for number in written.split()]


def json_times(written: bytes) -> list[int]:
    return [msgspec.json.decode(line, type=events.ANY).time for line in written.splitlines()]


def irc_times(written: bytes) -> list[int]:
    stamps = [line.partition(" ")[0].partition(";")[0] for line in written.decode().splitlines()]
    return [_TIMES[stamp] for stamp in stamps]


_TIMES = {f"@time={clock(time)}": time for time in range(1, 20_000)}

KINDS: dict[str, tuple[Encoding, Times]] = {
    "hears all": (Numbers(EVERY), numbers),
    "hears no echo": (Numbers(EVERY - SPOKEN), numbers),
    "hears little of itself": (Numbers(frozenset({events.Renamed, events.TopicSet})), numbers),
    "json": (jsonl.ENCODING, json_times),
    "irc": (irc_encoding(frozenset(SHAPES_EVENTS - {"echo-message"})), irc_times),
    "irc with echo": (irc_encoding(SHAPES_EVENTS), irc_times),
}


class Ear:
    """A connection to the hub that remembers what it heard, and what it had no room for."""

    host = "host"

    def __init__(self, hub: Hub, session: str, kind: str = "hears all") -> None:
        self.session = session
        self.token = f"token {session}"
        self.kind = kind
        self.encoding, self._times = KINDS[kind]
        self.user: User | None = None
        self.full = False
        self.closed = ""
        self.chunks: list[bytes] = []
        self.heard: list[int] = []
        """The times of the events, in the order in which they came."""
        self.missed: list[Event] = []
        hub.attach(self)

    def put(self, chunk: bytes) -> bool:
        assert chunk, "an empty chunk is nothing to wake up for"
        if not self.full:
            self.chunks.append(chunk)
            self.heard += self._times(chunk)
        return not self.full

    def miss(self, events: list[Event]) -> None:
        assert self.full
        self.missed += events

    def close(self, reason: str) -> None:
        self.closed = reason


class Asked:
    """A command on its way, and the reply to it."""

    def __init__(self, ear: Ear, command: Command) -> None:
        self.ear = ear
        self.command = command
        self.rule: Rule | None = None
        self.reply: Reply | Refused | None = None


class Ledger:
    """Records what the rules ask for, when it is told to, as many at once as it is told to."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.queue: deque[tuple[Asked | None, Record]] = deque()
        self.logs: dict[str, list[Event]] = {}
        self.told: Callable[[Event], None] = lambda event: None
        """Called with each fact, before the hub is fed."""
        self._owners: dict[str, str] = {}
        self._now = 0

    def ask(self, ear: Ear, command: Command) -> Asked:
        """Run the rule until it waits for something to be recorded."""
        asked = Asked(ear, command)
        try:
            asked.rule = self.hub.obey(ear, command)
        except Refused as refusal:
            asked.reply = refusal
        else:
            self._step(asked, None)
        return asked

    def do(self, ear: Ear, *commands: Command) -> Reply | Refused | None:
        """Ask for these, one after the other, each recorded by itself; gives the last reply."""
        for command in commands:
            asked = self.ask(ear, command)
            while self.queue:
                self.commit()
        return asked.reply

    def record(self, record: Record | None) -> None:
        if record is not None:
            self.queue.append((None, record))

    def commit(self, most: int = 1_000) -> list[Event]:
        """Record these many as one batch; gives its facts."""
        batch = [self.queue.popleft() for _ in range(min(most, len(self.queue)))]
        outcomes = [self._outcome(record) for _, record in batch]
        facts = [event for event in outcomes if event is not None]
        for event in facts:
            self.told(event)
        self.hub.feed(facts)
        for (asked, _), outcome in zip(batch, outcomes, strict=True):
            if asked is not None:
                self._step(asked, outcome)
        return facts

    def _step(self, asked: Asked, found: object) -> None:
        assert asked.rule is not None
        try:
            wish = asked.rule.send(found)
            while isinstance(wish, Read):
                wish = asked.rule.send(self.logs.get(wish.log, [])[-wish.limit :])
            self.queue.append((asked, wish))
        except StopIteration as end:
            asked.reply = end.value
        except Refused as refusal:
            asked.reply = refusal

    def _outcome(self, record: Record) -> Event | None:
        owners = self._owners
        match record:
            case Append(event=event):
                log = self.logs.setdefault(log_of(event), [])
                log.append(replace(self._timed(event), number=len(log) + 1, id=str(len(log) + 1)))
                return log[-1]
            case Hold(thing=thing, owner=owner):
                if owners.setdefault(thing, owner) != owner:
                    return None
            case Drop(thing=thing, owner=owner):
                if owners.get(thing) != owner:
                    return None
                del owners[thing]
            case Release(owner=owner):
                if owner not in owners.values():
                    return None
                self._owners = {thing: one for thing, one in owners.items() if one != owner}
        return self._timed(record.event) if record.event is not None else None

    def _timed(self, event: Event) -> Event:
        self._now += 1
        return replace(event, time=self._now)


def entered(hub: Hub, ledger: Ledger, *nicks: str, kind: str = "hears all") -> Sequence[Ear]:
    """People who came in, and have heard nothing yet."""
    ears = [Ear(hub, f"session of {nick}", kind) for nick in nicks]
    for ear, nick in zip(ears, nicks, strict=True):
        ledger.do(ear, Enter(nick=nick))
    return ears
