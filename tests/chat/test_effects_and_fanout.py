"""One batch to many listeners, and effects that do something sensible whatever happened meanwhile."""

from collections.abc import Sequence

import pytest

from tcpchat.chat.hub import Hub
from tcpchat.config import Config, Limits
from tcpchat.model import commands, replies
from tcpchat.model.commands import Join, Part, Quit, Rename, Say, Tell
from tcpchat.model.events import (
    Arrived,
    Event,
    Gone,
    Joined,
    Left,
    Renamed,
    Said,
    Told,
    TopicSet,
    WentAway,
)
from tests.chat.ears import KINDS, Ear, Ledger, Numbers, entered


@pytest.fixture
def hub() -> Hub:
    return Hub(Config(limits=Limits(rooms_per_client=3, rooms=4)))


@pytest.fixture
def ledger(hub: Hub) -> Ledger:
    return Ledger(hub)


def seated(hub: Hub, ledger: Ledger, *nicks: str, room: str = "#tea", kind: str = "hears all") -> Sequence[Ear]:
    """People in a room, who have heard nothing yet."""
    ears = entered(hub, ledger, *nicks, kind=kind)
    for ear in ears:
        ledger.do(ear, Join(room=room))
    for ear in ears:
        ear.heard.clear()
        ear.chunks.clear()
    return ears


def said(time: int, by: str = "ann", room: str = "#tea") -> Said:
    return Said(room=room, by=by, text="x", time=time, number=time)


# one batch


def test_a_batch_is_one_chunk_for_everybody(hub: Hub, ledger: Ledger) -> None:
    ann, bob, carl = seated(hub, ledger, "ann", "bob", "carl")
    hub.feed([said(1), said(2, "dora"), said(3)])
    assert ann.chunks == bob.chunks == carl.chunks == [b"1 2 3 "]
    assert bob.chunks[0] is carl.chunks[0], "the very same bytes"


def test_an_event_is_written_once_for_all_who_want_it_written_so(hub: Hub, ledger: Ledger) -> None:
    every, few = KINDS["hears all"][0], KINDS["hears no echo"][0]
    assert isinstance(every, Numbers)
    assert isinstance(few, Numbers)
    ears = [*seated(hub, ledger, *map("a{}".format, range(20)))]
    ears += seated(hub, ledger, *map("b{}".format, range(20)), kind="hears no echo")
    every.written.clear()
    few.written.clear()
    hub.feed([said(1, "a1"), said(2, "b1"), Joined(room="#tea", by="a2", time=3), Left(room="#tea", by="b2", time=4)])
    hub.feed([Renamed(by="a3", to="a99", time=5), Gone(by="b3", time=6), said(7, "b4")])
    assert set(every.written.values()) == set(few.written.values()) == {1}
    assert sorted(every.written) == sorted(few.written) == [1, 2, 3, 4, 5, 6, 7]


def test_rooms_do_not_hear_each_other(hub: Hub, ledger: Ledger) -> None:
    (ann,), (bob,) = seated(hub, ledger, "ann"), seated(hub, ledger, "bob", room="#milk")
    hub.feed([said(1), said(2, "bob", "#milk"), said(3)])
    assert (ann.heard, bob.heard) == ([1, 3], [2])


def test_who_joins_within_a_batch_hears_what_comes_after(hub: Hub, ledger: Ledger) -> None:
    (ann,), (bob,) = seated(hub, ledger, "ann"), entered(hub, ledger, "bob")
    hub.feed([said(1), Joined(room="#tea", by="bob", time=2), said(3)])
    assert (ann.heard, bob.heard) == ([1, 2, 3], [2, 3])


def test_who_leaves_within_a_batch_hears_what_came_before_and_their_own_leaving(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    hub.feed([said(1), Left(room="#tea", by="bob", time=2), said(3)])
    assert (ann.heard, bob.heard) == ([1, 2, 3], [1, 2])


def test_who_leaves_and_comes_back_within_a_batch_misses_just_what_was_said_meanwhile(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    left, joined = Left(room="#tea", by="bob", time=2), Joined(room="#tea", by="bob", time=4)
    hub.feed([said(1), left, said(3), joined, said(5)])
    assert (ann.heard, bob.heard) == ([1, 2, 3, 4, 5], [1, 2, 4, 5])


def test_who_comes_and_goes_within_a_batch_hears_what_was_between(hub: Hub, ledger: Ledger) -> None:
    _, (bob,) = seated(hub, ledger, "ann"), entered(hub, ledger, "bob")
    hub.feed([said(1), Joined(room="#tea", by="bob", time=2), said(3), Left(room="#tea", by="bob", time=4), said(5)])
    assert bob.heard == [2, 3, 4]


@pytest.mark.parametrize("rooms", [["#tea"], ["#tea", "#milk"]])
def test_a_rename_is_seen_between_the_lines_around_it(hub: Hub, ledger: Ledger, rooms: list[str]) -> None:
    ann, bob = entered(hub, ledger, "ann", "bob")
    for ear in (ann, bob):
        ledger.do(ear, *(Join(room=room) for room in rooms))
    ann.heard.clear()
    bob.heard.clear()
    hub.feed([said(101), Renamed(by="ann", to="anna", time=102), said(103, "anna")])
    assert ann.heard == bob.heard == [101, 102, 103]


@pytest.mark.parametrize("rooms", [[], ["#tea"], ["#tea", "#milk"]])
def test_who_is_gone_is_told_nothing_more(hub: Hub, ledger: Ledger, rooms: list[str]) -> None:
    """Else a thousand who lose their links at once would each be told of those before them."""
    (ann,) = entered(hub, ledger, "ann")
    for room in rooms:
        ledger.do(ann, Join(room=room))
    ann.heard.clear()
    hub.feed([Gone(by="ann", time=200), said(201)])
    assert ann.heard == []


def test_who_shares_several_rooms_hears_of_a_change_once(hub: Hub, ledger: Ledger) -> None:
    ann, bob = entered(hub, ledger, "ann", "bob")
    for ear in (ann, bob):
        ledger.do(ear, Join(room="#tea"), Join(room="#milk"))
    bob.heard.clear()
    hub.feed(
        [WentAway(by="ann", text="out", time=101), Renamed(by="ann", to="anna", time=102), Gone(by="anna", time=103)]
    )
    assert bob.heard == [101, 102, 103]


@pytest.mark.parametrize(
    ("kind", "heard"), [("hears all", [1, 2, 3]), ("hears no echo", [2, 3]), ("hears little of itself", [2, 3])]
)
def test_ones_own_lines_come_as_the_encoding_wants(hub: Hub, ledger: Ledger, kind: str, heard: list[int]) -> None:
    (ann,), (bob,) = seated(hub, ledger, "ann", kind=kind), seated(hub, ledger, "bob")
    ann.heard.clear()
    hub.feed([said(1), said(2, "bob"), TopicSet(room="#tea", by="ann", topic="t", time=3, number=3)])
    assert (ann.heard, bob.heard) == (heard, [1, 2, 3])


def test_what_is_told_is_heard_by_the_two_only(hub: Hub, ledger: Ledger) -> None:
    ann, bob, carl = seated(hub, ledger, "ann", "bob", "carl")
    ledger.do(ann, Tell(to="BOB", text="psst"))
    assert [len(ear.heard) for ear in (ann, bob, carl)] == [1, 1, 0]


@pytest.mark.parametrize("kind", ["hears all", "hears no echo"])
def test_what_one_tells_oneself_is_heard_once(hub: Hub, ledger: Ledger, kind: str) -> None:
    (ann,) = seated(hub, ledger, "ann", kind=kind)
    ledger.do(ann, Tell(to="ann", text="note"))
    assert len(ann.heard) == 1


def test_who_has_no_room_is_told_what_is_missing_and_the_others_are_not_held_up(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    bob.full = True
    batch: list[Event] = [said(1), said(2)]
    hub.feed(batch)
    assert (ann.heard, bob.heard, bob.missed) == ([1, 2], [], batch)


def test_who_came_within_the_batch_is_missing_only_what_came_after(hub: Hub, ledger: Ledger) -> None:
    _, (bob,) = seated(hub, ledger, "ann"), entered(hub, ledger, "bob")
    bob.full = True
    joined = Joined(room="#tea", by="bob", time=2)
    hub.feed([said(1), joined, said(3)])
    assert bob.missed == [joined, said(3)]


# effects are total


@pytest.mark.parametrize(
    "event",
    [
        Renamed(by="nobody", to="somebody"),
        WentAway(by="nobody", text="x"),
        Gone(by="nobody"),
        Joined(room="#tea", by="nobody"),
        Joined(room="#new", by="nobody"),
        Left(room="#tea", by="nobody"),
        Left(room="#nowhere", by="ann"),
        Left(room="#milk", by="ann"),
        Said(room="#nowhere", by="ann", text="x", number=1),
        Told(to="nobody", by="nobody", text="x", number=1),
        Arrived(by="ghost", session="no such session"),
        TopicSet(room="#nowhere", by="nobody", topic="", number=1),
    ],
    ids=repr,
)
def test_what_concerns_nobody_changes_nothing(hub: Hub, ledger: Ledger, event: Event) -> None:
    (ann,), (bob,) = seated(hub, ledger, "ann"), seated(hub, ledger, "bob", room="#milk")
    before = picture(hub)
    hub.feed([event])
    assert picture(hub) == before
    assert ann.heard == bob.heard == []


def picture(hub: Hub) -> object:
    state = hub.state
    rooms = {name: [user.nick for user in room.members] for name, room in state.rooms.items()}
    return sorted(state.users), rooms, sorted(state.listeners)


def test_words_of_one_who_is_gone_are_still_heard(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    hub.feed([Gone(by="ann", time=1), said(2), Told(to="bob", by="ann", text="x", time=3, number=1)])
    assert bob.heard == [1, 2, 3]
    assert ann.heard == []


def test_a_topic_holds_in_a_room_that_nobody_is_in(hub: Hub, ledger: Ledger) -> None:
    hub.feed([TopicSet(room="#Tea", by="ann", topic="green", time=1_000, number=5)])
    (ann,) = entered(hub, ledger, "ann")
    reply = ledger.do(ann, Join(room="#tea"))
    assert isinstance(reply, replies.Seated)
    assert (reply.room, reply.topic, reply.topic_by, reply.number) == ("#Tea", "green", "ann", 5)


def test_a_room_is_forgotten_when_nothing_is_known_of_it(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    ledger.do(ann, Part(room="#tea"))
    assert "#tea" in hub.state.rooms
    ledger.do(bob, Quit())
    assert set(hub.state.rooms) == {"#lobby"}
    hub.feed([TopicSet(room="#a", by="x", topic="t", number=1), TopicSet(room="#a", by="x", topic="", number=2)])
    assert set(hub.state.rooms) == {"#lobby"}


# who may do what


def code(reply: replies.Reply | replies.Refused | None) -> str:
    assert isinstance(reply, replies.Refused), reply
    return reply.code


def test_nobody_does_anything_without_a_nick(hub: Hub, ledger: Ledger) -> None:
    ear = Ear(hub, "1")
    assert code(ledger.do(ear, Join(room="#tea"))) == "not_in"
    assert ledger.do(ear, commands.Ping(token="x")) == replies.PongReply(token="x")


def test_nobody_enters_twice(hub: Hub, ledger: Ledger) -> None:
    (ann,) = entered(hub, ledger, "ann")
    assert code(ledger.do(ann, commands.Enter(nick="anna"))) == "already_in"


def test_a_taken_nick_is_refused_with_a_free_one(hub: Hub, ledger: Ledger) -> None:
    entered(hub, ledger, "ann", "ANN2")
    reply = ledger.do(Ear(hub, "x"), commands.Enter(nick="Ann"))
    assert isinstance(reply, replies.Refused)
    assert (reply.code, reply.suggestion, reply.about) == ("nick_taken", "Ann3", "Ann")


def test_of_two_who_want_a_nick_at_once_the_first_has_it(hub: Hub, ledger: Ledger) -> None:
    asked = [ledger.ask(Ear(hub, session), commands.Enter(nick="ann")) for session in "12"]
    ledger.commit()
    assert isinstance(asked[0].reply, replies.Welcome)
    assert code(asked[1].reply) == "nick_taken"


def test_a_nick_is_free_if_its_owner_was_lost_before_it_was_recorded(hub: Hub, ledger: Ledger) -> None:
    lost = Ear(hub, "1")
    ledger.ask(lost, commands.Enter(nick="ann"))
    hub.detach(lost)
    ledger.record(hub.farewell(lost, "lost"))
    ledger.commit()
    assert hub.state.users == {}
    assert isinstance(ledger.do(Ear(hub, "2"), commands.Enter(nick="ann")), replies.Welcome)


def test_a_nick_is_free_after_a_rename_but_not_while_it_is_only_spelled_anew(hub: Hub, ledger: Ledger) -> None:
    ann, bob = entered(hub, ledger, "ann", "bob")
    ledger.do(ann, Rename(nick="ANN"))
    assert code(ledger.do(bob, Rename(nick="ann"))) == "nick_taken"
    ledger.do(ann, Rename(nick="anna"))
    assert ledger.do(bob, Rename(nick="ann")) == replies.Done()


def test_a_token_takes_the_nick_over_from_a_lost_link(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    again = Ear(hub, "again")
    reply = ledger.do(again, commands.Enter(nick="ann", resume=ann.token))
    assert isinstance(reply, replies.Welcome)
    assert ann.closed == "resumed elsewhere"
    assert hub.state.users["ann"].listener is again
    ledger.record(hub.farewell(ann, "lost"))
    assert ledger.commit() == [], "it has nothing left to give up"
    assert len(bob.heard) == 1


def test_a_wrong_token_takes_nothing_over(hub: Hub, ledger: Ledger) -> None:
    (ann,) = entered(hub, ledger, "ann")
    assert code(ledger.do(Ear(hub, "x"), commands.Enter(nick="ann", resume="guess"))) == "nick_taken"
    assert not ann.closed


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Say(room="#milk", text="x"), "not_in_room"),
        (Say(room="#tea", text=" \n "), "no_text"),
        (Say(room="#tea", text="é" * 2_049), "too_long"),
        (Say(room="#tea", text="x", key="k" * 65), "too_long"),
        (Say(room="tea", text="x"), "not_in_room"),
        (Tell(to="nobody", text="x"), "no_such_nick"),
        (Part(room="#milk"), "not_in_room"),
        (Part(room="#tea", reason="x" * 301), "too_long"),
        (commands.SetTopic(room="#tea", topic="x" * 1_025), "too_long"),
        (commands.SetTopic(room="#milk", topic="x"), "not_in_room"),
        (commands.ShowTopic(room="#nowhere"), "no_such_room"),
        (commands.History(room="#milk"), "not_in_room"),
        (commands.Whois(nick="nobody"), "no_such_nick"),
        (commands.Away(text="x" * 301), "too_long"),
        (Rename(nick="a b"), "bad_nick"),
        (Join(room="tea"), "bad_room"),
    ],
    ids=repr,
)
def test_a_wish_that_is_not_granted_changes_nothing(
    hub: Hub, ledger: Ledger, wish: commands.Command, expected: str
) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    before = picture(hub)
    assert code(ledger.do(ann, wish)) == expected
    assert picture(hub) == before
    assert ann.heard == bob.heard == []


def test_the_number_of_rooms_is_limited(hub: Hub, ledger: Ledger) -> None:
    ann, bob = entered(hub, ledger, "ann", "bob")
    ledger.do(ann, *(Join(room=f"#{n}") for n in range(3)))
    assert code(ledger.do(ann, Join(room="#3"))) == "too_many_rooms"
    assert code(ledger.do(bob, Join(room="#3"))) == "too_many_rooms", "the lobby is one of the four"
    assert isinstance(ledger.do(bob, Join(room="#0")), replies.Seated)


def test_what_is_stored_is_clean_and_as_it_was_meant(hub: Hub, ledger: Ledger) -> None:
    ann, _ = seated(hub, ledger, "ann", "bob")
    reply = ledger.do(ann, Say(room="#TEA", text="a\r\nb\x1b[2J"))
    assert isinstance(reply, replies.Stored)
    (event,) = ledger.logs["#tea"]
    assert isinstance(event, Said)
    assert (event.room, event.text, event.number, event.id) == ("#tea", "a\nb\ufffd[2J", reply.number, reply.id)


@pytest.mark.parametrize(
    ("wish", "numbers", "more"),
    [
        (commands.History(room="#tea", limit=3), [8, 9, 10], True),
        (commands.History(room="#tea", limit=10), list(range(1, 11)), False),
        (commands.History(room="#tea", limit=0), [10], True),
        (commands.History(room="#tea", limit=99), list(range(1, 11)), False),
    ],
)
def test_a_page_says_whether_there_is_more(
    hub: Hub, ledger: Ledger, wish: commands.History, numbers: list[int], more: bool
) -> None:
    (ann,) = seated(hub, ledger, "ann")
    ledger.do(ann, *(Say(room="#tea", text="x") for _ in range(10)))
    page = ledger.do(ann, wish)
    assert isinstance(page, replies.Page)
    assert ([event.number for event in page.events], page.more) == (numbers, more)
