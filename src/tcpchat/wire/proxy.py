"""What a proxy says of the one whom it brings: the PROXY protocol, version 2 (haproxy's proxy-protocol.txt, 2.2)."""

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
HEAD = 16
"""Bytes until it is known how many more there are."""

MOST_MORE = 4_096
"""Bytes after the head. 216 do for addresses; some proxies add what they know."""

_VERSION = 2
_LOCAL, _PROXY = 0, 1
_FAMILIES = {0x11: (4, 12), 0x21: (16, 36)}
"""TCP over IPv4 and IPv6: how long an address is, and all addresses with their ports together."""

_SSL = 0x20
_CLIENT_SSL = 1


class BadHeader(ValueError):
    """What came is no header of this kind."""


class Brought(NamedTuple):
    """Who is behind the proxy."""

    address: str
    """Empty: nobody is, or nobody that has an address: it is the proxy itself that asks."""
    encrypted: bool = False
    """Whether they came to the proxy through TLS."""


def more(head: bytes) -> int:
    """How many bytes come after the head.

    :raises BadHeader: if it is none.
    """
    if len(head) != HEAD or not head.startswith(SIGNATURE):
        raise BadHeader("it does not begin with a PROXY header of version 2")
    size = int.from_bytes(head[14:])
    if head[12] >> 4 != _VERSION or head[12] & 15 not in (_LOCAL, _PROXY):
        raise BadHeader("it is of another version, or has another command")
    if size > MOST_MORE:
        raise BadHeader(f"it is longer than {MOST_MORE} bytes")
    return size


def brought(head: bytes, rest: bytes) -> Brought:
    """Who is brought, by a head and what comes after it.

    :raises BadHeader: if the two do not fit.
    """
    if head[12] & 15 == _LOCAL or head[13] not in _FAMILIES:
        return Brought("")
    one, all_ = _FAMILIES[head[13]]
    if len(rest) < all_:
        raise BadHeader("it ends within an address")
    return Brought(_written(ip_address(rest[:one])), _is_encrypted(rest[all_:]))


def _written(address: IPv4Address | IPv6Address) -> str:
    return str(getattr(address, "ipv4_mapped", None) or address)


def _is_encrypted(vectors: bytes) -> bool:
    """PP2_TYPE_SSL, with PP2_CLIENT_SSL."""
    return any(kind == _SSL and bool(value[:1]) and bool(value[0] & _CLIENT_SSL) for kind, value in _vectors(vectors))


def _vectors(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kinds and values (2.2.4); what is cut off counts for nothing."""
    while len(data) >= 3:
        kind, size = struct.unpack_from("!BH", data)
        yield kind, data[3 : 3 + size]
        data = data[3 + size :]
