"""The client's options for TLS: whom to trust, what to show, and what may go without."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tcpchat.cli import places
from tcpchat.cli.ends import warn
from tcpchat.cli.servers import Target

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--tls", is_flag=True, help="Connect with TLS, as tls://HOST does."),
    click.option(
        "--accept-fingerprint",
        default="",
        metavar="SHA256:HEX",
        help="The server's certificate is this one, from now on.",
    ),
    click.option(
        "--tls-client-cert",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A certificate of your own, in PEM, to log in with.",
    ),
    click.option(
        "--tls-client-key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Its key. [default: in the file of the certificate]",
    ),
    click.option("--insecure", is_flag=True, help="Send a password to another machine even without TLS."),
)


def tls_options(command: _Command) -> _Command:
    """Give a command the options that `safety` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def safety(target: Target) -> dict[str, Any]:
    """What `connect` is told: a person trusts what they see first; `tell_at_once` has them told so."""
    return {
        "tls": target.tls,
        "fingerprint": target.fingerprint,
        "pins": places.settings() / "known_servers" if places.settings() != places.NOWHERE else None,
        "certificate": target.certificate,
        "key": target.key,
        "insecure": target.insecure,
    }


class _Teller(logging.Handler):
    """Says which servers are trusted at first sight: at once, or when who has the terminal asks for it."""

    later: list[str] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        if self.later is None:
            warn(record.getMessage())
        else:
            self.later.append(record.getMessage())


def tell_at_once() -> None:
    """From now on it is said which servers are trusted at first sight."""
    _LOG.addHandler(_teller)


def tell_later() -> list[str]:
    """Say nothing any more; whom one trusts is added to this list."""
    _teller.later = []
    return _teller.later


_LOG = logging.getLogger("tcpchat.client.trust")
_teller = _Teller()
