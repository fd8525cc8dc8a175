"""What happens to rooms, and who sits in them."""

from msgspec.structs import replace

from tcpchat.chat import modes
from tcpchat.chat.access import Access, first_of, topic_for
from tcpchat.chat.effects.effect import Table, aside
from tcpchat.chat.effects.quiet import announce, announce_all, is_large, someone_left
from tcpchat.chat.fanout import Fanout
from tcpchat.chat.leavings import Leaving
from tcpchat.chat.room import Room
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names
from tcpchat.model.commands import ModeChange
from tcpchat.model.events import (
    AccessSet,
    Invited,
    Joined,
    Kicked,
    Left,
    ModesSet,
    Moved,
    RoomRenamed,
    TopicSet,
)


def joined(state: State, event: Joined, fanout: Fanout) -> None:
    """The room is opened if need be, and who opens it is its operator; everybody in it hears of the newcomer.

    If there are too many for that, only the newcomer does.
    """
    user = state.user(event.by)
    if user is None:
        return
    room = state.opened(event.room)
    folded = names.fold(event.room)
    if room.lasts and room.shuts_out(user):  # since they asked: the rule says so
        return
    if not room.lasts and folded != names.LOBBY:
        room.found(event.time, modes.OF_A_NEW_ROOM)
        room.rank(user, "o")
    fanout.enters(room, user)
    room.members[user] = room.number
    if (first := first_of(state, folded, user.party)) > 1:
        room.first[user] = first
    room.invited.pop(user.listener.session, None)
    if is_large(state, room):
        room.quiet[user] = None
        fanout.to_user(user, event, user)
    else:
        room.changed()
        fanout.in_room(room, event, user)
    user.rooms[folded] = room
    state.tidy(folded)


def left(state: State, event: Left, fanout: Fanout) -> None:
    """The room hears it, if it knows of the one who left, and they themselves."""
    user, room = state.user(event.by), state.room(event.room)
    if user is None or room is None or user not in room.members:
        return
    if user in room.quiet:
        fanout.to_user(user, event, user)
    else:
        fanout.in_room(room, event, user)
    _unseat(state, room, user, event.time, fanout)


def kicked(state: State, event: Kicked, fanout: Fanout) -> None:
    """The room hears it, the one who was put out too."""
    room, user = state.room(event.room), state.at(event.session)
    if room is None:
        return
    room.number = event.number
    if user is not None and user.nick != event.nick:
        event = replace(event, nick=user.nick)  # as the others know them by now
    announce(room, state.user(event.by), event.time, fanout)
    announce(room, user, event.time, fanout)
    fanout.in_room(room, event, state.user(event.by))
    if user is not None and user in room.members:
        _unseat(state, room, user, event.time, fanout)


def invited(state: State, event: Invited, fanout: Fanout) -> None:
    """The one invited hears it, and those in the room who asked to."""
    room, user = state.room(event.room), state.user(event.to)
    if room is None or user is None:
        return
    if event.opens:
        room.invited[user.listener.session] = None
    while len(room.invited) > state.config.limits.masks:
        del room.invited[next(iter(room.invited))]
    announce(room, state.user(event.by), event.time, fanout)
    fanout.to_user(user, event, state.user(event.by))
    others = [member for member in room.members if member is not user and member.nick != event.by]
    fanout.to_users(others, aside(event), None)


def modes_set(state: State, event: ModesSet, fanout: Fanout) -> None:
    """What holds in the room from now on; everybody in it hears it."""
    room = state.room(event.room)
    if room is not None:
        room.number = event.number
        announce(room, state.user(event.by), event.time, fanout)
        for change in event.changes:
            _change(state, room, change, event, fanout)
        fanout.in_room(room, event, state.user(event.by))


def topic_set(state: State, event: TopicSet, fanout: Fanout) -> None:
    """What holds in the room, whether or not somebody is in it."""
    room = state.opened(event.room)
    room.number = event.number
    room.topic = event if event.topic else None
    announce(room, state.user(event.by), event.time, fanout)
    fanout.in_room(room, event, state.user(event.by))
    state.tidy(names.fold(event.room))


def room_renamed(state: State, event: RoomRenamed, fanout: Fanout) -> None:
    """Everybody in it is in a room of another name; each hears what they would need to come in."""
    before, after = names.fold(event.room), names.fold(event.to)
    if before not in state.rooms or (after != before and after in state.rooms):
        return
    room = state.rooms.pop(before)
    state.dormant.pop(before, None)
    state.leavings.rename(before, after)
    _move_access(state, before, after)
    announce_all(room, event.time, fanout)
    fanout.flush()
    room.name, room.number = event.to, event.number
    state.rooms[after] = room
    if room.topic is not None:
        room.topic = replace(room.topic, room=event.to)
    people = room.roster.names
    for member in room.members:
        del member.rooms[before]
        member.rooms[after] = room
        moved = _moved(event, room, member, people, topic_for(state, member, room))
        fanout.to_user(member, moved, None)


def access_set(state: State, event: AccessSet, fanout: Fanout) -> None:
    """What is known is what was stored."""
    folded = names.fold(event.room)
    state.access.pop(folded, None)
    access = Access(event.closed, event.floor, event.readers, event.revision)
    if access != Access(revision=event.revision):
        state.access[folded] = access


def _move_access(state: State, before: str, after: str) -> None:
    """It goes with the room; the revision is that of the document under the room's name."""
    access = state.access.pop(before, None)
    there = access if before == after else state.access.pop(after, None)
    if access is not None:
        state.access[after] = replace(access, revision=there.revision if there else 0)


def _unseat(state: State, room: Room, user: User, time: int, fanout: Fanout) -> None:
    """Somebody who was told why is not in the room any more."""
    folded = names.fold(room.name)
    state.leavings.remember(folded, user.remembered_as, Leaving(room.number, time))
    fanout.leaves(room, user)
    room.leave(user)
    user.rooms.pop(folded, None)
    someone_left(state, room, time, fanout)
    state.tidy(folded)


def _change(state: State, room: Room, change: ModeChange, event: ModesSet, fanout: Fanout) -> None:
    mode, value, on = change.mode, change.value, change.sign == "+"
    if mode in modes.RANKS:
        user = state.at((event.sessions or {}).get(value, ""))
        if user is not None and user in room.members:
            announce(room, user, event.time, fanout)
            room.rank(user, room.ranks.get(user, "").replace(mode, "") + (mode if on else ""))
    elif mode in modes.LISTS:
        mask = modes.Mask(value, f"{event.by}!{event.origin}" if event.origin else event.by, event.time)
        masks = room.lists.setdefault(mode, {})
        if on:
            masks[mask.key] = mask
            _uninvite(state, room, mode)
        else:
            masks.pop(mask.key, None)
    elif on:
        room.modes[mode] = value
        state.slow |= mode == modes.SLOW
    else:
        room.modes.pop(mode, None)
        if mode == modes.SLOW:
            room.spoke.clear()


def _uninvite(state: State, room: Room, mode: str) -> None:
    """Who is banned now is not invited any more."""
    if mode == "b":
        for session in list(room.invited):
            user = state.at(session)
            if user is None or room.banned(user):
                del room.invited[session]


def _moved(event: RoomRenamed, room: Room, member: User, people: tuple[str, ...], topic: TopicSet | None) -> Moved:
    return Moved(
        time=event.time,
        number=event.number,
        id=event.id,
        origin=event.origin,
        account=event.account,
        to=member.nick,
        to_origin=member.origin,
        to_account=member.account,
        to_name=member.name,
        by=event.by,
        was=event.room,
        room=event.to,
        reason=event.reason,
        topic=topic.topic if topic else "",
        topic_by=topic.by if topic else "",
        topic_time=topic.time if topic else 0,
        people=people,
        secret="s" in room.modes,
    )


EFFECTS: Table = {
    AccessSet: access_set,
    Joined: joined,
    Left: left,
    Kicked: kicked,
    Invited: invited,
    ModesSet: modes_set,
    TopicSet: topic_set,
    RoomRenamed: room_renamed,
}
