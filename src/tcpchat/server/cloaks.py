"""What others see instead of an address: a name that says who comes from the same place, and not which place.

``a.b.c.hidden``: `c` is the same for all of an IPv4 /16 or an IPv6 /32, `b` for a /24 or a /48, and `a` for one address
or a /64. So ``*!*@*.b.c.hidden`` means a range of addresses, to those who may not know them, and the names are the same
after a restart. Who does not have the server's secret cannot try addresses until one fits.
"""

import hmac
import ipaddress
from functools import lru_cache

from tcpchat.server.limits import network

PREFIXES = {4: (32, 24, 16), 6: (64, 48, 32)}
"""What the parts of a name stand for, by the version of IP."""

PART_CHARACTERS = 12
"""48 bits in each part: two places that look the same are not found by chance."""

HERE = frozenset({"127.0.0.1", "::1", ""})


def cloak(secret: bytes, address: str) -> str:
    """What others see instead of an address."""
    return "localhost" if address in HERE else _cloaked(secret, network(address))


@lru_cache(maxsize=4_096)
def _cloaked(secret: bytes, place: str) -> str:
    try:
        of = ipaddress.ip_network(place)
    except ValueError:  # what is no address is a place of its own
        return f"{_part(secret, place)}.hidden"
    parts = (str(of.supernet(new_prefix=prefix) if prefix < of.prefixlen else of) for prefix in PREFIXES[of.version])
    return ".".join([*(_part(secret, part) for part in parts), "hidden"])


def _part(secret: bytes, place: str) -> str:
    return hmac.digest(secret, f"cloak {place}".encode(), "sha256").hex()[:PART_CHARACTERS]
