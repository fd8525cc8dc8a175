"""What is put right when an effect failed in the middle: whoever it was about goes, and nothing of them stays behind.

Nobody knows how far the effect came. So it looks at everything that is known of them, which is slow, and never needed.
"""

from collections.abc import Iterator

from tcpchat.chat.fanout import WRONG, Fanout
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names
from tcpchat.model.events import Arrived, Event, Gone, LoggedIn, Renamed


def mend(state: State, event: Event, fanout: Fanout) -> None:
    """The effect of this event failed: those whose doing it was leave; who was leaving is gone."""
    doers = {getattr(event, "by", ""), event.to if isinstance(event, Renamed) else ""} - {""}
    for user in dict.fromkeys(one for one in _everybody(state) if one.nick in doers):
        _agree(state, user)
        if isinstance(event, Gone):
            fanout.in_rooms(list(user.rooms.values()), event, user)
            _forget(state, user)
        else:
            user.listener.close(WRONG)
    if isinstance(event, Arrived | LoggedIn) and event.session in state.listeners:
        state.listeners[event.session].close(WRONG)
    room = names.fold(getattr(event, "room", ""))
    if room in state.rooms:
        state.tidy(room)


def _everybody(state: State) -> Iterator[User]:
    """Who is known in any place."""
    yield from state.users.values()
    yield from state.sessions.values()
    yield from (listener.user for listener in state.listeners.values() if listener.user is not None)
    for room in state.rooms.values():
        yield from room.members
    yield from state.operators
    for users in (*state.accounts.values(), *state.watchers.values()):
        yield from users


def _agree(state: State, user: User) -> None:
    """What is known twice of somebody is the same again, so that their leaving finds all of it."""
    state.unname(user)
    if state.user(user.nick) is None:
        state.admit(user)
    state.sessions[user.listener.session] = user
    user.rooms = {folded: room for folded, room in state.rooms.items() if user in room.members or room in _of(user)}
    for folded, users in list(state.accounts.items()):
        if user in users and folded != names.fold(user.account):
            _out_of(state.accounts, folded, user)


def _of(user: User) -> list[object]:
    return list(user.rooms.values())


def _forget(state: State, user: User) -> None:
    """They are in no place any more."""
    state.unname(user)
    state.sessions.pop(user.listener.session, None)
    for folded, room in list(user.rooms.items()):
        room.leave(user)
        state.tidy(folded)
    user.rooms.clear()
    state.operators.pop(user, None)
    state.invisible = sum(one.invisible for one in state.users.values())
    for places in (state.accounts, state.watchers):
        for folded in [folded for folded, users in places.items() if user in users]:
            _out_of(places, folded, user)


def _out_of(places: dict[str, dict[User, None]], folded: str, user: User) -> None:
    places[folded].pop(user)
    if not places[folded]:
        del places[folded]
