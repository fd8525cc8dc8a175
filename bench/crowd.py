"""Many clients on plain sockets: coming in, joining rooms."""

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from selectors import EVENT_READ, DefaultSelector

from languages import IRC, Language, message
from verify import ROOM, Wrong

AT_ONCE = 32
"""Clients that are waiting for the same answer."""

PATIENCE = 30.0
"""Seconds without a byte after which the server is given up."""

ANNOUNCED = 1_000
"""Up to so many people in a room (`limits.announced`) all are told of all who join it."""

QUIET = 0.2
"""Seconds without a byte after which the last one is taken for the end of the joining. It is timed so; to know that
all is told that is to be told, everybody is asked."""

BUFFER = bytearray(1 << 18)
_VIEW = memoryview(BUFFER)


class Client:
    """One connection. What it receives goes to `sink`; at first, to its inbox."""

    __slots__ = ("_answered", "_receive", "inbox", "language", "nick", "sink", "socket")

    def __init__(self, port: int, nick: bytes, language: Language = IRC) -> None:
        self.nick = nick
        self.language = language
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

    def read(self) -> bool:
        """Take what is there, if anything.

        :raises Wrong: if the server has closed the connection.
        """
        try:
            size = self._receive(BUFFER)
        except BlockingIOError:
            return False
        if not size:
            last = f": {self.inbox[-200:].decode()}" if self.inbox else ""
            raise Wrong(f"the server closed the connection of {self.nick.decode()}{last}")
        self.sink(_VIEW[:size])
        return True

    def forget(self) -> None:
        """What was received so far."""
        self.inbox.clear()
        self._answered = 0

    def has(self, answer: bytes) -> bool:
        """Whether the answer came since the last one."""
        found = self.inbox.find(answer, self._answered)
        if found >= 0:
            self._answered = found + len(answer)
        return found >= 0


class Crowd:
    """All clients, in the order of their coming; they speak these languages, in turn."""

    def __init__(self, port: int, languages: Sequence[Language] = (IRC,)) -> None:
        self._port = port
        self._languages = languages
        self._selector = DefaultSelector()
        self.clients: list[Client] = []
        self.join_seconds = 0.0
        """From the first who joined to the last byte that anybody was told of it."""

    def connect(self, count: int) -> None:
        """More clients, each with a nick."""
        first = len(self.clients)
        self._ask(range(first, first + count), self._come, lambda client: client.language.welcome)

    def join(self, rooms: int) -> dict[bytes, list[Client]]:
        """Everybody into one of the rooms, in turn.

        :returns: who is in which room.
        """
        names = [ROOM if rooms == 1 else b"%b%d" % (ROOM, number) for number in range(rooms)]
        self._forget()
        started = time.monotonic()
        self._ask_all(
            lambda index, client: client.language.join % names[index % rooms], lambda client: client.language.joined
        )
        self.join_seconds = self._last_byte() - started
        return {room: self.clients[number::rooms] for number, room in enumerate(names)}

    def introduce(self, members: dict[bytes, list[Client]], speakers: Callable[[list[Client]], list[Client]]) -> None:
        """Everybody has heard of all of whom they are to hear. From here on others read the clients.

        :param speakers: who of those in a room is going to speak. In a large one that is told when they speak first.
        :raises Wrong: if somebody has not heard it.
        """
        self._all_told()
        for room, those in members.items():
            _check_joins(room, those)
            if len(those) > ANNOUNCED:
                for speaker in speakers(those):
                    speaker.send(message(room, b"here I am\r\n"))
        self._all_told()  # that is: the speakers know that it is said;
        self._all_told()  # so now everybody has heard it
        self._forget()
        self._selector.close()

    def leave(self) -> None:
        """Everybody hangs up."""
        for client in self.clients:
            client.socket.close()

    def _come(self, index: int) -> None:
        language = self._languages[index % len(self._languages)]
        client = Client(self._port, b"c%d" % index, language)
        self.clients.append(client)
        self._selector.register(client.socket, EVENT_READ, index)
        client.send(language.come % client.nick)

    def _ask(self, indices: Iterable[int], ask: Callable[[int], None], answer: Callable[[Client], bytes]) -> None:
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
                wanted = answer(self.clients[next(iter(waiting))]).decode()
                raise Wrong(f"{len(waiting)} clients had no “{wanted}” for {PATIENCE:g} s")
            for key, _ in ready:
                self.clients[key.data].read()
            waiting -= {key.data for key, _ in ready if key.data in waiting and self._is_answered(key.data, answer)}

    def _is_answered(self, index: int, answer: Callable[[Client], bytes]) -> bool:
        client = self.clients[index]
        return client.has(answer(client))

    def _ask_all(self, question: Callable[[int, Client], bytes], answer: Callable[[Client], bytes]) -> None:
        self._ask(
            range(len(self.clients)),
            lambda index: self.clients[index].send(question(index, self.clients[index])),
            answer,
        )

    def _all_told(self) -> None:
        """Ask everybody something: what is answered comes after all that was to be told before."""
        self._ask_all(lambda _, client: client.language.ask, lambda client: client.language.answered)

    def _last_byte(self) -> float:
        """Read until nothing more comes. :returns: when the last byte came (`time.monotonic`)."""
        last = time.monotonic()
        while time.monotonic() - last < QUIET:
            for key, _ in self._selector.select(QUIET / 4):
                self.clients[key.data].read()
                last = time.monotonic()
        return last

    def _forget(self) -> None:
        """What was received so far."""
        for client in self.clients:
            client.forget()


def _check_joins(room: bytes, members: list[Client]) -> None:
    """Whether all were told of all who came after them, and of themselves; in large rooms at least of themselves.

    :raises Wrong: if not.
    """
    if any(client.language is not IRC for client in members):
        return
    told = b" JOIN %b\r\n" % room
    heard = sum(client.inbox.count(told) for client in members)
    expected = len(members) * (len(members) + 1) // 2
    if len(members) <= ANNOUNCED and heard != expected:
        raise Wrong(f"{heard} JOINs were heard in {room.decode()}, not {expected}")
    for client in members:
        if b":%b!" % client.nick not in client.inbox:
            raise Wrong(f"{client.nick.decode()} was not told of their own JOIN")
