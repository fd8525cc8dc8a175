"""Listeners without sockets, encodings whose bytes can be read back, and a backend whose batches a test decides on."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import islice, takewhile

import msgspec
from msgspec.structs import replace

from tcpchat.chat import access, account, registered
from tcpchat.chat.hub import Hub
from tcpchat.chat.rules.rule import Rule
from tcpchat.chat.user import Encoding, User
from tcpchat.model import events, names
from tcpchat.model.commands import Command, Enter
from tcpchat.model.events import Event, TopicSet
from tcpchat.model.phrases import stand_in
from tcpchat.model.records import (
    Announce,
    Append,
    Attempt,
    Check,
    Count,
    Document,
    Drop,
    Find,
    Get,
    Hash,
    Hashed,
    Hits,
    Hold,
    Latest,
    Put,
    Read,
    Record,
    Release,
    Reload,
    Search,
    Since,
    Span,
    as_now,
    log_of,
    parties,
    seats,
)
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
    """What one event is to a client in two lines counts once: who comes in and is away, what one tells oneself.

    Only what a renamed room is to clients that do not know such a thing has no time.
    """
    times: list[int] = []
    before: list[str] = []
    for line in written.decode().splitlines():
        if not line.startswith("@"):
            assert line.split(" ")[1] in {"PART", "JOIN", "332", "333", "353", "366"}
            continue
        tags, source, *words = line.split(" ")
        time = _TIMES[tags.partition(";")[0]]
        joined_away = [*before[:1], *words[:1]] == ["JOIN", "AWAY"]
        echoed = words == before and words[1:2] == [source[1:].partition("!")[0]]
        if not (times and time == times[-1] and (joined_away or echoed)):
            times.append(time)
        before = words
    return times


_TIMES = {f"@time={clock(time)}": time for time in range(1, 20_000)}

KINDS: dict[str, tuple[Encoding, Times]] = {
    "hears all": (Numbers(EVERY), numbers),
    "hears no echo": (Numbers(EVERY - SPOKEN), numbers),
    "hears little of itself": (Numbers(frozenset({events.Renamed, events.TopicSet})), numbers),
    "json": (jsonl.ENCODING, json_times),
    "irc": (irc_encoding(frozenset({"server-time", "message-tags"})), irc_times),
    "irc with all but echo": (irc_encoding(frozenset(SHAPES_EVENTS - {"echo-message"})), irc_times),
    "irc with echo": (irc_encoding(SHAPES_EVENTS), irc_times),
}


class Ear:
    """A connection to the hub that remembers what it heard, and what it had no room for."""

    host = "host"
    address = "192.0.2.1"
    secure = True
    certificate = ""
    administrator = False
    encrypted = False
    pinged = False

    def __init__(self, hub: Hub, session: str, kind: str = "hears all") -> None:
        self.session = session
        self.person = f"person of {session}"
        self.account = ""
        self.hub = hub
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

    @property
    def token(self) -> str:
        """What it was told when it entered."""
        return self.hub.state.token(self.person)

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
        hub.state.secret = b"secret"
        self.queue: deque[tuple[Asked | None, Record]] = deque()
        self.logs: dict[str, list[Event]] = {}
        self.documents: dict[tuple[str, str], Document] = {}
        self.told: Callable[[Event], None] = lambda event: None
        """Called with each fact, before the hub is fed."""
        self._owners: dict[str, str] = {}
        self._now = 0
        self._position = 0

    def restart(self, hub: Hub) -> None:
        """The server stopped at once, and another one starts with what was recorded."""
        self.hub = hub
        self.queue.clear()
        self._owners.clear()
        hub.state.secret = b"secret"
        topics = (
            [event for event in self._read(Read(log, 1_000_000)) if isinstance(event, TopicSet)] for log in self.logs
        )
        hub.feed(sorted((of_room[-1] for of_room in topics if of_room), key=lambda topic: topic.time))
        hub.state.last_id = f"ledger-{self._position}"
        hub.state.begin(self._now)
        for kept in (access, account, registered):
            kept.load(hub.state, {key: one for (space, key), one in self.documents.items() if space == kept.SPACE})

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
        """Record these many as one batch, in which no room is renamed, or rename one; gives its facts."""
        waiting = list(islice(self.queue, most))
        batch = list(takewhile(lambda one: not _renames(one[1]), waiting)) or waiting[:1]
        for _ in batch:
            self.queue.popleft()
        outcomes = [self._outcome(record) for _, record in batch]
        facts = [event for event in map(self._fact, batch, outcomes) if event is not None]
        for event in facts:
            self.told(event)
        self.hub.feed(facts)
        for event in facts:
            if isinstance(event, events.RoomRenamed):
                self._follow(event)
        for (asked, _), outcome in zip(batch, outcomes, strict=True):
            if asked is not None:
                self._step(asked, outcome)
        return facts

    def _fact(self, asked: tuple[Asked | None, Record], outcome: object) -> Event | None:
        """What happens with a record."""
        record = asked[1]
        if isinstance(record, Put) and outcome is not None and record.event is not None:
            return self._timed(record.event)
        return outcome if isinstance(outcome, Event) else None

    def _follow(self, renamed: events.RoomRenamed) -> None:
        """What waits means the room under its new name; but who wanted to open one of that name has to look again."""
        before, after = names.fold(renamed.room), names.fold(renamed.to)
        waiting, self.queue = self.queue, deque()
        for asked, record in waiting:
            if isinstance(record, Hold) and record.thing.startswith(seats(after)):
                assert asked is not None
                self._step(asked, None)
                continue
            changed = record
            if names.fold(getattr(record.event, "room", "")) == before:
                changed = replace(changed, event=replace(record.event, room=renamed.to))
            if isinstance(record, Hold | Drop):
                changed = replace(changed, thing=_moved(record.thing, before, after))
            if isinstance(record, Append) and record.frees is not None:
                frees = replace(record.frees, thing=_moved(record.frees.thing, before, after))
                changed = replace(changed, frees=frees)
            self.queue.append((asked, changed))

    def _step(self, asked: Asked, found: object) -> None:
        assert asked.rule is not None
        try:
            wish = asked.rule.send(found)
            while not isinstance(wish, Record):
                wish = asked.rule.send(self._answer(wish))
            self.queue.append((asked, wish))
        except StopIteration as end:
            asked.reply = end.value
        except Refused as refusal:
            asked.reply = refusal

    def _answer(self, wish: object) -> object:
        """What was asked, or is to be worked out: passwords are their own hashes."""
        match wish:
            case Read():
                return self._read(wish)
            case Find(log=name, id=id, time=time):
                log = self.logs.get(name, [])
                if id:
                    return next((event.number for event in log if event.id == id), None)
                return next((event.number for event in log if event.time >= time), len(log) + 1)
            case Latest(logs=logs, party=party, after=after, before=before, limit=limit):
                logs = [*logs, *(name for name in self.logs if party in parties(name))]
                last = [event for name in logs for event in self._read(Read(name, 1, said=True))]
                low, high = sorted((after, before))
                last = sorted((event for event in last if low < event.time < high), key=lambda event: event.time)
                return last[:limit] if after <= before else last[-limit:]
            case Since(party=party, id=""):
                return [Span(name, 1, len(log)) for name, log in self.logs.items() if log and party in parties(name)]
            case Search(logs=logs, phrases=phrases, limit=limit):
                found = [
                    event
                    for name, first in logs.items()
                    for event in self._read(Read(name, 1_000_000, after=first - 1, said=True))
                    if stand_in(phrases, event.text)  # type: ignore[attr-defined]
                ]
                return Hits(sorted(found, key=lambda event: event.time, reverse=True)[:limit])
            case Get(space=space, key=key):
                return self.documents.get((space, key), Document())
            case Hash(password=password):
                return Hashed(password, "c2FsdA==", 1, "", "")
            case Check(password=password, hash=hash):
                return password == hash != ""
            case Attempt() | Count():
                return None
            case Reload():
                return ""
        raise AssertionError(wish)

    def _read(self, wish: Read) -> list[Event]:
        found = [
            as_now(event, wish.log)  # type: ignore[arg-type]
            for event in self.logs.get(wish.log, [])
            if (wish.after is None or event.number > wish.after)
            and (wish.before is None or event.number < wish.before)
            and (not wish.said or (isinstance(event, events.Said | events.Told) and not event.redacted))
        ]
        return found[: wish.limit] if wish.after is not None and not wish.latest else found[-wish.limit :]

    def _outcome(self, record: Record) -> Event | Document | Hold | None:
        owners = self._owners
        match record:
            case Append(event=event, frees=frees):
                if isinstance(event, events.RoomRenamed) and not self._rename(
                    names.fold(event.room), names.fold(event.to)
                ):
                    return None
                if isinstance(event, events.Redacted):
                    self._redact(event)
                if frees is not None and owners.get(frees.thing) == frees.owner:
                    del owners[frees.thing]
                log = self.logs.setdefault(log_of(event), [])
                self._position += 1
                log.append(replace(self._timed(event), number=len(log) + 1, id=f"ledger-{self._position}"))
                return log[-1]
            case Put(space=space, key=key, value=value, expected=expected):
                if self.documents.get((space, key), Document()).revision != expected:
                    return None
                document = self.documents[space, key] = Document(value, expected + 1)
                return document
            case Hold(thing=thing, owner=owner, also=also, instead=instead):
                things = (thing, *also)
                if any(owners.get(thing, owner) != owner for thing in things):
                    return None
                for thing in [one for one, who in owners.items() if who == owner and one.startswith(instead or "!")]:
                    del owners[thing]
                owners.update(dict.fromkeys(things, owner))
                if record.event is None:
                    return record
            case Drop(thing=thing, owner=owner, also=also):
                if owners.get(thing) != owner:
                    return None
                for one in (thing, *also):
                    del owners[one]
            case Release(owner=owner):
                if owner not in owners.values():
                    return None
                self._owners = {thing: one for thing, one in owners.items() if one != owner}
            case Announce():
                pass
        return self._timed(record.event) if record.event is not None else None

    def _rename(self, before: str, after: str) -> bool:
        """A room's log and its seats are called otherwise, if there is no log and no seat of that name."""
        if before != after:
            if self.logs.get(after) or any(thing.startswith(seats(after)) for thing in self._owners):
                return False
            self.logs[after] = self.logs.pop(before, [])
            self._owners = {_moved(thing, before, after): owner for thing, owner in self._owners.items()}
        return True

    def _redact(self, redacted: events.Redacted) -> None:
        """Of what is taken back only the place is left."""
        log = self.logs.get(log_of(redacted), [])
        for place, event in enumerate(log):
            if event.id == redacted.of and isinstance(event, events.Said | events.Told):
                log[place] = replace(event, text="", tags=None, seams=(), redacted=True)

    def _timed(self, event: Event) -> Event:
        self._now += 1
        return replace(event, time=self._now)


def _renames(record: Record) -> bool:
    return isinstance(record, Append) and isinstance(record.event, events.RoomRenamed)


def _moved(thing: str, before: str, after: str) -> str:
    """What a thing is called after a room was renamed."""
    return seats(after) + thing.removeprefix(seats(before)) if thing.startswith(seats(before)) else thing


def entered(hub: Hub, ledger: Ledger, *nicks: str, kind: str = "hears all") -> Sequence[Ear]:
    """People who came in, and have heard nothing yet."""
    ears = [Ear(hub, f"session of {nick}", kind) for nick in nicks]
    for ear, nick in zip(ears, nicks, strict=True):
        ledger.do(ear, Enter(nick=nick))
    return ears
