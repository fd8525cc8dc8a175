"""Proving who one is: how often one may try, and in whose turn the hashing is done that it takes."""

import asyncio

from tcpchat.config import Limits
from tcpchat.model.records import Attempt, Check, Count, Hash, Hashed
from tcpchat.server.limits import network
from tcpchat.server.passwords import THREADS, Passwords
from tcpchat.server.throttle import Throttle
from tcpchat.server.turns import Turns


class Proving:
    """What rules ask for that has to do with passwords."""

    def __init__(self, limits: Limits) -> None:
        self.throttle = Throttle(limits)
        self.passwords = Passwords()
        self._turns = Turns(THREADS)

    async def work(self, wish: Attempt | Count | Hash | Check, address: str) -> Hashed | bool | None:
        """Do it for one who comes from this address.

        :raises Refused: if it is not to be had now.
        """
        place, now = network(address), asyncio.get_running_loop().time()
        match wish:
            case Attempt(who=who):
                self.throttle.attempt(place, who, now)
            case Count(who=who, right=True):
                self.throttle.succeeded(place, who)
            case Count(who=who):
                self.throttle.count(place, who, now)
            case Hash():
                async with self._turns.turn(place, self.throttle.rank(place, "", now)):
                    return await self.passwords.hash(wish)
            case Check():
                return await self._check(wish, place)
        return None

    async def _check(self, wish: Check, place: str) -> bool:
        """Whether a password is right; those tried at the same time from the same place may have failed meanwhile."""
        clock = asyncio.get_running_loop().time
        async with self._turns.turn(place, self.throttle.rank(place, wish.who, clock())):
            self.throttle.attempt(place, wish.who, clock())
            right = await self.passwords.check(wish)
        if right:
            self.throttle.succeeded(place, wish.who)
        return right
