"""``tcpchat-client config``: where the settings are, what they are, and what each means."""

import os
import sys

import click

from tcpchat.cli import preferences
from tcpchat.cli.usage import Command
from tcpchat.model.errors import EX_CANTCREAT, CannotStart, in_words
from tcpchat.model.private import write_whole


@click.command("config", cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--make", is_flag=True, help="Make the file, with every setting explained, if there is none.")
@click.option("--defaults", is_flag=True, help="Print what is in it then: nothing is set.")
def show(make: bool, defaults: bool) -> None:
    """Print where your settings are, what they are, and what each of them means."""
    try:
        if make:
            click.echo(made())
        elif defaults:
            click.echo(preferences.template())
        else:
            click.echo(f"{_where()}\n\n{preferences.template(preferences.load())}")
    except CannotStart as error:
        click.echo(f"tcpchat-client: {error}", err=True)
        sys.exit(error.exit_code)


def made() -> str:
    """Make the file, unless there is one. :returns: what came of it.

    :raises CannotStart: if it cannot be written.
    """
    file = preferences.place()
    if os.path.exists(file):  # unlike the path's own, it has no complaint
        return f"{file} is there already, and stays as it is."
    try:
        write_whole(file.resolve(), f"{preferences.template()}\n".encode())
    except OSError as error:
        raise CannotStart(f"Cannot write {file}: {in_words(error)}.", EX_CANTCREAT) from error
    return f"{file} is there now; nothing is set in it yet."


def _where() -> str:
    file = preferences.place()
    return f"# {file}" if os.path.exists(file) else f"# {file} is not there; tcpchat-client config --make makes it."
