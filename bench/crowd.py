"""Many clients on plain sockets: coming in, joining a room."""

import socket
from collections.abc import Callable, Iterable
from itertools import islice
from selectors import EVENT_READ, DefaultSelector

from verify import ROOM, Wrong

AT_ONCE = 32
"""Clients that are waiting for the same answer."""

PATIENCE = 30.0
"""Seconds without a byte after which the server is given up."""

BUFFER = bytearray(1 << 18)
_VIEW = memoryview(BUFFER)


class Client:
    """One connection. What it receives goes to `sink`; at first, to its inbox."""

    __slots__ = ("_answered", "_receive", "inbox", "nick", "sink", "socket")

    def __init__(self, port: int, nick: bytes) -> None:
        self.nick = nick
        self.inbox = bytearray()
        self.sink: Callable[[memoryview], None] = self.inbox.extend
        self._answered = 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._receive = self.socket.recv_into

    def send(self, data: bytes) -> None:
        """Send at once. It always fits: no client has more than a window of lines on its way."""
        self.socket.sendall(data)

    def read(self) -> None:
        """Take what is there, if anything.

        :raises Wrong: if the server has closed the connection.
        """
        try:
            size = self._receive(BUFFER)
        except BlockingIOError:
            return
        if not size:
            last = f": {self.inbox[-200:].decode()}" if self.inbox else ""
            raise Wrong(f"the server closed the connection of {self.nick.decode()}{last}")
        self.sink(_VIEW[:size])

    def has(self, answer: bytes) -> bool:
        """Whether the answer came since the last one."""
        found = self.inbox.find(answer, self._answered)
        if found >= 0:
            self._answered = found + len(answer)
        return found >= 0


class Crowd:
    """All clients, in the order of their coming."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = DefaultSelector()
        self.clients: list[Client] = []

    def connect(self, count: int) -> None:
        """More clients, each with a nick."""
        first = len(self.clients)
        self._ask(range(first, first + count), self._come, b" 376 c")

    def join(self) -> None:
        """Everybody into one room, and everybody has heard of all who came. From here on others read the clients.

        :raises Wrong: if somebody has not.
        """
        everybody = range(len(self.clients))
        self._ask(everybody, lambda index: self.clients[index].send(b"JOIN %b\r\n" % ROOM), b" 366 c")
        self._ask(everybody, lambda index: self.clients[index].send(b"PING joined\r\n"), b" PONG ")
        heard = sum(client.inbox.count(b" JOIN ") for client in self.clients)
        expected = len(self.clients) * (len(self.clients) + 1) // 2
        if heard != expected:
            raise Wrong(f"{heard} JOINs were heard, not {expected}")
        for client in self.clients:
            client.inbox.clear()
        self._selector.close()

    def _come(self, index: int) -> None:
        client = Client(self._port, b"c%d" % index)
        self.clients.append(client)
        self._selector.register(client.socket, EVENT_READ, index)
        client.send(b"NICK %b\r\nUSER bench 0 * :bench\r\n" % client.nick)

    def _ask(self, indices: Iterable[int], ask: Callable[[int], None], answer: bytes) -> None:
        """Let each ask something, some at a time, until all have the answer."""
        queue = iter(indices)
        waiting: set[int] = set()
        while True:
            for index in islice(queue, AT_ONCE - len(waiting)):
                ask(index)
                waiting.add(index)
            if not waiting:
                return
            ready = self._selector.select(PATIENCE)
            if not ready:
                raise Wrong(f"{len(waiting)} clients had no “{answer.decode()}” for {PATIENCE:g} s")
            for key, _ in ready:
                self.clients[key.data].read()
            waiting -= {key.data for key, _ in ready if key.data in waiting and self.clients[key.data].has(answer)}
