"""What telnet adds to plain lines, taken away."""

import re

_IAC = b"\xff"
_COMMAND = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa.{0,510}?\xff\xf0|[^\xfa-\xff])", re.DOTALL)
_UNFINISHED = re.compile(rb"\xff(?:[\xfb-\xfe]?|\xfa.{0,512})\Z", re.DOTALL)
_ERASED = re.compile("[^\x08\x7f][\x08\x7f]")


class Telnet:
    """Strips telnet's commands (RFC 854, 855) from a stream of bytes; every offer is left unanswered."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def strip(self, data: bytes) -> bytes:
        """The bytes without commands; an Enter that telnet sent as CR NUL is a line end. 255 never occurs in UTF-8."""
        data, self._rest = self._rest + data, b""
        if _IAC in data:
            data = _COMMAND.sub(b"", data)
            if (unfinished := _UNFINISHED.search(data)) is not None:
                data, self._rest = data[: unfinished.start()], unfinished[0]
        if data.endswith(b"\r") and not self._rest:
            data, self._rest = data[:-1], b"\r"
        return data.replace(b"\r\x00", b"\n")


def erased(line: str) -> str:
    """The line after its backspaces and deletes have done what they were typed for."""
    while "\x08" in line or "\x7f" in line:
        shorter = _ERASED.sub("", line).lstrip("\x08\x7f")
        if shorter == line:
            break
        line = shorter
    return line
