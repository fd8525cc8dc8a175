"""A chat that survives its connections: what a program says, asks for, and hears."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from secrets import token_hex
from typing import Self

from msgspec.structs import replace

from tcpchat.client.connection import CannotConnect
from tcpchat.client.links import LinkBack, LinkLost, Links, RoomBack
from tcpchat.client.message import Message, PerhapsStored
from tcpchat.client.place import Place
from tcpchat.client.proof import Proof
from tcpchat.client.trust import Trust
from tcpchat.model import commands, names, replies
from tcpchat.model.address import parse_server
from tcpchat.model.errors import EX_USAGE
from tcpchat.model.events import LOGGED, Event

__all__ = ["Client", "LinkBack", "LinkLost", "PerhapsStored", "RoomBack", "connect"]


class Client:
    """See `connect`. Iterate over it for the events, in their order; use it from one event loop only."""

    def __init__(self, links: Links) -> None:
        self._links = links

    async def __aenter__(self) -> Self:
        """:raises CannotConnect: if the server cannot be reached.
        :raises Refused: if the nick cannot be had.
        """
        await self._links.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await self._links.take()) is not None:
            yield event

    @property
    def nick(self) -> str:
        """What one is called."""
        return self._links.place.nick

    @property
    def rooms(self) -> list[str]:
        """The rooms one is in."""
        return [room.name for room in self._links.place.rooms.values()]

    @property
    def connected(self) -> bool:
        """Whether the link is up now."""
        return self._links.live

    @property
    def cursor(self) -> str:
        """Where one is behind the event that was taken last; given to `connect`, it goes on exactly there.

        Keep it as one keeps a password: who has it can take the nick over.
        """
        return self._links.reached.write()

    async def request(self, command: commands.Command) -> replies.Reply:
        """Ask for something and wait for the answer, over as many links as it takes.

        :raises Refused: if it was not granted.
        :raises ConnectionError: if the chat was closed meanwhile.
        """
        return await self._links.ask(command)

    def post(self, to: str, text: str, *, kind: commands.Kind = "text", key: str = "") -> Message:
        """Say something in a room, or to a person, without waiting; what comes of it is in the `Message`.

        :param key: under the same key the same is stored only once, however often it is said. Empty: one is made.
        :raises ConnectionError: if the chat is closed.
        """
        key = key or token_hex(12)
        if names.is_room(to):
            return self._post(commands.Say(room=to, text=text, kind=kind, key=key), to)
        return self._post(commands.Tell(to=to, text=text, kind=kind, key=key), to)

    async def say(self, room: str, text: str, *, kind: commands.Kind = "text", key: str = "") -> replies.Stored:
        """Say something in a room. It returns when it is on the server's disk.

        :param key: see `post`.
        :raises Refused: if it was not stored.
        :raises PerhapsStored: if nobody can know.
        """
        return await self._said(commands.Say(room=room, text=text, kind=kind, key=key or token_hex(12)), room)

    async def tell(self, nick: str, text: str, *, kind: commands.Kind = "text", key: str = "") -> replies.Stored:
        """Say something to one person; otherwise like `say`."""
        return await self._said(commands.Tell(to=nick, text=text, kind=kind, key=key or token_hex(12)), nick)

    async def join(self, room: str, key: str = "") -> replies.Seated:
        """Go into a room; after a lost link the client goes in again by itself.

        :param key: some rooms ask for one.
        :raises Refused: if that is not possible.
        """
        reply = await self.request(commands.Join(room=room, key=key))
        assert isinstance(reply, replies.Seated)
        return reply

    async def part(self, room: str, reason: str = "") -> None:
        """Leave a room."""
        await self.request(commands.Part(room=room, reason=reason))

    async def rename(self, nick: str) -> None:
        """Take another nick.

        :raises Refused: if it cannot be had.
        """
        await self.request(commands.Rename(nick=nick))

    async def log_in(self, account: str, password: str) -> None:
        """Log in to an account; after a lost link the client does it again by itself.

        :raises Refused: if that is not its password, or there is no such account.
        """
        await self.request(commands.LogIn(account=account, password=password))

    async def register(self, password: str, account: str = "", *, invitation: str = "") -> None:
        """Have an account, and be logged in to it. Without a name it is called like the nick.

        :raises Refused: if it cannot be had.
        """
        await self.request(commands.Register(password=password, account=account, invitation=invitation))

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

    async def search(
        self, words: str, target: str = "", *, by: str = "", after: int | None = None, before: int | None = None,
        limit: int = 20,
    ) -> replies.Found:  # fmt: skip
        """Look for what was said with all these words in it, the newest first; see `commands.Search`."""
        wish = commands.Search(words=words, target=target, by=by, after=after, before=before, limit=limit)
        reply = await self.request(wish)
        assert isinstance(reply, replies.Found)
        return reply

    async def close(self, reason: str = "") -> None:
        """Leave the server. Requests without an answer fail with `ConnectionError`."""
        await self._links.close(reason)

    def _post(self, command: commands.Say | commands.Tell, to: str) -> Message:
        return Message(to, command.text, command.key, self._links.ask(command))

    async def _said(self, command: commands.Say | commands.Tell, to: str) -> replies.Stored:
        """Who does not wait any longer does not want it to be said later."""
        answer = self._links.ask(command)
        try:
            return await Message(to, command.text, command.key, answer)
        except asyncio.CancelledError:
            answer.cancel()
            raise


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
        cursor: str = "",
        tls: bool | ssl.SSLContext = False,
        fingerprint: str = "",
        pins: Path | str | None = None,
        certificate: Path | str | None = None,
        key: Path | str | None = None,
        insecure: bool = False,
        account: str = "",
        account_password: str = "",
    ) -> None:
        """
        :param address: ``HOST`` or ``HOST:PORT``, or either after ``tls://``; the port is 7667 if none is given, and
            6697 with TLS.
        :param rooms: rooms to go into at once.
        :param name: what others see as one's real name, and `user` as the part before the ``@``.
        :param password: the server's, if it asks for one.
        :param retry: whether a lost link is made again, for as long as it takes. If not, `CannotConnect` is raised
            where the events are iterated over.
        :param cursor: a `Client.cursor` of before: what happened since comes first, then what is new. One is in its
            rooms as well.
        :param tls: True is the same as ``tls://``: the system's authorities must vouch for the server. A context
            of one's own says otherwise.
        :param fingerprint: the SHA-256 of the server's certificate: then that is what counts.
        :param pins: a file of servers for which no authority vouches, and their fingerprints. Who is not in it is
            trusted at first sight, and added. None: nobody is.
        :param certificate: what one shows oneself, to log in with (SASL EXTERNAL), in PEM.
        :param key: its key, unless that is in the same file.
        :param insecure: whether a password may be sent without TLS to another machine.
        :param account: the account to log in to before one comes in, on every link.
        :param account_password: its password, which is sent by TLS or to this machine only. Empty: the `certificate`
            says who one is.
        :raises ValueError: if that is no cursor.
        """
        try:
            host, port, encrypted = parse_server(address, tls=bool(tls) or bool(fingerprint or certificate))
        except ValueError as error:
            raise CannotConnect(f"Cannot connect to {address}: {error}", EX_USAGE) from error
        place = replace(Place.read(cursor), nick=nick) if cursor else Place(nick=nick)
        trust = None
        if encrypted:
            trust = Trust(
                context=tls if isinstance(tls, ssl.SSLContext) else None,
                fingerprint=fingerprint,
                pins=Path(pins) if pins else None,
                certificate=Path(certificate) if certificate else None,
                key=Path(key) if key else None,
            )
        self._client = Client(
            Links(
                host,
                port,
                place,
                name=name,
                user=user,
                password=password,
                retry=retry,
                trust=trust,
                insecure=insecure,
                proof=Proof(account, account_password),
            )
        )
        self._join = list(rooms)

    async def __aenter__(self) -> Client:
        """:raises CannotConnect: if the server cannot be reached.
        :raises Refused: if the nick cannot be had, or a room cannot be joined.
        """
        await self._client.__aenter__()
        try:
            known = set(map(names.fold, self._client.rooms))
            for room in self._join:
                if names.fold(room) not in known:
                    await self._client.join(room)
        except BaseException:
            await self._client.close()
            raise
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
