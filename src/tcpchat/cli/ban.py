"""``tcpchat-server ban``: who is kept from the server, through the socket that only its operator can open."""

import time
from pathlib import Path

import click

from tcpchat.cli.account import administer
from tcpchat.cli.log import data_option, moment
from tcpchat.cli.usage import Command, Group
from tcpchat.model import commands, replies


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def ban() -> None:
    """Keep people from the server: by address, nick or account. A server may be running."""


@ban.command(cls=Command)
@data_option
@click.argument("mask")
@click.option("--reason", default="", metavar="TEXT", help="Why; whom it means is told.")
@click.option("--until", callback=moment, help="Until then, for example 2026-12-31. [default: for good]")
def add(data: Path | None, mask: str, reason: str, until: int) -> None:
    """Keep out whom MASK means: 192.0.2.7, 192.0.2.0/24, nick!user@host or ~a:ACCOUNT. Who is here has to go."""
    seconds = max(1, until // 1_000 - int(time.time())) if until else 0
    administer(data, commands.Ban(mask=mask, seconds=seconds, reason=reason), replies.Done, new=True)
    click.echo(f"{mask} is banned.")


@ban.command("list", cls=Command)
@data_option
def show(data: Path | None) -> None:
    """List who is kept out, until when, by whom and why."""
    bans = administer(data, commands.ListBans(), replies.Bans).bans
    width = max((len(one.mask) for one in bans), default=0)
    for one in bans:
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.until / 1_000)) if one.until else "for good"
        click.echo(f"{one.mask:{width}}  {until:16}  {one.by}: {one.reason}".rstrip(": "))


@ban.command(cls=Command)
@data_option
@click.argument("mask")
def lift(data: Path | None, mask: str) -> None:
    """Let them come again whom MASK means."""
    administer(data, commands.Unban(mask=mask), replies.Done)
    click.echo(f"{mask} is not banned any more.")
