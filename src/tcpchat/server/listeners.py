"""Where clients come in: addresses as they are written, sockets, and what to say when one cannot be had."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any

from tcpchat.config import Limits
from tcpchat.model.address import DEFAULT_PORT, TLS_PORT, parse_address, write_address
from tcpchat.model.errors import (
    EX_CONFIG,
    EX_NOHOST,
    EX_NOPERM,
    EX_OSERR,
    EX_UNAVAILABLE,
    CannotStart,
    in_words,
)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]

BACKLOG = 1_024
READ_BUFFER = 32_768
"""Bytes that may wait to be read of one client, before its sending is stopped at twice as many."""

SEND_BUFFER = 65_536
"""Bytes of one client's that the system may hold. By itself it would take megabytes of one that does not read."""

STALLED_GRACE = 10.0
"""Seconds that a client which takes nothing stays longer than it may, before the system gives the connection up."""


def check_address(address: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """Host and port.

    :raises CannotStart: if it is no address.
    """
    try:
        return parse_address(address, default_port)
    except ValueError as error:
        raise CannotStart(f"Cannot listen on {address}: {error}", EX_CONFIG) from error


async def listen(address: str, serve: Serve, limits: Limits, *, insecure: bool = False) -> list[asyncio.Server]:
    """Start to take connections, which nothing protects on their way: from this machine only, unless `insecure`.

    :raises CannotStart: with the way out.
    """
    host, port = check_address(address)
    sockets = await bind(host, port, limits, "--listen", exposed=insecure)
    return [await asyncio.start_server(serve, sock=one, backlog=BACKLOG, limit=READ_BUFFER) for one in sockets]


async def bind(host: str, port: int, limits: Limits, option: str, *, exposed: bool = True) -> list[socket.socket]:
    """Sockets, one for each address of the host, that listen.

    :param option: the one with which another address can be chosen.
    :param exposed: whether others than this machine may be able to reach them.
    :raises CannotStart: with the way out.
    """
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in await _addresses(host, port):
            bound.append(_bound(socket.socket(family, kind, protocol), address, limits))
            if not exposed and not is_loopback(bound[-1].getsockname()[0]):
                raise CannotStart(_exposed(host, port), EX_CONFIG)
        for one in bound:
            one.listen(BACKLOG)
        return bound
    except (OSError, CannotStart) as error:
        for one in bound:
            one.close()
        if isinstance(error, OSError):
            raise _explained(error, host, port, option) from error
        raise


async def _addresses(host: str, port: int) -> list[Any]:
    """What `socket.getaddrinfo` says of them, each once. Only a name has to be looked up, which takes a thread."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(found))


def _bound(fresh: socket.socket, address: tuple[object, ...], limits: Limits) -> socket.socket:
    try:
        fresh.setblocking(False)
        if os.name == "posix":
            fresh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if fresh.family == socket.AF_INET6:  # what comes by IPv4 has a socket of its own
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        fresh.bind(address)
        _prepare(fresh, limits)
        return fresh
    except BaseException:
        fresh.close()
        raise


def is_loopback(address: str) -> bool:
    """Whether only this machine itself is reached there."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback


def _exposed(host: str, port: int) -> str:
    return (
        f"Will not listen on {write_address(host, port)} without TLS: whoever is on the way can read everything there, "
        f"passwords too. Use --tls-listen {write_address(host, TLS_PORT)} --tls self-signed instead; or, if the "
        "network itself is safe, say so with --insecure (in a configuration: insecure = true)."
    )


def _prepare(listener: socket.socket, limits: Limits) -> None:
    """Let the system ask a silent peer whether it lives (people with nc answer no pings), and hide little from us.

    Connections have it from the listener: that is cheaper than to say it of each.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", int(1_000 * (limits.stalled_seconds + STALLED_GRACE))),
    ):
        if hasattr(socket, option):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _explained(error: OSError, host: str, port: int, option: str) -> CannotStart:
    if isinstance(error, socket.gaierror):
        return CannotStart(f"Cannot listen on {host}: there is no such host name. {_own_addresses()}", EX_NOHOST)
    code = error.errno
    if code in {errno.EADDRINUSE, 10048}:
        owner = owner_of(port)
        who = f"{owner} is listening there already" if owner else "another program is listening there already"
        return CannotStart(
            f"Cannot listen on {write_address(host, port)}: {who}. "
            f"Stop it, or choose another port: {option} {write_address(host, port + 1)}",
            EX_UNAVAILABLE,
        )
    if code in {errno.EADDRNOTAVAIL, 10049}:
        return CannotStart(f"Cannot listen on {host}: that address is not this machine's. {_own_addresses()}", EX_OSERR)
    if code in {errno.EACCES, errno.EPERM, 10013}:
        return CannotStart(
            f"Cannot listen on port {port}: ports below 1024 need special rights. "
            f"Choose a higher one: {option} {write_address(host, DEFAULT_PORT)}",
            EX_NOPERM,
        )
    return CannotStart(f"Cannot listen on {write_address(host, port)}: {in_words(error)}.", EX_OSERR)


def _own_addresses() -> str:
    return f"This machine has {', '.join(own_addresses())}. Use 0.0.0.0 to listen on all of them."


def own_addresses() -> list[str]:
    """The addresses under which this machine can be reached, the loopback first."""
    found = {"127.0.0.1": None}
    try:
        for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET):
            found[str(info[4][0])] = None
    except OSError:
        pass
    try:  # connecting a datagram socket sends nothing; it only chooses the address that would be used
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            found[probe.getsockname()[0]] = None
    except OSError:
        pass
    return list(found)


def owner_of(port: int) -> str:
    """The program that listens on a port, with its process id, where the system tells (Linux, one's own processes)."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        try:
            if any(os.readlink(file) in sockets for file in (process / "fd").iterdir()):
                return f"{_program(process)} (process {process.name})"
        except OSError:
            continue
    return ""


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, rows):
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:  # 0A: LISTEN
                inodes.add(fields[9])
    return inodes


def _program(process: Path) -> str:
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    named = next((word for word in words if "tcpchat" in word), words[0])
    return Path(named).name or "a program"
