"""A program in a terminal that nobody sits at: it is typed at, and its screen is read."""

import asyncio
import os
import re
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

COLUMNS, ROWS = 120, 40
PATIENCE = 30.0
"""Seconds after which something that should be on the screen is said not to come. Who passes never waits that long."""
KEPT = frozenset({"PATH", "PYTHONPATH", "USER", "LOGNAME", "TCPCHAT_AS_ROOT"})
"""What the program has of our environment."""
GLANCE = 0.05
"""Seconds between two looks at a screen."""


class Terminal:
    """A program under a tmux of its own, with a home of its own.

    Nothing of it outlives the tests: tmux ends its session when nobody is attached, and who is attached is a child that
    reads its standard input from here.
    """

    def __init__(self, command: str, home: Path) -> None:
        self._command = command
        self._home = home
        self._shown = ""
        self._end = ExitStack()

    def __enter__(self) -> Self:
        self._socket = Path(self._end.enter_context(tempfile.TemporaryDirectory(prefix="tcpchat-"))) / "tmux"
        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        self._tmux("new-session", "-d", *size, self._command, ";", "set", "-g", "status", "off").check_returncode()
        self._viewer = subprocess.Popen(
            [*self._words, "-C", "attach", ";", "set", "destroy-unattached", "on"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.screen()
        self._tmux("kill-server")
        self._viewer.communicate(timeout=PATIENCE)
        self._end.close()

    def type(self, *lines: str) -> None:
        """Type lines, each with Enter."""
        for line in lines:
            self._tmux("send-keys", "-l", line, ";", "send-keys", "Enter").check_returncode()

    def press(self, keys: str) -> None:
        """Type without Enter."""
        self._tmux("send-keys", "-l", keys).check_returncode()

    def paste(self, text: str) -> None:
        """Paste it, as a terminal does for programs that can tell a paste from typing."""
        self._tmux("set-buffer", text, ";", "paste-buffer", "-p").check_returncode()

    def resize(self, rows: int, columns: int) -> None:
        """Drag the window's corner. What was shown before is broken into other rows."""
        self._tmux("set", "window-size", "manual", ";", "resize-window", "-x", str(columns), "-y", str(rows))

    def everything(self) -> str:
        """What is on the screen, and what was, with the rows of a line put together."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-").stdout.rstrip()

    def screen(self) -> str:
        """What is on the screen; what was last seen there, if the program has ended."""
        seen = self._tmux("capture-pane", "-p")
        if seen.returncode == 0:
            self._shown = seen.stdout.rstrip()
        return self._shown

    async def shows(self, pattern: str) -> re.Match[str]:
        """Wait until the pattern is on the screen."""
        end = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.screen(), re.MULTILINE)) is None:
            assert time.monotonic() < end, f"{pattern!r} does not come on the screen of {self._command}"
            await asyncio.sleep(GLANCE)
        return found

    async def ends(self) -> None:
        """Wait until the program has ended."""
        end = time.monotonic() + PATIENCE
        while self._viewer.poll() is None:
            assert time.monotonic() < end, f"{self._command} does not end"
            await asyncio.sleep(GLANCE)

    @property
    def _words(self) -> list[str]:
        return ["tmux", "-f", "/dev/null", "-S", str(self._socket)]

    @property
    def _environment(self) -> dict[str, str]:
        """Little, and the same everywhere: the program inherits it from the first tmux command."""
        kept = {name: value for name, value in os.environ.items() if name in KEPT}
        return kept | {"HOME": str(self._home), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _tmux(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """One tmux command."""
        command = [*self._words, *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, encoding="utf-8")
