"""What telnet adds to plain lines, taken away."""

import re

_IAC = b"\xff"
_COMMAND = re.compile(
    rb"\xff(?:"
    rb"[\xfb-\xfe].|"  # WILL, WONT, DO, DONT, and what
    rb"\xfa(?:[^\xff]|\xff\xff){0,510}+\xff\xf0|"  # SB … SE; 255 within is doubled
    rb"[\xf0-\xf9]|"
    rb"(?P<data>\xff)|"
    rb"(?P<unfinished>[\xfb-\xfe]?\Z|\xfa(?:[^\xff]|\xff\xff){0,510}+\xff?\Z))",
    re.DOTALL,
)
_ERASERS = "\x08\x7f"


class Telnet:
    """Strips telnet's commands (RFC 854, 855) from a stream of bytes; every offer is left unanswered."""

    __slots__ = ("_cr", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        """A command that is not finished."""
        self._cr = b""
        """A CR that a NUL may follow."""

    def strip(self, data: bytes) -> bytes:
        """The bytes without commands; an Enter that telnet sent as CR NUL is a line end. 255 never occurs in UTF-8."""
        data, self._rest = self._rest + data, b""
        if _IAC in data:
            data = _COMMAND.sub(self._replaced, data)
        data, self._cr = self._cr + data, b""
        if data.endswith(b"\r"):
            data, self._cr = data[:-1], b"\r"
        return data.replace(b"\r\x00", b"\n")

    def _replaced(self, command: re.Match[bytes]) -> bytes:
        if command["unfinished"] is not None:
            self._rest = command[0]
        return command["data"] or b""


def erased(line: str) -> str:
    """The line after its backspaces and deletes have done what they were typed for."""
    if not any(eraser in line for eraser in _ERASERS):
        return line
    kept: list[str] = []
    for character in line:
        if character not in _ERASERS:
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)
