"""Putting people out of rooms, and asking them in."""

from tcpchat.chat.room import Room
from tcpchat.chat.rules import access
from tcpchat.chat.rules.rule import Rule, Table, fitting, person, run_by, runs, seat_in, visible
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records, text
from tcpchat.model.commands import Invite, Kick, ListInvitations
from tcpchat.model.events import Invited, Kicked
from tcpchat.model.replies import Done, Invitations, InvitedReply, Refused


def kick(state: State, user: User, wish: Kick) -> Rule:
    """Somebody is not in the room any more."""
    room, one = _kicked(state, user, wish)
    if (yield from access.leaver(state, one, room)):
        room, one = _kicked(state, user, wish)
    reason = fitting("too_long", "A reason", text.one_line(wish.reason), state.config.limits.reason_bytes)
    session = one.listener.session
    event = user.signs(Kicked, room=room.name, nick=one.nick, reason=reason or user.nick, session=session)
    yield records.Append(event, frees=records.Drop(records.seat(names.fold(room.name), session), session))
    yield from access.leaver(state, one, room)
    return Done()


def invite(state: State, user: User, wish: Invite) -> Rule:
    """Somebody may come in, even if the room is closed."""
    visible(state, user, wish.room)
    room = seat_in(state, user, wish.room)
    one = person(state, wish.nick)
    if one in room.members:
        raise Refused("there_already", f"{one.nick} is in {room.name} already.", about=(one.nick, room.name))
    decides = runs(state, user, room)
    if "i" in room.modes and not decides:
        raise Refused("not_operator", f"Only operators ask others into {room.name}.", about=room.name)
    yield records.Announce(user.signs(Invited, room=room.name, to=one.nick, opens=decides))
    return InvitedReply(room=room.name, nick=one.nick, away=one.away)


def list_invitations(state: State, user: User, wish: ListInvitations) -> Rule:
    """The rooms that wait for one."""
    return Invitations(rooms=[room.name for room in state.rooms.values() if user.listener.session in room.invited])
    yield


def _kicked(state: State, user: User, wish: Kick) -> tuple[Room, User]:
    """The room, and who is put out.

    :raises Refused: if that cannot be.
    """
    room = run_by(state, user, wish.room)
    one = state.user(wish.nick)
    if one is None or one not in room.members:
        nick = text.one_line(wish.nick)[:40]
        raise Refused("not_there", f"{nick} is not in {room.name}.", about=(nick, room.name))
    return room, one


RULES: Table = {
    Kick: kick,
    Invite: invite,
    ListInvitations: list_invitations,
}
