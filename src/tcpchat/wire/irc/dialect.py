"""The dialect, assembled from its topics."""

from collections.abc import Iterable, Iterator
from functools import cache

from tcpchat.config import Config
from tcpchat.model import events
from tcpchat.model.events import Event
from tcpchat.model.replies import Refused
from tcpchat.wire.dialect import Answer, Request
from tcpchat.wire.framing import Lines
from tcpchat.wire.irc import numerics, people, registration, rooms, server, talk
from tcpchat.wire.irc.capabilities import ECHO_MESSAGE, MESSAGE_TAGS, SERVER_TIME
from tcpchat.wire.irc.message import MOST_LINE_BYTES, MOST_TAG_BYTES, Message, parse
from tcpchat.wire.irc.topic import AnswerWriter, Context, Reader, Tables, Writer
from tcpchat.wire.irc.writing import Tags, line

TOPICS: tuple[Tables, ...] = (registration.TABLES, people.TABLES, rooms.TABLES, talk.TABLES, server.TABLES)

READERS: dict[str, Reader] = {verb: reader for topic in TOPICS for verb, reader in topic.readers.items()}
WRITERS: dict[type[Event], Writer] = {kind: writer for topic in TOPICS for kind, writer in topic.writers.items()}
ANSWERS: dict[tuple[str, type], AnswerWriter] = {
    key: writer for topic in TOPICS for key, writer in topic.answers.items()
}
REFUSALS = {key: number for topic in TOPICS for key, number in topic.refusals.items()}
NEEDS = {verb: count for topic in TOPICS for verb, count in topic.needs.items()}
USAGE = {verb: (reader.__doc__ or "").partition("\n")[0] for verb, reader in READERS.items()}
AT_THE_DOOR = frozenset().union(*(topic.at_the_door for topic in TOPICS))

SHAPES_EVENTS = frozenset({ECHO_MESSAGE, MESSAGE_TAGS, SERVER_TIME})
"""The capabilities that change how events are written."""

_SPOKEN: frozenset[type[Event]] = frozenset({events.Said, events.Told})
_EVERY: frozenset[type[Event]] = frozenset(events.ANY.__args__)


class IrcEncoding:
    """Events as lines of IRC, for clients with the same capabilities."""

    def __init__(self, capabilities: frozenset[str]) -> None:
        self._tags = Tags(capabilities)
        self.own = _EVERY if ECHO_MESSAGE in capabilities else _EVERY - _SPOKEN

    def write(self, event: Event) -> bytes:
        """One line, or several for a long text."""
        writer = WRITERS.get(type(event))
        return writer(event, self._tags) if writer else b""


encoding = cache(IrcEncoding)
"""The encoding for a set of `SHAPES_EVENTS`: the same object for all who have them."""


class Irc:
    """The server's side of the dialect."""

    answers_pings = True

    def __init__(self, config: Config) -> None:
        self._lines = Lines(MOST_TAG_BYTES + MOST_LINE_BYTES)
        self._context = Context(config, USAGE)

    @property
    def encoding(self) -> IrcEncoding:
        """See `Dialect.encoding`."""
        return encoding(self._context.capabilities & SHAPES_EVENTS)

    def receive(self, data: bytes) -> Iterator[Request | bytes]:
        """See `Dialect.receive`."""
        yield from self._requests(self._lines.feed(data))

    def finish(self) -> Iterator[Request | bytes]:
        """A line without its end was cut off on its way: half a message is worse than none."""
        yield from ()

    def answer(self, request: Request, answer: Answer, me: str) -> bytes:
        """See `Dialect.answer`. What has no writer is answered by its effect alone."""
        self._context.me = me
        message: Message = request.label  # type: ignore[assignment]
        if isinstance(answer, Refused):
            return self._refusal(message, answer)
        writer = ANSWERS.get((message.command, type(answer)))
        return writer(self._context, request, answer) if writer else b""

    def ping(self, token: str) -> bytes:
        """See `Dialect.ping`."""
        return line("PING", last=token)

    def farewell(self, reason: str) -> bytes:
        """See `Dialect.farewell`."""
        return line("ERROR", last=f"Closing link: {reason}")

    def _requests(self, lines: Iterable[bytes | None]) -> Iterator[Request | bytes]:
        for raw in lines:
            if raw is None:
                yield self._context.numeric(numerics.ERR_INPUTTOOLONG, last="Input line was too long")
                continue
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                yield line(
                    f":{self._context.server}",
                    "FAIL",
                    "*",
                    "INVALID_UTF8",
                    last="This server speaks UTF-8 only",
                )
                continue
            message = parse(text.strip("\r"))
            if message is not None:
                yield from self._read(message, len(raw))

    def _read(self, message: Message, size: int) -> Iterator[Request | bytes]:
        context, verb = self._context, message.command
        reader = READERS.get(verb)
        if size > MOST_LINE_BYTES - 2 and not message.tags:
            yield context.numeric(numerics.ERR_INPUTTOOLONG, last="Input line was too long")
        elif not context.me and verb not in AT_THE_DOOR:
            yield context.numeric(numerics.ERR_NOTREGISTERED, last="You have not registered")
        elif reader is None:
            yield context.numeric(numerics.ERR_UNKNOWNCOMMAND, verb[:40], last="Unknown command")
        elif len(message.params) < NEEDS.get(verb, 0):
            yield context.numeric(numerics.ERR_NEEDMOREPARAMS, verb, last="Not enough parameters")
        else:
            yield from reader(context, message)

    def _refusal(self, message: Message, refusal: Refused) -> bytes:
        verb, code = message.command, refusal.code
        if verb == "NOTICE":  # never answered, so that two programs do not answer each other for ever
            return b""
        number = REFUSALS.get((verb, code)) or REFUSALS.get(("*", code)) or numerics.ERR_UNKNOWNERROR
        about = [_word(refusal.about)] if refusal.about else [verb] if number == numerics.ERR_UNKNOWNERROR else []
        answer = self._context.numeric(number, *about, last=refusal.text)
        if verb == "WHOIS":
            answer += self._context.numeric(numerics.RPL_ENDOFWHOIS, message.params[-1], last="End of /WHOIS list")
        if verb == "WHO":
            answer = self._context.numeric(numerics.RPL_ENDOFWHO, message.params[0], last="End of /WHO list")
        return answer


def _word(name: str) -> str:
    """What somebody asked about, as a parameter that others may follow."""
    word = "".join(character for character in name[:80] if character.isprintable() and character != " ")
    return word.lstrip(":") or "*"
