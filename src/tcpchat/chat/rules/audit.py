"""What is done by right of an operator or an administrator is recorded first, in a log that no person is shown.

It is hash-chained and durable like everything else; ``tcpchat-server log export --audit`` prints it. What cannot be
recorded is not done. Of what was asked only the fields of `SHOWN` are kept: no password is ever among them.
"""

from collections.abc import Mapping

from tcpchat.chat.rights import IN_ROOMS, NEEDED
from tcpchat.chat.rules.administration import ADMINISTRATION
from tcpchat.chat.rules.rule import Rule, entitled, runs
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import text
from tcpchat.model.commands import (
    BecomeOperator,
    Command,
    DropRoom,
    Invite,
    Kick,
    ListAccounts,
    ListBans,
    ListInvitationsGiven,
    ModeChange,
    Redact,
    RenameRoom,
    SetModes,
    SetTopic,
    TransferRoom,
    tag_of,
)
from tcpchat.model.events import Audited
from tcpchat.model.records import Append

Asker = User | Listener

MOST_CHARACTERS = 300
"""Of one thing that was asked for."""

SHOWN = (
    "nick", "name", "account", "mask", "user", "host", "room", "target", "to", "of", "changes", "topic", "text",
    "seconds", "until", "uses", "days", "reason",
)  # fmt: skip
"""The fields of commands that are kept."""

READING = frozenset({ListAccounts, ListBans, ListInvitationsGiven})
"""Who only looks changes nothing."""

BY_RIGHT: frozenset[type[Command]] = frozenset(NEEDED.keys() | ADMINISTRATION.keys()) - READING

IN_A_ROOM: Mapping[type[Command], str] = {
    Kick: "room",
    Invite: "room",
    SetModes: "room",
    SetTopic: "room",
    RenameRoom: "room",
    DropRoom: "room",
    TransferRoom: "room",
    Redact: "target",
}
"""What an operator of the server may do in rooms that are not theirs, and where it says which room."""


CONCERNED = BY_RIGHT | IN_A_ROOM.keys()
"""All others are nobody's privilege, and not looked at."""


def concerns(user: User | None, wish: Command) -> bool:
    """Whether a wish is one to look at: what operators do, or, in a room, what they may do as such."""
    kind = type(wish)
    return kind in BY_RIGHT or (user is not None and IN_ROOMS in user.rights and kind in IN_A_ROOM)


def recorded(state: State, asker: Asker, wish: Command, rule: Rule) -> Rule:
    """The rule, after what is asked for is recorded, if it is done by right."""
    if type(wish) in BY_RIGHT:
        entitled(asker, wish)
        yield Append(entry(asker, wish))
    elif isinstance(asker, User) and _as_operator(state, asker, wish):
        yield Append(entry(asker, wish))
    return (yield from rule)


def entry(asker: Asker, wish: Command, *, refused: bool = False) -> Audited:
    """What is recorded of a wish."""
    listener = asker.listener if isinstance(asker, User) else asker
    what, details = tag_of(type(wish).__name__), _details(wish)
    by = {"what": what, "details": details, "refused": refused, "address": listener.address}
    if not isinstance(asker, User):
        return Audited(by="administrator", **by)  # type: ignore[arg-type]
    office = wish.name if isinstance(wish, BecomeOperator) else asker.office
    return asker.signs(Audited, operator=_short(office), **by)


def _as_operator(state: State, user: User, wish: Command) -> bool:
    """Whether somebody decides about a room who is not its operator."""
    room = state.room(getattr(wish, IN_A_ROOM[type(wish)]))
    if room is None or "o" in room.ranks.get(user, "") or room.is_own(user):
        return False
    return runs(state, user, room) or isinstance(wish, DropRoom | TransferRoom)


def _details(wish: Command) -> dict[str, str]:
    found = {field: getattr(wish, field, None) for field in SHOWN}
    return {field: _short(_written(value)) for field, value in found.items() if value}


def _written(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(_change, value))
    return str(value)


def _change(change: ModeChange) -> str:
    value = "*" if change.mode == "k" else change.value  # a room's key is a password
    return f"{change.sign}{change.mode} {value}".strip()


def _short(value: str) -> str:
    return text.one_line(value)[:MOST_CHARACTERS]
