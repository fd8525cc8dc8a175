"""What happened. Rules propose events, the backend records them, effects make them true, dialects write them."""

import msgspec

from tcpchat.model.commands import Kind, ModeChange, Tags, tag_of


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag=tag_of, gc=False):
    """The base of all facts, with the place the backend gave it, and whose doing it is.

    `time` is in milliseconds since 1970, never runs backwards in a room, and is never the same for two
    entries of one room. Facts that are kept in the log also have a `number`: 1, 2, 3, … without a gap in
    each room or conversation, and an `id` that no other entry has. They are 0 and empty on others.

    `origin` is ``user@host`` of who did it, as others may see it; `account` the one they are logged in to;
    `bot` says that they are a program. `replayed`: it happened before this connection was there, and is told
    because it was asked for (see `commands.Join.after`).
    """

    time: int = 0
    number: int = 0
    id: str = ""
    origin: str = ""
    account: str = ""
    bot: bool = False
    replayed: bool = False


# what is kept in the log


class Said(Event, frozen=True):
    """Something was said in a room; with a `status`, only to those who have it (``@``, ``+``).

    A text may have several lines; `seams` are the places (in characters) at which a long one was sent in pieces.
    Of what was taken back only the place is left, and `redacted` is true.
    """

    room: str
    by: str
    text: str
    kind: Kind = "text"
    status: str = ""
    tags: Tags | None = None
    seams: tuple[int, ...] = ()
    redacted: bool = False


class Told(Event, frozen=True):
    """Something was said to one person. `talk` is the log of what passes between these two."""

    to: str
    by: str
    text: str
    kind: Kind = "text"
    talk: str = ""
    tags: Tags | None = None
    seams: tuple[int, ...] = ()
    redacted: bool = False


class TopicSet(Event, frozen=True):
    """A room has another topic."""

    room: str
    by: str
    topic: str


class ModesSet(Event, frozen=True):
    """Something else holds in a room, or somebody may do something else in it.

    `sessions` are the connections of those who do, by their nicks: nicks may have changed hands by now.
    """

    room: str
    by: str
    changes: list[ModeChange]
    sessions: dict[str, str] | None = None


class Kicked(Event, frozen=True):
    """Somebody was put out of a room: who is at the connection `session`, whatever their nick is by now."""

    room: str
    by: str
    nick: str
    reason: str = ""
    session: str = ""


class RoomRenamed(Event, frozen=True):
    """A room is called `to` from now on; its log goes with it."""

    room: str
    by: str
    to: str
    reason: str = ""


class Redacted(Event, frozen=True):
    """The message `of` was taken back: in a `room`, or else in the `talk` between `by` and `to`."""

    by: str
    of: str
    room: str = ""
    to: str = ""
    talk: str = ""
    status: str = ""
    reason: str = ""


class Tagged(Event, frozen=True):
    """Client programs let each other know something that is not text: in a `room`, or else `to` one person.

    It is kept only if its tags ask for that.
    """

    by: str
    tags: Tags
    room: str = ""
    to: str = ""
    talk: str = ""
    status: str = ""
    redacted: bool = False


class Audited(Event, frozen=True):
    """An operator of the server, or an administrator, did `what` (a command) by right, or tried to become one.

    It is kept in a log of its own, and told to nobody. `operator` is the name by which the configuration knows them,
    `address` where they came from, `details` what they asked for; `refused`: they did not become one.
    """

    by: str
    what: str
    operator: str = ""
    address: str = ""
    details: dict[str, str] = {}
    refused: bool = False


# people


class Arrived(Event, frozen=True):
    """Somebody came in, over the connection `session`. Told to nobody: rooms tell who joins them.

    `person` is who they are besides the nick, if they were here before.
    """

    by: str
    session: str
    person: str = ""
    name: str = ""


class LoggedIn(Event, frozen=True):
    """The connection `session` is known to be that of `account`. `by` is empty if it has no nick yet."""

    by: str
    session: str


class AccountSet(Event, frozen=True):
    """An account is there, or is something else than before. Told to nobody.

    `certificates` are the fingerprints that prove to be its owner's. While it is `suspended`, which says why, nobody
    logs in to it, `until` then (milliseconds since 1970; 0: until it is released). Of one that was `dropped` only the
    name is left.
    """

    certificates: list[str] = []
    suspended: str = ""
    until: int = 0
    dropped: bool = False


class Renamed(Event, frozen=True):
    """Somebody has another nick."""

    by: str
    to: str


class NameSet(Event, frozen=True):
    """Somebody is called something else besides the nick."""

    by: str
    name: str


class HostChanged(Event, frozen=True):
    """Somebody has another ``user@host``; `origin` is the one before."""

    by: str
    user: str
    host: str


class WentAway(Event, frozen=True):
    """Somebody is away (`text` says why) or is back (`text` is empty)."""

    by: str
    text: str = ""


class OwnModesSet(Event, frozen=True):
    """Somebody is something else. They alone are told.

    Of the server's operators, `operator` is the name by which the configuration knows them, and `rights` what they
    may do from now on.
    """

    by: str
    changes: list[ModeChange]
    operator: str = ""
    rights: tuple[str, ...] = ()


class Gone(Event, frozen=True):
    """Somebody left the server, and so every room. `reason` says why: a farewell, or what happened to the link."""

    by: str
    reason: str = ""


class Killed(Event, frozen=True):
    """An operator closes somebody's connection. They are told before they are gone."""

    by: str
    nick: str
    reason: str


class WatchChanged(Event, frozen=True):
    """Somebody watches these, and those no more. Told to nobody."""

    by: str
    watched: list[str] = []
    unwatched: list[str] = []


class Noticed(Event, frozen=True):
    """What `to` is told who watches `by`: whether they are `here` now."""

    to: str
    by: str
    here: bool


# rooms


class Joined(Event, frozen=True):
    """Somebody took a seat in a room. `name` is what they are called besides the nick; `away` why they are away."""

    room: str
    by: str
    name: str = ""
    away: str = ""


class Announced(Joined, frozen=True, tag="joined"):
    """Somebody took a seat in a large room some time ago, and the others are told now (see `chat.effects.quiet`).

    It looks like any other `Joined`; they themselves were told when they came.
    """


class Left(Event, frozen=True):
    """Somebody left a room."""

    room: str
    by: str
    reason: str = ""


class Invited(Event, frozen=True):
    """Somebody was asked into a room; if the asker decides about it, it `opens` to them even if it is closed."""

    room: str
    by: str
    to: str
    opens: bool = False


class Moved(Event, frozen=True):
    """What one of its members, `to`, is told when a room is renamed: `was` it, and what one sees who comes in.

    `people` are ``nick!user@host``, each with the signs of their rank before it.
    """

    to: str
    by: str
    was: str
    room: str
    to_origin: str = ""
    to_account: str = ""
    to_name: str = ""
    reason: str = ""
    topic: str = ""
    topic_by: str = ""
    topic_time: int = 0
    people: tuple[str, ...] = ()
    secret: bool = False


class Aside(Event, frozen=True):
    """What those hear who asked to hear more: of an invitation to their room, of people they watch."""

    of: "Invited | WentAway | LoggedIn | NameSet | HostChanged"


class Skipped(Event, frozen=True):
    """So much was missed that it is not told: the entries `first` to `last` of a room, or of what passed between
    oneself and somebody, called `target`. All that is kept of them can be read (`commands.History`).
    """

    target: str
    first: int
    last: int


class AccessSet(Event, frozen=True):
    """Who may read what was said in a room while it was closed; see `chat.access`. Told to nobody.

    `revision` is that of the document in which it is kept.
    """

    room: str
    closed: bool
    floor: int
    readers: dict[str, int]
    revision: int


class KeptMask(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry of a list of masks of a registered room: who set it, and when (milliseconds since 1970)."""

    mask: str
    by: str = ""
    time: int = 0


class RoomKept(Event, frozen=True):
    """A room belongs to an account, and this holds in it; see `chat.registered`. Told to nobody.

    `revision` is that of the document in which it is kept.
    """

    room: str
    founder: str
    created: int
    modes: dict[str, str]
    lists: dict[str, list[KeptMask]]
    ranks: dict[str, str]
    revision: int


class RoomDropped(Event, frozen=True):
    """A room belongs to nobody any more. Told to nobody."""

    room: str


class BanSet(Event, frozen=True):
    """Whom a mask means is kept from the server from now on (see `chat.bans`). Told to nobody.

    `since` and `until` are in milliseconds since 1970, 0 is for good. `revision` is that of the document in which it
    is kept.
    """

    mask: str
    by: str
    reason: str
    since: int
    until: int
    revision: int


class BanLifted(Event, frozen=True):
    """They may come again. Told to nobody."""

    mask: str


class MarkerSet(Event, frozen=True):
    """Somebody has read up to `until` (milliseconds since 1970) what `target` is. Told to them alone."""

    by: str
    target: str
    until: int


class Walloped(Event, frozen=True):
    """An operator said something to all operators."""

    by: str
    text: str


LOGGED = Said | Told | TopicSet | ModesSet | Kicked | RoomRenamed | Redacted | Tagged | Audited
"""What is kept in the log."""

ANY = (
    LOGGED | Arrived | LoggedIn | AccountSet | Renamed | NameSet | HostChanged | WentAway | OwnModesSet | Killed | Gone
    | WatchChanged | Noticed | Joined | Left | Invited | Moved | Aside | Skipped | AccessSet | BanSet | BanLifted
    | RoomKept | RoomDropped | MarkerSet | Walloped
)  # fmt: skip
