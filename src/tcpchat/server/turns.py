"""Who may use a thread next: those who are known first, and one after the other from each network.

An attack comes from many networks at once. It can fill no more of the queue than it has networks, it waits behind
those who have proved before, from where they are, that an account is theirs, and it makes room for them.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

from tcpchat.model.replies import Refused

MOST_WAITING = 64
"""Each takes some 35 ms and 19 MiB when it has its turn. Who comes when there are more is asked to come back."""

MOST_OF_ONE = 8
"""Of one network."""


class Rank(IntEnum):
    """What is known of who asks. Lower ones go first."""

    KNOWN = 0
    """They proved from this network that the account is theirs."""
    NEW = 1
    FAILED = 2
    """Somebody of this network did not know a password, not long ago."""


Waiting = asyncio.Future[None]
Lane = OrderedDict[str, deque[Waiting]]
"""Those of one rank, by network; the network whose turn it is comes first."""


class Turns:
    """So many at a time; the others wait, in an order that is fair."""

    def __init__(self, at_once: int, most: int = MOST_WAITING) -> None:
        self._free = at_once
        self._most = most
        self._lanes: dict[Rank, Lane] = {rank: OrderedDict() for rank in Rank}
        self.waiting = 0
        """How many wait."""

    @asynccontextmanager
    async def turn(self, network: str, rank: Rank) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        :raises Refused: if too many wait.
        """
        await self._take(network, rank)
        try:
            yield
        finally:
            self._give()

    async def _take(self, network: str, rank: Rank) -> None:
        if self._free and not self.waiting:
            self._free -= 1
            return
        self._make_room(network, rank)
        waiting: Waiting = asyncio.get_running_loop().create_future()
        self._lanes[rank].setdefault(network, deque()).append(waiting)
        self.waiting += 1
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._give()  # it had its turn, and cannot use it
            else:
                self._forget(network, rank, waiting)
            raise

    def _make_room(self, network: str, rank: Rank) -> None:
        if len(self._lanes[rank].get(network, ())) >= MOST_OF_ONE:
            raise _busy()
        if self.waiting < self._most:
            return
        worst = next(worse for worse in reversed(Rank) if self._lanes[worse])
        lane = self._lanes[worst]
        longest = max(lane, key=lambda one: len(lane[one]))
        if worst < rank or (worst == rank and len(lane[longest]) <= len(lane.get(network, ())) + 1):
            raise _busy()
        last = lane[longest][-1]
        self._forget(longest, worst, last)
        last.set_exception(_busy())

    def _give(self) -> None:
        for lane in self._lanes.values():
            while lane:
                network, queue = next(iter(lane.items()))
                waiting = queue.popleft()
                self.waiting -= 1
                if queue:
                    lane.move_to_end(network)
                else:
                    del lane[network]
                if not waiting.done():
                    waiting.set_result(None)
                    return
        self._free += 1

    def _forget(self, network: str, rank: Rank, waiting: Waiting) -> None:
        queue = self._lanes[rank].get(network)
        if queue is None or waiting not in queue:
            return
        queue.remove(waiting)
        self.waiting -= 1
        if not queue:
            del self._lanes[rank][network]


def _busy() -> Refused:
    return Refused("busy", "Too many log in at this moment. Try again in a few seconds.")
