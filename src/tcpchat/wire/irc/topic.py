"""What a topic file of this dialect is made of: what its readers know, and the tables at its foot."""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tcpchat.config import Config
from tcpchat.model.commands import Command
from tcpchat.model.events import Event
from tcpchat.model.replies import Refused, Reply
from tcpchat.wire.dialect import SECURE, Request, Transport
from tcpchat.wire.irc.capabilities import Negotiation
from tcpchat.wire.irc.message import MOST_LINE_BYTES, Message
from tcpchat.wire.irc.writing import Form, line, word

if TYPE_CHECKING:
    from tcpchat.wire.irc.multiline import OpenBatch
    from tcpchat.wire.irc.sasl import Exchange


SURELY_FITS = 300
"""Bytes of a text and its target that leave room for any source: a nick of 100, a user of 12, a host of 64."""


class Context:
    """One client: what it has told of itself, and what the server calls itself to it."""

    __slots__ = (
        "_batches", "account", "answer", "config", "dead_batch", "exchange", "failures", "me", "name", "negotiation",
        "open_batch", "origin", "owned_nick", "password", "refused_nick", "server", "user", "verbs", "wanted_nick",
    )  # fmt: skip

    def __init__(self, config: Config, verbs: Mapping[str, str], transport: Transport = SECURE, sts: str = "") -> None:
        """`verbs`: how each verb is used, for HELP; `sts`: what is told of TLS."""
        self.config = config
        self.verbs = verbs
        self.server = config.name
        self.negotiation = Negotiation(config, transport, sts)
        self.me = ""
        """The client's nick; empty until it is in."""
        self.origin = ""
        """Its ``user@host``, as others see it."""
        self.account = ""
        """The account that it is logged in to."""
        self.wanted_nick = ""
        self.refused_nick = ""
        self.owned_nick = ""
        """The nick it wanted last that belongs to an account."""
        self.failures = 0
        """How often it did not succeed to log in."""
        self.user = ""
        self.name = ""
        self.password = ""
        self.answer: object = None
        """The last one that a reader wanted to see for itself."""
        self.exchange: Exchange | None = None
        """The SASL exchange that is under way."""
        self.open_batch: OpenBatch | None = None
        """The batch that the client has begun to send."""
        self.dead_batch = ""
        """The reference of one that was refused, and of which lines may still come."""
        self._batches = 0

    @property
    def capabilities(self) -> frozenset[str]:
        """What the client has asked for and got."""
        return self.negotiation.enabled

    @property
    def form(self) -> Form:
        """How the client wants its lines."""
        return Form(self.server, self.capabilities)

    @property
    def source(self) -> str:
        """The client, as others see it, as far as that is known."""
        return f"{self.me or self.wanted_nick or '*'}!{self.origin or f'{word(self.user)}@*'}"

    def fits(self, verb: str, target: str, text: str) -> bool:
        """Whether what the client says fits into the lines of those who hear it, with its source before it."""
        if len(target) + len(text) <= SURELY_FITS and text.isascii() and target.isascii():
            return True
        source = self.source
        size = len(source) + len(verb) + len(target) + len(text)
        if not (text.isascii() and target.isascii() and source.isascii()):
            size = sum(len(part.encode()) for part in (source, verb, target, text))
        return size + len(":    :\r\n") - 1 <= MOST_LINE_BYTES

    def next_batch(self) -> str:
        """A batch reference this connection has not seen."""
        self._batches += 1
        return f"b{self._batches}"

    def numeric(self, number: str, *params: str, last: str | None = None) -> bytes:
        """A numeric for this client, which is ``*`` before it has a nick."""
        return line(f":{self.server}", number, self.me or "*", *params, last=last)

    def standard(self, kind: str, verb: str, code: str, *about: str, last: str) -> bytes:
        """A FAIL, WARN or NOTE (ircv3.net/specs/extensions/standard-replies)."""
        return line(f":{self.server}", kind, verb, code, *map(word, about), last=last)


Reader = Callable[[Context, Message], Iterable[Request | bytes]]
Writer = Callable[[Any, Form], bytes]
AnswerWriter = Callable[[Context, Request, Any], bytes]
RefusalWriter = Callable[[Context, Message, Refused], bytes]


@dataclass(frozen=True)
class Tables:
    """A topic: how its verbs are read, its events written, and its requests answered (by verb and kind of reply)."""

    readers: Mapping[str, Reader] = field(default_factory=dict)
    writers: Mapping[type[Event], Writer] = field(default_factory=dict)
    answers: Mapping[tuple[str, type[Reply]], AnswerWriter] = field(default_factory=dict)
    refusals: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The numeric, or the code of a FAIL, for a verb (or ``*``) and a refusal's code."""
    refused: Mapping[str, RefusalWriter] = field(default_factory=dict)
    """How refusals of a verb are written that are not written like all others."""
    at_the_door: frozenset[str] = frozenset()
    """The verbs that are read before the client is in."""
    needs: Mapping[str, int] = field(default_factory=dict)
    """How many parameters a verb needs."""


def message_of(request: Request) -> Message:
    """The line in which something was asked for."""
    message: Message = request.label  # type: ignore[assignment]
    return message


def listed(message: Message, place: int = 0) -> list[str]:
    """A parameter that is a list with commas between its parts; empty if it is not there."""
    return [part for part in param(message, place).split(",") if part]


def param(message: Message, place: int) -> str:
    """A parameter; empty if it is not there."""
    return message.params[place] if len(message.params) > place else ""


def asked(context: Context, wish: Command, message: Message) -> Generator[Request | bytes, None, object]:
    """Ask for something, and look at what comes of it: the tables must `keep_answer`, or `keep_refusal`."""
    context.answer = None
    yield Request(wish, message)
    answer, context.answer = context.answer, None
    return answer


def keep_answer(context: Context, request: Request, answer: object) -> bytes:
    """For requests whose reader looks at the answer itself."""
    context.answer = answer
    return b""


def keep_refusal(context: Context, message: Message, refusal: Refused) -> bytes:
    """For requests whose reader looks at the refusal itself."""
    context.answer = refusal
    return b""
