"""The view: what is unread, what is new, who is there, whatever happens in whatever order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tcpchat.client.view import LATELY, MOST_ITEMS, MOST_TALKS, View
from tcpchat.model.events import (
    Event,
    Gone,
    Joined,
    Kicked,
    Left,
    MarkerSet,
    Moved,
    Redacted,
    Renamed,
    Said,
    Skipped,
    Told,
    TopicSet,
)
from tcpchat.model.replies import Seated

ME = "ann"
ROOMS = ["#tea", "#dev"]
PEOPLE = ["ann", "bob", "carol", "Dörte"]

rooms, people = st.sampled_from(ROOMS), st.sampled_from(PEOPLE)
texts = st.sampled_from(["hi", "ann: look", "hannah", "ANN!", "\x01VERSION\x01"])
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Said, room=rooms, by=people, text=texts),
    st.builds(Told, to=st.just(ME), by=st.sampled_from(PEOPLE[1:]), text=texts),
    st.builds(Told, to=st.sampled_from(PEOPLE[1:]), by=st.just(ME), text=texts),
    st.builds(Joined, room=rooms, by=people),
    st.builds(Left, room=rooms, by=people),
    st.builds(Gone, by=st.sampled_from(PEOPLE[1:])),
    st.builds(Kicked, room=rooms, by=people, nick=people),
    st.builds(TopicSet, room=rooms, by=people, topic=texts),
)
steps = st.lists(st.one_of(events, st.sampled_from([*ROOMS, "bob"])), max_size=60)


def seen(joins: Any = "all") -> View:
    """Ann, who looks at #tea, and is in #dev as well; so are the others."""
    view = View(ME, joins=joins)
    for room in ROOMS:
        view.enter(Seated(room=room, people=PEOPLE))
    view.switch(view.open("#tea"))
    return view


def said(text: str, *, by: str = "bob", room: str = "#dev", time: int = 1, **more: Any) -> Said:
    """Somebody says something."""
    return Said(room=room, by=by, text=text, time=time, **more)


@given(steps)
def test_unread_is_what_others_said_where_one_did_not_look(steps: list[Event | str]) -> None:
    view = seen()
    unread: dict[str, list[Event]] = {}
    for time, step in enumerate(steps, 1):
        if isinstance(step, str):
            view.switch(view.open(step))
            unread.pop(step, None)
            continue
        event = _at(step, time)
        for conversation in view.note(event):
            if conversation is view.current or (getattr(event, "by", "") == ME and isinstance(event, Told)):
                unread.pop(conversation.name, None)
            elif view.is_speech(event):
                unread.setdefault(conversation.name, []).append(event)
    for conversation in view:
        expected = unread.get(conversation.name, [])
        assert conversation.unread == len(expected)
        assert conversation.mentions == sum(view.calls(event) for event in expected)
        if expected:
            assert conversation.new is expected[0]
            assert view.new_in(conversation) == len(expected)
    waiting = [one for one in view if one.name in unread]
    called = [one for one in waiting if one.mentions]
    assert view.elsewhere == called + [one for one in waiting if not one.mentions]


def _at(event: Event, time: int) -> Event:
    return replace(event, time=time)


@pytest.mark.parametrize(
    ("text", "called"),
    [("ann: hi", True), ("hi, Ann!", True), ("ann's", True), ("hannah", False), ("annual", False), ("an n", False)],
)
def test_one_is_called_by_ones_name_as_a_word(text: str, called: bool) -> None:
    assert seen().calls(said(text)) is called


def test_words_of_ones_own_call_as_well() -> None:
    view = View(ME, words=["deploy", "c++"])
    assert view.calls(said("the Deploy is done"))
    assert view.calls(said("who knows C++?"))
    assert not view.calls(said("deployed"))


def test_only_those_who_spoke_lately_are_of_interest() -> None:
    view = seen("smart")
    view.note(said("hello", by="bob", time=1))
    assert view.note(Left(room="#dev", by="carol", time=2)) == []
    assert view.note(Left(room="#dev", by="bob", time=LATELY)) == [view.find("#dev")]
    assert view.note(Joined(room="#dev", by="bob", time=2 * LATELY)) == []


def test_who_is_called_otherwise_spoke_lately_all_the_same() -> None:
    view = seen("smart")
    view.note(said("hello", by="bob", time=1))
    assert view.note(Renamed(by="bob", to="rob", time=2)) == [view.find("#dev")]
    assert view.note(Left(room="#dev", by="rob", time=3)) == [view.find("#dev")]


def test_a_conversation_goes_with_the_person_and_a_room_with_its_name() -> None:
    view = seen()
    view.note(Told(to=ME, by="bob", text="psst", time=1))
    talk = view.find("bob")
    view.note(Renamed(by="bob", to="rob", time=2))
    assert view.find("rob") is talk
    assert view.find("bob") is None
    room = view.find("#dev")
    view.note(Moved(to=ME, by="bob", was="#dev", room="#ops", time=3))
    assert view.find("#ops") is room
    assert [one.name for one in view] == ["#tea", "#ops", "rob"]


def test_what_is_taken_back_can_not_be_read_any_more() -> None:
    view = seen()
    view.note(said("my password", id="a-1", number=1))
    view.note(Redacted(by="bob", of="a-1", room="#dev", number=2, time=2))
    room = view.find("#dev")
    assert room is not None
    assert [getattr(item, "text", "") for item in room.items] == ["", ""]


@pytest.mark.parametrize(("taken", "left"), [("a-1", ["two", "ann: three"]), ("a-3", ["one", "two"])])
def test_what_is_taken_back_is_not_unread_and_what_follows_it_is(taken: str, left: list[str]) -> None:
    view = seen()
    for number, text in enumerate(["one", "two", "ann: three"], 1):
        view.note(said(text, id=f"a-{number}", number=number, time=number))
    view.note(Redacted(by="bob", of=taken, room="#dev", number=4, time=4))
    room = view.open("#dev")
    assert [item.text for item in room.unseen if isinstance(item, Said) and item.text] == left
    assert room.unread == view.new_in(room) == len(left)
    assert room.mentions == left.count("ann: three")


def test_what_was_said_before_ones_own_line_is_unread_where_one_looks_away() -> None:
    view = seen()
    view.note(said("while I was not looking"))
    view.note(said("sent before I went", by=ME, time=2))
    room = view.open("#dev")
    assert room.unread == 1
    assert len(room.unshown) == 2


def test_what_was_not_shown_is_shown_whatever_else_one_has_read() -> None:
    view = seen()
    room = view.open("#dev")
    view.note(Skipped(target="#dev", first=1, last=7))
    view.note(said("eight", time=8))
    view.note(MarkerSet(by=ME, target="#dev", until=8))
    assert room.unread == 0
    assert [type(item) for item in room.unshown] == [Skipped, Said]
    view.switch(room)
    room.shown()
    view.note(said("nine", time=9))
    assert room.unshown == []


@pytest.mark.parametrize(
    ("read", "number", "new"), [(0, 0, ["one", "two"]), (0, 1, ["two"]), (1, 0, ["two"]), (9, 0, []), (0, 2, [])]
)
def test_what_is_new_is_what_follows_the_mark(read: int, number: int, new: list[str]) -> None:
    view = seen()
    room = view.open("#dev")
    room.add_past([said("one", time=1, number=1), said("two", time=2, number=2), said("mine", by=ME, time=3, number=3)])
    view.since(room, read, number)
    assert [item.text for item in room.unseen if isinstance(item, Said) and item.by != ME] == new
    assert room.unread == len(new)


def test_read_elsewhere_is_read() -> None:
    view = seen()
    for time in (1, 2, 3):
        view.note(said(f"{time}", time=time))
    view.note(MarkerSet(by=ME, target="#dev", until=2))
    room = view.open("#dev")
    assert room.unread == 1
    assert [getattr(item, "text", "") for item in room.unseen] == ["3"]


def test_a_long_conversation_forgets_its_beginning_and_knows_what_is_new() -> None:
    view = seen()
    for time in range(1, MOST_ITEMS + 3):
        view.note(said(str(time), time=time))
    room = view.open("#dev")
    assert len(room.items) == MOST_ITEMS
    assert room.new is room.items[0]


def test_the_past_comes_before_and_once() -> None:
    room = seen().open("#dev")
    late, early = said("late", id="a-2", number=2), said("early", id="a-1", number=1)
    room.add(late)
    room.add_past([early, late])
    assert [*room.items] == [early, late]


def test_what_was_said_while_one_was_put_out_comes_behind_what_was_before() -> None:
    room = seen().open("#dev")
    old, gone, missed = (
        said("old", id="a-1", number=1),
        Kicked(room="#dev", by="bob", nick=ME, time=2),
        said("x", time=3),
    )
    missed = replace(missed, id="a-3", number=3)
    room.add(old)
    room.add(gone)
    room.shown()
    room.add_past([old, missed])
    assert [*room.items] == [old, gone, missed]
    assert room.unshown == [missed]


@pytest.mark.parametrize(("step", "name"), [(1, "#dev"), (2, "#tea"), (-1, "#dev"), (-2, "#tea")])
def test_conversations_stand_in_a_ring(step: int, name: str) -> None:
    beside = seen().beside(step)
    assert beside is not None
    assert beside.name == name


def test_where_one_looked_before_takes_the_place_of_what_is_closed() -> None:
    view = seen()
    view.close(view.open("#tea"))
    assert view.current is view.find("#dev")
    view.close(view.open("#dev"))
    assert view.current is None
    assert view.note(said("hello?")) != []


def test_a_room_takes_the_place_of_one_that_was_called_so() -> None:
    view = seen()
    room, old = view.find("#tea"), view.open("#ops")
    view.note(Moved(to=ME, by="bob", was="#tea", room="#ops", time=1))
    assert view.find("#ops") is room is view.current
    assert old not in list(view)
    assert [one.name for one in view] == ["#ops", "#dev"]


def test_strangers_fill_no_memory() -> None:
    view = seen()
    bob = view.open("bob")
    view.switch(bob)
    for time in range(1, 3 * MOST_TALKS):
        view.note(Told(to=ME, by=f"stranger{time}", text="buy", time=time))
        view.note(said("hi", by=f"guest{time}", room="#tea", time=time))
    every = list(view)
    assert len(every) <= MOST_TALKS + len(ROOMS)
    assert view.find(f"stranger{3 * MOST_TALKS - 1}") is not None
    assert {view.find("#tea"), view.find("#dev"), bob} <= set(every)


def test_what_is_taken_back_where_nothing_is_open_opens_nothing() -> None:
    view = seen()
    assert view.note(Redacted(by="bob", of="a-1", to=ME, time=1)) == []
    assert view.find("bob") is None
