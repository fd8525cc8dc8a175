"""Whatever people do: nobody is told, by any path, what they may not read; and they are told what they may.

Each text is said once, so that one that is told to the wrong person is recognised.
"""

import json
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tcpchat.chat.hub import Hub
from tcpchat.config import Config
from tcpchat.model import commands, events, replies
from tcpchat.model.commands import Command, ModeChange, Point
from tcpchat.model.replies import Refused
from tests.chat.ears import Ear, Ledger
from tests.chat.readers import LOBBY, Entry, Readers, Room, party

STEPS = 50
OPERATIONS, OPERATIONS_IF_LONG = 10_000, 100_000

NICKS = st.sampled_from(["ann", "bob", "carl", "dora"])
ROOMS = st.sampled_from(["#tea", "#Tea", "#tea", "##tea", LOBBY])
OWN_ROOMS = st.one_of(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), ROOMS)
"""Mostly one that somebody is in."""

PASSWORD = "correct-horse-battery"

NEW_NAMES = st.sampled_from(["#tea", "#TEA", "##tea", "#milk"])
WHO = st.integers(0, 5)
KEYS = st.sampled_from(["", "key"])
LIMITS = st.sampled_from([1, 2, 3, 500])
PLACE = st.one_of(st.none(), st.integers(-1, 20), st.tuples(st.just("id"), st.integers(0, 30)), st.just("time"))
CLOSING = st.sampled_from([("+", "i", ""), ("+", "k", "key"), ("-", "i", ""), ("-", "k", ""), ("+", "i", "")])

Place = int | Point | None

operations = 0


class Crowd(RuleBasedStateMachine):
    """A few people, in a few rooms, who do all that lets others read, or keeps them from it."""

    @initialize(from_joining=st.booleans(), closed=st.booleans())
    def start(self, from_joining: bool, closed: bool) -> None:
        self.config = Config(history_from="joining" if from_joining else "beginning")
        self.ledger = Ledger(Hub(self.config))
        self.readers = Readers(from_joining=from_joining)
        self.ledger.told = self.readers.apply
        self.here: list[Ear] = []
        self.lost: list[Ear] = []
        self.ids: list[str] = []
        self.looked_at: dict[Ear, int] = {}
        self.count = 0
        for nick in ("ann", "bob", "carl"):  # each finds something that was said before
            self.comes(nick, joins=True)
            self.says(len(self.here) - 1, "#tea", "")
            if closed:
                self.do(self.here[0], commands.SetModes(room="#tea", changes=[ModeChange("+", "k", "key")]))
        if closed:
            for _ in range(3):
                self.loses_the_link(0)
            self.comes("dora", joins=True)

    def do(self, ear: Ear, command: Command) -> Any:
        """Nobody hears of it what they may not hear, nor twice, and all others do."""
        global operations
        operations += 1
        known = set(self.readers.secrets)
        reply = self.ledger.do(ear, command)
        self.readers.sessions |= {one.session: one for one in self.here}
        told = {secret: self.readers.hearers[secret] for secret in self.readers.secrets.keys() - known}
        for one in self.here:
            heard = self.heard(one)
            assert sorted(heard) == sorted(secret for secret, hearers in told.items() if one in hearers), (one, command)
        self.ids += [entry.id for secret, entry in self.readers.secrets.items() if secret in told]
        return reply

    def heard(self, ear: Ear) -> list[str]:
        chunks = ear.chunks[self.looked_at.get(ear, 0) :]
        self.looked_at[ear] = len(ear.chunks)
        heard = []
        for line in b"".join(chunks).splitlines():
            event = msgspec.json.decode(line, type=events.ANY)
            if isinstance(event, events.Moved):
                self.check_topic(ear, self.readers.rooms[event.room.casefold()], event.topic)
            elif secret := getattr(event, "text", "") or getattr(event, "topic", ""):
                heard.append(secret)
        return heard

    def secret(self) -> str:
        self.count += 1
        return f"tea s{self.count}"

    def who(self, which: int) -> Ear:
        return self.here[which % len(self.here)]

    def room(self, ear: Ear, drawn: int | str) -> str:
        """One of those somebody is in, if it is drawn so, and they are in any."""
        if isinstance(drawn, str):
            return drawn
        own = [name for name, room in self.readers.rooms.items() if ear in room.members]
        return own[drawn % len(own)] if own else "#tea"

    def operator(self, which: int) -> tuple[Ear, str]:
        found = [(ear, name) for name, room in self.readers.rooms.items() for ear in room.operators]
        return found[which % len(found)]

    def somebody_decides(self) -> bool:
        return any(room.operators for room in self.readers.rooms.values())

    # coming and going

    def comes(self, nick: str, resume: str = "", *, joins: bool = False) -> None:
        ear = Ear(self.ledger.hub, f"session {len(self.readers.sessions)}", "json")
        self.readers.sessions[ear.session] = ear
        self.here.append(ear)
        reply = self.do(ear, commands.Enter(nick=nick, resume=resume))
        for ghost in [one for one in self.here if one.closed]:  # even if the nick cannot be had
            assert resume == ghost.token
            self.here.remove(ghost)
            self.lost.append(ghost)
        if isinstance(reply, Refused):
            self.ledger.hub.detach(ear)
            self.here.remove(ear)
        elif joins:
            self.do(ear, commands.Join(room="#tea", key="key"))

    @rule(nick=NICKS, joins=st.booleans())
    @precondition(lambda self: len(self.here) < 5)
    def somebody_comes(self, nick: str, joins: bool) -> None:
        self.comes(nick, joins=joins)

    @rule(nick=NICKS, which=WHO, joins=st.booleans())
    @precondition(lambda self: self.lost)
    def somebody_comes_back(self, nick: str, which: int, joins: bool) -> None:
        self.comes(nick, self.lost[-1 - which % len(self.lost)].token, joins=joins)

    @rule(nick=NICKS, which=WHO)
    @precondition(lambda self: self.here)
    def somebody_comes_back_before_they_are_gone(self, nick: str, which: int) -> None:
        self.comes(nick, self.who(which).token)

    @rule(which=WHO)
    @precondition(lambda self: self.here)
    def loses_the_link(self, which: int) -> None:
        ear = self.who(which)
        self.here.remove(ear)
        self.lost.append(ear)
        self.ledger.hub.detach(ear)
        self.ledger.record(self.ledger.hub.farewell(ear, "connection lost"))
        self.ledger.commit()

    @rule(joins=st.booleans())
    @precondition(lambda self: len(self.readers.secrets) > 2 and self.count % 3 == 0)
    def the_server_is_started_again(self, joins: bool) -> None:
        self.lost += self.here
        self.here.clear()
        self.readers.restart()
        self.ledger.restart(Hub(self.config))
        for ear in self.lost:
            ear.hub = self.ledger.hub
        self.comes("ann", self.lost[-1].token, joins=joins)
        self.comes("bob", joins=joins)

    @rule(which=WHO, account=st.sampled_from(["ned", "nora"]))
    @precondition(lambda self: self.here)
    def logs_in(self, which: int, account: str) -> None:
        ear = self.who(which)
        self.do(ear, commands.Register(account=account, password=PASSWORD))
        self.do(ear, commands.LogIn(account=account, password=PASSWORD))

    @rule(which=WHO, room=ROOMS, key=KEYS)
    @precondition(lambda self: self.here)
    def joins(self, which: int, room: str, key: str) -> None:
        ear = self.who(which)
        reply = self.do(ear, commands.Join(room=room, key=key))
        if isinstance(reply, replies.Seated):
            self.check_topic(ear, self.readers.rooms[reply.room.casefold()], reply.topic)

    joins_too = joins

    @rule(which=WHO, room=ROOMS)
    @precondition(lambda self: self.here)
    def parts(self, which: int, room: str) -> None:
        self.do(self.who(which), commands.Part(room=room))

    # deciding

    @rule(which=WHO, change=CLOSING)
    @precondition(somebody_decides)
    def closes_or_opens(self, which: int, change: tuple[str, str, str]) -> None:
        ear, room = self.operator(which)
        self.do(ear, commands.SetModes(room=room, changes=[ModeChange(*change)]))

    closes_or_opens_too = closes_or_opens

    @rule(which=WHO, nick=NICKS, sign=st.sampled_from("++-"), closing=st.booleans())
    @precondition(somebody_decides)
    def bans(self, which: int, nick: str, sign: str, closing: bool) -> None:
        ear, room = self.operator(which)
        changes = [ModeChange(sign, "b", f"{nick}!*@*"), *([ModeChange("+", "i")] if closing else [])]
        self.do(ear, commands.SetModes(room=room, changes=changes))

    @rule(which=WHO, nick=NICKS)
    @precondition(somebody_decides)
    def kicks(self, which: int, nick: str) -> None:
        ear, room = self.operator(which)
        self.do(ear, commands.Kick(room=room, nick=nick))

    @rule(which=WHO, nick=NICKS)
    @precondition(somebody_decides)
    def invites(self, which: int, nick: str) -> None:
        ear, room = self.operator(which)
        if not isinstance(self.do(ear, commands.Invite(room=room, nick=nick)), Refused):
            self.do(self.readers.people[nick], commands.Join(room=room, key="key"))

    @rule(which=WHO, to=NEW_NAMES)
    @precondition(somebody_decides)
    def renames(self, which: int, to: str) -> None:
        ear, room = self.operator(which)
        self.do(ear, commands.RenameRoom(room=room, to=to))

    @rule(which=WHO)
    @precondition(somebody_decides)
    def sets_the_topic(self, which: int) -> None:
        ear, room = self.operator(which)
        self.do(ear, commands.SetTopic(room=room, topic=self.secret()))

    @rule(which=WHO, drops=st.sampled_from([False, False, True]))
    @precondition(somebody_decides)
    def registers_or_drops(self, which: int, drops: bool) -> None:
        """The room is theirs when all have left it, and is not opened anew."""
        ear, room = self.operator(which)
        if not ear.account:
            self.do(ear, commands.Register(account="ned", password=PASSWORD))
            self.do(ear, commands.LogIn(account="ned", password=PASSWORD))
        self.do(ear, commands.DropRoom(room=room) if drops else commands.RegisterRoom(room=room))

        if not drops:
            self.do(ear, commands.SetModes(room=room, changes=[ModeChange("+", "i")]))

    registers_or_drops_too = registers_or_drops

    @rule(which=WHO)
    @precondition(lambda self: self.here and any(room.founder for room in self.readers.rooms.values()))
    def owner_comes(self, which: int) -> None:
        """To a room that is theirs, and that perhaps all have left."""
        name, founder = next((name, room.founder) for name, room in self.readers.rooms.items() if room.founder)
        ear = self.who(which)
        self.do(ear, commands.LogIn(account=founder, password=PASSWORD))
        self.do(ear, commands.Join(room=name))

    @rule()
    @precondition(lambda self: any(room.founder and room.members for room in self.readers.rooms.values()))
    def all_leave(self) -> None:
        """A room that stays."""
        name, room = next((name, room) for name, room in self.readers.rooms.items() if room.founder and room.members)
        for ear in list(room.members):
            self.do(ear, commands.Part(room=name))

    # saying

    @rule(which=WHO, room=OWN_ROOMS, status=st.sampled_from(["", "", "", "@"]))
    @precondition(lambda self: self.here)
    def says(self, which: int, room: int | str, status: str) -> None:
        ear = self.who(which)
        self.do(ear, commands.Say(room=self.room(ear, room), text=self.secret(), status=status))

    says_too = says
    says_more = says

    @rule(which=WHO, nick=NICKS)
    @precondition(lambda self: self.here)
    def tells(self, which: int, nick: str) -> None:
        self.do(self.who(which), commands.Tell(to=nick, text=self.secret()))

    @rule(which=WHO, where=st.one_of(OWN_ROOMS, NICKS), of=st.integers(0, 30))
    @precondition(lambda self: self.here and self.ids)
    def takes_back(self, which: int, where: int | str, of: int) -> None:
        ear, id = self.who(which), self.ids[-1 - of % len(self.ids)]
        target = self.room(ear, where)
        allowed = self.may_find(ear, target, id)
        reply = self.do(ear, commands.Redact(target=target, of=id))
        if not allowed and not any(entry.id == id for entry in self.said_to_statuses()):
            assert isinstance(reply, Refused)
            other = self.do(ear, commands.Redact(target=target, of="nowhere-0"))
            assert alike(reply, id) == alike(other, "nowhere-0")

    # reading

    @rule(which=WHO, room=OWN_ROOMS, limit=LIMITS, places=st.tuples(PLACE, PLACE, PLACE), said=st.booleans())
    @precondition(lambda self: self.here)
    def reads(self, which: int, room: int | str, limit: int, places: tuple[Any, Any, Any], said: bool) -> None:
        self.check_history(self.who(which), self.room(self.who(which), room), limit, places, said)

    reads_more = reads

    @rule(which=WHO, nick=NICKS, limit=LIMITS, places=st.tuples(PLACE, PLACE, PLACE))
    @precondition(lambda self: self.here)
    def reads_what_passed_between(self, which: int, nick: str, limit: int, places: tuple[Any, Any, Any]) -> None:
        self.check_history(self.who(which), nick, limit, places, said=False)

    @rule(which=WHO, where=st.one_of(st.just(""), OWN_ROOMS, NICKS), one=st.integers(0, 40))
    @precondition(lambda self: self.here)
    def searches(self, which: int, where: int | str, one: int) -> None:
        ear = self.who(which)
        where = self.room(ear, where)
        words = "tea" if one > self.count else f"s{one}"
        reply = self.do(ear, commands.Search(words=words, target=where, limit=500))
        readable = self.readable(ear, where) if where else self.all_readable(ear)
        if readable is None:
            assert isinstance(reply, Refused)
            assert reply.code == "not_in_room"
            return
        wanted = [entry.text for entry in readable if entry.said and words in entry.text.split()]
        assert sorted(event.text for event in reply.events) == sorted(wanted)

    @rule(which=WHO, limit=LIMITS)
    @precondition(lambda self: self.here)
    def lists_talks(self, which: int, limit: int) -> None:
        ear = self.who(which)
        reply = self.do(ear, commands.ListTalks(after=0, before=1 << 40, limit=limit))
        logs = [(room.entries, room.members[ear]) for room in self.readers.rooms.values() if ear in room.members]
        logs += [(entries, 1) for entries in self.readers.talks_of(ear)]
        last = [[*([entry for entry in entries if entry.said] or [None])[-1:], first] for entries, first in logs]
        times = sorted(entry.time for entry, first in last if entry is not None and entry.number >= first)
        assert [talk.time for talk in reply.talks] == times[:limit]

    @rule(which=WHO, room=ROOMS)
    @precondition(lambda self: self.here)
    def asks_for_topics(self, which: int, room: str) -> None:
        ear = self.who(which)
        reply = self.do(ear, commands.ShowTopic(room=room))
        if not isinstance(reply, Refused):
            self.check_topic(ear, self.readers.rooms.get(room.casefold(), Room()), reply.topic)
        for info in self.do(ear, commands.ListRooms()).rooms:
            self.check_topic(ear, self.readers.rooms.get(info.room.casefold(), Room()), info.topic)

    # what is right

    def check_topic(self, ear: Ear, room: Room, shown: str) -> None:
        wanted = room.topic.text if room.topic is not None and self.readers.may_know_topic(ear, room) else ""
        assert shown == wanted

    def readable(self, ear: Ear, target: str) -> list[Entry] | None:
        if target.startswith("#"):
            first = self.readers.first(ear, target.casefold())
            entries = self.readers.rooms[target.casefold()].entries if first is not None else []
            return None if first is None else [entry for entry in entries if entry.number >= first]
        other = self.readers.people.get(target)
        return self.readers.talk(party(ear), party(other) if other is not None else f"={target}")

    def all_readable(self, ear: Ear) -> list[Entry]:
        rooms = (self.readable(ear, name) or [] for name in self.readers.rooms)
        return [entry for entries in (*rooms, *self.readers.talks_of(ear)) for entry in entries]

    def may_find(self, ear: Ear, target: str, id: str) -> bool:
        return any(entry.id == id for entry in self.readable(ear, target) or [])

    def said_to_statuses(self) -> list[Entry]:
        logs = [room.entries for room in self.readers.rooms.values()] + list(self.readers.talks.values())
        there = {entry.id for entries in logs for entry in entries}
        return [entry for entry in self.readers.secrets.values() if entry.id not in there]

    def place(self, drawn: Any) -> Place:
        if isinstance(drawn, tuple):
            return Point(id=self.ids[-1 - drawn[1] % len(self.ids)]) if self.ids else Point(id="nowhere-0")
        return Point(time=self.count * 3) if drawn == "time" else drawn  # type: ignore[no-any-return]

    def check_history(self, ear: Ear, target: str, limit: int, places: tuple[Any, Any, Any], said: bool) -> None:
        after, before, around = map(self.place, places)
        if around is not None:
            after = before = None
        wish = commands.History(room=target, limit=limit, after=after, before=before, around=around, said=said)
        reply, readable = self.do(ear, wish), self.readable(ear, target)
        if readable is None:
            assert isinstance(reply, Refused)
            other = self.do(ear, commands.History(room="#nowhere", limit=limit))
            assert alike(reply, target) == alike(other, "#nowhere")
            return
        missing = [one.id for one in (after, before, around) if isinstance(one, Point) and one.id]
        missing = [id for id in missing if not self.may_find(ear, target, id)]
        if missing:
            assert isinstance(reply, Refused)
            nowhere = commands.History(room=target, limit=limit, around=Point(id="nowhere-0"))
            assert alike(reply, missing[0]) == alike(self.do(ear, nowhere), "nowhere-0")
            return
        wanted = page(readable, limit, after, before, around, said)
        got = [(event.number, getattr(event, "text", "") or getattr(event, "topic", "")) for event in reply.events]
        assert got == [(entry.number, entry.text) for entry in wanted]


def page(readable: list[Entry], limit: int, after: Place, before: Place, around: Place, said: bool) -> list[Entry]:
    """What is asked for, of what may be read."""
    low, high, middle = number(readable, after, last=True), number(readable, before), number(readable, around)
    found = [entry for entry in readable if entry.said or not said]
    if middle is not None:
        earlier = [entry for entry in found if entry.number < middle]
        later = [entry for entry in found if entry.number >= middle]
        return earlier[max(0, len(earlier) - limit // 2) :] + later[: limit - limit // 2]
    backwards = low is None
    if low is not None and high is not None and low > high:
        low, high, backwards = number(readable, before, last=True), number(readable, after), True
    found = [one for one in found if (low is None or one.number > low) and (high is None or one.number < high)]
    return found[-limit:] if backwards else found[:limit]


def number(readable: list[Entry], place: Place, *, last: bool = False) -> int | None:
    """Of a time that of the first entry from then on, or of the `last` until then."""
    if not isinstance(place, Point):
        return place
    if place.id:
        return next(entry.number for entry in readable if entry.id == place.id)
    if last:
        return max((entry.number for entry in readable if entry.time <= place.time), default=0)
    return min((entry.number for entry in readable if entry.time >= place.time), default=1 << 40)


def alike(refusal: object, named: str) -> tuple[object, ...]:
    """What is said to somebody who may not, without what they named themselves."""
    assert isinstance(refusal, Refused)
    about = tuple(one.replace(named, "…") for one in refusal.about)
    return refusal.code, refusal.text.replace(named, "…"), refusal.suggestion, about


@pytest.mark.threat(36)
def test_nobody_is_told_what_they_may_not_read(long: bool, seed: int) -> None:
    global operations
    operations, wanted = 0, OPERATIONS_IF_LONG if long else OPERATIONS
    rounds = 0
    chosen = settings(
        max_examples=wanted // STEPS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    while operations < wanted:
        run_state_machine_as_test(hypothesis.seed(seed + rounds)(Crowd), settings=chosen)
        rounds += 1
    print(json.dumps({"test": "visibility", "seed": seed, "operations": operations, "violations": 0}))
