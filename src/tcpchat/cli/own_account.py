"""One's own account, as it is typed about. Passwords are asked for, and not shown; none is typed behind a command."""

from typing import TYPE_CHECKING

from tcpchat.cli.show import notice
from tcpchat.model import commands

if TYPE_CHECKING:
    from tcpchat.cli.talk import Talk


async def register(talk: "Talk", argument: str) -> None:
    """/register [INVITATION]"""
    password = await talk.new_secret("The new password: ")
    await talk.chat.register(password, invitation=argument)
    await talk.show(notice("You have an account, and your name is nobody else's now."))


async def login(talk: "Talk", argument: str) -> None:
    """/login [NAME]"""
    account = argument or talk.me
    await talk.chat.log_in(account, await talk.secret(f"Password of {account}: "))
    await talk.show(notice(f"You are logged in as {account}."))


async def password(talk: "Talk", argument: str) -> None:
    """/password"""
    old = await talk.secret("The old password: ")
    await talk.chat.request(commands.SetPassword(old=old, password=await talk.new_secret("The new password: ")))
    await talk.show(notice("Your password is changed, and your other connections are closed."))


async def regain(talk: "Talk", argument: str) -> None:
    """/regain"""
    await talk.chat.request(commands.Regain())


async def drop(talk: "Talk", argument: str) -> None:
    """/drop"""
    typed = await talk.secret("To give up your account for ever, its password: ")
    await talk.chat.request(commands.DropAccount(password=typed))
    await talk.show(notice("Your account is given up. Nobody can have one of that name again."))
