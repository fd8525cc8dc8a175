"""One line of IRC, taken apart and put together (modern.ircdocs.horse, "Message Format")."""

import re
from collections.abc import Mapping

import msgspec

MOST_TAG_BYTES = 8_191
"""Tags a client may be sent, with ``@`` and the space (IRCv3 message-tags, "Size limit")."""

MOST_CLIENT_TAG_BYTES = 4_094
"""Tags a client may send, without ``@`` and the space."""

MOST_LINE_BYTES = 512
"""A line without its tags, with its CR LF."""

_ESCAPED = {";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n"}
_ESCAPE = str.maketrans(_ESCAPED)
_UNESCAPED = {written[1]: character for character, written in _ESCAPED.items()}
_ESCAPE_SEQUENCE = re.compile(r"\\(.?)", re.DOTALL)


class Message(msgspec.Struct, frozen=True, gc=False):
    """A line: tags with their values as they are meant, who it is from, what, and the parameters."""

    command: str
    params: tuple[str, ...] = ()
    source: str = ""
    tags: Mapping[str, str] = {}


def parse(line: str) -> Message | None:
    """Take a line apart that has no line end. None if there is no command in it.

    Of a tag that comes twice the last value counts; a missing value is an empty one.
    """
    tags: dict[str, str] = {}
    source = ""
    if line.startswith("@"):
        written, _, line = line[1:].partition(" ")
        tags = parse_tags(written)
        line = line.lstrip(" ")
    if line.startswith(":"):
        source, _, line = line[1:].partition(" ")
    head, colon, trailing = line.partition(" :")
    words = head.split(" ")
    if "" in words:
        words = [word for word in words if word]
    if not words:
        return None
    if colon:
        words.append(trailing)
    return Message(words[0].upper(), tuple(words[1:]), source, tags)


def serialise(message: Message) -> str:
    """Put a line together, without its line end. Only the last parameter may be empty or have spaces."""
    words = [f"@{';'.join(map(_write_tag, message.tags.items()))}"] if message.tags else []
    if message.source:
        words.append(f":{message.source}")
    words.append(message.command)
    if message.params:
        *middle, last = message.params
        words += middle
        words.append(f":{last}" if not last or last.startswith(":") or " " in last else last)
    return " ".join(words)


def is_too_long(raw: bytes) -> bool:
    """Whether a client's line, without its end, has more tags, or more besides them, than it may have."""
    if not raw.startswith(b"@"):
        return len(raw) > MOST_LINE_BYTES - 2
    tags = raw.find(b" ") + 1 or len(raw)
    return tags > MOST_CLIENT_TAG_BYTES + 2 or len(raw) - tags > MOST_LINE_BYTES - 2


def write_tag(key: str, value: str) -> str:
    """A tag as it stands in a line, its value escaped."""
    return f"{key}={value.translate(_ESCAPE)}" if value else key


def _write_tag(tag: tuple[str, str]) -> str:
    return write_tag(*tag)


def parse_tags(written: str) -> dict[str, str]:
    """Tags as they stand in a line, without the ``@``: their values as they are meant."""
    tags: dict[str, str] = {}
    for tag in written.split(";"):
        key, _, value = tag.partition("=")
        if key:
            tags[key] = _ESCAPE_SEQUENCE.sub(_unescape, value)
    return tags


def _unescape(sequence: re.Match[str]) -> str:
    character = sequence[1]
    return _UNESCAPED.get(character, character)
