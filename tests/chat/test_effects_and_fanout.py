"""One batch to many listeners, and effects that do something sensible whatever happened meanwhile."""

from collections.abc import Sequence

import msgspec
import pytest

from tcpchat.chat.hub import Hub
from tcpchat.config import Config, Limits
from tcpchat.model import commands, replies
from tcpchat.model.commands import Join, ModeChange, Part, Quit, Rename, Say, SetModes, Tag, Tell
from tcpchat.model.events import (
    Arrived,
    Event,
    Gone,
    HostChanged,
    Invited,
    Joined,
    Kicked,
    Killed,
    Left,
    LoggedIn,
    MarkerSet,
    ModesSet,
    Moved,
    NameSet,
    OwnModesSet,
    Redacted,
    Renamed,
    RoomRenamed,
    Said,
    Tagged,
    Told,
    TopicSet,
    Walloped,
    WatchChanged,
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


TALK = "@~person of session of ann,~person of session of bob"


def test_who_took_the_nick_meanwhile_is_not_told_what_was_for_another(hub: Hub, ledger: Ledger) -> None:
    ann, bob, mal = entered(hub, ledger, "ann", "bob", "mal")
    told = Told(to="bob", by="ann", text="a secret", talk=TALK, time=3, number=1)
    hub.feed([Gone(by="bob", time=1), Renamed(by="mal", to="bob", time=2), told])
    assert (ann.heard, bob.heard, mal.heard) == ([3], [], [2])


def test_who_renames_in_time_is_put_out_all_the_same(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    kicked = Kicked(room="#tea", by="ann", nick="bob", session=bob.session, time=2, number=1)
    hub.feed([Renamed(by="bob", to="rob", time=1), kicked, said(3)])
    assert (ann.heard, bob.heard) == ([1, 2, 3], [1, 2])
    assert bob.user is not None
    assert bob.user.rooms == {}


def test_what_is_told_is_heard_by_the_two_only(hub: Hub, ledger: Ledger) -> None:
    ann, bob, carl = seated(hub, ledger, "ann", "bob", "carl")
    ledger.do(ann, Tell(to="BOB", text="psst"))
    assert [len(ear.heard) for ear in (ann, bob, carl)] == [1, 1, 0]


def test_what_is_told_keeps_its_place_among_what_the_room_hears(hub: Hub, ledger: Ledger) -> None:
    ann, bob, carl = seated(hub, ledger, "ann", "bob", "carl")
    told = [Told(to="bob", by="ann", text="psst", talk=TALK, time=time, number=1) for time in (102, 103, 105)]
    hub.feed([said(101), *told[:2], said(104), told[2], said(106)])
    assert ann.heard == bob.heard == [101, 102, 103, 104, 105, 106]
    assert carl.heard == [101, 104, 106]


def test_what_is_told_keeps_its_place_among_what_all_rooms_hear(hub: Hub, ledger: Ledger) -> None:
    ann, bob = entered(hub, ledger, "ann", "bob")
    for ear in (ann, bob):
        ledger.do(ear, Join(room="#tea"), Join(room="#milk"))
    ann.heard.clear()
    bob.heard.clear()
    told = [Told(to="bob", by="ann", text="psst", talk=TALK, time=time, number=1) for time in (102, 104)]
    hub.feed([said(101), told[0], said(103, room="#milk"), told[1], Renamed(by="ann", to="anna", time=105)])
    assert ann.heard == bob.heard == [101, 102, 103, 104, 105]


def test_what_is_said_to_a_status_is_heard_by_those_who_have_it_and_by_who_says_it(hub: Hub, ledger: Ledger) -> None:
    ears = seated(hub, ledger, "op", "voiced", "both", "plain", "ann")
    changes = [ModeChange("+", "v", "voiced"), ModeChange("+", "v", "both"), ModeChange("+", "o", "both")]
    sessions = {nick: f"session of {nick}" for nick in ("voiced", "both")}
    hub.feed([ModesSet(room="#tea", by="op", changes=changes, sessions=sessions, time=1, number=1)])
    for ear in ears:
        ear.heard.clear()
    to_operators, to_voices = (
        Said(room="#tea", by="ann", text="x", status=status, time=time, number=1)
        for time, status in ((102, "@"), (104, "+"))
    )
    hub.feed(
        [said(101), to_operators, said(103), to_voices, Tagged(room="#tea", by="op", tags={}, status="@", time=105)]
    )
    op, voiced, both, plain, ann = (ear.heard for ear in ears)
    assert op == both == [101, 102, 103, 104, 105]
    assert voiced == [101, 103, 104]
    assert plain == [101, 103]
    assert ann == [101, 102, 103, 104]


def test_who_is_put_out_hears_what_came_before_and_that_they_are_out(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    kicked = Kicked(room="#tea", by="ann", nick="bob", session=bob.session, reason="x", time=2, number=2)
    hub.feed([said(1), kicked, said(3)])
    assert (ann.heard, bob.heard) == ([1, 2, 3], [1, 2])
    assert bob.user is not None
    assert bob.user.rooms == {}


def test_words_of_one_who_was_put_out_meanwhile_are_heard_by_the_room_and_by_themselves(
    hub: Hub, ledger: Ledger
) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    kicked = Kicked(room="#tea", by="ann", nick="bob", session=bob.session, time=1, number=1)
    hub.feed([kicked, said(2, "bob"), said(3)])
    assert (ann.heard, bob.heard) == ([1, 2, 3], [1, 2])


@pytest.mark.parametrize(
    "word", [Say(room="#tea", text="knock knock"), Tag(to="#tea", tags={"+typing": "active"})], ids=["words", "tag"]
)
def test_who_looks_in_from_outside_hears_only_what_is_their_own(
    hub: Hub, ledger: Ledger, word: commands.Command
) -> None:
    (ann,), (bob,) = seated(hub, ledger, "ann"), entered(hub, ledger, "bob")
    ledger.do(ann, SetModes(room="#tea", changes=[ModeChange("-", "n")]))
    ann.heard.clear()
    assert not isinstance(ledger.do(bob, word), replies.Refused)
    ledger.do(ann, Say(room="#tea", text="who is there?"))
    assert (len(ann.heard), len(bob.heard)) == (2, 1)


def test_a_change_of_name_or_host_or_account_is_heard_once_by_all_who_share_rooms(hub: Hub, ledger: Ledger) -> None:
    ann, bob, carl = entered(hub, ledger, "ann", "bob", "carl")
    for ear in (ann, bob):
        ledger.do(ear, Join(room="#tea"), Join(room="#milk"))
    ann.heard.clear()
    bob.heard.clear()
    hub.feed(
        [
            NameSet(by="ann", name="Ann A.", time=101),
            HostChanged(by="ann", user="a", host="elsewhere", time=102),
            LoggedIn(by="ann", session=ann.session, account="Ann", time=103),
        ]
    )
    assert (ann.heard, bob.heard, carl.heard) == ([101, 102, 103], [101, 102, 103], [])
    assert ann.user is not None
    assert (ann.user.name, ann.user.origin, ann.user.account, ann.account) == ("Ann A.", "a@elsewhere", "Ann", "Ann")


def test_who_watches_somebody_is_told_when_they_come_and_go(hub: Hub, ledger: Ledger) -> None:
    (ann,) = entered(hub, ledger, "ann", kind="json")
    watched = ledger.do(ann, commands.Watch(nicks=["Bob", "carl"]))
    assert watched == replies.Watched(missing=["Bob", "carl"])
    (bob,) = entered(hub, ledger, "bob")
    ledger.do(bob, Rename(nick="BOB"), Rename(nick="Carl"), commands.Away(text="out"), Quit())
    ledger.do(ann, commands.Unwatch(nicks=["CARL"]))
    entered(hub, ledger, "carl", "dora")
    events = [msgspec.json.decode(line) for chunk in ann.chunks for line in chunk.splitlines()]
    assert [(event["by"], event["here"]) for event in events if event["event"] == "noticed"] == [
        *(("bob", True), ("BOB", False), ("Carl", True), ("Carl", False)),
    ]
    assert [event["of"]["event"] for event in events if event["event"] == "aside"] == ["went_away"]


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
        LoggedIn(by="nobody", session="no such session", account="acc"),
        NameSet(by="nobody", name="x"),
        HostChanged(by="nobody", user="x", host="y"),
        OwnModesSet(by="nobody", changes=[ModeChange("+", "o")]),
        Killed(by="ann", nick="nobody", reason="x"),
        Walloped(by="nobody", text="x"),
        WatchChanged(by="nobody", watched=["ann"]),
        MarkerSet(by="nobody", target="#tea", until=1),
        MarkerSet(by="nobody", target="#tea", until=1, account="nobody's"),
        Kicked(room="#nowhere", by="ann", nick="ann", number=1),
        Invited(room="#nowhere", by="ann", to="bob"),
        Invited(room="#tea", by="ann", to="nobody"),
        ModesSet(room="#nowhere", by="ann", changes=[ModeChange("+", "m")], number=1),
        RoomRenamed(room="#nowhere", by="ann", to="#new", number=1),
        RoomRenamed(room="#tea", by="ann", to="#milk", number=1),
        Said(room="#nowhere", by="ann", text="x", status="@", number=1),
        Tagged(room="#nowhere", by="ann", tags={"+typing": "active"}),
        Tagged(to="nobody", by="nobody", tags={"+typing": "active"}),
        Redacted(room="#nowhere", by="ann", of="x", number=1),
        Redacted(to="nobody", by="nobody", of="x", talk="@~1,~2", number=1),
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
    """All that is true, in words."""
    state = hub.state
    rooms = {
        name: (
            *(
                room.name,
                [user.nick for user in room.members],
                room.shown_ranks(),
                room.topic,
                room.number,
                room.created,
            ),
            *(dict(room.modes), {mode: list(masks) for mode, masks in room.lists.items()}),
            [user.nick for user in room.invited],
        )
        for name, room in state.rooms.items()
    }
    people = {
        nick: (
            *(user.nick, user.origin, user.name, user.account, user.away, user.modes, list(user.rooms)),
            *(list(user.watching), dict(user.markers)),
        )
        for nick, user in sorted(state.users.items())
    }
    logged_in = {account: [user.nick for user in users] for account, users in state.accounts.items()}
    watchers = {nick: [user.nick for user in users] for nick, users in state.watchers.items()}
    operators = [user.nick for user in state.operators]
    return (
        people,
        rooms,
        logged_in,
        watchers,
        operators,
        state.invisible,
        sorted(state.listeners),
        sorted(state.persons),
    )


def test_words_of_one_who_is_gone_are_still_heard(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    hub.feed([Gone(by="ann", time=1), said(2), Told(to="bob", by="ann", text="x", talk=TALK, time=3, number=1)])
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


def test_who_opens_a_room_is_its_operator_and_may_say_who_is_one(hub: Hub, ledger: Ledger) -> None:
    ann, bob, carl = seated(hub, ledger, "ann", "bob", "carl")
    room = hub.state.rooms["#tea"]
    assert (room.shown_ranks(), set(room.modes)) == ({"ann": "@"}, {"n", "t"})
    assert code(ledger.do(bob, SetModes(room="#tea", changes=[ModeChange("+", "o", "bob")]))) == "not_operator"
    changes = [ModeChange("+", "o", "BOB"), ModeChange("-", "o", "ann"), ModeChange("+", "v", "carl")]
    assert ledger.do(ann, SetModes(room="#tea", changes=changes)) == replies.Changed()
    assert room.shown_ranks() == {"bob": "@", "carl": "+"}
    reply = ledger.do(entered(hub, ledger, "dora")[0], Join(room="#tea"))
    assert isinstance(reply, replies.Seated)
    assert reply.ranks == {"bob": "@", "carl": "+"}
    ledger.do(carl, Rename(nick="carla"))
    assert room.shown_ranks() == {"bob": "@", "carla": "+"}


@pytest.mark.parametrize(("status", "heard"), [("@", 1), ("+", 2)])
def test_what_is_said_to_a_status_can_be_taken_back_by_those_who_have_it(
    hub: Hub, ledger: Ledger, status: str, heard: int
) -> None:
    ears = seated(hub, ledger, "ann", "bob", "carl")
    ann, _, carl = ears
    ledger.do(ann, SetModes(room="#tea", changes=[ModeChange("+", "v", "bob")]))
    stored = ledger.do(ann, Say(room="#tea", text="help", status=status))
    assert isinstance(stored, replies.Stored)
    ledger.do(ann, Say(room="#tea", text="to all"))
    for ear in ears:
        ear.heard.clear()
    assert code(ledger.do(carl, commands.Redact(target="#tea", of=stored.id))) == "no_such_message"
    assert ledger.do(ann, commands.Redact(target="#tea", of=stored.id)) == replies.Done()
    (event, _) = ledger.logs[f"{status}#tea"]
    assert isinstance(event, Said)
    assert (event.text, event.redacted) == ("", True)
    assert sum(len(ear.heard) for ear in ears) == heard
    assert carl.heard == []


@pytest.mark.threat(36)
def test_whether_there_is_a_secret_room_is_told_to_nobody(hub: Hub, ledger: Ledger) -> None:
    ann, carl = *seated(hub, ledger, "ann"), *entered(hub, ledger, "carl")
    ledger.do(ann, SetModes(room="#tea", changes=[ModeChange("+", "s")]))
    for wish in (
        *(commands.SetTopic(room="#tea", topic="x"), commands.ShowTopic(room="#tea"), commands.ShowModes(room="#tea")),
        *(commands.Invite(room="#tea", nick="ann"), commands.Kick(room="#tea", nick="ann"), Say(room="#tea", text="x")),
        *(SetModes(room="#tea", changes=[]), commands.RenameRoom(room="#tea", to="#x"), Part(room="#tea")),
        *(commands.ShowMasks(room="#tea", mode="b"), commands.History(room="#tea"), Tag(to="#tea", tags={})),
        *(commands.ListRooms(rooms=["#tea"]), commands.ListPeople(room="#tea"), commands.Redact(target="#tea", of="x")),
    ):
        there, not_there = ledger.do(carl, wish), ledger.do(carl, elsewhere(wish))
        if isinstance(there, replies.Refused):
            assert (there.code, there.text) == (code(not_there), str(not_there).replace("#nope", "#tea"))
        else:
            assert there == msgspec.structs.replace(not_there, **({"room": "#tea"} if hasattr(there, "room") else {}))
    whois = ledger.do(carl, commands.Whois(nick="ann"))
    assert isinstance(whois, replies.WhoisReply)
    assert whois.rooms == []


def elsewhere(wish: commands.Command) -> commands.Command:
    """The same about a room that does not exist."""
    changed = {name: "#nope" for name in wish.__struct_fields__ if getattr(wish, name) == "#tea"}
    return msgspec.structs.replace(wish, **(changed or {"rooms": ["#nope"]}))


def test_a_room_that_was_empty_has_a_new_founder_and_nothing_that_others_decided(hub: Hub, ledger: Ledger) -> None:
    (ann,) = seated(hub, ledger, "ann")
    changes = [ModeChange("+", "b", "bob"), ModeChange("+", "m"), ModeChange("+", "l", "1"), ModeChange("-", "n")]
    ledger.do(ann, commands.SetTopic(room="#tea", topic="stays"), SetModes(room="#tea", changes=changes))
    ledger.do(ann, Part(room="#tea"))
    (bob,) = entered(hub, ledger, "bob")
    reply = ledger.do(bob, Join(room="#tea"))
    assert isinstance(reply, replies.Seated)
    assert (reply.topic, reply.ranks) == ("stays", {"bob": "@"})
    room = hub.state.rooms["#tea"]
    assert (set(room.modes), {mode: masks for mode, masks in room.lists.items() if masks}) == ({"n", "t"}, {})


def test_the_lobby_is_everybodys(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob", room="#lobby")
    assert hub.state.rooms["#lobby"].shown_ranks() == {}
    assert ledger.do(bob, commands.SetTopic(room="#lobby", topic="free")) == replies.Done()
    assert code(ledger.do(ann, commands.Kick(room="#lobby", nick="bob"))) == "not_operator"


def test_a_room_that_is_renamed_keeps_its_people_and_what_holds_in_it(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob", kind="json")
    ledger.do(ann, Say(room="#tea", text="x"), commands.SetTopic(room="#tea", topic="t"))
    before = hub.state.rooms["#tea"]
    bob.chunks.clear()
    assert ledger.do(ann, commands.RenameRoom(room="#TEA", to="#Milk", reason="why")) == replies.Done()
    assert set(hub.state.rooms) == {"#lobby", "#milk"}
    assert hub.state.rooms["#milk"] is before
    assert (before.name, before.shown_ranks(), before.number) == ("#Milk", {"ann": "@"}, 3)
    assert [list(ear.user.rooms) for ear in (ann, bob) if ear.user is not None] == [["#milk"]] * 2
    (moved,) = (msgspec.json.decode(line, type=Moved) for chunk in bob.chunks for line in chunk.splitlines())
    assert (moved.to, moved.by, moved.was, moved.room, moved.reason, moved.topic) == (
        *("bob", "ann", "#tea", "#Milk"),
        *("why", "t"),
    )
    assert list(moved.people) == ["@ann!user@host", "bob!user@host"]
    ledger.do(bob, Say(room="#milk", text="y"))
    page = ledger.do(bob, commands.History(room="#milk"))
    assert isinstance(page, replies.Page)
    assert [event.number for event in page.events] == [1, 2, 3, 4]
    ledger.do(bob, Part(room="#milk"))
    assert list(before.members) == [ann.user]


def test_who_opens_a_room_just_before_another_is_renamed_to_it_does_not_get_its_log(hub: Hub, ledger: Ledger) -> None:
    (ann,), (carl,) = seated(hub, ledger, "ann"), entered(hub, ledger, "carl")
    ledger.do(ann, Say(room="#tea", text="secret"))
    opening = ledger.ask(carl, Join(room="#milk"))
    ledger.ask(ann, commands.RenameRoom(room="#tea", to="#milk"))
    while ledger.queue:
        ledger.commit()
    assert isinstance(opening.reply, replies.Seated)
    assert "secret" not in str(ledger.do(carl, commands.History(room="#milk")))
    assert ann.user is not None
    (room,) = ann.user.rooms
    assert "secret" in str(ledger.do(ann, commands.History(room=room)))
    ledger.do(ann, Part(room=room))
    assert ann.user.rooms == {}


def test_who_comes_in_while_a_room_is_renamed_is_in_it(hub: Hub, ledger: Ledger) -> None:
    (ann, bob), (carl, dora) = seated(hub, ledger, "ann", "bob"), entered(hub, ledger, "carl", "dora")
    ledger.ask(ann, commands.RenameRoom(room="#tea", to="#milk"))
    old, new = ledger.ask(carl, Join(room="#tea")), ledger.ask(dora, Join(room="#milk"))
    while ledger.queue:
        ledger.commit()
    assert [member.nick for member in hub.state.rooms["#milk"].members] == ["ann", "bob", "carl", "dora"]
    assert set(hub.state.rooms) == {"#lobby", "#milk"}
    for asked in (old, new):
        assert isinstance(asked.reply, replies.Seated), asked.reply
        assert asked.reply.room == "#milk"
    assert bob.heard[-2:] == ann.heard[-2:]


def test_what_is_said_while_a_room_is_renamed_is_heard_in_it(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    ledger.ask(ann, commands.RenameRoom(room="#tea", to="#milk"))
    asked = ledger.ask(bob, Say(room="#tea", text="not for those who come to #tea later"))
    while ledger.queue:
        ledger.commit()
    assert isinstance(asked.reply, replies.Refused) or asked.reply.time in ann.heard  # type: ignore[union-attr]
    (dora,) = entered(hub, ledger, "dora")
    assert "not for those" not in str(ledger.do(dora, Join(room="#tea"), commands.History(room="#tea")))


def test_who_leaves_while_a_room_is_renamed_is_not_in_it(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    ledger.ask(ann, commands.RenameRoom(room="#tea", to="#milk"))
    asked = ledger.ask(bob, Part(room="#tea"))
    while ledger.queue:
        ledger.commit()
    assert bob.user is not None
    assert isinstance(asked.reply, replies.Refused) or not bob.user.rooms


# who may do what


def code(reply: replies.Reply | replies.Refused | None) -> str:
    assert isinstance(reply, replies.Refused), reply
    return reply.code


@pytest.mark.threat(33)
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
    assert (reply.code, reply.suggestion, reply.about) == ("nick_taken", "Ann3", ("Ann",))


@pytest.mark.threat(27)
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


def test_a_connection_that_took_over_another_leaves_nothing_behind(hub: Hub, ledger: Ledger) -> None:
    (ann,) = entered(hub, ledger, "ann")
    again = Ear(hub, "again")
    ledger.do(again, commands.Enter(nick="ann", resume=ann.token))
    assert again.token == ann.token, "it is the same person"
    assert hub.state.persons[again.person] is again
    for ear in (ann, again):
        hub.detach(ear)
        ledger.record(hub.farewell(ear, "lost"))
    ledger.commit()
    assert (hub.state.listeners, hub.state.persons, hub.state.users) == ({}, {}, {})


def test_who_comes_back_after_the_link_was_lost_is_the_same_person(hub: Hub, ledger: Ledger) -> None:
    ann, _ = seated(hub, ledger, "ann", "bob")
    ledger.do(ann, Tell(to="bob", text="before"))
    hub.detach(ann)
    ledger.record(hub.farewell(ann, "lost"))
    ledger.commit()
    again = Ear(hub, "again")
    ledger.do(again, commands.Enter(nick="anna", resume=ann.token), Tell(to="bob", text="after"))
    page = ledger.do(again, commands.History(room="bob"))
    assert isinstance(page, replies.Page)
    assert [event.text for event in page.events if isinstance(event, Told)] == ["before", "after"]
    other = Ear(hub, "another connection")
    reply = ledger.do(other, commands.Enter(nick="ann"), commands.History(room="bob"))
    assert reply == replies.Page(room="bob", events=[]), "whoever has the nick now is somebody else"


@pytest.mark.threat(34)
def test_a_wrong_token_takes_nothing_over(hub: Hub, ledger: Ledger) -> None:
    (ann,) = entered(hub, ledger, "ann")
    forged = f"{ann.person}.{'0' * 24}"
    for guess in ("guess", ann.person, forged, ann.token[:-1], f"{ann.token}0", ann.token.upper()):
        assert code(ledger.do(Ear(hub, guess), commands.Enter(nick="ann", resume=guess))) == "nick_taken"
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
        (commands.SetTopic(room="#nowhere", topic="x"), "no_such_room"),
        (commands.ShowTopic(room="#nowhere"), "no_such_room"),
        (commands.History(room="#milk"), "not_in_room"),
        (commands.Whois(nick="nobody"), "no_such_nick"),
        (commands.Away(text="x" * 301), "too_long"),
        (Rename(nick="a b"), "bad_nick"),
        (Join(room="tea"), "bad_room"),
        (Say(room="#tea", text="x", status="%"), "bad_status"),
        (Say(room="#tea", text="x", tags={"typing": ""}), "bad_tags"),
        (Say(room="#tea", text="x", tags={"+x": "y" * 4_095}), "too_long"),
        (Say(room="#tea", text="x", seams=(1,)), "bad_seams"),
        (Tell(to="bob", text=" "), "no_text"),
        (Tell(to="bob", text="xy", seams=(0,)), "bad_seams"),
        (Tell(to="bob", text="xyz", seams=(2, 1)), "bad_seams"),
        (Tell(to="bob", text="xyz", seams=(1, 1)), "bad_seams"),
        (Tag(to="#milk", tags={"+typing": "active"}), "not_in_room"),
        (Tag(to="nobody", tags={"+typing": "active"}), "no_such_nick"),
        (Tag(to="bob", tags={"x": ""}), "bad_tags"),
        (commands.Redact(target="#milk", of="x"), "no_access"),
        (commands.Redact(target="#tea", of="x"), "no_such_message"),
        (commands.Redact(target="nobody", of="x"), "no_such_nick"),
        (commands.Redact(target="#tea", of="x", reason="x" * 301), "too_long"),
        (commands.History(room="#tea", before=commands.Point(id="x")), "no_such_message"),
        (commands.Kick(room="#nowhere", nick="bob"), "no_such_room"),
        (commands.Kick(room="#milk", nick="carl"), "not_in_room"),
        (commands.Kick(room="#tea", nick="carl"), "not_there"),
        (commands.Kick(room="#tea", nick="nobody"), "not_there"),
        (commands.Kick(room="#tea", nick="bob", reason="x" * 301), "too_long"),
        (commands.Invite(room="#nowhere", nick="bob"), "no_such_room"),
        (commands.Invite(room="#milk", nick="bob"), "not_in_room"),
        (commands.Invite(room="#tea", nick="nobody"), "no_such_nick"),
        (commands.Invite(room="#tea", nick="bob"), "there_already"),
        (SetModes(room="#nowhere", changes=[ModeChange("+", "m")]), "no_such_room"),
        (SetModes(room="#milk", changes=[ModeChange("+", "m")]), "not_in_room"),
        (commands.ShowModes(room="#nowhere"), "no_such_room"),
        (commands.ShowMasks(room="#nowhere", mode="b"), "no_such_room"),
        (commands.RenameRoom(room="#nowhere", to="#new"), "no_such_room"),
        (commands.RenameRoom(room="#milk", to="#new"), "not_in_room"),
        (commands.RenameRoom(room="#tea", to="#milk"), "room_taken"),
        (commands.RenameRoom(room="#tea", to="tea"), "cannot_rename"),
        (commands.SetName(name=" "), "bad_name"),
        (commands.SetName(name="x" * 121), "bad_name"),
        (commands.SetPassword(password="x"), "not_logged_in"),
        (commands.ShowAccount(), "no_such_account"),
        (commands.LogIn(account="ann", password="x"), "wrong_password"),
        (commands.Prove(account="ann", exchange="x", proof="x"), "wrong_password"),
        (commands.Verify(account="ann", code="x"), "bad_code"),
        (commands.Register(account="carl", password="sesame"), "name_in_use"),
        (commands.Register(password=""), "weak_password"),
        (commands.RegisterOther(account="dora", password="x"), "no_privileges"),
        (commands.BecomeOperator(name="root", password="x"), "wrong_password"),
        (commands.Kill(nick="bob"), "no_privileges"),
        (commands.Wallops(text="x"), "no_privileges"),
        (commands.ChangeHost(nick="bob", user="x", host="y"), "no_privileges"),
        (commands.Rehash(), "no_privileges"),
    ],
    ids=repr,
)
def test_a_wish_that_is_not_granted_changes_nothing(
    hub: Hub, ledger: Ledger, wish: commands.Command, expected: str
) -> None:
    (ann, bob), (carl,) = seated(hub, ledger, "ann", "bob"), seated(hub, ledger, "carl", room="#milk")
    before = picture(hub)
    assert code(ledger.do(ann, wish)) == expected
    assert picture(hub) == before
    assert ann.heard == bob.heard == carl.heard == []
    assert (ledger.logs.keys() - {"!audit"}, ledger.documents) == (set(), {})  # that it was tried is kept


@pytest.mark.parametrize(
    "wish",
    [
        commands.SetTopic(room="#tea", topic="x"),
        commands.Kick(room="#tea", nick="ann"),
        SetModes(room="#tea", changes=[ModeChange("+", "o", "bob")]),
        commands.RenameRoom(room="#tea", to="#new"),
    ],
    ids=repr,
)
def test_who_is_no_operator_of_a_room_does_not_decide_about_it(
    hub: Hub, ledger: Ledger, wish: commands.Command
) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    before = picture(hub)
    assert code(ledger.do(bob, wish)) == "not_operator"
    assert picture(hub) == before
    assert ann.heard == bob.heard == []


def test_being_away_for_the_same_reason_is_nothing_new(hub: Hub, ledger: Ledger) -> None:
    ann, bob = seated(hub, ledger, "ann", "bob")
    assert ledger.do(ann, commands.Away()) == replies.Done()
    assert ledger.do(ann, commands.Away(text="out"), commands.Away(text="out")) == replies.Done()
    assert len(bob.heard) == 1
    ledger.do(ann, commands.Away())
    assert len(bob.heard) == 2


def test_whether_a_nick_can_be_had_is_told_at_the_door(hub: Hub, ledger: Ledger) -> None:
    entered(hub, ledger, "ann")
    ear = Ear(hub, "x")
    assert code(ledger.do(ear, commands.CheckNick(nick="ANN"))) == "nick_taken"
    assert code(ledger.do(ear, commands.CheckNick(nick="a b"))) == "bad_nick"
    assert ledger.do(ear, commands.CheckNick(nick="bob")) == replies.Done()
    assert ear.user is None
    assert isinstance(ledger.do(Ear(hub, "y"), commands.Enter(nick="bob")), replies.Welcome), "it is kept for nobody"


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
