"""What the operators of a room can type: who comes in, who speaks, and whose it is."""

from typing import TYPE_CHECKING, Literal

from tcpchat.cli.show import notice
from tcpchat.model import commands
from tcpchat.model.words import ADMITTED

if TYPE_CHECKING:
    from tcpchat.cli.talk import Talk


async def kick(talk: "Talk", argument: str) -> None:
    """/kick NAME [WHY]"""
    nick, _, reason = argument.partition(" ")
    await talk.ask(commands.Kick(room=talk.here, nick=nick, reason=reason.strip()))


async def ban(talk: "Talk", argument: str) -> None:
    """/ban NAME or MASK"""
    await _change(talk, "+", "b", f"~p:{argument}")


async def unban(talk: "Talk", argument: str) -> None:
    """/unban NAME or MASK"""
    await _change(talk, "-", "b", f"~p:{argument}")


async def mute(talk: "Talk", argument: str) -> None:
    """/mute NAME or MASK"""
    await _change(talk, "+", "b", f"~m:~p:{argument}")


async def op(talk: "Talk", argument: str) -> None:
    """/op NAME"""
    await _change(talk, "+", "o", argument)


async def deop(talk: "Talk", argument: str) -> None:
    """/deop NAME"""
    await _change(talk, "-", "o", argument)


async def invite(talk: "Talk", argument: str) -> None:
    """/invite NAME"""
    await talk.ask(commands.Invite(room=talk.here, nick=argument))


async def slow(talk: "Talk", argument: str) -> None:
    """/slow SECONDS"""
    await _change(talk, "-" if argument == "0" else "+", "d", argument)


async def key(talk: "Talk", argument: str) -> None:
    """/key [KEY]"""
    await _change(talk, "+" if argument else "-", "k", argument)


async def admit(talk: "Talk", argument: str) -> None:
    """/admit invited, members or all"""
    changes = ADMITTED.get(argument.lower())
    if changes is None:
        await talk.refuse("Whom? /admit invited, /admit members (those who are logged in) or /admit all.")
    else:
        await talk.ask(commands.SetModes(room=talk.here, changes=list(changes)))


async def keep(talk: "Talk", argument: str) -> None:
    """/keep"""
    room = talk.here
    await talk.ask(commands.RegisterRoom(room=room))
    await talk.show(notice(f"{room} is yours now, and stays as it is."))


async def abandon(talk: "Talk", argument: str) -> None:
    """/abandon"""
    room = talk.here
    await talk.ask(commands.DropRoom(room=room))
    await talk.show(notice(f"{room} is nobody's now, and lasts as long as somebody is in it."))


async def _change(talk: "Talk", sign: Literal["+", "-"], mode: str, value: str) -> None:
    await talk.ask(commands.SetModes(room=talk.here, changes=[commands.ModeChange(sign, mode, value)]))
