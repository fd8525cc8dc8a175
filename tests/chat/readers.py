"""Who may read what, told a second time and as simply as can be: from what is promised, not from how it is done."""

from msgspec import Struct

from tcpchat.model import events
from tcpchat.model.commands import ModeChange
from tcpchat.model.events import Event
from tests.chat.ears import Ear

LOBBY = "#lobby"


class Entry(Struct):
    number: int
    id: str
    time: int
    said: bool
    text: str


class Room:
    """A name, what was said there, and who was there when it was closed."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.members: dict[Ear, int] = {}
        """With the number of the first entry that each may read."""
        self.operators: set[Ear] = set()
        self.modes: set[str] = set()
        self.bans: set[str] = set()
        self.topic: Entry | None = None
        self.founder = ""
        """The account to which it is registered: then what holds in it goes on to hold when nobody is there."""
        self.floor = 0
        self.readers: dict[str, int] = {}

    @property
    def closed(self) -> bool:
        return bool(self.modes & {"i", "k"})

    def banned(self) -> set[Ear]:
        return {ear for ear in self.members if ear.user is not None and f"{ear.user.nick}!*@*" in self.bans}

    def forget(self, ears: set[Ear]) -> None:
        """These are readers no more, unless they are there a second time."""
        stay = {party for ear in self.members if ear not in ears for party in known_as(ear)}
        for party in {party for ear in ears for party in known_as(ear)} - stay:
            self.readers.pop(party, None)


class Readers:
    """Told of all that happens, before the chat is."""

    def __init__(self, *, from_joining: bool) -> None:
        self.from_joining = from_joining
        self.rooms: dict[str, Room] = {}
        self.talks: dict[str, list[Entry]] = {}
        self.sessions: dict[str, Ear] = {}
        self.people: dict[str, Ear] = {}
        self.hearers: dict[str, set[Ear]] = {}
        """Who may hear each secret at the moment in which it is told."""
        self.secrets: dict[str, Entry] = {}

    def first(self, ear: Ear, room: str) -> int | None:
        """The number of the first entry of a room that somebody may read; None: nothing."""
        return self.rooms[room].members.get(ear) if room in self.rooms else None

    def talk(self, one: str, other: str) -> list[Entry]:
        return self.talks.get("@" + ",".join(sorted((one, other))), [])

    def talks_of(self, ear: Ear) -> list[list[Entry]]:
        return [entries for name, entries in self.talks.items() if party(ear) in name[1:].split(",")]

    def may_know_topic(self, ear: Ear, room: Room) -> bool:
        """Everybody may, but of one that was set while the room was closed, when all who were in it have gone."""
        topic = room.topic
        if topic is None or (topic.number > room.floor and (room.members or room.founder or not room.closed)):
            return True
        first = room.members[ear] if ear in room.members else room.readers.get(party(ear), 1 << 62)
        return topic.number >= first

    def apply(self, event: Event) -> None:
        by = self.people.get(getattr(event, "by", ""))
        match event:
            case events.Arrived(by=nick, session=session):
                self.people[nick] = self.sessions[session]
            case events.LoggedIn(session=session, account=account):
                self.log_in(self.sessions[session], account)
            case events.Joined(room=name) if by is not None:
                self.join(self.rooms.setdefault(name.casefold(), Room()), by, lobby=name.casefold() == LOBBY)
            case events.Left(room=name) if by is not None:
                self.leave(self.rooms[name.casefold()], by)
            case events.Gone(by=nick) if by is not None:
                del self.people[nick]
                for room in self.rooms.values():
                    room.members.pop(by, None)
                    room.operators.discard(by)
            case events.RoomKept(room=name, founder=founder):
                self.rooms[name.casefold()].founder = founder
            case events.RoomDropped(room=name):
                self.rooms[name.casefold()].founder = ""
            case _ if event.number:
                self.note(event, by)

    def note(self, event: Event, by: Ear | None) -> None:
        """An entry of a log."""
        if isinstance(event, events.RoomRenamed):
            self.rooms[event.to.casefold()] = self.rooms.pop(event.room.casefold())
        name = getattr(event, "to" if isinstance(event, events.RoomRenamed) else "room", "").casefold()
        talk, status = getattr(event, "talk", ""), getattr(event, "status", "")
        room = None if talk else self.rooms[name]
        entries = room.entries if room is not None else self.talks.setdefault(talk, [])
        secret = getattr(event, "text", "") or getattr(event, "topic", "")
        said = isinstance(event, events.Said | events.Told)
        entry = Entry(event.number, event.id, event.time, said, secret)
        if secret:
            self.secrets[secret] = entry
            hearers = room.operators if status else room.members if room is not None else self.addressed(event)
            self.hearers[secret] = {*hearers} | ({by} if by is not None else set())
        if not status:
            assert event.number == len(entries) + 1
            entries.append(entry)
        match event:
            case events.Kicked(session=session) if room is not None:
                self.leave(room, self.sessions[session])
            case events.ModesSet(changes=changes) if room is not None:
                self.set_modes(room, changes)
                for change in changes:
                    if change.mode == "o" and change.sign == "+":
                        room.operators.add(self.sessions[(event.sessions or {})[change.value]])
            case events.TopicSet() if room is not None:
                room.topic = entry if secret else None
            case events.Redacted(of=of):
                for one in entries:
                    if one.id == of:
                        one.text, one.said = "", False

    def addressed(self, event: Event) -> set[Ear]:
        """Whom it was said to: who has the nick, if that is still the one who was meant."""
        to = self.people.get(getattr(event, "to", ""))
        return {to} if to is not None and set(known_as(to)) & set(getattr(event, "talk", "")[1:].split(",")) else set()

    def join(self, room: Room, ear: Ear, *, lobby: bool) -> None:
        if not room.members and not lobby and not room.founder:
            if room.closed:
                room.floor = len(room.entries)
            room.modes, room.bans, room.operators = set(), set(), {ear}
        if self.from_joining:
            first = room.readers.setdefault(party(ear), len(room.entries) + 1)
        else:
            first = min(room.readers.get(party(ear), room.floor + 1), room.floor + 1)
            if room.closed:
                room.readers[party(ear)] = first
        room.members[ear] = first

    def leave(self, room: Room, ear: Ear) -> None:
        room.forget({ear})
        room.members.pop(ear, None)
        room.operators.discard(ear)

    def set_modes(self, room: Room, changes: list[ModeChange]) -> None:
        banned, closed = room.banned(), room.closed
        for change in changes:
            if change.mode == "o":
                continue
            kept, value = (room.bans, change.value) if change.mode == "b" else (room.modes, change.mode)
            (kept.add if change.sign == "+" else kept.discard)(value)
        if room.closed and not closed:
            for ear in room.members.keys() - room.banned():
                room.readers[party(ear)] = min(room.members[ear], room.readers.get(party(ear), room.members[ear]))
        if newly := room.banned() - banned:
            room.forget(newly)

    def log_in(self, ear: Ear, account: str) -> None:
        before, now = party(ear), f"={account}"
        for room in self.rooms.values():
            if ear in room.members and before in room.readers and before != now:
                room.readers[now] = min(room.readers[before], room.readers.get(now, room.readers[before]))
                if before not in {party(one) for one in room.members if one is not ear}:
                    del room.readers[before]

    def restart(self) -> None:
        """All are gone, and the modes; what is known of closed rooms is not."""
        self.people.clear()
        for room in self.rooms.values():
            room.members.clear()
            room.operators.clear()


def party(ear: Ear) -> str:
    return f"={ear.account}" if ear.account else f"~{ear.person}"


def known_as(ear: Ear) -> tuple[str, str]:
    return party(ear), f"~{ear.person}"
