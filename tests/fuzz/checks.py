"""What must be true of everything that is sent, and of the chat after every line."""

import re
from collections.abc import Sequence

from tcpchat.chat.state import State
from tcpchat.model import names, records
from tcpchat.wire.irc.capabilities import CAP_NOTIFY, LABELED_RESPONSE
from tests.fuzz.client import Client
from tests.fuzz.world import World

MOST_LINE_BYTES = 512
MOST_TAG_BYTES = 8_191

_LINE = re.compile(
    r"(?:@(?P<tags>[^ ]+) )?(?::(?P<source>[^ ]+) )?(?P<verb>[A-Z]+|[0-9]{3})(?P<params>(?: [^: ][^ ]*)*)(?: :.*)?",
    re.DOTALL,
)
_TAG = re.compile(r"\+?(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+(?:=[^;\0\r\n ]*)?")
_RENAMED = re.compile(rb"^(?:@\S+ )?:([^!\s]+)!\S+ NICK :?(\S+)\r$", re.MULTILINE)
_LINE_BREAKERS = re.compile(rb"[\r\n\0]")
_LABELLED = re.compile(rb"@label=[A-Za-z0-9]+ +(?!BATCH)[A-Z]+( |$)")


class Broken(AssertionError):
    """Something that must never be, was."""


class Ear:
    """What one client knows, as far as the rightness of the next line depends on it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.batches: dict[str, str] = {}
        """Those that are open, by reference."""
        self.nicks = {"*"}
        """What it was ever called, as somebody looked, and folded in between: who owns a name gets it at once."""
        self.capabilities = self._now = client.dialect._context.capabilities
        """What it has, or had before this moment."""
        self.answers_labels = False
        """Whether a label must come back, before and after this moment."""
        self.exact = True
        """Whether no more than one line was said, so that these are all that hold."""
        self._answered = False

    def listen(self, lines: int) -> None:
        """So many lines were said: what held before may still show in what is sent."""
        self.exact = lines < 2
        context = self.client.dialect._context
        now = context.capabilities
        self.capabilities = self._now | now
        free = context.open_batch is None and not context.dead_batch and LABELED_RESPONSE in now
        self.answers_labels, self._answered = self._answered and free, free
        self._now = now
        if self.client.user is not None:
            self.nicks |= {self.client.user.nick, *(nick for nick, _ in self.client.user.nicks)}


def renamed(ear: Ear, chunks: Sequence[bytes]) -> None:
    """Who came in, and got the nick of its account at once, was called otherwise for a moment."""
    for before, after in reversed(_RENAMED.findall(b"".join(chunks))):
        if after.decode() in ear.nicks:
            ear.nicks.add(before.decode())


def sent(ear: Ear, chunk: bytes) -> None:
    """Check one chunk."""
    if not chunk.endswith(b"\r\n"):
        raise Broken(f"no end of line: {chunk[-80:]!r}")
    for line in chunk[:-2].split(b"\r\n"):
        _one_line(ear, line)


def _one_line(ear: Ear, raw: bytes) -> None:
    if _LINE_BREAKERS.search(raw):
        raise Broken(f"a line break or NUL within a line: {raw!r}")
    tags = raw.find(b" ") + 1 if raw[:1] == b"@" else 0
    if len(raw) - tags + 2 > MOST_LINE_BYTES:
        raise Broken(f"{len(raw) - tags + 2} bytes: {raw!r}")
    if tags > MOST_TAG_BYTES:
        raise Broken(f"{tags} bytes of tags: {raw!r}")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Broken(f"no UTF-8: {raw!r}") from None
    parts = _LINE.fullmatch(text)
    if parts is None:
        raise Broken(f"no line of IRC: {text!r}")
    _tags(ear, text, parts["tags"] or "")
    if parts["verb"] == "001":  # a name that may be exchanged at once for the one that is logged in
        ear.nicks.add(parts["params"].split()[0])
    if parts["verb"] == "BATCH":
        _batch(ear, text, parts["params"].split())
    elif ear.exact and parts["verb"].isdigit() and not _means(ear, (parts["params"].split() or [""])[0]):
        raise Broken(f"a numeric for somebody else: {text!r} reached {ear.nicks}")


def _means(ear: Ear, nick: str) -> bool:
    return nick in ear.nicks or names.fold(nick) in ear.nicks


def _tags(ear: Ear, text: str, written: str) -> None:
    if not written:
        return
    if ear.exact and not ear.capabilities - {CAP_NOTIFY}:
        raise Broken(f"tags for a client that knows none: {text!r}")
    keys = []
    for tag in written.split(";"):
        if not _TAG.fullmatch(tag):
            raise Broken(f"the tag {tag!r} of {text!r}")
        key, _, value = tag.partition("=")
        keys.append(key)
        if key == "batch" and value not in ear.batches:
            raise Broken(f"in a batch that is not open: {text!r}")
    if len(keys) != len(set(keys)):
        raise Broken(f"a tag that comes twice: {text!r}")


def _batch(ear: Ear, text: str, params: list[str]) -> None:
    sign, reference = params[0][:1], params[0][1:]
    if sign == "+" and reference not in ear.batches:
        ear.batches[reference] = params[1]
    elif sign == "-" and reference in ear.batches:
        del ear.batches[reference]
    else:
        raise Broken(f"a batch that is open already, or not: {text!r}")


def whole(ear: Ear) -> None:
    """Between lines no batch is open."""
    if ear.batches:
        raise Broken(f"a batch without an end: {ear.batches}")


def state(world: World) -> None:
    """Everything that is known twice is the same, and nobody is remembered who is gone."""
    known, people = world.hub.state, set(world.hub.state.users.values())
    _people(world, known)
    _rooms(known)
    for name, users in (("operators", known.operators), *known.accounts.items(), *known.watchers.items()):
        if not users.keys() <= people or (not users and name != "operators"):
            raise Broken(f"{name}: {[user.nick for user in users]}, of whom some are gone")
    if known.invisible != sum(user.invisible for user in people):
        raise Broken(f"{known.invisible} are said to be invisible")
    if set(known.operators) != {user for user in people if user.operator}:
        raise Broken("operators are not those who are")
    _holdings(world)


def _people(world: World, known: State) -> None:
    for folded, user in known.users.items():
        if names.fold(user.nick) != folded or user.listener.user is not user:
            raise Broken(f"{user.nick} is known as {folded}")
        if known.listeners.get(user.listener.session) is not user.listener:
            raise Broken(f"{user.nick} is here without a connection")
        for name, room in user.rooms.items():
            if known.rooms.get(name) is not room or user not in room.members:
                raise Broken(f"{user.nick} is said to be in {name}")
        if user.account and user not in known.accounts[names.fold(user.account)]:
            raise Broken(f"{user.nick} is not among those logged in as {user.account}")
        if user.account != user.listener.account:
            raise Broken(f"{user.nick} is logged in as {user.account} and {user.listener.account}")
        if any(user not in known.watchers[watched] for watched in user.watching):
            raise Broken(f"{user.nick} watches in vain")
    for client in world.clients:
        if not hasattr(client.dialect, "_context"):  # only IRC's keeps the nick
            continue
        here = "" if client.user is None or client.gone else client.user.nick
        if not client.gone and client.dialect._context.me != here:
            raise Broken(f"{client.session} is {here} and thinks it is {client.dialect._context.me}")


def _rooms(known: State) -> None:
    for folded, room in known.rooms.items():
        if names.fold(room.name) != folded:
            raise Broken(f"{room.name} is known as {folded}")
        if any(folded not in user.rooms for user in room.members) or not room.ranks.keys() <= room.members.keys():
            raise Broken(f"{room.name} has members or ranks of people who are not there")
        asleep = folded in (known.idle if room.founder else known.dormant)
        if not room.members and not asleep and folded != names.LOBBY:
            raise Broken(f"{room.name} is empty, and not known to be")
        if room.members and (folded in known.dormant or folded in known.idle):
            raise Broken(f"{room.name} is not empty")
    if not known.dormant.keys() | known.idle.keys() <= known.rooms.keys():
        raise Broken("rooms sleep that are not there")


def _holdings(world: World) -> None:
    users = world.hub.state.users
    wanted = {thing: user.listener.session for user in users.values() for thing in records.nick(user.nick)}
    for user in users.values():
        session = user.listener.session
        wanted |= {records.seat(folded, session): session for folded in user.rooms}
    owners = world.ledger.memory.holdings._owners.items()  # a claim stays, for a while, if the disk was full
    if differing := wanted.items() ^ {held for held in owners if not held[0].startswith(records.CLAIM)}:
        raise Broken(f"what is held is not what is known: {sorted(differing)}")


def answered(ear: Ear, line: bytes, chunks: list[bytes]) -> None:
    """A label comes back on exactly one line."""
    labels = sum(map(_is_labelled, b"".join(chunks).split(b"\r\n")))
    if labels > 1:
        raise Broken(f"more than one label: in answer to {line!r}: {b''.join(chunks)!r}")
    if not labels and ear.answers_labels and not ear.client.gone and _LABELLED.match(line):
        raise Broken(f"no label: in answer to {line!r}: {b''.join(chunks)!r}")


def _is_labelled(line: bytes) -> bool:
    tags = line[1:].partition(b" ")[0].split(b";") if line[:1] == b"@" else ()
    return any(tag.startswith(b"label=") for tag in tags)
