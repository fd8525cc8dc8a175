"""Who falls behind gets exactly what it missed, once and in order, from the log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from random import Random

import msgspec
import pytest

from tcpchat.backend.memory import Memory
from tcpchat.chat.hub import Hub
from tcpchat.chat.user import Encoding, User
from tcpchat.config import Config, Limits
from tcpchat.model import events
from tcpchat.model.commands import (
    Away,
    Command,
    Enter,
    Invite,
    Join,
    Kick,
    ModeChange,
    Part,
    Quit,
    Redact,
    Rename,
    RenameRoom,
    Say,
    SetModes,
    Tag,
    Tell,
    Watch,
)
from tcpchat.model.events import LOGGED, Event, Joined, Left, Said
from tcpchat.model.records import Append, Drop, Hold, Read, Record, parties, seat
from tcpchat.model.replies import Refused
from tcpchat.server.catchup import CatchUp
from tcpchat.server.gaps import PAGE
from tcpchat.wire import jsonl

_decode = msgspec.json.Decoder(events.ANY).decode


class Quiet(jsonl.JsonEncoding):
    """JSON without an echo of one's own words."""

    own = jsonl.JsonEncoding.own - {events.Said, events.Told}


class Slow:
    """A session whose socket takes nothing while it is `full`; it catches up as a session does."""

    host = "host"
    address = "192.0.2.1"

    def __init__(self, hub: Hub, backend: Memory, nick: str, encoding: Encoding = jsonl.ENCODING) -> None:
        self.session = f"session of {nick}"
        self.person = f"person of {nick}"
        self.account = ""
        self.encoding = encoding
        self.user: User | None = None
        self.catching: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        self.heard: list[Event] = []
        self.catch_up: CatchUp | None = None
        self.turns = 0
        """For how many turns of the loop the outbox makes the one who catches up wait."""
        self._hub = hub
        self._backend = backend
        hub.attach(self)

    @property
    def outbox(self) -> "Slow":
        return self

    @property
    def full(self) -> bool:
        return not self._room.is_set()

    def fill(self) -> None:
        self._room.clear()

    def take(self) -> None:
        self._room.set()

    async def flushed(self) -> None:
        await self._room.wait()
        for _ in range(self.turns):
            await asyncio.sleep(0)

    def put(self, chunk: bytes) -> bool:
        """For the hub; what is caught up on comes through `send`."""
        if self.full or self.catch_up is not None:
            return False
        self.send(chunk)
        return True

    def send(self, chunk: bytes) -> None:
        self.heard += map(_decode, chunk.splitlines())

    def miss(self, events: list[Event]) -> None:
        if self.catch_up is not None:
            self.catch_up.miss(events)
        else:
            assert self.user is not None
            self.catch_up = CatchUp(self.user, events, 100_000)
            self.catching = asyncio.create_task(self._run())

    def close(self, reason: str) -> None:
        raise AssertionError(reason)

    async def _run(self) -> None:
        assert self.catch_up is not None
        await self.catch_up.run(Behind(self), self._backend)
        self.catch_up = None

    async def read_on(self) -> None:
        """The socket takes bytes again; wait until nothing is missing."""
        self.take()
        if self.catching is not None:
            await self.catching

    async def do(self, *commands: Command) -> None:
        """Ask for these, one after the other."""
        for command in commands:
            rule, found = self._hub.obey(self, command), None
            try:
                while True:
                    wish = rule.send(found)  # type: ignore[arg-type]
                    recording: Awaitable[object] = (
                        self._backend.record(wish) if isinstance(wish, Record) else self._backend.ask(wish)  # type: ignore[arg-type]
                    )
                    found = await recording  # type: ignore[assignment]
            except (StopIteration, Refused):
                pass

    def logged(self, room: str = "#tea") -> list[int]:
        return [
            event.number
            for event in self.heard
            if isinstance(event, LOGGED) and getattr(event, "room", "") == room and not getattr(event, "status", "")
        ]

    def told(self) -> list[str]:
        return [event.text for event in self.heard if isinstance(event, events.Told)]


class Behind:
    """What `CatchUp` is given for a session."""

    def __init__(self, session: Slow) -> None:
        self.session = session.session
        self.encoding = session.encoding
        self.outbox = self
        self.put = session.send
        self.flushed = session.flushed


class World:
    def __init__(self) -> None:
        self.hub = Hub(Config())
        self.hub.state.secret = b"secret"
        self.backend = Memory()

    async def come(
        self, *nicks: str, rooms: Sequence[str] = ("#tea",), encoding: Encoding = jsonl.ENCODING
    ) -> list[Slow]:
        ears = [Slow(self.hub, self.backend, nick, encoding) for nick in nicks]
        for ear, nick in zip(ears, nicks, strict=True):
            await ear.do(Enter(nick=nick), *(Join(room=room) for room in rooms))
        for ear in ears:
            ear.heard.clear()
        return ears


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.backend.start(world.hub)
    yield world
    await world.backend.close()


def say(*texts: object, room: str = "#tea") -> list[Say]:
    return [Say(room=room, text=str(text)) for text in texts]


async def test_what_was_missed_comes_once_and_in_order(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    await ann.do(*say(1, 2))
    bob.fill()
    await ann.do(*say(*range(3, 2 * PAGE + 50)))
    assert bob.logged() == [1, 2]
    await bob.read_on()
    assert bob.logged() == list(range(1, 2 * PAGE + 50))
    await ann.do(*say("live again"))
    assert bob.heard == [event for event in ann.heard if isinstance(event, Said)]


async def test_what_comes_while_one_catches_up_comes_once_too(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    bob.fill()
    bob.turns = 3
    await ann.do(*say(*range(PAGE + 10)))
    catching_up = asyncio.create_task(bob.read_on())
    for n in range(60):
        await ann.do(*say(f"more {n}"))
    await catching_up
    await ann.do(*say("live again"))
    assert bob.logged() == list(range(1, PAGE + 10 + 60 + 2))


async def test_what_is_stored_but_not_fed_yet_is_left_to_the_feed(world: World) -> None:
    """The reader of a file sees what the writer has just committed, before the loop feeds it to the hub."""
    ann, bob = await world.come("ann", "bob")
    bob.fill()
    await ann.do(*say(1, 2, 3))
    hidden: list[Event] = []
    feed, world.hub.feed = world.hub.feed, hidden.extend  # type: ignore[method-assign]
    await world.backend.record(Append(Said(room="#tea", by="ann", text="4")))
    await bob.read_on()
    assert bob.logged() == [1, 2, 3]
    world.hub.feed = feed  # type: ignore[method-assign]
    world.hub.feed(hidden)
    assert bob.logged() == [1, 2, 3, 4]


@pytest.mark.parametrize(("encoding", "numbers"), [(jsonl.ENCODING, [1, 2, 3]), (Quiet(), [2])])
async def test_ones_own_words_come_as_the_encoding_wants(world: World, encoding: Encoding, numbers: list[int]) -> None:
    (ann,), (bob,) = await world.come("ann"), await world.come("bob", encoding=encoding)
    bob.fill()
    await bob.do(*say(1))
    await ann.do(*say(2))
    await bob.do(*say(3))
    await bob.read_on()
    assert bob.logged() == numbers


async def test_every_room_and_every_conversation_is_caught_up_on(world: World) -> None:
    ann, bob, carl = await world.come("ann", "bob", "carl", rooms=("#tea", "#milk"))
    bob.fill()
    for n in range(5):
        await ann.do(*say(n), *say(n, room="#milk"), Tell(to="bob", text=f"ann {n}"))
        await carl.do(Tell(to="BOB", text=f"carl {n}"), Tell(to="ann", text="not for bob"))
    await bob.read_on()
    assert bob.logged() == bob.logged("#milk") == [1, 2, 3, 4, 5]
    assert [text for text in bob.told() if text.startswith("ann")] == [f"ann {n}" for n in range(5)]
    assert [text for text in bob.told() if text.startswith("carl")] == [f"carl {n}" for n in range(5)]
    assert len(bob.told()) == 10


async def test_nobody_is_sent_what_was_said_where_they_are_not(world: World) -> None:
    ann, bob = await world.come("ann", "bob", rooms=("#tea", "#milk"))
    bob.fill()
    await ann.do(*say(1), *say(1, room="#milk"))
    await bob.do(Part(room="#milk"))
    await ann.do(*say("secret", room="#milk"))
    await bob.read_on()
    assert bob.logged() == [1]
    assert "secret" not in str(bob.heard)


async def test_what_is_said_to_a_status_is_caught_up_on_by_those_who_have_it(world: World) -> None:
    ann, bob, carl = await world.come("ann", "bob", "carl")
    await ann.do(SetModes(room="#tea", changes=[ModeChange("+", "v", "bob")]))
    bob.heard.clear()
    carl.heard.clear()
    bob.fill()
    carl.fill()
    for status in ("+", "@", "", "+"):
        await ann.do(Say(room="#tea", text=f"to {status}", status=status))
    await bob.read_on()
    await carl.read_on()
    assert [event.text for event in bob.heard if isinstance(event, Said) and event.status] == ["to +", "to +"]
    assert [event.text for event in carl.heard if isinstance(event, Said)] == ["to "]


async def test_what_is_said_to_a_status_is_caught_up_on_after_the_room_was_renamed(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    await ann.do(SetModes(room="#tea", changes=[ModeChange("+", "o", "bob")]))
    await ann.do(Say(room="#tea", text="known", status="@"))
    bob.fill()
    await ann.do(Say(room="#tea", text="before", status="@"), RenameRoom(room="#tea", to="#milk"))
    await ann.do(Say(room="#milk", text="after", status="@"), *say(1, room="#milk"))
    await bob.read_on()
    assert [event.text for event in bob.heard if isinstance(event, Said) and event.status] == [
        "known",
        "before",
        "after",
    ]
    assert [event.text for event in bob.heard if isinstance(event, Said) and not event.status] == ["1"]


async def test_what_was_taken_back_meanwhile_is_not_sent(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    bob.fill()
    await ann.do(*say("secret", "known"), Tell(to="bob", text="secret too"))
    for room, number in (("#tea", 0), ("bob", 2)):
        await ann.do(Redact(target=room, of=ann.heard[number].id))
    await bob.read_on()
    assert "secret" not in str(bob.heard)
    assert [(event.number, event.text, event.redacted) for event in bob.heard if isinstance(event, Said)] == [
        (1, "", True),
        (2, "known", False),
    ]
    assert [event.of for event in bob.heard if isinstance(event, events.Redacted)] == [ann.heard[0].id, ann.heard[2].id]


async def test_who_was_put_out_meanwhile_is_told_once(world: World) -> None:
    ann, bob, carl, _ = await world.come("ann", "bob", "carl", "dora")
    bob.fill()
    await ann.do(*say(1), Kick(room="#tea", nick="carl", reason="x"), *say(3), Kick(room="#tea", nick="dora"))
    await carl.do(Join(room="#tea"))
    await bob.read_on()
    assert bob.logged() == [1, 2, 3, 4]
    assert [event.nick for event in bob.heard if isinstance(event, events.Kicked)] == ["carl", "dora"]
    assert [(type(event), event.by) for event in bob.heard if isinstance(event, Left | Joined)] == [(Joined, "carl")]


async def test_who_is_put_out_oneself_is_told_that_and_no_more(world: World) -> None:
    ann, bob = await world.come("ann", "bob", rooms=("#tea", "#milk"))
    bob.fill()
    await ann.do(Kick(room="#tea", nick="bob", reason="x"), *say("secret"), *say("milk", room="#milk"))
    await bob.read_on()
    assert [event.reason for event in bob.heard if isinstance(event, events.Kicked)] == ["x"]
    assert bob.logged("#milk") == [1]
    assert "secret" not in str(bob.heard)


async def test_what_is_not_kept_keeps_nobody_from_catching_up(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    bob.fill()
    typing = {"+typing": "active"}
    await ann.do(Tag(to="bob", tags=typing), *say(1), Tag(to="#tea", tags=typing), Tell(to="bob", text="psst"))
    await ann.do(Tag(to="bob", tags=typing), Tag(to="#tea", tags=typing, status="@"))
    await bob.read_on()
    await ann.do(*say("live again"))
    assert bob.logged() == [1, 2]
    assert bob.told() == ["psst"]


async def test_a_tag_that_is_kept_is_caught_up_on(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    bob.fill()
    await ann.do(*say(1), Tag(to="#tea", tags={"+draft/persist": "", "+draft/react": ":)"}), *say(3))
    await bob.read_on()
    assert bob.logged() == [1, 2, 3]
    assert bob.heard == ann.heard


async def test_a_room_that_was_renamed_meanwhile_is_caught_up_on(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    bob.fill()
    await ann.do(*say(1), RenameRoom(room="#tea", to="#milk"), *say(3, room="#milk"))
    await bob.read_on()
    await ann.do(*say("live again", room="#milk"))
    assert [event.number for event in bob.heard if isinstance(event, Said)] == [1, 3, 4]
    assert [type(event) for event in bob.heard].count(events.Moved) == 1
    assert not any(isinstance(event, events.RoomRenamed) for event in [*ann.heard, *bob.heard])
    moved = next(place for place, event in enumerate(bob.heard) if isinstance(event, events.Moved))
    assert {event.number for event in bob.heard[:moved] if isinstance(event, Said)} <= {1}, "it is not there yet"


@pytest.mark.parametrize("turns", range(1, 6))
async def test_a_room_can_be_renamed_while_somebody_catches_up(world: World, turns: int) -> None:
    ann, bob = await world.come("ann", "bob", rooms=("#tea", "#water"))
    bob.fill()
    bob.turns = 3
    await ann.do(*say(*range(3 * PAGE)), *say(*range(3 * PAGE), room="#water"))
    catching_up = asyncio.create_task(bob.read_on())
    for before, after in (("#tea", "#milk"), ("#milk", "#coffee"), ("#coffee", "#tea")):
        for _ in range(turns):
            await asyncio.sleep(0)
        await ann.do(RenameRoom(room=before, to=after))
    await asyncio.wait_for(catching_up, 9)
    await ann.do(*say("live again"))
    said = [event.number for event in bob.heard if isinstance(event, Said) and event.room != "#water"]
    assert said == [*range(1, 3 * PAGE + 1), 3 * PAGE + 4]
    assert bob.logged("#water") == list(range(1, 3 * PAGE + 1))


async def test_who_came_before_a_room_was_renamed_in_the_same_batch_is_told(world: World) -> None:
    ann, bob, dora = await world.come("ann", "bob", "dora")
    (carl,) = await world.come("carl", rooms=())
    bob.fill()
    batch = (
        Append(Said(room="#tea", by="ann", text="x")),
        Hold(seat("#tea", carl.session), carl.session, Joined(room="#tea", by="carl")),
        Drop(seat("#tea", dora.session), dora.session, Left(room="#tea", by="dora")),
        Append(events.RoomRenamed(room="#tea", by="ann", to="#milk")),
    )
    await asyncio.gather(*map(world.backend.record, batch))
    assert len(ann.heard) == len(batch)
    await bob.read_on()
    assert [(type(event), event.by) for event in bob.heard if isinstance(event, Left | Joined)] == [
        (Left, "dora"),
        (Joined, "carl"),
    ]


async def test_what_was_meant_for_one_alone_is_told_at_the_end(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    await ann.do(Join(room="#milk"))
    await bob.do(Watch(nicks=["emil"]))
    bob.fill()
    await ann.do(Invite(room="#milk", nick="bob"), *say(1))
    await world.come("emil", rooms=())
    await bob.read_on()
    assert bob.logged() == [1]
    assert [event.room for event in bob.heard if isinstance(event, events.Invited)] == ["#milk"]
    assert [event.here for event in bob.heard if isinstance(event, events.Noticed)] == [True]


async def test_who_came_and_who_went_meanwhile_is_told_at_the_end(world: World) -> None:
    ann, bob, carl, dora = await world.come("ann", "bob", "carl", "dora")
    bob.fill()
    (emil,) = await world.come("emil")
    await carl.do(Part(room="#tea"))
    await dora.do(Quit())
    await ann.do(Rename(nick="anna"), *say("hi"), Away(text="out"))
    await emil.do(*say("hello"))
    await bob.read_on()
    words, changes = bob.heard[:2], bob.heard[2:]
    assert [event.text for event in words if isinstance(event, Said)] == ["hi", "hello"]
    assert {event.by for event in changes if isinstance(event, Left)} == {"carl", "dora", "ann"}
    assert {event.by for event in changes if isinstance(event, Joined)} == {"emil", "anna"}
    assert [event.by for event in changes[5:] if isinstance(event, events.WentAway)] == ["anna"]
    assert len(changes) == 6


async def test_who_took_a_seat_in_the_same_batch_is_told_too(world: World) -> None:
    (bob,) = await world.come("bob", rooms=("#tea", "#milk"))
    await world.come("carl", rooms=())
    bob.fill()
    hold = Hold("seat", "session of carl", Joined(room="#milk", by="carl"))
    await asyncio.gather(*map(world.backend.record, (Append(Said(room="#tea", by="ann", text="x")), hold)))
    await bob.read_on()
    assert [type(event) for event in bob.heard] == [Said, Joined]


async def test_in_a_large_room_those_are_told_of_who_did_something_meanwhile(world: World) -> None:
    world.hub.state.config = Config(limits=Limits(announced=2))
    _, bob, carl = await world.come("ann", "bob", "carl")
    bob.fill()
    await world.come("dora")
    (eve,) = await world.come("eve")
    await carl.do(*say("hello"))
    await eve.do(*say("hello"))
    await bob.read_on()
    assert [(event.by, type(event)) for event in bob.heard if not isinstance(event, Said)] == [
        ("carl", Joined),
        ("eve", Joined),
    ]


async def test_in_a_large_room_one_is_told_once_that_one_came_oneself(world: World) -> None:
    world.hub.state.config = Config(limits=Limits(announced=2))
    ann, _, carl = await world.come("ann", "bob", "carl")
    carl.fill()
    await ann.do(*say("hello"), SetModes(room="#tea", changes=[ModeChange("+", "v", "carl")]), *say("carl?"))
    await carl.read_on()
    assert [type(event) for event in carl.heard] == [Said, events.ModesSet, Said]


async def test_who_came_and_went_again_is_not_mentioned(world: World) -> None:
    ann, bob = await world.come("ann", "bob")
    bob.fill()
    (carl,) = await world.come("carl")
    await carl.do(Part(room="#tea"), Join(room="#tea"), Quit())
    await ann.do(Rename(nick="anna"), Rename(nick="ann"))
    await bob.read_on()
    assert bob.heard == []


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_the_slow_one_hears_what_the_fast_one_hears(world: World, seed: int) -> None:
    random, rooms = Random(seed), ("#tea", "#milk")
    slow, fast, *others = await world.come("slow", "fast", "ann", "bob", "carl", rooms=rooms)
    seats = {room: {"slow", "fast", "ann", "bob", "carl"} for room in rooms}
    for room in rooms:
        await slow.do(SetModes(room=room, changes=[ModeChange("+", "v", "fast"), ModeChange("+", "o", "ann")]))
    for _ in range(150):
        room, nick = random.choice(rooms), random.choice(["dora", "emil", "fay"])
        wishes = [
            Join(room=room),
            Part(room=room),
            Rename(nick=nick),
            Tell(to="slow", text="psst"),
            Kick(room=room, nick=random.choice(["bob", "carl", "dora", "emil", "fay"])),
            Say(room=room, text=f"psst, {random.random()}", status="+"),
            *say(*"hello", room=room),
        ]
        await asyncio.gather(*(one.do(random.choice(wishes)) for one in others))
        slow.turns = random.randrange(4)
        if random.random() < 0.2:
            slow.fill()
        elif random.random() < 0.2:
            slow.take()
    await slow.read_on()
    await others[0].do(*(Say(room=room, text="the end") for room in rooms))
    for room in rooms:
        assert slow.logged(room) == fast.logged(room)
        spoken = [
            [event.text for event in one.heard if isinstance(event, Said) and event.status and event.room == room]
            for one in (slow, fast)
        ]
        assert spoken[0] == spoken[1]
        assert seated(seats[room], slow.heard, room) == {user.nick for user in world.hub.state.rooms[room].members}
    told = [event.number for event in slow.heard if isinstance(event, events.Told)]
    stored = [
        entry for log in world.backend._logs for entry in await world.backend.read(Read(log, 1_000)) if parties(log)
    ]
    assert sorted(told) == sorted(entry.number for entry in stored)
    assert all(isinstance(entry, LOGGED) for entry in stored)


def seated(seats: set[str], heard: list[Event], room: str) -> set[str]:
    """Who is in a room, as far as one can know from what one heard."""
    seats = set(seats)
    for event in heard:
        match event:
            case Joined(by=by) if event.room == room:
                seats.add(by)
            case Left(by=by) if event.room == room:
                seats.discard(by)
            case events.Kicked(nick=nick) if event.room == room:
                seats.discard(nick)
            case events.Gone(by=by):
                seats.discard(by)
            case events.Renamed(by=by, to=to) if by in seats:
                seats = seats - {by} | {to}
    return seats
