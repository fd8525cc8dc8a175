"""Addresses as people write them."""

import os
import re
from ipaddress import ip_address
from pathlib import Path

DEFAULT_PORT = 7667
TLS_PORT = 6697
"""Where IRC servers have TLS (RFC 7194)."""

MOST_SOCKET_BYTES = 100
"""Of the path of a Unix socket; the system takes hardly more."""

_FORMS = (
    re.compile(r"(?P<host>):?(?P<port>\d+)"),
    re.compile(r"\[(?P<host>[^][]+)\](?::(?P<port>[^:]*))?"),
    re.compile(r"(?P<host>[^:/][^:/]*)?(?::(?P<port>[^:/]*))?"),
    re.compile(r"(?P<host>[^/]*:[^/]*:[^/]*)(?P<port>)"),
)
"""A port alone; IPv6 in brackets; a name or IPv4; IPv6 without brackets, which leaves no place for a port."""


def parse_address(written: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """``HOST:PORT``, ``HOST``, ``PORT``, ``IPV6`` or ``[IPV6]:PORT`` as host and port; else 127.0.0.1 and the default.

    :raises ValueError: with the reason in words.
    """
    form = next(filter(None, (form.fullmatch(written.strip()) for form in _FORMS)), None)
    if form is None or not _is_host(form["host"] or ""):
        raise ValueError(f"“{written}” is not an address. Write HOST:PORT, or [IPV6]:PORT.")
    port = form["port"] or str(default_port)
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError(f"“{port}” is not a port: a number from 1 to 65535 (for a server, 0 is any free one).")
    return form["host"] or "127.0.0.1", int(port)


def parse_private(written: str) -> tuple[str, int] | Path:
    """``unix:PATH``, or an address of the loopback: what only this machine can reach.

    :raises ValueError: with the reason in words.
    """
    kind, _, path = written.partition(":")
    if kind == "unix":
        if not path or len(os.fsencode(path)) > MOST_SOCKET_BYTES:
            raise ValueError(f"“{path}” is no path for a socket: it has 1 to {MOST_SOCKET_BYTES} bytes.")
        return Path(path)
    host, port = parse_address(written)
    if not is_loopback(host):
        raise ValueError(f"“{written}” can be reached by others. Write 127.0.0.1:PORT, [::1]:PORT or unix:PATH.")
    return host, port


def is_loopback(host: str) -> bool:
    """Whether it is this machine, for itself only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def parse_server(written: str, *, tls: bool = False) -> tuple[str, int, bool]:
    """What a client is given: an address, or ``tls://`` and an address, as host, port, and whether with TLS.

    :raises ValueError: with the reason in words.
    """
    scheme, separator, rest = written.strip().rpartition("://")
    if separator and scheme.lower() not in _SCHEMES:
        raise ValueError(f"“{scheme}://” is not known here. Write HOST:PORT, or tls://HOST:PORT.")
    tls = tls or scheme.lower() == "tls"
    return *parse_address(rest.removesuffix("/"), TLS_PORT if tls else DEFAULT_PORT), tls


_SCHEMES = {"tls", "tcp"}


def _is_host(host: str) -> bool:
    """A colon is in no name: where there is one, it must be an IPv6 address."""
    try:
        return ":" not in host or bool(ip_address(host.partition("%")[0]))
    except ValueError:
        return False


def write_address(host: str, port: int) -> str:
    """Host and port in one word."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
