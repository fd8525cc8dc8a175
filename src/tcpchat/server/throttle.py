"""How often one may try to prove who one is."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

from tcpchat.config import Limits
from tcpchat.model.replies import Refused
from tcpchat.server.turns import Rank

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

TRIES = 5
TRIES_A_MINUTE = 3
"""For one account from one network: so many at once, and then so many a minute. Nobody can lock out the owner."""

TRIES_OF_A_NETWORK = 20
TRIES_OF_A_NETWORK_A_MINUTE = 10

FAILED_SECONDS = 3_600.0
"""For so long a network from which somebody failed waits behind those of which nothing is known."""

MOST_REMEMBERED = 20_000
MOST_CHARACTERS = 80
"""Of a name that is to be proven: no real one is longer."""


class _Bucket:
    """Tokens that come back with time."""

    __slots__ = ("level", "time")

    def __init__(self, level: float, time: float) -> None:
        self.level = level
        self.time = time


class Throttle:
    """Counts attempts that failed, by who was to be proven and by where from. Time is in seconds, of any clock."""

    def __init__(self, limits: Limits) -> None:
        self._enabled = limits.enabled
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()
        self._known: OrderedDict[Hashable, None] = OrderedDict()
        """Who proved what they are, and from where."""
        self._failed: OrderedDict[str, float] = OrderedDict()
        """When somebody failed last, by network."""
        self.failed = 0
        """How many attempts failed, and how many came too soon, since the start."""
        self.throttled = 0

    def attempt(self, network: str, who: str, now: float) -> None:
        """:raises Refused: if too many tries failed. Those under way do not count yet."""
        if not self._enabled:
            return
        known = _key(network, who) in self._known  # whom no neighbour locks out who guesses at others' accounts
        for bucket in (self._of_network(network, now), self._of_one(network, who, now)):
            if bucket.level < 1 and not (known and bucket is self._buckets[network]):
                self.throttled += 1
                raise Refused("too_many_tries", "Too many tries. Wait a minute before the next one.")

    def count(self, network: str, who: str, now: float) -> None:
        """One more that failed."""
        self.failed += 1
        _remember(self._failed, network, now)
        for key in (network, _key(network, who)):
            if (bucket := self._buckets.get(key)) is not None:
                bucket.level -= 1

    def succeeded(self, network: str, who: str) -> None:
        """They have proved it."""
        _remember(self._known, _key(network, who), None)

    def rank(self, network: str, who: str, now: float) -> Rank:
        """Before whom they go when many want to prove something."""
        if _key(network, who) in self._known:
            return Rank.KNOWN
        return Rank.FAILED if now - self._failed.get(network, -FAILED_SECONDS) < FAILED_SECONDS else Rank.NEW

    def _of_network(self, network: str, now: float) -> _Bucket:
        return self._bucket(network, TRIES_OF_A_NETWORK, TRIES_OF_A_NETWORK_A_MINUTE, now)

    def _of_one(self, network: str, who: str, now: float) -> _Bucket:
        return self._bucket(_key(network, who), TRIES, TRIES_A_MINUTE, now)

    def _bucket(self, key: Hashable, most: int, a_minute: int, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = _Bucket(most, now)
        _remember(self._buckets, key, bucket)
        bucket.level = min(most, bucket.level + (now - bucket.time) * a_minute / 60)
        bucket.time = now
        return bucket


def _key(network: str, who: str) -> Hashable:
    return network, who[:MOST_CHARACTERS]


def _remember(some: "OrderedDict[_Key, _Value]", key: _Key, value: _Value) -> None:
    """As the latest of no more than `MOST_REMEMBERED`."""
    some[key] = value
    some.move_to_end(key)
    if len(some) > MOST_REMEMBERED:
        some.popitem(last=False)
