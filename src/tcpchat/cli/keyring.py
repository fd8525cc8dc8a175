"""The system's keyring, with the password of one account. Only who wants it needs the library: tcpchat[keyring]."""

from importlib import import_module
from typing import Any

from tcpchat.model.replies import Refused

SERVICE = "tcpchat"


class NoKeyring(Exception):
    """It cannot be used; the text says why, and what to do."""


class Keyring:
    """What it knows of an account at a server: read once, and written when another password was typed and was right."""

    def __init__(self, account: str, server: str) -> None:
        self.account = account
        self._server = server
        self._known = ""
        self._broken = False

    def read(self) -> str:
        """The password; empty, if there is none.

        :raises NoKeyring: if nobody can know. Then nothing will be kept in it either.
        """
        self._broken = True
        self._known = str(self._asked("get_password") or "")
        self._broken = False
        return self._known

    def blamed(self, refusal: Refused, account: str, password: str) -> Refused:
        """The refusal of a password, with where it came from, if that was here."""
        if refusal.code != "wrong_password" or account != self.account or password != self._known:
            return refusal
        return Refused(refusal.code, f"{refusal.text} It came from the keyring; tcpchat-client asks for the right one.")

    def keep(self, password: str) -> str:
        """One came in with that. :returns: what there is to say about it; empty, if it was known."""
        if self._broken or password in {"", self._known}:
            return ""
        try:
            self._asked("set_password", password)
            if self.read() != password:  # one that is turned off takes it without a word
                raise NoKeyring("The keyring does not keep anything.")
        except NoKeyring as error:
            return f"The password of {self.account} is not kept: {error}"
        return f"The password of {self.account} at {self._server} is in the keyring now."

    def _asked(self, what: str, *more: str) -> Any:
        try:
            library = import_module("keyring")
        except ImportError:
            raise NoKeyring(_MISSING) from None
        try:
            return getattr(library, what)(SERVICE, f"{self.account}@{self._server}", *more)
        except Exception as error:  # whatever is behind it comes from elsewhere
            raise NoKeyring(_REASONS.get(type(error).__name__, _FAILED).format(error)) from error


_MISSING = "The keyring cannot be used without one more package: pip install 'tcpchat[keyring]'"
_FAILED = "The keyring cannot be used: {}"
_REASONS = {
    "NoKeyringError": "There is no keyring on this system. What was looked for: python -m keyring diagnose",
    "KeyringLocked": "The keyring is locked, and nobody opened it.",
    "InitError": "The keyring could not be opened: {}",
}
