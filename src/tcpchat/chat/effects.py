"""What a recorded fact changes, and who hears of it.

Rule 1: only the functions of this file change the state. An effect is total: whatever happened since the rule
decided, it does something sensible, or nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tcpchat.chat.fanout import Fanout
from tcpchat.chat.room import Room
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names
from tcpchat.model.events import (
    Arrived,
    Event,
    Gone,
    Joined,
    Left,
    Renamed,
    Said,
    Told,
    TopicSet,
    WentAway,
)


def arrived(state: State, event: Arrived, fanout: Fanout) -> None:
    """The connection has a name now."""
    listener = state.listeners.get(event.session)
    if listener is not None:
        listener.user = User(event.by, listener, event.origin, event.name, event.time)
        state.users[names.fold(event.by)] = listener.user


def renamed(state: State, event: Renamed, fanout: Fanout) -> None:
    """Everybody who shares a room hears it, and so does the one renamed."""
    user = state.users.pop(names.fold(event.by), None)
    if user is not None:
        _tell_acquaintances(user, event, fanout)
        user.nick = event.to
        state.users[names.fold(event.to)] = user


def went_away(state: State, event: WentAway, fanout: Fanout) -> None:
    """Kept for those who ask; those who share a room hear it."""
    user = state.user(event.by)
    if user is not None:
        user.away = event.text
        _tell_acquaintances(user, event, fanout)


def gone(state: State, event: Gone, fanout: Fanout) -> None:
    """Out of every room; those who shared one hear it once. Who is gone is told nothing more: many go at once."""
    user = state.users.pop(names.fold(event.by), None)
    if user is None:
        return
    rooms = list(user.rooms.values())
    for room in rooms:
        room.members.pop(user, None)
    fanout.in_rooms(rooms, event, user)
    for folded in user.rooms:
        state.tidy(folded)
    user.rooms.clear()


def joined(state: State, event: Joined, fanout: Fanout) -> None:
    """The room is opened if need be; everybody in it hears of the newcomer, the newcomer too."""
    user = state.user(event.by)
    if user is None:
        return
    room = state.opened(event.room)
    fanout.enters(room, user)
    room.members[user] = room.number
    user.rooms[names.fold(event.room)] = room
    state.tidy(names.fold(event.room))
    fanout.in_room(room, event, user)


def left(state: State, event: Left, fanout: Fanout) -> None:
    """The room hears it, the one who left too."""
    user, room = state.user(event.by), state.room(event.room)
    if user is not None and room is not None and user in room.members:
        fanout.in_room(room, event, user)
        fanout.leaves(room, user)
        _unseat(state, room, user)


def said(state: State, event: Said, fanout: Fanout) -> None:
    """The room hears it."""
    room, user = state.room(event.room), state.user(event.by)
    if user is not None:
        user.heard = event.time
    if room is not None:
        room.number = event.number
        fanout.in_room(room, event, user)


def told(state: State, event: Told, fanout: Fanout) -> None:
    """The one addressed hears it; the speaker hears it too where the encoding wants that."""
    by, to = state.user(event.by), state.user(event.to)
    if by is not None:
        by.heard = event.time
        if by is not to:
            fanout.to_user(by, event, by)
    if to is not None:
        fanout.to_user(to, event, None)


def topic_set(state: State, event: TopicSet, fanout: Fanout) -> None:
    """What holds in the room, whether or not somebody is in it."""
    room = state.opened(event.room)
    room.number = event.number
    room.topic = event if event.topic else None
    fanout.in_room(room, event, state.user(event.by))
    state.tidy(names.fold(event.room))


def _tell_acquaintances(user: User, event: Event, fanout: Fanout) -> None:
    """Those who share a room with somebody hear of them, and so do they themselves."""
    if user.rooms:
        fanout.in_rooms(user.rooms.values(), event, user)
    else:
        fanout.to_user(user, event, user)


def _unseat(state: State, room: Room, user: User) -> None:
    folded = names.fold(room.name)
    room.members.pop(user, None)
    user.rooms.pop(folded, None)
    state.tidy(folded)


EFFECTS: Mapping[type[Event], Callable[[State, Any, Fanout], None]] = {
    Arrived: arrived,
    Renamed: renamed,
    WentAway: went_away,
    Gone: gone,
    Joined: joined,
    Left: left,
    Said: said,
    Told: told,
    TopicSet: topic_set,
}
