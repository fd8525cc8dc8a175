"""Large rooms: that somebody came is told to the others when they first do something, and not when they come.

Until then they are `Room.quiet`. The others hear nothing of them, also not that they left, and do not find them among
the names; so nobody hears of somebody of whom they were not told. Who is quiet hears the room like all others.
"""

from tcpchat.chat.fanout import Fanout
from tcpchat.chat.room import Room
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model.events import Announced


def is_large(state: State, room: Room) -> bool:
    """Whether there are so many that not all are told who comes."""
    return len(room.members) > state.config.limits.announced


def announce(room: Room, user: User | None, time: int, fanout: Fanout) -> None:
    """Before the room hears what somebody does, or what is done to them: that they came, if it was not told yet."""
    if user is not None and room.reveal(user):
        event = user.signs(Announced, time=time, room=room.name, name=user.name, away=user.away)
        fanout.in_room(room, event, user)


def announce_all(room: Room, time: int, fanout: Fanout) -> None:
    """Everybody is told of everybody."""
    for user in list(room.quiet):
        announce(room, user, time, fanout)


def someone_left(state: State, room: Room, time: int, fanout: Fanout) -> None:
    """A room that is not large any more is like all others."""
    if room.quiet and not is_large(state, room):
        announce_all(room, time, fanout)


def known_in(user: User) -> dict[str, Room]:
    """The rooms of somebody in which the others know of them, by their folded names."""
    return {folded: room for folded, room in user.rooms.items() if user not in room.quiet}
