"""What was typed before, over restarts: the line client and the full screen keep it in the same file."""

import os
import time
from pathlib import Path

from tcpchat.cli.secret import may_be_kept

MOST_BYTES = 1 << 20
"""Of the file, so much is read at the start: its end."""


class Typed:
    """Lines, the oldest first, and where one is among them."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lines = _read(file) if file is not None else []
        self._place = len(self._lines)
        self._half = ""

    def add(self, text: str) -> None:
        """It was typed; what is typed next is the next."""
        if self._lines[-1:] != [text] and may_be_kept(text):
            self._lines.append(text)
            self._keep(text)
        self._place = len(self._lines)

    def earlier(self, now: str) -> str | None:
        """The line before; `now` is what is half typed. None: there is none."""
        if self._place == len(self._lines):
            self._half = now
        if self._place == 0:
            return None
        self._place -= 1
        return self._lines[self._place]

    def later(self) -> str | None:
        """The line after, at last what was half typed."""
        if self._place == len(self._lines):
            return None
        self._place += 1
        return self._lines[self._place] if self._place < len(self._lines) else self._half

    def find(self, part: str, *, again: bool) -> str | None:
        """The latest line that has this in it; `again`: the one before that which was found. None: there is none."""
        last = self._place if again else len(self._lines)
        for place in range(last - 1, -1, -1):
            if part.casefold() in self._lines[place].casefold():
                self._place = place
                return self._lines[place]
        return None

    def _keep(self, text: str) -> None:
        """A file that cannot be written is no reason to stop typing."""
        if self._file is None:
            return
        written = "".join(f"+{line}\n" for line in text.split("\n"))
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            number = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(f"\n# {time.strftime('%Y-%m-%d %H:%M:%S')}\n{written}".encode("utf-8", "replace"))
        except OSError:
            return


def _read(file: Path) -> list[str]:
    """As prompt_toolkit writes it: each line of a text with a + before it, and other lines between two texts."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, os.fstat(opened.fileno()).st_size - MOST_BYTES))
            lines = opened.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return []
    texts: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("+"):
            texts[-1].append(line[1:])
        elif texts[-1]:
            texts.append([])
    return ["\n".join(text) for text in texts if text]
