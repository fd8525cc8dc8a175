"""Rooms: joining and leaving them, what they are called about, which there are."""

from tcpchat.chat.room import Room
from tcpchat.chat.rules.rule import Rule, Table, fitting, seat_in, topic_of
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records, text
from tcpchat.model.commands import Join, ListRooms, Part, SetTopic, ShowTopic
from tcpchat.model.events import LOGGED, Joined, Left, TopicSet
from tcpchat.model.replies import Done, Refused, RoomInfo, Rooms, Seated, Topic


def join(state: State, user: User, wish: Join) -> Rule:
    """A seat in the room, which is opened if it was not. Who is in it already just gets the same answer again."""
    folded = names.room(wish.room)
    room = state.rooms.get(folded)
    if room is not None and user in room.members:
        return seated(room, room.members[user], already=True)
    _check_space(state, user, folded)
    latest: list[LOGGED] = [] if room is not None and room.number else (yield records.Read(folded, 1))
    event = Joined(room=room.name if room else wish.room, by=user.nick, origin=user.origin, name=user.name)
    yield records.Hold(records.seat(folded, user.listener.session), user.listener.session, event)
    room = seat_in(state, user, wish.room)
    return seated(room, room.members[user] or sum(entry.number for entry in latest))


def part(state: State, user: User, wish: Part) -> Rule:
    """The seat is free again."""
    room = seat_in(state, user, wish.room)
    reason = fitting("too_long", "A reason", text.one_line(wish.reason), state.config.limits.reason_bytes)
    event = Left(room=room.name, by=user.nick, reason=reason, origin=user.origin)
    yield records.Drop(records.seat(names.fold(room.name), user.listener.session), user.listener.session, event)
    return Done()


def set_topic(state: State, user: User, wish: SetTopic) -> Rule:
    """What the room is about, for all who come."""
    room = seat_in(state, user, wish.room)
    topic = fitting("too_long", "A topic", text.one_line(wish.topic), state.config.limits.topic_bytes)
    yield records.Append(TopicSet(room=room.name, by=user.nick, topic=topic, origin=user.origin))
    return Done()


def show_topic(state: State, user: User, wish: ShowTopic) -> Rule:
    """What the room is about."""
    room = state.room(wish.room)
    if room is None:
        raise Refused("no_such_room", f"There is no room {text.one_line(wish.room)[:80]}.", about=wish.room)
    topic = topic_of(room)
    return Topic(room=topic.room, topic=topic.topic, by=topic.by, time=topic.time)
    yield


def list_rooms(state: State, user: User, wish: ListRooms) -> Rule:
    """All rooms, the fullest first, or those asked for."""
    asked = dict.fromkeys(map(names.fold, wish.rooms[: state.config.limits.rooms_per_client]))
    wanted = map(state.rooms.get, asked) if wish.rooms else state.rooms.values()
    rooms = [info(room) for room in wanted if room is not None]
    return Rooms(rooms=sorted(rooms, key=lambda room: (-room.people, room.room)))
    yield


def seated(room: Room, number: int, *, already: bool = False) -> Seated:
    """What a newcomer wants to know; entry `number` was the room's latest when they sat down."""
    topic = topic_of(room)
    return Seated(
        room=room.name,
        people=[member.nick for member in room.members],
        topic=topic.topic,
        topic_by=topic.by,
        topic_time=topic.time,
        number=number,
        already=already,
    )


def info(room: Room) -> RoomInfo:
    """A room as a list shows it."""
    return RoomInfo(room=room.name, people=len(room.members), topic=topic_of(room).topic)


def _check_space(state: State, user: User, folded: str) -> None:
    limits = state.config.limits
    if len(user.rooms) >= limits.rooms_per_client:
        raise Refused("too_many_rooms", f"You are in {len(user.rooms)} rooms, as many as one can be in.", about=folded)
    if folded not in state.rooms and len(state.rooms) - len(state.dormant) >= limits.rooms:
        raise Refused("too_many_rooms", "This server has no space for another room.", about=folded)


RULES: Table = {
    Join: join,
    Part: part,
    SetTopic: set_topic,
    ShowTopic: show_topic,
    ListRooms: list_rooms,
}
