"""Everything that is true now. Effects change it, rules look at it."""

from collections.abc import Iterator

from tcpchat.chat.room import Room
from tcpchat.chat.user import Listener, User
from tcpchat.config import Config
from tcpchat.model import names


class State:
    """People by folded nick, rooms by folded name, connections by session."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.log = ""
        """Which log the numbers of rooms are those of."""
        self.users: dict[str, User] = {}
        self.rooms: dict[str, Room] = {names.LOBBY: Room(names.LOBBY)}
        self.dormant: dict[str, None] = {}
        """Rooms that nobody is in and that have a topic, the longest empty first. They take no space from others."""
        self.listeners: dict[str, Listener] = {}
        self.tokens: dict[str, Listener] = {}

    def user(self, nick: str) -> User | None:
        """Who has this nick now."""
        return self.users.get(names.fold(nick))

    def room(self, name: str) -> Room | None:
        """The room of this name, if it is open or has a topic."""
        return self.rooms.get(names.fold(name))

    def opened(self, name: str) -> Room:
        """The room of this name, made if there is none."""
        return self.rooms.setdefault(names.fold(name), Room(name))

    def tidy(self, folded: str) -> None:
        """Forget a room that nobody is in and nothing is known of, or the oldest of too many that are empty."""
        room = self.rooms[folded]
        self.dormant.pop(folded, None)
        if room.members or folded == names.LOBBY:
            return
        if room.topic is None:
            del self.rooms[folded]
            return
        self.dormant[folded] = None
        if len(self.dormant) > self.config.limits.rooms:
            oldest = next(iter(self.dormant))
            del self.dormant[oldest], self.rooms[oldest]

    def free_nick(self, wanted: str) -> str:
        """A nick like the wanted one that nobody has."""
        stem = wanted[: names.NICK_MOST_CHARACTERS - 3]
        return next(nick for nick in _numbered(stem) if self.user(nick) is None)


def _numbered(stem: str) -> Iterator[str]:
    number = 2
    while True:
        yield f"{stem}{number}"
        number += 1
