"""A whole chat in one thread, without sockets, disk and loop: a hub, six IRC clients, and a backend."""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager

import msgspec
from msgspec.structs import replace

from tcpchat.chat.account import SPACE, opened
from tcpchat.chat.hub import Hub
from tcpchat.config import Config, Limits, Operator
from tcpchat.model import names
from tcpchat.wire.irc.capabilities import OFFERED
from tests.fuzz.client import Client, stopped
from tests.fuzz.ledger import Ledger, hashed

Moment = Sequence[tuple[int, bytes]]
"""Lines that come at the same time, each with the number of its client. Those of one client are one chunk."""

Script = Sequence[Moment]

LIMITS = Limits(rooms=500, whowas=50)
CONFIG = Config(
    name="fuzz.tcpchat.example",
    network="Fuzz",
    motd="Be kind.\n\nBe brief: " + "é" * 300,
    admin="root@example",
    operators={"root": Operator(password="secret"), "hashed": Operator(password="$argon2id$v=19$m=8$x$y")},
    join_history=20,
    limits=LIMITS,
)
CONFIGS = (
    CONFIG,
    Config(password="open", join_history=0, limits=Limits(rooms=3, rooms_per_client=2, masks=3, watched=3, markers=2)),
)
"""An open door and usual limits; a locked one and hardly any space. A world's number chooses."""

SECRET = b"secret" * 5
"""With it, and without a time of the start, nonces of SCRAM are known: the corpus has proofs for first links."""

_ALL = sorted(OFFERED)
_SOME = "server-time echo-message labeled-response userhost-in-names standard-replies"

ROLES: tuple[tuple[str, ...], ...] = (
    (
        f"CAP REQ :{' '.join(_ALL[::2])}", f"CAP REQ :{' '.join(_ALL[1::2])}",
        "PASS open", "NICK Ann", "USER ann 0 * :Ann of the teahouse", "CAP END",
        "NS REGISTER secretive", "JOIN #tea,#den", "TOPIC #tea :Tea, and nothing else", "MODE #den +ks key",
        "PRIVMSG #tea :hello", "PRIVMSG #tea :\x01ACTION waves\x01",
    ),
    (
        f"CAP REQ :{' '.join(_ALL[::2])}", f"CAP REQ :{' '.join(_ALL[1::2])}",
        "PASS open", "NICK bob", "USER bob 0 * :Bob", "CAP END", "MODE bob +B",
        "JOIN #tea,#Café", "MONITOR + Ann,cid,nobody", "PRIVMSG #tea :hello", "PRIVMSG Ann :psst",
        "@+draft/persist;+x=y TAGMSG #tea",
    ),
    ("PASS open", "NICK cid", "USER cid 0 * :Cid", "JOIN #tea,#lobby", "AWAY :gone fishing", "PRIVMSG #lobby :hm"),
    (),
    (
        f"CAP REQ :{' '.join(_ALL[::2])}", f"CAP REQ :{' '.join(_ALL[1::2])}",
        "PASS open", "NICK boss", "USER root 0 * :The operator", "CAP END", "OPER root secret", "JOIN #lobby",
        "MODE #lobby +b *!*@nowhere",
    ),
    (
        f"CAP REQ :{_SOME}", "PASS open", "NICK Eve", "USER eve 0 * :Eve", "CAP END", "JOIN #tea",
        "PRIVMSG bob :secrets",
    ),
)  # fmt: skip
"""Who is there, and what each says first: Ann and Bob want everything and know each other, Cid wants nothing, one has
not come in, root is an operator, and Eve wants labels without batches, and sometimes does not read."""

SLOW = 5

INSECURE = 2
"""What Cid says can be read on the way."""


class Alarm(logging.Handler):
    """What a server only notes down, here ends the test: an effect or a session that failed."""

    def emit(self, record: logging.LogRecord) -> None:
        """Raise what was caught."""
        if record.exc_info is not None and record.exc_info[1] is not None:
            raise record.exc_info[1]
        if record.levelno >= logging.ERROR:
            raise AssertionError(record.getMessage())


_alarm = Alarm()
_log = logging.getLogger("tcpchat")


@contextmanager
def alarmed() -> Iterator[None]:
    """For so long nothing is only noted down."""
    _log.addHandler(_alarm)
    try:
        yield
    finally:
        _log.removeHandler(_alarm)


class World:
    """The chat, and the lines that are said in it."""

    def __init__(self, number: int = 0, *, faults: bool = True) -> None:
        assert _alarm in _log.handlers, "see alarmed()"
        self.config = CONFIGS[number % len(CONFIGS)]
        self.hub = Hub(self.config)
        self.hub.state.log = "fuzz"
        self.hub.state.secret = SECRET
        self.ledger = Ledger(self.hub, self.config.limits, faults=faults)
        self.moments = 0
        self.held = 0.0
        """The longest that somebody kept all others waiting in the last moment, in seconds."""
        self._sessions = 0
        self.clients: list[Client] = []
        for role in range(len(ROLES)):
            self.clients.append(self._connected(role))
            self._introduce(role)
        self._make_simple("Ann", "secret")

    def moment(self, lines: Moment) -> None:
        """Let these lines come, and everything come of them that does."""
        self.moments += 1
        self.held = 0.0
        slow = self.clients[SLOW]
        slow.full = self.moments % 3 == 0
        chunks: dict[int, bytes] = {}
        for number, line in lines:
            chunks[number] = chunks.get(number, b"") + line + b"\n"
        self._run({self.clients[number]: chunk for number, chunk in chunks.items()})
        slow.catch_up()
        self._see_off()

    def renew(self) -> None:
        """Whoever left comes again, as somebody else would."""
        for number, client in enumerate(self.clients):
            if client.gone:
                self.clients[number] = self._connected(number)
                self._introduce(number)

    def told(self) -> dict[Client, list[bytes]]:
        """All chunks that were sent since this was asked last, by those to whom."""
        told = {client: client.written[:] for client in self.clients if client.written}
        for client in told:
            client.written.clear()
        return told

    def _connected(self, role: int) -> Client:
        self._sessions += 1
        client = Client(self, f"s{self._sessions}")
        client.secure = client.encrypted = role != INSECURE  # type: ignore[misc]
        return client

    def _introduce(self, number: int) -> None:
        for line in ROLES[number]:
            self._run({self.clients[number]: line.encode() + b"\n"})
        self._see_off()

    def _make_simple(self, name: str, password: str) -> None:
        """Give an account a password that the server would refuse: the corpus has proofs of it."""
        documents = self.ledger.memory._documents
        key = (SPACE, names.fold(name))
        account = opened(documents[key])
        assert account is not None
        changed = msgspec.json.encode(replace(account, secrets=hashed(password)))
        documents[key] = replace(documents[key], value=changed)

    def _run(self, chunks: dict[Client, bytes]) -> None:
        """All of them at once: whenever all wait, what they wait for is one batch."""
        busy = {client: client.take(chunk) for client, chunk in chunks.items() if client.ending is None}
        while busy:
            busy = {client: turns for client, turns in busy.items() if self._timed(_goes_on, client, turns)}
            self._timed(self.ledger.loop.turn)

    def _timed(self, step: Callable[..., bool], *of: object) -> bool:
        start = time.perf_counter()
        goes_on = step(*of)
        self.held = max(self.held, time.perf_counter() - start)
        return goes_on

    def _see_off(self) -> None:
        """Those who are closed leave."""
        while self.ledger.loop.turn():
            pass
        while leaving := [client for client in self.clients if client.ending is not None and not client.gone]:
            for client in leaving:
                for _ in client.leave():
                    self.ledger.loop.turn()


def _goes_on(client: Client, turns: Generator[None, None, None]) -> bool:
    """Let a client do what it can until it waits; False if there is nothing left to do."""
    if client.ending is not None:
        stopped(turns)
        return False
    return next(turns, turns) is not turns
