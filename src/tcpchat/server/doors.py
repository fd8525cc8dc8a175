"""Every place where clients come in, and the certificate that is shown there."""

import asyncio
import socket
from pathlib import Path

from tcpchat.config import Config, Tls
from tcpchat.model.address import TLS_PORT
from tcpchat.model.errors import EX_CONFIG, CannotStart
from tcpchat.server.certificates import BadCertificate, Certificates, Shown
from tcpchat.server.listeners import Serve, bind, check_address, listen, own_addresses
from tcpchat.server.peer import Peer
from tcpchat.server.tls import Gate, Handshakes, Talk, TlsListener

Address = tuple[str, int]


class Doors:
    """Opened and closed together."""

    def __init__(self, config: Config) -> None:
        self._plain: list[asyncio.Server] = []
        self._tls: list[TlsListener] = []
        self._certificates: Certificates | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._sts = config.tls.sts

    @staticmethod
    def check(config: Config) -> None:
        """:raises CannotStart: with what is wrong in the configuration."""
        for address in config.listen:
            check_address(address)
        for address in by_tls(config):
            check_address(address, TLS_PORT)
        if config.tls_listen and not _has_certificate(config.tls):
            raise CannotStart(
                "TLS needs a certificate: --tls-cert FILE --tls-key FILE, or --tls self-signed, which makes one.",
                EX_CONFIG,
            )
        if not (config.listen or by_tls(config)):
            raise CannotStart("There is nowhere to come in: name an address with --listen or --tls-listen.", EX_CONFIG)

    async def open(self, config: Config, serve: Serve, gate: Gate, talk: Talk) -> None:
        """Let clients in: `serve` those that come without TLS; `talk` with those that came through `gate` with it.

        :raises CannotStart: with the way out. What is open by then is closed by `close`.
        """
        for address in config.listen:
            self._plain += await listen(address, serve, config.limits, insecure=config.insecure)
        addresses = by_tls(config)
        if not addresses:
            return
        self._certificates = _certificates(config.tls, config.data, config.name)
        handshakes = Handshakes(self._certificates, config.limits, gate, talk)
        for address in addresses:
            host, port = check_address(address, TLS_PORT)
            sockets = await bind(host, port, config.limits, "--tls-listen")
            self._tls.append(TlsListener(sockets, handshakes))
        self._watcher = asyncio.get_running_loop().create_task(self._certificates.watch())

    @property
    def plain(self) -> list[Address]:
        """Hosts and real ports, without TLS."""
        return [one.getsockname()[:2] for listener in self._plain for one in listener.sockets]

    @property
    def tls(self) -> list[Address]:
        """Hosts and real ports, with TLS."""
        return [one.getsockname()[:2] for listener in self._tls for one in listener.sockets]

    @property
    def shown(self) -> Shown | None:
        """The certificate that is shown now; None without TLS."""
        return self._certificates.shown if self._certificates is not None else None

    def reload(self, tls: Tls) -> str:
        """Read the certificate again.

        :returns: what is wrong with it, if anything is: then nothing has changed.
        """
        problem = self._certificates.reload(tls) if self._certificates is not None else ""
        if not problem:
            self._sts = tls.sts
        return problem

    def sts(self, peer: Peer) -> str:
        """What an IRC client is told of TLS here (ircv3.net/specs/extensions/sts); empty: nothing."""
        shown = self.shown
        if self._sts is None or shown is None or shown.self_signed:
            return ""
        if peer.encrypted:
            return f"duration={self._sts}"
        return f"port={self.tls[0][1]}" if self._sts else ""

    def _all(self) -> list[asyncio.Server | TlsListener]:
        return [*self._plain, *self._tls]

    def close(self) -> None:
        """Let nobody in any more."""
        if self._watcher is not None:
            self._watcher.cancel()
        for listener in self._all():
            listener.close()

    async def wait_closed(self) -> None:
        """Wait until nothing is left."""
        if self._watcher is not None:
            await asyncio.gather(self._watcher, return_exceptions=True)
        for listener in self._all():
            await listener.wait_closed()
        if self._certificates is not None:
            self._certificates.close()


def by_tls(config: Config) -> tuple[str, ...]:
    """Where clients come in with TLS: who has a certificate wants to use it."""
    return config.tls_listen or ((f"127.0.0.1:{TLS_PORT}",) if _has_certificate(config.tls) else ())


def _has_certificate(tls: Tls) -> bool:
    return tls.certificate is not None or tls.self_signed


def _certificates(tls: Tls, data: Path | None, name: str) -> Certificates:
    try:
        return Certificates(tls, data, ["localhost", "::1", socket.gethostname(), name, *own_addresses()])
    except BadCertificate as error:
        raise CannotStart(f"Cannot offer TLS. {error}", EX_CONFIG) from error
