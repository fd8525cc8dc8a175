"""What a rule asks the backend for: to record something, and so make it a fact, or to read what was recorded."""

import msgspec

from tcpchat.model import events, names


class Append(msgspec.Struct, frozen=True, gc=False):
    """Put an event into the log of its room or conversation.

    With a `key`, the same speaker's event is stored in that log at most once; asking again gives the first one.
    """

    event: events.LOGGED
    key: str = ""


class Hold(msgspec.Struct, frozen=True, gc=False):
    """Take a thing that only one may have, such as a nick, or put a new event on one's own. The first one wins."""

    thing: str
    owner: str
    event: events.Event


class Drop(msgspec.Struct, frozen=True, gc=False):
    """Give a thing up. Without an event nobody hears of it."""

    thing: str
    owner: str
    event: events.Event | None = None


class Release(msgspec.Struct, frozen=True, gc=False):
    """Give up everything one holds, at once."""

    owner: str
    event: events.Event | None = None


class Read(msgspec.Struct, frozen=True, gc=False):
    """Read at most `limit` entries of a log: those with numbers above `after` and below `before`.

    With `after` the oldest of them, otherwise the latest; always in the order of their numbers.
    """

    log: str
    limit: int
    before: int | None = None
    after: int | None = None


def nothing(owner: str) -> Drop:
    """A record of which nothing comes: when it is recorded, everything the owner asked for before it is too."""
    return Drop("nothing", owner)


Record = Append | Hold | Drop | Release
Wish = Record | Read


def log_of(event: events.LOGGED) -> str:
    """The log in which an event is kept: its room's, or that of the two people it passed between."""
    if isinstance(event, events.Told):
        return names.conversation(event.by, event.to)
    return names.fold(event.room)


def nick(folded: str) -> str:
    """The thing one holds who bears a nick."""
    return f"nick {folded}"


def seat(room: str, session: str) -> str:
    """The thing one holds who is in a room. A room's name has no space, so that no two seats are called the same."""
    return f"seat {room} {session}"
