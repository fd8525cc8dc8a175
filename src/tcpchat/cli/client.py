"""``tcpchat-client``: a terminal to the chat, and beside it the commands for scripts."""

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import click

from tcpchat.cli.ends import EXPLAINED, end, warn
from tcpchat.cli.given import FILE, keyring_of, proof
from tcpchat.cli.servers import Options, nearly, resolved
from tcpchat.cli.trust import safety, tell_at_once, tls_options
from tcpchat.cli.usage import BadUsage, CommandWithOthers
from tcpchat.model import names
from tcpchat.model.errors import CannotStart
from tcpchat.version import VERSION

if TYPE_CHECKING:
    from tcpchat.cli.visit import Visit

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
@click.argument("address", default="", metavar="[HOST[:PORT]|NAME]")
@click.option("--nick", "-n", default="", metavar="NAME", help="What you are called. [default: what you said once]")
@click.option(
    "--room", "-r", "rooms", multiple=True, metavar="ROOM", help=f"A room to go into. [default: {names.LOBBY}]"
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
@click.option(
    "--plain", "-p", "face", flag_value="plain", help="Lines only: no prompt, nothing that controls the terminal."
)
@click.option("--tui", "face", flag_value="full", help="The whole screen: rooms, messages, people (tcpchat[tui]).")
@click.version_option(VERSION, prog_name="tcpchat-client")
def main(
    address: str, nick: str, rooms: tuple[str, ...], account: str, password_command: str, face: str | None, **tls: Any
) -> None:
    """Chat, at the server on HOST (default 127.0.0.1, port 7667), or with TLS on tls://HOST (port 6697); or at the one
    that is called NAME in your settings, which `tcpchat-client config` prints.

    At a terminal, type and press Enter; /help lists what else there is. In a pipe, every line is said in the room,
    and the command ends when all of them are stored:

        echo "disk full" | tcpchat-client chat.example.org --room '#ops'
    """
    from tcpchat.cli.streams import have_three_files, left_as_found

    if address in OTHERS:
        raise BadUsage(f"{address} comes first: tcpchat-client {address} --help")
    have_three_files()
    try:
        visit = _visit(address, face, Options(nick, rooms, account, password_command, **tls))
        with left_as_found():
            code, text = asyncio.run(visit.run())
    except CannotStart as error:
        code, text = error.exit_code, str(error)
    except KeyboardInterrupt:
        code, text = 128 + signal.SIGINT, ""
    end(code, text)


def _visit(address: str, face: str | None, options: Options) -> "Visit":
    from tcpchat.cli.preferences import load
    from tcpchat.cli.screen import have_textual
    from tcpchat.cli.visit import Visit

    preferences = load()
    target = resolved(preferences, address, options)
    if near := nearly(preferences, address):
        warn(f"{address} is none of your servers, and taken for a host. Or is it {near}?")
    _warn_of_every_address(target.address)
    keyring = keyring_of(target)
    tell_at_once()
    return Visit(
        target.address,
        target.nick,
        target.rooms,
        insists=target.asked_for,
        plain=face == "plain",
        full=face == "full" and have_textual(),
        preferences=preferences,
        how=safety(target) | proof(target, keyring),
        keyring=keyring,
    )


def _warn_of_every_address(address: str) -> None:
    for every, one in {"0.0.0.0": "127.0.0.1", "[::]": "127.0.0.1"}.items():
        if address == every or address.startswith(f"{every}:"):
            warn(f"{every} means “every address of this machine” to a server; connecting to {one}.")


if __name__ == "__main__":
    main()
