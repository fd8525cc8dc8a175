"""Where a program is in what happens: so that it can go on there later, and nothing comes twice."""

from typing import NamedTuple, Self

import msgspec

from tcpchat.model import names
from tcpchat.model.events import LOGGED, Event, Joined, Kicked, Left, Moved, Renamed, Skipped
from tcpchat.model.records import log_of
from tcpchat.model.replies import Welcome


class Seat(NamedTuple):
    """The server's word that one is in a room, whose latest entry was `number` then.

    `back`: one was there before, and what was missed since follows.
    """

    room: str
    number: int
    key: str = ""
    back: bool = False


class Room(msgspec.Struct, array_like=True):
    """A room one is in: its latest entry that is known of, None before any is; and the key, if it asked for one."""

    name: str
    number: int | None = None
    key: str = ""


class Place(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Which log it is, how far one has come in each room, and in what was said to oneself alone (`latest`, an id)."""

    nick: str
    log: str = ""
    token: str = ""
    latest: str = ""
    rooms: dict[str, Room] = {}

    @classmethod
    def read(cls, text: str) -> Self:
        """:raises ValueError: if that was not written by `write`."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise ValueError(f"That is no cursor: {error}") from None

    def write(self) -> str:
        """As JSON."""
        return msgspec.json.encode(self).decode()

    def missing(self, event: Event) -> Skipped | None:
        """What should have come before the event: the numbers of a room have no gaps."""
        room = self._room_of(event)
        if room is None or room.number is None or event.number <= room.number + 1:
            return None
        return Skipped(target=room.name, first=room.number + 1, last=event.number - 1)

    def note(self, what: Event | Welcome | Seat) -> bool:
        """Go on behind this. False: it was there before."""
        match what:
            case Welcome():
                self._enter(what)
            case Seat():
                self._sit_down(what)
            case _:
                if not self._is_new(what):
                    return False
                if not what.replayed:
                    self._follow(what)
        return True

    def _enter(self, welcome: Welcome) -> None:
        """Another log counts anew, and one that lost its end goes on from there."""
        if self.log and self.log != welcome.log:
            self.latest = f"{welcome.log}-0"
            for room in self.rooms.values():
                room.number = None if room.number is None else 0
        elif not self.latest or _place(self.latest) > _place(welcome.latest):
            self.latest = welcome.latest
        self.log, self.token, self.nick = welcome.log, welcome.token, welcome.nick

    def _sit_down(self, seat: Seat) -> None:
        room = self.rooms.setdefault(names.fold(seat.room), Room(seat.room))
        room.key = seat.key or room.key
        if room.number is None or (seat.number < room.number if seat.back else seat.number > room.number):
            room.number = seat.number

    def _is_new(self, event: Event) -> bool:
        """Whether it was not seen before; then it is now."""
        if (room := self._room_of(event)) is not None:
            number = event.last if isinstance(event, Skipped) else event.number
            if number <= (room.number or 0):
                return False
            room.number = number
        elif isinstance(event, LOGGED) and event.number and not names.is_room(log_of(event).lstrip("@+")):
            if _place(event.id) <= _place(self.latest):
                return False
            self.latest = event.id
        return True

    def _room_of(self, event: Event) -> Room | None:
        """The room in whose log the event has a number."""
        match event:
            case Skipped(target=name) | Moved(was=name):
                return self.rooms.get(names.fold(name))
            case _ if isinstance(event, LOGGED) and event.number:
                return self.rooms.get(log_of(event))
        return None

    def _follow(self, event: Event) -> None:
        """Where one is, and what one is called, after the event."""
        match event:
            case Moved(was=was, room=name):
                if (room := self.rooms.pop(names.fold(was), None)) is not None:
                    room.name = name
                    self.rooms[names.fold(name)] = room
            case Joined(room=name, by=self.nick):
                self.rooms.setdefault(names.fold(name), Room(name))
            case Left(room=name, by=self.nick) | Kicked(room=name, nick=self.nick):
                self.rooms.pop(names.fold(name), None)
            case Renamed(by=self.nick, to=to):
                self.nick = to


def _place(id: str) -> int:
    """Where the entry with this id is in the order of everything."""
    return int(id.rpartition("-")[2] or 0)
