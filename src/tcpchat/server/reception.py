"""Who comes in: admitted or told why not, given a session and a task, and counted out again at the end."""

import asyncio
import logging
import sys
from asyncio import StreamReader, StreamWriter
from collections import deque
from itertools import count
from typing import TYPE_CHECKING

from tcpchat.backend.order import now_ms
from tcpchat.chat import bans
from tcpchat.chat.fanout import WRONG
from tcpchat.model.replies import Refused
from tcpchat.server import door
from tcpchat.server.limits import Admission, Networks
from tcpchat.server.peer import Peer
from tcpchat.server.session import Session

if TYPE_CHECKING:
    from tcpchat.server.app import Server

AT_ONCE = 50
"""Connections that begin before others get a turn."""

SESSION = "tcpchat session"
"""What all their tasks are called: a name for each would be one thing more to keep."""

log = logging.getLogger(__name__)


class Reception:
    """All connections of a server, from before they are let in until they are over. It is a `tls.Gate`."""

    def __init__(self, server: "Server") -> None:
        config = server.config
        self.admission = Admission(config.limits, config.proxies)
        self.accepted = 0
        """Connections that were let in since the start."""
        self.sessions: dict[Session, asyncio.Task[None]] = {}
        self._server = server
        self._proxies = Networks(config.proxies)
        self._names = map("s{}".format, count(1))
        self._let: deque[tuple[StreamReader, StreamWriter, Peer]] = deque()
        """Those who were let in just now."""
        self._arriving: set[asyncio.Task[None]] = set()
        """Those whom a proxy brings, until it has said who they are."""

    def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One client that comes without TLS: let in, or told why not, which costs no task."""
        peer = Peer(_address(writer))
        if (
            not peer.address
        ):  # broken off before it was looked at; what it had sent would be nobody's, whom no ban means
            writer.transport.abort()
        elif peer.address in self._proxies:
            arriving = asyncio.get_running_loop().create_task(self._behind(reader, writer, peer))
            self._arriving.add(arriving)
            arriving.add_done_callback(self._arriving.discard)
        else:
            self._let_in(reader, writer, peer)

    async def _behind(self, reader: StreamReader, writer: StreamWriter, proxy: Peer) -> None:
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

    def _let_in(self, reader: StreamReader, writer: StreamWriter, peer: Peer) -> None:
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
            loop.create_task(self.talk(*self._let.popleft()), name=SESSION)  # noqa: RUF006 (it is among the sessions when it begins)
        if self._let:
            loop.call_soon(self._seat)

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
        if self._server.stopping:
            return "The server is stopping."
        return self._banned(peer) or self.admission.refusal(peer.address, asyncio.get_running_loop().time())

    def _banned(self, peer: Peer) -> str:
        known = self._server.hub.state.bans
        ban = known.of_address(peer.address, now_ms()) if known else None
        return bans.why(ban) if ban is not None and not peer.administrator else ""

    async def administer(self, reader: StreamReader, writer: StreamWriter) -> None:
        """An administrator, who is let in however many there are, and does not count."""
        session = Session(self._server, reader, writer, next(self._names), Peer("", administrator=True))
        task = asyncio.current_task()
        assert task is not None
        self.sessions[session] = task
        try:
            await session.run()
        except asyncio.CancelledError:
            if not self._server.stopping:
                raise
        finally:
            self.sessions.pop(session, None)

    async def talk(self, reader: StreamReader, writer: StreamWriter, peer: Peer) -> None:
        """One client that was admitted, from its first byte to its last."""
        session: Session | None = None
        try:
            session = Session(self._server, reader, writer, next(self._names), peer)
            self._begin(session)
            await session.run()
        except asyncio.CancelledError:
            if not self._server.stopping:
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
            peer, _ = await door.introduced(
                line, session.peer, self._server.config.webirc.values(), self._server.proving.passwords
            )
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
        self.sessions[session] = task
        self.admission.come(session)
        log.debug("session %s from %s", session.session, session.address)

    def _end(self, session: Session | None, peer: Peer) -> None:
        try:
            if session is not None:
                log.debug("session %s is over", session.session)
                self.sessions.pop(session, None)
                self.admission.named(session)
        except Exception:
            log.exception("a connection from %s was not forgotten properly", peer.address)
        finally:
            self.admission.leave(peer.address if session is None else session.address)

    async def close(self, reason: str, grace: float) -> None:
        """Everybody is told, and has so many seconds to read it."""
        tasks = [*self.sessions.values(), *self._arriving]
        for arriving in self._arriving:
            arriving.cancel()
        for session in list(self.sessions):
            session.close(reason)
        if tasks:
            _, slow = await asyncio.wait(tasks, timeout=grace)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)


def _refuse(writer: StreamWriter, refusal: str) -> None:
    """Tell somebody who is not let in why; whatever they speak, they can read it."""
    writer.write(f"ERROR :{refusal}\r\n".encode())
    writer.close()


def _address(writer: StreamWriter) -> str:
    """Where somebody comes from; one string for all who come from there. Empty: the system does not know any more."""
    peer = writer.get_extra_info("peername")
    return sys.intern(str(peer[0])) if peer else ""
