"""What the tests of rooms and people share: answers held against patterns, line by line."""

import re
from collections.abc import Iterable

from tests.conftest import Connect
from tests.irc.peers import PASSWORD, Line, ask, drain, enter
from tests.peer import Peer

SERVER = r":tcpchat\.local"
"""What the server's own lines start with."""
TEXT = r"(?::.*|[^\s:]\S*)"
"""A last parameter that says something in words of the server's own."""
TIME = r"\d{10}"
"""A moment, in seconds since 1970."""


async def told(peer: Peer, *lines: str) -> list[Line]:
    """Send lines, if any, and take what has come and comes until they are done, each as `plain` has it."""
    return [plain(line) for line in await ask(peer, *lines)]


def plain(line: Line) -> Line:
    """A line without its tags, with a colon before its last parameter only where it needs one."""
    head, colon, last = line.bare.partition(" :")
    bare = f"{head} {last}" if colon and last and " " not in last and not last.startswith(":") else line.bare
    return Line(bare)


def exactly(lines: Iterable[str], *patterns: str) -> None:
    """These lines and no others, in this order."""
    lines = list(lines)
    for line, pattern in zip(lines, patterns, strict=False):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}; all: {lines}"
    assert len(lines) == len(patterns), f"{len(patterns)} lines should have come, not {lines}"


async def gather(connect: Connect, room: str, *nicks: str) -> list[Peer]:
    """New clients, all in one room, which the first of them founds."""
    peers = [await enter(connect, nick, room) for nick in nicks]
    await drain(*peers)
    return peers


async def become_operator(peer: Peer) -> None:
    """Operator of the server."""
    assert "381" in [line.command for line in await told(peer, "OPER root secret")]


async def log_in(peer: Peer) -> None:
    """Logged in to a new account that is called like the nick."""
    lines = await told(peer, "CAP REQ :draft/account-registration", f"REGISTER * * {PASSWORD}")
    if not any(" REGISTER SUCCESS " in line for line in lines):
        await peer.until(r" REGISTER SUCCESS .*\r\n")
        await drain(peer)
