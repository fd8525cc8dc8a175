"""Which names belong to accounts: what of all accounts is known without asking the disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tcpchat.model import names

if TYPE_CHECKING:
    from tcpchat.model.events import AccountSet


class Registry:
    """Every account by its folded name. Changed by effects only, and filled when the server starts."""

    def __init__(self) -> None:
        self._accounts: dict[str, AccountSet] = {}
        self._alike: dict[str, str] = {}
        """The folded names of those that are nobody else's to bear, by how they may be read (`names.keys`)."""
        self._certificates: dict[str, str] = {}
        """The folded names of accounts, by the fingerprints that are theirs."""

    def __len__(self) -> int:
        return len(self._accounts)

    def note(self, account: AccountSet) -> None:
        """This is what holds of an account from now on."""
        folded = names.fold(account.account)
        before = self._accounts.get(folded)
        for fingerprint in before.certificates if before is not None else ():
            self._certificates.pop(fingerprint, None)
        self._accounts[folded] = account
        self._certificates |= dict.fromkeys(account.certificates, folded)
        for key in names.keys(account.account):
            if not account.dropped:
                self._alike.setdefault(key, folded)
            elif self._alike.get(key) == folded:
                del self._alike[key]

    def all(self) -> Iterable[AccountSet]:
        """All accounts, and those that were dropped."""
        return self._accounts.values()

    def get(self, name: str) -> AccountSet | None:
        """What is known of an account, also of one that was dropped."""
        return self._accounts.get(names.fold(name))

    def owner(self, name: str) -> str:
        """The account whose owner alone may be called so; empty if anybody may.

        The one place where this is decided: an account owns its name, in every spelling, and what looks like it.
        """
        if not self._alike:
            return ""
        account = self._accounts.get(names.fold(name))
        if account is not None and not account.dropped:
            return account.account
        alike = next((self._alike[key] for key in names.keys(name) if key in self._alike), "")
        return self._accounts[alike].account if alike else ""

    def holder(self, fingerprint: str) -> str:
        """The account to which a certificate belongs; empty if to none."""
        account = self._accounts.get(self._certificates.get(fingerprint, ""))
        return account.account if account is not None and not account.dropped else ""

    def bars(self, name: str, now: int) -> str:
        """Why nobody may be logged in to an account at this time (milliseconds since 1970); empty if they may."""
        account = self.get(name)
        if account is None:
            return ""
        if account.dropped:
            return "That account is not there any more."
        if account.suspended and (not account.until or now < account.until):
            return f"The account {account.account} is suspended: {account.suspended}"
        return ""
