"""``tcpchat-client send``: one message from a script, stored once however often it is tried."""

import asyncio
import sys
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import click

from tcpchat.cli.door import Door, door_options, room_option
from tcpchat.cli.ends import EXPLAINED, run, warn
from tcpchat.cli.sender import Sender
from tcpchat.cli.usage import BadUsage, Command, words
from tcpchat.model import names
from tcpchat.model.errors import EX_TEMPFAIL, EX_UNAVAILABLE, CannotStart
from tcpchat.model.replies import Refused

if TYPE_CHECKING:
    from tcpchat.client.client import Client

MOST_BYTES = 65_536
"""More than any server takes as one message; input without an end shall not fill the memory."""


@click.command("send", cls=Command, epilog=EXPLAINED, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("said", nargs=-1, metavar="[TEXT|-]", type=words)
@room_option("The room to say it in; who is not there yet comes in, and leaves again.")
@click.option("--to", "-t", default="", metavar="NICK", type=words, help="Say it to one person, who has to be there.")
@click.option(
    "--key", "-k", default="", metavar="ID", type=words,
    help="What makes it the same message: said again under the same key, nothing is added, and the exit code is 0.",
)  # fmt: skip
@click.option(
    "--timeout", default=60.0, show_default=True, metavar="SECONDS", type=click.FloatRange(0, min_open=True),
    help="After so long without an answer it ends. Until then a link that is lost is made again.",
)  # fmt: skip
@door_options
def send(said: tuple[str, ...], room: str | None, to: str, key: str, timeout: float, **where: Any) -> None:
    """Say something, and end when it is on the server's disk.

    TEXT is one message, and so is standard input, if there is no TEXT or it is "-": it may have several lines.

    \b
        tcpchat-client send --room '#ops' disk full on $HOSTNAME
        make 2>&1 | tail -n 20 | tcpchat-client send --room '#ci' --key "build-$BUILD_ID"

    If nobody can say whether it was stored, the exit code is 75. Try again under the same key, which is named then if
    it was not given: it is stored once. On another machine, be the same one for that: by an --account, or the same
    --nick. A room that nobody is in comes into being, and what was said there before is in its log.
    """
    if bool(room) == bool(to):
        raise BadUsage("Say where: either --room '#ops' or --to NICK.")
    run(lambda: _send(Door(**where), room or to, said, key, timeout))


async def _send(door: Door, to: str, said: tuple[str, ...], key: str, timeout: float) -> int:
    text = " ".join(said) if said and said != ("-",) else await _typed()
    if not text.strip():
        raise Refused("no_text", "There is nothing to say in an empty message.")
    message = _Message(door, to, text, key or token_hex(8), made=not key)
    try:
        async with asyncio.timeout(timeout):
            await message.sent()
    except TimeoutError:
        raise message.not_known(f"There was no answer within {timeout:g} seconds.") from None
    except asyncio.CancelledError:
        warn(str(message.not_known("It was interrupted.")))
        raise
    return 0


class _Message:
    """What is to be said, and how far it has come."""

    def __init__(self, door: Door, to: str, text: str, key: str, *, made: bool) -> None:
        """`made`: nobody knows the key, unless they are told."""
        self._door, self._to, self._text, self._key, self._made = door, to, text, key, made
        self._sender = Sender(door.server, door.account, names.fold(to), key)
        self._on_its_way = False

    async def sent(self) -> None:
        """It is on the server's disk.

        :raises Refused: if it is not, and will not be.
        :raises CannotStart: if it cannot be said, or nobody can know.
        """
        async with self._sender.alone(), self._door.opened(self._sender.cursor) as chat:
            self._sender.keep(chat.cursor)
            try:
                await self._come_in(chat)
                await self._said(chat)
            finally:
                if self._made and not self._on_its_way:
                    self._sender.forget()

    def not_known(self, why: str) -> CannotStart:
        """What there is to say if the answer does not come."""
        if not self._on_its_way:
            return CannotStart(f"{why} Nothing was sent.", EX_UNAVAILABLE)
        return CannotStart(f"{why} Perhaps it was stored. To be sure, try again with --key {self._key}", EX_TEMPFAIL)

    async def _come_in(self, chat: "Client") -> None:
        if names.is_room(self._to):
            seated = await self._door.join(chat, self._to)
            if not seated.number and seated.people == [chat.nick] and not seated.quiet:
                warn(f"{seated.room} is new: nothing was said there before, and nobody is there.")

    async def _said(self, chat: "Client") -> None:
        from tcpchat.client.message import PerhapsStored

        self._on_its_way = True
        try:
            await chat.post(self._to, self._text, key=self._key)
        except (PerhapsStored, ConnectionError) as error:
            raise self.not_known(str(error)) from error
        except Refused:
            self._on_its_way = False
            raise
        self._on_its_way = False


async def _typed() -> str:
    """The standard input, without the end of its last line.

    :raises Refused: if it is more than anybody would take.
    """
    from tcpchat.cli import streams

    if sys.stdin.isatty():
        warn("Type the message. Ctrl-D, in a line of its own, sends it.")
    reader, given = await streams.reader_of(sys.stdin), b""
    while data := await streams.read(reader):
        given += data
        if len(given) > MOST_BYTES:
            raise Refused("too_long", f"More than {MOST_BYTES} bytes are too long for a message.")
    return given.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n")
