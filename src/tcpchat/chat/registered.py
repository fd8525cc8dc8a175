"""Rooms that belong to an account: they are there when nobody is in them, and keep what holds in them.

What is known of one is kept as a document (`SPACE`), by its folded name. Nobody founds such a room anew: who comes
first is a guest in it like all others, unless it is theirs, or they were given a rank under their account.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import msgspec

from tcpchat.chat import modes
from tcpchat.model import names
from tcpchat.model.events import KeptMask

if TYPE_CHECKING:
    from tcpchat.chat.room import Room
    from tcpchat.chat.state import State
    from tcpchat.chat.user import User

SPACE = "room"
"""The documents."""

KEEPER = "ChanServ"
"""Who gives people the rank that they have by their account."""


class Registration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose room it is, and what holds in it.

    `modes` are those with their values, `lists` masks by the letter of their list, each with who set it and when;
    `ranks` letters of `modes.RANKS` by folded account. `created` is in milliseconds since 1970.
    """

    room: str
    founder: str
    created: int
    modes: dict[str, str] = {}
    lists: dict[str, list[KeptMask]] = {}
    ranks: dict[str, str] = {}
    revision: int = 0
    """Of the document; not a part of it."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Registration).decode


def of(state: State, room: Room) -> Registration | None:
    """What is known of a room, if it is registered."""
    return state.registered.get(names.fold(room.name))


def founded_by(state: State, account: str) -> list[Registration]:
    """The rooms of an account."""
    folded = names.fold(account)
    return [one for one in state.registered.values() if names.fold(one.founder) == folded]


def as_it_is(state: State, room: Room, known: Registration, lost: Collection[str] = ()) -> Registration:
    """What should be known of a room by what holds in it now; these accounts `lost` something that they were."""
    lists = {
        mode: [KeptMask(mask.text, mask.by, mask.time) for mask in there.values()]
        for mode, there in room.lists.items()
        if there
    }
    ranks = {account: rank for account, rank in known.ranks.items() if account not in lost}
    ranks |= {names.fold(user.account): rank for user, rank in room.ranks.items() if user.account}
    kept = dict(list(ranks.items())[-state.config.limits.masks :])
    return msgspec.structs.replace(known, modes=dict(room.modes), lists=lists, ranks=kept)


def rank_of(state: State, user: User, room: Room) -> str:
    """What somebody is in a registered room by their account: letters of `modes.RANKS`."""
    known = of(state, room)
    if known is None or not user.account:
        return ""
    account = names.fold(user.account)
    return "o" if account == names.fold(known.founder) else known.ranks.get(account, "")


def open_again(state: State, known: Registration) -> None:
    """A registered room is there; if nobody is in it, what was kept holds in it."""
    room = state.opened(known.room)
    folded = names.fold(known.room)
    state.registered[folded] = known
    room.founder = names.fold(known.founder)
    if not room.members:
        room.found(known.created, "")
        room.modes = dict(known.modes)
        state.slow |= modes.SLOW in known.modes
        room.lists = {mode: _masks(kept) for mode, kept in known.lists.items()}
    state.tidy(folded)


def forget(state: State, folded: str) -> None:
    """A room is like all others again."""
    state.registered.pop(folded, None)
    room = state.rooms.get(folded)
    if room is not None:
        room.founder = ""
        state.tidy(folded)


def written(known: Registration) -> bytes:
    """As it is kept."""
    return _encode(msgspec.structs.replace(known, revision=0))


def load(state: State, documents: object) -> None:
    """What is known when the server starts: what is collected of the `SPACE`."""
    assert isinstance(documents, dict)
    for document in documents.values():
        if document.value:
            open_again(state, msgspec.structs.replace(_decode(document.value), revision=document.revision))


def _masks(kept: list[KeptMask]) -> modes.Masks:
    masks = (modes.Mask(one.mask, one.by, one.time) for one in kept)
    return {mask.key: mask for mask in masks}
