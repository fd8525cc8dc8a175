"""``tcpchat-server log``: the operator's tools for what was said."""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tcpchat.cli.usage import Command, Group
from tcpchat.model.errors import EX_CONFIG, EX_DATAERR, EX_IOERR, CannotStart

if TYPE_CHECKING:
    from tcpchat.backend.verify import Report
    from tcpchat.model.events import Event

data_option = click.option(
    "--data",
    "-d",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The directory of the log. [default: the user's data directory]",
)


def moment(context: click.Context, option: click.Parameter, value: str | None) -> int:
    """A date or a time, as milliseconds since 1970."""
    try:
        return int(datetime.fromisoformat(value).astimezone().timestamp() * 1_000) if value else 0
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{value} is no time: write 2026-01-31, or 2026-01-31T12:00") from None


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def log() -> None:
    """Look after what was said: export it, prove that it is whole, copy it, bring a copy back."""


@log.command(cls=Command)
@data_option
@click.option("--room", metavar="#ROOM", default="", help="Only what was said there. [default: everywhere]")
@click.option("--since", callback=moment, help="Only from then on, for example 2026-01-31 or 2026-01-31T12:00.")
@click.option("--audit", is_flag=True, help="What operators and administrators did, instead of what was said.")
@click.option("--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True)
def export(data: Path | None, room: str, since: int, audit: bool, form: str) -> None:
    """Write what was said, oldest first. A server may be running."""
    from tcpchat.backend.export import entries
    from tcpchat.model.events import Audited
    from tcpchat.model.records import AUDIT

    problems: list[str] = []
    write = _FORMS[form]
    with explained():
        for event in entries(_existing(data), AUDIT if audit else room, since, problems.append):
            if isinstance(event, Audited) is audit:
                write(event)
    for problem in problems:
        click.echo(f"tcpchat-server: {problem}", err=True)
    sys.exit(EX_DATAERR if problems else 0)


@log.command(cls=Command)
@data_option
def verify(data: Path | None) -> None:
    """Prove that every entry is what was written, and that none is missing. A server may be running."""
    from tcpchat.backend.verify import verify as look_through

    with explained():
        report = look_through(_existing(data))
    _report(report)


@log.command(cls=Command)
@data_option
@click.argument("file", type=click.Path(path_type=Path))
def backup(data: Path | None, file: Path) -> None:
    """Copy the log into FILE, and prove that the copy is whole. A server may be running."""
    from tcpchat.backend.backup import back_up

    with explained():
        report = back_up(_existing(data), file)
    click.echo(f"The log was copied to {file}.")
    _report(report)


@log.command(cls=Command)
@data_option
@click.argument("file", type=click.Path(path_type=Path))
def restore(data: Path | None, file: Path) -> None:
    """Make the backup FILE the log again. The server must be stopped; what is there is moved aside."""
    from tcpchat.backend.backup import restore as bring_back

    directory = data_directory(data)
    with explained():
        aside = bring_back(file, directory)
    click.echo(f"The log in {directory} is now that of {file}.")
    if aside is not None:
        click.echo(f"What was there before is in {aside}.")


def data_directory(data: Path | None) -> Path:
    """Where the log is."""
    from platformdirs import user_data_path

    return data or user_data_path("tcpchat", appauthor=False)


def _existing(data: Path | None) -> Path:
    from tcpchat.backend.schema import FILE

    path = data_directory(data) / FILE
    if not path.exists():
        raise CannotStart(f"There is no log {path}. Say where it is with --data DIR.", EX_CONFIG)
    return path


class explained:
    """What cannot be done is said in words."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BrokenPipeError):  # who reads has had enough
            sys.stderr.close()
            sys.exit(0)
        if isinstance(error, CannotStart):
            click.echo(f"tcpchat-server: {error}", err=True)
            sys.exit(error.exit_code)
        if isinstance(error, OSError):
            click.echo(f"tcpchat-server: {error}", err=True)
            sys.exit(EX_IOERR)


def _report(report: "Report") -> None:
    for problem in report.problems:
        click.echo(f"PROBLEM  {problem}.")
    number = f"{report.entries} entries of {report.logs} rooms and conversations"
    if report.problems:
        click.echo(f"{number}: {len(report.problems)} problems.")
        sys.exit(EX_DATAERR)
    click.echo(f"{number}: all are as they were written, and none is missing.")


def _as_json(event: "Event") -> None:
    import msgspec

    click.echo(msgspec.json.encode(event))


def _as_text(event: "Event") -> None:
    """Every line with its time, where it was said, and by whom. Nothing in it can control a terminal."""
    from tcpchat.model.text import showable

    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time / 1_000))
    for line in showable(_said(event)).split("\n"):
        click.echo(f"{when} {showable(_place(event))} {line}")


def _place(event: "Event") -> str:
    from tcpchat.model.events import Audited

    if isinstance(event, Audited):
        return "!audit"
    room = getattr(event, "room", "")
    return f"{getattr(event, 'status', '')}{room}" if room else f"{getattr(event, 'by', '')}→{getattr(event, 'to', '')}"


def _said(event: "Event") -> str:
    from tcpchat.model import events
    from tcpchat.model.words import sentence

    match event:
        case events.Said(redacted=True) | events.Told(redacted=True):
            return f"<{event.by}> (taken back)"
        case events.Said(text=text) | events.Told(text=text):
            head = {"text": f"<{event.by}>", "action": f"* {event.by}", "notice": f"-{event.by}-"}[event.kind]
            return "\n".join(f"{head} {line}" for line in text.split("\n"))
        case events.TopicSet(by=by, topic=topic):
            return f"-- {by} set the topic: {topic}" if topic else f"-- {by} took the topic away"
        case events.RoomRenamed(by=by, room=room, to=to):
            return f"-- {by} called {room} {to}"
        case events.Audited(details=details):
            what = " ".join(f"{name}={value!r}" for name, value in details.items())
            office = f" ({event.operator})" if event.operator else ""
            where = f" from {event.address}" if event.address else ""
            return f"-- {event.by}{office}{where}: {event.what} {what}" + (", refused" if event.refused else "")
        case events.Tagged(by=by, tags=tags):
            return f"-- {by} sent {' '.join(tags)}"
    return f"-- {sentence(event)}"


_FORMS: dict[str, Callable[["Event"], None]] = {"text": _as_text, "jsonl": _as_json}
