"""Coming in: under which name, with which passwords, and again and again until the server is there."""

import asyncio
import contextlib
from typing import Any, Protocol

from tcpchat.cli.keyring import Keyring
from tcpchat.cli.preferences import keep
from tcpchat.cli.show import Line, notice
from tcpchat.cli.trust import tell_later
from tcpchat.client.backoff import backoff
from tcpchat.client.client import Client, connect
from tcpchat.client.connection import CannotConnect
from tcpchat.client.view import View
from tcpchat.model import names
from tcpchat.model.errors import EX_NOHOST, EX_UNAVAILABLE
from tcpchat.model.replies import Refused

PASSING = frozenset({EX_UNAVAILABLE, EX_NOHOST})
"""What may be otherwise in a moment: a server is started, a network comes up."""

MOST_TRIES = 10
"""How many names and passwords are tried."""


class Asker(Protocol):
    """Who can be asked."""

    person: bool
    patient: bool
    """Whether one waits for a server that is not there yet, and can type what nobody sees."""

    async def warn(self, lines: list[Line]) -> None:
        """Say what went wrong."""
        ...

    async def ask(self, question: str) -> str:
        """What is typed next."""
        ...

    async def secret(self, question: str) -> str:
        """The same, and it is not shown."""
        ...


class Arrival:
    """One, of somebody who wants to be called `nick`; if that is empty, a person is asked."""

    def __init__(
        self,
        address: str,
        nick: str,
        how: dict[str, Any],
        view: View,
        face: Asker,
        *,
        insists: bool,
        keyring: Keyring | None = None,
    ) -> None:
        """
        :param how: what else `tcpchat.connect` is told.
        :param insists: a program that does so has its name or none.
        :param keyring: where the password in `how` is kept, if it is.
        """
        self._address = address
        self._nick = nick
        self._insists = insists
        self._how = dict(how)
        self._view = view
        self._face = face
        self._keyring = keyring
        self._trusted = tell_later() if face.patient else []

    async def chat(self, stack: contextlib.AsyncExitStack) -> Client:
        """The chat one is in; it is left when the stack is closed.

        :raises CannotConnect: if the server cannot be reached, and nobody waits for it, or waiting would not help.
        :raises Refused: if one is not let in.
        """
        if self._face.person and not self._nick:
            await self._ask_name()
        told = ""
        for delay in backoff():
            try:
                return await self._let_in(stack)
            except CannotConnect as error:
                if not self._face.patient or error.exit_code not in PASSING:
                    raise
                if str(error) != told:
                    await self._face.warn(notice(str(error), "Trying again until it works; Ctrl-D leaves."))
                told = str(error)
            await asyncio.sleep(delay)
        raise AssertionError("backoff never ends")

    async def _ask_name(self) -> None:
        """Once: it is kept."""
        default = self._view.me
        while not self._nick:
            self._nick = (await self._face.ask(f"name [{default}]: ")).strip() or default
            try:
                names.nick(self._nick)
            except Refused as refusal:
                await self._warn(refusal.text)
                self._nick = ""
        self._view.me = self._nick
        if problem := keep("nick", self._nick):
            await self._warn(problem)

    async def _let_in(self, stack: contextlib.AsyncExitStack) -> Client:
        nick = self._nick or self._view.me
        for _ in range(MOST_TRIES):
            try:
                chat = await stack.enter_async_context(connect(self._address, nick=nick, **self._how))
            except Refused as refusal:
                nick = await self._otherwise(refusal, nick)
            else:
                await self._keep_password()
                return chat
            finally:
                await self._tell_whom_one_trusts()
        raise Refused("nick_taken", f"{MOST_TRIES} tries did not help. Name another name with --nick.")

    async def _otherwise(self, refusal: Refused, nick: str) -> str:
        """Another name, or the same again with a password.

        :raises Refused: if nothing else can be tried.
        """
        if refusal.code == "wrong_password" and self._face.patient and not self._how.get("account"):
            await self._warn(refusal.text)
            self._how["password"] = await self._face.secret("Password of the server: ")
            return nick
        if self._keyring is not None:
            refusal = self._keyring.blamed(refusal, self._how["account"], self._how["account_password"])
        if self._face.patient and refusal.code in {"nick_owned", "wrong_password"}:
            return await self._as_owner(refusal, nick)
        if refusal.code in {"nick_taken", "nick_owned", "bad_nick"}:
            return await self._another_name(refusal)
        raise refusal

    async def _as_owner(self, refusal: Refused, nick: str) -> str:
        await self._warn(refusal.text)
        account = nick if refusal.code == "nick_owned" else self._how.get("account") or nick
        password = await self._face.secret(f"Password of {account} (only Enter: another name): ")
        self._how |= {"account": account if password else "", "account_password": password}
        return nick if password else await self._another_name(refusal)

    async def _another_name(self, refusal: Refused) -> str:
        """The one that is suggested."""
        if not self._face.person and (self._insists or not refusal.suggestion):
            raise refusal
        if not refusal.suggestion:
            await self._warn(refusal.text)
            return (await self._face.ask("name: ")).strip() or self._view.me
        if self._face.person:
            why = f"{refusal.text.partition('.')[0]}. " if refusal.code == "nick_taken" else ""
            await self._warn(f"{why}You are {refusal.suggestion}; /nick changes it.")
        return refusal.suggestion

    async def _keep_password(self) -> None:
        """In the keyring, if it is to be there and is not yet."""
        keyring = self._keyring
        if keyring is None or keyring.account != self._how["account"]:
            return
        if said := await asyncio.to_thread(keyring.keep, self._how["account_password"]):
            await self._warn(said)

    async def _tell_whom_one_trusts(self) -> None:
        while self._trusted:
            await self._warn(self._trusted.pop(0))

    async def _warn(self, text: str) -> None:
        await self._face.warn(notice(text))
