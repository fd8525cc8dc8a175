"""What a rule asks for: to record something, to read what was recorded, to have something worked out."""

import msgspec
from msgspec.structs import replace

from tcpchat.model import events, names


class Drop(msgspec.Struct, frozen=True, gc=False):
    """Give a thing up, and some others `also`. Without an event nobody hears of it."""

    thing: str
    owner: str
    event: events.Event | None = None
    also: tuple[str, ...] = ()


class Append(msgspec.Struct, frozen=True, gc=False):
    """Put an event into the log of its room or conversation.

    With a `key`, the same speaker's event is stored in that log at most once; asking again gives the first one.
    The same speaker is who has the same nick, or is the same `party`. When it is stored, `frees` is given up as well.
    """

    event: events.LOGGED
    key: str = ""
    frees: Drop | None = None
    party: str = ""


class Hold(msgspec.Struct, frozen=True, gc=False):
    """Take a thing that only one may have, such as a nick, or put a new event on one's own. The first one wins.

    What is taken `also` is taken together with it, or nothing is. What the owner had that begins with `instead` is
    given up for it. Without an event nobody hears of it; then what comes of it is the record itself.
    """

    thing: str
    owner: str
    event: events.Event | None = None
    also: tuple[str, ...] = ()
    instead: str = ""


class Release(msgspec.Struct, frozen=True, gc=False):
    """Give up everything one holds, at once."""

    owner: str
    event: events.Event | None = None


class Announce(msgspec.Struct, frozen=True, gc=False):
    """Let something happen in its turn. Nothing of it is kept."""

    event: events.Event


class Document(msgspec.Struct, frozen=True, gc=False):
    """A value under a key, and which version it is: 1, 2, 3, …; 0 and no value if there is none."""

    value: bytes = b""
    revision: int = 0


class Put(msgspec.Struct, frozen=True, gc=False):
    """Store a document, if it still has the revision that was `expected` (0: if there is none). The first one wins.

    When it is stored, the `event` happens.
    """

    space: str
    key: str
    value: bytes
    expected: int
    event: events.Event | None = None


class Get(msgspec.Struct, frozen=True, gc=False):
    """Read a document."""

    space: str
    key: str


class Collect(msgspec.Struct, frozen=True, gc=False):
    """Read all documents of a space: a dict by their keys."""

    space: str


class Read(msgspec.Struct, frozen=True, gc=False):
    """Read at most `limit` entries of a log: those with numbers above `after` and below `before`.

    With `after` the oldest of them, unless the `latest` are wanted, otherwise the latest; always in the order of
    their numbers. `said`: only what was said, and not what was taken back.
    """

    log: str
    limit: int
    before: int | None = None
    after: int | None = None
    latest: bool = False
    said: bool = False


class Find(msgspec.Struct, frozen=True, gc=False):
    """Look for a place in a log: the number of the entry with an `id`, or None; or of the first one from `time` on.

    After the last entry that is one more than its number.
    """

    log: str
    id: str = ""
    time: int = 0


class Latest(msgspec.Struct, frozen=True, gc=False):
    """The time of the latest entry of each of these logs, and of the conversations of `party`, in a span of time.

    Gives entries in the order of their times, those above `after` and below `before`, `limit` at most.
    """

    logs: list[str]
    party: str
    after: int
    before: int
    limit: int


class Search(msgspec.Struct, frozen=True, gc=False):
    """Look for what was said with all these phrases in it, each of one token or of several side by side.

    In each of the `logs`, from the entry with the number beside it on. `by` is a folded nick, or empty; times are in
    milliseconds since 1970. Gives a `Hits`.
    """

    logs: dict[str, int]
    phrases: list[list[str]]
    limit: int
    by: str = ""
    after: int | None = None
    before: int | None = None


class Hits(msgspec.Struct, frozen=True, gc=False):
    """What was found, the newest first; `complete` if all that there is was looked through, or the limit reached."""

    events: list[events.LOGGED]
    complete: bool = True


class Since(msgspec.Struct, frozen=True, gc=False):
    """Ask for the conversations of `party` in which there is something after the entry `id`: a list of `Span`."""

    party: str
    id: str


class Span(msgspec.Struct, frozen=True, gc=False):
    """The entries `first` to `last` of a log."""

    log: str
    first: int
    last: int


class Hashed(msgspec.Struct, frozen=True, gc=False):
    """What a password can be recognised by: argon2id's hash, and the keys of SCRAM-SHA-256 in base64 (RFC 5802)."""

    argon2: str
    salt: str
    iterations: int
    stored_key: str
    server_key: str


class Hash(msgspec.Struct, frozen=True, gc=False):
    """Have a password `Hashed`."""

    password: str


class Check(msgspec.Struct, frozen=True, gc=False):
    """Have the password of `who` compared with an argon2 hash. Without a hash it takes as long, and is never right."""

    password: str
    hash: str
    who: str = ""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """Ask whether one may try to prove to be `who`; it is refused to those whose tries failed too often."""

    who: str


class Count(msgspec.Struct, frozen=True, gc=False):
    """Count a try that failed, or something else that nobody may do too often; or keep in mind that it was right."""

    who: str
    right: bool = False


class Reload(msgspec.Struct, frozen=True, gc=False):
    """Have the configuration read again; gives what is wrong with it, or nothing."""


CLAIM = "account "
"""What the things are called that one holds for a moment who makes an account, before the keys of its name."""

NICK = "nick "
"""What the things are called that one holds who bears a nick, before their keys (`names.keys`)."""


def nothing(owner: str) -> Drop:
    """A record of which nothing comes: when it is recorded, everything the owner asked for before it is too."""
    return Drop("nothing", owner)


Record = Append | Hold | Drop | Release | Announce | Put
Question = Read | Find | Latest | Search | Since | Get | Collect
Work = Hash | Check | Attempt | Count | Reload
Wish = Record | Question | Work


AUDIT = "!audit"
"""The log of what operators and administrators did. No room, and no conversation, is called so."""


def log_of(event: events.LOGGED) -> str:
    """The log in which an event is kept: its room's, or that of the two people it passed between.

    What only some of a room are told has a log of its own, which nobody else is let near.
    """
    if type(event) is events.Said:
        return event.status + names.fold(event.room)
    if isinstance(event, events.Told):
        return event.talk
    if isinstance(event, events.Audited):
        return AUDIT
    if isinstance(event, events.RoomRenamed):
        return names.fold(event.to)
    if isinstance(event, events.Tagged | events.Redacted):
        return event.talk or event.status + names.fold(event.room)
    return names.fold(event.room)


def emptied(event: events.LOGGED) -> events.LOGGED:
    """What is left of an entry that was taken back."""
    match event:
        case events.Said() | events.Told():
            return replace(event, text="", tags=None, seams=(), redacted=True)
        case events.Tagged():
            return replace(event, tags={}, redacted=True)
        case _:
            return event


def as_now(event: events.LOGGED, log: str) -> events.LOGGED:
    """An entry of a log, with the name that its room has now."""
    log = log.lstrip("@+") if names.is_room(log.lstrip("@+")) else log
    if names.is_room(log) and not isinstance(event, events.RoomRenamed) and names.fold(event.room) != log:  # type: ignore[union-attr]
        return replace(event, room=log)
    return event


def party(account: str, person: str) -> str:
    """Who talks: an account, whatever nick it has; without one, a `person`, as long as they are here."""
    return f"={names.fold(account)}" if account else f"~{person}"


def conversation(one: str, other: str) -> str:
    """The name of the log in which the direct messages between two parties are kept."""
    return "@" + ",".join(sorted((one, other)))


def parties(log: str) -> list[str]:
    """Who talks in a log, if it is that of a conversation."""
    return log[1:].split(",") if log[:2] in {"@=", "@~"} else []


def nick(name: str) -> tuple[str, ...]:
    """The things one holds who bears a nick: no two whose names look alike can be here together."""
    keys = names.keys(name)
    return (NICK + keys[0],) if len(keys) == 1 else tuple([NICK + key for key in keys])


def take_nick(name: str, owner: str, event: events.Event | None) -> Hold:
    """Take a nick, and give up the one that one had."""
    things = nick(name)
    return Hold(things[0], owner, event, things[1:], NICK)


def claim(name: str, owner: str) -> Hold:
    """Keep others from having an account of this name, or of one that looks like it, until it is given up."""
    things = _claims(name)
    return Hold(things[0], owner, None, things[1:], CLAIM)


def disclaim(name: str, owner: str) -> Drop:
    """Give up what was claimed."""
    things = _claims(name)
    return Drop(things[0], owner, also=things[1:])


def _claims(name: str) -> tuple[str, ...]:
    return tuple([CLAIM + key for key in names.keys(name)])


def seat(room: str, session: str) -> str:
    """The thing one holds who is in a room. A room's name has no space, so that no two seats are called the same."""
    return f"seat {room} {session}"


def seats(room: str) -> str:
    """What the seats of a room are called before their owners' names."""
    return f"seat {room} "
