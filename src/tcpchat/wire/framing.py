"""Bytes into lines, with a bound on what is not finished."""


class Lines:
    """Collects chunks, gives whole lines without their ends (LF, CR LF).

    However the bytes were split on their way, the lines are the same. Of a line longer than `limit` bytes
    nothing is kept: it is None, once, where it started.
    """

    __slots__ = ("_chunks", "_limit", "_rest", "_skipping")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""
        self._skipping = False
        self._chunks = 1
        """How many chunks ended a line, and one more."""

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that these bytes finish."""
        first, *others = data.split(b"\n")
        if not others:
            return self._keep(self._rest + first)
        *whole, rest = others
        lines = [] if self._skipping else [self._line(self._rest + first)]
        lines.extend(map(self._line, whole))
        self._skipping = False
        self._rest = b""
        self._chunks += 1
        return lines + self._keep(rest)

    @property
    def unfinished(self) -> int:
        """Which line was begun: as long as it is the same one it is the same number; 0: none."""
        return self._chunks if self._skipping or self._rest else 0

    def finish(self) -> list[bytes | None]:
        """The unfinished line, if there is one."""
        rest, self._rest = self._rest, b""
        return [self._line(rest)] if rest else []

    def _line(self, line: bytes) -> bytes | None:
        line = line.removesuffix(b"\r")
        return line if len(line) <= self._limit else None

    def _keep(self, rest: bytes) -> list[bytes | None]:
        if self._skipping:
            return []
        if len(rest) <= self._limit + 1:  # a CR may still be followed by its LF
            self._rest = rest
            return []
        self._rest = b""
        self._skipping = True
        return [None]
