"""Somebody who is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tcpchat.chat.room import Room
    from tcpchat.model.events import Event


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
    user: User | None

    @property
    def encoding(self) -> Encoding: ...

    @property
    def token(self) -> str:
        """What lets a later connection take over from this one."""

    def put(self, chunk: bytes) -> bool:
        """Take a chunk to send. Never waits; False if there is no room for it."""

    def miss(self, events: list[Event]) -> None:
        """Told after a refused `put` what was in the chunk. The listener catches up by itself."""

    def close(self, reason: str) -> None:
        """End the connection, saying why."""


class User:
    """A nick, whose it is, and where it sits."""

    __slots__ = ("away", "heard", "listener", "name", "nick", "origin", "rooms", "since")

    def __init__(self, nick: str, listener: Listener, origin: str, name: str, since: int) -> None:
        self.nick = nick
        self.listener = listener
        self.origin = origin
        self.name = name
        self.since = since
        self.heard = since
        self.rooms: dict[str, Room] = {}
        self.away = ""
