"""What may stand in a message, and how it is made safe to show."""

import re

IRC_FORMATTING = "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f"
"""Bold, colour, hex colour, reset, monospace, reverse, italic, strike, underline (modern.ircdocs.horse/formatting)."""

CTCP = "\x01"

_C1_AND_LINE_BREAKS = "\x7f-\x9f\u2028\u2029"
_NOT_STORED = re.compile(f"[\x00\x05-\x08\x0b\x0c\x0d\x0e\x10\x12-\x15\x17-\x1c{_C1_AND_LINE_BREAKS}\ud800-\udfff]")
_COLOUR_CODES = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?")
_CLIENT_TAG = re.compile(r"\+(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+")
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, overrides and isolates
    "\u2028\u2029\ufff9-\ufffb\U000e0000-\U000e007f]"  # line breaks, annotations, tag characters
)


def clean(text: str) -> str:
    """Text as it may be stored: one or more lines, nothing in it that a wire or a terminal could obey.

    Kept are TAB, line feeds, IRC formatting and CTCP's ``\\x01``; every other control character, and what
    Unicode calls a line or paragraph separator, becomes U+FFFD. Lone surrogates do too. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    return _NOT_STORED.sub("\ufffd", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """`clean` text for a place that has only one line, such as a topic or a reason."""
    return clean(text).replace("\n", " ").strip()


def is_client_tag(key: str) -> bool:
    """Whether client programs may send a tag of this name to each other (IRCv3 message-tags, "Format")."""
    return _CLIENT_TAG.fullmatch(key) is not None


def showable(text: str) -> str:
    """Text for a person's terminal: no escape, control, formatting or direction code is left. TAB becomes a space.

    Idempotent. Line feeds stay; who shows the text decides where its lines go.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSHOWABLE.sub("", _COLOUR_CODES.sub("", text)).replace("\t", " ")


def cut(text: str, size: int) -> list[str]:
    """The text in pieces of at most `size` bytes of UTF-8 each, cut behind a space, or at least behind a character."""
    raw = text.encode()
    pieces = []
    while len(raw) > size:
        end = raw.rfind(b" ", size // 2, size) + 1 or size
        while raw[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(raw[:end].decode())
        raw = raw[end:]
    pieces.append(raw.decode())
    return pieces
