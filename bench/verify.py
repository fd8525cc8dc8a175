"""Is what arrived what was said? Every message of everybody else, once, in order, unchanged."""

from languages import IRC, Language, message

ROOM = b"#bench"


class Wrong(Exception):
    """What arrived is not what was said; the text says how."""


class Said:
    """What every sender said in a room, in order, and when (in nanoseconds)."""

    def __init__(self, nicks: list[bytes], room: bytes = ROOM) -> None:
        self.room = room
        self.lines: dict[bytes, list[bytes]] = {nick: [] for nick in nicks}
        self.times: dict[bytes, list[int]] = {nick: [] for nick in nicks}

    def next_line(self, nick: bytes, size: int, now: int) -> bytes:
        """Another message of `size` bytes, as the line that says it, without its end."""
        lines = self.lines[nick]
        line = message(self.room, (b"%b %d " % (nick, len(lines))).ljust(size, b"x"))
        lines.append(line)
        self.times[nick].append(now)
        return line


class Ear:
    """Checks what one client hears, line by line, and notes how long each message was on its way."""

    def __init__(self, said: Said, own: bytes = b"", language: Language = IRC) -> None:
        """`own`: the nick of one who does not hear what they say themselves."""
        self._said = said
        self._language = language
        self._rest = b""
        self.heard = dict.fromkeys((nick for nick in said.lines if nick != own), 0)
        """How many messages of each sender came."""
        self.latencies: list[int] = []

    def hear(self, data: bytes, now: int) -> None:
        """Take what came at that time.

        :raises Wrong: at the first line that is not the next one of its sender.
        """
        *lines, self._rest = (self._rest + data).split(self._language.end)
        for line in lines:
            self._check(line, now)

    def finish(self) -> None:
        """Nothing more will come.

        :raises Wrong: if something is missing.
        """
        for nick, heard in self.heard.items():
            lost = len(self._said.lines[nick]) - heard
            if lost:
                raise Wrong(f"{lost} messages of {nick.decode()} are missing")
        if self._rest:
            raise Wrong(f"an unfinished line: {self._rest!r}")

    def _check(self, line: bytes, now: int) -> None:
        nick, message = self._language.said(line, self._said.room)
        number = self.heard.get(nick)
        if number is None:
            raise Wrong(f"nobody said {line!r}")
        lines = self._said.lines[nick]
        if number >= len(lines) or lines[number] != message:
            raise Wrong(f"this is not message {number} of {nick.decode()}: {message!r}")
        self.heard[nick] = number + 1
        self.latencies.append(now - self._said.times[nick][number])


class Copy:
    """Checks that a client hears, byte for byte, what the witness heard: the cheapest full check there is.

    All who do not speak hear the same bytes, for a room has one order; and an `Ear` checks those of the witness.
    """

    __slots__ = ("_ahead", "_model", "position")

    def __init__(self, model: bytearray) -> None:
        self._model = model
        self._ahead = b""
        self.position = 0

    def hear(self, data: memoryview | bytes) -> None:
        """Take what came.

        :raises Wrong: at the first difference.
        """
        if not self._ahead and self._model.startswith(data, self.position):
            self.position += len(data)
        else:
            self._catch_up(bytes(data))

    @property
    def complete(self) -> bool:
        """Whether all came that the witness heard, and nothing else."""
        self._catch_up(b"")
        return self.position == len(self._model) and not self._ahead

    def finish(self) -> None:
        """The witness will hear nothing more.

        :raises Wrong: if something is missing, or too much.
        """
        if not self.complete:
            much = self.position + len(self._ahead) - len(self._model)
            raise Wrong(f"{abs(much)} bytes {'too many' if much > 0 else 'are missing'}")

    def rewind(self) -> None:
        """The witness starts anew."""
        self.position = 0

    def _catch_up(self, data: bytes) -> None:
        """Compare as far as the witness has come; it may hear the rest only later."""
        data = self._ahead + data
        known = len(self._model) - self.position
        data, self._ahead = data[:known], data[known:]
        if not self._model.startswith(data, self.position):
            raise Wrong(f"not what the witness heard, at byte {self.position}: {data[:200]!r}")
        self.position += len(data)


class Recording:
    """Keeps what came and when, to be checked when there is time for it."""

    def __init__(self) -> None:
        self._chunks: list[tuple[int, bytes]] = []
        self.lines = 0

    def hear(self, data: memoryview | bytes, now: int) -> None:
        """Take what came."""
        chunk = bytes(data)
        self.lines += chunk.count(b"\n")
        self._chunks.append((now, chunk))

    def play(self, ear: Ear) -> None:
        """Let it be checked, and forget it.

        :raises Wrong: as the ear says.
        """
        for now, chunk in self._chunks:
            ear.hear(chunk, now)
        self._chunks.clear()
        ear.finish()
