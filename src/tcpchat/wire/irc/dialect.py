"""The dialect, assembled from its topics."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

from tcpchat.config import Config
from tcpchat.model import events
from tcpchat.model.commands import Command, Say, Tell
from tcpchat.model.events import Event
from tcpchat.model.replies import Refused, Stored
from tcpchat.wire.dialect import SECURE, Answer, Encoding, Request, Transport
from tcpchat.wire.framing import Lines
from tcpchat.wire.irc import (
    accounts,
    bans,
    chanserv,
    history,
    moderation,
    modes,
    multiline,
    numerics,
    operators,
    people,
    presence,
    registration,
    rooms,
    sasl,
    search,
    server,
    talk,
)
from tcpchat.wire.irc.capabilities import (
    ACCOUNT_NOTIFY,
    ACCOUNT_TAG,
    AWAY_NOTIFY,
    BATCH,
    CHANNEL_RENAME,
    CHGHOST,
    ECHO_MESSAGE,
    EXTENDED_JOIN,
    EXTENDED_MONITOR,
    INVITE_NOTIFY,
    LABELED_RESPONSE,
    MESSAGE_REDACTION,
    MESSAGE_TAGS,
    MULTI_PREFIX,
    MULTILINE,
    NO_IMPLICIT_NAMES,
    READ_MARKER,
    SERVER_TIME,
    SETNAME,
    STANDARD_REPLIES,
    USERHOST_IN_NAMES,
)
from tcpchat.wire.irc.labels import Response
from tcpchat.wire.irc.message import MOST_LINE_BYTES, MOST_TAG_BYTES, Message, is_too_long, parse
from tcpchat.wire.irc.topic import AnswerWriter, Context, Reader, RefusalWriter, Tables, Writer, message_of
from tcpchat.wire.irc.writing import Form, line, word

TOPICS: tuple[Tables, ...] = (
    registration.TABLES, accounts.TABLES, people.TABLES, presence.TABLES, rooms.TABLES, modes.TABLES,
    moderation.TABLES, talk.TABLES, multiline.TABLES, history.TABLES, search.TABLES, operators.TABLES, bans.TABLES,
    chanserv.TABLES,
    server.TABLES,
)  # fmt: skip

READERS: dict[str, Reader] = {verb: reader for topic in TOPICS for verb, reader in topic.readers.items()}
WRITERS: dict[type[Event], Writer] = {kind: writer for topic in TOPICS for kind, writer in topic.writers.items()}
ANSWERS: dict[tuple[str, type], AnswerWriter] = {
    key: writer for topic in TOPICS for key, writer in topic.answers.items()
}
REFUSALS = {key: number for topic in TOPICS for key, number in topic.refusals.items()}
REFUSED: dict[str, RefusalWriter] = {verb: writer for topic in TOPICS for verb, writer in topic.refused.items()}
NEEDS = {verb: count for topic in TOPICS for verb, count in topic.needs.items()}
USAGE = {verb: (reader.__doc__ or "").partition("\n")[0] for verb, reader in READERS.items()}
AT_THE_DOOR = frozenset().union(*(topic.at_the_door for topic in TOPICS))

SHAPES_EVENTS = frozenset(
    {
        ACCOUNT_NOTIFY, ACCOUNT_TAG, AWAY_NOTIFY, BATCH, CHANNEL_RENAME, CHGHOST, ECHO_MESSAGE, EXTENDED_JOIN,
        EXTENDED_MONITOR, INVITE_NOTIFY, MESSAGE_REDACTION, MESSAGE_TAGS, MULTILINE, MULTI_PREFIX, READ_MARKER,
        SERVER_TIME, SETNAME, STANDARD_REPLIES, USERHOST_IN_NAMES, *NO_IMPLICIT_NAMES,
    }
)  # fmt: skip
"""The capabilities that change how events are written."""

DURING_SASL = frozenset({"AUTHENTICATE", "CAP", "NICK", "USER", "PING", "PONG"})
"""Whatever else a client says ends its attempt to log in."""

_IGNORED = b"\r\0"
"""Neither is part of what a line says (RFC 2812, section 2.3.1)."""

_SAYS_IT_ITSELF = frozenset({"AUTHENTICATE", "NICKSERV", "NOTICE", "NS"})
"""Verbs of which every refusal is told in a way of their own, or not at all."""

_ECHOED: frozenset[type[Event]] = frozenset({events.Said, events.Told, events.Tagged, events.Redacted})
_NEVER_OWN: frozenset[type[Event]] = frozenset({events.WentAway, events.MarkerSet})
_EVERY: frozenset[type[Event]] = frozenset(events.ANY.__args__)


class IrcEncoding:
    """Events as lines of IRC, for clients with the same capabilities."""

    def __init__(self, server: str, capabilities: frozenset[str]) -> None:
        self._form = Form(server, capabilities)
        self.own = _EVERY - _NEVER_OWN - (frozenset() if ECHO_MESSAGE in capabilities else _ECHOED)

    def write(self, event: Event) -> bytes:
        """One line, or several for a long text; nothing, if it is not for these clients."""
        writer = WRITERS.get(type(event))
        return writer(event, self._form) if writer else b""


_encoding = lru_cache(maxsize=4_096)(IrcEncoding)


def encoding(capabilities: frozenset[str], server: str = "") -> IrcEncoding:
    """The encoding for a set of capabilities: the same object for all who have the same of `SHAPES_EVENTS`."""
    return _encoding(server, capabilities & SHAPES_EVENTS)


class Irc:
    """The server's side of the dialect."""

    answers_pings = True
    silent_on: frozenset[type[Command]] = frozenset({Say})

    def __init__(self, config: Config, transport: Transport = SECURE, *, sts: str = "") -> None:
        """`sts`: what is told of TLS, the value of the capability of that name; empty: nothing."""
        self._lines = Lines(MOST_TAG_BYTES + MOST_LINE_BYTES)
        self._context = Context(config, USAGE, transport, sts)
        self._response: Response | None = None
        self._seen = self._context.capabilities
        self._plain = encoding(self._seen, config.name)

    @property
    def encoding(self) -> Encoding:
        """See `Dialect.encoding`."""
        return self._response or self._plain_encoding()

    def _plain_encoding(self) -> IrcEncoding:
        capabilities = self._context.capabilities
        if capabilities is not self._seen:
            self._seen, self._plain = capabilities, encoding(capabilities, self._context.server)
        return self._plain

    @property
    def one_at_a_time(self) -> bool:
        """See `Dialect.one_at_a_time`: what a labelled line brings about is told in one piece."""
        return self._response is not None

    @property
    def unfinished(self) -> int:
        """See `Dialect.unfinished`."""
        return self._lines.unfinished

    def configure(self, config: Config) -> None:
        """See `Dialect.configure`."""
        self._context.config = config

    def unanswered(self, events: list[Event]) -> list[Event]:
        """See `Dialect.unanswered`."""
        response = self._response
        return events if response is None else [event for event in events if not response.told(event)]

    def receive(self, data: bytes) -> Iterator[Request | bytes]:
        """See `Dialect.receive`."""
        yield from self._requests(self._lines.feed(data.translate(None, _IGNORED)))

    def finish(self) -> Iterator[Request | bytes]:
        """A line without its end was cut off on its way: half a message is worse than none."""
        yield from ()

    def answer(self, request: Request, answer: Answer, me: str) -> bytes:
        """See `Dialect.answer`. What has no writer is answered by its effect alone."""
        self._context.me = me
        if isinstance(answer, Refused):
            written = self._refusal(message_of(request), _named(answer, request.command))
        else:
            writer = ANSWERS.get((message_of(request).command, type(answer)))
            written = writer(self._context, request, answer) if writer else b""
        if self._response is None:
            return written
        if isinstance(answer, Stored) and isinstance(request.command, Say | Tell):
            self._response.stored(request.command, answer)
        self._response.add(written)
        return b""

    def ping(self, token: str) -> bytes:
        """See `Dialect.ping`."""
        return line("PING", last=token)

    def farewell(self, reason: str) -> bytes:
        """See `Dialect.farewell`."""
        return line("ERROR", last=f"Closing link: {reason}")

    def _requests(self, lines: Iterable[bytes | None]) -> Iterator[Request | bytes]:
        for raw in lines:
            if raw is None:
                multiline.abandon(self._context)
                yield self._context.numeric(numerics.ERR_INPUTTOOLONG, last="Input line was too long")
                continue
            try:
                text, is_utf8 = raw.decode(), True
            except UnicodeDecodeError:
                text, is_utf8 = raw.decode("utf-8", "replace"), False
            message = parse(text)
            if message is None:
                continue
            label = self._label_of(message) if message.tags or self._context.open_batch is not None else None
            if label is not None:
                yield from self._in_one_piece(label, message, raw, is_utf8)
            else:
                yield from self._read(message, raw, is_utf8)

    def _label_of(self, message: Message) -> str | None:
        """The label of a line that is answered in one piece; one that says something under a key may have none."""
        context = self._context
        label = multiline.label_of(context, message) if LABELED_RESPONSE in context.capabilities else ""
        return label if label or multiline.is_keyed(context, message) else None

    def _in_one_piece(self, label: str, message: Message, raw: bytes, is_utf8: bool) -> Iterator[Request | bytes]:
        """Carry out a line; what comes of it is told in one piece."""
        context = self._context
        yield b""  # what was said before is no part of it
        plain = self._plain_encoding()
        response = self._response = Response(label, context, plain)
        for item in self._read(message, raw, is_utf8):
            if isinstance(item, bytes):
                response.add(item)
            else:
                yield item
        self._response = None
        yield response.finished()

    def _read(self, message: Message, raw: bytes, is_utf8: bool) -> Iterable[Request | bytes]:
        if self._context.exchange is not None and message.command not in DURING_SASL:
            return chain((sasl.aborted(self._context),), self._read(message, raw, is_utf8))
        objection = self._objection(message, raw, is_utf8)
        return (objection,) if objection else READERS[message.command](self._context, message)

    def _objection(self, message: Message, raw: bytes, is_utf8: bool) -> bytes:
        """Why a line is not even read; nothing, if it is."""
        context, verb = self._context, message.command
        if len(raw) > MOST_LINE_BYTES - 2 and is_too_long(raw):
            multiline.abandon(context)
            return context.numeric(numerics.ERR_INPUTTOOLONG, last="Input line was too long")
        if not is_utf8:
            multiline.abandon(context)
            known = verb if verb in READERS else "*"
            return context.standard("FAIL", known, "INVALID_UTF8", last="This server speaks UTF-8 only")
        if not context.me and verb not in AT_THE_DOOR:
            return context.numeric(numerics.ERR_NOTREGISTERED, last="You have not registered")
        if context.open_batch is not None and (interruption := multiline.interrupted(context, message)):
            return interruption
        if verb not in READERS:
            return context.numeric(numerics.ERR_UNKNOWNCOMMAND, word(verb)[:40], last="Unknown command")
        if len(message.params) < NEEDS.get(verb, 0):
            return context.numeric(numerics.ERR_NEEDMOREPARAMS, verb, last="Not enough parameters")
        return b""

    def _refusal(self, message: Message, refusal: Refused) -> bytes:
        """As the tables say: a numeric, or a standard reply."""
        context, verb, code = self._context, message.command, refusal.code
        if code == "too_fast" and verb not in _SAYS_IT_ITSELF:
            return server.write_too_fast(context, message, refusal)
        if verb in REFUSED:
            return REFUSED[verb](context, message, refusal)
        if code == "not_stored" and (verb, code) not in REFUSALS:
            return talk.write_not_stored(context, message, refusal)
        answer = REFUSALS.get((verb, code)) or REFUSALS.get(("*", code)) or numerics.ERR_UNKNOWNERROR
        if not answer.isdigit():
            return context.standard("FAIL", verb, answer, *refusal.about, last=refusal.text)
        about = [verb] if answer == numerics.ERR_UNKNOWNERROR else map(word, refusal.about)
        return context.numeric(answer, *about, last=refusal.text)


def _named(refusal: Refused, command: Command) -> Refused:
    """A refusal that says what it is about: who could not store a message does not know whom it was for."""
    if refusal.code != "not_stored" or refusal.about:
        return refusal
    target = getattr(command, "room", "") or getattr(command, "to", "") or getattr(command, "target", "")
    return Refused(refusal.code, refusal.text, about=target or ())
