"""The server's options for TLS, and what it says of it when it has started."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec.structs import replace

from tcpchat.config import BadSetting, Config
from tcpchat.model.address import write_address

if TYPE_CHECKING:
    from tcpchat.server.app import Server

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--tls-listen",
        multiple=True,
        metavar="HOST:PORT",
        help="Where clients come in with TLS; may be given more than once. [default, with a certificate: "
        "127.0.0.1:6697]",
    ),
    click.option(
        "--tls",
        "tls_mode",
        type=click.Choice(["self-signed"]),
        help="Make a certificate at the first start, and keep it; its fingerprint is shown.",
    ),
    click.option(
        "--tls-cert",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The certificate, with those that lead to its authority, in PEM. It is read again when it changes.",
    ),
    click.option(
        "--tls-key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Its key, in PEM. [default: in the file of the certificate]",
    ),
    click.option(
        "--insecure", is_flag=True, help="Let --listen name other addresses than this machine's own, without TLS."
    ),
)


def tls_options(command: _Command) -> _Command:
    """Give a command the options that `with_tls` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def with_tls(
    config: Config,
    *,
    tls_listen: tuple[str, ...],
    tls_mode: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    insecure: bool,
) -> Config:
    """What was given as an option goes before what was set.

    :raises BadSetting: if the options contradict each other, with what to do.
    """
    if tls_mode is not None and (tls_cert or tls_key):
        raise BadSetting("--tls self-signed makes a certificate, --tls-cert and --tls-key name one: use either.")
    if tls_key is not None and tls_cert is None:
        raise BadSetting("--tls-key needs the certificate that the key belongs to: --tls-cert FILE")
    tls = config.tls
    if tls_cert is not None:
        tls = replace(tls, certificate=tls_cert, key=tls_key, self_signed=False)
    elif tls_mode is not None:
        tls = replace(tls, certificate=None, key=None, self_signed=True)
    if tls.self_signed and tls.certificate is None and config.data is None:
        tls = replace(tls, certificate=_own_place())
    return replace(config, tls=tls, tls_listen=tls_listen or config.tls_listen, insecure=insecure or config.insecure)


def _own_place() -> Path:
    """Where a certificate is kept by a server that keeps nothing else: else clients would see another one each time."""
    from platformdirs import user_config_path

    return user_config_path("tcpchat", appauthor=False) / "self-signed.pem"


def how_to_join_by_tls(server: "Server", client: str) -> Iterator[str]:
    """What to type; `client` is our own one's command."""
    from tcpchat.server.listeners import own_addresses

    shown = server.certificate
    if shown is None:
        return
    host, port = server.tls_addresses[0]
    host = own_addresses()[-1] if host == "0.0.0.0" else {"::": "::1"}.get(host, host)
    yield f"  with TLS    {', '.join(write_address(*one) for one in server.tls_addresses)}, certificate"
    yield f"              SHA256:{shown.fingerprint}"
    if shown.self_signed:
        pin = bytes.fromhex(shown.fingerprint).hex(":").upper()
        there = f"tls://{write_address(host, port)}"
        yield f"  our client  {client} {there} --accept-fingerprint SHA256:{shown.fingerprint}"
        yield f"  irssi       /connect -tls -notls_verify -tls_pinned_cert {pin} {host} {port}"
        yield f"  WeeChat     /server add tc {host}/{port} -tls -tls_fingerprint={shown.fingerprint}"
        yield "              (before version 4: -ssl -ssl_fingerprint=...), then /connect tc"
    else:
        yield f"  our client  {client} tls://NAME:{port}, where NAME is the server's name in the certificate"
        yield f"  IRC client  server NAME, port {port}, with TLS"
