"""BATCH: messages of several lines, as clients send them (ircv3.net/specs/extensions/multiline)."""

from collections.abc import Iterator

from tcpchat.model import commands, names
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc.capabilities import LABELED_RESPONSE, MULTILINE
from tcpchat.wire.irc.message import Message, write_tag
from tcpchat.wire.irc.speech import CONCAT, KIND, MOST_KEY_CHARACTERS, bad_key, key_of, said
from tcpchat.wire.irc.topic import Context, Tables, param
from tcpchat.wire.irc.writing import with_tags


class OpenBatch:
    """A message of which the lines are still coming."""

    def __init__(self, opening: Message, reference: str, target: str, label: str) -> None:
        self.opening = opening
        self.reference = reference
        self.target = target
        self.label = label
        self.verb = ""
        self.text = ""
        self.lines = 0
        self.seams: list[int] = []

    def add(self, verb: str, text: str, *, concat: bool) -> None:
        """Another line, or more of the one before."""
        self.verb = verb
        if concat and self.lines:
            self.seams += [len(self.text)] if self.text else []
        elif self.lines:
            self.text += "\n"
        self.text += text
        self.lines += 1


def label_of(context: Context, message: Message) -> str:
    """The label under which a line is answered: a batch is answered when it ends, under the label it began with."""
    label = message.tags.get("label", "")
    batch, reference = context.open_batch, param(message, 0)
    if batch is not None and message.command == "BATCH" and reference == f"-{batch.reference}":
        return batch.label
    begins = message.command == "BATCH" and reference.startswith("+") and param(message, 1) == KIND
    return "" if begins and batch is None and MULTILINE in context.capabilities else label


def is_keyed(context: Context, message: Message) -> bool:
    """Whether a line says something, or ends a batch that does, under a key."""
    batch = context.open_batch
    if batch is not None and message.command == "BATCH" and param(message, 0) == f"-{batch.reference}":
        message = batch.opening
    return key_of(context, message) != ""


def read_batch(context: Context, message: Message) -> Iterator[Request | bytes]:
    """BATCH +<reference> draft/multiline <target> | BATCH -<reference>"""
    sign, reference = message.params[0][:1], message.params[0][1:]
    if sign == "+":
        yield from _begin(context, message, reference)
    elif context.open_batch is not None and reference == context.open_batch.reference:
        yield from _end(context)
    elif context.dead_batch and reference == context.dead_batch:
        context.dead_batch = ""
    else:
        yield context.standard("FAIL", "BATCH", "MULTILINE_INVALID", last="There is no such batch")


def _begin(context: Context, message: Message, reference: str) -> Iterator[Request | bytes]:
    if context.open_batch is not None:
        yield _failed(context, message, "MULTILINE_INVALID", last="One batch at a time")
    elif MULTILINE not in context.capabilities or param(message, 1) != KIND or not reference or not param(message, 2):
        yield context.standard("FAIL", "BATCH", "MULTILINE_INVALID", last="Only draft/multiline batches are taken")
    else:
        label = message.tags.get("label", "") if LABELED_RESPONSE in context.capabilities else ""
        context.open_batch = OpenBatch(message, reference, message.params[2], label)
        context.dead_batch = ""


def interrupted(context: Context, message: Message) -> bytes:
    """Once a batch is open, all lines are part of it, but for signs of life; if one is not, that is what is said."""
    batch = context.open_batch
    if batch is None or message.command in {"BATCH", "PING", "PONG", "QUIT"}:
        return b""
    if message.command in {"PRIVMSG", "NOTICE"} and "batch" in message.tags:
        return b""
    return _failed(context, message, "MULTILINE_INVALID", last="That line is not part of the batch that is open")


def abandon(context: Context) -> None:
    """A line was refused, so that the batch it may be part of is not whole."""
    if context.open_batch is not None:
        context.dead_batch, context.open_batch = context.open_batch.reference, None


def read_line(context: Context, message: Message) -> Iterator[Request | bytes]:
    """A PRIVMSG or NOTICE within a batch."""
    batch, reference, limits = context.open_batch, message.tags["batch"], context.config.limits
    if batch is None or reference != batch.reference:
        if reference != context.dead_batch:
            yield _failed(context, message, "MULTILINE_INVALID", last="That is another batch")
        return
    text, concat = param(message, 1), CONCAT in message.tags
    if names.fold(param(message, 0)) != names.fold(batch.target):
        about = (batch.target, param(message, 0) or "*")
        yield _failed(context, message, "MULTILINE_INVALID_TARGET", *about, last="The batch is for somebody else")
    elif (batch.verb and batch.verb != message.command) or (concat and not text):
        yield _failed(context, message, "MULTILINE_INVALID", last="These lines are not one message")
    elif batch.lines >= limits.multiline_lines:
        yield _failed(context, message, "MULTILINE_MAX_LINES", str(limits.multiline_lines), last="Too many lines")
    else:
        batch.add(message.command, text, concat=concat)
        if len(batch.text.encode()) > limits.text_bytes:
            yield _failed(context, message, "MULTILINE_MAX_BYTES", str(limits.text_bytes), last="Too much text")


def _end(context: Context) -> Iterator[Request | bytes]:
    batch, context.open_batch = context.open_batch, None
    assert batch is not None
    if not batch.text.strip("\n"):
        yield context.standard("FAIL", "BATCH", "MULTILINE_INVALID", last="There is nothing in this message")
        return
    message = Message(batch.verb, (batch.target, batch.text), "", batch.opening.tags)
    kind: commands.Kind = "notice" if batch.verb == "NOTICE" else "text"
    key = key_of(context, message)
    if len(key) > MOST_KEY_CHARACTERS:
        yield bad_key(context, "BATCH")
    else:
        yield said(batch.target, batch.text, kind, message, key=key, seams=tuple(batch.seams))


def _failed(context: Context, message: Message, code: str, *about: str, last: str) -> bytes:
    """The batch is over, and nothing of it is passed on. The label is that of the line, or else that of the batch."""
    batch, context.open_batch = context.open_batch, None
    context.dead_batch = batch.reference if batch is not None else context.dead_batch
    failure = context.standard("FAIL", "BATCH", code, *about, last=last)
    if batch is None or not batch.label or "label" in message.tags:
        return failure
    return with_tags(failure, write_tag("label", batch.label))


TABLES = Tables(
    readers={"BATCH": read_batch},
    needs={"BATCH": 1},
)
