"""How the clients of the load generator talk: each dialect of the server, as far as it is measured."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

_IN_LINE = re.compile(rb"\[\d\d:\d\d\] <([^>]+)> (.*)", re.DOTALL)


@dataclass(frozen=True)
class Language:
    """What is sent, what is waited for, and how what somebody said is read from a line."""

    name: str
    come: bytes
    """`%b` is the nick."""
    welcome: bytes
    join: bytes
    """`%b` is the room."""
    joined: bytes
    said: Callable[[bytes, bytes], tuple[bytes, bytes]]
    """Given a line and the room: who said it, and the IRC message with which they did."""
    end: bytes = b"\r\n"
    echoes: bool = False
    """Whether one hears what one says oneself."""


def message(room: bytes, text: bytes) -> bytes:
    """What is sent to say this."""
    return b"PRIVMSG %b :%b" % (room, text)


def _irc(line: bytes, room: bytes) -> tuple[bytes, bytes]:
    if line.startswith(b"@"):
        _, _, line = line.partition(b" ")
    source, _, said = line.partition(b" ")
    return source[1:].partition(b"!")[0], said


def _jsonl(line: bytes, room: bytes) -> tuple[bytes, bytes]:
    try:
        event = json.loads(line)
        return event["by"].encode(), message(event["room"].encode(), event["text"].encode())
    except (ValueError, KeyError):
        return b"", line


def _line(line: bytes, room: bytes) -> tuple[bytes, bytes]:
    found = _IN_LINE.fullmatch(line)
    return (found[1], message(room, found[2])) if found else (b"", line)


IRC = Language("irc", b"NICK %b\r\nUSER bench 0 * :bench\r\n", b" 376 c", b"JOIN %b\r\n", b" 366 c", _irc)
TAGS = Language(
    "tags",
    b"CAP REQ :message-tags server-time echo-message\r\nCAP END\r\n" + IRC.come,
    IRC.welcome,
    IRC.join,
    IRC.joined,
    _irc,
    echoes=True,
)
JSONL = Language(
    "jsonl",
    b'{"id":1,"do":"enter","nick":"%b"}\n',
    b'{"ok":1,',
    b'{"id":2,"do":"join","room":"%b"}\n',
    b'{"ok":2,',
    _jsonl,
    end=b"\n",
)
LINE = Language("line", b"%b\n", b"You are in #lobby", b"/join %b\n", b"You are in #bench", _line)

LANGUAGES = {language.name: language for language in (IRC, TAGS, JSONL, LINE)}
