"""Labels: what one line brought about, told in one labelled piece (ircv3.net/specs/extensions/labeled-response)."""

from collections.abc import Callable

from tcpchat.model.events import Event
from tcpchat.wire.dialect import Encoding
from tcpchat.wire.irc.capabilities import BATCH
from tcpchat.wire.irc.message import write_tag
from tcpchat.wire.irc.writing import Form, line, with_tags


class Response:
    """Collects the answers to a line, and the events that are its sender's own doing, while it is carried out.

    For so long it is the encoding of that client: what others do is told as always.
    """

    def __init__(self, label: str, form: Form, me: str, plain: Encoding, next_batch: Callable[[], str]) -> None:
        self.own = plain.own
        self._label = write_tag("label", label)
        self._form = form
        self._me = me
        self._plain = plain
        self._next_batch = next_batch
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

    def told(self, event: Event) -> bool:
        """Whether an event is part of the answer."""
        return any(event is one for one in self._events)

    def finished(self) -> bytes:
        """The answer: the label is on exactly one line of it."""
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
