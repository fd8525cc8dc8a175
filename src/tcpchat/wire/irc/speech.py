"""What is said: to whom it is meant, and the lines in which it is told."""

from collections import deque
from functools import lru_cache
from itertools import pairwise

from tcpchat.model import commands, events, names
from tcpchat.model.text import CTCP, cut, is_client_tag
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc.capabilities import BATCH, KEY, MULTILINE
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context
from tcpchat.wire.irc.writing import Form, line, room_in_line, source, unbroken

ACTION = f"{CTCP}ACTION "
STATUSES = "@+"
MOST_KEY_CHARACTERS = 64

KIND = "draft/multiline"
CONCAT = "draft/multiline-concat"

VERBS: dict[commands.Kind, str] = {"text": "PRIVMSG", "notice": "NOTICE", "action": "PRIVMSG"}
_AROUND: dict[commands.Kind, tuple[str, str]] = {"text": ("", ""), "notice": ("", ""), "action": (ACTION, CTCP)}


def said(
    target: str, text: str, kind: commands.Kind, message: Message, *, key: str = "", seams: tuple[int, ...] = ()
) -> Request:
    """What is said to a room, to those in it who have a status, or to one person."""
    status, room = split_status(target)
    tags = client_tags(message) if message.tags else None
    if names.is_room(room):
        say = commands.Say(room=room, text=text, kind=kind, key=key, status=status, tags=tags, seams=seams)
        return Request(say, message)
    return Request(commands.Tell(to=target, text=text, kind=kind, key=key, tags=tags, seams=seams), message)


def key_of(context: Context, message: Message) -> str:
    """The key under which a message is said; empty if it has none."""
    return message.tags.get(KEY, "") if message.tags and KEY in context.capabilities else ""


def bad_key(context: Context, verb: str) -> bytes:
    """What is answered if a key is longer than `MOST_KEY_CHARACTERS`."""
    text = f"A key has {MOST_KEY_CHARACTERS} characters at most"
    return context.standard("FAIL", verb, "INVALID_KEY", last=text)


@lru_cache(maxsize=4_096)
def split_status(target: str) -> tuple[str, str]:
    """``@#room`` as its status and the room; of several the lowest counts, which includes the others."""
    if target[:1] not in STATUSES:
        return "", target
    room = target.lstrip(STATUSES)
    if not names.is_room(room):
        return "", target
    return ("+" if "+" in target[: -len(room)] else "@"), room


def client_tags(message: Message) -> commands.Tags | None:
    """The tags that are passed on, if there are any; the server's own are none of a client's business."""
    return {key: value for key, value in message.tags.items() if is_client_tag(key)} or None


def speech(event: events.Said | events.Told, target: str, form: Form) -> bytes:
    """A line; of a long text a batch, or else several lines, of which none is blank."""
    if event.redacted:
        return b""
    head, most = _head(event.by, event.origin, event.kind, target)
    if len(event.text) * 4 <= most:
        written = f"{form.tags(event)}{head}{event.text}"
        if written.isprintable():  # as nearly everything that is said
            return written.encode() + b"\r\n"
    return _long_speech(event, target, form)


@lru_cache(maxsize=4_096)
def _head(by: str, origin: str, kind: commands.Kind, target: str) -> tuple[str, int]:
    """What stands before a text, and how many bytes of text fit behind it. No line break gets into it."""
    start, end = _AROUND[kind]
    head = unbroken(f":{source(by, origin)} {VERBS[kind]} {target} :{start}").decode()
    return head, room_in_line(head, end)


def _long_speech(event: events.Said | events.Told, target: str, form: Form) -> bytes:
    start, end = _AROUND[event.kind]
    bare = f":{source(event.by, event.origin)} {VERBS[event.kind]} {target}"
    pieces = _pieces(event.text, event.seams, room_in_line(f"{bare} :{start}", end))
    if len(pieces) > 1 and not start and {BATCH, MULTILINE} <= form.capabilities:
        return _batch(event, target, bare, pieces, form)
    shown = [piece for piece, _ in pieces if piece] or [""]
    return b"".join(
        line(f"{form.tags(event, first=not index)}{bare}", last=f"{start}{piece}{end}")
        for index, piece in enumerate(shown)
    )


def _batch(
    event: events.Said | events.Told, target: str, bare: str, pieces: list[tuple[str, bool]], form: Form
) -> bytes:
    reference = f"m{event.id.replace('-', '')}" if event.id else "m"
    head = form.head(event, event.by, "BATCH")
    within = [line(f"@batch={reference}{f';{CONCAT}' if more else ''} {bare}", last=piece) for piece, more in pieces]
    return b"".join(
        [line(head, f"+{reference}", KIND, target), *within, line(form.server_head, "BATCH", f"-{reference}")]
    )


def _pieces(text: str, seams: tuple[int, ...], most: int) -> list[tuple[str, bool]]:
    """The text in pieces that fit into lines, each with whether it goes on with the line of the one before."""
    pieces: list[tuple[str, bool]] = []
    places = deque(sorted(seams))
    start = 0
    for own_line in text.split("\n"):
        end = start + len(own_line)
        bounds = [start]
        while places and places[0] < end:
            place = places.popleft()
            if place > bounds[-1]:
                bounds.append(place)
        bounds.append(end)
        parts = [piece for low, high in pairwise(bounds) for piece in cut(text[low:high], most)]
        pieces += [(part, bool(index)) for index, part in enumerate(parts)]
        start = end + 1
    return pieces
