"""One link after the other: going back in, going on where one was, asking again for what was not answered."""

import asyncio
from time import monotonic
from typing import NamedTuple

import msgspec

from tcpchat.client.answers import fits
from tcpchat.client.backoff import backoff
from tcpchat.client.connection import Answer, CannotConnect, Connection
from tcpchat.client.message import PerhapsStored
from tcpchat.client.place import Place, Seat
from tcpchat.client.proof import HOPELESS, Proof
from tcpchat.client.trouble import NotTrusted
from tcpchat.client.trust import Trust
from tcpchat.model import commands, names, replies
from tcpchat.model.address import write_address
from tcpchat.model.errors import EX_PROTOCOL
from tcpchat.model.events import Event, Gone, Kicked, Said, Told
from tcpchat.model.replies import Refused

ANSWER_SECONDS = 15.0
"""How long a server may take to let one in."""

GHOST_SECONDS = 2.0
"""How long the connection that one had before may take to be gone."""

STILL_THERE_SECONDS = 30.0
"""How often a program that takes no events tells the server that it is there all the same."""

PASSING = 3
"""After so many refusals it is told why one is not let in again."""

BEYOND = (1 << 53) - 1
"""No entry of a room has this number."""

MOST_WAITING = 1_000
"""Events that may wait to be taken; then the client reads no more, unless it waits for an answer itself."""


SECRET = (
    commands.Register, commands.RegisterOther, commands.LogIn, commands.SetPassword, commands.DropAccount,
    commands.SetAccountPassword, commands.BecomeOperator,
)  # fmt: skip
"""What has a password in it."""


class LinkLost(Event, frozen=True):
    """The link broke, or one is not let in again; the client tries again by itself."""

    reason: str


class LinkBack(Event, frozen=True):
    """The link is there again after so many `seconds`, and one is in one's rooms. What was missed has been told, and
    `missed` of it was said by others.
    """

    seconds: float = 0.0
    missed: int = 0


class RoomBack(Event, frozen=True):
    """Before that: one is in a room again, and this is who else is there now."""

    seated: replies.Seated


class _Self(NamedTuple):
    """Who one is to the server: under the same key it stores a message of the same one once."""

    log: str
    nick: str
    party: tuple[str, str]


class _Pending(msgspec.Struct):
    """A request without its answer; as whom it was first sent, if it was; and whether it was sent `again`."""

    command: commands.Command
    answer: asyncio.Future[replies.Reply]
    sent_as: _Self | None = None
    again: bool = False


class _Step(NamedTuple):
    """An event that waits to be taken, and what is known from then on."""

    event: Event
    then: list[replies.Welcome | Seat]


class Links:
    """What comes over them can be taken, once and in order."""

    def __init__(
        self,
        host: str,
        port: int,
        place: Place,
        *,
        name: str,
        user: str,
        password: str,
        retry: bool,
        trust: Trust | None = None,
        insecure: bool = False,
        proof: Proof | None = None,
    ) -> None:
        """`place` is where to begin; `insecure`: the password may be sent where others can read it."""
        self.place = place
        """Where the link is."""
        self.reached = Place.read(place.write())
        """Where the program is, which takes the events later than they come."""
        self.live = False
        """Whether there is a link now."""
        self._host = host
        self._port = port
        self._name = name
        self._user = user
        self._password = password
        self._retry = retry
        self._trust = trust
        self._insecure = insecure
        self._proof = proof or Proof()
        self._events: asyncio.Queue[_Step | None] = asyncio.Queue()
        self._latest = _Step(Event(), [])
        """Of those that wait, the one that came last."""
        self._taken = asyncio.Event()
        self._error: BaseException | None = None
        """Why it ended, unless it was closed."""
        self._account = ""
        self._connection: Connection | None = None
        self._lost = 0.0
        """When the program was told that the link is lost; 0 if it is not."""
        self._pending: dict[int, _Pending] = {}
        self._returning: dict[int, str] = {}
        """The requests to go back into rooms that have no answer yet."""
        self._last_return = 0
        """The request that is answered when all that was missed has been told."""
        self._missed = 0
        """How much others had said without a link, as far as it has been told."""
        self._last_id = 0

    async def start(self) -> None:
        """Make the first link.

        :raises CannotConnect: if the server cannot be reached.
        :raises Refused: if the nick cannot be had.
        """
        await self._begin()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _begin(self) -> None:
        """Who goes on where they were may find their own ghost under their nick, which is about to leave."""
        until = monotonic() + GHOST_SECONDS
        for delay in backoff():
            try:
                await self._open()
            except Refused as refusal:
                if refusal.code != "nick_taken" or not self.place.token or monotonic() > until:
                    raise
                await asyncio.sleep(delay)
            else:
                return

    async def take(self) -> Event | None:
        """The next event, as soon as there is one; None if nothing comes any more.

        :raises BaseException: if that is because something went wrong.
        """
        step = await self._events.get()
        self._taken.set()
        if step is None:
            self._events.put_nowait(None)
            if self._error is not None:
                raise self._error
            return None
        for what in (step.event, *step.then):
            self.reached.note(what)
        return step.event

    def ask(self, command: commands.Command) -> asyncio.Future[replies.Reply]:
        """Send a request, now or when there is a link, over as many links as it takes.

        :raises ConnectionError: if the chat is closed; it comes of the future, too, if it is closed meanwhile.
        """
        if self._task.done():
            raise ConnectionError("The chat is closed.")
        id = self._new_id()
        pending = self._pending[id] = _Pending(command, asyncio.get_running_loop().create_future())
        pending.answer.add_done_callback(lambda _: self._pending.pop(id, None))
        self._taken.set()
        if self.live:
            self._send(id, pending)
        return pending.answer

    async def close(self, reason: str) -> None:
        """Leave the server. Requests without an answer fail with `ConnectionError`."""
        if self._connection is not None and not self._task.done():
            self._connection.send(commands.Quit(reason=reason))
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._end()  # the task may not even have begun

    # the life of the link

    async def _run(self) -> None:
        try:
            while True:
                reason = await self._listen()
                self.live = False
                if not self._retry:
                    raise CannotConnect(reason)
                if not self._lost:
                    self._lost, self._missed = monotonic(), 0
                    self._note(LinkLost(reason=reason))
                await self._reconnect()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._error = error
        finally:
            await self._end()

    async def _end(self) -> None:
        """Nothing comes any more: who waits for an answer or an event is told."""
        self.live = False
        if self._connection is not None:
            await self._connection.close()
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(ConnectionError("The chat was closed before the answer came."))
        self._events.put_nowait(None)

    async def _reconnect(self) -> None:
        """Until it works. A nick that is taken may be one's own ghost's: that passes too, or it is told."""
        refused = 0
        for delay in backoff():
            await asyncio.sleep(delay)
            try:
                await self._open()
            except NotTrusted:
                raise
            except Refused as refusal:
                if refusal.code in HOPELESS:
                    raise
                refused += 1
                if refused == PASSING:
                    self._note(LinkLost(reason=refusal.text))
            except OSError:
                continue
            else:
                return

    async def _open(self) -> None:
        """A new link: enter, ask for what was missed, and again for what was not answered."""
        connection = await Connection.open(self._host, self._port, self._trust)
        seen: list[Event] = []
        try:
            welcome = await self._enter(connection, seen)
        except BaseException:
            await connection.close()
            raise
        if self._connection is not None:
            await self._connection.close()
        self._connection = connection
        for event in seen:
            self._happened(event)
        self._note(welcome)
        self._account = welcome.account
        self.live = True
        self._go_back(connection)
        for id, pending in self._pending.items():
            self._send(id, pending)
        self._ask_for_the_end(connection)

    async def _enter(self, connection: Connection, seen: list[Event]) -> replies.Welcome:
        if self._password and not (connection.secure or self._insecure):
            raise NotTrusted(self._readable())
        known = self.place
        enter = commands.Enter(
            nick=known.nick, user=self._user, name=self._name, resume=known.token, password=self._password,
            after=known.latest,
        )  # fmt: skip
        proof = self._proof.wish(secure=connection.secure, server=write_address(self._host, self._port))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if proof is not None:  # before one comes in: then what was said to the account comes, too
                    await connection.call(proof, seen)
                welcome = await connection.call(enter, seen)
        except TimeoutError:
            raise CannotConnect(f"{write_address(self._host, self._port)} does not answer.") from None
        if not isinstance(welcome, replies.Welcome):
            raise CannotConnect("The server does not speak tcpchat's protocol: it lets nobody in.", EX_PROTOCOL)
        return welcome

    def _readable(self) -> str:
        """Why a password is not sent."""
        return (
            f"The password would be sent to {write_address(self._host, self._port)} for everybody on the way to read. "
            f"Use TLS: tls://{self._host}; or, if the network itself is safe, --insecure (in a program: insecure=True)."
        )

    def _go_back(self, connection: Connection) -> None:
        """Into the rooms one was in, and on from what one knows of them."""
        self._returning.clear()
        for room in self.place.rooms.values():
            id = self._new_id()
            self._returning[id] = room.name
            connection.send(commands.Join(room=room.name, key=room.key, after=room.number), id)

    def _ask_for_the_end(self, connection: Connection) -> None:
        """To go on in a room is answered after all that was asked for before has been told; and of what is beyond its
        end, nothing is. In one that is being left that would be to come in again.
        """
        asked = [one.command for one in self._pending.values()]
        leaving = {names.fold(one.room) for one in asked if isinstance(one, commands.Part)}
        for room in (room for folded, room in self.place.rooms.items() if folded not in leaving):
            self._last_return = self._new_id()
            connection.send(commands.Join(room=room.name, key=room.key, after=BEYOND), self._last_return)
            return
        self._is_back()

    def _returned(self, room: str, reply: replies.Reply | Refused) -> None:
        """Who is not let in any more has left it."""
        if isinstance(reply, replies.Seated):
            self._note(Seat(reply.room, reply.number, back=True))
            self._note(RoomBack(seated=reply))
        elif isinstance(reply, Refused):
            self._note(Kicked(room=room, by="the server", nick=self.place.nick, reason=reply.text))

    def _is_back(self) -> None:
        if self._lost:
            self._note(LinkBack(seconds=monotonic() - self._lost, missed=self._missed))
            self._lost = 0.0

    async def _listen(self) -> str:
        """Take what comes. :returns: why it ended."""
        assert self._connection is not None
        try:
            async for incoming in self._connection.receive():
                if isinstance(incoming, Event):
                    self._happened(incoming)
                    await self._room_to_wait()
                elif incoming.id in self._returning:
                    self._returned(self._returning.pop(incoming.id), incoming.reply)
                elif incoming.id == self._last_return:
                    self._is_back()
                elif (pending := self._asked(incoming)) is not None and not pending.answer.done():
                    self._answered(pending, incoming.reply)
        except OSError as error:
            return str(error) or "The link broke."
        return self._connection.farewell or "The server closed the connection."

    async def _room_to_wait(self) -> None:
        """Back-pressure on the server, but never on an answer that the program itself is waiting for."""
        while self._events.qsize() >= MOST_WAITING and not self._pending:
            self._taken.clear()
            try:
                async with asyncio.timeout(STILL_THERE_SECONDS):
                    await self._taken.wait()
            except TimeoutError:
                self._still_there()

    def _still_there(self) -> None:
        """Who takes no events is not gone for that."""
        if self._connection is not None:
            self._connection.send(commands.Pong())

    def _asked(self, answer: Answer) -> _Pending | None:
        """What is answered. Of a line that is too long the server does not know the id: it was the longest one."""
        if answer.id is None and isinstance(answer.reply, Refused) and answer.reply.code == "line_too_long":
            unanswered = [one for one in self._pending.values() if not one.answer.done()]
            return max(unanswered, key=lambda one: len(msgspec.json.encode(one.command)), default=None)
        return self._pending.get(answer.id or 0)

    def _answered(self, pending: _Pending, reply: replies.Reply | Refused) -> None:
        if not isinstance(reply, Refused) and not fits(pending.command, reply):
            reply = Refused("not_understood", "The server answered something else than was asked.")
        if isinstance(reply, Refused):
            pending.answer.set_exception(_refused(pending, reply))
            return
        pending.answer.set_result(reply)
        self._proof.note(pending.command, reply)
        if isinstance(reply, replies.Seated) and not reply.already:
            self._note(Seat(reply.room, reply.number, getattr(pending.command, "key", "")))
        elif isinstance(reply, replies.LoggedInReply):
            self._account = reply.account

    def _happened(self, event: Event) -> None:
        """Pass the event on, and before it that there are some missing, if there are."""
        if isinstance(event, Gone) and event.by == self.place.nick:
            return
        if (skipped := self.place.missing(event)) is not None:
            self._note(skipped)
        self._note(event)

    def _note(self, what: Event | replies.Welcome | Seat) -> None:
        """Keep track, and pass it on, unless it was there before."""
        if not self.place.note(what):
            return
        if isinstance(what, Event):
            self._latest = _Step(what, [])
            self._events.put_nowait(self._latest)
            self._missed += isinstance(what, Said | Told) and what.replayed and what.by != self.place.nick
            return
        if not self._events.empty():
            self._latest.then.append(what)
        if self._events.empty() or (isinstance(what, Seat) and names.fold(what.room) not in self.reached.rooms):
            self.reached.note(what)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _send(self, id: int, pending: _Pending) -> None:
        """Over this link, if that cannot make two of what is to be said once."""
        now = _Self(self.place.log, self.place.nick, (self.place.token, self._account))
        if pending.answer.done():
            return
        if _may_be_twice(pending, now):
            pending.answer.set_exception(PerhapsStored("The link broke before the server answered."))
            return
        assert self._connection is not None
        if isinstance(pending.command, SECRET) and not (self._connection.secure or self._insecure):
            pending.answer.set_exception(Refused("insecure", self._readable()))
            return
        pending.sent_as, pending.again = pending.sent_as or now, pending.sent_as is not None
        self._connection.send(pending.command, id)


def _refused(pending: _Pending, refusal: Refused) -> Refused | PerhapsStored:
    """What is refused when it is said again may have been stored the first time."""
    if pending.again and isinstance(pending.command, commands.Say | commands.Tell):
        return PerhapsStored(f"The link broke before the server answered. Said again, it is refused: {refusal.text}")
    return refusal


def _may_be_twice(pending: _Pending, now: _Self) -> bool:
    """Whether it may have been stored as somebody else's, so that its key does not help.

    In a room the nick is enough to be the same one; a conversation is that of two parties.
    """
    before, command = pending.sent_as, pending.command
    if before is None or before.log != now.log or before.party == now.party:
        return False
    return isinstance(command, commands.Tell) or (isinstance(command, commands.Say) and before.nick != now.nick)
