"""What may stand in a message, and how it is made safe to show."""

import re
import unicodedata
from functools import cache

IRC_FORMATTING = "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f"
"""Bold, colour, hex colour, reset, monospace, reverse, italic, strike, underline (modern.ircdocs.horse/formatting)."""

CTCP = "\x01"

_C1_AND_LINE_BREAKS = "\x7f-\x9f\u2028\u2029"
_NOT_STORED = re.compile(f"[\x00\x05-\x08\x0b\x0c\x0d\x0e\x10\x12-\x15\x17-\x1c{_C1_AND_LINE_BREAKS}\ud800-\udfff]")
_COLOUR_CODES = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?")
_NOT_IN_TAGS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CLIENT_TAG = re.compile(r"\+(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+")
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, overrides and isolates
    "\u2028\u2029\ufff9-\ufffb\U000e0000-\U000e007f"  # line breaks, annotations, tag characters
    "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\u115f\u1160\u3164\uffa0]"  # what nobody sees, and fillers
)
_OVERRIDES = re.compile("[\u202d\u202e]")
_DIRECTION = re.compile("[\u202a-\u202c\u2066-\u2069]")
_CLOSES = {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069"}
"""What ends each embedding and isolate (UAX 9, section 2)."""

_TAG = re.compile("[\U000e0000-\U000e007f]")
_TAGS = re.compile("(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f)|[\U000e0000-\U000e007f]")
"""Tag characters: in the flags of a few regions they have a meaning (UTS 51), elsewhere they only hide something."""

_RARE = re.compile("[\U000101fd-\U0001efff\U000e0100-\U000e01ef]")
"""Where marks beyond U+FFFF are, and hardly anything else that people write."""

MOST_MARKS = 8
"""So many combining marks and joiners in a row are kept: more of them pile up over the lines of others."""


def clean(text: str) -> str:
    """Text as it may be stored: one or more lines, nothing in it that a wire or a terminal could obey.

    Kept are TAB, line feeds, IRC formatting and CTCP's ``\\x01``; every other control character, and what
    Unicode calls a line or paragraph separator, becomes U+FFFD. Lone surrogates do too. Of what Unicode has for
    directions, overrides go, and in lines that do not close what they open, or the other way round, embeddings and
    isolates too; tag characters go, but for those of flags; marks that pile up too high go. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _NOT_STORED.sub("\ufffd", text.replace("\r\n", "\n"))
    return text if text.isascii() else _calm(text)


def one_line(text: str) -> str:
    """`clean` text for a place that has only one line, such as a topic or a reason."""
    return clean(text).replace("\n", " ").strip()


def is_client_tag(key: str) -> bool:
    """Whether client programs may send a tag of this name to each other (IRCv3 message-tags, "Format")."""
    return _CLIENT_TAG.fullmatch(key) is not None


def is_tag_value(value: str) -> bool:
    """Whether client programs may send this in a tag: it breaks lines at most, which is written with `\\n` there."""
    return (value.isascii() and value.isprintable()) or _NOT_IN_TAGS.search(value) is None


def showable(text: str) -> str:
    """Text for a person's terminal: no escape, control, formatting or direction code is left. TAB becomes a space.

    Idempotent. Line feeds stay; who shows the text decides where its lines go.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _UNSHOWABLE.sub("", _COLOUR_CODES.sub("", text)).replace("\t", " ")
    return text if text.isascii() else _lowered(text)


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


def _calm(text: str) -> str:
    """Text that stays in its own place on the screens of others, whatever their programs make of Unicode."""
    text = _OVERRIDES.sub("", text)
    if _DIRECTION.search(text):
        text = "\n".join([line if _is_closed(line) else _DIRECTION.sub("", line) for line in text.split("\n")])
    if _TAG.search(text):
        text = _TAGS.sub(lambda found: found[1] or "", text)
    return _lowered(text)


def _is_closed(line: str) -> bool:
    """Whether a line closes every embedding and isolate that it opens, and no other."""
    wanted: list[str] = []
    for one in _DIRECTION.findall(line):
        if one in _CLOSES:
            wanted.append(_CLOSES[one])
        elif not wanted or wanted.pop() != one:
            return False
    return not wanted


def _lowered(text: str) -> str:
    """The text with no more marks in a row than are kept."""
    stacks = _stacks(_RARE.search(text) is not None)
    return stacks.sub(lambda stack: stack[0][:MOST_MARKS], text)


@cache
def _stacks(rare: bool) -> re.Pattern[str]:
    """Finds more marks in a row than are kept. Beyond U+FFFF, where they are `rare`, it is slow."""
    marks = "\u200c\u200d" + "".join(filter(_is_mark, map(chr, range(0x300, 0x20000 if rare else 0x10000))))
    marks += "\U000e0100-\U000e01ef" if rare else ""
    return re.compile(f"[{marks}][{marks}]{{{MOST_MARKS},}}")  # the first apart: the search has something to go by


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Me"}
