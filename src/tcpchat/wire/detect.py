"""Which dialect a connection speaks, by its first bytes."""

from typing import Literal

Kind = Literal["irc", "jsonl", "line", "tls", "http"]

_SIGNS: dict[bytes, Kind] = {
    b"{": "jsonl",
    b"\x16": "tls",
    b"CAP ": "irc",
    b"NICK ": "irc",
    b"USER ": "irc",
    b"PASS ": "irc",
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


def detect(data: bytes) -> Kind | None:
    """The dialect; None while the bytes could still become more than one. What is nothing else is `line`.

    IRC's verbs count in any case of letters; a nickname cannot contain a space, so no person's first line is
    taken for one. A blank line is a person's: the answer never depends on how the bytes were split.
    """
    start = data[:LONGEST_SIGN].upper()
    for sign, kind in _SIGNS.items():
        if start.startswith(sign):
            return kind
    return None if any(sign.startswith(start) for sign in _SIGNS) else "line"


REFUSALS: dict[Kind, bytes] = {
    "tls": b"\x15\x03\x01\x00\x02\x02\x50",
    "http": (
        b"HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
        b"This is a tcpchat server. It talks to nc, telnet, IRC clients and tcpchat-client, not to browsers.\r\n"
    ),
}
"""What those get who are not served: a TLS alert (fatal, internal_error; RFC 8446 section 6), an HTTP answer."""

NOT_TLS = b"ERROR :This port is for TLS only. tcpchat-client: tls://HOST:PORT; irssi: /connect -tls HOST PORT\r\n"
"""What those get who send something else where only TLS is spoken."""


def detect_tls(data: bytes) -> bool:
    """Whether these bytes, at least one, can begin TLS: a record of type handshake, version 3.x (RFC 8446, 5.1)."""
    return b"\x16\x03".startswith(data[:2])


def refuse_plain(data: bytes) -> bytes:
    """The answer to bytes that begin no TLS, where only that is spoken."""
    return REFUSALS["http"] if detect(data) == "http" else NOT_TLS
