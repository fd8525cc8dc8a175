"""Who may read what was said.

The members of a room read it, from the first entry that is kept, or from where they joined (`Config.history_from`).
A room is *closed* while it has a key, or only who is invited comes in. Its modes live only as long as somebody is in
it: so that nobody reads what was said in a closed room by opening it anew when all are gone, `Access` is kept of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tcpchat.chat import modes
from tcpchat.model import names, records

if TYPE_CHECKING:
    from tcpchat.chat.room import Room
    from tcpchat.chat.state import State
    from tcpchat.chat.user import User
    from tcpchat.model.events import Event, TopicSet

SPACE = "access"
"""The documents, by the folded names of the rooms."""

NOTHING = 1 << 62
"""No entry has a number as high as this."""


class Access(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a room that was closed once; of every room, if its members read only from where they joined.

    `floor` is the number of its latest entry when it was opened anew after all had left it while it was `closed`. Below
    the floor only the `readers` read: parties, and the first number that each may read. They are those who were in the
    room when it was closed, or were let in then, and neither left it nor were put out, nor banned; the latest last.
    """

    closed: bool = False
    floor: int = 0
    readers: dict[str, int] = {}
    revision: int = 0
    """Of the document; not a part of it."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Access).decode


def readable(user: User, log: str) -> int | None:
    """The number of the first entry of a log that somebody may read; None if none of it is theirs to read.

    A room's are its members'; those of a conversation are theirs who have it. What was said to a status is only heard.
    """
    if parties := records.parties(log):
        return 1 if set(parties_of(user)) & set(parties) else None
    room = user.rooms.get(log)
    return None if room is None else room.first.get(user, 1)


def hearable(user: User, log: str, told: list[Event]) -> list[Event]:
    """What of a log somebody may be told who fell behind, or was away.

    What was said to a status is for those who have it.
    """
    status = log[:1] if log[:1] in modes.RANKS.values() and names.is_room(log[1:]) else ""
    first = readable(user, log.removeprefix(status))
    if first is None or (status and user not in user.rooms[log[1:]].with_status(status)):
        return []
    return told if status else [event for event in told if event.number >= first or not event.number]


def first_of(state: State, folded: str, party: str) -> int:
    """The number of the first entry that a party may read who takes a seat in a room."""
    access = state.access.get(folded, Access())
    if state.config.history_from == "joining":
        return access.readers.get(party, NOTHING)
    return min(access.readers.get(party, NOTHING), access.floor + 1)


def topic_for(state: State, user: User, room: Room) -> TopicSet | None:
    """The topic, if somebody may know of it: it is for all who come, but not when those who set it are gone."""
    topic, access = room.topic, state.access.get(names.fold(room.name))
    if topic is None or access is None:
        return topic
    floor = NOTHING if access.closed and not room.lasts else access.floor
    first = room.first.get(user, 1) if user in room.members else access.readers.get(user.party, NOTHING)
    return topic if topic.number > floor or topic.number >= first else None


def is_closed(room: Room) -> bool:
    """Whether only those come in who are let in by others."""
    return not modes.CLOSING.isdisjoint(room.modes)


def parties_of(user: User) -> tuple[str, str]:
    """Whom somebody is known as: by their account, if they have one, and as who sits there."""
    return user.party, records.party("", user.listener.person)


def written(access: Access) -> bytes:
    """As it is kept; nothing, if there is nothing to know."""
    kept = msgspec.structs.replace(access, revision=0)
    return b"" if kept == Access() else _encode(kept)


def load(state: State, documents: object) -> None:
    """What is known when the server starts: what is collected of the `SPACE`."""
    assert isinstance(documents, dict)
    for folded, document in documents.items():
        if document.value:
            state.access[folded] = msgspec.structs.replace(_decode(document.value), revision=document.revision)
