"""Accounts for people with nc: the door, with the passwords that are asked for there, and what can be typed inside."""

from collections.abc import Iterator
from typing import Protocol

from tcpchat.model import commands, names, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.told import text_lines

PROMPT = "Nickname: "
PASSWORD = b"Password: "
MOST_TRIES = 2
"""How often the password of an account is asked for."""


class Inside(Protocol):
    """Whoever types it."""

    me: str
    """What they are called."""


class Door:
    """A nickname; the server's password, if it asks for one; that of the account that owns the name."""

    def __init__(self, *, asks_password: bool, secure: bool) -> None:
        self._asks_password = asks_password
        self._secure = secure
        self._nick = ""
        """The nick of somebody who has yet to say the server's password."""
        self._password = ""
        """The server's, as it was said."""
        self._owned: replies.Refused | None = None
        """Why somebody may not be called as they want: the name belongs to an account."""
        self._tries = 0
        self._account = ""
        """The account they are logged in to."""

    def read(self, line: str) -> Iterator[Request | bytes]:
        """What is typed before one is in."""
        if self._owned is not None:
            yield from self._prove(self._owned.about[0], line)
        elif self._asks_password and self._nick:
            nick, self._nick, self._password = self._nick, "", line
            yield self._entering(nick)
        elif self._asks_password and line:
            self._nick = line
            yield PASSWORD
        else:
            yield self._entering(line) if line else PROMPT.encode()

    def refused(self, request: Request, refusal: replies.Refused) -> bytes:
        """Why one is not in yet, and the next question."""
        if isinstance(request.command, commands.LogIn):
            return text_lines(f"-- {refusal.text}")  # `_prove` asks the next question
        if refusal.code != "nick_owned":
            return text_lines(f"-- {refusal.text}") + PROMPT.encode()
        owned = f"-- The name {refusal.about[0]} belongs to an account."
        if not self._secure:
            return text_lines(f"{owned} Passwords are taken over TLS only. Choose another name.") + PROMPT.encode()
        self._owned, self._tries = refusal, 0
        return text_lines(f"{owned} If it is yours, type its password; if not, just press Enter.") + PASSWORD

    def logged_in(self, account: str) -> None:
        """The password was right."""
        self._account = account

    def _entering(self, nick: str) -> Request:
        return Request(commands.Enter(nick=nick, user=nick, password=self._password))

    def _prove(self, nick: str, password: str) -> Iterator[Request | bytes]:
        """Some times; then, or when nothing is typed, another name is asked for."""
        refusal, self._account = self._owned, ""
        if password:
            self._tries += 1
            yield Request(commands.LogIn(account=nick, password=password))
        if self._account:
            self._owned = None
            yield self._entering(nick)
        elif password and self._tries < MOST_TRIES:
            yield PASSWORD
        else:
            self._owned = None
            suggestion = refusal.suggestion if refusal is not None else ""
            yield text_lines(f"-- Choose another name, for example {suggestion}.") + PROMPT.encode()


def read_register(me: Inside, argument: str) -> Iterator[Request | bytes]:
    """/register PASSWORD [INVITATION]"""
    password, _, invitation = argument.partition(" ")
    yield Request(commands.Register(password=password, invitation=invitation.strip()))


def read_login(me: Inside, argument: str) -> Iterator[Request | bytes]:
    """/login [NAME] PASSWORD"""
    name, _, password = argument.partition(" ")
    name, password = (name, password.strip()) if password.strip() else (me.me, name)
    yield Request(commands.LogIn(account=name, password=password))


def read_password(me: Inside, argument: str) -> Iterator[Request | bytes]:
    """/password OLD NEW"""
    old, _, new = argument.partition(" ")
    yield Request(commands.SetPassword(old=old, password=new.strip()))


def read_regain(me: Inside, argument: str) -> Iterator[Request | bytes]:
    """/regain"""
    yield Request(commands.Regain())


def read_drop(me: Inside, argument: str) -> Iterator[Request | bytes]:
    """/drop PASSWORD"""
    yield Request(commands.DropAccount(password=argument))


def write_logged_in(me: Inside, command: commands.Command, reply: replies.LoggedInReply) -> bytes:
    """As whom; and what else is to be done to be called so."""
    if isinstance(command, commands.Register):
        return text_lines(f"-- The account {reply.account} is yours, and so is the name. Keep the password.")
    called = names.fold(me.me) == names.fold(reply.account)
    hint = "" if called else f" The name is yours, too: /nick {reply.account}"
    return text_lines(f"-- You are logged in as {reply.account}.{hint}")


DONE: dict[type[commands.Command], str] = {
    commands.SetPassword: "-- Your password is changed, and your other connections are closed.",
    commands.DropAccount: "-- Your account is given up. Nobody can have one of that name again.",
}
