"""A terminal with a program in it, and others in the chat: what the tests of the client are written with."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pexpect
import pyte
import pytest

from tests.conftest import UNHURRIED

SECONDS = 30
CLIENT = [sys.executable, "-m", "tcpchat.client"]
ESCAPE = b"\x1b"
IS_IN = "-- Type and press Enter. .*"
"""What is shown last to somebody who comes in."""


class Peer:
    """Somebody else in the chat, over a plain socket."""

    def __init__(self, port: int, nick: str, room: str = "#lobby") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._lines = self._socket.makefile("rb")
        self._heard: list[dict[str, Any]] = []
        self.do(do="enter", nick=nick)
        self.do(do="join", room=room)

    def do(self, **wish: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self._socket.sendall(json.dumps({"id": 1, **wish}).encode() + b"\n")
        return self._answer()

    def say(self, text: str, room: str = "#lobby") -> None:
        """Say something."""
        self.do(do="say", room=room, text=text)

    def say_all(self, texts: Sequence[str], room: str = "#lobby", at_once: int = 200) -> None:
        """Say much, so many lines without waiting for each of their answers."""
        for first in range(0, len(texts), at_once):
            wishes = [{"id": 1, "do": "say", "room": room, "text": text} for text in texts[first : first + at_once]]
            self._socket.sendall(b"".join(json.dumps(wish).encode() + b"\n" for wish in wishes))
            for _ in wishes:
                self._answer()

    def past(self, room: str) -> list[str]:
        """What was said in a room."""
        return [event["text"] for event in self.do(do="history", room=room)["events"]]

    def hear(self, kind: str = "said", by: str = "") -> dict[str, Any]:
        """The next event of a kind."""
        while True:
            line = self._heard.pop(0) if self._heard else self._line()
            if line.get("event") == kind and by in ("", line["by"]):
                return line

    def close(self) -> None:
        """Leave, and wait until the server knows: the next one may want the same nick."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b'{"do":"quit"}\n')
            self._lines.read()
        self._lines.close()
        self._socket.close()

    def _answer(self) -> dict[str, Any]:
        while not (line := self._line()).keys() & {"ok", "error"}:
            self._heard.append(line)
        assert "error" not in line, line
        return line

    def _line(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self._lines.readline())
        return line


class Screen:
    """A program at a terminal, of 80 columns and 24 rows at first.

    :ivar raw: all that it has written.
    """

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.raw = b""
        self.child = pexpect.spawn(command[0], command[1:], env=environment, dimensions=(24, 80), timeout=SECONDS)
        self.child.delaybeforesend = None
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def rows(self) -> list[str]:
        """What can be seen, without empty rows. The second place of a wide character is empty (pyte's own way to read
        them fails where the window was made narrower in the middle of one).
        """
        rows = ("".join(self.at(row, column).data for column in range(self.size[1])) for row in range(self.size[0]))
        return [row.rstrip() for row in rows if row.strip()]

    @property
    def uncoloured(self) -> bytes:
        """What it has written, but for its colours."""
        return re.sub(rb"\x1b\[[\d;]*m", b"", self.raw)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._screen.lines, self._screen.columns

    @property
    def cursor(self) -> tuple[int, int]:
        """Its row and column."""
        return self._screen.cursor.y, self._screen.cursor.x

    def at(self, row: int, column: int) -> pyte.screens.Char:
        """What is shown in a place."""
        return self._screen.buffer[row][column]

    def until(self, *seen: str) -> None:
        """Until rows that match the patterns are there, in this order, the last of them in the last row."""
        wanted = [re.compile(pattern) for pattern in seen]

        def there() -> bool:
            rows = iter(self.rows)
            return all(any(one.fullmatch(row) for row in rows) for one in wanted) and bool(
                wanted[-1].fullmatch(self.rows[-1])
            )

        self._read_until(there)

    def until_written(self, pattern: str, times: int = 1) -> None:
        """Until what was written matches so often, wherever it is now."""
        wanted = re.compile(pattern.encode())
        self._read_until(lambda: len(wanted.findall(self.uncoloured)) >= times)

    def look(self, seconds: float) -> None:
        """Read what is written within some time."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(pexpect.TIMEOUT):
            while (left := deadline - time.monotonic()) > 0:
                self._take(self.child.read_nonblocking(65_536, timeout=left))

    def until_gone(self, pattern: str) -> None:
        """Until no row matches the pattern."""
        self._read_until(lambda: not any(re.fullmatch(pattern, row) for row in self.rows))

    def ended(self) -> int:
        """Until the program has ended. :returns: its exit code."""
        self._read_until(lambda: False, ends=True)
        self.child.close()
        return int(self.child.exitstatus if self.child.signalstatus is None else 128 + self.child.signalstatus)

    def type(self, keys: str) -> None:
        """Press keys."""
        self.child.send(keys)

    def resize(self, rows: int, columns: int) -> None:
        """Drag the window's corner."""
        self.child.setwinsize(rows, columns)
        self._screen.resize(rows, columns)

    def _read_until(self, there: Callable[[], bool], *, ends: bool = False) -> None:
        deadline = time.monotonic() + SECONDS
        while not there():
            try:
                data = self.child.read_nonblocking(65_536, timeout=0.5)
            except pexpect.EOF:
                if not ends:
                    pytest.fail("It ended. The screen:\n" + "\n".join(self.rows))
                return
            except pexpect.TIMEOUT:
                data = b""
            self._take(data)
            if time.monotonic() > deadline:
                pytest.fail("Not seen. The screen:\n" + "\n".join(self.rows))

    def _take(self, data: bytes) -> None:
        self.raw += data
        self._stream.feed(data)


Run = Callable[..., subprocess.CompletedProcess[bytes]]
Start = Callable[..., Screen]


@contextlib.contextmanager
def serving(port: int, *options: str) -> Iterator[int]:
    """A server, without a log unless the options name one, on a port; 0 is any that is free. :yields: the port."""
    kept = options or ("--no-history",)
    command = [sys.executable, "-m", "tcpchat.server", *kept, "--listen", f"127.0.0.1:{port}"]
    command += [f"--set=limits.{name}={most}" for name, most in UNHURRIED.items()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline().rpartition(":")[2])
        finally:  # a test that fails must not wait for it for ever
            server.terminate()
