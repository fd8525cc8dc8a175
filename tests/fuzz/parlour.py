"""A chat in which all dialects are spoken: by people with accounts and without, operators, and an administrator."""

import json
import re
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, get_args

import msgspec
from msgspec import inspect
from msgspec.structs import replace

from tcpchat.config import Config, Limits, Operator
from tcpchat.model import commands
from tcpchat.wire.line import COMMANDS
from tests.fuzz import checks, mutation
from tests.fuzz.client import Client
from tests.security.logins import House

LIMITS = Limits(enabled=False, rooms=100, whowas=20, masks=10, watched=10, markers=20, readers=20, bans=20)

ENTERED = ('{{"do":"enter","nick":"{0}"}}', '{{"do":"join","room":"#tea"}}')
ROLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("irc", ("NICK Ann", "USER ann 0 * :Ann", "NS IDENTIFY owner sesame-street", "JOIN #tea,#den", "CS REGISTER #den")),
    ("jsonl", ('{"do":"enter","nick":"bob"}', '{"do":"join","room":"#tea"}',
               '{"do":"log_in","account":"mallory","password":"evil-banana"}')),
    ("jsonl", ('{"do":"enter","nick":"boss"}', '{"do":"become_operator","name":"root","password":"secret"}',
               '{"do":"join","room":"#tea"}')),
    ("line", ("cid", "/join #tea", "hello")),
    ("line", ()),
    ("jsonl", ()),
    ("irc", ("CAP REQ :sasl labeled-response batch message-tags draft/multiline", "AUTHENTICATE PLAIN")),
    ("line", ("dora", "/login owner sesame-street", "/join #den")),
    ("irc", ("CAP REQ :labeled-response batch message-tags echo-message server-time", "NICK eve", "USER e 0 * :E",
             "CAP END", "JOIN #tea", "BATCH +1 draft/multiline #tea")),
)  # fmt: skip
"""Who is there, and what each says first. The fourth from the end has not come in; one is in the middle of SASL."""

ADMINISTRATOR = 5

_HARMFUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What no terminal is told by a server that is spoken to with nc."""


class Parlour(House):
    """All of them, and what they say."""

    def __init__(self) -> None:
        super().__init__(Config(name="fuzz.example", limits=LIMITS, operators={"root": Operator(password="secret")}))
        self.config = self.hub.state.config = replace(self.config, registration="open")
        self.took = 0.0
        """Seconds of the processor that the last line took, without what it was looked at for."""
        self.people = [self._introduced(role) for role in range(len(ROLES))]

    @property
    def clients(self) -> list[Client]:
        """All that are there."""
        return [self.ann, *self.people]

    def play(self, number: int, line: bytes) -> None:
        """One of them says something. Everything that everybody is told then is looked at."""
        number %= len(self.people)
        start = time.thread_time()
        self.say(self.people[number], line)
        self.took = time.thread_time() - start
        for client in self.clients:
            told, client.written = b"".join(client.written), []
            client.outbox._written = client.written
            CHECKS[type(client.dialect).__name__](told)
        for place, client in enumerate(self.people):
            if client.ending is not None:
                self.see_off(client)
                client.written.clear()
                self.people[place] = self._introduced(place)
        checks.state(self)  # type: ignore[arg-type]

    def _introduced(self, role: int) -> Client:
        dialect, lines = ROLES[role]
        client = self.come(dialect)
        client.administrator = role == ADMINISTRATOR  # type: ignore[misc]
        for line in lines:
            self.say(client, line)
        return client


def _json(told: bytes) -> None:
    for line in told.split(b"\n")[:-1]:
        assert isinstance(json.loads(line), dict), line
    assert told[-1:] in (b"", b"\n"), told[-80:]


def _irc(told: bytes) -> None:
    assert told[-2:] in (b"", b"\r\n"), told[-80:]
    for line in told.split(b"\r\n"):
        assert not re.search(rb"[\r\n\0]", line), line
        assert len(line.rpartition(b" :")[0]) < 9_000, line
    told.decode()


def _person(told: bytes) -> None:
    text = told.decode()
    assert not _HARMFUL.search(text.replace("\r\n", "")), text[:500]


CHECKS: dict[str, Callable[[bytes], None]] = {"JsonLines": _json, "Irc": _irc, "PlainLines": _person}


# what they say

_NICKS = ["Ann", "bob", "cid", "dora", "eve", "boss", "nobody", "owner", "mallory", "locked", "root", "", "é", "x" * 40]
_TEXTS = [
    *_NICKS, "#tea", "#den", "#lobby", "#new", "#TEA", "@#tea", "#", "*", "*!*@*", "~a:owner", "192.0.2.0/24", "hi",
    "a b",
    "sesame-street", "evil-banana", "secret", "\x00", "\r\n", "\n", "\x1b[2J", "\x9b", "\u202e", "\u2028", "\ud7ff",
    "💥" * 50,
    "x" * 500, "x" * 5_000, "0", "abc123-3", "abc123-9", "=?", "AEFubgBzZWNyZXQ=", "SCRAM-SHA-256", "+t", "o",
    "ab" * 32,
    "1970-01-01T00:00:00.000Z", '"', "\\", "[" * 50,
]  # fmt: skip
_NUMBERS = [0, 1, -1, 2, 5, 50, 500, 501, 1 << 31, 1 << 63, -(1 << 63), (1 << 64) - 1]
_JUNK: list[Any] = [None, True, 1.5, 1e308, -1, "", "x" * 5_000, [], {}, [[[]]], {"a": {"b": 1}}, ["x"] * 300, 10**30]


def said(chance: Random) -> tuple[int, bytes]:
    """Who speaks, and what, in their dialect or, now and then, in another one."""
    number = chance.randrange(len(ROLES))
    dialect = ROLES[number][0] if chance.random() < 0.95 else chance.choice(list(_SPOKEN))
    return number, _SPOKEN[dialect](chance).replace(b"\n", b" ")


def json_line(chance: Random) -> bytes:
    """A command, made from its type; often with something wrong in it."""
    wish = _object(chance.choice(_COMMANDS), chance)
    if chance.random() < 0.3:
        wish[chance.choice([*wish, "id", "x"])] = chance.choice(_JUNK)
    if chance.random() < 0.1:
        wish.pop(chance.choice(list(wish)))
    line = json.dumps(wish).encode()
    return line if chance.random() < 0.9 else _broken(line, chance)


def person_line(chance: Random) -> bytes:
    """What is typed: a command, or words."""
    words = " ".join(chance.choices(_TEXTS, k=chance.randrange(4)))
    command = f"/{chance.choice(_TYPED)} " if chance.random() < 0.8 else ""
    line = (command + words).encode("utf-8", "replace")
    return line if chance.random() < 0.9 else _broken(line, chance)


def irc_line(chance: Random) -> bytes:
    """See `mutation`."""
    return mutation.made(chance).split(b"\n")[0][2:]


def _broken(line: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(line) + 1)
    return chance.choice((
        line[:place], line[place:], line * 3, line[:place] + chance.randbytes(3) + line[place:],
        b"[" * 2_000, b'{"do":' * 500, line[:place] + b"\xff" + line[place:], line + b" " * 20_000,
        line.replace(b'"', b"'"), line[:place] + b"\\ud800" + line[place:],
    ))  # fmt: skip


def _object(kind: Any, chance: Random) -> dict[str, Any]:
    fields = inspect.type_info(kind).fields  # type: ignore[union-attr]
    wanted = [field for field in fields if field.required or chance.random() < 0.7]
    wish = {field.encode_name: _value(field.type, chance) for field in wanted}
    return {"do": kind.__struct_config__.tag, **wish, **({"id": 1} if chance.random() < 0.5 else {})}


def _value(kind: Any, chance: Random) -> Any:
    match kind:
        case inspect.StrType():
            return chance.choice(_TEXTS)
        case inspect.IntType() | inspect.FloatType():
            return chance.choice(_NUMBERS)
        case inspect.BoolType():
            return chance.random() < 0.5
        case (
            inspect.ListType(item_type=item)
            | inspect.VarTupleType(item_type=item)
            | inspect.FrozenSetType(item_type=item)
        ):
            return [_value(item, chance) for _ in range(chance.choice((0, 1, 2, 20)))]
        case inspect.DictType(value_type=item):
            return {chance.choice(_TEXTS): _value(item, chance) for _ in range(chance.randrange(3))}
        case inspect.UnionType(types=kinds):
            return _value(chance.choice(kinds), chance)
        case inspect.LiteralType(values=values):
            return chance.choice(values)
        case inspect.StructType(fields=fields, array_like=True):
            return [_value(field.type, chance) for field in fields]
        case inspect.StructType(fields=fields):
            return {field.encode_name: _value(field.type, chance) for field in fields if chance.random() < 0.7}
    return None


_COMMANDS: Sequence[type[msgspec.Struct]] = get_args(commands.ANY)
_TYPED = [*COMMANDS, "nothing", ""]
_SPOKEN: dict[str, Callable[[Random], bytes]] = {"irc": irc_line, "jsonl": json_line, "line": person_line}
