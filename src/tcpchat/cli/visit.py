"""One visit to the chat: connect, take the terminal, talk, give it back."""

import asyncio
import contextlib
import getpass
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from tcpchat.cli.ends import exit_code
from tcpchat.cli.given import SERVER_PASSWORD
from tcpchat.model import names
from tcpchat.model.errors import EX_IOERR, EX_TEMPFAIL, EX_UNAVAILABLE, in_words
from tcpchat.model.replies import Refused

if TYPE_CHECKING:
    from tcpchat.cli.plain import Plain
    from tcpchat.cli.talk import Talk
    from tcpchat.cli.terminal import Terminal
    from tcpchat.client.client import Client

ANSWER_SECONDS = 10.0
"""How long the server may take to let one into a room."""

ANOTHER_NAME = frozenset({"nick_taken", "bad_nick", "nick_owned"})
"""Refusals after which another name may do."""

MOST_NICKS = 10
"""How many names are tried."""


class Visit:
    """One run of the command."""

    def __init__(self, address: str, nick: str | None, room: str, plain: bool, safety: dict[str, Any]) -> None:
        self._address = address
        self._nick = nick
        self._room = room if names.is_room(room) else f"#{room}"
        self._plain = plain
        self._safety = safety
        self._signal = 0
        self._typed = False
        """Whether the password of the account was typed at the door."""

    async def run(self) -> tuple[int, str]:
        """:returns: how it ended: the exit code, and what there is to say about it."""
        from tcpchat.client.connection import CannotConnect

        self._take_signals()
        try:
            return await self._meet()
        except CannotConnect as error:
            return error.exit_code, str(error)
        except Refused as refusal:
            hint = f" Give it as {SERVER_PASSWORD}, in the environment." if self._of_server(refusal) else ""
            return exit_code(refusal), refusal.text + hint
        except EOFError:
            return 0, ""
        except asyncio.CancelledError:
            return 128 + self._signal, ""
        except OSError as error:  # a terminal that is gone cannot be drawn on either
            return (128 + self._signal, "") if self._signal else (EX_IOERR, f"It broke off: {in_words(error)}.")

    def _take_signals(self) -> None:
        """The first of them ends the run in good order; after it there is only the way out."""
        task = asyncio.current_task()
        assert task is not None

        def caught(number: int) -> None:
            self._signal = number
            task.cancel()

        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            with contextlib.suppress(NotImplementedError, AttributeError):  # Windows
                loop.add_signal_handler(getattr(signal, name), caught, getattr(signal, name))

    async def _meet(self) -> tuple[int, str]:
        """Connect, take the terminal, talk, give it back."""
        from tcpchat.cli.plain import OutputClosed
        from tcpchat.cli.talk import Talk

        async with contextlib.AsyncExitStack() as stack:
            face, chat = await self._enter(stack)
            talk = Talk(chat, face)
            try:
                return await self._talk(talk, face)
            except OutputClosed:
                return 0, ""

    async def _enter(self, stack: contextlib.AsyncExitStack) -> "tuple[Plain | Terminal, Client]":
        """The server first: until it answers, the terminal stays as it is and Ctrl-C does what it always does."""
        from tcpchat.client.client import connect

        face: Plain | Terminal | None = None
        nick = self._nick or default_nick()
        for _ in range(MOST_NICKS):
            try:
                chat = await stack.enter_async_context(connect(self._address, nick=nick, **self._safety))
            except Refused as refusal:
                if not (refusal.code in ANOTHER_NAME or self._of_server(refusal) or self._mistyped(refusal)):
                    raise
                face = face or await self._open_face(stack)
                nick = await self._another(face, refusal, nick)
            else:
                return face or await self._open_face(stack), chat
        raise Refused("nick_taken", f"None of {MOST_NICKS} names could be had. Name another one with --nick.")

    async def _another(self, face: "Plain | Terminal", refusal: Refused, nick: str) -> str:
        """Another name; or the same again, with the server's password, or that of the account that it belongs to."""
        if self._of_server(refusal):
            self._safety |= {"password": await face.server_password(refusal)}
            return nick
        self._typed = False
        if refusal.code in {"nick_owned", "wrong_password"}:
            password = await face.password_of(nick, refusal)
            self._typed = password != ""
            self._safety |= {"account": nick if password else "", "account_password": password}
        return nick if self._typed else await face.another_nick(refusal, asked_for=self._nick is not None)

    def _of_server(self, refusal: Refused) -> bool:
        """Whether the server asks for a password of its own."""
        return refusal.code == "wrong_password" and not self._safety.get("account")

    def _mistyped(self, refusal: Refused) -> bool:
        return refusal.code == "wrong_password" and self._typed

    async def _open_face(self, stack: contextlib.AsyncExitStack) -> "Plain | Terminal":
        face = _plain() if self._plain or not _at_a_terminal() else _terminal()
        await face.open()
        stack.push_async_callback(face.close)
        return face

    async def _talk(self, talk: "Talk", face: "Plain | Terminal") -> tuple[int, str]:
        """From the room's door to the farewell."""
        listening = asyncio.create_task(talk.listen())
        try:
            await self._join(talk, face.hint)
            left = await _all_said(talk, face, listening)
            await talk.chat.close(talk.farewell)
            await asyncio.wait([listening], timeout=face.patience)
        finally:
            await _ended(listening)
        if left:
            lines = "1 line was" if left == 1 else f"{left} lines were"
            return EX_TEMPFAIL, f"{lines} typed, but the server did not confirm that it stored them."
        return 0 if face.person else talk.exit_code, ""

    async def _join(self, talk: "Talk", hint: str) -> None:
        from tcpchat.client.connection import CannotConnect

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await talk.join(self._room, hint=hint)
        except TimeoutError:
            raise CannotConnect("The server does not answer.", EX_UNAVAILABLE) from None


async def _all_said(talk: "Talk", face: "Plain | Terminal", listening: "asyncio.Task[None]") -> int:
    """Until nothing more is typed and what was typed is stored. :returns: how many lines are not, and will not be."""
    reading, working = asyncio.create_task(face.read(talk)), asyncio.create_task(talk.work())
    try:
        await _first_of(reading, working, listening)
        done = asyncio.create_task(talk.done())
        left = talk.waiting + 1
        while talk.waiting < left and not done.done():
            left = talk.waiting
            await _first_of(done, working, listening, timeout=face.patience)
        await _ended(done)
        return talk.waiting
    finally:
        await _ended(reading, working)


async def _first_of(*tasks: "asyncio.Task[None]", timeout: float | None = None) -> None:
    """Until one of them ends.

    :raises Exception: what it ended with.
    """
    ended, _ = await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()


async def _ended(*tasks: "asyncio.Task[None]") -> None:
    """Cancelled, and waited for."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _plain() -> "Plain | Terminal":
    from tcpchat.cli.plain import Plain

    return Plain(teletype=sys.stdin.isatty())


def _terminal() -> "Plain | Terminal":
    from tcpchat.cli.terminal import Terminal

    return Terminal()


def _at_a_terminal() -> bool:
    """Whether somebody sits there, at a terminal that can do more than print."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}


def default_nick() -> str:
    """The user's name, as far as it can be a nick."""
    user = os.environ.get("USER", "")
    with contextlib.suppress(OSError, KeyError, ImportError):  # the user may have no name at all
        user = user or getpass.getuser()
    nick = "".join(c for c in user if c.isalnum() or c in "-_").lstrip("-0123456789")[: names.NICK_MOST_CHARACTERS]
    try:
        names.nick(nick)
    except Refused:
        return "guest"
    return nick
