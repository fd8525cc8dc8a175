"""Somebody who is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tcpchat.model import names, records

if TYPE_CHECKING:
    from tcpchat.chat.room import Room
    from tcpchat.model.events import Event

_Event = TypeVar("_Event", bound="Event")

MOST_WRITERS_KNOWN = 100
"""How many of those who wrote to somebody are remembered, so that an answer is no word to a stranger."""

NONE: frozenset[str] = frozenset()
"""One for all: an empty set takes 200 bytes."""

MOST_NICKS_KNOWN = 20
"""How many of somebody's nicks are remembered, as long as they are here."""


class Encoding(Protocol):
    """How a listener wants events written. Listeners with the same wants share one encoding object."""

    own: frozenset[type[Event]]
    """The kinds of their own events that listeners are told of."""

    def write(self, event: Event) -> bytes:
        """The event as bytes; empty if listeners of this encoding are not to see it."""


class Listener(Protocol):
    """A connection, as the chat sees it."""

    session: str
    host: str
    """What others see instead of the address."""
    person: str
    """Who sits there, for as long as they are not logged in: the same over lost links (see `Enter.resume`)."""
    account: str
    """The account they are logged in to; empty if none."""
    user: User | None

    @property
    def encoding(self) -> Encoding: ...

    @property
    def address(self) -> str:
        """Where they come from: an IP address, which nobody but themselves and some operators may know."""

    @property
    def encrypted(self) -> bool:
        """Whether they came by TLS."""

    @property
    def secure(self) -> bool:
        """Whether nobody between can read what passes, such as a password."""

    @property
    def certificate(self) -> str:
        """The SHA-256 fingerprint of the certificate they proved to have, in hexadecimal; empty if none."""

    @property
    def administrator(self) -> bool:
        """Whether they came in through the administrators' socket."""

    @property
    def pinged(self) -> bool:
        """Whether they were asked if they are there, and have not answered yet."""

    def put(self, chunk: bytes) -> bool:
        """Take a chunk to send. Never waits; False if there is no room for it."""

    def miss(self, events: list[Event]) -> None:
        """Told after a refused `put` what was in the chunk. The listener catches up by itself."""

    def close(self, reason: str) -> None:
        """End the connection, saying why."""


class User:
    """A nick, whose it is, what they are, and where they sit."""

    __slots__ = (
        "account", "accounts", "away", "came_from", "heard", "listener", "markers", "modes", "name", "nick", "nicks",
        "office", "origin", "rights", "rooms", "since", "watching", "writers",
    )  # fmt: skip

    def __init__(self, nick: str, listener: Listener, origin: str, name: str, since: int, place: int) -> None:
        """`since`: milliseconds since 1970; `place`: that of the log's latest entry then (see `place_of`)."""
        self.nick = nick
        self.listener = listener
        self.origin = origin
        self.came_from = origin
        """Their ``user@host`` when they came, whatever an operator of the server has made of it."""
        self.name = name
        self.account = listener.account
        self.accounts = NONE
        """All that they were logged in to since they came, folded: who is banned by one stays so with another."""
        self.since = since
        self.heard = since
        self.rooms: dict[str, Room] = {}
        self.away = ""
        self.modes = ""
        """Letters of `modes.OWN`."""
        self.office = ""
        """By which name the configuration knows them, if they are one of the server's operators."""
        self.rights = NONE
        """What they may do then: some of `config.RIGHTS`."""
        self.nicks: list[tuple[str, int]] = [(names.fold(nick), place)]
        """The nicks they had here, each with the place of the log's latest entry when they took it."""
        self.watching: dict[str, str] = {}
        """Whom they watch: nicks by their folded form."""
        self.writers: dict[str, None] = {}
        """Who wrote to them (see `records.party`)."""
        self.markers: dict[str, int] = {}
        """Up to when they read, if they have no account to remember it."""

    @property
    def party(self) -> str:
        """Who they are in conversations (see `records.party`)."""
        return records.party(self.account, self.listener.person)

    @property
    def remembered_as(self) -> str:
        """What is remembered of them when they are gone is remembered by this: their account, or their nick."""
        return names.fold(self.account or self.nick)

    @property
    def operator(self) -> bool:
        """Whether they are one of the server's operators."""
        return "o" in self.modes

    @property
    def bot(self) -> bool:
        """Whether they are a program."""
        return "B" in self.modes

    @property
    def invisible(self) -> bool:
        """Whether they are shown only to those who share a room, or know the nick."""
        return "i" in self.modes

    def signs(self, kind: type[_Event], /, **fields: Any) -> _Event:
        """An event of their doing."""
        return kind(
            by=self.nick,  # type: ignore[call-arg]
            origin=self.origin,
            account=self.account,
            bot="B" in self.modes,
            **fields,
        )

    def wrote(self, event: Any) -> bool:
        """Whether a stored event is of their doing: that of their account, or of a nick while they had it."""
        if event.account:
            return names.fold(event.account) == names.fold(self.account)
        place = place_of(event.id)
        then = next((nick for nick, since in reversed(self.nicks) if since < place), "")
        return then == names.fold(event.by)

    def hears_from(self, party: str) -> None:
        """Somebody wrote to them."""
        self.writers[party] = None
        if len(self.writers) > MOST_WRITERS_KNOWN:
            del self.writers[next(iter(self.writers))]

    def call(self, nick: str, place: int) -> None:
        """Have another nick; `place` is that of the log's latest entry."""
        self.nick = nick
        self.nicks = [*self.nicks[1 - MOST_NICKS_KNOWN :], (names.fold(nick), place)]


def place_of(id: str) -> int:
    """Where the entry with this id is in the order of everything; 0, before the first, for none."""
    return int(id.rpartition("-")[2] or 0)
