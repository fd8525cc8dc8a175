"""What every backend promises (tcpchat/backend/base.py)."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpchat.backend.base import Backend, Unavailable
from tcpchat.model.events import LOGGED, Event, Gone, Joined, Left, Renamed, Said, Told, TopicSet
from tcpchat.model.records import Append, Drop, Hold, Read, Record, Release
from tests.backend.conftest import Opened, opened


def said(text: str, room: str = "#tea", by: str = "ann", key: str = "") -> Append:
    return Append(Said(room=room, by=by, text=text), key)


def told(text: str, to: str, by: str) -> Append:
    return Append(Told(to=to, by=by, text=text))


async def record(it: Opened, *records: Record) -> list[Event | None]:
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
    await record(it, told("hi", "Bob", "ann"), told("oh", "ANN", "bob"), told("x", "carl", "ann"))
    assert texts(await it.backend.read(Read("@ann,bob", 9))) == ["hi", "oh"]
    assert [event.number for event in it.fed.events] == [1, 2, 1]


async def test_what_was_awaited_can_be_read_and_was_fed(it: Opened) -> None:
    event = await it.backend.record(said("hello"))
    assert it.fed.events == [event]
    assert await it.backend.read(Read("#tea", 9)) == [event]
    assert isinstance(event, Said)
    assert (event.room, event.by, event.text, event.number) == ("#tea", "ann", "hello", 1)


async def test_every_field_comes_back_as_it_was(it: Opened) -> None:
    first = Said(room="#Tea", by="Ann", text="a\n\x02é😀\x01", kind="action", origin="ann@host")
    events = (first, TopicSet(room="#tea", by="B", topic=""), Said(room="#tea", by="C", text="x", kind="notice"))
    stored = await record(it, *map(Append, events))
    assert await it.backend.read(Read("#tea", 9)) == stored
    for one, other in zip(events, stored, strict=True):
        assert other is not None
        assert type(other)(**{**_fields(other), "time": 0, "number": 0, "id": ""}) == one


def _fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


async def test_times_rise_in_each_room_and_ids_are_unique(it: Opened) -> None:
    await record(it, *(said(str(n), f"#{n % 3}") for n in range(300)))
    for n in range(3):
        times = [event.time for event in it.fed.events if isinstance(event, Said) and event.room == f"#{n}"]
        assert all(earlier < later for earlier, later in pairwise(times))
    assert len({event.id for event in it.fed.events}) == 300


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


def test_reading_gives_just_the_piece_that_was_asked_for(make: Callable[[], Backend]) -> None:
    with asyncio.Runner() as runner:
        it = runner.run(opened(make()))
        stored = runner.run(record(it, *(said(str(n)) for n in range(40)), *(said("x", "#milk") for _ in range(9))))[
            :40
        ]

        @settings(deadline=None, max_examples=150)
        @given(before=PLACE, after=PLACE, limit=st.integers(1, 50))
        def check(before: int | None, after: int | None, limit: int) -> None:
            wanted = [
                event
                for event in stored
                if event is not None
                and (before is None or event.number < before)
                and (after is None or event.number > after)
            ]
            wanted = wanted[:limit] if after is not None else wanted[-limit:]
            assert runner.run(it.backend.read(Read("#tea", limit, before, after))) == wanted

        check()
        runner.run(it.backend.close())


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
    assert it.fed.events == []
