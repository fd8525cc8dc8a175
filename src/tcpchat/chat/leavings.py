"""When people left a room last, and what its latest entry was then."""

from typing import NamedTuple

MOST = 50_000
"""How many are remembered, of all rooms together."""


class Leaving(NamedTuple):
    """The number of the room's latest entry, 0 if it was not known; and the time, in milliseconds since 1970."""

    number: int = 0
    time: int = 0


class Leavings:
    """By room, and who left it: a folded account, or, without one, a folded nick."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._rooms: dict[str, dict[str, Leaving]] = {}
        """The rooms that somebody left last are the last; in each, the people likewise."""
        self._size = 0

    def remember(self, room: str, who: str, leaving: Leaving) -> None:
        """Somebody left now. If there are too many, those go first whose room nobody has left for longest."""
        people = self._rooms[room] = self._rooms.pop(room, {})
        self._size += who not in people
        people.pop(who, None)
        people[who] = leaving
        while self._size > self._most:
            oldest = next(iter(self._rooms))
            people = self._rooms[oldest]
            del people[next(iter(people))]
            self._size -= 1
            if not people:
                del self._rooms[oldest]

    def of(self, room: str, who: str) -> Leaving:
        """What is remembered, or zeros."""
        return self._rooms.get(room, {}).get(who, Leaving())

    def rename(self, before: str, after: str) -> None:
        """A room has another name. What is remembered of one that had it before is forgotten."""
        self._size -= len(self._rooms.pop(after, {})) if before != after else 0
        if before in self._rooms:
            self._rooms[after] = self._rooms.pop(before)
