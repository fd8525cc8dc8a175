"""A chat in which anybody may do anything at any time: everybody hears what they should, and nobody else does."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tcpchat.chat.hub import Hub
from tcpchat.config import Config
from tcpchat.model import commands, events, replies
from tcpchat.model.commands import Command
from tcpchat.model.events import Event
from tests.chat.ears import KINDS, Asked, Ear, Ledger, Numbers

NICKS = st.sampled_from(["ann", "Ann", "bob", "BOB", "carl", "jörg", "JÖRG", "dora"])
ROOMS = st.sampled_from(["#tea", "#Tea", "#milk", "#lobby"])
WHO = st.integers(0, 5)

SAID = commands.Say | commands.Tell


class Oracle:
    """A second, simple chat. It says who should hear each fact, and in which rooms it happens for them."""

    def __init__(self) -> None:
        self.people: dict[str, Ear] = {}
        self.ears: dict[str, Ear] = {}
        self.rooms: dict[str, list[Ear]] = {}
        self.topics: dict[str, str] = {}
        self.expected: dict[Ear, list[tuple[int, set[str]]]] = {}
        """The times of the events one should hear, and the rooms whose order they are part of."""
        self.authors: dict[int, tuple[Ear | None, Event]] = {}

    def apply(self, event: Event) -> None:
        author = self.people.get(event.by.casefold())  # type: ignore[attr-defined]
        match event:
            case events.Arrived(by=by, session=session):
                author = self.people[by.casefold()] = self.ears[session]
            case events.Joined(room=room):
                assert author is not None
                self.rooms.setdefault(room.casefold(), []).append(author)
        if author is not None and isinstance(event, events.Told):
            to = self.people.get(event.to.casefold())  # who may have gone meanwhile
            self.expect(event, {ear: {"@"} for ear in (author, to) if ear is not None}, author)
        elif author is not None and not isinstance(event, events.Arrived):
            self.expect(event, self.audience(event, author), author)
        match event:
            case events.Renamed(by=by, to=to) if author is not None:
                del self.people[by.casefold()]
                self.people[to.casefold()] = author
            case events.Left(room=room) if author is not None:
                self.rooms[room.casefold()].remove(author)
            case events.Gone(by=by) if author is not None:
                del self.people[by.casefold()]
                for members in self.rooms.values():
                    if author in members:
                        members.remove(author)
            case events.TopicSet(room=room, topic=topic):
                self.topics[room.casefold()] = topic

    def audience(self, event: Event, author: Ear) -> dict[Ear, set[str]]:
        if (room := getattr(event, "room", "").casefold()) != "":
            return {ear: {room} for ear in self.rooms.get(room, [])}
        heard: dict[Ear, set[str]] = {author: set()}
        for room, members in self.rooms.items():
            for ear in members if author in members else []:
                heard.setdefault(ear, set()).add(room)
        return heard

    def expect(self, event: Event, audience: dict[Ear, set[str]], author: Ear) -> None:
        self.authors[event.time] = author, event
        for ear, rooms in audience.items():
            if self.is_for(ear, event.time):
                self.expected[ear].append((event.time, rooms))

    def is_for(self, ear: Ear, time: int) -> bool:
        """Whether the ear's encoding has it written, also if it is its own."""
        author, event = self.authors[time]
        silent = ear.kind.startswith("irc") and isinstance(event, events.WentAway)
        to_self = isinstance(event, events.Told) and event.to.casefold() == event.by.casefold()
        return not silent and (author is not ear or to_self or type(event) in ear.encoding.own)


class Chat(RuleBasedStateMachine):
    """What people do, one after the other; what they ask for waits until some of it is recorded as one batch."""

    @initialize()
    def start(self) -> None:
        self.hub = Hub(Config())
        self.ledger = Ledger(self.hub)
        self.oracle = Oracle()
        self.ledger.told = self.oracle.apply
        self.ears: list[Ear] = []
        self.waiting: list[Asked] = []
        self.got: dict[Ear, list[int]] = {}
        for encoding, _ in KINDS.values():
            if isinstance(encoding, Numbers):
                encoding.written.clear()

    def busy(self, ear: Ear) -> list[Command]:
        return [asked.command for asked in self.waiting if asked.ear is ear and asked.reply is None]

    def wish(self, who: int, command: Command) -> None:
        """As a session does it: what is said is queued; all else waits until what was asked before is done."""
        ear = self.ears[who % len(self.ears)]
        busy = self.busy(ear)
        if ear.closed or (busy and not (isinstance(command, SAID) and all(isinstance(one, SAID) for one in busy))):
            return
        asked = self.ledger.ask(ear, command)
        if isinstance(command, commands.Quit):
            ear.closed = "left"
        if asked.reply is None:
            self.waiting.append(asked)
        else:
            self.check_reply(asked)

    @rule(kind=st.sampled_from(sorted(KINDS)), nick=NICKS, room=st.one_of(st.none(), ROOMS))
    @precondition(lambda self: len(self.ears) < 6)
    def somebody_comes(self, kind: str, nick: str, room: str | None) -> None:
        ear = Ear(self.hub, f"session {len(self.ears)}", kind)
        self.ears.append(ear)
        self.oracle.ears[ear.session] = ear
        self.oracle.expected[ear] = []
        self.wish(len(self.ears) - 1, commands.Enter(nick=nick))
        if room is not None:
            self.commit(100)
            self.wish(len(self.ears) - 1, commands.Join(room=room))

    def asking(wish: Callable[..., Command], **arguments: st.SearchStrategy[str]) -> Callable[..., None]:  # type: ignore[misc]
        @rule(who=WHO, **arguments)
        @precondition(lambda self: self.ears)
        def ask(self: "Chat", who: int, **given: str) -> None:
            self.wish(who, wish(**given))

        return ask

    enters = asking(commands.Enter, nick=NICKS)
    renames = asking(commands.Rename, nick=NICKS)
    joins = asking(commands.Join, room=ROOMS)
    joins_too = asking(commands.Join, room=ROOMS)
    parts = asking(commands.Part, room=ROOMS)
    says = asking(commands.Say, room=ROOMS, text=st.just("hi"))
    says_more = asking(commands.Say, room=ROOMS, text=st.just("hi"))
    tells = asking(commands.Tell, to=NICKS, text=st.just("psst"))
    sets_topic = asking(commands.SetTopic, room=ROOMS, topic=st.sampled_from(["", "tea"]))
    goes_away = asking(commands.Away, text=st.sampled_from(["", "out"]))
    quits = asking(commands.Quit)

    @rule(who=WHO, nick=NICKS, ghost=WHO)
    @precondition(lambda self: len(self.ears) > 1)
    def resumes(self, who: int, nick: str, ghost: int) -> None:
        lost = self.ears[ghost % len(self.ears)]
        if all(isinstance(one, SAID) for one in self.busy(lost)) and self.ears[who % len(self.ears)].user is None:
            self.wish(who, commands.Enter(nick=nick, resume=lost.token))

    @rule(who=WHO)
    @precondition(lambda self: self.ears)
    def loses_the_link(self, who: int) -> None:
        ear = self.ears[who % len(self.ears)]
        if not ear.closed and all(isinstance(one, SAID) for one in self.busy(ear)):
            ear.closed = "connection lost"
            self.hub.detach(ear)
            self.ledger.record(self.hub.farewell(ear, ear.closed))

    @rule(who=WHO)
    @precondition(lambda self: self.ears)
    def fills_up_or_reads_on(self, who: int) -> None:
        ear = self.ears[who % len(self.ears)]
        ear.full = not ear.full

    @rule(most=st.sampled_from([1, 2, 3, 100, 100]))
    def commit(self, most: int) -> None:
        heard = {ear: (len(ear.heard), len(ear.missed)) for ear in self.ears}
        facts = self.ledger.commit(most)
        for ear in self.ears:
            self.check_heard(ear, facts, *heard[ear])
        for asked in [asked for asked in self.waiting if asked.reply is not None]:
            self.waiting.remove(asked)
            self.check_reply(asked)

    def check_heard(self, ear: Ear, facts: list[Event], heard_before: int, missed_before: int) -> None:
        """Of this batch just what was for them, in the order of each room. Who goes in it need not hear it."""
        batch = {event.time for event in facts}
        expected = [(time, rooms) for time, rooms in self.oracle.expected[ear] if time in batch]
        heard = ear.heard[heard_before:]
        if ear.full:
            assert heard == []
            heard = [event.time for event in ear.missed[missed_before:] if self.oracle.is_for(ear, event.time)]
        if any(isinstance(event, events.Gone) and self.oracle.authors[event.time][0] is ear for event in facts):
            expected = [(time, rooms) for time, rooms in expected if time in heard]
        assert sorted(heard) == sorted(time for time, _ in expected), (ear.kind, facts)
        for room in {room for _, rooms in expected for room in rooms}:
            in_room = [time for time, rooms in expected if room in rooms]
            assert [time for time in heard if time in in_room] == in_room

    def check_reply(self, asked: Asked) -> None:
        ear, oracle, reply = asked.ear, self.oracle, asked.reply
        match asked.command:
            case commands.Enter(nick=nick) | commands.Rename(nick=nick):
                if isinstance(reply, replies.Refused):
                    assert reply.code in {"nick_taken", "already_in", "not_in"}
                else:
                    assert ear.user is not None
                    assert ear.user.nick == nick
            case commands.Join(room=room) if isinstance(reply, replies.Seated):
                members = oracle.rooms[room.casefold()]
                assert ear in members
                assert reply.people == [one.user.nick for one in members if one.user is not None]
                assert reply.topic == oracle.topics.get(room.casefold(), "")
            case commands.Say(room=room) if isinstance(reply, replies.Refused) and ear.user is not None:
                assert reply.code == "not_in_room"

    @invariant()
    def the_state_is_what_it_should_be(self) -> None:
        if not hasattr(self, "hub"):
            return
        state, oracle = self.hub.state, self.oracle
        assert {nick: user.listener for nick, user in state.users.items()} == oracle.people
        seated = {
            folded: [user.listener for user in room.members] for folded, room in state.rooms.items() if room.members
        }
        assert seated == {room: members for room, members in oracle.rooms.items() if members}
        topics = {folded: room.topic.topic for folded, room in state.rooms.items() if room.topic}
        assert topics == {room: topic for room, topic in oracle.topics.items() if topic}
        assert set(state.rooms) == {"#lobby", *seated, *topics}, "no room is kept without a reason"
        for nick, user in state.users.items():
            assert user.nick.casefold() == nick
            assert set(user.rooms) == {room for room, members in seated.items() if user.listener in members}

    @invariant()
    def nothing_is_written_twice(self) -> None:
        for encoding, _ in KINDS.values():
            if isinstance(encoding, Numbers):
                for time, count in encoding.written.items():
                    told = isinstance(self.oracle.authors[time][1], events.Told)  # one writing for each of the two
                    assert count <= (2 if told else 1)

    def teardown(self) -> None:
        if hasattr(self, "hub"):
            while self.ledger.queue:
                self.commit(100)
            self.the_state_is_what_it_should_be()


TestChat = Chat.TestCase
TestChat.settings = settings(deadline=None, max_examples=80, stateful_step_count=50)
