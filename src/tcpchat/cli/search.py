"""``tcpchat-client search``: what was said with certain words in it, for people and scripts."""

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tcpchat.cli.door import Door, asked, door_options, room_option
from tcpchat.cli.ends import EXPLAINED, run, warn
from tcpchat.cli.entries import Writer, json_option, moment, writer
from tcpchat.cli.usage import Command, words
from tcpchat.model import commands, names, replies
from tcpchat.model.errors import EX_TEMPFAIL
from tcpchat.model.events import LOGGED

if TYPE_CHECKING:
    from tcpchat.client.client import Client

NOTHING_FOUND = 1
"""The exit code, as that of grep."""

PAGE = 100
"""Entries asked for at once; a server may give fewer."""


class _Wanted(NamedTuple):
    """What is looked for; `after` and `before` are times in milliseconds since 1970."""

    words: str
    rooms: tuple[str, ...]
    by: str
    after: int | None
    before: int | None
    limit: int


def _since(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    return None if value is None else _moment(value, ends=False) - 1


def _until(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    return None if value is None else _moment(value, ends=True) + 1


def _moment(written: str, *, ends: bool) -> int:
    try:
        return moment(written, ends=ends)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{written} is no time: write 2026-01-31, or 2026-01-31T12:00") from None


@click.command("search", cls=Command, epilog=EXPLAINED, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("looked_for", nargs=-1, required=True, metavar="WORD...", type=words)
@room_option(
    f"Where; it may be given several times. [default: {names.LOBBY}, and what passed between you and others]",
    multiple=True,
)
@click.option("--by", default="", metavar="NICK", type=words, help="Only what they said.")
@click.option("--since", callback=_since, metavar="DATE", help="From then on: 2026-01-31, or 2026-01-31T12:00.")
@click.option("--until", callback=_until, metavar="DATE", help="Up to then; a date alone is the whole day.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="The latest N at most."
)
@json_option
@door_options
def search(
    looked_for: tuple[str, ...], room: tuple[str, ...], by: str, since: int | None, until: int | None, limit: int,
    as_json: bool, **where: Any,
) -> None:  # fmt: skip
    """Print what was said with all these words in it, oldest first.

    If there is nothing, the exit code is 1. Case and accents do not count. Words that stand side by side are written
    with quotes that the shell leaves: '"disk full"'. What is in a room only those in it read: it comes in, and leaves
    again.
    """
    wanted = _Wanted(" ".join(looked_for), room or (names.LOBBY,), by, since, until, limit)
    everywhere = not room
    run(lambda: _search(Door(**where), wanted, everywhere, writer(as_json=as_json, with_room=True)))


async def _search(door: Door, wanted: _Wanted, everywhere: bool, write: Writer) -> int:
    from tcpchat.cli import streams
    from tcpchat.cli.printer import Printer

    found: list[LOGGED] = []
    complete = True
    async with door.opened() as chat:
        for room in wanted.rooms:
            await door.join(chat, room)
            some, all_seen = await _found(chat, wanted, "" if everywhere else room)
            found, complete = [*found, *some], complete and all_seen
    found.sort(key=lambda entry: entry.time)
    out = Printer(await streams.writer_of(sys.stdout))
    await out.put(line for entry in found[-wanted.limit :] for line in write(entry))
    await out.close()
    out.check()
    return _told(wanted, len(found), complete)


async def _found(chat: "Client", wanted: _Wanted, target: str) -> tuple[list[LOGGED], bool]:
    """The latest in one place, and whether all of it was looked through."""
    found: list[LOGGED] = []
    before, more = wanted.before, True
    while more and len(found) < wanted.limit:
        wish = commands.Search(
            words=wanted.words, target=target, by=wanted.by, after=wanted.after, before=before,
            limit=min(PAGE, wanted.limit - len(found)),
        )  # fmt: skip
        reply = await asked(chat, wish)
        assert isinstance(reply, replies.Found)
        found += reply.events
        if not reply.complete:
            return found, False
        more = reply.more and bool(reply.events)
        before = found[-1].time if found else before
    return found, True


def _told(wanted: _Wanted, count: int, complete: bool) -> int:
    """Say on the side what the lines do not. :returns: the exit code."""
    if not complete:
        warn("There was no time to look through everything. More words, or a span of time, are looked for faster.")
    elif not count:
        warn(f"Nothing was found in {', '.join(wanted.rooms)}.")
    return 0 if count else NOTHING_FOUND if complete else EX_TEMPFAIL
