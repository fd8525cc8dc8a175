"""One visit to the chat: take the terminal, connect, talk, give it back."""

import asyncio
import contextlib
import getpass
import os
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tcpchat.cli.ends import Signal, exit_code
from tcpchat.cli.given import SERVER_PASSWORD
from tcpchat.cli.preferences import Preferences
from tcpchat.model import names
from tcpchat.model.errors import EX_IOERR, EX_TEMPFAIL, EX_UNAVAILABLE, in_words
from tcpchat.model.replies import Refused

if TYPE_CHECKING:
    from tcpchat.cli.arrival import Arrival
    from tcpchat.cli.keyring import Keyring
    from tcpchat.cli.plain import Plain
    from tcpchat.cli.screen.face import FullScreen
    from tcpchat.cli.talk import Talk
    from tcpchat.cli.terminal import Terminal
    from tcpchat.client.view import View

ANSWER_SECONDS = 10.0
"""How long the server may take to let one into a room."""


class Visit:
    """One run of the command."""

    def __init__(
        self,
        address: str,
        nick: str,
        rooms: list[str],
        *,
        insists: bool = False,
        plain: bool = False,
        full: bool = False,
        preferences: Preferences,
        how: dict[str, Any],
        keyring: "Keyring | None" = None,
    ) -> None:
        """
        :param nick: what one wants to be called; empty: a person is asked. A program that `insists` on it is called
            so or not at all.
        :param rooms: where to go, and, for a person, where else.
        :param how: what else `tcpchat.connect` is told.
        :param keyring: where the password in it is kept, if it is.
        """
        self._address = address
        self._nick = nick
        self._insists = insists
        self._rooms = [room if names.is_room(room) else f"#{room}" for room in rooms] or [names.LOBBY]
        self._plain = plain
        self._full = full
        self._preferences = preferences
        self._how = how
        self._keyring = keyring

    async def run(self) -> tuple[int, str]:
        """:returns: how it ended: the exit code, and what there is to say about it."""
        from tcpchat.client.connection import CannotConnect

        caught = Signal()
        try:
            return await self._meet()
        except CannotConnect as error:
            return error.exit_code, str(error)
        except Refused as refusal:
            of_server = refusal.code == "wrong_password" and not self._how.get("account")
            hint = f" Give it as {SERVER_PASSWORD}, in the environment." if of_server else ""
            return exit_code(refusal), refusal.text + hint
        except EOFError:
            return 0, ""
        except asyncio.CancelledError:
            return caught.exit_code, ""
        except OSError as error:  # a terminal that is gone cannot be drawn on either
            return (caught.exit_code, "") if caught.number else (EX_IOERR, f"It broke off: {in_words(error)}.")

    async def _meet(self) -> tuple[int, str]:
        """Take the terminal, talk, give it back."""
        from tcpchat.cli.marks import Marks
        from tcpchat.cli.printer import OutputClosed
        from tcpchat.cli.talk import Talk
        from tcpchat.client.view import View

        async with contextlib.AsyncExitStack() as stack:
            face = await self._open_face(stack)
            wanted = self._preferences
            view = View(self._nick or default_nick(), joins=wanted.joins, words=wanted.words)
            view.switch(view.open(self._rooms[0]))
            face.see(view)
            try:
                return await self._talk(Talk(view, face, wanted, Marks(self._address)), face, stack)
            except OutputClosed:
                return 0, ""

    async def _open_face(self, stack: contextlib.AsyncExitStack) -> "Plain | Terminal | FullScreen":
        face = self._new_face()
        await face.open()
        stack.push_async_callback(face.close)
        return face

    def _new_face(self) -> "Plain | Terminal | FullScreen":
        from tcpchat.cli.plain import Plain

        if self._plain or not at_a_terminal():
            return Plain(self._preferences, teletype=sys.stdin.isatty())
        if self._full:
            from tcpchat.cli.screen.face import FullScreen

            return FullScreen(self._preferences, self._address)
        from tcpchat.cli.terminal import Terminal

        return Terminal(self._preferences)

    async def _talk(
        self, talk: "Talk", face: "Plain | Terminal | FullScreen", stack: contextlib.AsyncExitStack
    ) -> tuple[int, str]:
        """From the first key to the farewell. What is typed before one is in the chat waits."""
        being = asyncio.create_task(self._be_there(talk, face, stack))
        try:
            left = await _all_said(talk, face, being)
            if talk.entered:
                await talk.close()
                await asyncio.wait([being], timeout=face.patience)
        finally:
            await _ended(being)
        if left:
            lines, them = ("1 line was", "it") if left == 1 else (f"{left} lines were", "them")
            return EX_TEMPFAIL, f"{lines} typed, but the server did not confirm that it stored {them}."
        return 0 if face.person else talk.exit_code, ""

    async def _be_there(
        self, talk: "Talk", face: "Plain | Terminal | FullScreen", stack: contextlib.AsyncExitStack
    ) -> None:
        """Until the chat is closed."""
        chat = await self._arrival(talk.view, face).chat(stack)
        talk.enter(chat)
        listening = asyncio.create_task(talk.listen())
        try:
            await _while_it_lasts(self._join(talk, face), listening)
            talk.begin()
            await listening
        finally:
            await _ended(listening)

    def _arrival(self, view: "View", face: "Plain | Terminal | FullScreen") -> "Arrival":
        from tcpchat.cli.arrival import Arrival

        return Arrival(self._address, self._nick, self._how, view, face, insists=self._insists, keyring=self._keyring)

    async def _join(self, talk: "Talk", face: "Plain | Terminal | FullScreen") -> None:
        """Into the rooms one wants to be in; one looks at the first."""
        from tcpchat.cli.show import notice

        first, *others = self._rooms
        for room in (first, *(others if face.person else ())):
            try:
                joining = talk.join(room, hint=face.hint if room == first else "", look=room == first)
                await (joining if face.patient else _answered(joining))
            except Refused as refusal:
                if not face.person:
                    raise
                await face.warn(notice(refusal.text))
                if (conversation := talk.view.find(room)) is not None:
                    talk.view.close(conversation)


async def _while_it_lasts(joining: Coroutine[Any, Any, None], listening: "asyncio.Task[None]") -> None:
    """If the chat ends meanwhile, it is the one who listens who knows why.

    :raises Exception: that is what is raised then.
    """
    from tcpchat.client.connection import CannotConnect

    try:
        await joining
    except CannotConnect:
        raise
    except ConnectionError:
        await listening


async def _answered(joining: Coroutine[Any, Any, None]) -> None:
    """Where nobody waits for a server that is not there, nobody waits for one that is silent."""
    from tcpchat.client.connection import CannotConnect

    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await joining
    except TimeoutError:
        raise CannotConnect("The server does not answer.", EX_UNAVAILABLE) from None


async def _all_said(talk: "Talk", face: "Plain | Terminal | FullScreen", being: "asyncio.Task[None]") -> int:
    """Until nothing more is typed and what was typed is stored. :returns: how many lines are not, and will not be."""
    reading, working = asyncio.create_task(face.read(talk)), asyncio.create_task(talk.work())
    try:
        await _first_of(reading, working, being)
        done = asyncio.create_task(talk.done())
        left = talk.waiting + 1
        while talk.waiting < left and not done.done():
            left = talk.waiting
            await _first_of(done, working, being, timeout=face.patience)
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


def at_a_terminal() -> bool:
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
