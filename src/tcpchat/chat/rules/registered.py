"""Having a room as one's own: registering, dropping and handing it on; and keeping in mind what holds in it."""

from collections.abc import Callable, Collection, Generator
from time import time
from typing import Any

from msgspec.structs import replace

from tcpchat.chat import account as accounts
from tcpchat.chat import modes, registered
from tcpchat.chat.registered import SPACE, Registration
from tcpchat.chat.rights import IN_ROOMS
from tcpchat.chat.room import Room
from tcpchat.chat.rules.rule import Rule, Table, seat_in, visible
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, text
from tcpchat.model.commands import DropRoom, ModeChange, RegisterRoom, ShowRoom, TransferRoom
from tcpchat.model.events import ModesSet, RoomDropped, RoomKept
from tcpchat.model.records import Append, Document, Get, Put, Wish
from tcpchat.model.replies import Done, Refused, RoomReply

Keeping = Generator[Wish, Any, None]


def register_room(state: State, user: User, wish: RegisterRoom) -> Rule:
    """It belongs to the account of its operator who asks."""
    visible(state, user, wish.room)
    room = seat_in(state, user, wish.room)
    _check_registering(state, user, room)
    folded = names.fold(room.name)
    known = Registration(room=room.name, founder=user.account, created=room.created or int(time() * 1_000))
    document: Document = yield Get(SPACE, folded)
    _check_registering(state, user, room)
    if (yield _put(folded, registered.as_it_is(state, room, known), document.revision)) is None:
        raise Refused("registered_already", f"{room.name} is registered already.", about=room.name)
    yield from kept(state, room)
    return Done()


def drop_room(state: State, user: User, wish: DropRoom) -> Rule:
    """It is a room like all others again, and lasts as long as somebody is in it."""
    known = _own(state, user, wish.room)
    yield from _store(state, names.fold(known.room), lambda now: None if now.founder == known.founder else now)
    return Done()


def transfer_room(state: State, user: User, wish: TransferRoom) -> Rule:
    """It belongs to another account."""
    _own(state, user, wish.room)
    heir = accounts.opened((yield accounts.wanted(wish.account)))
    if heir is None:
        raise Refused("no_such_account", f"There is no account {text.one_line(wish.account)[:40]}.", about=wish.account)
    known = _own(state, user, wish.room)
    _check_cap(state, heir.name)
    yield from _store(state, names.fold(known.room), lambda now: replace(now, founder=heir.name))
    return Done()


def show_room(state: State, user: User, wish: ShowRoom) -> Rule:
    """Whose a room is, for those who may know of it."""
    room, known = _known(state, user, wish.room)
    inside = user in room.members or room.is_own(user) or IN_ROOMS in user.rights
    ranks = known.ranks if inside else {}
    return RoomReply(room=room.name, founder=known.founder, created=known.created, ranks=ranks)
    yield


def kept(state: State, room: Room, lost: Collection[str] = ()) -> Keeping:
    """What holds in the room is kept, if it is registered; these accounts `lost` a rank.

    Goes on until what is stored is what is true.
    """
    while (known := registered.of(state, room)) is not None:
        wanted = registered.as_it_is(state, room, known, lost)
        if wanted == known:
            return
        yield from _store(state, names.fold(room.name), lambda _, wanted=wanted: wanted)  # type: ignore[misc]


def closing(state: State, room: Room, wanted: dict[str, str]) -> Generator[Wish, Any, bool]:
    """A room is about to be closed by these modes: if the server stops in between, it is closed when it is back."""
    known = registered.of(state, room)
    if known is None or all(mode in known.modes for mode in modes.CLOSING & wanted.keys()):
        return False
    yield from _store(state, names.fold(room.name), lambda now: replace(now, modes=wanted))
    return True


def dropped_with(state: State, account: str) -> Keeping:
    """An account is gone: its rooms are nobody's, and nobody has a rank by it."""
    for known in list(state.registered.values()):
        folded = names.fold(known.room)
        if names.fold(known.founder) == names.fold(account):
            yield from _store(state, folded, lambda _: None)
        elif names.fold(account) in known.ranks:
            ranks = {one: rank for one, rank in known.ranks.items() if one != names.fold(account)}
            yield from _store(state, folded, lambda now, ranks=ranks: replace(now, ranks=ranks))  # type: ignore[misc]


def rank_by_account(state: State, user: User, room: Room) -> Keeping:
    """Somebody in the room has the rank that is theirs."""
    letters = registered.rank_of(state, user, room)
    there = room.ranks.get(user, "")
    changes = [
        ModeChange("+", letter, user.nick) for letter in modes.RANKS if letter in letters and letter not in there
    ]
    if changes and user in room.members:
        sessions = {user.nick: user.listener.session}
        origin = f"{registered.KEEPER}@{state.config.name}"
        event = ModesSet(room=room.name, by=registered.KEEPER, origin=origin, changes=changes, sessions=sessions)
        yield Append(event)


def _check_registering(state: State, user: User, room: Room) -> None:
    if names.fold(room.name) == names.LOBBY:
        raise Refused("cannot_register", f"{names.LOBBY} belongs to everybody.", about=room.name)
    if not user.account:
        raise Refused("not_logged_in", "Log in first: a room belongs to an account.", about=room.name)
    if room.founder:
        raise Refused("registered_already", f"{room.name} is registered already.", about=room.name)
    if "o" not in room.ranks.get(user, ""):
        raise Refused("not_operator", f"You are not an operator of {room.name}.", about=room.name)
    _check_cap(state, user.account)


def _check_cap(state: State, account: str) -> None:
    most = state.config.limits.rooms_per_account
    if len(registered.founded_by(state, account)) >= most:
        raise Refused("too_many_rooms", f"{account} has {most} rooms, as many as one account can have.", about=account)


def _own(state: State, user: User, name: str) -> Registration:
    """The registration of a room that is somebody's, or the business of an operator of the server.

    :raises Refused: otherwise.
    """
    room, known = _known(state, user, name)
    if IN_ROOMS not in user.rights and not room.is_own(user):
        raise Refused("not_yours", f"{room.name} belongs to {known.founder}.", about=room.name)
    return known


def _known(state: State, user: User, name: str) -> tuple[Room, Registration]:
    """A registered room that is somebody's business.

    :raises Refused: if there is none.
    """
    room = state.room(name)
    if room is None or not room.is_own(user):
        room = visible(state, user, name)
    known = registered.of(state, room)
    if known is None:
        raise Refused("not_registered", f"{room.name} is not registered.", about=room.name)
    return room, known


def _store(state: State, folded: str, change: Callable[[Registration], Registration | None]) -> Keeping:
    """One change of what is known now. If somebody was faster, of what they made of it; nothing, if it is not known."""
    while (known := state.registered.get(folded)) is not None:
        if (yield _put(folded, change(known), known.revision)) is not None:
            return
        if state.registered.get(folded) is known:  # there is a document of which nothing is known here
            document: Document = yield Get(SPACE, folded)
            yield _put(folded, change(known), document.revision)
            return


def _put(folded: str, wanted: Registration | None, expected: int) -> Put:
    if wanted is None:
        return Put(SPACE, folded, b"", expected, RoomDropped(room=folded))
    event = RoomKept(
        room=wanted.room,
        founder=wanted.founder,
        created=wanted.created,
        modes=wanted.modes,
        lists=wanted.lists,
        ranks=wanted.ranks,
        revision=expected + 1,
    )
    return Put(SPACE, folded, registered.written(wanted), expected, event)


RULES: Table = {
    RegisterRoom: register_room,
    DropRoom: drop_room,
    TransferRoom: transfer_room,
    ShowRoom: show_room,
}
