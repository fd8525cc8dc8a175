"""Which dialect a connection speaks, by its first bytes."""

import re
from typing import Literal

Kind = Literal["irc", "jsonl", "line", "tls", "http", "noise", "webirc"]

_SIGNS: dict[bytes, Kind] = {
    b"{": "jsonl",
    b"\x16": "tls",
    b"CAP ": "irc",
    b"NICK ": "irc",
    b"USER ": "irc",
    b"PASS ": "irc",
    b"WEBIRC ": "webirc",
    b"GET ": "http",
    b"HEAD ": "http",
    b"POST ": "http",
    b"PUT ": "http",
    b"DELETE ": "http",
    b"OPTIONS ": "http",
    b"CONNECT ": "http",
    b"PATCH ": "http",
    b"TRACE ": "http",
    b"PRI * HTTP": "http",
}
LONGEST_SIGN = max(map(len, _SIGNS))

_PERSON = re.compile(
    rb"[\x20-\x7f\t\n\r\x08\x1b]|"  # what can be typed; backspace and the arrows' ESC too
    rb"\xff[\xf0-\xfe]|"  # telnet's commands (RFC 854)
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|"
    rb"\xed[\x80-\x9f][\x80-\xbf]|"
    rb"\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
"""What a line of a person's can begin with: one character (RFC 3629, section 4), or a command of telnet's."""

_BEGINNING = re.compile(
    rb"\xff|[\xc2-\xf4]|\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f]|"
    rb"\xf0[\x90-\xbf][\x80-\xbf]?|[\xf1-\xf3][\x80-\xbf]{1,2}|\xf4[\x80-\x8f][\x80-\xbf]?"
)
"""The beginning of one that is not complete."""


def detect(data: bytes) -> Kind | None:
    """The dialect; None while the bytes could still become more than one. What is nothing else is `line`.

    IRC's verbs count in any case of letters; a nickname cannot contain a space, so no person's first line is
    taken for one. A blank line is a person's, and what nobody can type is noise: the answer never depends on how the
    bytes were split.
    """
    start = data[:LONGEST_SIGN].upper()
    for sign, kind in _SIGNS.items():
        if start.startswith(sign):
            return kind
    if any(sign.startswith(start) for sign in _SIGNS):
        return None
    return _typed(data)


def _typed(data: bytes) -> Kind | None:
    """Whether a person typed this: the first character decides in which it differs from all signs."""
    known = 0
    while any(sign.startswith(data[:known].upper()) for sign in _SIGNS):
        character = _PERSON.match(data, known)
        if character is None:
            return None if _BEGINNING.fullmatch(data, known) else "noise"
        known = character.end()
    return "line"


REFUSALS: dict[Kind, bytes] = {
    "tls": b"\x15\x03\x01\x00\x02\x02\x50",
    "http": (
        b"HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
        b"This is a tcpchat server. It talks to nc, telnet, IRC clients and tcpchat-client, not to browsers.\r\n"
    ),
    "noise": b"ERROR :This is a chat server, and that was no text. It talks to nc, telnet and IRC clients.\r\n",
}
"""What those get who are not served: a TLS alert (fatal, internal_error; RFC 8446, 6), an HTTP answer; a line."""

NOT_TLS = (
    b"ERROR :This port is for TLS only. tcpchat-client: tls://HOST:PORT; irssi: /connect -tls HOST PORT; "
    b"WeeChat: -tls, before version 4 -ssl\r\n"
)
"""What those get who send something else where only TLS is spoken."""

NOT_LET_IN = b"\x15\x03\x01\x00\x02\x02\x31"
"""What those get, where only TLS is spoken, who are not let in: an alert (fatal, access_denied)."""


def detect_tls(data: bytes) -> bool:
    """Whether these bytes, at least one, can begin TLS: a record of type handshake, version 3.x (RFC 8446, 5.1)."""
    return b"\x16\x03".startswith(data[:2])


def refuse_plain(data: bytes) -> bytes:
    """The answer to bytes that begin no TLS, where only that is spoken."""
    return REFUSALS["http"] if detect(data) == "http" else NOT_TLS
