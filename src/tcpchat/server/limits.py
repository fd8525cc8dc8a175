"""Who is let in: how many connections there may be, in all and from one network, and how many new ones."""

import ipaddress
import logging
from collections import Counter, OrderedDict
from functools import lru_cache

from tcpchat.config import Limits
from tcpchat.server.memory import Memory
from tcpchat.server.newcomers import Newcomers
from tcpchat.server.session import Session

SPARE_FILES = 64
"""Open files kept for the log, the listeners and whatever comes."""

CLOSING_FILES = 32
"""Of them, those that connections may have which were told to go, and are not gone yet."""

MOST_REMEMBERED = 20_000
"""Networks of which is known how many new connections came from there."""

REPORT_SECONDS = 10.0
"""How often it is logged that some were not let in."""

MAKE_ROOM = "Others want to come in, and you have no nickname yet. Try again."

log = logging.getLogger(__name__)


class Admission:
    """Counts who is connected. Whatever it is asked costs the same however many there are."""

    def __init__(self, limits: Limits, proxies: tuple[str, ...] = ()) -> None:
        """Proxies are exempt: they come for many, or only look whether somebody is there."""
        self._limits = limits
        self._proxies = proxies
        self._files = max(1, open_files() - SPARE_FILES)
        self._networks: Counter[str] = Counter()
        self._new: OrderedDict[str, float] = OrderedDict()
        """When the burst of a network is whole again, in seconds of the loop's clock."""
        self._exempt = Networks(limits.exempt + proxies)
        self._total = 0
        self.newcomers = Newcomers()
        self.short_of_memory = False
        """Whether nobody is let in because there is hardly any memory left."""
        self.refused: Counter[str] = Counter()
        """How many were not let in, by why."""
        self._memory = Memory()
        self._reported = 0
        self._next_report = 0.0

    @property
    def _most(self) -> int:
        return min(self._limits.clients, self._files)

    def configure(self, limits: Limits) -> None:
        """From now on these hold."""
        self._limits = limits
        self._exempt = Networks(limits.exempt + self._proxies)

    def refusal(self, address: str, now: float) -> str:
        """Why one more may not come in from there; empty if it may: then it counts as one that came."""
        reason, text = self._reason(address, now)
        if not reason:
            return ""
        self.refused[reason] += 1
        log.debug("refused a connection from %s: %s", address, text)
        return text

    def _reason(self, address: str, now: float) -> tuple[str, str]:
        if self._total >= self._most + (CLOSING_FILES if self.newcomers else 0):
            return "full", "This server is full. Try again later."
        if self.short_of_memory and address:
            return "memory", "This server is short of memory. Try again later."
        if not self._limits.enabled or not address or address in self._exempt:
            return "", ""
        place = network(address)
        if self._networks[place] >= self._limits.clients_per_address:
            return "address", f"There are {self._limits.clients_per_address} connections from your address already."
        if address not in OURSELVES and not self._take(place, now):
            return "rate", "Too many new connections from your address. Wait a minute before the next one."
        return "", ""

    def alone(self, address: str) -> bool:
        """Whether those who come from there have nothing to do with each other, as far as one knows."""
        return not address or address in OURSELVES or address in self._exempt

    def _take(self, place: str, now: float) -> bool:
        """Whether a network's burst has one left, which is then gone."""
        each = 60 / self._limits.connects_per_minute
        whole = max(self._new.get(place, now), now) + each
        if whole > now + self._limits.connects_burst * each:
            return False
        self._new[place] = whole
        self._new.move_to_end(place)
        if len(self._new) > MOST_REMEMBERED:
            self._new.popitem(last=False)
        return True

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

    def come(self, session: Session) -> None:
        """Somebody who has no nick yet. For them another one may have to go, who has none either."""
        if session.administrator:
            return
        if len(self.newcomers) >= self._limits.newcomers or self._total > self._most:
            self._make_room()
        self.newcomers.come(session, network(session.address))

    def named(self, session: Session) -> None:
        """It has a nick from now on, or is gone."""
        self.newcomers.go(session, network(session.address))

    def _make_room(self) -> None:
        while (session := self.newcomers.one_too_many()) is not None:
            if session.user is None:
                self.refused["newcomer"] += 1
                session.close(MAKE_ROOM)
                return

    def look(self, now: float) -> None:
        """What is done about once a second."""
        self.short_of_memory = self._memory.short()
        self._report(now)

    def _report(self, now: float) -> None:
        """Log how many were not let in since the last time, if it is time, and if there were any."""
        refused = self.refused.total()
        if refused == self._reported or now < self._next_report:
            return
        why = ", ".join(f"{reason} {count}" for reason, count in sorted(self.refused.items()))
        log.warning("%d connections were not let in or had to go; since the start: %s", refused - self._reported, why)
        self._reported, self._next_report = refused, now + REPORT_SECONDS


OURSELVES = frozenset({"127.0.0.1", "::1"})
"""From here any number of new connections may come: others use other addresses."""


class Networks:
    """A list of addresses and networks, as they are written in the configuration."""

    def __init__(self, written: tuple[str, ...]) -> None:
        self._networks = tuple(ipaddress.ip_network(one, strict=False) for one in written)

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return False
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


@lru_cache(maxsize=4_096)
def network(address: str) -> str:
    """What counts as one place: an IPv4 address, or an IPv6 /64, which is what one customer gets."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, without its zone; one of IPv4 however it is written."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


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
