"""The terminal, as Textual has it, but for what it does when a terminal is slow, gone, or no UTF-8.

Textual itself writes to standard error, stands still with the whole program while nobody reads it, and ends at the
first byte that is no UTF-8, or never, if the terminal is gone.
"""

import os
import select
from codecs import getincrementaldecoder
from typing import Any, NamedTuple

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

WAIT_SECONDS = 0.1
"""For keys; then it is looked whether it is over, and whether an Escape was one."""

FAREWELL_SECONDS = 1.0
"""For a terminal that reads slowly, at the end."""

MANY = 8
"""Pieces of output that wait. With more, what is new is not drawn before they are gone."""


class _Key(NamedTuple):
    """What Textual's table has for each key."""

    value: str


_TABLE: dict[str, Any] = ANSI_SEQUENCES_KEYS  # type: ignore[assignment]
_TABLE |= {f"\x1b{number}": (_Key(f"alt+{number}"),) for number in range(10)}
"""Alt-2 is no ™, as it were on a Mac."""
_TABLE |= {"\x1b\r": (_Key("alt+enter"),), "\x1ba": (_Key("alt+a"),)}


class Driver(LinuxDriver):
    """Reads from standard input, and writes to standard output."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._file: Any = Output()

    @property
    def behind(self) -> bool:
        """Whether the terminal takes its time."""
        return self._writer_thread is not None and self._writer_thread._queue.qsize() > MANY

    def take_mouse(self, take: bool) -> None:
        """Have the mouse tell us what it does, or leave it to the terminal."""
        self._mouse = True
        (self._enable_mouse_support if take else self._disable_mouse_support)()
        self._mouse = take

    def start_application_mode(self) -> None:
        """See `LinuxDriver`."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is not None:
            self._writer_thread._queue.maxsize = 0  # nothing waits for the terminal

    def close(self) -> None:
        """See `LinuxDriver`."""
        if self._writer_thread is not None:
            self._writer_thread._queue.put(None)
            self._writer_thread.join(FAREWELL_SECONDS)

    def run_input_thread(self) -> None:
        """See `LinuxDriver`."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            if select.select([0], [], [], WAIT_SECONDS)[0]:
                data = _read()
                if not data:
                    self._app.call_later(self._app.exit)
                    return
                for message in parser.feed(decode(data)):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)


class Output:
    """Standard output. What cannot be written is not: the terminal is gone, and whoever reads from it knows."""

    def write(self, text: str) -> None:
        """All of it, however long that takes."""
        data = memoryview(text.encode("utf-8", "replace"))
        try:
            while data:
                data = data[_written(data) :]
        except OSError:
            return

    def flush(self) -> None:
        """There is nothing left."""

    def fileno(self) -> int:
        """See `io.IOBase`."""
        return 1


def _read() -> bytes:
    """What was typed; nothing at the end, and if there is no terminal any more."""
    try:
        return os.read(0, 4096)
    except OSError:
        return b""


def _written(data: memoryview) -> int:
    try:
        return os.write(1, data)
    except BlockingIOError:
        select.select([], [1], [])
        return 0
