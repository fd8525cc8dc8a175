"""What a rule is, and the questions many rules ask."""

from collections.abc import Generator
from typing import Any

from tcpchat.chat.access import topic_for
from tcpchat.chat.rights import IN_ROOMS, NEEDED, SEES
from tcpchat.chat.room import Room
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import events, names, records, text
from tcpchat.model.commands import Command
from tcpchat.model.replies import Person, Refused, Reply

Rule = Generator[records.Wish, Any, Reply]
"""Sent in for an `Append`: the stored event. For a `Hold`: the event, or None if somebody else has the thing.
For a `Put`: the document, or None if another one was there. For a `Read`: a list of events, oldest first."""

Table = dict[type[Any], Any]
"""Which rule decides on which command."""


def visible(state: State, user: User, name: str) -> Room:
    """The room of this name.

    :raises Refused: if there is none that is somebody's business.
    """
    room = state.room(name)
    if room is None or hidden(room, user):
        raise Refused("no_such_room", f"There is no room {text.one_line(name)[:80]}.", about=name)
    return room


def seat_in(state: State, user: User, name: str) -> Room:
    """The room, if the user is in it.

    :raises Refused: otherwise; the same words whether or not there is such a room.
    """
    room = user.rooms.get(names.fold(name))
    if room is None:
        raise Refused("not_in_room", f"You are not in {text.one_line(name)[:80]}. Join it first.", about=name)
    return room


def runs(state: State, user: User, room: Room) -> bool:
    """Whether somebody may decide about a room: its operators; where there are none, as in the lobby, the server's."""
    return "o" in room.ranks.get(user, "") or (
        IN_ROOMS in user.rights and not any("o" in rank for rank in room.ranks.values())
    )


def run_by(state: State, user: User, name: str) -> Room:
    """The room, if the user is in it and may decide about it.

    :raises Refused: otherwise.
    """
    visible(state, user, name)
    room = seat_in(state, user, name)
    if not runs(state, user, room):
        raise Refused("not_operator", f"You are not an operator of {room.name}.", about=room.name)
    return room


def silenced(state: State, user: User, room: Room, nick: str = "") -> bool:
    """Whether somebody (called `nick`) may not speak in a room because they are banned there, or muted."""
    return (
        bool(room.lists.get("b")) and user not in room.ranks and not runs(state, user, room) and room.muted(user, nick)
    )


def check_voice(state: State, user: User, room: Room) -> None:
    """Let those go on who may speak.

    :raises Refused: for those who are banned, or muted.
    """
    if silenced(state, user, room):
        raise Refused("cannot_speak", f"You may not speak in {room.name}.", about=room.name)


def check_voices(state: State, user: User) -> None:
    """The same, for what all their rooms are told."""
    for room in user.rooms.values():
        check_voice(state, user, room)


def entitled(asker: User | Listener, wish: Command) -> None:
    """Let those go on who have the right that the command needs.

    :raises Refused: for everybody else; for all who are no administrators, if nothing says which right that is.
    """
    listener = asker.listener if isinstance(asker, User) else asker
    rights = asker.rights if isinstance(asker, User) else frozenset()
    if not listener.administrator and NEEDED.get(type(wish)) not in rights:
        raise Refused("no_privileges", "That is for those of this server's operators who have the right to do it.")


def person(state: State, nick: str) -> User:
    """Who bears the nick.

    :raises Refused: if nobody does.
    """
    user = state.user(nick)
    if user is None:
        raise Refused("no_such_nick", f"There is nobody called {text.one_line(nick)[:40]} here.", about=nick)
    return user


def fitting(code: str, what: str, wanted: str, most: int) -> str:
    """The text, if it has at most so many bytes.

    :raises Refused: otherwise. Nothing is ever cut in silence.
    """
    size = len(wanted) if wanted.isascii() else len(wanted.encode("utf-8", "replace"))
    if size > most:
        raise Refused(code, f"{what} of {size} bytes is too long: {most} at most.")
    return wanted


def topic_of(state: State, user: User, room: Room) -> events.TopicSet:
    """The topic that holds, or an empty one, also for one that somebody may not read."""
    return topic_for(state, user, room) or events.TopicSet(room=room.name, by="", topic="")


def hidden(room: Room, user: User) -> bool:
    """Whether a room is none of somebody's business."""
    return "s" in room.modes and user not in room.members and SEES not in user.rights


def acquainted(one: User, other: User) -> bool:
    """Whether two share a room, or are the same."""
    return one is other or not one.rooms.keys().isdisjoint(other.rooms)


def about(user: User, room: Room | None = None, now: int = 0) -> Person:
    """What others may know; what they are in the room, and for how long they were silent at this time (ms)."""
    return Person(
        nick=user.nick,
        origin=user.origin,
        name=user.name,
        away=user.away,
        account=user.account,
        operator=user.operator,
        bot=user.bot,
        rank=room.shown_rank(user) if room else "",
        idle=max(0, now - user.heard) // 1_000,
    )
