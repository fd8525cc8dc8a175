"""Who may not be on this server at all: bans by address, by nick and by account, for a time or for good.

They are kept as documents, each under its own words (`Ban.mask`), and are known from the first moment of a server. One
that has run out means nobody, and is forgotten when somebody looks at the list. What is checked where: addresses before
a connection gets a word in (`server/app.py`); all of it when somebody comes in, is called otherwise, or logs in.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import msgspec

from tcpchat.chat import masks
from tcpchat.model import names

if TYPE_CHECKING:
    from tcpchat.chat.state import State
    from tcpchat.chat.user import Listener

SPACE = "ban"
"""The documents."""

ACCOUNT = "~a:"
"""A ban that begins so means an account."""

WIDEST = {4: 8, 6: 16}
"""The shortest prefix that may be banned, by the version of IP: nobody shuts out half the world with a typing error."""

ONE_PLACE = 64
"""The prefix of IPv6 that one customer has: who is at one address of it is at all."""


class Ban(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom it means, whose it is, why, since when and until when (milliseconds since 1970; 0: for good)."""

    mask: str
    by: str
    reason: str = ""
    time: int = 0
    until: int = 0
    revision: int = 0
    """Of the document; not a part of it."""

    def holds(self, now: int) -> bool:
        """Whether it has not run out."""
        return not self.until or now < self.until


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Ban).decode

Network = IPv4Network | IPv6Network


class Bans:
    """All of them, found by what they mean: an address costs as much as there are lengths of prefixes."""

    def __init__(self) -> None:
        self._all: dict[str, Ban] = {}
        self._networks: dict[tuple[int, int], dict[int, Ban]] = {}
        """By version and length of the prefix, and then by the prefix."""
        self._masks: dict[str, Ban] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Ban]:
        return iter(list(self._all.values()))

    def get(self, mask: str) -> Ban | None:
        """The ban of these (canonical) words."""
        return self._all.get(mask)

    def add(self, ban: Ban) -> None:
        """There is this one from now on, instead of what was there under its words."""
        self.remove(ban.mask)
        self._all[ban.mask] = ban
        network = _network(ban.mask)
        if network is not None:
            prefixes = self._networks.setdefault((network.version, network.prefixlen), {})
            prefixes[int(network.network_address)] = ban
        elif not ban.mask.startswith(ACCOUNT):
            self._masks[ban.mask] = ban

    def remove(self, mask: str) -> None:
        """There is none of these words any more."""
        self._all.pop(mask, None)
        self._masks.pop(mask, None)
        network = _network(mask)
        if network is not None:
            prefixes = self._networks.get((network.version, network.prefixlen), {})
            prefixes.pop(int(network.network_address), None)
            if not prefixes:
                self._networks.pop((network.version, network.prefixlen), None)

    def of_address(self, address: str, now: int) -> Ban | None:
        """The ban that means an address, if there is one."""
        if not self._networks:
            return None
        try:
            version, number = _number(address)
        except ValueError:  # a Unix socket
            return None
        size = 32 if version == 4 else 128
        for (of, length), prefixes in self._networks.items():
            if of == version and (ban := prefixes.get(number >> (size - length) << (size - length))) and ban.holds(now):
                return ban
        return None

    def of_account(self, account: str, now: int) -> Ban | None:
        """The ban that means an account."""
        ban = self._all.get(ACCOUNT + names.fold(account)) if account else None
        return ban if ban is not None and ban.holds(now) else None

    def of_person(self, listener: Listener, nick: str, origin: str, now: int) -> Ban | None:
        """The ban of a mask that means ``nick!user@host``: as others see it, or saw it at first, or the address."""
        if not self._masks:
            return None
        user = origin.partition("@")[0]
        hosts = dict.fromkeys((origin, f"{user}@{listener.host}", f"{user}@{listener.address}"))
        forms = [masks.folded(f"{nick}!{host}") for host in hosts]
        for mask, ban in self._masks.items():
            if ban.holds(now) and any(map(masks.pattern(mask).match, forms)):
                return ban
        return None

    def of(self, listener: Listener, nick: str, origin: str, now: int) -> Ban | None:
        """The ban that means somebody at a connection who is called, or wants to be called, so."""
        if not self._all or listener.administrator:
            return None
        return (
            self.of_address(listener.address, now)
            or self.of_account(listener.account, now)
            or (self.of_person(listener, nick, origin, now) if nick else None)
        )


def canonical(wanted: str) -> str:
    """The words under which a ban is kept, from what somebody typed: an address, a CIDR range, a mask, ``~a:account``.

    :raises ValueError: with the reason in words, if that means nobody, or too many.
    """
    if wanted.startswith(ACCOUNT):
        folded = names.fold(wanted.removeprefix(ACCOUNT))
        if not folded or any(c in "*? " for c in folded) or not folded.isprintable():
            raise ValueError(f"An account is named whole: {ACCOUNT}NAME.")
        return ACCOUNT + folded
    network = _network(wanted.removeprefix("*!").removeprefix("*@"))
    if network is not None:
        return _range(network)
    if masks.is_of_nobody(wanted):
        raise ValueError("That is no address, range or nick: write 192.0.2.7, 192.0.2.0/24 or *@*.example.org.")
    mask = masks.lowered(masks.normal(wanted))
    if " " in mask or not mask.isprintable() or not masks.sensible(mask) or len(mask) > masks.MOST_BYTES:
        raise ValueError("That mask means nobody, or is too long.")
    if not set(mask) - set("*?!@."):
        raise ValueError("That mask means everybody.")
    return mask


def why(ban: Ban) -> str:
    """What somebody is told whom it means."""
    return "You are banned from this server" + (f": {ban.reason}" if ban.reason else ".")


def written(ban: Ban) -> bytes:
    """As it is kept."""
    return _encode(msgspec.structs.replace(ban, revision=0))


def load(state: State, documents: object) -> None:
    """What is known when the server starts: what is collected of the `SPACE`."""
    assert isinstance(documents, dict)
    for document in documents.values():
        if document.value:
            state.bans.add(msgspec.structs.replace(_decode(document.value), revision=document.revision))


def _network(written: str) -> Network | None:
    """A range of addresses as it is written; None if that is none. IPv4 within IPv6 is IPv4."""
    try:
        network = ip_network(written, strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped:
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def _range(network: Network) -> str:
    if network.prefixlen < WIDEST[network.version]:
        raise ValueError(f"That is too wide a range: /{WIDEST[network.version]} at most.")
    if network.version == 6 and network.prefixlen > ONE_PLACE:
        network = network.supernet(new_prefix=ONE_PLACE)
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)


def _number(address: str) -> tuple[int, int]:
    """The version and the bits of an address.

    :raises ValueError: if it is none.
    """
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.version, int(parsed)
