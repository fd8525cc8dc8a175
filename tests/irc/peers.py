"""What the tests of IRC share: clients that have come in, whole answers, and the parts of a line.

Everything here reads the wire on its own; nothing of tcpchat's is used to judge tcpchat.
"""

import re
from collections.abc import Iterable
from itertools import count
from typing import TypeVar

from tests.conftest import Connect
from tests.peer import Peer

T = TypeVar("T")

SERVER = "tcpchat.local"

PASSWORD = "correct-horse-battery"
"""Of every account that `enter_account` makes."""

_UNESCAPED = {":": ";", "s": " ", "r": "\r", "n": "\n"}
_PINGS = count()


class Line(str):
    """A line from the server, without its end, and its parts.

    It equals every line that means the same: the order of the tags makes no difference, nor does a colon before a last
    parameter that needs none.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self._meaning == Line(other)._meaning

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.bare.replace(" :", " "))

    @property
    def tags(self) -> dict[str, str]:
        """The tags, with their values as they are meant."""
        if not self.startswith("@"):
            return {}
        pairs = [tag.partition("=") for tag in self[1:].split(" ", 1)[0].split(";")]
        return {key: re.sub(r"\\(.?)", lambda it: _UNESCAPED.get(it[1], it[1]), value) for key, _, value in pairs}

    @property
    def bare(self) -> "Line":
        """All but the tags."""
        return Line(self.split(" ", 1)[1]) if self.startswith("@") else self

    @property
    def source(self) -> str:
        return self.bare[1:].split(" ", 1)[0] if self.bare.startswith(":") else ""

    @property
    def nick(self) -> str:
        """Of whom it is from."""
        return self.source.partition("!")[0]

    @property
    def command(self) -> str:
        return self._words()[0]

    @property
    def params(self) -> list[str]:
        return self._words()[1:]

    @property
    def _meaning(self) -> tuple[object, ...]:
        return self.tags, self.source, self._words()

    def _words(self) -> list[str]:
        rest = self.bare.split(" ", 1)[1] if self.bare.startswith(":") else self.bare
        head, colon, last = rest.partition(" :")
        return head.split(" ") + ([last] if colon else [])


async def ask(peer: Peer, *lines: str | bytes) -> list[Line]:
    """Send lines, if there are any, and take all that comes until they are done.

    It begins after what was last waited for. Every line is held against what is true of every line.
    """
    token = f"done-{next(_PINGS)}"
    peer.send(*lines, f"PING {token}")
    pong = await peer.until(rf"^(?:@\S+ )?:\S+ PONG \S+ :?{token}\r\n")
    came = pong.string[pong.pos : pong.start()]
    assert not came or came.endswith("\r\n"), came[-200:]
    answer = [Line(line) for line in came.split("\r\n")[:-1]]
    for line in answer:
        well_formed(line)
    well_batched(answer)
    return answer


async def enter(connect: Connect, nick: str, room: str = "", caps: str = "") -> Peer:
    """A new client that has what it asked for, is in its room, and has read all that it was sent."""
    peer = await (await connect()).enter_irc(nick, room, caps)
    if caps:
        assert re.search(rf" ACK :?{re.escape(caps)} ?\r\n", peer.seen.decode()), f"the server has not all of {caps}"
    await ask(peer)
    return peer


async def enter_account(connect: Connect, nick: str, room: str = "", caps: str = "") -> Peer:
    """The same, logged in to a new account that is called like the nick."""
    peer = await enter(connect, nick, "", f"draft/account-registration {caps}".strip())
    peer.send(f"REGISTER * * {PASSWORD}")
    await peer.until(rf" REGISTER SUCCESS {nick} .*\r\n")
    await ask(peer, *([f"JOIN {room}"] if room else []))
    return peer


async def drain(*peers: Peer) -> None:
    """Take what has come so far, and forget it."""
    for peer in peers:
        await ask(peer)


def commands(lines: Iterable[Line]) -> list[str]:
    """Only what each line is."""
    return [line.command for line in lines]


def only(lines: Iterable[Line], *wanted: str) -> list[Line]:
    """Those of these commands."""
    return [line for line in lines if line.command in wanted]


def bare(lines: Iterable[Line]) -> list[Line]:
    """All without their tags."""
    return [line.bare for line in lines]


def one(lines: Iterable[T]) -> T:
    """The only one."""
    found = list(lines)
    assert len(found) == 1, found
    return found[0]


def isupport(peer: Peer) -> dict[str, str | None]:
    """All that 005 said so far. A token without `=` has None."""
    tokens: dict[str, str | None] = {}
    for line in map(Line, peer.seen.decode().split("\r\n")):
        if re.match(r":\S+ 005 ", line.bare):
            for token in line.params[1:-1]:
                name, equals, value = token.partition("=")
                tokens[name] = value if equals else None
    return tokens


def well_formed(line: Line) -> None:
    """What is true of every line.

    modern.ircdocs.horse, "Message Format": «Most IRC servers limit messages to 512 bytes in length, including the
    trailing CR-LF characters.» IRCv3 message-tags: «The size limit for message tags is 8191 bytes, including the
    leading '@' (0x40) and trailing space ' ' (0x20) characters», and: «Individual tag keys MUST only be used a maximum
    of once per message.»
    """
    assert len(line.bare.encode()) <= 510, f"longer than 512 bytes: {line!r}"
    assert not re.search("[\r\n\0]", line), line
    assert re.match(r":[^ :][^ ]* ([A-Z]+|\d{3})( |$)", line.bare), f"not of the form of a line: {line!r}"
    if line.startswith("@"):
        assert len(line.split(" ", 1)[0].encode()) + 1 <= 8191, f"too many tags: {line!r}"
        keys = [tag.partition("=")[0] for tag in line[1:].split(" ", 1)[0].split(";")]
        assert len(keys) == len(set(keys)), f"a tag comes twice: {line!r}"
        assert all(keys), f"a tag without a name: {line!r}"


def well_batched(lines: Iterable[Line]) -> None:
    """Whether the batches among whole answers are opened, used and closed as IRCv3 batch says.

    «For every started batch, server MUST end that batch.» «Messages before start and after end of a batch (including
    start and end messages of that batch) MUST NOT refer to that batch.» «Start and end messages of one batch MAY refer
    to another batch. If they do, they both MUST have batch tag, and they MUST refer to the same batch.»
    """
    open_in: dict[str, str] = {}
    for line in lines:
        inside = line.tags.get("batch", "")
        if line.command == "BATCH" and line.params[0].startswith("-"):
            reference = line.params[0][1:]
            assert reference in open_in, f"closed but not open: {line}"
            assert open_in.pop(reference) == inside, f"closed in another batch than opened: {line}"
            assert reference not in open_in.values(), f"closed around an open one: {line}"
        assert not inside or inside in open_in, f"not in an open batch: {line}"
        if line.command == "BATCH" and line.params[0].startswith("+"):
            reference = line.params[0][1:]
            assert re.fullmatch("[A-Za-z0-9-]+", reference), f"not a reference: {line}"
            assert reference not in open_in, f"opened twice: {line}"
            open_in[reference] = inside
    assert not open_in, f"never closed: {open_in}"


def batch(lines: list[Line], kind: str) -> tuple[Line, list[Line]]:
    """The only batch of that type: the line that opens it, and those directly in it."""
    opening = one(line for line in only(lines, "BATCH") if line.params[0].startswith("+") and line.params[1] == kind)
    return opening, [line for line in lines if line.tags.get("batch") == opening.params[0][1:]]


def response(lines: list[Line], label: str) -> list[Line]:
    """What answers the label: one line, or those in the batch that has it.

    IRCv3 labeled-response: «Servers MUST include the tag in exactly one logical message.»
    """
    assert [line.tags["label"] for line in lines if "label" in line.tags] == [label], lines
    first = one(line for line in lines if "label" in line.tags)
    if first.command != "BATCH":
        return [first]
    assert first.params[0].startswith("+"), first
    return [line for line in lines if line.tags.get("batch") == first.params[0][1:]]
