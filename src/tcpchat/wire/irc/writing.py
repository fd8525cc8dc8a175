"""Lines of IRC as bytes: sources, tags, and the length of a line."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

from tcpchat.model.events import Event, Said, Tagged, Told
from tcpchat.model.text import cut
from tcpchat.wire.irc.capabilities import ACCOUNT_TAG, ECHO_MESSAGE, MESSAGE_TAGS, SERVER_TIME
from tcpchat.wire.irc.message import MOST_LINE_BYTES, write_tag

WORDS_BYTES_A_LINE = 380
"""How much of a line may be names; the rest is for what stands before them."""

MOST_WORD_BYTES = 150
"""Of what somebody wrote, when it is given back in an answer: no valid name is longer, and two leave room for words."""

_WITH_TAGS = (Said, Told, Tagged)
_CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)
_LINE_BREAKERS = re.compile("[\r\n\0]")


class Form:
    """How a client wants lines: its capabilities, and which tags they bring."""

    def __init__(self, server: str, capabilities: frozenset[str], batch: str = "") -> None:
        """`batch`: the reference of the batch in which the lines stand."""
        self.server = server
        self.capabilities = capabilities
        self._time = SERVER_TIME in capabilities
        self._tags = MESSAGE_TAGS in capabilities
        self._account = ACCOUNT_TAG in capabilities
        self._echo = ECHO_MESSAGE in capabilities
        self._batch = f"batch={batch}" if batch else ""

    def within(self, batch: str) -> "Form":
        """The same for lines in a batch."""
        return Form(self.server, self.capabilities, batch)

    def tags(self, event: Event, *, first: bool = True) -> str:
        """The tags with their space, or nothing. An id stands on the first line of an event only: it is unique."""
        tags = self._batch
        if self._time and event.time:
            tags += f";time={clock(event.time)}"
        if self._account and event.account:
            tags += f";{write_tag('account', event.account)}"
        if self._tags:
            if event.id and first:
                tags += f";msgid={event.id}"
            if event.bot:
                tags += ";bot"
            client_tags = event.tags if isinstance(event, _WITH_TAGS) else None
            if client_tags:
                tags += "".join(f";{write_tag(key, value)}" for key, value in client_tags.items())
        return f"@{tags.removeprefix(';')} " if tags else ""

    def doubled(self, event: Event) -> bool:
        """Whether it is heard twice: who talks to themselves is told what they said, and what was said to them."""
        return self._echo and isinstance(event, Told | Tagged) and event.by == event.to

    def to_both(self, event: Event, written: bytes) -> bytes:
        """What was said to one person, as often as it is heard."""
        return written * 2 if self.doubled(event) else written

    @property
    def server_head(self) -> str:
        """What stands before a line of the server's own."""
        return f"@{self._batch} :{self.server}" if self._batch else f":{self.server}"

    def head(self, event: Event, by: str, verb: str, *, first: bool = True) -> str:
        """What stands before the parameters: tags, who did it, and what."""
        return f"{self.tags(event, first=first)}:{source(by, event.origin)} {verb}"


def source(nick: str, origin: str) -> str:
    """``nick!user@host``, or the nick alone."""
    return f"{nick}!{origin}" if origin else nick


def line(*words: str, last: str | None = None) -> bytes:
    """One line with its end. `last` may be empty or have spaces. No line break gets into it.

    What is too long for a line, besides its tags, is cut between two characters.
    """
    text = " ".join(words) if last is None else f"{' '.join(words)} :{last}"
    raw = unbroken(text)
    if len(raw) > MOST_LINE_BYTES - 2:
        tags, space, rest = text.partition(" ") if text.startswith("@") else ("", "", text)
        raw = unbroken(tags + space + cut(rest, MOST_LINE_BYTES - 2)[0])
    return raw + b"\r\n"


def unbroken(text: str) -> bytes:
    """The text as a part of a line, without any line break."""
    return _LINE_BREAKERS.sub(" ", text).encode("utf-8", "replace")


def room_in_line(head: str, tail: str = "") -> int:
    """How many bytes of text fit into a line that starts with `head`."""
    return MOST_LINE_BYTES - 2 - len(head.encode("utf-8", "replace")) - len(tail.encode())


def with_tags(written: bytes, tags: str) -> bytes:
    """A line with these tags before its own, if it has any."""
    if written.startswith(b"@"):
        return b"@" + tags.encode() + b";" + written[1:]
    return b"@" + tags.encode() + b" " + written


def packed(words: Iterable[str], most: int = WORDS_BYTES_A_LINE, between: str = " ") -> Iterator[str]:
    """The words, none of which has the sign `between` in it, as many to a line as fit."""
    text, mark = between.join(words).encode("utf-8", "replace"), between.encode()
    start = 0
    while len(text) - start > most:
        end = text.rfind(mark, start, start + most + 1)
        if end < 0:  # one word alone is longer
            end = text.find(mark, start)
        if end < 0:
            break
        yield text[start:end].decode()
        start = end + 1
    if start < len(text):
        yield text[start:].decode()


def word(text: str) -> str:
    """What somebody wrote, as a parameter that others may follow."""
    kept = "".join(character for character in text[:MOST_WORD_BYTES] if character.isprintable() and character != " ")
    return cut(kept.lstrip(":"), MOST_WORD_BYTES)[0] or "*"


def clock(milliseconds: int) -> str:
    """The form of the server-time tag: ``2026-11-22T18:20:00.123Z``."""
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03}Z"


def read_clock(written: str) -> int:
    """Milliseconds since 1970 of a time in that form.

    :raises ValueError: if it is none.
    """
    if not _CLOCK.fullmatch(written):
        raise ValueError(written)
    whole, _, fraction = written[:-1].partition(".")
    seconds = datetime.fromisoformat(whole).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (seconds.days * 86_400 + seconds.seconds) * 1_000 + int(fraction[:3].ljust(3, "0"))


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
