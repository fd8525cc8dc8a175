"""``tcpchat-server account``: the operator's tools for accounts, through the socket that only they can open."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from tcpchat.cli.log import data_directory, data_option, explained, moment
from tcpchat.cli.usage import Command, Group
from tcpchat.model import commands, replies
from tcpchat.model.errors import (
    EX_CONFIG,
    EX_DATAERR,
    EX_NOPERM,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    CannotStart,
    in_words,
)

if TYPE_CHECKING:
    from tcpchat.client.connection import Connection

_Reply = TypeVar("_Reply", bound=replies.Reply)

LATER = frozenset({"not_stored", "busy", "too_many_tries"})
"""Refusals after which the same may be tried again."""


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def account() -> None:
    """Look after accounts: make, list, suspend and remove them, and invite people. A server may be running.

    Passwords are asked for, or read from the standard input; never given as arguments, which everybody can see.
    """


@account.command(cls=Command)
@data_option
@click.argument("name")
def add(data: Path | None, name: str) -> None:
    """Make an account called NAME."""
    administer(data, commands.RegisterOther(account=name, password=_password(name)), replies.Done, new=True)
    click.echo(f"The account {name} is there.")


@account.command("list", cls=Command)
@data_option
def show(data: Path | None) -> None:
    """List the accounts, and what is the matter with them."""
    accounts = administer(data, commands.ListAccounts(), replies.Accounts).accounts
    width = max((len(one.account) for one in accounts), default=0)
    for one in accounts:
        click.echo(f"{one.account:{width}}  {_state_of(one)}".rstrip())


@account.command(cls=Command)
@data_option
@click.argument("name")
def passwd(data: Path | None, name: str) -> None:
    """Give the account NAME another password. Its connections are closed."""
    administer(data, commands.SetAccountPassword(account=name, password=_password(name)), replies.Done)
    click.echo(f"The account {name} has another password.")


@account.command(cls=Command)
@data_option
@click.argument("name")
@click.option("--reason", default="", metavar="TEXT", help="Why; its owner is told.")
@click.option("--until", callback=moment, help="Until then, for example 2026-12-31. [default: until it is released]")
def suspend(data: Path | None, name: str, reason: str, until: int) -> None:
    """Let nobody log in to the account NAME. Its connections are closed."""
    administer(data, commands.SuspendAccount(account=name, reason=reason, until=until), replies.Done)
    click.echo(f"Nobody can log in to {name} now.")


@account.command(cls=Command)
@data_option
@click.argument("name")
def release(data: Path | None, name: str) -> None:
    """Let its owner log in to the account NAME again."""
    administer(data, commands.ReleaseAccount(account=name), replies.Done)
    click.echo(f"The owner of {name} can log in again.")


@account.command(cls=Command)
@data_option
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
def drop(data: Path | None, name: str, yes: bool) -> None:
    """Remove the account NAME, for ever: nobody can have one of that name again."""
    if not yes:
        click.confirm(f"Remove the account {name} for ever?", abort=True, err=True)
    administer(data, commands.RemoveAccount(account=name), replies.Done)
    click.echo(f"The account {name} is gone. What was said under it stays in the log.")


@account.command(cls=Command)
@data_option
@click.option("--uses", default=1, show_default=True, metavar="N", help="How many may register with it.")
@click.option("--days", default=7.0, show_default=True, metavar="N", help="How long it can be used.")
def invite(data: Path | None, uses: int, days: float) -> None:
    """Print a token that lets its holder register where `registration` is "invited"."""
    made = administer(data, commands.MakeInvitation(uses=uses, days=days), replies.InvitationReply, new=True)
    click.echo(made.token)
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(made.expires / 1_000))
    how = "/register PASSWORD TOKEN, or from an IRC client /msg NickServ REGISTER PASSWORD TOKEN"
    click.echo(f"It can be used {made.uses} time{'s' * (made.uses > 1)} until {until}: {how}", err=True)


def _state_of(one: replies.AccountInfo) -> str:
    if one.dropped:
        return "dropped"
    here = f"{one.here} logged in" if one.here else ""
    if not one.suspended:
        return here
    until = f" until {time.strftime('%Y-%m-%d %H:%M', time.localtime(one.until / 1_000))}" if one.until else ""
    return f"suspended{until}: {one.suspended}"


def _password(name: str) -> str:
    """Typed twice where somebody sits there, and not shown; else the first line of the input."""
    if sys.stdin.isatty():
        typed: str = click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


def administer(data: Path | None, command: commands.Command, kind: type[_Reply], *, new: bool = False) -> _Reply:
    """The answer to a command; if it is refused, that is the end.

    :param new: whether there may be no log yet.
    """
    with explained():
        try:
            reply = asyncio.run(_asked(data_directory(data), command, new))
        except replies.Refused as refusal:
            raise CannotStart(refusal.text, EX_TEMPFAIL if refusal.code in LATER else EX_DATAERR) from None
        except ConnectionError as error:
            raise CannotStart(f"The server did not answer: {error}", EX_UNAVAILABLE) from error
        assert isinstance(reply, kind)
        return reply


async def _asked(directory: Path, command: commands.Command, new: bool) -> replies.Reply:
    async with _connected(directory, new) as connection:
        try:
            return await connection.call(command, [])
        finally:
            await connection.close()


@asynccontextmanager
async def _connected(directory: Path, new: bool) -> AsyncIterator["Connection"]:
    """To the server that uses the directory; if there is none, to one that is there for this alone.

    :raises CannotStart: if neither can be had.
    """
    from tcpchat.config import Config
    from tcpchat.server.app import Server

    if sys.platform == "win32":
        raise CannotStart(
            "Windows has no sockets such as this needs. /register works over a connection.", EX_UNAVAILABLE
        )
    connection = await _running(directory)
    if connection is not None:
        yield connection
        return
    _check_own(directory, new)
    async with Server(Config(data=directory), private=True):
        connection = await _running(directory)
        if connection is None:
            raise CannotStart(f"There is no socket for administrators in {directory}.", EX_UNAVAILABLE)
        yield connection


async def _running(directory: Path) -> "Connection | None":
    """A connection to the server that runs there, if one does."""
    from tcpchat.client.connection import MOST_LINE_BYTES, Connection
    from tcpchat.server.administration import FILE, short

    path = directory / FILE
    try:
        with short(path) as name:
            return Connection(*await asyncio.open_unix_connection(name, limit=MOST_LINE_BYTES))
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return None
    except OSError as error:
        raise CannotStart(f"Cannot reach the server through {path}: {in_words(error)}.", EX_NOPERM) from error


def _check_own(directory: Path, new: bool) -> None:
    """Whether a server may be started here to do it.

    :raises CannotStart: if there is no log, or it is somebody else's: then its files would be root's.
    """
    from tcpchat.backend.schema import FILE

    if not new and not (directory / FILE).exists():
        raise CannotStart(f"There is no log {directory / FILE}. Say where it is with --data DIR.", EX_CONFIG)
    if directory.exists() and os.geteuid() == 0 != (owner := directory.stat().st_uid):
        raise CannotStart(
            f"{directory} belongs to another user (number {owner}), and no server is running there. "
            "Do this as that user, or start the server first.",
            EX_NOPERM,
        )
