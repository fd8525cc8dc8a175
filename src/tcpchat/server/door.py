"""Who comes in through a proxy or a web gateway that is listed in the configuration, and whom it brings."""

import asyncio
import hmac
import logging
from collections.abc import Iterable
from ipaddress import ip_address

from tcpchat.config import Gateway
from tcpchat.model.records import Check
from tcpchat.server.limits import Networks
from tcpchat.server.passwords import Passwords
from tcpchat.server.peer import Peer
from tcpchat.wire import proxy
from tcpchat.wire.irc import webirc

HEADER_SECONDS = 5.0
"""How long a proxy may take to say whom it brings. It knows before it connects."""

log = logging.getLogger(__name__)


class NotBelieved(Exception):
    """What somebody says of whom they bring is not believed. The text says why."""


async def behind(reader: asyncio.StreamReader, through: Peer) -> Peer:
    """Whom a listed proxy brings. It must say so before anything else.

    :raises NotBelieved: if it does not.
    """
    try:
        async with asyncio.timeout(HEADER_SECONDS):
            head = await reader.readexactly(proxy.HEAD)
            brought = proxy.brought(head, await reader.readexactly(proxy.more(head)))
    except (proxy.BadHeader, asyncio.IncompleteReadError, OSError) as error:
        reason = str(error) if isinstance(error, proxy.BadHeader) else "no PROXY header came"
        log.warning("a connection from the proxy %s was closed: %s", through.address, reason)
        raise NotBelieved("This address is that of a proxy, which has to say whom it brings.") from None
    if not brought.address or _is_elsewhere(brought.address, through):
        return through
    return Peer(brought.address, encrypted=brought.encrypted)


async def introduced(
    line: bytes, through: Peer, gateways: Iterable[Gateway], passwords: Passwords
) -> tuple[Peer, webirc.Introduction]:
    """Whom a web gateway brings that is listed and knows its password.

    :raises NotBelieved: if it is not, or does not.
    """
    said = webirc.read(line)
    if said is None:
        raise NotBelieved("WEBIRC takes a password, the gateway's name, a host and its address.")
    listed = [one for one in gateways if through.address in Networks(one.hosts)]
    if not listed:
        log.warning("WEBIRC from %s, which is no gateway's address", through.address)
        raise NotBelieved("WEBIRC is for listed gateways, and your address is none of theirs.")
    for gateway in listed:
        if await _fits(gateway.password, said.password, passwords):
            break
    else:
        log.warning("WEBIRC from %s with a wrong password", through.address)
        raise NotBelieved("Invalid WebIRC password")
    if _is_elsewhere(said.address, through):
        raise NotBelieved("Nobody comes from there through a gateway.")
    return Peer(said.address, encrypted=said.secure and through.secure), said


def _is_elsewhere(address: str, through: Peer) -> bool:
    """Whether it is the loopback of another machine than this one: here it would mean ourselves."""
    return ip_address(address).is_loopback and not through.local


async def _fits(kept: str, said: str, passwords: Passwords) -> bool:
    if kept.startswith("$argon2"):
        return await passwords.check(Check(said, kept))
    return hmac.compare_digest(kept.encode(), said.encode("utf-8", "replace"))
