"""Rooms for people with nc: what their operators can type, and having one as one's own."""

from collections.abc import Iterator
from typing import Literal, Protocol

from tcpchat.model import commands
from tcpchat.model.words import ADMITTED
from tcpchat.wire.dialect import Request
from tcpchat.wire.told import text_lines


class Here(Protocol):
    """Whoever types it."""

    @property
    def current(self) -> str:
        """The room to which what is typed goes."""


def read_kick(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/kick NAME [WHY]"""
    nick, _, reason = argument.partition(" ")
    yield Request(commands.Kick(room=here.current, nick=nick, reason=reason))


def read_invite(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/invite NAME"""
    yield Request(commands.Invite(room=here.current, nick=argument))


def read_op(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/op NAME"""
    yield _change(here, "+", "o", argument)


def read_ban(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/ban NAME or MASK"""
    yield _change(here, "+", "b", f"~p:{argument}")


def read_unban(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/unban NAME or MASK"""
    yield _change(here, "-", "b", f"~p:{argument}")


def read_mute(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/mute NAME or MASK"""
    yield _change(here, "+", "b", f"~m:~p:{argument}")


def read_slow(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/slow SECONDS"""
    yield _change(here, "-" if argument == "0" else "+", "d", argument)


def read_key(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/key [KEY]"""
    yield _change(here, "+" if argument else "-", "k", argument)


def read_admit(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/admit invited, members or all"""
    changes = ADMITTED.get(argument.lower())
    if changes is None:
        yield text_lines("-- Whom? /admit invited, /admit members (those who are logged in) or /admit all.")
    else:
        yield Request(commands.SetModes(room=here.current, changes=list(changes)))


def _change(here: Here, sign: Literal["+", "-"], mode: str, value: str) -> Request:
    return Request(commands.SetModes(room=here.current, changes=[commands.ModeChange(sign, mode, value)]))


def read_keep(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/keep"""
    yield Request(commands.RegisterRoom(room=here.current))


def read_abandon(here: Here, argument: str) -> Iterator[Request | bytes]:
    """/abandon"""
    yield Request(commands.DropRoom(room=here.current))
