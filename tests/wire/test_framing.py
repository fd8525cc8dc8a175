"""Bytes into lines, and what telnet adds taken away."""

import time

import pytest

from tcpchat.wire.framing import Lines
from tcpchat.wire.telnet import Telnet, erased


def test_lines_end_with_lf_or_cr_lf() -> None:
    assert Lines(9).feed(b"a\nb\r\n\nc\rd\n") == [b"a", b"b", b"", b"c\rd"]


def test_an_unfinished_line_comes_at_the_end() -> None:
    lines = Lines(9)
    assert lines.feed(b"a\nb") == [b"a"]
    assert lines.finish() == [b"b"]
    assert lines.finish() == []


def test_a_line_of_just_the_limit_is_whole() -> None:
    assert Lines(3).feed(b"abc\r\nabcd\nabc\n") == [b"abc", None, b"abc"]


@pytest.mark.threat(14)
def test_a_line_that_is_too_long_is_named_once_and_not_kept() -> None:
    lines = Lines(3)
    assert [lines.feed(b"xxxx") for _ in range(3)] == [[], [None], []]
    assert lines.feed(b"x\nok\n") == [b"ok"]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b"hi\r\n", b"hi\r\n"),
        (b"hi\r\x00there\r\x00", b"hi\nthere\n"),
        (b"\xff\xfb\x01hi", b"hi"),  # WILL ECHO
        (b"\xff\xfd\xffhi", b"hi"),
        (b"a\xff\xf4\xff\xfd\x06b", b"ab"),  # what Ctrl-C sends: IP, DO TIMING-MARK
        (b"a\xff\xfa\x1f\x00P\x00\x0a\xff\xf0b\n", b"ab\n"),  # a window of 80 x 10: its LF is no line end
        (b"a\xff\xfa\x18\x00xterm\xff\xff\xf0\xff\xf0b", b"ab"),  # an escaped 255 within
        (b"caf\xc3\xa9\n", b"caf\xc3\xa9\n"),
        (b"\xff\n", b"\xff\n"),  # a terminal that speaks Latin-1
    ],
)
def test_telnet_is_stripped(sent: bytes, meant: bytes) -> None:
    assert Telnet().strip(sent) == meant


def test_an_enter_split_by_a_telnet_command_is_one_enter() -> None:
    telnet = Telnet()
    assert telnet.strip(b"hi\r\xff") + telnet.strip(b"\xfb\x01\x00") == b"hi\n"


def test_a_subnegotiation_that_never_ends_is_text_in_the_end() -> None:
    assert b"hello\n" in Telnet().strip(b"\xff\xfa" + b"x" * 600 + b"hello\n")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ab\x08c", "ac"),
        ("\x08a", "a"),
        ("abc\x7f\x7f\x7f\x7fd", "d"),
        ("aé\x08b", "ab"),
        ("ab\x7fc\x08", "a"),
        ("ab", "ab"),
    ],
)
def test_backspaces_do_what_they_were_typed_for(typed: str, meant: str) -> None:
    assert erased(typed) == meant


@pytest.mark.threat(14)
def test_hostile_bytes_take_no_more_time_than_others() -> None:
    """A line of input, and a chunk, that cost a second each would let one client stop all the others."""
    started = time.process_time()
    erased("a" * 8_000 + "\x08" * 8_000)
    for hostile in (b"\xff\xfa", b"\xff\xff\xfa", b"\xff\xfaxx", b"\xff\xfa\xff\xff"):
        Telnet().strip(hostile * (65_536 // len(hostile)))
    assert time.process_time() - started < 0.25
