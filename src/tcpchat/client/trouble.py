"""Why a client cannot connect, said so that the reader knows what to do."""

import asyncio
import errno
import re
import socket
import ssl

from tcpchat.model.address import TLS_PORT, write_address
from tcpchat.model.errors import EX_NOHOST, EX_NOPERM, EX_PROTOCOL, EX_UNAVAILABLE, in_words

CONNECT_SECONDS = 5.0


class CannotConnect(ConnectionError):
    """The server cannot be reached, or is none of ours. The text says what to do; `exit_code` is for scripts."""

    def __init__(self, text: str, exit_code: int = EX_UNAVAILABLE) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class NotTrusted(CannotConnect):
    """It may be somebody else who answers, or who listens: to try again would not help."""

    def __init__(self, text: str) -> None:
        super().__init__(text, EX_NOPERM)


def explained(error: OSError | TimeoutError, host: str, port: int) -> CannotConnect:
    """What to do when a connection cannot be made."""
    there = write_address(host, port)
    if isinstance(error, socket.gaierror):
        return CannotConnect(f"Cannot find the host “{host}”. Is its name spelled right?", EX_NOHOST)
    if isinstance(error, ssl.SSLError):
        return _no_tls(error, host, port)
    if isinstance(error, ConnectionRefusedError):
        return CannotConnect(f"Nobody is listening on {there}. Start a server there: tcpchat-server --listen {there}")
    if isinstance(error, TimeoutError) or error.errno in {errno.ETIMEDOUT, 10060}:
        return CannotConnect(f"No answer from {there} within {CONNECT_SECONDS:g} seconds. A firewall often does this.")
    if error.errno in {errno.EADDRNOTAVAIL, 10049}:
        return CannotConnect(f"{host} is not an address one can connect to. On the same machine it is 127.0.0.1.")
    if isinstance(error, ConnectionResetError) or not in_words(error):
        return CannotConnect(
            f"{there} closes the connection at once. Perhaps there is no chat, or nobody is let in now."
        )
    return CannotConnect(f"Cannot connect to {there}: {in_words(error)}.")


async def listens_on_loopback_only(host: str, port: int) -> bool:
    """Whether the host is this machine under another address, and somebody does listen on its loopback."""
    if host in {"localhost", "::1"} or host.startswith("127."):
        return False
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))  # only an own address can be bound; nothing is sent
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def loopback_only(host: str, port: int) -> CannotConnect:
    """What to do then."""
    return CannotConnect(
        f"A server runs on this machine, but it listens on 127.0.0.1:{port} only, not on {host}. "
        f"Connect to 127.0.0.1:{port}, or start it with --listen {write_address(host, port)} "
        f"(0.0.0.0:{port} for all addresses)."
    )


def _no_tls(error: ssl.SSLError, host: str, port: int) -> CannotConnect:
    """What a failed handshake means. Only from the reason, which OpenSSL gives, can it be told."""
    there, reason = write_address(host, port), error.reason or ""
    if reason in _NO_TLS:
        return CannotConnect(
            f"There is no TLS on {there}: it is for connections without. Servers mostly have it on port {TLS_PORT}: "
            f"tls://{write_address(host, TLS_PORT)}",
            EX_PROTOCOL,
        )
    if "ACCESS_DENIED" in reason:
        return CannotConnect(f"The server on {there} lets nobody in from here now. Try again later.")
    words = reason.lower().replace("_", " ") or str(error)
    return CannotConnect(f"No TLS connection to {there} could be made: {words}.", EX_PROTOCOL)


def broken_off(error: ssl.SSLError) -> CannotConnect:
    """What it means if TLS fails later. With TLS 1.3 a client learns only then that its own certificate is refused."""
    words = (error.reason or str(error)).lower().replace("_", " ")
    hint = " It does not accept the certificate that you show." if _ABOUT_OURS.search(words) else ""
    return CannotConnect(f"The server broke TLS off: {words}.{hint}", EX_PROTOCOL)


_ABOUT_OURS = re.compile(r"alert .*(unknown ca|certificate)")

_NO_TLS = {"WRONG_VERSION_NUMBER", "TLSV1_ALERT_INTERNAL_ERROR", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
"""What OpenSSL says when the answer is no TLS, and what our own server answers, see `wire.detect.REFUSALS`."""
