"""How one logs in to an account, on the first link and on each that follows. It is kept in memory, and nowhere else."""

from tcpchat.client.trouble import NotTrusted
from tcpchat.model import commands, replies

HOPELESS = frozenset({"wrong_password", "wrong_certificate", "suspended", "insecure"})
"""Refusals that stay what they are, however often one asks."""


class Proof:
    """A password, or the certificate that the connection is made with."""

    def __init__(self, account: str = "", password: str = "") -> None:
        """Without a password the certificate has to do; without an account nobody logs in."""
        self._account = account
        self._password = password

    def wish(self, *, secure: bool, server: str) -> commands.Command | None:
        """What to ask of a server before one comes in; None: nothing.

        :raises NotTrusted: if the password could be read on the way.
        """
        if not self._account:
            return None
        if not self._password:
            return commands.LogInByCertificate(account=self._account)
        if not secure:
            raise NotTrusted(
                f"The password of your account would be sent to {server} for everybody on the way to read. "
                f"Use TLS: tls://{server.rpartition(':')[0]}"
            )
        return commands.LogIn(account=self._account, password=self._password)

    def note(self, command: commands.Command, reply: replies.Reply) -> None:
        """What was asked for and granted in between holds on the next link, too."""
        match command, reply:
            case commands.LogIn() | commands.Register(), replies.LoggedInReply(account=account):
                self._account, self._password = account, command.password
            case commands.LogInByCertificate(), replies.LoggedInReply(account=account):
                self._account, self._password = account, ""
            case commands.SetPassword(password=password), replies.Done() if self._password:
                self._password = password
            case commands.DropAccount(), replies.Done():
                self._account = self._password = ""
