"""Labels: what one line brought about, told in one labelled piece (ircv3.net/specs/extensions/labeled-response)."""

from typing import Any

from tcpchat.model.commands import Say, Tell
from tcpchat.model.events import Event, Said, Told
from tcpchat.model.replies import Stored
from tcpchat.model.text import clean
from tcpchat.wire.dialect import Encoding
from tcpchat.wire.irc.capabilities import BATCH
from tcpchat.wire.irc.message import write_tag
from tcpchat.wire.irc.topic import Context
from tcpchat.wire.irc.writing import line, with_tags


class Response:
    """Collects the answers to a line, and the events that are its sender's own doing, while it is carried out.

    For so long it is the encoding of that client: what others do is told as always.
    """

    def __init__(self, label: str, context: Context, plain: Encoding) -> None:
        """`label`: empty if only the echo of what is said is waited for."""
        self.own = plain.own
        self._label = write_tag("label", label) if label else ""
        self._form = context.form
        self._me = context.me
        self._origin, self._account = context.origin, context.account
        self._plain = plain
        self._next_batch = context.next_batch
        self._written: list[bytes] = []
        self._events: list[Event] = []

    def add(self, answer: bytes) -> None:
        """Part of the answer."""
        self._written.append(answer)

    def write(self, event: Event) -> bytes:
        """An event, if it is not part of the answer; else nothing."""
        written = self._plain.write(event)
        if getattr(event, "by", "") != self._me or type(event) not in self.own:
            return written
        self._events.append(event)
        if self._form.doubled(event):
            written = written[: len(written) // 2]  # of the two copies one is the answer
            self._written.append(written)
            return written
        self._written.append(written)
        return b""

    def stored(self, command: Say | Tell, reply: Stored) -> None:
        """Something is said that was said before, under the same key: no event tells of it again, so this echoes it."""
        if any(event.id == reply.id for event in self._events):
            return
        echo = _echo(command, reply, by=self._me, origin=self._origin, account=self._account)
        if type(echo) in self.own:
            written = self._plain.write(echo)
            self._written.append(written[: len(written) // 2] if self._form.doubled(echo) else written)

    def told(self, event: Event) -> bool:
        """Whether an event is part of the answer."""
        return any(event is one for one in self._events)

    def finished(self) -> bytes:
        """The answer: the label is on exactly one line of it."""
        if not self._label:
            return b"".join(self._written)
        lines = b"".join(self._written).splitlines(keepends=True)
        server = f":{self._form.server}"
        if not lines:
            return with_tags(line(server, "ACK"), self._label)
        if len(lines) == 1 or BATCH not in self._form.capabilities or _is_one_batch(lines):
            return with_tags(lines[0], self._label) + b"".join(lines[1:])
        reference = self._next_batch()
        opening = with_tags(line(server, "BATCH", f"+{reference}", "labeled-response"), self._label)
        within = [one if _is_in_batch(one) else with_tags(one, f"batch={reference}") for one in lines]
        return b"".join([opening, *within, line(server, "BATCH", f"-{reference}")])


def _echo(command: Say | Tell, reply: Stored, **who: str) -> Said | Told:
    """What was said, as its speaker heard it when it was said first."""
    words: dict[str, Any] = {"text": clean(command.text), "kind": command.kind, "tags": command.tags, **who}
    words |= {"seams": command.seams, "number": reply.number, "id": reply.id, "time": reply.time}
    if isinstance(command, Say):
        return Said(room=command.room, status=command.status, **words)
    return Told(to=reply.to, **words)


def _is_one_batch(lines: list[bytes]) -> bool:
    """Whether the lines are a batch already, from its opening to its end."""
    first, last = _untagged(lines[0]), _untagged(lines[-1])
    reference = first[2][1:] if len(first) > 2 and first[1] == b"BATCH" and first[2].startswith(b"+") else b""
    return bool(reference) and last[1:3] == [b"BATCH", b"-" + reference]


def _untagged(written: bytes) -> list[bytes]:
    words = written.split()
    return words[1:] if written.startswith(b"@") else words


def _is_in_batch(written: bytes) -> bool:
    tags = written[1:].split(b" ", 1)[0] if written.startswith(b"@") else b""
    return any(tag.startswith(b"batch=") for tag in tags.split(b";"))
