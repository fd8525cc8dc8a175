"""One JSON object per line: the vocabulary as it is, for our clients, scripts, and later the web page."""

from collections.abc import Iterable, Iterator

import msgspec

from tcpchat.config import Config
from tcpchat.model import commands, events, replies
from tcpchat.model.events import Event
from tcpchat.version import VERSION
from tcpchat.wire.dialect import Answer, Request
from tcpchat.wire.framing import Lines

PROTOCOL = 1
"""Raised when something is taken away or changes its meaning; additions leave it."""

Id = int | str | None


class Hello(msgspec.Struct, frozen=True):
    """The server's first line."""

    hello: str
    protocol: int
    version: str


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a request that was not granted. `error` is the request's id; `wait`: for so many seconds."""

    error: Id
    code: str
    text: str
    suggestion: str = ""
    wait: int = 0


class ServerPing(msgspec.Struct, frozen=True):
    """The server asks whether somebody is there: answer with ``{"do": "pong"}``, or any other line."""

    ping: str


class Bye(msgspec.Struct, frozen=True):
    """The server's last line, and why it is."""

    bye: str


class _Envelope(msgspec.Struct):
    id: Id = None


encode = msgspec.json.Encoder().encode
_read_envelope = msgspec.json.Decoder(_Envelope).decode
_read_command = msgspec.json.Decoder(commands.ANY).decode


class JsonEncoding:
    """Every event, one's own too, as it is in the vocabulary."""

    own: frozenset[type[Event]] = frozenset(events.ANY.__args__)

    def write(self, event: Event) -> bytes:
        """One line."""
        return encode(event) + b"\n"


ENCODING = JsonEncoding()


class JsonLines:
    """The server's side of the dialect."""

    answers_pings = True
    silent_on: frozenset[type[commands.Command]] = frozenset()
    one_at_a_time = False
    encoding = ENCODING

    def __init__(self, config: Config) -> None:
        self._lines = Lines(config.limits.line_bytes)
        self._hello: bytes = encode(Hello(config.name, PROTOCOL, VERSION)) + b"\n"

    @property
    def unfinished(self) -> int:
        """See `Dialect.unfinished`."""
        return self._lines.unfinished

    def configure(self, config: Config) -> None:
        """See `Dialect.configure`. Nothing of it shows here."""

    def unanswered(self, events: list[Event]) -> list[Event]:
        """See `Dialect.unanswered`."""
        return events

    def receive(self, data: bytes) -> Iterator[Request | bytes]:
        """See `Dialect.receive`."""
        if self._hello:
            yield self._hello
            self._hello = b""
        yield from self._requests(self._lines.feed(data))

    def finish(self) -> Iterator[Request | bytes]:
        """See `Dialect.finish`."""
        yield from self._requests(self._lines.finish())

    def answer(self, request: Request, answer: Answer, me: str) -> bytes:
        """``{"ok": id, …}`` or ``{"error": id, …}``."""
        id = request.label
        if isinstance(answer, replies.Refused):
            return _failure(id, answer.code, answer.text, answer.suggestion, answer.wait)
        return b'{"ok":' + encode(id) + b"," + encode(answer)[1:] + b"\n"

    def ping(self, token: str) -> bytes:
        """See `Dialect.ping`."""
        return encode(ServerPing(token)) + b"\n"

    def farewell(self, reason: str) -> bytes:
        """See `Dialect.farewell`."""
        return encode(Bye(reason)) + b"\n"

    def _requests(self, lines: Iterable[bytes | None]) -> Iterator[Request | bytes]:
        for line in lines:
            if line is None:
                yield _failure(None, "line_too_long", "That line is longer than this server takes.")
            elif line.strip():
                yield _request(line)


def _request(line: bytes) -> Request | bytes:
    id: Id = None
    try:
        id = _read_envelope(line).id
        return Request(_read_command(line), id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _failure(id, "bad_request", f"Not understood: {error}")


def _failure(id: object, code: str, text: str, suggestion: str = "", wait: int = 0) -> bytes:
    return encode(Failure(id, code, text, suggestion, wait)) + b"\n"  # type: ignore[arg-type]
