"""WEBIRC: what a web gateway says of the one whom it brings (ircv3.net/specs/extensions/webirc)."""

from ipaddress import ip_address
from typing import NamedTuple

from tcpchat.wire.irc.message import parse

VERB = b"WEBIRC "
MOST_BYTES = 512


class Introduction(NamedTuple):
    """The line. The host's name is not believed, and the address says more."""

    password: str
    gateway: str
    address: str
    secure: bool
    """Whether the gateway says that they came to it through TLS."""


def read(line: bytes) -> Introduction | None:
    """The first line of a connection; None if it is no such line."""
    message = parse(line.decode("utf-8", "replace").rstrip("\r"))
    if message is None or message.command != "WEBIRC" or len(message.params) < 4:
        return None
    password, gateway, _, address, *options = message.params
    try:
        parsed = ip_address(address.partition("%")[0])  # a zone may be any text, and says nothing here
    except ValueError:
        return None
    address = str(getattr(parsed, "ipv4_mapped", None) or parsed)
    names = {option.partition("=")[0] for options_ in options for option in options_.split(" ")}
    return Introduction(password, gateway, address, "secure" in names)
