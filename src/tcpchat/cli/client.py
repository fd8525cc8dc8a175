"""``tcpchat-client``: a terminal to the chat, and beside it the commands for scripts."""

import asyncio
import signal
from typing import Any

import click

from tcpchat.cli.ends import EXPLAINED, end
from tcpchat.cli.given import FILE, who
from tcpchat.cli.trust import safety, tls_options
from tcpchat.cli.usage import BadUsage, CommandWithOthers
from tcpchat.model import names
from tcpchat.version import VERSION

OTHERS = {
    "send": "tcpchat.cli.send:send",
    "tail": "tcpchat.cli.tail:tail",
    "search": "tcpchat.cli.search:search",
    "config": "tcpchat.cli.client_settings:show",
}
"""The commands beside it, and where they are; they are loaded when they are wanted."""


@click.command(
    cls=CommandWithOthers,
    others=OTHERS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXPLAINED,
)
@click.argument("address", default="127.0.0.1", metavar="[HOST[:PORT]]")
@click.option("--nick", "-n", metavar="NAME", help="What you are called. [default: your user name]")
@click.option(
    "--room", "-r", "rooms", multiple=True, metavar="ROOM", help=f"The room to go into. [default: {names.LOBBY}]"
)
@click.option(
    "--account",
    "-a",
    default="",
    metavar="NAME",
    help=f"Log in first. The password is asked for, or stands in the file {FILE}.",
)
@click.option("--password-command", default="", metavar="COMMAND", help="What prints that password.")
@tls_options
@click.option("--plain", "-p", is_flag=True, help="Lines only: no prompt, nothing that controls the terminal.")
@click.version_option(VERSION, prog_name="tcpchat-client")
def main(
    address: str, nick: str | None, rooms: tuple[str, ...], account: str, password_command: str, plain: bool, **tls: Any
) -> None:
    """Chat, at the server on HOST (default 127.0.0.1, port 7667), or with TLS on tls://HOST (port 6697).

    At a terminal, type and press Enter; /help lists what else there is. In a pipe, every line is said in the room,
    and the command ends when all of them are stored:

        echo "disk full" | tcpchat-client chat.example.org --room '#ops'
    """
    from tcpchat.cli.preferences import load
    from tcpchat.cli.streams import have_three_files, left_as_found
    from tcpchat.cli.visit import Visit

    if address in OTHERS:
        raise BadUsage(f"{address} comes first: tcpchat-client {address} --help")
    preferences = load()
    have_three_files()
    _warn_of_every_address(address)
    how = safety(**tls) | who(account, password_command, has_certificate=tls["tls_client_cert"] is not None)
    visit = Visit(
        address,
        nick or account or preferences.nick,
        list(rooms) or preferences.rooms,
        insists=bool(nick or account),
        plain=plain,
        preferences=preferences,
        how=how,
    )
    try:
        with left_as_found():
            code, text = asyncio.run(visit.run())
    except KeyboardInterrupt:
        code, text = 128 + signal.SIGINT, ""
    end(code, text)


def _warn_of_every_address(address: str) -> None:
    for every, one in {"0.0.0.0": "127.0.0.1", "[::]": "127.0.0.1"}.items():
        if address == every or address.startswith(f"{every}:"):
            click.echo(
                f"tcpchat-client: {every} means “every address of this machine” to a server; connecting to {one}.",
                err=True,
            )


if __name__ == "__main__":
    main()
