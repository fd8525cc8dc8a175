"""Addresses as people write them."""

import re
from ipaddress import ip_address

DEFAULT_PORT = 7667

_FORMS = (
    re.compile(r"(?P<host>):?(?P<port>\d+)"),
    re.compile(r"\[(?P<host>[^][]+)\](?::(?P<port>[^:]*))?"),
    re.compile(r"(?P<host>[^:/][^:/]*)?(?::(?P<port>[^:/]*))?"),
    re.compile(r"(?P<host>[^/]*:[^/]*:[^/]*)(?P<port>)"),
)
"""A port alone; IPv6 in brackets; a name or IPv4; IPv6 without brackets, which leaves no place for a port."""


def parse_address(written: str) -> tuple[str, int]:
    """``HOST:PORT``, ``HOST``, ``PORT``, ``IPV6`` or ``[IPV6]:PORT`` as host and port; else 127.0.0.1 and 7667.

    :raises ValueError: with the reason in words.
    """
    form = next(filter(None, (form.fullmatch(written.strip()) for form in _FORMS)), None)
    if form is None or not _is_host(form["host"] or ""):
        raise ValueError(f"“{written}” is not an address. Write HOST:PORT, or [IPV6]:PORT.")
    port = form["port"] or str(DEFAULT_PORT)
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError(f"“{port}” is not a port: a number from 1 to 65535 (for a server, 0 is any free one).")
    return form["host"] or "127.0.0.1", int(port)


def _is_host(host: str) -> bool:
    """A colon is in no name: where there is one, it must be an IPv6 address."""
    try:
        return ":" not in host or bool(ip_address(host.partition("%")[0]))
    except ValueError:
        return False


def write_address(host: str, port: int) -> str:
    """Host and port in one word."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
