"""How many connections there may be, in all and from one address."""

import ipaddress
from collections import Counter
from functools import lru_cache

from tcpchat.config import Limits

SPARE_FILES = 64
"""Open files kept for the log, the listeners and whatever comes."""


class Admission:
    """Counts who is connected."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._most = min(limits.clients, max(1, open_files() - SPARE_FILES))
        self._networks: Counter[str] = Counter()
        self._total = 0

    def refusal(self, address: str) -> str:
        """Why nobody else may come in from there; empty if they may."""
        if self._total >= self._most:
            return "This server is full. Try again later."
        if self._limits.enabled and self._networks[network(address)] >= self._limits.clients_per_address:
            return f"There are {self._limits.clients_per_address} connections from your address already."
        return ""

    def enter(self, address: str) -> None:
        """One more."""
        self._total += 1
        self._networks[network(address)] += 1

    def leave(self, address: str) -> None:
        """One less."""
        self._total -= 1
        place = network(address)
        self._networks[place] -= 1
        if not self._networks[place]:
            del self._networks[place]


@lru_cache(maxsize=4_096)
def network(address: str) -> str:
    """What counts as one place: an IPv4 address, or an IPv6 /64, which is what one customer gets."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def open_files() -> int:
    """How many files this process may have open."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 1 << 20
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def raise_open_files() -> None:
    """As many open files as the system allows: for the command, whose process is its own."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
