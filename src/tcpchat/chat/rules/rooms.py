"""Rooms: joining and leaving them, what they are called and about, which there are."""

from collections.abc import Generator, Iterable
from typing import Any

from tcpchat.chat import masks, modes
from tcpchat.chat.access import Access
from tcpchat.chat.leavings import Leaving
from tcpchat.chat.room import Room
from tcpchat.chat.rules import access
from tcpchat.chat.rules.registered import rank_by_account
from tcpchat.chat.rules.rule import (
    Rule,
    Table,
    check_voice,
    fitting,
    hidden,
    run_by,
    runs,
    seat_in,
    silenced,
    topic_of,
    visible,
)
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records, text
from tcpchat.model.commands import Join, ListRooms, Part, RenameRoom, RoomFilter, SetTopic, ShowTopic
from tcpchat.model.events import LOGGED, Joined, Left, RoomRenamed, TopicSet
from tcpchat.model.replies import Done, Refused, RoomInfo, Rooms, Seated, Topic

MOST_RENAMED = 1_000
"""People in a room that is renamed: each of them is told of all the others."""


def join(state: State, user: User, wish: Join) -> Rule:
    """A seat in the room, which is opened if it was not. Who is in it already just gets the same answer again."""
    folded, session = names.room(wish.room), user.listener.session
    joined = None
    while joined is None:  # another room may be given this name meanwhile
        known = state.access.get(folded)
        number = yield from _number_of(state, folded)
        room = state.rooms.get(folded)
        if room is not None and user in room.members:
            return seated(state, user, room, room.members[user])
        _check_space(state, user, folded)
        if room is not None and room.lasts:
            _check_entrance(room, user, wish.key)
        elif room is not None and folded == names.LOBBY and room.banned(user):  # it keeps its bans when it is empty
            raise Refused("banned", f"You are banned from {room.name}.", about=room.name)
        else:
            _check_looks(state, wish.room)
        if state.access.get(folded) is not known or (yield from access.newcomer(state, user, folded, number)):
            continue
        event = user.signs(Joined, room=room.name if room else wish.room, name=user.name, away=user.away)
        joined = yield records.Hold(records.seat(folded, session), session, event)
    room = state.room(joined.room)
    if room is not None and user not in room.members and room.lasts:  # something else holds by now
        yield records.Drop(records.seat(folded, session), session)
        yield from access.leaver(state, user, room)
        _check_entrance(room, user, wish.key)
    room = seat_in(state, user, joined.room)  # it may have another name by now
    if len(room.members) == 1 and not room.founder:
        yield from _first_of_its_looks(state, user, room)
    if room.founder:
        yield from rank_by_account(state, user, room)
    left = state.leavings.of(names.fold(room.name), user.remembered_as)
    if left.time and not left.number:  # nothing had been said there since the server's start
        left = left._replace(number=(yield records.Find(names.fold(room.name), time=left.time + 1)) - 1)
    return seated(state, user, room, room.members[user] or number, left)


def part(state: State, user: User, wish: Part) -> Rule:
    """The seat is free again."""
    room = seat_in(state, user, wish.room)
    reason = fitting("too_long", "A reason", text.one_line(wish.reason), state.config.limits.reason_bytes)
    reason = "" if silenced(state, user, room) else reason  # who may not speak does not on leaving
    session = user.listener.session
    if (yield from access.leaver(state, user, room)):
        room = seat_in(state, user, room.name)
    event = user.signs(Left, room=room.name, reason=reason)
    yield records.Drop(records.seat(names.fold(room.name), session), session, event)
    yield from access.leaver(state, user, room)
    return Done()


def set_topic(state: State, user: User, wish: SetTopic) -> Rule:
    """What the room is about, for all who come."""
    visible(state, user, wish.room)
    room = seat_in(state, user, wish.room)
    if "t" in room.modes and not runs(state, user, room):
        raise Refused("not_operator", f"Only operators set the topic of {room.name}.", about=room.name)
    check_voice(state, user, room)
    topic = fitting("too_long", "A topic", text.one_line(wish.topic), state.config.limits.topic_bytes)
    yield records.Append(user.signs(TopicSet, room=room.name, topic=topic))
    return Done()


def show_topic(state: State, user: User, wish: ShowTopic) -> Rule:
    """What the room is about."""
    topic = topic_of(state, user, visible(state, user, wish.room))
    return Topic(room=topic.room, topic=topic.topic, by=topic.by, time=topic.time)
    yield


def list_rooms(state: State, user: User, wish: ListRooms) -> Rule:
    """All rooms, the fullest first, or those asked for."""
    asked = dict.fromkeys(map(names.fold, wish.rooms[: state.config.limits.rooms_per_client]))
    wanted: Iterable[Room | None] = map(state.rooms.get, asked) if wish.rooms else state.rooms.values()
    rooms = [room for room in wanted if room is not None and not hidden(room, user) and _fits(wish.where, room)]
    shown = [info(state, user, room) for room in rooms]
    return Rooms(rooms=sorted(shown, key=lambda room: (-room.people, room.room)))
    yield


def rename_room(state: State, user: User, wish: RenameRoom) -> Rule:
    """The room keeps its people, its modes, its topic and its log; the old name is free."""
    after = _new_name(wish)
    known: list[LOGGED] = yield records.Read(after, 1)  # then decide: much may have changed meanwhile
    room = _renamed(state, user, wish, known)
    reason = fitting("too_long", "A reason", text.one_line(wish.reason), state.config.limits.reason_bytes)
    before, kept = names.fold(room.name), state.access.get(after, Access())
    while (yield from access.copied(state, before, after)):
        room = _renamed(state, user, wish, known)
    if (yield records.Append(user.signs(RoomRenamed, room=room.name, to=wish.to, reason=reason))) is None:
        yield from access.restored(state, after, kept)
        raise _taken(wish)
    yield from access.moved(state, before, after)
    return Done()


def _renamed(state: State, user: User, wish: RenameRoom, known: list[LOGGED]) -> Room:
    """The room, if it can have the name; `known` is something that is kept under that name.

    :raises Refused: otherwise.
    """
    room = run_by(state, user, wish.room)
    before, after = names.fold(room.name), names.fold(wish.to)
    if room.founder:
        why = f"{room.name} is registered under this name. Its founder can drop it first."
        raise Refused("cannot_rename", why, about=(wish.room, wish.to))
    if before == names.LOBBY:
        raise Refused(
            "cannot_rename", f"Everybody meets in {names.LOBBY}: it keeps its name.", about=(wish.room, wish.to)
        )
    if len(room.members) > MOST_RENAMED:
        why = f"{room.name} has too many people: {MOST_RENAMED} at most can be told of another name."
        raise Refused("cannot_rename", why, about=(wish.room, wish.to))
    if wish.to == room.name:
        raise Refused("cannot_rename", f"It is called {room.name} already.", about=(wish.room, wish.to))
    if after != before and (known or after in state.rooms):
        raise _taken(wish)
    other = state.rooms.alike(wish.to)
    if other is not None and other is not room:
        why = f"The name {wish.to} looks like {other.name}, which is another room."
        raise Refused("cannot_rename", why, about=(wish.room, wish.to))
    return room


def seated(state: State, user: User, room: Room, number: int, left: Leaving | None = None) -> Seated:
    """What a newcomer wants to know; entry `number` was the room's latest when they sat down.

    Without a time when they `left` last, they were in it already.
    """
    topic = topic_of(state, user, room)
    return Seated(
        room=room.name,
        people=[*room.roster.nicks, *([user.nick] if user in room.quiet else [])],
        ranks=room.shown_ranks(),
        quiet=len(room.quiet) - (user in room.quiet),
        secret="s" in room.modes,
        topic=topic.topic,
        topic_by=topic.by,
        topic_time=topic.time,
        number=number,
        already=left is None,
        recorded=state.config.data is not None,
        left=left.number if left else 0,
        left_time=left.time if left else 0,
    )


def info(state: State, user: User, room: Room) -> RoomInfo:
    """A room as a list shows it to somebody."""
    topic = topic_of(state, user, room)
    return RoomInfo(
        room=room.name,
        people=len(room.members),
        topic=topic.topic,
        topic_time=topic.time,
        created=room.created,
    )


def _number_of(state: State, folded: str) -> Generator[records.Wish, Any, int]:
    """The number of a room's latest entry; 0 if there is none."""
    room = state.rooms.get(folded)
    if room is not None and room.number:
        return room.number
    latest: list[LOGGED] = yield records.Read(folded, 1)
    return latest[0].number if latest else 0


def _check_space(state: State, user: User, folded: str) -> None:
    limits = state.config.limits
    if len(user.rooms) >= limits.rooms_per_client:
        raise Refused("too_many_rooms", f"You are in {len(user.rooms)} rooms, as many as one can be in.", about=folded)
    if folded not in state.rooms and len(state.rooms) - len(state.dormant) >= limits.rooms:
        raise Refused("too_many_rooms", "This server has no space for another room.", about=folded)


def _check_looks(state: State, name: str) -> None:
    """Nobody opens a room that is taken for another one."""
    other = state.rooms.alike(name)
    if other is not None:
        raise _looks_like(name, other)


def _first_of_its_looks(state: State, user: User, room: Room) -> Generator[records.Wish, Any, None]:
    """Of two rooms that look alike and were opened at the same moment, one is left again at once."""
    other = state.rooms.alike(room.name)
    if other is None or (room.created, room.name) < (other.created, other.name):
        return
    yield records.Drop(
        records.seat(names.fold(room.name), user.listener.session),
        user.listener.session,
        user.signs(Left, room=room.name, reason=""),
    )
    raise _looks_like(room.name, other)


def _looks_like(name: str, other: Room) -> Refused:
    known = other.name if "s" not in other.modes else "one that is there"
    return Refused("bad_room", f"The name {name} looks like {known}: nobody could tell the two apart.", about=name)


def _check_entrance(room: Room, user: User, key: str) -> None:
    """An invitation gets one in past everything but a key (RFC 2811, sections 4.2.10 and 4.3)."""
    if room.is_own(user):
        return
    name, invited = room.name, user.listener.session in room.invited
    if modes.KEY in room.modes and key != room.modes[modes.KEY]:
        why = f"{name} has a key, and that is not it." if key else f"{name} has a key: /join {name} KEY."
        raise Refused("wrong_key", why, about=name)
    if invited:
        return
    if room.banned(user):
        raise Refused("banned", f"You are banned from {name}.", about=name)
    if "i" in room.modes and not room.listed(user, "I"):
        raise Refused("invite_only", f"One has to be invited into {name}.", about=name)
    if "R" in room.modes and not user.account:
        raise Refused("need_account", f"Only who is logged in comes into {name}.", about=name)
    if room.is_full:
        raise Refused("room_full", f"{name} is full.", about=name)


def lets_in(room: Room, user: User, key: str) -> bool:
    """Whether somebody who asks now comes into a room that is there."""
    if not room.lasts:
        return True
    try:
        _check_entrance(room, user, key)
    except Refused:
        return False
    return True


def _fits(where: RoomFilter, room: Room) -> bool:
    people, created, topic = len(room.members), room.created, room.topic.time if room.topic else None
    return (
        (not where.mask or masks.fits(where.mask, room.name))
        and (not where.not_mask or not masks.fits(where.not_mask, room.name))
        and (where.more_people is None or people > where.more_people)
        and (where.fewer_people is None or people < where.fewer_people)
        and (where.created_after is None or created > where.created_after)
        and (where.created_before is None or created < where.created_before)
        and (where.topic_after is None or (topic is not None and topic > where.topic_after))
        and (where.topic_before is None or (topic is not None and topic < where.topic_before))
    )


def _taken(wish: RenameRoom) -> Refused:
    return Refused("room_taken", f"There is a room {wish.to} already.", about=(wish.room, wish.to))


def _new_name(wish: RenameRoom) -> str:
    try:
        return names.room(wish.to)
    except Refused as refusal:
        raise Refused("cannot_rename", refusal.text, about=(wish.room, wish.to)) from None


RULES: Table = {
    Join: join,
    Part: part,
    SetTopic: set_topic,
    ShowTopic: show_topic,
    ListRooms: list_rooms,
    RenameRoom: rename_room,
}
