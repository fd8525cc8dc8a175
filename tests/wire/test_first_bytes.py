"""Which dialect the first bytes choose."""

import pytest

from tcpchat.wire.detect import REFUSALS, detect

TABLE = {
    b'{"do":"enter","nick":"Ann"}\n': "jsonl",
    b"{": "jsonl",
    b"CAP LS 302\r\n": "irc",
    b"cap ls\r\n": "irc",
    b"NICK ann\r\n": "irc",
    b"Nick ann\r\n": "irc",
    b"USER a 0 * :a\r\n": "irc",
    b"PASS secret\r\n": "irc",
    b"WEBIRC secret gateway host 192.0.2.1\r\n": "webirc",
    b"webirc\n": "line",
    b"\x16\x03\x01\x02\x00\x01\x00": "tls",
    b"GET / HTTP/1.1\r\n": "http",
    b"POST /x HTTP/1.1\r\n": "http",
    b"PRI * HTTP/2.0\r\n": "http",
    b"OPTIONS * HTTP/1.1\r\n": "http",
    b"Ann\n": "line",
    b"nick\n": "line",
    b"Nickolas\r\n": "line",
    b"get\r\n": "line",
    b"pass\n": "line",
    b"privmsg #a :b\r\n": "line",
    b"\r\n": "line",
    b"\n": "line",
    b"/help\n": "line",
    b"\xff\xfb\x18ann\r\n": "line",
    b"\xff\xfd\x03\xff\xfb\x18": "line",
    b"\xc3\xa9\n": "line",
    b"\xf0\x9f\x98\x80\n": "line",
    b"C\xc3\xa9cile\n": "line",
    b"\x08ann\n": "line",
    b"\x1b[A\r\n": "line",
    b"\tann\n": "line",
    b"\x00": "noise",
    b"\x01\x02": "noise",
    b"\x03\x00\x00\x2f": "noise",
    b"\x05\x01\x00": "noise",
    b"C\x00": "noise",
    b"\x80": "noise",
    b"\xc0\x80": "noise",
    b"\xc3(": "noise",
    b"\xed\xa0\x80": "noise",
    b"\xf0\x80": "noise",
    b"\xf5": "noise",
    b"\xff\xff": "noise",
    b"\xff\x01": "noise",
}


@pytest.mark.parametrize(("data", "kind"), TABLE.items())
def test_the_first_bytes_decide_however_they_come(data: bytes, kind: str) -> None:
    seen = [detect(data[:size]) for size in range(len(data) + 1)]
    assert seen[0] is None
    assert seen[-1] == kind
    assert set(seen) <= {None, kind}, "no piece may be taken for something else"
    assert seen == sorted(seen, key=lambda one: one is not None), "once decided, it stays"


def test_what_is_not_served_gets_a_clear_word() -> None:
    assert REFUSALS["tls"][:1] == b"\x15"
    assert REFUSALS["http"].startswith(b"HTTP/1.1 426 ")
    assert REFUSALS["http"].endswith(b"\r\n")
    assert REFUSALS["noise"].startswith(b"ERROR :")
    assert REFUSALS["noise"].endswith(b".\r\n")
