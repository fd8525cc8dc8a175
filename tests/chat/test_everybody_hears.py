"""A chat in which anybody may do anything at any time: everybody hears what they should, and nobody else does."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tcpchat.chat.hub import Hub
from tcpchat.config import Config, Limits
from tcpchat.model import commands, events, replies
from tcpchat.model.commands import Command, ModeChange
from tcpchat.model.events import Event
from tests.chat.ears import KINDS, Asked, Ear, Ledger, Numbers

NICKS = st.sampled_from(["ann", "Ann", "bob", "BOB", "carl", "jörg", "JÖRG", "dora"])
ROOMS = st.sampled_from(["#tea", "#Tea", "#milk", "#lobby"])
NEW_NAMES = st.sampled_from(["#tea", "#TEA", "#milk", "#water", "#lobby"])
STATUSES = st.sampled_from(["", "", "", "@", "+"])
SIGNS = st.sampled_from("+-")
CHANGES = st.lists(
    st.one_of(
        st.builds(ModeChange, SIGNS, st.sampled_from("mnt")),
        st.builds(ModeChange, SIGNS, st.sampled_from("oov"), NICKS),
    ),
    min_size=1,
    max_size=3,
)
WORDS = st.one_of(
    st.builds(commands.Say, room=ROOMS, text=st.just("hi"), status=STATUSES),
    st.builds(commands.Tell, to=NICKS, text=st.just("psst")),
)
KIND = st.sampled_from(sorted(KINDS))
WHO = st.integers(0, 5)

SAID = commands.Say | commands.Tell

DECIDES = commands.SetTopic | commands.SetModes | commands.Kick | commands.RenameRoom
DECIDED = SAID | commands.Tag | commands.Part | DECIDES
"""Of these it is known at once whether they are granted; a name may be taken later, too."""

TOLD = "@"
"""What one is told alone is a part of the order of all one's rooms, and of this."""


class Oracle:
    """A second, simple chat. It says who should hear each fact, and in which rooms it happens for them."""

    def __init__(self, announced: int) -> None:
        """`announced`: people in a room up to which all are told who comes."""
        self.most_announced = announced
        self.quiet: dict[str, list[Ear]] = {}
        """Those in a room of whom the others have not been told."""
        self.comings: dict[tuple[int, str], Ear] = {}
        """Who is told of at a time, and under a nick, that came before."""
        self.announcements: Counter[int] = Counter()
        self.people: dict[str, Ear] = {}
        self.ears: dict[str, Ear] = {}
        self.persons: dict[Ear, str] = {}
        self.rooms: dict[str, list[Ear]] = {}
        self.names: dict[str, str] = {"#lobby": "#lobby"}
        self.topics: dict[str, str] = {}
        self.modes: dict[str, set[str]] = {"#lobby": {"n"}}
        self.ranks: dict[str, dict[Ear, set[str]]] = {}
        self.expected: dict[Ear, list[tuple[int, set[str]]]] = {}
        """The times of the events one should hear, and the rooms whose order they are part of."""
        self.authors: dict[int, tuple[Ear | None, Event]] = {}
        self.writings: dict[int, int] = {}
        """How often those events are written that are not written for all who hear them at once."""
        self.logs: set[str] = set()
        """The rooms in which something is kept."""

    def apply(self, event: Event) -> None:
        author = self.people.get(event.by.casefold())  # type: ignore[attr-defined]
        match event:
            case events.Arrived(by=by, session=session, person=person):
                author = self.people[by.casefold()] = self.ears[session]
                self.persons[author] = person or author.person
            case events.Joined(room=room):
                assert author is not None
                if not self.exists(room.casefold()):
                    self.names[room.casefold()] = room
                self.take_seat(room.casefold(), author)
        if author is not None and not isinstance(event, events.Arrived):
            self.announce_before(event, author)
            self.expect(event, self.audience(event, author), author)
        if event.number and not getattr(event, "status", ""):
            self.logs.add(getattr(event, "room", "").casefold())
        match event:
            case events.Renamed(by=by, to=to) if author is not None:
                del self.people[by.casefold()]
                self.people[to.casefold()] = author
            case events.Left(room=room) if author is not None:
                self.lose_seat(room.casefold(), author, event.time)
            case events.Kicked(room=room, session=session):
                self.lose_seat(room.casefold(), self.ears[session], event.time)
            case events.Gone(by=by) if author is not None:
                del self.people[by.casefold()]
                for folded in self.rooms:
                    self.lose_seat(folded, author, event.time)
            case events.RoomRenamed(room=room, to=to):
                self.rename(room.casefold(), to.casefold())
                self.names[to.casefold()] = to
            case events.TopicSet(room=room, topic=topic):
                self.topics[room.casefold()] = topic
            case events.ModesSet(room=room, changes=changes, sessions=sessions):
                for change in changes:
                    self.change(room.casefold(), change, self.ears.get((sessions or {}).get(change.value, "")))

    def take_seat(self, room: str, ear: Ear) -> None:
        members = self.rooms.setdefault(room, [])
        if not members and room != "#lobby":
            self.modes[room] = {"n", "t"}
            self.ranks[room] = {ear: {"o"}}
        members.append(ear)
        if len(members) > self.most_announced:
            self.quiet.setdefault(room, []).append(ear)

    def lose_seat(self, room: str, ear: Ear, time: int) -> None:
        if ear in self.rooms[room]:
            self.rooms[room].remove(ear)
            self.ranks.get(room, {}).pop(ear, None)
            if ear in self.quiet_in(room):
                self.quiet[room].remove(ear)
            if len(self.rooms[room]) <= self.most_announced:
                self.announce(room, self.quiet_in(room), time)

    def quiet_in(self, room: str) -> list[Ear]:
        return list(self.quiet.get(room, ()))

    def announce_before(self, event: Event, author: Ear) -> None:
        """Nobody hears of somebody of whom they were not told."""
        room = getattr(event, "room", "").casefold()
        match event:
            case events.Joined() | events.Left():
                return
            case events.Renamed():
                for one in self.quiet:
                    self.announce(one, [author], event.time)
            case events.RoomRenamed():
                self.announce(room, self.quiet_in(room), event.time)
            case events.Kicked(session=session):
                self.announce(room, [self.ears[session]], event.time)
            case events.ModesSet(changes=changes, sessions=sessions):
                ranked = [(sessions or {}).get(change.value, "") for change in changes if change.mode in "ov"]
                self.announce(room, [self.ears[one] for one in ranked if one], event.time)
        if room:
            self.announce(room, [author], event.time)

    def announce(self, room: str, ears: Iterable[Ear], time: int) -> None:
        for ear in ears:
            if ear not in self.quiet_in(room):
                continue
            self.quiet[room].remove(ear)
            nick = next(nick for nick, one in self.people.items() if one is ear)
            self.comings[time, nick] = ear
            self.announcements[time] += 1
            for other in self.rooms[room]:
                if other is not ear:
                    self.expected[other].append((time, {room}))

    def change(self, room: str, change: ModeChange, ear: Ear | None) -> None:
        if change.mode in "ov":
            if ear is None or ear not in self.rooms[room]:
                return
            letters = self.ranks[room].setdefault(ear, set())
        else:
            letters = self.modes[room]
        (letters.add if change.sign == "+" else letters.discard)(change.mode)
        self.ranks[room] = {ear: rank for ear, rank in self.ranks[room].items() if rank}

    def rename(self, before: str, after: str) -> None:
        self.logs = self.logs - {before} | {after}
        for of_rooms in (self.rooms, self.topics, self.modes, self.ranks, self.quiet):
            if before in of_rooms:
                of_rooms[after] = of_rooms.pop(before)  # type: ignore[attr-defined]

    def exists(self, room: str) -> bool:
        return room == "#lobby" or bool(self.rooms.get(room) or self.topics.get(room))

    def audience(self, event: Event, author: Ear) -> dict[Ear, set[str]]:
        if (room := getattr(event, "room", "").casefold()) != "":
            return self.audience_in(room, event, author)
        if isinstance(event, events.Told | events.Tagged):
            to = self.people.get(event.to.casefold())  # who may have gone meanwhile, and another one have the nick
            if to is not None and f"~{self.persons[to]}" not in event.talk[1:].split(","):
                to = None
            self.writings[event.time] = 2
            return {ear: self.everywhere(ear) for ear in (author, to) if ear is not None}
        heard: dict[Ear, set[str]] = {author: set()}
        for room, members in self.rooms.items():
            for ear in members if author in members and author not in self.quiet_in(room) else []:
                heard.setdefault(ear, set()).add(room)
        return heard

    def audience_in(self, room: str, event: Event, author: Ear) -> dict[Ear, set[str]]:
        if not self.exists(room):
            return {}
        members = self.rooms.get(room, [])
        if isinstance(event, events.Joined | events.Left) and author in self.quiet_in(room):
            return {author: self.everywhere(author)}
        if status := getattr(event, "status", ""):
            wanted = {"o"} if status == "@" else {"o", "v"}
            hearers = [ear for ear in members if self.ranks.get(room, {}).get(ear, set()) & wanted]
            return {ear: self.everywhere(ear) for ear in (*hearers, author)}
        if isinstance(event, events.RoomRenamed):
            self.writings[event.time] = len(members)
            return {ear: self.everywhere(ear) | {event.to.casefold()} for ear in members}
        audience = {ear: {room} for ear in members}
        if isinstance(event, events.Said | events.Tagged) and author not in members:
            audience[author] = self.everywhere(author)
            self.writings[event.time] = 2
        return audience

    def everywhere(self, ear: Ear) -> set[str]:
        return {TOLD} | {room for room, members in self.rooms.items() if ear in members}

    def expect(self, event: Event, audience: dict[Ear, set[str]], author: Ear) -> None:
        self.authors[event.time] = author, event
        for ear, rooms in audience.items():
            if self.is_for(ear, event):
                self.expected[ear].append((event.time, rooms))

    def is_for(self, ear: Ear, told: Event) -> bool:
        """Whether the ear's encoding has it written, also if it is its own."""
        if isinstance(told, events.Announced):
            return self.comings[told.time, told.by.casefold()] is not ear
        author, event = self.authors[told.time]
        if isinstance(event, events.RoomRenamed):
            return ear.kind != "irc"  # which is told in lines without a time
        silent = ear.kind == "irc" and isinstance(event, events.WentAway)
        to_self = isinstance(event, events.Told | events.Tagged) and event.to.casefold() == event.by.casefold()
        return not silent and (author is not ear or to_self or type(event) in ear.encoding.own)

    def refusal(self, ear: Ear, command: Command) -> str:
        """Why this is not granted to somebody who is in, as things are now; empty if it is."""
        target = getattr(command, "room", "") or getattr(command, "to", "")
        room = target.casefold()
        inside, rank = ear in self.rooms.get(room, []), self.ranks.get(room, {}).get(ear, set())
        match command:
            case commands.Tell() | commands.Tag() if not target.startswith("#"):
                return "" if target.casefold() in self.people else "no_such_nick"
            case commands.Say() | commands.Tag():
                if not inside and ("n" in self.modes.get(room, "n") or not self.rooms.get(room)):
                    return "not_in_room"
                return "cannot_speak" if "m" in self.modes[room] and not rank else ""
            case commands.SetTopic() | commands.SetModes() | commands.Kick() | commands.RenameRoom() if not self.exists(
                room
            ):
                return "no_such_room"
            case (
                commands.SetTopic() | commands.SetModes() | commands.Kick() | commands.RenameRoom() | commands.Part()
            ) if not inside:
                return "not_in_room"
            case commands.SetTopic() if "t" not in self.modes[room]:
                return ""
            case commands.SetTopic() | commands.SetModes() | commands.Kick() | commands.RenameRoom() if "o" not in rank:
                return "not_operator"
            case commands.RenameRoom(to=to) if to == self.names[room]:
                return "cannot_rename"
            case commands.RenameRoom(to=to) if to.casefold() != room and (
                self.exists(to.casefold()) or to.casefold() in self.logs
            ):
                return "room_taken"
            case commands.Kick(nick=nick) if self.people.get(nick.casefold()) not in self.rooms[room]:
                return "not_there"
        return ""


class Chat(RuleBasedStateMachine):
    """What people do, one after the other; what they ask for waits until some of it is recorded as one batch."""

    limits = Limits()

    @initialize(kinds=st.lists(KIND, max_size=4))
    def start(self, kinds: list[str]) -> None:
        self.hub = Hub(Config(limits=self.limits))
        self.ledger = Ledger(self.hub)
        self.oracle = Oracle(self.limits.announced)
        self.ledger.told = self.oracle.apply
        self.ears: list[Ear] = []
        self.waiting: list[Asked] = []
        self.got: dict[Ear, list[int]] = {}
        for encoding, _ in KINDS.values():
            if isinstance(encoding, Numbers):
                encoding.written.clear()
        for nick, kind in zip(("ann", "bob", "carl", "dora"), kinds, strict=False):
            self.somebody_comes(kind, nick, "#tea")

    @property
    def here(self) -> list[Ear]:
        return [ear for ear in self.ears if not ear.closed]

    def busy(self, ear: Ear) -> list[Command]:
        return [asked.command for asked in self.waiting if asked.ear is ear and asked.reply is None]

    def wish(self, ear: Ear, command: Command) -> None:
        """As a session does it: what is said is queued; all else waits until what was asked before is done."""
        while (busy := self.busy(ear)) and not all(isinstance(one, SAID) for one in [command, *busy]):
            self.commit(2)
        if ear.closed:
            return
        entered, refusal = ear.user is not None, self.oracle.refusal(ear, command)
        asked = self.ledger.ask(ear, command)
        if entered and isinstance(command, DECIDED):
            assert (asked.reply.code if isinstance(asked.reply, replies.Refused) else "") == refusal, command
        if isinstance(command, commands.Quit):
            ear.closed = "left"
        if asked.reply is None:
            self.waiting.append(asked)
        else:
            self.check_reply(asked)

    @rule(kind=KIND, nick=NICKS, room=st.one_of(st.none(), ROOMS))
    @precondition(lambda self: len(self.here) < 6)
    def somebody_comes(self, kind: str, nick: str, room: str | None, resume: str = "") -> None:
        ear = Ear(self.hub, f"session {len(self.ears)}", kind)
        self.ears.append(ear)
        self.oracle.ears[ear.session] = ear
        self.oracle.expected[ear] = []
        self.wish(ear, commands.Enter(nick=nick, resume=resume))
        if room is not None:
            self.wish(ear, commands.Join(room=room))

    def asking(wish: Callable[..., Command], **arguments: st.SearchStrategy[Any]) -> Callable[..., None]:  # type: ignore[misc]
        @rule(who=WHO, **arguments)
        @precondition(lambda self: self.here)
        def ask(self: "Chat", who: int, **given: Any) -> None:
            self.wish(self.here[who % len(self.here)], wish(**given))

        return ask

    enters = asking(commands.Enter, nick=NICKS)
    renames = asking(commands.Rename, nick=NICKS)
    joins = asking(commands.Join, room=ROOMS)
    joins_too = asking(commands.Join, room=ROOMS)
    parts = asking(commands.Part, room=ROOMS)
    says = asking(commands.Say, room=ROOMS, text=st.just("hi"), status=STATUSES)
    says_more = asking(commands.Say, room=ROOMS, text=st.just("hi"))
    types = asking(commands.Tag, to=st.one_of(ROOMS, NICKS), tags=st.just({"+typing": "active"}))
    sets_modes = asking(commands.SetModes, room=ROOMS, changes=CHANGES)
    kicks = asking(commands.Kick, room=ROOMS, nick=NICKS)
    renames_room = asking(commands.RenameRoom, room=ROOMS, to=NEW_NAMES)
    tells = asking(commands.Tell, to=NICKS, text=st.just("psst"))
    sets_topic = asking(commands.SetTopic, room=ROOMS, topic=st.sampled_from(["", "tea"]))
    goes_away = asking(commands.Away, text=st.sampled_from(["", "out"]))

    @rule(who=WHO)
    @precondition(lambda self: len(self.here) > 2)
    def quits(self, who: int) -> None:
        self.wish(self.here[who % len(self.here)], commands.Quit())

    @rule(words=st.lists(st.tuples(WHO, WORDS), min_size=2, max_size=8))
    @precondition(lambda self: self.here)
    def all_talk_at_once(self, words: list[tuple[int, Command]]) -> None:
        for who, word in words:
            self.wish(self.here[who % len(self.here)], word)

    def operators(self) -> list[tuple[Ear, str]]:
        """Those who may decide about a room, and the room."""
        ranks = self.oracle.ranks.items()
        return [(ear, room) for room, ranks in ranks for ear, rank in ranks.items() if "o" in rank and not ear.closed]

    @rule(which=WHO, changes=CHANGES)
    @precondition(lambda self: self.operators())
    def an_operator_sets_modes(self, which: int, changes: list[ModeChange]) -> None:
        ear, room = self.operators()[which % len(self.operators())]
        self.wish(ear, commands.SetModes(room=room, changes=changes))

    @rule(which=WHO, to=NEW_NAMES)
    @precondition(lambda self: self.operators())
    def an_operator_renames_the_room(self, which: int, to: str) -> None:
        ear, room = self.operators()[which % len(self.operators())]
        self.wish(ear, commands.RenameRoom(room=room, to=to))

    @rule(which=WHO, whom=WHO)
    @precondition(lambda self: self.operators())
    def an_operator_kicks(self, which: int, whom: int) -> None:
        ear, room = self.operators()[which % len(self.operators())]
        members = [member.user.nick for member in self.oracle.rooms[room] if member.user is not None]
        self.wish(ear, commands.Kick(room=room, nick=members[whom % len(members)]))

    @rule(kind=KIND, nick=NICKS, ghost=WHO)
    @precondition(lambda self: self.ears and len(self.here) < 6)
    def resumes(self, kind: str, nick: str, ghost: int) -> None:
        lost = self.ears[ghost % len(self.ears)]
        same = [ear for ear in self.ears if ear.person == lost.person]
        if all(isinstance(one, SAID) for ear in same for one in self.busy(ear)):
            self.somebody_comes(kind, nick, None, lost.token)

    @rule(who=WHO)
    @precondition(lambda self: len(self.here) > 2)
    def loses_the_link(self, who: int) -> None:
        ear = self.here[who % len(self.here)]
        if all(isinstance(one, SAID) for one in self.busy(ear)):
            ear.closed = "connection lost"
            self.hub.detach(ear)
            self.ledger.record(self.hub.farewell(ear, ear.closed))

    @rule(who=WHO)
    @precondition(lambda self: self.here)
    def fills_up_or_reads_on(self, who: int) -> None:
        ear = self.here[who % len(self.here)]
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
            heard = [event.time for event in ear.missed[missed_before:] if self.oracle.is_for(ear, event)]
        goes = any(isinstance(event, events.Gone) and self.oracle.authors[event.time][0] is ear for event in facts)
        times = Counter(time for time, _ in expected)
        assert Counter(heard) <= times if goes else Counter(heard) == times, (ear.kind, facts)
        for room in {room for _, rooms in expected for room in rooms}:
            in_room = [time for time, rooms in expected if room in rooms and time in heard]
            assert list(dict.fromkeys(time for time in heard if time in in_room)) == list(dict.fromkeys(in_room))

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
                room = reply.room  # it may have been renamed meanwhile
                members, quiet = oracle.rooms[room.casefold()], oracle.quiet_in(room.casefold())
                assert ear in members
                known = [one for one in members if one not in quiet] + [one for one in quiet if one is ear]
                assert reply.people == [one.user.nick for one in known if one.user is not None]
                assert reply.quiet == len(members) - len(known)
                assert reply.topic == oracle.topics.get(room.casefold(), "")
                assert reply.ranks == self.shown(oracle.ranks.get(room.casefold(), {}))
            case commands.Say(room=room) if isinstance(reply, replies.Refused) and ear.user is not None:
                assert reply.code in {"not_in_room", "cannot_speak"}
            case commands.RenameRoom() if isinstance(reply, replies.Refused) and ear.user is not None:
                assert reply.code in {"no_such_room", "not_in_room", "not_operator", "room_taken", "cannot_rename"}
            case commands.SetModes() if isinstance(reply, replies.Changed):
                assert {problem.code for problem in reply.problems} <= {"no_such_nick", "not_there"}

    def shown(self, ranks: dict[Ear, set[str]]) -> dict[str, str]:
        return {
            ear.user.nick: "@" * ("o" in rank) + "+" * ("v" in rank)
            for ear, rank in ranks.items()
            if ear.user is not None
        }

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
        for folded in seated:
            room = state.rooms[folded]
            assert set(room.modes) == oracle.modes[folded]
            ranks = {user.listener: set(rank) for user, rank in room.ranks.items()}
            assert ranks == oracle.ranks.get(folded, {})
            assert [user.listener for user in room.quiet] == oracle.quiet_in(folded)
            assert room.roster.names == tuple(room.shown(user) for user in room.members if user not in room.quiet)
        for nick, user in state.users.items():
            assert user.nick.casefold() == nick
            assert set(user.rooms) == {room for room, members in seated.items() if user.listener in members}

    @invariant()
    def nothing_is_written_twice(self) -> None:
        for encoding, _ in KINDS.values():
            if isinstance(encoding, Numbers):
                for time, count in encoding.written.items():
                    assert count <= self.oracle.writings.get(time, 1) + self.oracle.announcements[time]

    def teardown(self) -> None:
        if hasattr(self, "hub"):
            while self.ledger.queue:
                self.commit(100)
            self.the_state_is_what_it_should_be()


class ChatInLargeRooms(Chat):
    """The same where three people in a room are many."""

    limits = Limits(announced=2)

    def quiet(self) -> list[tuple[Ear, str]]:
        """Those of whom the others have not been told, and the room."""
        return [(ear, room) for room, ears in self.oracle.quiet.items() for ear in ears if not ear.closed]

    @rule(which=WHO)
    @precondition(lambda self: self.quiet())
    def a_quiet_one_leaves(self, which: int) -> None:
        ear, room = self.quiet()[which % len(self.quiet())]
        self.wish(ear, commands.Part(room=room))

    @rule(which=WHO)
    @precondition(lambda self: self.quiet())
    def a_quiet_one_is_kicked(self, which: int) -> None:
        ear, room = self.quiet()[which % len(self.quiet())]
        operators = [one for one, rank in self.oracle.ranks.get(room, {}).items() if "o" in rank and not one.closed]
        for operator in operators[:1]:
            assert ear.user is not None
            self.wish(operator, commands.Kick(room=room, nick=ear.user.nick))


TestChat = Chat.TestCase
TestChat.settings = settings(deadline=None, max_examples=200, stateful_step_count=50)

TestChatInLargeRooms = ChatInLargeRooms.TestCase
TestChatInLargeRooms.settings = TestChat.settings
