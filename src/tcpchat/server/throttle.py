"""How often one may try to prove who one is."""

from collections import OrderedDict
from collections.abc import Hashable

from tcpchat.config import Limits
from tcpchat.model.replies import Refused

TRIES = 5
TRIES_A_MINUTE = 3
"""For one account from one network: so many at once, and then so many a minute. Nobody can lock out the owner."""

TRIES_OF_A_NETWORK = 20
TRIES_OF_A_NETWORK_A_MINUTE = 10

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
        self.failed = 0
        """How many attempts failed, and how many came too soon, since the start."""
        self.throttled = 0

    def attempt(self, network: str, who: str, now: float) -> None:
        """:raises Refused: if too many tries failed. Those under way do not count yet."""
        if not self._enabled:
            return
        for bucket in (self._of_network(network, now), self._of_one(network, who, now)):
            if bucket.level < 1:
                self.throttled += 1
                raise Refused("too_many_tries", "Too many tries. Wait a minute before the next one.")

    def count(self, network: str, who: str) -> None:
        """One more that failed."""
        self.failed += 1
        for key in (network, _key(network, who)):
            if (bucket := self._buckets.get(key)) is not None:
                bucket.level -= 1

    def _of_network(self, network: str, now: float) -> _Bucket:
        return self._bucket(network, TRIES_OF_A_NETWORK, TRIES_OF_A_NETWORK_A_MINUTE, now)

    def _of_one(self, network: str, who: str, now: float) -> _Bucket:
        return self._bucket(_key(network, who), TRIES, TRIES_A_MINUTE, now)

    def _bucket(self, key: Hashable, most: int, a_minute: int, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(most, now)
            if len(self._buckets) > MOST_REMEMBERED:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        bucket.level = min(most, bucket.level + (now - bucket.time) * a_minute / 60)
        bucket.time = now
        return bucket


def _key(network: str, who: str) -> Hashable:
    return network, who[:MOST_CHARACTERS]
