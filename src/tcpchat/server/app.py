"""The server, assembled: starting and stopping."""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Callable, Collection
from itertools import count
from pathlib import Path
from secrets import token_bytes
from typing import Self

from msgspec.structs import replace

from tcpchat.backend.base import Backend, Unavailable, Unknown
from tcpchat.backend.embedded import Embedded
from tcpchat.backend.memory import Memory
from tcpchat.backend.order import now_ms
from tcpchat.chat import access, account, bans, registered
from tcpchat.chat.fanout import WRONG
from tcpchat.chat.hub import Hub
from tcpchat.chat.rules.operators import confirmed
from tcpchat.config import BadSetting, Config
from tcpchat.model.address import write_address
from tcpchat.model.errors import EX_IOERR, CannotStart, LogFailed
from tcpchat.model.records import Announce, Attempt, Check, Collect, Count, Document, Get, Hash, Put, Reload, Work
from tcpchat.model.replies import Refused
from tcpchat.server import door
from tcpchat.server.administration import AdministratorsSocket
from tcpchat.server.certificates import Shown
from tcpchat.server.cloaks import cloak
from tcpchat.server.doors import Doors
from tcpchat.server.keepalive import keep_alive
from tcpchat.server.limits import Admission, Networks, network
from tcpchat.server.outbox import Budget
from tcpchat.server.pace import Pace, Rates
from tcpchat.server.passwords import THREADS, Passwords
from tcpchat.server.peer import Peer
from tcpchat.server.probes import Probes
from tcpchat.server.reloading import changed, in_force, told
from tcpchat.server.session import Session
from tcpchat.server.throttle import Throttle
from tcpchat.server.turns import Turns
from tcpchat.server.watchdog import Watchdog

AT_ONCE = 50
"""Connections that begin before others get a turn."""

SESSION = "tcpchat session"
"""What all their tasks are called: a name for each would be one thing more to keep."""

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
        self.admission = Admission(config.limits, config.proxies)
        self.rates = Rates(config.limits)
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._doors = Doors(config)
        self._private = private
        self._administrators = AdministratorsSocket()
        self._proxies = Networks(config.proxies)
        self._let: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter, Peer]] = deque()
        """Those who were let in just now."""
        self._arriving: set[asyncio.Task[None]] = set()
        """Those whom a proxy brings, until it has said who they are."""
        self._names = map("s{}".format, count(1))
        self._load = load
        self.throttle = Throttle(config.limits)
        self._passwords = Passwords()
        self._turns = Turns(THREADS)
        self.accepted = 0
        """Connections that were let in since the start."""
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
        return self._sessions.keys()

    @property
    def clients(self) -> int:
        """How many connections there are."""
        return len(self._sessions)

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
                await self._administrators.open(self.config.data, self._administer)
            if not self._private:
                await self._open()
        except BaseException:
            await self.stop()
            raise
        loop = asyncio.get_running_loop()
        self._keeper = loop.create_task(keep_alive(self._sessions, self.admission, self.config.limits))
        self._watcher = loop.create_task(self._watch())

    async def _open(self) -> None:
        await self._doors.open(self.config, self._serve, self, self._talk)
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
        tasks = [*self._sessions.values(), *self._arriving]
        for arriving in self._arriving:
            arriving.cancel()
        for session in list(self._sessions):
            session.close(reason)
        if tasks:
            _, slow = await asyncio.wait(tasks, timeout=GRACE)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
        self._passwords.close()
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
        place, now = network(address), asyncio.get_running_loop().time()
        match wish:
            case Attempt(who=who):
                self.throttle.attempt(place, who, now)
            case Count(who=who):
                self.throttle.count(place, who, now)
            case Hash():
                async with self._turns.turn(place, self.throttle.rank(place, "", now)):
                    return await self._passwords.hash(wish)
            case Check():
                return await self._check(wish, place)
            case Reload():
                return self.reload()
        return None

    async def _check(self, wish: Check, place: str) -> bool:
        """Whether a password is right; those tried at the same time from the same place may have failed meanwhile."""
        clock = asyncio.get_running_loop().time
        async with self._turns.turn(place, self.throttle.rank(place, wish.who, clock())):
            self.throttle.attempt(place, wish.who, clock())
            right = await self._passwords.check(wish)
        if right:
            self.throttle.succeeded(place, wish.who)
        return right

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
        self.admission.configure(self.config.limits)
        self.rates.configure(self.config.limits)
        for session in self._sessions:
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

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client that comes without TLS: let in, or told why not, which costs no task."""
        peer = Peer(_address(writer))
        if peer.address in self._proxies:
            arriving = asyncio.get_running_loop().create_task(self._behind(reader, writer, peer))
            self._arriving.add(arriving)
            arriving.add_done_callback(self._arriving.discard)
        else:
            self._let_in(reader, writer, peer)

    async def _behind(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, proxy: Peer) -> None:
        """One that comes through a proxy. Until it is known who it is, it counts as nobody's."""
        self.admission.enter("")
        try:
            peer = await door.behind(reader, proxy)
        except door.NotBelieved as error:
            _refuse(writer, str(error))
        except asyncio.CancelledError:  # the server stops
            writer.transport.abort()
        else:
            self._let_in(reader, writer, peer)
        finally:
            self.admission.leave("")

    def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer) -> None:
        refusal = self.admit(peer.address)
        if refusal:
            _refuse(writer, refusal)
            return
        self._let.append((reader, writer, peer))
        if len(self._let) == 1:
            asyncio.get_running_loop().call_soon(self._seat)

    def _seat(self) -> None:
        """Some of those who were let in get their task. When thousands come at once, others have their turn between."""
        loop = asyncio.get_running_loop()
        for _ in range(min(len(self._let), AT_ONCE)):
            loop.create_task(self._talk(*self._let.popleft()), name=SESSION)  # noqa: RUF006 (it is among the sessions when it begins)
        if self._let:
            loop.call_soon(self._seat)

    async def _administer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """An administrator, who is let in however many there are, and does not count."""
        session = Session(self, reader, writer, next(self._names), Peer("", administrator=True))
        task = asyncio.current_task()
        assert task is not None
        self._sessions[session] = task
        try:
            await session.run()
        except asyncio.CancelledError:
            if not self.stopping:
                raise
        finally:
            self._sessions.pop(session, None)

    def admit(self, address: str) -> str:
        """See `tls.Gate`."""
        refusal = self._refusal(Peer(address))
        if not refusal:
            self.accepted += 1
            self.admission.enter(address)
        return refusal

    def leave(self, address: str) -> None:
        """See `tls.Gate`."""
        self.admission.leave(address)

    def _refusal(self, peer: Peer) -> str:
        """Why somebody is not let in; empty if they are."""
        if self.stopping:
            return "The server is stopping."
        return self._banned(peer) or self.admission.refusal(peer.address, asyncio.get_running_loop().time())

    def _banned(self, peer: Peer) -> str:
        known = self.hub.state.bans
        ban = known.of_address(peer.address, now_ms()) if known else None
        return bans.why(ban) if ban is not None and not peer.administrator else ""

    def sts(self, peer: Peer) -> str:
        """See `Doors.sts`."""
        return self._doors.sts(peer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer) -> None:
        session: Session | None = None
        try:
            session = Session(self, reader, writer, next(self._names), peer)
            self._begin(session)
            await session.run()
        except asyncio.CancelledError:
            if not self.stopping:
                raise
        except Exception:
            log.exception("a connection from %s failed", peer.address)
            writer.write(f"ERROR :{WRONG}\r\n".encode())
            writer.close()
        finally:
            self._end(session, peer)

    async def introduced(self, session: Session, line: bytes) -> str:
        """Somebody comes through a web gateway, which says who it is. :returns: why they are not let in, if so."""
        try:
            peer, _ = await door.introduced(line, session.peer, self.config.webirc.values(), self._passwords)
        except (door.NotBelieved, Refused) as error:
            return str(error)
        self.admission.named(session)
        refusal = self._refusal(peer)
        self.admission.leave(session.address)
        session.comes_from(peer)
        self.admission.enter(peer.address)
        self.admission.come(session)
        return refusal

    def _begin(self, session: Session) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions[session] = task
        self.admission.come(session)
        log.debug("session %s from %s", session.session, session.address)

    def _end(self, session: Session | None, peer: Peer) -> None:
        try:
            if session is not None:
                log.debug("session %s is over", session.session)
                self._sessions.pop(session, None)
                self.admission.named(session)
        except Exception:
            log.exception("a connection from %s was not forgotten properly", peer.address)
        finally:
            self.admission.leave(peer.address if session is None else session.address)

    def pace_of(self, peer: Peer, session: str) -> Pace | None:
        """How fast somebody may ask who comes in; None: as fast as they can."""
        if not self.rates.enabled or peer.administrator:
            return None
        return Pace(self.rates, session if self.admission.alone(peer.address) else network(peer.address))

    def host_of(self, address: str) -> str:
        """What others see instead of an address: the same for the same network, also after a restart."""
        return cloak(self.hub.state.secret, address)


def _refuse(writer: asyncio.StreamWriter, refusal: str) -> None:
    """Tell somebody who is not let in why; whatever they speak, they can read it."""
    writer.write(f"ERROR :{refusal}\r\n".encode())
    writer.close()


def _address(writer: asyncio.StreamWriter) -> str:
    """Where somebody comes from; one string for all who come from there."""
    peer = writer.get_extra_info("peername")
    return sys.intern(str(peer[0])) if peer else ""


def _backend(config: Config) -> Backend:
    """Where everything is kept."""
    queued = config.limits.queued
    if config.data is None:
        return Memory(queued=queued)
    return Embedded(config.data, durability=config.durability, keep=config.keep, queued=queued)
