"""What every backend promises (tcpchat/backend/base.py)."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.backend.base import Backend, Unavailable
from tcpchat.backend.order import Outcome
from tcpchat.model.commands import ModeChange
from tcpchat.model.events import (
    LOGGED,
    Event,
    Gone,
    Joined,
    Kicked,
    Left,
    ModesSet,
    NameSet,
    Redacted,
    Renamed,
    RoomRenamed,
    Said,
    Tagged,
    Told,
    TopicSet,
)
from tcpchat.model.records import (
    Announce,
    Append,
    Document,
    Drop,
    Find,
    Get,
    Hold,
    Latest,
    Put,
    Read,
    Record,
    Release,
    conversation,
    party,
    seat,
)
from tests.backend.conftest import Opened, opened


def said(text: str, room: str = "#tea", by: str = "ann", key: str = "") -> Append:
    return Append(Said(room=room, by=by, text=text), key)


def talk(one: str, other: str) -> str:
    """The log of what two say to each other; who has a capital letter has an account."""
    return conversation(*(party(name if name[:1].isupper() else "", name) for name in (one, other)))


def told(text: str, to: str, by: str) -> Append:
    return Append(Told(to=to, by=by, text=text, talk=talk(to, by)))


async def record(it: Opened, *records: Record) -> list[Outcome]:
    """Record all of them in one turn of the loop, and wait for what comes of them."""
    return await asyncio.gather(*map(it.backend.record, records))


def texts(events: list[LOGGED] | list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Said | Told)]


# the log


async def test_numbers_are_dense_in_each_room(it: Opened) -> None:
    random = Random(1)
    rooms = [random.choice(["#tea", "#milk", "#Tea"]) for _ in range(60)]
    for start in range(0, 60, 7):
        await record(it, *(said("x", room) for room in rooms[start : start + 7]))
    for log in ("#tea", "#milk"):
        numbers = [event.number for event in it.fed.events if isinstance(event, Said) and event.room.lower() == log]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers == [event.number for event in await it.backend.read(Read(log, 100))]


async def test_a_conversation_is_one_log_whoever_speaks(it: Opened) -> None:
    await record(it, told("hi", "Bob", "ann"), told("oh", "ann", "BOB"), told("x", "carl", "ann"))
    assert texts(await it.backend.read(Read(talk("ann", "Bob"), 9))) == ["hi", "oh"]
    assert [event.number for event in it.fed.events] == [1, 2, 1]


async def test_what_was_awaited_can_be_read_and_was_fed(it: Opened) -> None:
    event = await it.backend.record(said("hello"))
    assert it.fed.events == [event]
    assert await it.backend.read(Read("#tea", 9)) == [event]
    assert isinstance(event, Said)
    assert (event.room, event.by, event.text, event.number) == ("#tea", "ann", "hello", 1)


async def test_every_field_comes_back_as_it_was(it: Opened) -> None:
    first = Said(room="#Tea", by="Ann", text="a\n\x02é😀\x01", kind="action", origin="ann@host")
    events: tuple[LOGGED, ...] = (
        first,
        TopicSet(room="#tea", by="B", topic=""),
        Said(room="#tea", by="C", text="x", kind="notice", account="Acc", bot=True, tags={"+a/b": ";"}, seams=(1,)),
        ModesSet(room="#tea", by="B", changes=[ModeChange("+", "o", "Ann"), ModeChange("-", "m")]),
        Kicked(room="#tea", by="B", nick="C", reason="so"),
        Tagged(room="#tea", by="B", tags={"+draft/persist": ""}),
        Redacted(room="#tea", by="B", of="no-1", reason="why"),
        RoomRenamed(room="#Tea", by="B", to="#tea", reason="smaller"),
    )
    stored = await record(it, *map(Append, events))
    assert await it.backend.read(Read("#tea", 9)) == stored
    for one, other in zip(events, stored, strict=True):
        assert isinstance(other, Event)
        assert type(other)(**{**_fields(other), "time": 0, "number": 0, "id": ""}) == one


def _fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


async def test_times_rise_in_each_room_and_ids_are_unique(it: Opened) -> None:
    await record(it, *(said(str(n), f"#{n % 3}") for n in range(300)))
    for n in range(3):
        times = [event.time for event in it.fed.events if isinstance(event, Said) and event.room == f"#{n}"]
        assert all(earlier < later for earlier, later in pairwise(times))
    assert len({event.id for event in it.fed.events}) == 300


async def test_the_latest_id_is_that_of_the_latest_entry_of_all(it: Opened) -> None:
    assert it.backend.last_id == ""
    announced = Announce(Tagged(by="ann", room="#tea", tags={"+typing": "active"}, id="t-1"))
    for one in (said("a"), told("b", "bob", "ann"), said("c", "#milk")):
        event = await it.backend.record(one)
        assert isinstance(event, Event)
        await record(it, announced, Put("space", event.id, b"", 0))
        assert it.backend.last_id == event.id


async def test_a_room_that_was_never_spoken_in_has_an_empty_log(it: Opened) -> None:
    assert await it.backend.read(Read("#nowhere", 9)) == []


# keys


async def test_a_key_is_stored_once(it: Opened) -> None:
    first, second = await record(it, said("hello", key="k"), said("hello", key="k"))
    third = await it.backend.record(said("something else", key="k"))
    assert first == second == third
    assert it.fed.events == [first]
    assert texts(await it.backend.read(Read("#tea", 9))) == ["hello"]


async def test_a_known_key_leaves_no_gap(it: Opened) -> None:
    await record(it, said("a", key="k"), said("b", key="k"), said("c"), said("d", key="k"), said("e"))
    assert [(event.number, event.text) for event in it.fed.events if isinstance(event, Said)] == [
        (1, "a"),
        (2, "c"),
        (3, "e"),
    ]


@pytest.mark.parametrize(
    "other", [said("b", by="bob", key="k"), said("b", "#milk", key="k"), said("b", key="K"), said("b")]
)
async def test_a_key_belongs_to_its_author_and_its_room(it: Opened, other: Append) -> None:
    await record(it, said("a", key="k"), other)
    assert texts(it.fed.events) == ["a", "b"]


async def test_an_author_is_the_same_in_any_spelling(it: Opened) -> None:
    await record(it, said("a", by="Ann", key="k"), said("b", by="ann", key="k"))
    assert texts(it.fed.events) == ["a"]


# holdings


async def test_the_first_to_hold_a_thing_has_it(it: Opened) -> None:
    mine, theirs = await record(it, *(Hold("nick ann", owner, Joined(room="#a", by=owner)) for owner in ("1", "2")))
    assert isinstance(mine, Joined)
    assert mine.time > 0
    assert theirs is None
    assert it.fed.events == [mine]


async def test_the_owner_may_put_another_event_on_a_thing(it: Opened) -> None:
    hold, again = Hold("nick ann", "1", Renamed(by="a", to="ann")), Hold("nick ann", "1", Renamed(by="ann", to="Ann"))
    assert None not in await record(it, hold, again)
    assert [event.to for event in it.fed.events if isinstance(event, Renamed)] == ["ann", "Ann"]


async def test_what_was_dropped_is_free_again(it: Opened) -> None:
    gone, come = Left(room="#a", by="1"), Joined(room="#a", by="2")
    await record(it, Hold("seat", "1", Joined(room="#a", by="1")), Drop("seat", "1", gone), Hold("seat", "2", come))
    assert [type(event) for event in it.fed.events] == [Joined, Left, Joined]


async def test_a_drop_without_an_event_is_heard_by_nobody(it: Opened) -> None:
    await it.backend.record(Hold("thing", "1", Joined(room="#a", by="1")))
    assert await it.backend.record(Drop("thing", "1")) is None
    assert len(it.fed.events) == 1
    assert await it.backend.record(Hold("thing", "2", Joined(room="#a", by="2"))) is not None


async def test_nobody_drops_what_is_not_theirs(it: Opened) -> None:
    left = Left(room="#a", by="2")
    await it.backend.record(Hold("thing", "1", Joined(room="#a", by="1")))
    assert await record(it, Drop("thing", "2", left), Drop("nothing", "2", left)) == [None, None]
    assert await it.backend.record(Hold("thing", "2", Joined(room="#a", by="2"))) is None


async def test_a_release_frees_everything_at_once_and_is_told_once(it: Opened) -> None:
    things = [Hold(thing, "1", Joined(room="#a", by="1")) for thing in ("x", "y", "z")]
    await record(it, *things, Drop("z", "1"))
    gone = await it.backend.record(Release("1", Gone(by="1")))
    assert isinstance(gone, Gone)
    assert await it.backend.record(Release("1", Gone(by="1"))) is None
    assert [type(event) for event in it.fed.events].count(Gone) == 1
    assert None not in await record(it, *(Hold(thing, "2", Joined(room="#a", by="2")) for thing in ("x", "y", "z")))


async def test_who_holds_nothing_has_nothing_to_release(it: Opened) -> None:
    assert await it.backend.record(Release("1", Gone(by="1"))) is None
    assert it.fed.events == []


async def test_what_is_announced_happens_and_is_not_kept(it: Opened) -> None:
    named = NameSet(by="ann", name="Ann A.", origin="ann@host")
    tagged = Tagged(by="ann", room="#tea", tags={"+typing": "active"}, id="t-1")
    first, second = await record(it, Announce(named), Announce(tagged))
    assert it.fed.events == [first, second]
    assert isinstance(first, NameSet)
    assert (first.name, first.origin, first.number, first.id) == ("Ann A.", "ann@host", 0, "")
    assert first.time > 0
    assert isinstance(second, Tagged)
    assert (second.tags, second.number, second.id) == ({"+typing": "active"}, 0, "t-1")
    assert await it.backend.read(Read("#tea", 9)) == []
    assert [event.number for event in await record(it, said("x")) if isinstance(event, Event)] == [1]


def kicked(nick: str, frees: Drop) -> Append:
    return Append(Kicked(room="#a", by="ann", nick=nick), frees=frees)


async def test_what_an_entry_frees_can_be_had_from_then_on(it: Opened) -> None:
    again, free = Hold("seat", "2", Joined(room="#a", by="2")), Drop("seat", "1")
    await it.backend.record(Hold("seat", "1", Joined(room="#a", by="1")))
    early, stored, late = await record(it, again, kicked("1", free), again)
    assert early is None
    assert isinstance(stored, Kicked)
    assert isinstance(late, Joined)
    assert it.fed.events[1:] == [stored, late], "of what is freed nobody hears but through the entry"
    assert await it.backend.record(Drop("seat", "1", Left(room="#a", by="1"))) is None, "it is not theirs any more"


async def test_an_entry_frees_only_what_is_the_owners(it: Opened) -> None:
    await it.backend.record(Hold("seat", "1", Joined(room="#a", by="1")))
    stored = await it.backend.record(kicked("2", Drop("seat", "2")))
    assert isinstance(stored, Kicked)
    assert stored.number == 1
    assert await it.backend.record(Hold("seat", "2", Joined(room="#a", by="2"))) is None


async def test_what_was_stored_before_frees_nothing_again(it: Opened) -> None:
    entry = Append(Said(room="#a", by="ann", text="x"), "k", Drop("seat", "1"))
    hold = Hold("seat", "1", Joined(room="#a", by="1"))
    _, first, _, again = await record(it, hold, entry, hold, entry)
    assert first == again
    assert await it.backend.record(Hold("seat", "2", Joined(room="#a", by="2"))) is None


# order


async def test_what_is_recorded_is_fed_in_the_order_of_the_calls(it: Opened) -> None:
    random = Random(2)
    waiting = []
    for n in range(200):
        one: Record = said(str(n), random.choice(["#a", "#b"]))
        if random.random() < 0.4:
            one = Hold(f"thing {n}", "1", Joined(room=str(n), by="1"))
        waiting.append(it.backend.record(one))
        if random.random() < 0.2:
            await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    order = [event.text if isinstance(event, Said) else event.room for event in it.fed.events]  # type: ignore[attr-defined]
    assert order == list(map(str, range(200)))


async def test_a_join_a_message_and_a_part_keep_their_order_within_one_batch(it: Opened) -> None:
    join, part = Hold("seat", "1", Joined(room="#a", by="ann")), Drop("seat", "1", Left(room="#a", by="ann"))
    await record(it, said("before", "#a"), join, said("within", "#a"), part, said("after", "#a"))
    assert [[type(event) for event in batch] for batch in it.fed.batches] == [[Said, Joined, Said, Left, Said]]


async def test_all_that_is_recorded_in_one_turn_is_one_batch(it: Opened) -> None:
    await record(it, *(said(str(n)) for n in range(50)))
    assert [len(batch) for batch in it.fed.batches] == [50]


async def test_what_is_recorded_while_being_fed_comes_in_a_batch_of_its_own(it: Opened) -> None:
    more: list[object] = []

    def record_more(batch: object) -> None:
        if len(more) < 4:
            more.append(it.backend.record(said("more") if len(more) % 2 else Hold("x", "1", Joined(room="#a", by="1"))))

    it.fed.then = record_more
    await it.backend.record(said("first"))
    for waiting in more:
        await waiting  # type: ignore[misc]
    assert [len(batch) for batch in it.fed.batches] == [1] * 5


async def test_effects_are_done_when_the_wait_is_over(it: Opened) -> None:
    async def check(n: int) -> None:
        event = await it.backend.record(said(str(n)))
        assert event in it.fed.events

    await asyncio.gather(*map(check, range(20)))


async def test_who_stops_waiting_disturbs_nobody(it: Opened) -> None:
    first, second = it.backend.record(said("a")), it.backend.record(said("b"))
    assert isinstance(first, asyncio.Future)
    first.cancel()
    await second
    assert texts(it.fed.events) == ["a", "b"]


# reading


PLACE = st.one_of(st.none(), st.integers(-2, 45), st.sampled_from([2**62, 2**63, 2**64, 10**30, -(10**30)]))


def entry(n: int) -> Append:
    """What is said, and every third something else."""
    return said(str(n)) if n % 3 else Append(TopicSet(room="#tea", by="ann", topic=str(n)))


def test_reading_gives_just_the_piece_that_was_asked_for(make: Callable[[], Backend]) -> None:
    with asyncio.Runner() as runner:
        it = runner.run(opened(make()))
        stored = runner.run(record(it, *map(entry, range(40)), *(said("x", "#milk") for _ in range(9))))[:40]
        taken_back = [event for event in stored if isinstance(event, Said)][::4]
        runner.run(record(it, *(Append(Redacted(room="#tea", by="ann", of=event.id)) for event in taken_back)))
        everything = runner.run(it.backend.read(Read("#tea", 100)))
        assert [event.id for event in everything[:40]] == [event.id for event in stored if isinstance(event, Event)]

        @settings(deadline=None, max_examples=300)
        @given(before=PLACE, after=PLACE, limit=st.integers(1, 50), latest=st.booleans(), said=st.booleans())
        def check(before: int | None, after: int | None, limit: int, latest: bool, said: bool) -> None:
            wanted = [
                event
                for event in everything
                if (before is None or event.number < before)
                and (after is None or event.number > after)
                and (not said or (isinstance(event, Said) and event not in emptied))
            ]
            wanted = wanted[:limit] if after is not None and not latest else wanted[-limit:]
            assert runner.run(it.backend.read(Read("#tea", limit, before, after, latest, said))) == wanted

        emptied = [event for event in everything if event.id in {one.id for one in taken_back}]
        assert len(emptied) == len(taken_back) > 5
        check()
        runner.run(it.backend.close())


async def test_a_question_to_read_is_answered_like_reading(it: Opened) -> None:
    await record(it, said("a"), said("b"))
    assert await it.backend.ask(Read("#tea", 1)) == await it.backend.read(Read("#tea", 1)) != []


# finding


async def test_an_entry_is_found_by_its_id_in_its_log_only(it: Opened) -> None:
    stored = await record(it, said("a"), said("x", "#milk"), told("hi", "bob", "ann"), said("b"))
    ids = [event.id for event in stored if isinstance(event, Event)]
    logs = {"#tea": [1, None, None, 2], "#milk": [None, 1, None, None], talk("ann", "bob"): [None, None, 1, None]}
    for log, numbers in logs.items():
        assert [await it.backend.ask(Find(log, id)) for id in ids] == numbers
    assert await it.backend.ask(Find("#nowhere", ids[0])) is None


async def test_an_id_that_nothing_has_is_not_found(it: Opened) -> None:
    (event,) = await record(it, said("a"))
    assert isinstance(event, Event)
    start, _, position = event.id.rpartition("-")
    for id in (
        *("x", "-", "-1", "1", f"x-{position}", f"-{position}", f"{start}-", f"{start}-x", f"{start}-{position}x"),
        *(f"{start}-0{position}", f"{start}-+{position}", f"{start}- {position}", f"{start}--{position}"),
        *(f"{start}-²", f"{start}-{10**30}", f"{start}-{int(position) + 1}", f"{start}-0"),
    ):
        assert await it.backend.ask(Find("#tea", id)) is None, id


def test_a_time_is_found_where_the_first_entry_from_then_on_is(make: Callable[[], Backend]) -> None:
    with asyncio.Runner() as runner:
        it = runner.run(opened(make()))
        stored = runner.run(record(it, *(said(str(n)) for n in range(30)), said("x", "#milk")))
        runner.run(asyncio.sleep(0.01))
        stored += runner.run(record(it, *(said(str(n)) for n in range(30))))
        times = [event.time for event in stored if isinstance(event, Said) and event.room == "#tea"]
        assert len(times) == 60

        @settings(deadline=None, max_examples=100)
        @given(st.one_of(st.integers(times[0] - 3, times[-1] + 3), st.sampled_from([0, *times, -(2**70), 2**70])))
        def check(time: int) -> None:
            wanted = next((number for number, at in enumerate(times, 1) if at >= time), 61)
            assert runner.run(it.backend.ask(Find("#tea", time=time))) == wanted

        check()
        assert runner.run(it.backend.ask(Find("#nowhere", time=times[0]))) == 1
        runner.run(it.backend.close())


# what was said last


async def apart(it: Opened, *records: Record) -> list[Event]:
    """Record these one by one, no two at the same time."""
    stored = []
    for one in records:
        event = await it.backend.record(one)
        assert isinstance(event, Event)
        stored.append(event)
        await asyncio.sleep(0.002)
    return stored


async def latest(it: Opened, wish: Latest) -> list[str]:
    found = await it.backend.ask(wish)
    assert isinstance(found, list)
    return texts(found)


EVER = (0, 2**60)


async def test_the_latest_of_rooms_and_conversations_come_in_the_order_of_their_times(it: Opened) -> None:
    await apart(
        it,
        *(said("old tea"), told("old to Bob", "Bob", "ann"), said("milk", "#milk"), said("tea")),
        *(told("to Bob", "Bob", "ann"), said("not asked for", "#water"), told("not mine", "Bob", "carl")),
        *(told("from carl", "ann", "carl"), told("to myself", "ann", "ann")),
    )
    ann, bob = party("", "ann"), party("Bob", "")
    mine = ["milk", "tea", "to Bob", "from carl", "to myself"]
    assert await latest(it, Latest(["#tea", "#milk", "#nowhere"], ann, *EVER, 9)) == mine
    assert await latest(it, Latest([], bob, *EVER, 9)) == ["to Bob", "not mine"]
    assert await latest(it, Latest([], party("ann", ""), *EVER, 9)) == [], "an account is not a person"
    assert await latest(it, Latest(["#milk"], party("", "dora"), *EVER, 9)) == ["milk"]


async def test_of_the_latest_as_many_come_as_are_wanted_from_the_first_time_on(it: Opened) -> None:
    stored = await apart(it, *(said(room, f"#{room}") for room in "abcdef"))
    logs, (_, b, c, d, e, _) = [f"#{room}" for room in "abcdef"], [event.time for event in stored]
    assert await latest(it, Latest(logs, "~1", *EVER, 2)) == ["a", "b"]
    assert await latest(it, Latest(logs, "~1", *EVER[::-1], 2)) == ["e", "f"], "from the later time to the earlier"
    assert await latest(it, Latest(logs, "~1", b, e, 9)) == ["c", "d"]
    assert await latest(it, Latest(logs, "~1", e, b, 9)) == ["c", "d"]
    assert await latest(it, Latest(logs, "~1", c - 1, d + 1, 1)) == ["c"]
    assert await latest(it, Latest(logs, "~1", d + 1, c - 1, 1)) == ["d"]
    assert await latest(it, Latest(logs, "~1", b, b, 9)) == []


async def test_the_latest_is_the_latest_that_was_said_and_not_taken_back(it: Opened) -> None:
    _, second, *_ = await apart(it, said("first"), said("second"), Append(TopicSet(room="#tea", by="ann", topic="t")))
    assert await latest(it, Latest(["#tea"], "~1", *EVER, 9)) == ["second"]
    await apart(it, Append(Redacted(room="#tea", by="ann", of=second.id)))
    assert await latest(it, Latest(["#tea"], "~1", *EVER, 9)) == ["first"]
    assert await latest(it, Latest(["#tea"], "~1", second.time - 1, 2**60, 9)) == []


# taking back


async def test_of_what_is_taken_back_only_the_place_is_left(it: Opened) -> None:
    event = Said(room="#tea", by="ann", text="a\nb", tags={"+x": "y"}, seams=(1,), kind="notice", origin="ann@host")
    first, secret, last = await record(it, said("before"), Append(event, "k"), said("after"))
    assert isinstance(secret, Said)
    taken = await it.backend.record(Append(Redacted(room="#Tea", by="bob", of=secret.id, reason="oops")))
    assert isinstance(taken, Redacted)
    assert (taken.number, taken.of, taken.reason) == (4, secret.id, "oops")
    place = Said(**{**_fields(secret), "text": "", "tags": None, "seams": (), "redacted": True})  # type: ignore[arg-type]
    assert await it.backend.read(Read("#tea", 9)) == [first, place, last, taken]
    assert it.fed.events == [first, secret, last, taken]
    assert await it.backend.ask(Find("#tea", secret.id)) == 2
    assert [event.number for event in await record(it, said("x")) if isinstance(event, Event)] == [5]


async def test_what_was_told_can_be_taken_back(it: Opened) -> None:
    other, mine, _ = await record(it, said("hi"), told("secret", "bob", "ann"), told("oh", "ann", "bob"))
    assert isinstance(other, Said)
    assert isinstance(mine, Told)
    log = talk("ann", "bob")
    await it.backend.record(Append(Redacted(to="bob", by="ann", of=mine.id, talk=log)))
    found = await it.backend.read(Read(log, 9))
    assert [type(event) for event in found] == [Told, Told, Redacted]
    assert [(event.text, event.redacted) for event in found if isinstance(event, Told)] == [("", True), ("oh", False)]
    assert texts(await it.backend.read(Read("#tea", 9))) == ["hi"]


async def test_what_is_said_to_a_status_can_be_taken_back(it: Opened) -> None:
    secret = Append(Said(room="#tea", by="ann", text="secret", status="@"))
    all_hear, ops_hear = await record(it, said("hi"), secret)
    assert isinstance(ops_hear, Said)
    await it.backend.record(Append(Redacted(room="#tea", by="ann", of=ops_hear.id, status="@")))
    assert await it.backend.read(Read("#tea", 9)) == [all_hear]
    found = await it.backend.read(Read("@#tea", 9))
    assert [(event.text, event.redacted) for event in found if isinstance(event, Said)] == [("", True)]


@pytest.mark.parametrize("of", ["", "x", "-", "t-0123abcd", "other-1", "-1", "1", f"other-{10**30}", "é-²"])
async def test_taking_back_what_is_not_there_leaves_everything_as_it_is(it: Opened, of: str) -> None:
    (first,) = await record(it, said("a"))
    redacted, second = await record(it, Append(Redacted(room="#tea", by="ann", of=of)), said("b"))
    assert [first, redacted, second] == await it.backend.read(Read("#tea", 9))
    assert texts(it.fed.events) == ["a", "b"]


async def test_what_is_in_another_log_is_not_taken_back(it: Opened) -> None:
    tea, milk, topic = await record(
        it, said("a"), said("b", "#milk"), Append(TopicSet(room="#tea", by="ann", topic="t"))
    )
    assert isinstance(milk, Said)
    assert isinstance(topic, TopicSet)
    for of in (milk.id, topic.id):
        await it.backend.record(Append(Redacted(room="#tea", by="ann", of=of)))
    assert (await it.backend.read(Read("#tea", 9)))[:2] == [tea, topic]
    assert await it.backend.read(Read("#milk", 9)) == [milk]


async def test_taking_back_twice_is_taking_back_once(it: Opened) -> None:
    first, second = await record(it, said("a"), said("b"))
    assert isinstance(first, Said)
    again = Append(Redacted(room="#tea", by="ann", of=first.id))
    assert None not in await record(it, again, again)
    found = await it.backend.read(Read("#tea", 9))
    assert [event.redacted for event in found if isinstance(event, Said)] == [True, False]
    assert [event.number for event in found] == [1, 2, 3, 4]
    assert second in found


async def test_under_its_key_what_was_taken_back_is_not_stored_again(it: Opened) -> None:
    (first,) = await record(it, said("secret", key="k"))
    assert isinstance(first, Said)
    await it.backend.record(Append(Redacted(room="#tea", by="ann", of=first.id)))
    again = await it.backend.record(said("secret", key="k"))
    assert isinstance(again, Said)
    assert (again.number, again.id, again.time) == (first.number, first.id, first.time)
    assert len(it.fed.events) == 2
    assert texts(await it.backend.read(Read("#tea", 9))) == [""]


# another name for a room


def renamed(before: str, after: str, by: str = "ann") -> Append:
    return Append(RoomRenamed(room=before, by=by, to=after))


async def test_the_log_of_a_room_goes_with_it(it: Opened) -> None:
    stored = await record(it, said("a", key="k"), Append(TopicSet(room="#tea", by="ann", topic="t")), said("b"))
    first, topic, last = (event for event in stored if isinstance(event, Event))
    new = await it.backend.record(renamed("#Tea", "#Milk"))
    assert isinstance(new, RoomRenamed)
    assert (new.number, new.room, new.to) == (4, "#Tea", "#Milk")
    assert it.fed.events[-1] == new
    assert await it.backend.read(Read("#tea", 9)) == []
    found = await it.backend.read(Read("#milk", 9))
    assert [(event.id, event.number, event.time) for event in found] == [
        (event.id, event.number, event.time) for event in (first, topic, last, new)
    ]
    assert [event.room for event in found if isinstance(event, Said | TopicSet)] == ["#milk"] * 3
    assert texts(found) == ["a", "b"]
    assert [await it.backend.ask(Find(log, first.id)) for log in ("#tea", "#milk")] == [None, 1]
    again, more, elsewhere = await record(it, said("again", "#milk", key="k"), said("c", "#milk"), said("new", "#tea"))
    assert isinstance(again, Event)
    assert again.id == first.id
    assert isinstance(more, Event)
    assert more.number == 5
    assert more.time > new.time
    assert isinstance(elsewhere, Event)
    assert elsewhere.number == 1
    assert texts(await it.backend.read(Read("#tea", 9))) == ["new"]


async def test_a_room_is_renamed_in_its_turn(it: Opened) -> None:
    stored = [
        await it.backend.record(one)
        for one in (
            *(said("a"), renamed("#tea", "#milk"), said("b", "#milk"), said("c"), renamed("#milk", "#water")),
            *(said("d", "#water"), renamed("#tea", "#milk"), said("e", "#milk")),
        )
    ]
    assert [event.number for event in stored if isinstance(event, Event)] == [1, 2, 3, 1, 4, 5, 2, 3]
    assert texts(await it.backend.read(Read("#water", 9))) == ["a", "b", "d"]
    assert texts(await it.backend.read(Read("#milk", 9))) == ["c", "e"]
    assert await it.backend.read(Read("#tea", 9)) == []


async def test_what_waits_while_a_room_is_renamed_means_it_under_its_new_name(it: Opened) -> None:
    """It was asked for by somebody who did not know yet."""
    one, other = (Hold(seat("#tea", owner), owner, Joined(room="#tea", by=owner)) for owner in "12")
    leaves = Drop(seat("#tea", "1"), "1", Left(room="#tea", by="1"))
    kicked = Append(Kicked(room="#tea", by="ann", nick="2"), frees=Drop(seat("#tea", "2"), "2"))
    typing = Announce(Tagged(room="#tea", by="ann", tags={"+typing": "active"}))
    topic = Append(TopicSet(room="#tea", by="ann", topic="t"))
    outcomes = await record(
        it,
        *(one, said("a"), said("elsewhere", "#water"), renamed("#Tea", "#Milk"), said("b", "#TEA"), said("c", "#milk")),
        *(other, topic, leaves, kicked, typing, said("elsewhere", "#water"), renamed("#tea", "#coffee"), said("d")),
    )
    assert None not in outcomes
    assert it.fed.events == outcomes
    assert [getattr(event, "room", "") for event in outcomes] == [
        *("#tea", "#tea", "#water", "#Tea", "#Milk", "#milk"),
        *("#Milk", "#Milk", "#Milk", "#Milk", "#Milk", "#water", "#Milk", "#coffee"),
    ]
    assert [event.number for event in outcomes if isinstance(event, LOGGED) and event.number] == [
        *(1, 1, 2, 3, 4, 5, 6, 2, 7, 8),
    ]
    assert texts(await it.backend.read(Read("#coffee", 9))) == ["a", "b", "c", "d"]
    for free in "12":
        assert await it.backend.record(Drop(seat("#coffee", free), free, Left(room="#coffee", by=free))) is None


async def test_who_waits_to_open_a_room_is_told_to_look_again_if_another_gets_its_name(it: Opened) -> None:
    opens = Hold(seat("#milk", "1"), "1", Joined(room="#milk", by="1"))
    _, first, hold, second = await record(it, said("a"), renamed("#tea", "#milk"), opens, said("b", "#milk"))
    assert hold is None
    assert [event.number for event in (first, second) if isinstance(event, Event)] == [2, 3]
    assert isinstance(await it.backend.record(opens), Joined)


async def test_a_room_that_could_not_be_renamed_keeps_what_waits_for_it(it: Opened) -> None:
    hold = Hold(seat("#tea", "1"), "1", Joined(room="#tea", by="1"))
    outcomes = await record(it, said("a"), said("x", "#milk"), renamed("#tea", "#milk"), said("b"), hold)
    assert outcomes[2] is None
    assert texts(await it.backend.read(Read("#tea", 9))) == ["a", "b"]
    assert [event.room for event in it.fed.events[2:] if isinstance(event, Said | Joined)] == ["#tea", "#tea"]


async def test_no_room_gets_the_name_of_one_that_somebody_sits_in(it: Opened) -> None:
    sits = Hold(seat("#milk", "1"), "1", Joined(room="#milk", by="1"))
    outcomes = await record(it, said("a"), sits, renamed("#tea", "#milk"), said("b"))
    assert outcomes[2] is None
    assert texts(await it.backend.read(Read("#tea", 9))) == ["a", "b"]
    assert await it.backend.read(Read("#milk", 9)) == []
    leaves = Drop(seat("#milk", "1"), "1", Left(room="#milk", by="1"))
    assert None not in await record(it, leaves, renamed("#tea", "#milk"))


async def test_a_room_nothing_was_said_in_can_be_renamed(it: Opened) -> None:
    stored = await record(it, renamed("#tea", "#milk"), said("a", "#milk"))
    assert [event.number for event in stored if isinstance(event, Event)] == [1, 2]
    assert [type(event) for event in await it.backend.read(Read("#milk", 9))] == [RoomRenamed, Said]


async def test_another_spelling_is_another_name_of_the_same_log(it: Opened) -> None:
    stored = await record(it, said("a"), renamed("#tea", "#TEA"), said("b", "#TEA"))
    assert [event.number for event in stored if isinstance(event, Event)] == [1, 2, 3]
    assert texts(await it.backend.read(Read("#tea", 9))) == ["a", "b"]


@pytest.mark.parametrize("before", [[said("a")], []], ids=["with a log", "without one"])
async def test_no_room_gets_the_log_of_another(it: Opened, before: list[Append]) -> None:
    hold = Hold(seat("#tea", "1"), "1", Joined(room="#tea", by="1"))
    kept = await record(it, *before, said("theirs", "#milk"), hold)
    assert await it.backend.record(renamed("#tea", "#Milk")) is None
    assert it.fed.events == kept
    assert texts(await it.backend.read(Read("#milk", 9))) == ["theirs"]
    assert len(await it.backend.read(Read("#tea", 9))) == len(before)
    assert await it.backend.record(Drop(seat("#milk", "1"), "1", Left(room="#milk", by="1"))) is None
    assert await it.backend.record(Drop(seat("#tea", "1"), "1", Left(room="#tea", by="1"))) is not None
    stored = await record(it, said("b"), said("more", "#milk"))
    assert [event.number for event in stored if isinstance(event, Event)] == [len(before) + 1, 2]


async def test_the_seats_of_a_room_go_with_it(it: Opened) -> None:
    def hold(room: str, session: str) -> Hold:
        return Hold(seat(room, session), session, Joined(room=room, by=session))

    def drop(room: str, session: str) -> Drop:
        return Drop(seat(room, session), session, Left(room=room, by=session))

    held = hold("#tea", "1"), hold("#tea", "2"), hold("#tea2", "1"), hold("#tea", "3")
    await record(it, *held, renamed("#Tea", "#milk"))
    assert await it.backend.record(drop("#tea", "1")) is None
    assert None not in await record(it, drop("#milk", "1"), drop("#tea2", "1"))
    other = Hold(seat("#milk", "2"), "somebody else", Joined(room="#milk", by="x"))
    assert await it.backend.record(other) is None
    assert await it.backend.record(hold("#tea", "2")) is not None, "the old name is free"
    assert isinstance(await it.backend.record(Release("3", Gone(by="3"))), Gone)
    gone = await it.backend.record(Release("2", Gone(by="2")))
    assert isinstance(gone, Gone)
    assert await it.backend.record(other) is not None


# documents


async def test_there_is_no_document_before_one_is_stored(it: Opened) -> None:
    assert await it.backend.ask(Get("space", "key")) == Document(b"", 0)


async def test_a_document_is_stored_over_the_revision_that_was_expected(it: Opened) -> None:
    value = bytes(range(256))
    assert await it.backend.record(Put("space", "key", value, 0)) == Document(value, 1)
    assert await it.backend.record(Put("space", "key", b"", 1)) == Document(b"", 2)
    assert await it.backend.ask(Get("space", "key")) == Document(b"", 2)
    assert await it.backend.record(Put("space", "key", b"c", 2)) == Document(b"c", 3)
    assert await it.backend.ask(Get("space", "key")) == Document(b"c", 3)
    assert it.fed.events == []


@pytest.mark.parametrize("expected", [0, 1, 3, 99, -1])
async def test_a_document_that_is_another_by_now_stays_as_it_is(it: Opened, expected: int) -> None:
    await record(it, Put("space", "key", b"a", 0), Put("space", "key", b"b", 1))
    assert await it.backend.record(Put("space", "key", b"c", expected)) is None
    assert await it.backend.ask(Get("space", "key")) == Document(b"b", 2)


@pytest.mark.parametrize("expected", [1, 7])
async def test_what_is_not_there_cannot_be_stored_over(it: Opened, expected: int) -> None:
    assert await it.backend.record(Put("space", "key", b"x", expected)) is None
    assert await it.backend.ask(Get("space", "key")) == Document()


async def test_of_two_who_store_a_document_at_once_the_first_wins(it: Opened) -> None:
    found = await record(it, *(Put("space", "key", value, 0) for value in (b"a", b"b")), Put("space", "key", b"c", 1))
    assert found == [Document(b"a", 1), None, Document(b"c", 2)]
    assert await it.backend.ask(Get("space", "key")) == Document(b"c", 2)


async def test_a_document_belongs_to_its_space_and_its_key(it: Opened) -> None:
    places = [("a", "b"), ("b", "a"), ("a", "bb"), ("ab", ""), ("", "ab"), ("A", "b"), ("a", "B"), ("é", "😀 '\"")]
    for n, place in enumerate(places):
        assert await it.backend.record(Put(*place, str(n).encode(), 0)) == Document(str(n).encode(), 1)
    for n, place in enumerate(places):
        assert await it.backend.ask(Get(*place)) == Document(str(n).encode(), 1)


async def test_documents_entries_and_things_keep_their_order_within_one_batch(it: Opened) -> None:
    hold, put = Hold("seat", "1", Joined(room="#a", by="ann")), Put("space", "key", b"x", 0)
    found = await record(it, said("a"), put, hold, put, said("b", key="k"), Announce(Left(room="#a", by="ann")), put)
    assert [type(one) for one in found] == [Said, Document, Joined, type(None), Said, Left, type(None)]
    assert [type(event) for event in it.fed.events] == [Said, Joined, Said, Left]
    assert len(it.fed.batches) == 1


# the end


async def test_closing_records_all_that_was_taken(make: Callable[[], Backend]) -> None:
    it = await opened(make())
    waiting = [it.backend.record(said(str(n))) for n in range(30)]
    await it.backend.close()
    assert texts(it.fed.events) == list(map(str, range(30)))
    assert texts([await one for one in waiting]) == list(map(str, range(30)))  # type: ignore[arg-type]


async def test_closing_records_even_what_nobody_waits_for_any_more(make: Callable[[], Backend]) -> None:
    it = await opened(make())
    for n in range(3):
        waiting = it.backend.record(said(str(n)))
        assert isinstance(waiting, asyncio.Future)
        waiting.cancel()
    await it.backend.close()
    assert texts(it.fed.events) == ["0", "1", "2"]


async def test_after_closing_nothing_is_recorded(make: Callable[[], Backend]) -> None:
    it = await opened(make())
    await it.backend.close()
    with pytest.raises(Unavailable):
        await it.backend.record(said("too late"))
    with pytest.raises(Unavailable):
        await it.backend.record(Release("1"))
    with pytest.raises(Unavailable):
        await it.backend.record(Put("space", "key", b"x", 0))
    with pytest.raises(Unavailable):
        await it.backend.record(Announce(Gone(by="1")))
    assert it.fed.events == []
