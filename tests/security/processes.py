"""A server process whose log is a file, so that a test can wait for what it says."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 20.0


def wait_for(condition: Callable[[], bool], complaint: Callable[[], str] = str) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, complaint()
        time.sleep(0.01)


class Process:
    """The server, where it listens, and what it has logged."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, file: Path) -> None:
        self.process = process
        self.port = port
        self._file = file

    @property
    def logged(self) -> list[str]:
        """The lines so far."""
        return self._file.read_text(encoding="utf-8").splitlines()

    def says(self, pattern: str, after: int = 0) -> str:
        """Wait until it logs a line like that, after so many others; the line."""
        found: list[str] = []

        def said() -> bool:
            found[:] = [line for line in self.logged[after:] if re.search(pattern, line)]
            return bool(found)

        wait_for(said, lambda: f"{pattern!r} was not logged: {self.logged[after:]}")
        return found[0]

    def hang_up(self) -> None:
        """As an administrator does who changed the configuration."""
        self.process.send_signal(signal.SIGHUP)


@contextmanager
def logging_to(file: Path, *options: str) -> Iterator[Process]:
    """A server process that logs to `file`."""
    command = [sys.executable, "-m", "tcpchat.server", "--listen", "127.0.0.1:0", *options]
    with file.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, "PYTHONWARNINGS": "default"}
        )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        assert "is listening on" in first, file.read_text()
        while "Ctrl-C" not in process.stdout.readline():
            pass
        yield Process(process, int(first.rpartition(":")[2]), file)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
