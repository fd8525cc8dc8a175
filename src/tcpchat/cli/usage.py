"""Wrong usage of a command ends with the code that sysexits.h has for it."""

from typing import Any

import click

from tcpchat.model.errors import EX_USAGE


class _Explained(click.Command):
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """See `click.Command`."""
        try:
            return super().make_context(*args, **kwargs)
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


class BadUsage(click.UsageError):
    """Options or arguments that cannot be understood."""

    exit_code = EX_USAGE
