"""One client: joins a socket, a dialect, an outbox and the hub. One task runs it from the first byte to the last."""

import asyncio
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterable
from secrets import token_hex
from typing import TYPE_CHECKING, Any, get_args

from tcpchat.backend.base import Backend, Unavailable, Unknown
from tcpchat.chat.fanout import WRONG
from tcpchat.chat.hub import Hub
from tcpchat.chat.rules.rule import Rule
from tcpchat.chat.state import State
from tcpchat.chat.user import Encoding, User
from tcpchat.config import Config
from tcpchat.model import commands
from tcpchat.model.events import Event
from tcpchat.model.records import Question, Record, Span, Wish
from tcpchat.model.replies import Refused
from tcpchat.server.catchup import CatchUp
from tcpchat.server.leaving import cancelled, leave, why
from tcpchat.server.opening import CHUNK, hear
from tcpchat.server.outbox import Outbox
from tcpchat.server.pace import LONG_ANSWER, LONG_CHUNK, Pace
from tcpchat.server.peer import Peer
from tcpchat.server.resume import Resume, resumes
from tcpchat.wire import told
from tcpchat.wire.dialect import Answer, Dialect, Request

if TYPE_CHECKING:
    from tcpchat.server.app import Server

SAID = (commands.Say, commands.Tell)
"""Queued without waiting, in order: what comes in one chunk is one batch, not a commit each."""

UNKNOWN = "The server's disk failed. Nobody can say whether your last message is stored; send it again later."

_RECORDS = frozenset(get_args(Record))
_QUESTIONS = frozenset(get_args(Question))

log = logging.getLogger(__name__)


class Session:
    """A connection. To the hub it is a `Listener`."""

    __slots__ = (
        "_backend", "_catch_up", "_catching", "_config", "_hub", "_leaving", "_newcomer", "_pace", "_reader", "_resume",
        "_unsettled", "account", "busy", "dialect", "encoding", "ending", "heard", "host", "outbox", "peer", "person",
        "pinged", "put", "server", "session", "since", "task", "unfinished", "user", "writer",
    )  # fmt: skip

    def __init__(self, server: "Server", reader: StreamReader, writer: StreamWriter, session: str, peer: Peer) -> None:
        self.server = server
        self._config: Config = server.config
        self._hub: Hub = server.hub
        self._backend: Backend = server.backend
        self._reader = reader
        self.writer = writer
        self.task = _this_task()
        self.ending: str | None = None
        """Why the server ends it, if it does."""
        self._leaving = False
        self._unsettled: list[tuple[Rule, Request, Awaitable[object]]] = []
        self._catch_up: CatchUp | None = None
        self._catching: asyncio.Task[None] | None = None
        self._resume: Resume | None = None
        self.outbox = Outbox(writer, self._config.limits.outbox_bytes, server.outboxes)
        self._tune()
        self.dialect: Dialect | None = None
        self.encoding: Encoding = told.encoding("")
        self.session = session
        self.peer = peer
        self.host = server.host_of(peer.address)
        self.person = token_hex(8)
        self.account = ""
        self.user: User | None = None
        self._newcomer = True
        self._pace: Pace | None = None
        self.since = self.heard = asyncio.get_running_loop().time()
        self.pinged = False
        self.busy = False
        """Whether what it asked for is being done, and it is not listened to. Silence is not its own then."""
        self.unfinished = (0, 0.0)
        """See `Dialect.unfinished`: which line, and since when, in the loop's time, as the keep-alive found it."""

    # what the hub asks of it

    @property
    def address(self) -> str:
        """See `Listener.address`."""
        return self.peer.address

    @property
    def encrypted(self) -> bool:
        """See `Listener.encrypted`."""
        return self.peer.encrypted

    @property
    def secure(self) -> bool:
        """See `Listener.secure`."""
        return self.peer.secure

    @property
    def certificate(self) -> str:
        """See `Listener.certificate`."""
        return self.peer.certificate

    @property
    def administrator(self) -> bool:
        """See `Listener.administrator`."""
        return self.peer.administrator

    @property
    def state(self) -> State:
        """What is true now."""
        return self._hub.state

    def _tune(self) -> None:
        """Live or not: what is told goes straight into the outbox, or is refused, so that it is missed."""
        live = self._catch_up is None and self._resume is None
        self.put: Callable[[bytes], bool] = self.outbox.offer if live else _refuse
        """See `Listener.put`."""

    def miss(self, events: list[Event]) -> None:
        """See `Listener.miss`."""
        if self.dialect is not None:
            events = self.dialect.unanswered(events)
        if self._catch_up is not None:
            self._catch_up.miss(events)
        elif self._resume is not None:
            self._resume.held += events
        else:
            self._begin_to_catch_up(events)

    def configure(self, config: Config) -> None:
        """The configuration was read again."""
        if self.dialect is not None:
            self.dialect.configure(config)

    @property
    def behind(self) -> bool:
        """Whether the client reads too slowly to be fed live: it gets what it missed from the log."""
        return self._catch_up is not None

    def close(self, reason: str) -> None:
        """See `Listener.close`. The first reason counts."""
        if self.ending is None and not self._leaving:
            self.ending = reason
            if self.task is not asyncio.current_task():
                self.task.cancel()

    def ping(self) -> None:
        """Ask whether somebody is there."""
        if self.dialect is not None:
            self.pinged = True
            self.outbox.put(self.dialect.ping("tcpchat"))

    # its task

    async def run(self) -> None:
        """Talk until one side ends it. Whatever happens, the chat knows that the user is gone."""
        self._hub.attach(self)
        try:
            lost = await self._talk(await hear(self, self._reader))
        except asyncio.CancelledError:
            lost = cancelled(self)
        except Exception as error:
            lost = why(self, error)
        finally:
            self._hub.detach(self)
        self._leaving = True
        await leave(self, lost)

    @property
    def lost(self) -> bool:
        """Whether the link is gone."""
        return self._reader.exception() is not None or self.writer.transport.is_closing()

    async def _talk(self, data: bytes) -> str:
        """:returns: why it ended."""
        loop = asyncio.get_running_loop()
        while data and self.ending is None:
            self.heard = loop.time()
            self.pinged = False
            self.busy = True
            if self._pace is not None:
                self._pace.begin(self.heard)
            await self._take(data)
            self.busy = False
            data = await self._reader.read(CHUNK) if self.ending is None else b""
        if self.ending is None and self.dialect is not None:
            await self._take(None)
        return self.ending or "connection closed"

    def comes_from(self, peer: Peer) -> None:
        """It turned out who is there."""
        self.peer = peer
        self.host = self.server.host_of(peer.address)

    def speak(self, dialect: Dialect) -> None:
        """It turned out how they talk."""
        self.dialect = dialect
        self.encoding = dialect.encoding
        self._pace = self.server.pace_of(self.peer, self.session)

    async def _take(self, data: bytes | None) -> None:
        """Do what the bytes ask for, in their order; None: there are no more, and the unfinished counts."""
        dialect, backend, pace = self.dialect, self._backend, self._pace
        assert dialect is not None
        if pace is not None and data is not None and len(data) > LONG_CHUNK:
            await self._pause(pace.parsed(data, asyncio.get_running_loop().time()), pace)
        for item in dialect.finish() if data is None else dialect.receive(data):
            if backend.crowded:
                await backend.uncrowded()
            if isinstance(item, Request):
                if type(item.command) in SAID and not dialect.one_at_a_time:
                    if pace is None or pace.says(item.command) or await self._may(item, pace):
                        if self._unsettled and self._hub.state.slow and self._hub.takes_turns(item.command):
                            await self._settle()
                        self._say(item)
                    continue
                self.encoding = dialect.encoding
                await self._settle()
                if pace is None or await self._may(item, pace):
                    await self._do(item, dialect)
                if self.ending is not None:
                    return
            elif item:
                self.outbox.put(item)
                if pace is not None:
                    await self._pause(pace.answered(None, len(item), asyncio.get_running_loop().time()), pace)
            else:
                await self._settle()
            self.encoding = dialect.encoding
            if self.outbox.full:
                await self.outbox.flushed()  # who asks for more than it reads waits for itself
        await self._settle()

    async def _may(self, request: Request, pace: Pace) -> bool:
        """Wait until it is time for a request. False: that would take too long, and was said."""
        try:
            seconds = pace.wait(self, request.command, asyncio.get_running_loop().time())
        except Refused as refusal:
            await self._settle()
            self._answer(request, refusal)
            return False
        await self._pause(seconds, pace)
        return True

    async def _pause(self, seconds: float, pace: Pace) -> None:
        """Do nothing for so long. Nothing is read meanwhile, which slows down the one who sends."""
        if seconds > 0:
            await self._settle()
            await asyncio.sleep(seconds)
            if self.lost:  # nobody waits for the rest of what they asked for
                raise ConnectionResetError
            pace.begin(asyncio.get_running_loop().time())

    def _say(self, request: Request) -> None:
        """Queue what was said; the rule goes on when it is settled."""
        rule = self._hub.obey(self, request.command)
        record = self._step(rule, request, None)
        if record is not None:
            self._unsettled.append((rule, request, self._backend.record(record)))  # type: ignore[arg-type]

    async def _settle(self) -> None:
        """Wait until everything said so far is stored and on its way to those who hear it."""
        if not self._unsettled:
            return
        assert self.dialect is not None
        unsettled, self._unsettled = self._unsettled, []
        for rule, request, future in unsettled:
            try:
                event = await future
            except Unavailable as error:
                self._answer(request, Refused("not_stored", str(error)))
            except Unknown:
                self.ending = self.ending or UNKNOWN
            else:
                if type(request.command) not in self.dialect.silent_on:
                    self._step(rule, request, event)

    async def _do(self, request: Request, dialect: Dialect) -> None:
        """Do what is not just said."""
        if dialect.one_at_a_time:
            await self._caught_up()  # else what it brings about would be told twice
        await (self._go_on(request) if resumes(request.command) else self._obey(request))
        if self._newcomer and self.user is not None:
            self._newcomer = False
            self.server.reception.admission.named(self)
        if type(request.command) is commands.Quit and self.ending is None:
            self.ending = "bye"

    async def _go_on(self, request: Request) -> None:
        """Obey, and tell what was missed before. What is new is held back from the first moment, and follows it."""
        await self._caught_up()
        resume = self._resume = Resume(self._tell)
        self._tune()
        try:
            await self._obey(request)
        finally:
            self._resume = None
            self._tune()
        if resume.held or resume.missed:
            self._begin_to_catch_up(resume.held, resume.missed)

    async def _obey(self, request: Request) -> None:
        """Run the rule; each record takes effect before the rule goes on."""
        rule = self._hub.obey(self, request.command)
        if self._resume is not None:
            rule = self._resume.rule(rule, request.command, self)
        wish = self._step(rule, request, None)
        while wish is not None:
            try:
                found = await self._grant(wish)
            except Unavailable as error:
                self._answer(request, Refused("not_stored", str(error)))
                return
            except Unknown:  # neither yes nor no would be true
                self.ending = self.ending or UNKNOWN
                return
            except Refused as refusal:
                self._answer(request, refusal)
                return
            wish = self._step(rule, request, found)

    def _grant(self, wish: Any) -> Awaitable[object]:
        kind = type(wish)
        if kind in _RECORDS:
            return self._backend.record(wish)
        return self._backend.ask(wish) if kind in _QUESTIONS else self.server.work(wish, self.peer.address)

    def _step(self, rule: Rule, request: Request, found: object) -> Wish | None:
        """Let the rule go on to its next wish, or to the answer, which is sent."""
        try:
            return rule.send(found)
        except StopIteration as end:
            self._answer(request, end.value)
        except Refused as refusal:
            self._answer(request, refusal)
        return None

    def _answer(self, request: Request, answer: Answer) -> None:
        assert self.dialect is not None
        written = self.dialect.answer(request, answer, self.user.nick if self.user else "")
        if written:
            self.outbox.put(written)
            if len(written) > LONG_ANSWER and self._pace is not None:
                self._pace.answered(request.command, len(written), asyncio.get_running_loop().time())

    def _tell(self, event: Event) -> None:
        self.outbox.put(self.encoding.write(event))

    def _begin_to_catch_up(self, missed: list[Event], replayed: Iterable[Span] = ()) -> None:
        """From here on all comes from the log, until nothing is missing. What is replayed comes first."""
        if self.user is not None and self.ending is None:
            self._catch_up = CatchUp(self.user, missed, self._config.limits.behind)
            self._catch_up.resume(replayed)
            self._tune()
            self._catching = asyncio.get_running_loop().create_task(self._catch_up_from_log(self._catch_up))

    async def _caught_up(self) -> None:
        while self._catching is not None:
            await asyncio.wait([self._catching])

    async def _catch_up_from_log(self, catch_up: CatchUp) -> None:
        try:
            await catch_up.run(self, self._backend)
        except Unavailable as error:
            self.close(str(error))
        except BaseException as error:  # being cancelled, too, leaves a gap
            if not self._leaving and not (isinstance(error, OSError) and self.lost):  # it reads of that by itself
                log.error("session %s could not catch up", self.session, exc_info=error)
                self.close(WRONG)
        finally:
            self._catch_up = self._catching = None
            self._tune()

    async def stop_catching_up(self) -> None:
        """What is missing is not told any more."""
        if self._catching is not None:
            self._catching.cancel()
            await asyncio.wait([self._catching])

    def let_go(self) -> None:
        """Leave no circle behind, so that all this is freed at once, and the garbage collector may come seldom."""
        self.user = None
        error = self._reader.exception()
        if error is not None:
            error.__traceback__ = None  # it has the frames, and they the session


def _refuse(_: bytes) -> bool:
    return False


def _this_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None
    return task
