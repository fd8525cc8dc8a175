"""Everything that is true now. Effects change it, rules look at it."""

import hmac
from collections import deque
from collections.abc import Iterable, Iterator
from random import randrange

from tcpchat.chat import modes
from tcpchat.chat.access import Access
from tcpchat.chat.bans import Bans
from tcpchat.chat.leavings import Leavings
from tcpchat.chat.registered import Registration
from tcpchat.chat.registry import Registry
from tcpchat.chat.room import Room
from tcpchat.chat.rooms import Rooms
from tcpchat.chat.user import Listener, User
from tcpchat.config import Config
from tcpchat.model import names
from tcpchat.model.replies import Refused, Was


class State:
    """People by folded nick, rooms by folded name, connections by session."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.log = ""
        """Which log the numbers of rooms are those of."""
        self.last_id = ""
        """The id of the log's latest entry."""
        self.secret = b""
        """What only this server knows, and does not forget: for tokens and salts nobody can make up."""
        self.since = 0
        """When the server started, in milliseconds since 1970."""
        self.users: dict[str, User] = {}
        self._alike: dict[str, User] = {}
        """The same people, by how else their nicks may be read (`names.keys`)."""
        self.sessions: dict[str, User] = {}
        """The same people, by the names of their connections."""
        self.most_users = 0
        self.operators: dict[User, None] = {}
        self.invisible = 0
        """How many of the people are."""
        self.accounts: dict[str, dict[User, None]] = {}
        """Who is logged in, by folded account."""
        self.registry = Registry()
        """Which names belong to accounts."""
        self.watchers: dict[str, dict[User, None]] = {}
        """Who wants to know when somebody comes and goes, by their folded nick."""
        self.was: deque[Was] = deque(maxlen=config.limits.whowas)
        """Those who left or have another nick now, the latest last."""
        lobby = Room(names.LOBBY)
        lobby.found(0, modes.OF_THE_LOBBY)
        self.rooms = Rooms()
        self.rooms[names.LOBBY] = lobby
        self.dormant: dict[str, None] = {}
        """Rooms that nobody is in and that have a topic, the longest empty first. They take no space from others."""
        self.registered: dict[str, Registration] = {}
        """The rooms that belong to an account, by their folded names."""
        self.idle: dict[str, None] = {}
        """Of these, where nobody is in."""
        self.access: dict[str, Access] = {}
        """Who may read what was said in rooms that were closed once, by their folded names; the latest changed last."""
        self.slow = False
        """Whether a room was slow, ever."""
        self.bans = Bans()
        self.leavings = Leavings()
        self.listeners: dict[str, Listener] = {}
        self.persons: dict[str, Listener] = {}
        """Connections by who sits there."""

    def begin(self, time: int) -> None:
        """The server starts, at this time (milliseconds since 1970). What was fed until now is from before."""
        self.since = self.rooms[names.LOBBY].created = time
        for room in self.rooms.values():
            room.number = 0  # its topic's, but perhaps something was said after it

    def user(self, nick: str) -> User | None:
        """Who has this nick now."""
        return self.users.get(names.fold(nick))

    def alike(self, nick: str) -> User | None:
        """Who has this nick now, or one that looks like it."""
        for key in names.keys(nick):
            user = self.users.get(key) or self._alike.get(key)
            if user is not None:
                return user
        return None

    def admit(self, user: User) -> None:
        """Somebody has a nick from now on."""
        folded = names.fold(user.nick)
        self.users[folded] = user
        for key in names.keys(user.nick):
            if key != folded:
                self._alike[key] = user

    def dismiss(self, nick: str) -> User | None:
        """Who has this nick has it no more."""
        user = self.users.pop(names.fold(nick), None)
        for key in names.keys(nick) if user is not None else ():
            self._alike.pop(key, None)
        return user

    def unname(self, user: User) -> None:
        """Somebody has no nick any more, whatever it was."""
        for known in (self.users, self._alike):
            for key in [key for key, one in known.items() if one is user]:
                del known[key]

    def at(self, session: str) -> User | None:
        """Who is at a connection, or was until it was lost, and is not gone yet."""
        return self.sessions.get(session)

    def room(self, name: str) -> Room | None:
        """The room of this name, if it is open or has a topic."""
        return self.rooms.get(names.fold(name))

    @property
    def open_rooms(self) -> int:
        """How many rooms somebody is in."""
        return len(self.rooms) - len(self.dormant) - len(self.idle) - (not self.rooms[names.LOBBY].members)

    def logged_in(self, account: str) -> Iterable[User]:
        """Those who are logged in to an account."""
        return self.accounts.get(names.fold(account), ())

    def opened(self, name: str) -> Room:
        """The room of this name, made if there is none."""
        folded = names.fold(name)
        if folded not in self.rooms:
            self.rooms[folded] = Room(name)
        return self.rooms[folded]

    def tidy(self, folded: str) -> None:
        """Forget a room that nobody is in and nothing is known of, or the oldest of too many that are empty."""
        room = self.rooms[folded]
        self.dormant.pop(folded, None)
        self.idle.pop(folded, None)
        if room.members or folded == names.LOBBY:
            return
        if room.founder:
            self.idle[folded] = None
            return
        if room.topic is None:
            del self.rooms[folded]
            return
        self.dormant[folded] = None
        if len(self.dormant) > self.config.limits.rooms:
            oldest = next(iter(self.dormant))
            del self.dormant[oldest], self.rooms[oldest]

    def token(self, person: str) -> str:
        """What lets a later connection be that of the same person. Nobody else can make it up."""
        return f"{person}.{hmac.digest(self.secret, person.encode(), 'sha256').hex()[:32]}"

    def person(self, token: str) -> str:
        """Whose token it is; empty if nobody's."""
        person, _, _ = token.partition(".")
        return person if hmac.compare_digest(token.encode(), self.token(person).encode()) else ""

    def free_nick(self, wanted: str) -> str:
        """A nick like the wanted one that can be had."""
        stem = wanted[: names.NICK_MOST_CHARACTERS - 6]
        while len(f"{stem}999999".encode()) > names.MOST_BYTES:
            stem = stem[:-1]
        numbered = _numbered(stem if _is_nick(f"{stem}2") else "guest")
        return next(nick for nick in numbered if self.alike(nick) is None and not self.registry.owner(nick))


def _numbered(stem: str) -> Iterator[str]:
    """The stem with small numbers; then with any: whoever takes many names makes nobody look through all of them."""
    yield from (f"{stem}{number}" for number in range(2, 20))
    while True:
        yield f"{stem}{randrange(20, 1_000_000)}"


def _is_nick(name: str) -> bool:
    try:
        names.nick(name)
    except Refused:
        return False
    return True
