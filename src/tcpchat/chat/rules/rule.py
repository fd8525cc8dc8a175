"""What a rule is, and the questions many rules ask."""

from collections.abc import Generator
from typing import Any

from tcpchat.chat.room import Room
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import events, names, records, text
from tcpchat.model.replies import Refused, Reply

Rule = Generator[records.Wish, Any, Reply]
"""Sent in for an `Append`: the stored event. For a `Hold`: the event, or None if somebody else has the thing.
For a `Read`: a list of events, oldest first."""


def seat_in(state: State, user: User, name: str) -> Room:
    """The room, if the user is in it.

    :raises Refused: otherwise; the same words whether or not there is such a room.
    """
    room = user.rooms.get(names.fold(name))
    if room is None:
        raise Refused("not_in_room", f"You are not in {text.one_line(name)[:80]}. Join it first.", about=name)
    return room


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


def topic_of(room: Room) -> events.TopicSet:
    """The topic that holds, or an empty one."""
    return room.topic or events.TopicSet(room=room.name, by="", topic="")


Table = dict[type[Any], Any]
"""Which rule decides on which command."""
