"""Where people talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tcpchat.chat.user import User
    from tcpchat.model.events import TopicSet


class Room:
    """A name, what holds in it, and those who sit in it, in the order they came.

    To each member belongs the `number` the room had when they took their seat.
    """

    __slots__ = ("members", "name", "number", "topic")

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[User, int] = {}
        self.topic: TopicSet | None = None
        self.number = 0
        """The number of its latest entry that was seen here; 0 before the first."""
