"""Scripts as bytes: what a fuzzer changes, and what a corpus keeps.

A script is lines. The first character of each says whose it is: a digit, one of the six clients; a letter from a to f,
one of the same, at the same time as the line before. One space may follow. In a file, scripts have blank lines between
them, lines beginning with ``;`` are remarks, and ``\\xNN`` is a byte that is no text.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.fuzz.world import ROLES, Script

CORPUS = Path(__file__).parent / "corpus"

MOST_LINES = 120
"""In one script."""

_CLIENTS = len(ROLES)
_ALONE = b"012345"
_TOGETHER = b"abcdef"
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
_NOT_TEXT = re.compile(rb"[\x00-\x1f\x7f-\xff]|\\(?=x[0-9a-f]{2})")


def script(data: bytes) -> Script:
    """What these bytes say, whatever they are."""
    moments: list[list[tuple[int, bytes]]] = []
    for written in data.split(b"\n", MOST_LINES)[:MOST_LINES]:
        if not written:
            continue
        client, together = _client(written[0])
        line = written[2:] if written[1:2] == b" " else written[1:]
        if together and moments:
            moments[-1].append((client, line))
        else:
            moments.append([(client, line)])
    return moments


def _client(sign: int) -> tuple[int, bool]:
    if (place := _ALONE.find(sign)) >= 0:
        return place, False
    if (place := _TOGETHER.find(sign)) >= 0:
        return place, True
    return sign % _CLIENTS, sign % 2 == 1


def written(one: Script) -> bytes:
    """A script as bytes."""
    return b"\n".join(
        b"%c %b" % ((_TOGETHER if place else _ALONE)[client], line)
        for moment in one
        for place, (client, line) in enumerate(moment)
    )


def in_file(scripts: Iterable[bytes]) -> bytes:
    """Scripts as a file keeps them."""
    return b"\n".join(b"\n".join(map(_escape, one.split(b"\n"))) + b"\n" for one in scripts)


def from_file(path: Path) -> Iterator[bytes]:
    """The scripts of a file."""
    lines = [line for line in path.read_bytes().split(b"\n") if not line.startswith(b";")]
    for block in b"\n".join(lines).split(b"\n\n"):
        if block.strip(b"\n"):
            yield b"\n".join(map(_unescape, block.strip(b"\n").split(b"\n")))


def corpus() -> list[bytes]:
    """Everything that is kept."""
    return [one for path in sorted(CORPUS.glob("*.txt")) for one in from_file(path)]


def _escape(line: bytes) -> bytes:
    return _NOT_TEXT.sub(lambda found: b"\\x%02x" % found[0][0], line)


def _unescape(line: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), line)
