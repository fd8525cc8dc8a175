"""Connections without a nick: how many there are, whose they are, and which has to go when one more comes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tcpchat.server.session import Session


class Newcomers:
    """By network, each in the order they came. Coming, going and choosing cost the same however many there are."""

    def __init__(self) -> None:
        self._of: dict[str, dict[Session, None]] = {}
        self._with: dict[int, dict[str, None]] = {}
        """The networks that have so many, those that have had so many for longest first."""
        self._most = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def come(self, session: "Session", network: str) -> None:
        """One more."""
        of = self._of.setdefault(network, {})
        of[session] = None
        self._moved(network, len(of) - 1, len(of))
        self._count += 1

    def go(self, session: "Session", network: str) -> None:
        """It has a nick now, or is gone. It may be told more than once."""
        of = self._of.get(network)
        if of is None or session not in of:
            return
        del of[session]
        self._moved(network, len(of) + 1, len(of))
        self._count -= 1
        if not of:
            del self._of[network]

    def one_too_many(self) -> "Session | None":
        """The one that has waited longest, of the network that has the most; it counts no more."""
        if not self._count:
            return None
        network = next(iter(self._with[self._most]))
        session = next(iter(self._of[network]))
        self.go(session, network)
        return session

    def _moved(self, network: str, before: int, now: int) -> None:
        if before:
            networks = self._with[before]
            del networks[network]
            if not networks:
                del self._with[before]
        if now:
            self._with.setdefault(now, {})[network] = None
        if now > self._most or self._most not in self._with:
            self._most = now  # one more or one less: there is no gap below
