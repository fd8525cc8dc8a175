"""A chat that survives its connections: it reconnects, fetches what it missed, repeats what was not answered."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from secrets import token_hex
from typing import Self

import msgspec

from tcpchat.client.backoff import backoff
from tcpchat.client.connection import Answer, CannotConnect, Connection
from tcpchat.model import commands, names, replies
from tcpchat.model.address import parse_address, write_address
from tcpchat.model.errors import EX_USAGE
from tcpchat.model.events import LOGGED, Event, Gone, Joined, Kicked, Left, Moved, Renamed
from tcpchat.model.records import log_of
from tcpchat.model.replies import Refused

ANSWER_SECONDS = 15.0
"""How long a server may take to let one in, and to tell what was missed in a room."""

STILL_THERE_SECONDS = 30.0
"""How often a program that takes no events tells the server that it is there all the same."""

MOST_WAITING = 1_000
"""Events that may wait to be taken; then the client reads no more, unless it waits for an answer itself."""


class LinkLost(Event, frozen=True):
    """The link broke; the client tries again by itself."""

    reason: str


class LinkBack(Event, frozen=True):
    """The link is there again. What was missed has been delivered, or follows."""


class PerhapsStored(Exception):
    """The link broke before the answer, and the nick is another now: nobody can say whether it was stored."""


class _Pending(msgspec.Struct):
    """A request without its answer, and the nick under which it was first sent."""

    command: commands.Command
    answer: asyncio.Future[replies.Reply]
    nick: str


class Client:
    """See `connect`. Iterate over it for the events, in their order; use it from one event loop only."""

    def __init__(self, host: str, port: int, nick: str, *, name: str, user: str, password: str, retry: bool) -> None:
        self.host = host
        self.port = port
        self.nick = nick
        self._name = name
        self._user = user
        self._password = password
        self._retry = retry
        self._token = ""
        self._log = ""
        self._connection: Connection | None = None
        self._live = False
        self._rooms: dict[str, tuple[str, int | None]] = {}
        """By folded name: the room's name, and the latest entry that is known of; None before anything is."""
        self._keys: dict[str, str] = {}
        """Of the rooms that asked for one, by folded name."""
        self._pending: dict[int, _Pending] = {}
        self._last_id = 0
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._error: BaseException | None = None

    async def __aenter__(self) -> Self:
        """:raises CannotConnect: if the server cannot be reached.
        :raises Refused: if the nick cannot be had.
        """
        await self._open()
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            event = await self._events.get()
            self._taken.set()
            if event is None:
                self._events.put_nowait(None)
                if self._error is not None:
                    raise self._error
                return
            yield event

    @property
    def rooms(self) -> list[str]:
        """The rooms one is in."""
        return [name for name, _ in self._rooms.values()]

    @property
    def connected(self) -> bool:
        """Whether the link is up now."""
        return self._live

    async def request(self, command: commands.Command) -> replies.Reply:
        """Ask for something and wait for the answer, over as many links as it takes.

        :raises Refused: if it was not granted.
        :raises ConnectionError: if the chat was closed meanwhile.
        """
        if self._task.done():
            raise ConnectionError("The chat is closed.")
        self._last_id += 1
        id = self._last_id
        answer: asyncio.Future[replies.Reply] = asyncio.get_running_loop().create_future()
        self._pending[id] = _Pending(command, answer, self.nick)
        self._taken.set()
        if self._live and self._connection is not None:
            self._connection.send(command, id)
        try:
            return await answer
        finally:
            del self._pending[id]

    async def say(self, room: str, text: str, *, kind: commands.Kind = "text", key: str = "") -> replies.Stored:
        """Say something in a room. It returns when it is on the server's disk.

        :param key: under the same key the same is stored only once, however often it is said. Empty: one is made.
        :raises Refused: if it was not stored.
        :raises PerhapsStored: if nobody can know.
        """
        return await self._stored(commands.Say(room=room, text=text, kind=kind, key=key or token_hex(12)))

    async def tell(self, nick: str, text: str, *, kind: commands.Kind = "text", key: str = "") -> replies.Stored:
        """Say something to one person; otherwise like `say`."""
        return await self._stored(commands.Tell(to=nick, text=text, kind=kind, key=key or token_hex(12)))

    async def join(self, room: str, key: str = "") -> replies.Seated:
        """Go into a room; after a lost link the client goes in again by itself.

        :param key: some rooms ask for one.
        :raises Refused: if that is not possible.
        """
        reply = await self.request(commands.Join(room=room, key=key))
        assert isinstance(reply, replies.Seated)
        if key:
            self._keys[names.fold(reply.room)] = key
        return reply

    async def part(self, room: str, reason: str = "") -> None:
        """Leave a room."""
        await self.request(commands.Part(room=room, reason=reason))

    async def rename(self, nick: str) -> None:
        """Take another nick.

        :raises Refused: if it cannot be had.
        """
        await self.request(commands.Rename(nick=nick))

    async def set_topic(self, room: str, topic: str) -> None:
        """Give a room another topic."""
        await self.request(commands.SetTopic(room=room, topic=topic))

    async def history(
        self, room: str, *, limit: int = 50, before: int | None = None, after: int | None = None
    ) -> list[LOGGED]:
        """What was said in a room one is in, oldest first: the latest entries, or those before or after a number."""
        reply = await self.request(commands.History(room=room, limit=limit, before=before, after=after))
        assert isinstance(reply, replies.Page)
        return reply.events

    async def close(self, reason: str = "") -> None:
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
                self._live = False
                if not self._retry:
                    raise CannotConnect(reason)
                self._events.put_nowait(LinkLost(reason=reason))
                await self._reconnect()
                self._events.put_nowait(LinkBack())
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._error = error
        finally:
            await self._end()

    async def _end(self) -> None:
        """Nothing comes any more: who waits for an answer or an event is told."""
        self._live = False
        if self._connection is not None:
            await self._connection.close()
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(ConnectionError("The chat was closed before the answer came."))
        self._events.put_nowait(None)

    async def _reconnect(self) -> None:
        """Until it works. A nick that is taken may be one's own ghost's: that passes too."""
        for delay in backoff():
            await asyncio.sleep(delay)
            try:
                await self._open()
            except (OSError, Refused):
                continue
            return

    async def _open(self) -> None:
        """A new link: enter, go back into the rooms, fetch what was missed, send again what was not answered."""
        connection = await Connection.open(self.host, self.port)
        seen: list[Event] = []
        try:
            enter = commands.Enter(
                nick=self.nick, user=self._user, name=self._name, resume=self._token, password=self._password
            )
            welcome = await self._call(connection, enter, seen)
            assert isinstance(welcome, replies.Welcome)
            self._token = welcome.token
            if welcome.log != self._log:  # the server has forgotten, and counts anew
                self._log = welcome.log
                self._rooms = {folded: (room, 0) for folded, (room, _) in self._rooms.items()}
            for room, last in list(self._rooms.values()):
                await self._go_back(connection, room, last, seen)
        except BaseException:
            await connection.close()
            raise
        if self._connection is not None:
            await self._connection.close()
        self._connection = connection
        for event in seen:
            self._happened(event)
        self._live = True
        for id, pending in self._pending.items():
            if pending.nick != self.nick and isinstance(pending.command, commands.Say | commands.Tell):
                pending.answer.set_exception(PerhapsStored("The link broke before the server answered."))
            else:
                connection.send(pending.command, id)

    async def _go_back(self, connection: Connection, room: str, last: int | None, seen: list[Event]) -> None:
        """Into a room one was in, and what was missed there. Who is not let in any more has left it."""
        try:
            await self._call(connection, commands.Join(room=room, key=self._keys.get(names.fold(room), "")), seen)
        except Refused as refusal:
            seen.append(Kicked(room=room, by="the server", nick=self.nick, reason=refusal.text))
        else:
            if last is not None:
                await self._fetch_missed(connection, room, last, seen)

    async def _call(self, connection: Connection, command: commands.Command, seen: list[Event]) -> replies.Reply:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await connection.call(command, seen)
        except TimeoutError:
            raise CannotConnect(f"{write_address(self.host, self.port)} does not answer.") from None

    async def _fetch_missed(self, connection: Connection, room: str, last: int, seen: list[Event]) -> None:
        """What was said since entry `last`, before what came since the new link joined."""
        missed: list[Event] = []
        live: list[Event] = []
        more = True
        while more:
            page = await self._call(connection, commands.History(room=room, after=last, limit=500), live)
            assert isinstance(page, replies.Page)
            missed += page.events
            last = page.events[-1].number if page.events else last
            more = page.more
        seen[:] = [*missed, *seen, *live]

    async def _listen(self) -> str:
        """Take what comes. :returns: why it ended."""
        assert self._connection is not None
        try:
            async for incoming in self._connection.receive():
                if isinstance(incoming, Event):
                    self._happened(incoming)
                    await self._room_to_wait()
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
        if isinstance(reply, Refused):
            pending.answer.set_exception(reply)
        else:
            pending.answer.set_result(reply)
            if isinstance(reply, replies.Seated) and not reply.already:
                self._seen(reply.room, reply.number)

    def _happened(self, event: Event) -> None:
        """Keep track, and pass the event on, unless it was seen before."""
        if isinstance(event, LOGGED) and event.number and names.is_room(log := log_of(event)):
            if event.number <= (self._rooms.get(log, ("", None))[1] or 0):
                return
            self._seen(getattr(event, "room", log), event.number)
        match event:
            case Moved(was=was, room=room):
                if names.fold(was) in self._rooms:
                    _, last = self._rooms.pop(names.fold(was))
                    self._rooms[names.fold(room)] = (room, last)
            case Kicked(room=room, nick=nick) if nick == self.nick:
                self._rooms.pop(names.fold(room), None)
            case Joined(room=room, by=by) if by == self.nick:
                self._rooms.setdefault(names.fold(room), (room, None))
            case Left(room=room, by=by) if by == self.nick:
                self._rooms.pop(names.fold(room), None)
            case Renamed(by=by, to=to) if by == self.nick:
                self.nick = to
            case Gone(by=by) if by == self.nick:
                return
        self._events.put_nowait(event)

    def _seen(self, room: str, number: int) -> None:
        """Entry `number` of the room is known, and so is the room."""
        name, last = self._rooms.get(names.fold(room), (room, None))
        self._rooms[names.fold(room)] = (name, max(last or 0, number))

    async def _stored(self, command: commands.Say | commands.Tell) -> replies.Stored:
        reply = await self.request(command)
        assert isinstance(reply, replies.Stored)
        return reply


class connect:  # reads as a verb: ``async with connect(…) as chat``
    """Connect to a server, enter under a nick, go into rooms; leave all of it at the end.

    .. code-block:: python

        async with tcpchat.connect("127.0.0.1:7667", nick="ann", rooms=["#tea"]) as chat:
            await chat.say("#tea", "hello")
            async for event in chat:
                match event:
                    case tcpchat.Said(by=who, text=text): ...
    """

    def __init__(
        self,
        address: str = "127.0.0.1",
        *,
        nick: str,
        rooms: Iterable[str] = (),
        name: str = "",
        user: str = "",
        password: str = "",
        retry: bool = True,
    ) -> None:
        """
        :param address: ``HOST`` or ``HOST:PORT``; the port is 7667 if none is given.
        :param rooms: rooms to go into at once.
        :param name: what others see as one's real name, and `user` as the part before the ``@``.
        :param password: the server's, if it asks for one.
        :param retry: whether a lost link is made again, for as long as it takes. If not, `CannotConnect` is raised
            where the events are iterated over.
        """
        try:
            host, port = parse_address(address)
        except ValueError as error:
            raise CannotConnect(f"Cannot connect to {address}: {error}", EX_USAGE) from error
        self._client = Client(host, port, nick, name=name, user=user, password=password, retry=retry)
        self._join = list(rooms)

    async def __aenter__(self) -> Client:
        """:raises CannotConnect: if the server cannot be reached.
        :raises Refused: if the nick cannot be had, or a room cannot be joined.
        """
        await self._client.__aenter__()
        try:
            for room in self._join:
                await self._client.join(room)
        except BaseException:
            await self._client.close()
            raise
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
