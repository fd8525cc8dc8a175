"""PRIVMSG, NOTICE, TAGMSG, REDACT."""

from collections.abc import Iterable, Iterator

from tcpchat.model import commands, events, names, replies
from tcpchat.model.text import CTCP
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import accounts, chanserv, multiline, numerics
from tcpchat.wire.irc.capabilities import MESSAGE_REDACTION, MESSAGE_TAGS, STANDARD_REPLIES
from tcpchat.wire.irc.isupport import MOST_TARGETS
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.speech import (
    ACTION,
    MOST_KEY_CHARACTERS,
    VERBS,
    bad_key,
    client_tags,
    key_of,
    said,
    speech,
    split_status,
)
from tcpchat.wire.irc.topic import Context, Reader, Tables, listed, param
from tcpchat.wire.irc.writing import Form, line, word

_KINDS: dict[str, commands.Kind] = {verb: kind for kind, verb in VERBS.items() if kind != "action"}


def read_speech(context: Context, message: Message) -> Iterable[Request | bytes]:
    """PRIVMSG <target>{,<target>} :<text>"""
    if message.tags and "batch" in message.tags and (context.open_batch is not None or context.dead_batch):
        return multiline.read_line(context, message)
    match message.params:
        case (target, text, *_) if target and text:
            return _read_targets(context, message, text)
        case (target, *_) if target:
            return _unless_notice(message, context.numeric(numerics.ERR_NOTEXTTOSEND, last="No text to send"))
    return _unless_notice(message, _no_recipient(context, message))


def read_notice(context: Context, message: Message) -> Iterable[Request | bytes]:
    """NOTICE <target>{,<target>} :<text>"""
    return read_speech(context, message)


def _read_targets(context: Context, message: Message, text: str) -> Iterator[Request | bytes]:
    kind, key = _KINDS[message.command], key_of(context, message) if message.tags else ""
    if len(key) > MOST_KEY_CHARACTERS:
        yield bad_key(context, message.command)
        return
    for target in targets(message):
        if not context.fits(message.command, target, text):
            yield context.numeric(numerics.ERR_INPUTTOOLONG, last="The text does not fit into a line")
        elif service := SERVICES.get(names.fold(target)):
            if kind != "notice":
                yield from service(context, Message(target.upper(), (text,)))
        elif kind == "text" and text.startswith(ACTION):
            yield said(target, text[len(ACTION) :].removesuffix(CTCP), "action", message, key=key)
        else:
            yield said(target, text, kind, message, key=key)


def read_tagmsg(context: Context, message: Message) -> Iterator[Request | bytes]:
    """TAGMSG <target>{,<target>}"""
    tags = client_tags(message)
    if MESSAGE_TAGS not in context.capabilities:
        yield context.numeric(numerics.ERR_UNKNOWNCOMMAND, "TAGMSG", last="This needs the capability message-tags")
    elif not param(message, 0):
        yield _no_recipient(context, message)
    else:
        for target in targets(message):
            status, room = split_status(target)
            to = room if names.is_room(room) else target
            if names.fold(to) not in SERVICES:
                yield Request(commands.Tag(to=to, tags=tags or {}, status=status if to == room else ""), message)


def targets(message: Message) -> list[str]:
    """Whom a message is for: everybody once, and not too many."""
    if "," not in message.params[0]:
        return [message.params[0]]
    return list({names.fold(target): target for target in listed(message)}.values())[:MOST_TARGETS]


def write_stored(context: Context, request: Request, reply: replies.Stored) -> bytes:
    """301, if the one spoken to is away."""
    command = request.command
    if isinstance(command, commands.Tell) and reply.away and command.kind != "notice":
        return context.numeric(numerics.RPL_AWAY, reply.to, last=reply.away)
    return b""


def write_refused_notice(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """A notice is never answered, so that two programs do not answer each other for ever; but what is lost is told."""
    if refusal.code == "not_stored" and STANDARD_REPLIES in context.capabilities:
        return write_not_stored(context, message, refusal)
    return b""


def write_not_stored(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """FAIL; for clients that do not know it 404, which they show in the room, or 400."""
    verb, about = message.command, refusal.about
    if STANDARD_REPLIES in context.capabilities:
        return context.standard("FAIL", verb, "NOT_STORED", *about, last=refusal.text)
    if verb == "PRIVMSG" and any(map(names.is_room, about)):
        return context.numeric(numerics.ERR_CANNOTSENDTOCHAN, *map(word, about), last=refusal.text)
    return context.numeric(numerics.ERR_UNKNOWNERROR, verb, *map(word, about), last=refusal.text)


def write_said(event: events.Said, form: Form) -> bytes:
    """One line, or as many as the text needs: nothing is cut off."""
    return speech(event, f"{event.status}{event.room}", form)


def write_told(event: events.Told, form: Form) -> bytes:
    """The same; who talks to themselves hears it twice, as what they said, and as what they are told."""
    return form.to_both(event, speech(event, event.to, form))


def write_tagged(event: events.Tagged, form: Form) -> bytes:
    """:<source> TAGMSG <target>"""
    if MESSAGE_TAGS not in form.capabilities or event.redacted:
        return b""
    written = line(form.head(event, event.by, "TAGMSG"), f"{event.status}{event.room}" if event.room else event.to)
    return form.to_both(event, written)


def read_redact(context: Context, message: Message) -> Iterator[Request | bytes]:
    """REDACT <target> <msgid> [:<reason>]"""
    target, of = message.params[:2]
    yield Request(commands.Redact(target=target, of=of, reason=param(message, 2)), message)


def write_redacted(event: events.Redacted, form: Form) -> bytes:
    """:<source> REDACT <target> <msgid> [:<reason>]"""
    if MESSAGE_REDACTION not in form.capabilities:
        return b""
    head = form.head(event, event.by, "REDACT")
    target = f"{event.status}{event.room}" if event.room else event.to
    return line(head, target, event.of, last=event.reason or None)


def write_not_redacted(context: Context, message: Message, refusal: replies.Refused) -> bytes:
    """FAIL, with the target and, if there may be one, the id."""
    if refusal.code == "not_stored":
        return write_not_stored(context, message, refusal)
    code = _NOT_REDACTED.get(refusal.code, "INVALID_TARGET")
    about = message.params[: 1 if code == "INVALID_TARGET" else 2]
    return context.standard("FAIL", "REDACT", code, *about, last=refusal.text)


def _no_recipient(context: Context, message: Message) -> bytes:
    return context.numeric(numerics.ERR_NORECIPIENT, last=f"No recipient given ({word(message.command)})")


def _unless_notice(message: Message, answer: bytes) -> Iterable[bytes]:
    return () if message.command == "NOTICE" else (answer,)


_NOT_REDACTED = {
    "no_such_message": "UNKNOWN_MSGID",
    "not_yours": "REDACT_FORBIDDEN",
}

SERVICES: dict[str, Reader] = {
    accounts.NICKSERV_FOLDED: accounts.read_services,
    chanserv.CHANSERV_FOLDED: chanserv.read_services,
}
"""Who is nobody, and can be spoken to."""

TABLES = Tables(
    readers={"PRIVMSG": read_speech, "NOTICE": read_notice, "TAGMSG": read_tagmsg, "REDACT": read_redact},
    writers={
        events.Said: write_said,
        events.Told: write_told,
        events.Tagged: write_tagged,
        events.Redacted: write_redacted,
    },
    answers={("PRIVMSG", replies.Stored): write_stored},
    refusals={
        ("*", "no_text"): numerics.ERR_NOTEXTTOSEND,
        ("*", "cannot_speak"): numerics.ERR_CANNOTSENDTOCHAN,
        ("*", "too_soon"): numerics.ERR_CANNOTSENDTOCHAN,
        ("*", "need_account"): numerics.ERR_NEEDREGGEDNICK,
        ("PRIVMSG", "not_in_room"): numerics.ERR_CANNOTSENDTOCHAN,
        ("TAGMSG", "not_in_room"): numerics.ERR_CANNOTSENDTOCHAN,
    },
    refused={"NOTICE": write_refused_notice, "REDACT": write_not_redacted},
    needs={"REDACT": 2},
)
