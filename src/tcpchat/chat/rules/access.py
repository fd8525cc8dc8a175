"""Keeping in mind who may read what was said in rooms that are closed, or were (see `chat.access`).

What is kept is stored before what it is about happens, so that a crash between the two errs on the safe side; and it
is looked at again afterwards, because others may have acted meanwhile. Each of these generators goes on until things
are as they should be, and says whether it had to wait: then who asked has to look at everything else again, too.
"""

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any, Protocol

from msgspec.structs import replace

from tcpchat.chat.access import SPACE, Access, is_closed, parties_of, written
from tcpchat.chat.room import Room
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names
from tcpchat.model.events import AccessSet
from tcpchat.model.records import Document, Get, Put, Wish
from tcpchat.model.replies import Refused

Keeping = Generator[Wish, Any, bool]


class Draft(Protocol):
    """What a room is going to be."""

    @property
    def closed(self) -> bool: ...

    def banned(self, user: User) -> bool: ...


def newcomer(state: State, user: User, folded: str, number: int) -> Keeping:
    """Somebody is about to take a seat in a room, whose latest entry has this number. Takes one step only.

    :raises Refused: if it must be kept, and there is no space.
    """
    known = state.access.get(folded, Access())
    wanted = _with_newcomer(state, user, folded, number, known)
    if wanted == known:
        return False
    check_space(state, folded)
    yield from _store(state, folded, wanted)
    return True


def leaver(state: State, user: User, room: Room) -> Keeping:
    """Somebody gives up their seat, or loses it: they are a reader no more."""
    return _change(state, room, partial(_without, room, [user]))


def closing(state: State, room: Room, draft: Draft) -> Keeping:
    """The modes of a room are about to be set: those in it become readers, and those who are banned no longer are."""
    return _change(state, room, partial(_before, state, room, draft))


def closed(state: State, room: Room, draft: Draft, *, anew: bool) -> Keeping:
    """The modes are set; `anew`: by this the room was closed. Who came meanwhile is a reader, too."""
    return _change(state, room, partial(_after, state, room, draft, anew))


def carried(state: State, user: User, before: str) -> Keeping:
    """Somebody is another party now that they are logged in, and reads as what they were."""
    waited = False
    for room in list(user.rooms.values()):
        waited |= yield from _change(state, room, partial(_as_another, state, room, user, before))
    return waited


def copied(state: State, before: str, after: str) -> Keeping:
    """A room is about to be called otherwise: what is kept of it is kept under its new name as well."""
    waited = False
    while before != after and not _same(known := state.access.get(before, Access()), state.access.get(after, Access())):
        yield from _store(state, after, known)
        waited = True
    return waited


def moved(state: State, before: str, after: str) -> Keeping:
    """A room has another name: what is kept of it is not kept under the old one any more."""
    if before == after or after not in state.access:
        return False
    yield from _store(state, after, state.access[after])
    if before not in state.access:
        yield from _store(state, before, Access())
    return True


def restored(state: State, folded: str, known: Access) -> Keeping:
    """It came to nothing: what was kept under this name is kept again."""
    if _same(known, state.access.get(folded, Access())):
        return False
    yield from _store(state, folded, known)
    return True


def check_space(state: State, folded: str) -> None:
    """Look whether one more room can be kept in mind.

    :raises Refused: if there are too many.
    """
    if folded in state.access or len(state.access) < state.config.limits.rooms or _idle(state):
        return
    raise Refused("too_many_rooms", "This server has no space for another room that is closed.", about=folded)


def _change(state: State, room: Room, wanted_of: Callable[[Access], Access]) -> Keeping:
    waited = False
    while state.rooms.get(folded := names.fold(room.name)) is room:
        known = state.access.get(folded, Access())
        if (wanted := wanted_of(known)) == known:
            break
        yield from _store(state, folded, wanted)
        waited = True
    return waited


def _store(state: State, folded: str, wanted: Access) -> Generator[Wish, Any, None]:
    """What was decided by what the state is now. If somebody was faster it comes to nothing, and is decided anew."""
    known = state.access.get(folded)
    if known is None and len(state.access) >= state.config.limits.rooms and (idle := _idle(state)):
        yield _put(idle, Access(), state.access[idle].revision)
    stored = yield _put(folded, wanted, known.revision if known else 0)
    if stored is None and state.access.get(folded) is known:  # there is a document of which nothing is known here
        document: Document = yield Get(SPACE, folded)
        yield _put(folded, wanted, document.revision)


def _put(folded: str, access: Access, expected: int) -> Put:
    event = AccessSet(
        room=folded,
        closed=access.closed,
        floor=access.floor,
        readers=access.readers,
        revision=expected + 1,
    )
    return Put(SPACE, folded, written(access), expected, event)


def _idle(state: State) -> str:
    """A room that can be forgotten: it is empty, and open, and what was said there is everybody's who comes."""
    rooms = state.rooms
    empty = (folded for folded in state.access if folded not in rooms or not rooms[folded].members)
    return next((one for one in empty if not state.access[one].closed and not state.access[one].floor), "")


def _same(one: Access, other: Access) -> bool:
    return replace(one, revision=0) == replace(other, revision=0)


# what should be known, by what is


def _with_newcomer(state: State, user: User, folded: str, number: int, known: Access) -> Access:
    room, joining = state.rooms.get(folded), state.config.history_from == "joining"
    lasts = room is not None and (room.lasts or folded == names.LOBBY)  # its modes hold
    if room is None or not room.lasts:
        known = _opened_anew(known, number)
    known = replace(known, closed=known.closed or (lasts and room is not None and is_closed(room)))
    if user.party in known.readers or not (known.closed or joining):
        return known
    return _with(state, known, {user.party: number + 1 if joining else known.floor + 1})


def _opened_anew(known: Access, number: int) -> Access:
    if known.floor > number or (known.closed and not number):  # nothing is left of what it was about
        return Access(revision=known.revision)
    return replace(known, closed=False, floor=number if known.closed else known.floor)


def _before(state: State, room: Room, draft: Draft, known: Access) -> Access:
    if not draft.closed and known == Access():
        return known
    banned = [member for member in room.members if draft.banned(member) and not room.banned(member)]
    if draft.closed and not is_closed(room):
        known = _with_members(state, room, draft, known)
    return _without(room, banned, replace(known, closed=known.closed or draft.closed))


def _after(state: State, room: Room, draft: Draft, anew: bool, known: Access) -> Access:
    if anew and is_closed(room):
        known = _with_members(state, room, draft, known)
    return replace(known, closed=is_closed(room))


def _as_another(state: State, room: Room, user: User, before: str, known: Access) -> Access:
    if user.party == before or before not in known.readers:
        return known
    known = _with(state, known, {user.party: known.readers[before]})
    others = [member.party for member in room.members if member is not user]
    return known if before in others else _less(known, {before})


def _with_members(state: State, room: Room, draft: Draft, known: Access) -> Access:
    members = [member for member in room.members if not draft.banned(member)]
    return _with(state, known, {one.party: room.first.get(one, 1) for one in members})


def _with(state: State, known: Access, readers: dict[str, int]) -> Access:
    """These read too, from there or from where they could already; the oldest of too many do not any more."""
    there = known.readers
    new = {party: min(first, there.get(party, first)) for party, first in readers.items()}
    all = {party: first for party, first in there.items() if party not in new} | new
    return replace(known, readers=dict(list(all.items())[-state.config.limits.readers :]))


def _without(room: Room, users: list[User], known: Access) -> Access:
    """These read no more; but who is there twice, and stays, does."""
    stay = {party for member in room.members if member not in users for party in parties_of(member)}
    return _less(known, {party for user in users for party in parties_of(user)} - stay)


def _less(known: Access, parties: Iterable[str]) -> Access:
    gone = known.readers.keys() & set(parties)
    return replace(known, readers={one: first for one, first in known.readers.items() if one not in gone})
