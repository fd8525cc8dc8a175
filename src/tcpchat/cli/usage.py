"""Wrong usage of a command ends with the code that sysexits.h has for it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from tcpchat.model.errors import EX_USAGE

ROOM = ("--room", "-r")
"""What a shell leaves no value of, if the # is not between quotes."""


class _Explained(click.Command):
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """See `click.Command`."""
        try:
            return super().make_context(*args, **kwargs)
        except click.BadOptionUsage as error:
            hint = " In a shell, a room is written with quotes: '#ops'" if error.option_name in ROOM else ""
            raise BadUsage(error.format_message() + hint, error.ctx) from error
        except click.UsageError as error:
            raise BadUsage(error.format_message(), error.ctx) from error


class Command(_Explained):
    """A command of ours."""


class Group(_Explained, click.Group):
    """Several commands of ours under one name."""

    def resolve_command(self, *args: Any, **kwargs: Any) -> tuple[str | None, click.Command | None, list[str]]:
        """See `click.Group`."""
        try:
            return super().resolve_command(*args, **kwargs)
        except click.UsageError as error:
            raise BadUsage(error.format_message(), error.ctx) from error


class CommandWithOthers(Command):
    """A command, and others beside it: one of these is meant if its name comes first. They are loaded only then."""

    def __init__(self, *args: Any, others: Mapping[str, str], **kwargs: Any) -> None:
        """`others`: by name, where each is, as ``module:attribute``."""
        super().__init__(*args, **kwargs)
        self._others = others

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> click.Context:
        """See `click.Command`."""
        if args and args[0] in self._others:
            return self._other(args[0]).make_context(f"{info_name} {args[0]}", args[1:], *more, **extra)
        return super().make_context(info_name, args, *more, **extra)

    def invoke(self, context: click.Context) -> Any:
        """See `click.Command`."""
        return super().invoke(context) if context.command is self else context.command.invoke(context)

    def format_usage(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """See `click.Command`."""
        super().format_usage(context, formatter)
        formatter.write(
            f"{'':{formatter.current_indent}}   or: {context.command_path} {'|'.join(self._others)} --help\n"
        )

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """See `click.Command`."""
        super().format_options(context, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._other(name).get_short_help_str(80)) for name in self._others])

    def _other(self, name: str) -> click.Command:
        module, _, attribute = self._others[name].partition(":")
        found = getattr(import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found


class BadUsage(click.UsageError):
    """Options or arguments that cannot be understood."""

    exit_code = EX_USAGE


def words(given: str) -> str:
    """The type of options that are names, or for people: bytes that are no UTF-8 become U+FFFD, as everywhere."""
    return given.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
