"""How the clients of the load generator talk: each dialect of the server, as far as it is measured."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

_IN_LINE = re.compile(rb"\[\d\d:\d\d\] <([^>]+)> (.*)", re.DOTALL)
_IN_TAGS = re.compile(rb"@time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z;msgid=[^ ;]+ (:.*)", re.DOTALL)


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
    ask: bytes
    answered: bytes
    """Comes after all that was to be told before it was asked for."""
    said: Callable[[bytes, bytes], tuple[bytes, bytes]]
    """Given a line and the room: who said it, and the IRC message with which they did."""
    end: bytes = b"\r\n"
    echoes: bool = False
    """Whether one hears what one says oneself."""


def message(room: bytes, text: bytes) -> bytes:
    """What is sent to say this."""
    return b"PRIVMSG %b :%b" % (room, text)


def _irc(line: bytes, room: bytes) -> tuple[bytes, bytes]:
    source, _, said = line.partition(b" ")
    return source[1:].partition(b"!")[0], said


def _tags(line: bytes, room: bytes) -> tuple[bytes, bytes]:
    found = _IN_TAGS.fullmatch(line)
    return _irc(found[1], room) if found else (b"", line)


def _jsonl(line: bytes, room: bytes) -> tuple[bytes, bytes]:
    try:
        event = json.loads(line)
        if event["event"] != "said":
            return b"", line
        return event["by"].encode(), message(event["room"].encode(), event["text"].encode())
    except (ValueError, KeyError):
        return b"", line


def _line(line: bytes, room: bytes) -> tuple[bytes, bytes]:
    found = _IN_LINE.fullmatch(line)
    return (found[1], message(room, found[2])) if found else (b"", line)


IRC = Language(
    "irc",
    come=b"NICK %b\r\nUSER bench 0 * :bench\r\n",
    welcome=b" 376 c",
    join=b"JOIN %b\r\n",
    joined=b" 366 c",
    ask=b"PING all\r\n",
    answered=b" PONG ",
    said=_irc,
)
TAGS = replace(
    IRC,
    name="tags",
    come=b"CAP REQ :message-tags server-time echo-message\r\nCAP END\r\n" + IRC.come,
    said=_tags,
    echoes=True,
)
JSONL = Language(
    "jsonl",
    come=b'{"id":1,"do":"enter","nick":"%b"}\n',
    welcome=b'{"ok":1,',
    join=b'{"id":2,"do":"join","room":"%b"}\n',
    joined=b'{"ok":2,',
    ask=b'{"id":3,"do":"ping","token":"all"}\n',
    answered=b'{"ok":3,',
    said=_jsonl,
    end=b"\n",
)
LINE = Language(
    "line",
    come=b"%b\n",
    welcome=b"You are in #lobby",
    join=b"/join %b\n",
    joined=b"You are in #bench",
    ask=b"/all\n",
    answered=b"There is no /all.",
    said=_line,
)

LANGUAGES = {language.name: language for language in (IRC, TAGS, JSONL, LINE)}
