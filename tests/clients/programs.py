"""The IRC clients, as they are after installing them: what is typed into each of them, and how it shows things."""

import subprocess
from pathlib import Path
from typing import ClassVar

from tests.clients.terminal import Terminal


class Program(Terminal):
    """An IRC client with default settings, and the words that all of them understand."""

    name: ClassVar[str]
    nick: ClassVar[str]
    command: ClassVar[str]
    greeting: ClassVar[str]
    """What is on the screen when it can be typed at."""
    to_the_server: ClassVar[str]
    """What shows the window of the server."""
    list_rooms: ClassVar[str]
    is_connected: ClassVar[str] = r"End of /?MOTD"
    """What is on the screen when the server has let one in."""
    is_in: ClassVar[str]
    """What is on the screen when one has come into a room."""
    is_away: ClassVar[str]
    """What is on the screen while one is away."""

    def __init__(self, home: Path) -> None:
        home.mkdir(exist_ok=True)
        super().__init__(self.command, home)

    async def connect(self, port: int) -> None:
        """Start it, connect it to a server, and wait until it is in."""
        await self.shows(self.greeting)
        self.type(*self._connecting(port))
        await self.shows(self.is_connected)

    async def connect_by_tls(self, port: int, fingerprint: str) -> None:
        """Start it, and connect it to a server that shows a certificate with this fingerprint."""
        await self.shows(self.greeting)
        *before, connect = self._connecting_by_tls(port, fingerprint)
        for line in before:
            self.type(line)
            await self.shows("(?i)server added")  # two lines at once could be taken for a paste
        self.type(connect)

    async def log_in(self, port: int, password: str) -> None:
        """Set it up to log in under its nick, and connect it."""
        await self.shows(self.greeting)
        self.type(*self._logging_in(port, password))

    async def join(self, room: str) -> None:
        """Join a room, and wait until it is there."""
        self.type(f"/join {room}")
        await self.shows(self.is_in.format(room=room))

    def said(self, nick: str, text: str) -> str:
        """The pattern of a line that somebody has said."""
        raise NotImplementedError

    def _connecting(self, port: int) -> list[str]:
        raise NotImplementedError

    def _connecting_by_tls(self, port: int, fingerprint: str) -> list[str]:
        raise NotImplementedError

    def _logging_in(self, port: int, password: str) -> list[str]:
        raise NotImplementedError


class Irssi(Program):
    """irssi: the answers to questions come into the window one is in, or into the first one."""

    name = "irssi"
    nick = "irma"
    command = "irssi -n irma"
    greeting = r"^\[\(status\)\]"
    to_the_server = "/window 1"
    list_rooms = "/list -yes"
    is_in = r"{room}: Total of \d+ nick"
    is_away = r"\(zZzZ\)"

    def said(self, nick: str, text: str) -> str:
        return rf"<[ ~&@%+]?{nick}> {text}"

    def _connecting(self, port: int) -> list[str]:
        return [f"/connect 127.0.0.1 {port}"]

    def _connecting_by_tls(self, port: int, fingerprint: str) -> list[str]:
        pin = bytes.fromhex(fingerprint).hex(":").upper()
        return [f"/connect -tls -notls_verify -tls_pinned_cert {pin} 127.0.0.1 {port}"]

    def _logging_in(self, port: int, password: str) -> list[str]:
        return [
            f"/network add -sasl_username {self.nick} -sasl_password {password} -sasl_mechanism PLAIN tea",
            f"/server add -network tea 127.0.0.1 {port}",
            "/connect tea",
        ]


class WeeChat(Program):
    """WeeChat: the answers to questions come into the buffer of the server."""

    name = "weechat"
    nick = "wendy"
    command = "weechat -r '/set weechat.look.paste_max_lines -1'"
    """What is typed fast is no paste."""
    greeting = "Plugins loaded"
    to_the_server = "/buffer irc.server.tc"
    list_rooms = "/list"
    is_connected = r"End of /?MOTD(?![\s\S]*End of backlog)"  # started again, it shows its log first
    is_in = r"Channel {room}: \d+ nick"
    is_away = r"\]\(out for milk\)"

    def said(self, nick: str, text: str) -> str:
        return rf"[ ~&@%+]{nick} +[|│] {text}"

    def _connecting(self, port: int) -> list[str]:
        return [f"/server add tc 127.0.0.1/{port} -notls -nicks={self.nick}", "/connect tc"]

    def _connecting_by_tls(self, port: int, fingerprint: str) -> list[str]:
        version = subprocess.run(["weechat", "--version"], capture_output=True, text=True, check=True).stdout
        tls = "ssl" if int(version.partition(".")[0]) < 4 else "tls"
        server = f"127.0.0.1/{port} -{tls} -{tls}_fingerprint={fingerprint} -nicks={self.nick}"
        return [f"/server add tc {server}", "/connect tc"]

    def _logging_in(self, port: int, password: str) -> list[str]:
        start, connect = self._connecting(port)
        account = f"-sasl_mechanism=plain -sasl_username={self.nick} -sasl_password={password}"
        return [f"{start} {account}", connect]


PROGRAMS = [Irssi, WeeChat]
