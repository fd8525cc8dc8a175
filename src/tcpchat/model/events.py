"""What happened. Rules propose events, the backend records them, effects make them true, dialects write them."""

import msgspec

from tcpchat.model.commands import Kind, tag_of


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag=tag_of, gc=False):
    """The base of all facts, with the place the backend gave it.

    `time` is in milliseconds since 1970, never runs backwards in a room, and is never the same for two
    entries of one room. Facts that are kept in the log also have a `number`: 1, 2, 3, … without a gap in
    each room or conversation, and an `id` that no other entry has. They are 0 and empty on others.
    """

    time: int = 0
    number: int = 0
    id: str = ""


class Said(Event, frozen=True):
    """Something was said in a room. `origin` is ``user@host`` of the speaker, as others may see it."""

    room: str
    by: str
    text: str
    kind: Kind = "text"
    origin: str = ""


class Told(Event, frozen=True):
    """Something was said to one person."""

    to: str
    by: str
    text: str
    kind: Kind = "text"
    origin: str = ""


class TopicSet(Event, frozen=True):
    """A room has another topic."""

    room: str
    by: str
    topic: str
    origin: str = ""


class Arrived(Event, frozen=True):
    """Somebody came in, over the connection `session`. Told to nobody: rooms tell who joins them."""

    by: str
    session: str
    origin: str = ""
    name: str = ""


class Renamed(Event, frozen=True):
    """Somebody has another nick."""

    by: str
    to: str
    origin: str = ""


class Joined(Event, frozen=True):
    """Somebody took a seat in a room."""

    room: str
    by: str
    origin: str = ""
    name: str = ""


class Left(Event, frozen=True):
    """Somebody left a room."""

    room: str
    by: str
    reason: str = ""
    origin: str = ""


class Gone(Event, frozen=True):
    """Somebody left the server, and so every room. `reason` says why: a farewell, or what happened to the link."""

    by: str
    reason: str = ""
    origin: str = ""


class WentAway(Event, frozen=True):
    """Somebody is away (`text` says why) or is back (`text` is empty)."""

    by: str
    text: str = ""
    origin: str = ""


LOGGED = Said | Told | TopicSet
"""What is kept in the log."""

ANY = LOGGED | Arrived | Renamed | Joined | Left | Gone | WentAway
