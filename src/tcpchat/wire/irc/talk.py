"""PRIVMSG and NOTICE, the history that is shown on joining."""

from collections.abc import Iterator

from tcpchat.model import commands, events, names, replies
from tcpchat.model.text import CTCP
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.capabilities import BATCH
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, Tables
from tcpchat.wire.irc.writing import Tags, line, pieces, source

_ACTION = f"{CTCP}ACTION "


def read_privmsg(context: Context, message: Message) -> Iterator[Request | bytes]:
    """PRIVMSG <target>{,<target>} :<text>"""
    yield from _read_speech(context, message, "text")


def read_notice(context: Context, message: Message) -> Iterator[Request | bytes]:
    """NOTICE <target>{,<target>} :<text>"""
    yield from _read_speech(context, message, "notice")


def read_tagmsg(context: Context, message: Message) -> Iterator[Request | bytes]:
    """TAGMSG <target>: all client-only tags are denied (CLIENTTAGDENY=*), so nothing is left to pass on."""
    yield from ()


def write_stored(context: Context, request: Request, reply: replies.Stored) -> bytes:
    """301, if the one spoken to is away."""
    if isinstance(request.command, commands.Tell) and reply.away:
        return context.numeric(numerics.RPL_AWAY, request.command.to, last=reply.away)
    return b""


def _read_speech(context: Context, message: Message, kind: commands.Kind) -> Iterator[Request | bytes]:
    if not message.params:
        yield context.numeric(numerics.ERR_NORECIPIENT, last=f"No recipient given ({message.command})")
        return
    if len(message.params) < 2 or not message.params[1]:
        yield context.numeric(numerics.ERR_NOTEXTTOSEND, last="No text to send")
        return
    text = message.params[1]
    if kind == "text" and text.startswith(_ACTION):
        text, kind = text[len(_ACTION) :].removesuffix(CTCP), "action"
    for target in message.params[0].split(","):
        if names.is_room(target):
            yield Request(commands.Say(room=target, text=text, kind=kind), message)
        elif target:
            yield Request(commands.Tell(to=target, text=text, kind=kind), message)


def write_said(event: events.Said, tags: Tags) -> bytes:
    """One line, or as many as the text needs: nothing is cut off."""
    return _speech(event, event.room, tags)


def write_told(event: events.Told, tags: Tags) -> bytes:
    """One line, or as many as the text needs."""
    return _speech(event, event.to, tags)


def _speech(event: events.Said | events.Told, target: str, tags: Tags) -> bytes:
    verb = "NOTICE" if event.kind == "notice" else "PRIVMSG"
    start, end = (_ACTION, CTCP) if event.kind == "action" else ("", "")
    head = f":{source(event.by, event.origin)} {verb} {target}"
    written = [
        line(f"{tags.of(event, first=not index)}{head}", last=f"{start}{piece}{end}")
        for index, piece in enumerate(pieces(f"{head} :{start}", event.text, end))
    ]
    return b"".join(written)


def write_page(context: Context, request: Request, reply: replies.Page) -> bytes:
    """Only what was said (there is no event-playback yet): as a chathistory batch, or between two marks.

    See ircv3.net/specs/batches/chathistory.
    """
    said = [event for event in reply.events if isinstance(event, events.Said)]
    if not said:
        return b""
    if BATCH not in context.capabilities:
        marks = [line(f":{context.server}", "NOTICE", reply.room, last=mark) for mark in ("Said here before:", "Now:")]
        return marks[0] + b"".join(write_said(event, Tags(context.capabilities)) for event in said) + marks[1]
    reference = context.next_batch()
    tags = Tags(context.capabilities, reference)
    opening = line(f":{context.server}", "BATCH", f"+{reference}", "chathistory", reply.room)
    closing = line(f":{context.server}", "BATCH", f"-{reference}")
    return b"".join([opening, *(write_said(event, tags) for event in said), closing])


TABLES = Tables(
    readers={"PRIVMSG": read_privmsg, "NOTICE": read_notice, "TAGMSG": read_tagmsg},
    writers={events.Said: write_said, events.Told: write_told},
    answers={("JOIN", replies.Page): write_page, ("PRIVMSG", replies.Stored): write_stored},
)
