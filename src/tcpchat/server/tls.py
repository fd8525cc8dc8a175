"""Where only TLS is spoken: connections are accepted, looked at, and shake hands, before they are anybody's.

A connection is let in before any work is done for it, and the first byte decides whether there will be any: until it
comes, a connection costs a socket and a task, and one that begins no TLS never costs more. Handshakes are few at the
same time (`Limits.handshakes`) and short (`Limits.handshake_seconds`).
"""

import asyncio
import errno
import hashlib
import logging
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from tcpchat.config import Limits
from tcpchat.server.certificates import Certificates
from tcpchat.server.limits import network
from tcpchat.server.listeners import READ_BUFFER
from tcpchat.server.peer import Peer
from tcpchat.wire.detect import LONGEST_SIGN, NOT_LET_IN, detect_tls, refuse_plain

SHUTDOWN_SECONDS = 5.0
"""How long a client may take to take leave of TLS."""

MOST_AT_ONCE = 64
"""Connections accepted before others get their turn."""

YOUNG = 0.5
"""Seconds for which a handshake is not ended for others', unless it is of a network that has many."""

FORGIVEN = 5.0
"""Seconds after which a flood is forgotten."""

FEW = 8
"""A network has few handshakes if it has no more than this part of all that there may be, or one."""

CROWDED_PAUSE = 0.01
"""Seconds until it is looked again whether there is room."""

NO_FILES_PAUSE = 1.0
"""Seconds until it is tried again, when the system has no file left for a connection."""

_NO_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Peer], Awaitable[None]]

log = logging.getLogger(__name__)


class Gate(Protocol):
    """Who is let in."""

    def admit(self, address: str) -> str:
        """Count one more from there; or say why not."""

    def leave(self, address: str) -> None:
        """One less."""


class _Handshake:
    """One connection that is not anybody's yet."""

    __slots__ = ("address", "connection", "done", "ended", "since", "task")

    def __init__(self, connection: socket.socket, address: str) -> None:
        self.connection: socket.socket | None = connection
        """None as soon as a transport has it, which closes it."""
        self.address = address
        self.since = asyncio.get_running_loop().time()
        self.done = False
        """Whether it has become a session."""
        self.ended = False
        """Whether nobody waits for it any more."""
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """It took too long."""
        self.ended = True
        if self.task is not None:
            self.task.cancel()


class Handshakes:
    """All that are under way, on whatever socket they came in."""

    def __init__(self, certificates: Certificates, limits: Limits, gate: Gate, talk: Talk) -> None:
        """`talk`: what follows, with who it is; it leaves through the gate by itself."""
        self._certificates = certificates
        self._limits = limits
        self._gate = gate
        self._talk = talk
        self._under_way: dict[_Handshake, str] = {}
        """Each with the network it comes from, the oldest first."""
        self._patient = True
        """Whether enough were finished when it was last judged: who floods finishes none."""
        self._judged = 0.0
        """When it is judged next."""
        self._finished = 0

    @property
    def crowded(self) -> bool:
        """Whether all there may be are under way, and are soon over: when everybody comes back at once.

        Those who come then wait in the system's queue, which is better than that all displace each other.
        """
        if len(self._under_way) < self._limits.handshakes:
            return False
        oldest, most = self._next()
        now, few = asyncio.get_running_loop().time(), max(1, self._limits.handshakes // FEW)
        if now >= self._judged:
            self._patient = self._finished >= few or now > self._judged + FORGIVEN
            self._judged, self._finished = now + YOUNG, 0
        return self._patient and most <= few and now - oldest.since < YOUNG

    def begin(self, connection: socket.socket, address: str) -> None:
        """Take a connection."""
        connection.setblocking(False)
        refusal = self._gate.admit(address)
        if refusal:
            log.debug("refused a connection from %s: %s", address, refusal)
            _answer(connection, NOT_LET_IN)
            return
        if len(self._under_way) >= self._limits.handshakes:
            self._end_one()
        handshake = _Handshake(connection, address)
        self._under_way[handshake] = network(address)
        handshake.task = asyncio.get_running_loop().create_task(self._shake(handshake))
        handshake.task.add_done_callback(partial(self._over, handshake))

    def close(self) -> None:
        """End all of them."""
        for handshake in self._under_way:
            handshake.end()

    async def wait_closed(self) -> None:
        """Wait until they are over."""
        tasks = [handshake.task for handshake in self._under_way if handshake.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end_one(self) -> None:
        """The oldest of the network that has the most: who floods displaces themselves, not others."""
        oldest, _ = self._next()
        log.debug("too many TLS handshakes: one from %s is ended", oldest.address)
        del self._under_way[oldest]
        oldest.end()

    def _next(self) -> tuple[_Handshake, int]:
        """The one to be ended next, and how many its network has."""
        [(place, most)] = Counter(self._under_way.values()).most_common(1)
        return next(one for one, its in self._under_way.items() if its == place), most

    def _over(self, handshake: _Handshake, _: "asyncio.Task[None]") -> None:
        self._under_way.pop(handshake, None)
        handshake.task = None
        if handshake.connection is not None:
            handshake.connection.close()
        if not handshake.done:
            self._gate.leave(handshake.address)

    async def _shake(self, handshake: _Handshake) -> None:
        try:
            async with asyncio.timeout(self._limits.handshake_seconds):
                await self._meet(handshake)
        except OSError as error:  # which TimeoutError and ssl.SSLError are
            log.debug("no TLS with %s: %s", handshake.address, str(error) or type(error).__name__)
            if isinstance(error, TimeoutError) and handshake.connection is not None:  # perhaps a person with nc
                _answer(handshake.connection, refuse_plain(b""))
            error.__traceback__ = None  # it has the frames, and they have all the rest
        except Exception:
            log.exception("a TLS handshake failed")

    async def _meet(self, handshake: _Handshake) -> None:
        connection = handshake.connection
        assert connection is not None
        data = await _first_bytes(connection)
        if not detect_tls(data):
            if data:
                log.debug("no TLS with %s: it sends something else", handshake.address)
                _answer(connection, refuse_plain(data))
            return
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(READ_BUFFER, loop)
        protocol = asyncio.StreamReaderProtocol(reader, partial(self._go_on, handshake), loop)
        handshake.connection = None
        await loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=self._certificates.shown.context,
            ssl_handshake_timeout=self._limits.handshake_seconds, ssl_shutdown_timeout=SHUTDOWN_SECONDS,
        )  # fmt: skip

    def _go_on(
        self, handshake: _Handshake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Awaitable[None] | None:
        """They have shaken hands, unless it was too late."""
        self._under_way.pop(handshake, None)
        if handshake.ended:
            writer.transport.abort()
            return None
        handshake.done = True
        self._finished += 1
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        certificate = hashlib.sha256(shown).hexdigest() if shown else ""
        return self._talk(reader, writer, Peer(handshake.address, encrypted=True, certificate=certificate))


class TlsListener:
    """Accepts what comes in on some sockets."""

    def __init__(self, sockets: list[socket.socket], handshakes: Handshakes) -> None:
        self.sockets = sockets
        self._handshakes = handshakes
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        for one in sockets:
            self._listen(one)

    def close(self) -> None:
        """Take no more."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        for one in () if self._tasks else self.sockets:
            self._loop.remove_reader(one)
        self._handshakes.close()

    async def wait_closed(self) -> None:
        """Wait until nothing is left, neither sockets nor handshakes."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in self.sockets:
            one.close()
        await self._handshakes.wait_closed()

    def _listen(self, listener: socket.socket) -> None:
        if self._closed:
            return
        try:
            self._loop.add_reader(listener, self._accept, listener)
        except NotImplementedError:  # Windows
            self._tasks.append(self._loop.create_task(self._accept_each(listener)))

    def _accept(self, listener: socket.socket) -> None:
        """Some of those who wait; others than them get their turn before the next."""
        for _ in range(MOST_AT_ONCE):
            if self._handshakes.crowded:
                self._pause(listener, CROWDED_PAUSE)
                return
            try:
                connection, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_FILES:
                    log.warning("Connections wait: the system has no more open files for this server.")
                    self._pause(listener, NO_FILES_PAUSE)
                return  # else it gave up before it was accepted
            self._handshakes.begin(connection, sys.intern(str(address[0])))

    def _pause(self, listener: socket.socket, seconds: float) -> None:
        self._loop.remove_reader(listener)
        self._loop.call_later(seconds, self._listen, listener)

    async def _accept_each(self, listener: socket.socket) -> None:
        while True:
            connection, address = await self._loop.sock_accept(listener)
            self._handshakes.begin(connection, sys.intern(str(address[0])))


async def _first_bytes(connection: socket.socket) -> bytes:
    """What comes first, without taking it: the handshake needs it. Nothing: it was closed."""
    loop = asyncio.get_running_loop()
    come = loop.create_future()
    try:
        loop.add_reader(connection, _wake, come)
    except NotImplementedError:  # Windows: then the handshake itself finds out
        return b"\x16"
    try:
        await come
    finally:
        loop.remove_reader(connection)
    return connection.recv(LONGEST_SIGN, socket.MSG_PEEK)


def _wake(come: "asyncio.Future[None]") -> None:
    if not come.done():
        come.set_result(None)


def _answer(connection: socket.socket, last_words: bytes) -> None:
    """Say it, if that is possible at once, and close. What was sent is taken, else the system would send a reset."""
    try:
        connection.send(last_words)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(READ_BUFFER)
    except OSError:
        pass
    connection.close()
