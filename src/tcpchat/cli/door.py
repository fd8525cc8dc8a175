"""How scripts come in: to which server, as whom, and into which room."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tcpchat.cli.given import FILE, SERVER_PASSWORD, keyring_of, proof
from tcpchat.cli.preferences import load
from tcpchat.cli.servers import Options, resolved
from tcpchat.cli.trust import safety, tell_at_once, tls_options
from tcpchat.cli.usage import BadUsage, words
from tcpchat.model import commands, names, replies
from tcpchat.model.errors import EX_NOPERM, EX_UNAVAILABLE, CannotStart
from tcpchat.model.replies import Refused

if TYPE_CHECKING:
    from tcpchat.client.client import Client

_Command = TypeVar("_Command", bound=Callable[..., Any])

MOST_NICKS = 10
"""How many names are tried."""

ENTRANCE_SECONDS = 30.0
"""How long it may take until one is in a room; the client itself gives up earlier, if there is nobody."""

_OPTIONS = (
    click.option(
        "--server", "-s", default="", metavar="ADDRESS", type=words,
        help="HOST[:PORT], with TLS tls://HOST[:PORT], or a name in your settings. [default: theirs, or this machine]",
    ),
    click.option(
        "--nick", default="", metavar="NAME", type=words,
        help="What you are called; if somebody else is, something like it. [default: your user name]",
    ),
    click.option(
        "--account", "-a", default="", metavar="NAME", type=words,
        help=f"Log in first. The password stands in the file {FILE}. The server's own, if it asks for one, "
        f"in {SERVER_PASSWORD} itself.",
    ),
    click.option("--password-command", default="", metavar="COMMAND", help="What prints the password of the account."),
)  # fmt: skip


def door_options(command: _Command) -> _Command:
    """Give a command the options that a `Door` takes."""
    command = tls_options(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def room_option(help: str, **more: Any) -> Callable[[_Command], _Command]:
    """The option that names a room. It may be written without its #, which shells take for a comment."""
    return click.option("--room", "-r", metavar="ROOM", type=words, callback=_with_its_sign, help=help, **more)


class Door:
    """The way in for one run of a command."""

    def __init__(self, *, server: str, nick: str, **given: Any) -> None:
        """
        :param given: the other options of `door_options`.
        :raises BadUsage: if they do not fit together, or a password is missing.
        :raises CannotStart: if the settings cannot be read.
        """
        target = resolved(load(), server, Options(nick=nick, **given))
        self.server, self.account = target.address, target.account
        self._nick, self._asked_for = target.nick, bool(nick)
        self._keyring = keyring_of(target)
        tell_at_once()
        self._how = safety(target) | proof(target, self._keyring)

    @asynccontextmanager
    async def opened(self, cursor: str = "") -> AsyncIterator["Client"]:
        """In, under the name that was asked for, or one like it.

        :param cursor: as whom one was there before; empty: as nobody.
        :raises CannotConnect: if the server cannot be reached.
        :raises Refused: if it lets one not in.
        :raises CannotStart: if it asks for a password.
        """
        from tcpchat.cli.visit import default_nick
        from tcpchat.client.client import connect

        nick = self._nick or default_nick()
        for _ in range(MOST_NICKS):
            link = connect(self.server, nick=nick, cursor=cursor, **self._how)
            try:
                chat = await link.__aenter__()
            except Refused as refusal:
                nick = self._instead(nick, refusal)
                continue
            try:
                yield chat
            finally:
                await chat.close()
            return
        raise Refused("nick_taken", f"None of {MOST_NICKS} names could be had. Name another one with --nick.")

    async def join(self, chat: "Client", room: str) -> replies.Seated:
        """Into a room, which is there from then on.

        :raises Refused: if one is not let in.
        :raises CannotStart: if there is no answer.
        """
        try:
            async with asyncio.timeout(ENTRANCE_SECONDS):
                return await chat.join(room)
        except TimeoutError:
            raise CannotStart(f"{self.server} does not answer.", EX_UNAVAILABLE) from None

    def _instead(self, nick: str, refusal: Refused) -> str:
        """Another name, where one will do.

        :raises Refused: if none will.
        """
        if refusal.code == "wrong_password" and not self.account:
            raise CannotStart(f"{refusal.text} Give it as {SERVER_PASSWORD}, in the environment.", EX_NOPERM)
        if self._keyring is not None:
            refusal = self._keyring.blamed(refusal, self.account, self._how["account_password"])
        owned = refusal.code == "nick_owned" and self._asked_for
        if owned or refusal.code not in _ANOTHER_NAME or refusal.suggestion in ("", nick):
            raise refusal
        return refusal.suggestion


async def asked(chat: "Client", wish: commands.Command) -> replies.Reply:
    """Ask as fast as the server answers, and no faster: where that is refused, a moment later.

    :raises Refused: for another reason.
    """
    while True:
        try:
            return await chat.request(wish)
        except Refused as refusal:
            if refusal.code != "too_fast":
                raise
            await asyncio.sleep(refusal.wait or 1)


def _with_its_sign(context: click.Context, option: click.Parameter, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_with_its_sign(context, option, one) for one in value)
    if value == "":
        raise BadUsage("--room needs a name, such as '#ops'.", context)
    return value if value is None or names.is_room(value) else f"#{value}"


_ANOTHER_NAME = frozenset({"nick_taken", "nick_owned"})
"""Refusals after which another name may do."""
