"""What answers the one who asked: exactly one reply to every command, or a refusal."""

import msgspec

from tcpchat.model import events
from tcpchat.model.commands import tag_of


class Refused(Exception):
    """A wish that is not granted. `code` is for programs, `text` for people: what is wrong and what to do."""

    def __init__(self, code: str, text: str, *, suggestion: str = "", about: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.suggestion = suggestion
        self.about = about

    def __str__(self) -> str:
        return self.text


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="reply", tag=tag_of):
    """The base of all answers."""


class Done(Reply, frozen=True):
    """It is done; there is nothing more to say."""


class Welcome(Reply, frozen=True):
    """You are in.

    `token` lets a later connection take the nick over from this one. `log` says which log the server keeps: if it
    is another one than before, all numbers begin anew.
    """

    nick: str
    server: str
    version: str
    token: str = ""
    log: str = ""
    people: int = 0
    rooms: int = 0
    motd: str = ""


class Stored(Reply, frozen=True):
    """Your message is on disk, and this is its place. `time` is in milliseconds since 1970.

    `away` says why the one it is for may not read it soon; it is empty if they are here.
    """

    number: int
    id: str
    time: int
    away: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who is here. `away` is empty unless they are."""

    nick: str
    origin: str = ""
    name: str = ""
    away: str = ""


class Seated(Reply, frozen=True):
    """You are in the room, perhaps `already` before you asked.

    `number` is that of its latest entry when you took your seat: what came before can be read, what comes after
    it you are told. 0 if nothing was ever said there.
    """

    room: str
    people: list[str]
    topic: str = ""
    topic_by: str = ""
    topic_time: int = 0
    number: int = 0
    already: bool = False


class Topic(Reply, frozen=True):
    """A room's topic."""

    room: str
    topic: str = ""
    by: str = ""
    time: int = 0


class RoomInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A room in a list."""

    room: str
    people: int
    topic: str = ""


class Rooms(Reply, frozen=True):
    """The rooms there are."""

    rooms: list[RoomInfo]


class People(Reply, frozen=True):
    """Who is in a room, or on the server if `room` is empty."""

    room: str
    people: list[Person]


class WhoisReply(Reply, frozen=True, tag="whois"):
    """About one person: when they came, in seconds since 1970, and for how many seconds they said nothing."""

    person: Person
    rooms: list[str]
    since: int
    idle: int


class Page(Reply, frozen=True):
    """A piece of a room's log, oldest first. `more` says that there is more in the direction asked for."""

    room: str
    events: list[events.LOGGED]
    more: bool = False


class PongReply(Reply, frozen=True, tag="pong"):
    """The pong to a ping."""

    token: str = ""


ANY = Done | Welcome | Stored | Seated | Topic | Rooms | People | WhoisReply | Page | PongReply
