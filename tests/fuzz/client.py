"""One client of a chat without sockets: what `server/session.py` is, with `yield` in the places where that waits."""

from asyncio import Future
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from tcpchat.backend.base import Unavailable
from tcpchat.chat.rules.rule import Rule
from tcpchat.chat.user import Encoding, User
from tcpchat.config import Config
from tcpchat.model import commands
from tcpchat.model.events import Event
from tcpchat.model.records import Wish, nothing
from tcpchat.model.replies import Refused
from tcpchat.server.catchup import CatchUp
from tcpchat.wire.dialect import Answer, Request
from tcpchat.wire.irc.dialect import Irc
from tests.fuzz.ledger import finished

if TYPE_CHECKING:
    from tcpchat.chat.hub import Hub
    from tests.fuzz.ledger import Ledger

SAID = (commands.Say, commands.Tell)

HANG_UP = b"\x04"
"""A line that is none: the client's link breaks."""


class House(Protocol):
    """Where a client is."""

    config: Config
    hub: "Hub"
    ledger: "Ledger"


class Client:
    """A connection. To the hub it is a `Listener`. Everything it is sent piles up in `written`."""

    address = "192.0.2.7"
    pinged = False
    secure = True
    encrypted = True
    certificate = ""
    administrator = False

    def __init__(self, world: "House", session: str, dialect: Callable[[Config], Any] = Irc) -> None:
        self._world = world
        self._unsettled: list[tuple[Rule, Request, Future[Any]]] = []
        self._catch_up: CatchUp | None = None
        self.dialect = dialect(world.config)
        self.encoding: Encoding = self.dialect.encoding
        self.session = session
        self.host = "fuzz.example"
        self.person = f"person-{session}"
        self.account = ""
        self.user: User | None = None
        self.ending: str | None = None
        self.gone = False
        self.full = False
        """Whether it does not read just now."""
        self.written: list[bytes] = []
        self.outbox = _Outbox(self.written)
        world.hub.attach(self)

    # what the hub asks of it

    def put(self, chunk: bytes) -> bool:
        """See `Listener.put`."""
        if self._catch_up is not None or self.full:
            return False
        self.written.append(chunk)
        return True

    def miss(self, events: list[Event]) -> None:
        """See `Listener.miss`."""
        events = self.dialect.unanswered(events)
        if self._catch_up is not None:
            self._catch_up.miss(events)
        elif self.user is not None and self.ending is None:
            self._catch_up = CatchUp(self.user, events, 100_000)

    def close(self, reason: str) -> None:
        """See `Listener.close`."""
        if self.ending is None and not self.gone:
            self.ending = reason

    # what its task does

    def take(self, data: bytes) -> Generator[None, None, None]:
        """Do what a chunk of bytes asks for; gives way whenever it waits for something."""
        if data == HANG_UP + b"\n":
            self.ending = "connection lost"
            return
        for item in self.dialect.receive(data):
            if isinstance(item, Request):
                if type(item.command) in SAID and not self.dialect.one_at_a_time:
                    self._say(item)
                    continue
                self.encoding = self.dialect.encoding
                yield from self._settle()
                if self.dialect.one_at_a_time:
                    self.catch_up()
                yield from self._obey(item)
                if type(item.command) is commands.Quit and self.ending is None:
                    self.ending = "bye"
                if self.ending is not None:
                    return
            elif item:
                self.written.append(item)
            else:
                yield from self._settle()
            self.encoding = self.dialect.encoding
        yield from self._settle()

    def leave(self) -> Iterator[None]:
        """Tell the chat, say the last words."""
        hub, reason = self._world.hub, self.ending or "connection closed"
        self.gone = True
        hub.detach(self)
        with suppress(Unavailable):
            yield from _found(self._grant(nothing(self.session)))
            yield from _found(self._grant(hub.farewell(self, reason)))
        self.written.append(self.dialect.farewell(reason))

    def catch_up(self) -> None:
        """Read again, and be told what was missed."""
        self.full = False
        catch_up = self._catch_up
        if catch_up is not None and not self.gone:
            try:
                finished(catch_up.run(self, self._world.ledger.memory))  # type: ignore[arg-type]
            except Unavailable as error:
                self.close(str(error))
        self._catch_up = None

    def _obey(self, request: Request) -> Iterator[None]:
        rule = self._world.hub.obey(self, request.command)
        wish = self._step(rule, request, None)
        while wish is not None:
            try:
                found = yield from _found(self._grant(wish))
            except Unavailable as error:
                self._answer(request, Refused("not_stored", str(error)))
                return
            except Refused as refusal:
                self._answer(request, refusal)
                return
            wish = self._step(rule, request, found)

    def _say(self, request: Request) -> None:
        rule = self._world.hub.obey(self, request.command)
        wish = self._step(rule, request, None)
        if wish is not None:
            self._unsettled.append((rule, request, self._grant(wish)))

    def _settle(self) -> Iterator[None]:
        if not self._unsettled:
            return
        unsettled, self._unsettled = self._unsettled, []
        for rule, request, future in unsettled:
            try:
                event = yield from _found(future)
            except Unavailable as error:
                self._answer(request, Refused("not_stored", str(error)))
            else:
                if type(request.command) not in self.dialect.silent_on:
                    self._step(rule, request, event)

    def _grant(self, wish: Wish) -> Future[Any]:
        return self._world.ledger.grant(wish, self.address)

    def _step(self, rule: Rule, request: Request, found: object) -> Wish | None:
        try:
            return rule.send(found)
        except StopIteration as end:
            self._answer(request, end.value)
        except Refused as refusal:
            self._answer(request, refusal)
        return None

    def _answer(self, request: Request, answer: Answer) -> None:
        written = self.dialect.answer(request, answer, self.user.nick if self.user else "")
        if written:
            self.written.append(written)


class _Outbox:
    """What catching up wants of an outbox: it never waits."""

    def __init__(self, written: list[bytes]) -> None:
        self._written = written

    def put(self, chunk: bytes) -> None:
        if chunk:
            self._written.append(chunk)

    async def flushed(self) -> None:
        """At once."""


def _found(future: Future[Any]) -> Generator[None, None, Any]:
    """Give way until there is an outcome."""
    while not future.done():
        yield
    return future.result()


def stopped(turns: Generator[None, None, None]) -> None:
    """End what a client was doing in the middle, as cancelling its task does."""
    with suppress(GeneratorExit):
        turns.close()
