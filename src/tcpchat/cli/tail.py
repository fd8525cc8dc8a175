"""``tcpchat-client tail``: what was said in a room, and what is said there, each entry once and in order."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import click

from tcpchat.cli.door import Door, asked, door_options, room_option
from tcpchat.cli.ends import EXPLAINED, run, warn
from tcpchat.cli.entries import Writer, json_option, moment, writer
from tcpchat.cli.usage import BadUsage, Command, words
from tcpchat.model import commands, replies
from tcpchat.model.commands import Point
from tcpchat.model.events import LOGGED, Event, Kicked, Moved, RoomRenamed, Skipped
from tcpchat.model.replies import Refused

if TYPE_CHECKING:
    from tcpchat.cli.printer import Printer
    from tcpchat.client.client import Client

LINES = 10
PAGE = 500
"""Entries asked for at once; a server may give fewer."""

Place = int | Point

_DATE = re.compile(r"\d{4}-\d{1,2}-")
"""What no id begins with."""


@click.command("tail", cls=Command, epilog=EXPLAINED, context_settings={"help_option_names": ["-h", "--help"]})
@room_option("The room; who is not there yet comes in, and leaves again.", required=True)
@click.option("--since", default="", metavar="POSITION", type=words, help="All that came after it, however much.")
@click.option("--lines", "-n", type=click.IntRange(0), metavar="N", help=f"The last N entries. [default: {LINES}]")
@click.option(
    "--follow", "-f", is_flag=True, help="Stay, and go on with what is said from now on, over lost links too."
)
@json_option
@door_options
def tail(room: str, since: str, lines: int | None, follow: bool, as_json: bool, **where: Any) -> None:
    """Print what is in the log of a room, oldest first.

    POSITION is the number of an entry, 0 for all there are; or its id; or a time: 2026-01-31, 2026-01-31T12:00. Each
    entry has its "number" and its "id" in --json: a script that notes the id of the last one it has dealt with goes on
    behind it later, and misses none. Ids are those of one log: if the server keeps another one now, they are refused,
    while numbers begin anew.

    \b
        tcpchat-client tail --room '#ops' --json --follow --since "$(cat last)" |
            while read -r entry; do handle "$entry" && jq -r .id <<<"$entry" >last; done
    """
    if since and lines is not None:
        raise BadUsage("Either --since or --lines: all behind a place, or the last few.")
    place = _place(since) if since else None
    run(lambda: _tail(Door(**where), room, place, LINES if lines is None else lines, follow, writer(as_json=as_json)))


def _place(written: str) -> Place:
    """A number, a time or an id. Behind a time is what was said from then on."""
    if written.isascii() and written.isdigit():
        return int(written[:18])
    try:
        return Point(time=moment(written) - 1)
    except (ValueError, OverflowError):
        if "-" not in written.strip("-") or _DATE.match(written):
            raise BadUsage(
                f"“{written}” is no position: a number, an id, or a time such as 2026-01-31T12:00."
            ) from None
        return Point(id=written)


async def _tail(door: Door, room: str, since: Place | None, lines: int, follow: bool, write: Writer) -> int:
    from tcpchat.cli import streams
    from tcpchat.cli.printer import Printer

    streams.lend_when_stopped()
    async with door.opened() as chat:
        seated = await door.join(chat, room)
        out = Printer(await streams.writer_of(sys.stdout))
        log = _Log(chat, out, write)
        if isinstance(since, int) and since > seated.number:
            warn(f"{seated.room} has no entry {since} yet, but {seated.number}. Is it another log than before?")
        try:
            await log.print_pages(max(0, seated.number - lines) if since is None else since, seated.number)
            if follow or not chat.rooms:
                await _until_nobody_reads(log, out)
        except (Refused, ConnectionError):  # what came before is printed all the same
            await out.close()
            raise
        await out.close()
        out.check()
    return 0


async def _until_nobody_reads(log: "_Log", out: "Printer") -> None:
    following, abandoned = asyncio.create_task(log.follow()), asyncio.create_task(out.abandoned())
    try:
        done, _ = await asyncio.wait([following, abandoned], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        following.cancel()
        abandoned.cancel()
        await asyncio.gather(following, abandoned, return_exceptions=True)


class _Log:
    """The one room's that one is in, on its way to the standard output."""

    def __init__(self, chat: "Client", out: "Printer", write: Writer) -> None:
        self._chat = chat
        self._out = out
        self._write = write

    async def print_pages(self, after: Place, last: int) -> None:
        """All entries behind a place, up to the one whose number is `last`: what comes later is told as it happens.

        :raises Refused: if there is no such place. If one was put out meanwhile, that is told as it happens, too.
        """
        try:
            async for page in self._pages(after, last):
                await self._print(*page)
        except Refused as refusal:
            if refusal.code == "no_such_message" and isinstance(after, Point):
                raise Refused(refusal.code, f"There is no entry {after.id}. Is it another log than before?") from None
            if self._room:
                raise

    async def follow(self) -> None:
        """What happens from now on, until the chat is closed.

        :raises Refused: if one is put out of the room.
        """
        from tcpchat.client.links import LinkBack, LinkLost

        async for event in self._chat:
            match event:
                case LinkLost(reason=reason):
                    warn(f"The link is lost ({reason.rstrip('.')}); trying again.")
                case LinkBack():
                    warn("The link is back.")
                case Skipped(first=first, last=last):
                    await self.print_pages(first - 1, last)
                case _:
                    await self._happened(event)

    async def _happened(self, event: Event) -> None:
        entry = _entry(event)
        if entry is not None:
            await self._print(entry)
        if isinstance(event, Kicked) and event.nick == self._chat.nick:
            why = f": {event.reason}" if event.reason else "."
            raise Refused("kicked", f"{event.by} put you out of {event.room}{why}")

    async def _pages(self, after: Place, last: int) -> AsyncIterator[list[LOGGED]]:
        more = not isinstance(after, int) or after < last
        while more:
            page = await self._page(after)
            entries = [entry for entry in page.events if entry.number <= last]
            yield entries
            more = page.more and 0 < len(entries) == len(page.events)
            after = entries[-1].number if entries else last

    async def _page(self, after: Place) -> replies.Page:
        while True:
            room = self._room
            try:
                page = await asked(self._chat, commands.History(room=room, after=after, limit=PAGE))
            except Refused:
                if room != self._room:  # it is called otherwise by now
                    continue
                raise
            assert isinstance(page, replies.Page)
            return page

    @property
    def _room(self) -> str:
        """The one that one is in; empty, if one was put out."""
        return next(iter(self._chat.rooms), "")

    async def _print(self, *entries: LOGGED) -> None:
        """:raises OutputClosed: if nobody reads it."""
        await self._out.put(line for entry in entries for line in self._write(entry))
        self._out.check()


def _entry(event: Event) -> LOGGED | None:
    """What happened, as the log of the room has it; None: it does not stand there."""
    if isinstance(event, Moved):
        return RoomRenamed(
            time=event.time, number=event.number, id=event.id, origin=event.origin, account=event.account,
            room=event.was, by=event.by, to=event.room, reason=event.reason,
        )  # fmt: skip
    if not isinstance(event, LOGGED) or not event.number:
        return None
    has_own_log = any(getattr(event, of, "") for of in ("talk", "status"))
    return None if has_own_log else event
