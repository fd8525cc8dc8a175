"""The server, assembled: starting and stopping."""

import asyncio
import logging
from collections.abc import Callable, Collection
from pathlib import Path
from secrets import token_bytes
from typing import Self

from msgspec.structs import replace

from tcpchat.backend.base import Backend, Unavailable, Unknown
from tcpchat.backend.embedded import Embedded
from tcpchat.backend.memory import Memory
from tcpchat.backend.order import now_ms
from tcpchat.chat import access, account, bans, registered
from tcpchat.chat.hub import Hub
from tcpchat.chat.rules.operators import confirmed
from tcpchat.config import BadSetting, Config
from tcpchat.model.address import write_address
from tcpchat.model.errors import EX_IOERR, CannotStart, LogFailed
from tcpchat.model.records import Announce, Collect, Document, Get, Put, Reload, Work
from tcpchat.server.administration import AdministratorsSocket
from tcpchat.server.certificates import Shown
from tcpchat.server.cloaks import cloak
from tcpchat.server.doors import Doors
from tcpchat.server.keepalive import keep_alive
from tcpchat.server.limits import network
from tcpchat.server.outbox import Budget
from tcpchat.server.pace import Pace, Rates
from tcpchat.server.peer import Peer
from tcpchat.server.probes import Probes
from tcpchat.server.proving import Proving
from tcpchat.server.reception import Reception
from tcpchat.server.reloading import changed, in_force, told
from tcpchat.server.session import Session
from tcpchat.server.watchdog import Watchdog

GRACE = 1.2
"""How many seconds clients have to read their last words when the server stops."""

log = logging.getLogger(__name__)


class Server:
    """A chat server inside any asyncio program.

    .. code-block:: python

        async with tcpchat.Server(port=0) as server:
            print(server.port)

    Entering it succeeds, or raises `CannotStart`, at once; leaving it tells everybody, stores what was taken, and
    leaves no task, socket or thread behind. It never makes an event loop, a signal handler or a log handler.

    If the disk fails under the log, the server stops by itself: see `failed`.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        data: Path | str | None = None,
        load: Callable[[], Config] | None = None,
        private: bool = False,
    ) -> None:
        """What is given besides `config` goes before it.

        :param port: the port on `host`; 0 lets the system choose one. None: what `config.listen` says.
        :param data: the directory of the log. None: what `config.data` says, and if that is None too, nothing is kept.
        :param load: gives the configuration anew, or raises `BadSetting`, when an operator asks for that (REHASH).
        :param private: whether nobody comes in but administrators, through the socket in the data directory.
        """
        config = config or Config()
        if port is not None:
            config = replace(config, listen=(write_address(host, port),))
        if data is not None:
            config = replace(config, data=Path(data))
        self.config = config
        self.hub = Hub(config)
        self.backend = _backend(config)
        self.outboxes = Budget(config.limits.outboxes_bytes)
        self.rates = Rates(config.limits)
        self.reception = Reception(self)
        self._doors = Doors(config)
        self._private = private
        self._administrators = AdministratorsSocket()
        self._load = load
        self.proving = Proving(config.limits)
        self.probes: Probes | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self.watchdog: Watchdog | None = None
        """Who looks after the loop, if somebody does."""
        self.reloaded: Callable[[Config], None] = lambda _: None
        """Called when the configuration was read again, with the new one."""
        self.stopping = False
        """Whether nobody is let in any more, and everybody is told to go."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """:raises LogFailed: if that is why it ended, and nothing else is on its way."""
        await self.stop()
        watcher = self._watcher
        error = watcher.exception() if watcher is not None and not watcher.cancelled() else None
        if error is not None and kind is None:
            raise error

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where clients come in without TLS: hosts and real ports."""
        return self._doors.plain

    @property
    def tls_addresses(self) -> list[tuple[str, int]]:
        """Where clients come in with TLS: hosts and real ports."""
        return self._doors.tls

    @property
    def host(self) -> str:
        """The first of the addresses."""
        return (self.addresses + self.tls_addresses)[0][0]

    @property
    def port(self) -> int:
        """The port of the first address."""
        return (self.addresses + self.tls_addresses)[0][1]

    @property
    def certificate(self) -> Shown | None:
        """The certificate that is shown to those who come by TLS now; None where nobody can."""
        return self._doors.shown

    @property
    def sessions(self) -> Collection[Session]:
        """All connections."""
        return self.reception.sessions.keys()

    @property
    def clients(self) -> int:
        """How many connections there are."""
        return len(self.reception.sessions)

    async def start(self) -> None:
        """Open the log, then the doors.

        :raises CannotStart: with the way out; nothing is left behind.
        """
        if not self._private:
            self._doors.check(self.config)
        await self.backend.start(self.hub)
        self.hub.state.log = self.backend.incarnation
        self.hub.state.last_id = self.backend.last_id
        self.hub.state.begin(now_ms())
        try:
            self.hub.state.secret = await self._secret()
            for known in (access, account, bans, registered):
                known.load(self.hub.state, await self.backend.ask(Collect(known.SPACE)))
            if self.config.data is not None:
                await self._administrators.open(self.config.data, self.reception.administer)
            if not self._private:
                await self._open()
        except BaseException:
            await self.stop()
            raise
        loop, here = asyncio.get_running_loop(), self.reception
        self._keeper = loop.create_task(keep_alive(here.sessions, here.admission, self.config.limits))
        self._watcher = loop.create_task(self._watch())

    async def _open(self) -> None:
        await self._doors.open(self.config, self.reception.serve, self.reception, self.reception.talk)
        if self.config.metrics:
            await self._open_for_probes()

    async def _open_for_probes(self) -> None:
        from tcpchat.server.metrics import Metrics  # takes memory and time, and is mostly switched off

        self.probes = Probes(self, Metrics(self))
        await self.probes.start(self.config.metrics)

    async def failed(self) -> None:
        """Wait, perhaps for ever, until the log can be relied on no more. Then everybody was told, and is gone.

        :raises LogFailed: with the reason. What was acknowledged is in the log, and there after the next start.
        """
        assert self._watcher is not None, "it has not been started"
        await asyncio.shield(self._watcher)

    async def stop(self, reason: str = "The server is stopping.") -> None:
        """No new clients; everybody is told, what was taken is stored, all is closed. Takes about a second at most."""
        if self.stopping:
            await self._stopped.wait()
            return
        self.stopping = True
        if self._watcher is not None and asyncio.current_task() is not self._watcher:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
        self._doors.close()
        self._administrators.close()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        await self.reception.close(reason, GRACE)
        self.proving.passwords.close()
        if self.probes is not None:
            await self.probes.close()
        await self.backend.close()
        await self._doors.wait_closed()
        await self._administrators.wait_closed()
        self._stopped.set()

    async def _watch(self) -> None:
        """Stop if the disk fails: who was not answered asks again later."""
        why = await self.backend.failure()
        log.critical("%s The server stops: what was acknowledged is safe.", why)
        await self.stop("The server's disk failed. What was acknowledged is safe; try again later.")
        raise LogFailed(why)

    async def work(self, wish: Work, address: str) -> object:
        """What a rule wants that is no business of the log, for one who comes from this address.

        :raises Refused: if it is not to be had now.
        """
        return self.reload() if type(wish) is Reload else await self.proving.work(wish, address)  # type: ignore[arg-type]

    def reload(self) -> str:
        """Read the configuration and the certificate again, for all that is decided from now on.

        What listens, where the log is, and all else that `reloading.RESTART` names stays as it was at the start.

        :returns: what is wrong with it, if anything is: then nothing has changed.
        """
        if self._load is None:  # a program gave it, and gives no other
            return self._doors.reload(self.config.tls)
        try:
            config = self._load()
        except BadSetting as error:
            return str(error)
        if problem := self._doors.reload(config.tls):
            return problem
        names = list(changed(self.config, config))
        self.config = in_force(self.config, config)
        self.hub.state.config = self.config
        self.reception.admission.configure(self.config.limits)
        self.rates.configure(self.config.limits)
        for session in self.reception.sessions:
            session.configure(self.config)
        for event in confirmed(self.hub.state):
            self.backend.record(Announce(event))
        log.info("the configuration was read again: %s", told(names))
        self.reloaded(self.config)
        return ""

    async def _secret(self) -> bytes:
        """What only this server knows; made once for each log.

        :raises CannotStart: if it cannot be kept; then nothing could.
        """
        try:
            while True:
                document = await self.backend.ask(Get("server", "secret"))
                assert isinstance(document, Document)
                if document.value:
                    return document.value
                await self.backend.record(Put("server", "secret", token_bytes(32), 0))
        except (Unavailable, Unknown) as error:
            raise CannotStart(f"The log in {self.config.data} cannot be used. {error}", EX_IOERR) from error

    def sts(self, peer: Peer) -> str:
        """See `Doors.sts`."""
        return self._doors.sts(peer)

    def pace_of(self, peer: Peer, session: str) -> Pace | None:
        """How fast somebody may ask who comes in; None: as fast as they can."""
        if not self.rates.enabled or peer.administrator:
            return None
        return Pace(self.rates, session if self.reception.admission.alone(peer.address) else network(peer.address))

    def host_of(self, address: str) -> str:
        """What others see instead of an address: the same for the same network, also after a restart."""
        return cloak(self.hub.state.secret, address)


def _backend(config: Config) -> Backend:
    """Where everything is kept."""
    queued = config.limits.queued
    if config.data is None:
        return Memory(queued=queued)
    return Embedded(config.data, durability=config.durability, keep=config.keep, queued=queued)
