"""The client's options for TLS: whom to trust, what to show, and what may go without."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tcpchat.cli.usage import BadUsage

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


def safety(
    *,
    tls: bool,
    accept_fingerprint: str,
    tls_client_cert: Path | None,
    tls_client_key: Path | None,
    insecure: bool,
) -> dict[str, Any]:
    """What `connect` is told: a person trusts what they see first, and is told so."""
    from platformdirs import user_config_path

    if tls_client_key is not None and tls_client_cert is None:
        raise BadUsage("--tls-client-key needs the certificate that the key belongs to: --tls-client-cert FILE")
    _tell_what_is_trusted()
    return {
        "tls": tls,
        "fingerprint": accept_fingerprint,
        "pins": user_config_path("tcpchat", appauthor=False) / "known_servers",
        "certificate": tls_client_cert,
        "key": tls_client_key,
        "insecure": insecure,
    }


def _tell_what_is_trusted() -> None:
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(logging.Formatter("tcpchat-client: %(message)s"))
    logging.getLogger("tcpchat.client.trust").addHandler(to_stderr)
