"""Programs in real pseudo-terminals, whose screens are kept by pyte and watched for everything that changes them."""

import asyncio
import os
import re
from ast import literal_eval
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pexpect
import pyte

COLUMNS, ROWS = 1_000, 12_000
"""So large that nothing wraps and nothing scrolls: what stands in a row was one line."""

PATIENCE = 20.0
CORPUS = Path(__file__).with_name("corpus") / "terminal.txt"

CONTROL = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]"  # CSI
    "|\x1b[\\]P_^X][^\x1b\x07]*"  # OSC, DCS, APC, PM, SOS
    "|\x1b[ -/]*[0-~]"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
    "|[\u202a-\u202e\u2066-\u2069\u2028\u2029\U000e0000-\U000e007f]"
    "|\r(?!\r*\n)"
)
"""What a terminal obeys, but for the end of a line."""


def corpus() -> list[tuple[str, bytes]]:
    """Every sequence with the family it belongs to."""
    found = []
    for line in CORPUS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            family, _, literal = line.partition("\t")
            sequence = literal_eval(literal)
            found.append(
                (family, sequence if isinstance(sequence, bytes) else sequence.encode("utf-8", "surrogatepass"))
            )
    return found


class Watched(pyte.Screen):
    """A screen that remembers what was done to more than its text."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        super().__init__(COLUMNS, ROWS)
        self.done.clear()

    def set_title(self, param: str) -> None:
        self.done.add(f"title {param!r}")

    def set_icon_name(self, param: str) -> None:
        self.done.add(f"icon {param!r}")

    def write_process_input(self, data: str) -> None:
        self.done.add(f"reply {data!r}")

    def bell(self, *args: Any) -> None:
        self.done.add("bell")

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        self.done.add(f"set {modes} {kwargs}")
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        self.done.add(f"reset {modes} {kwargs}")
        super().reset_mode(*modes, **kwargs)

    def set_margins(self, *margins: Any, **kwargs: Any) -> None:
        self.done.add(f"margins {margins}")

    def define_charset(self, code: str, mode: str) -> None:
        self.done.add(f"charset {code}{mode}")

    def rows(self) -> Iterator[str]:
        """What stands on it, without empty rows."""
        for y in sorted(self.buffer):
            row = self.buffer[y]
            text = "".join(row[x].data if x in row else " " for x in range(max(row, default=-1) + 1)).rstrip()
            if text:
                yield text


class Terminal:
    """A program at a terminal of its own. Needs a running loop."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.raw = ""
        self.screen = Watched()
        self._bytes = b""
        self._stream = pyte.Stream(self.screen)
        self.child = pexpect.spawn(
            command[0], list(command[1:]), env=environment, dimensions=(ROWS, COLUMNS), timeout=None, echo=False
        )
        self.child.delaybeforesend = None
        self._more = asyncio.Event()
        self.ended = False
        asyncio.get_running_loop().add_reader(self.child.child_fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self.child.child_fd, 1 << 16)
        except OSError:  # Linux says so when the program has ended
            data = b""
        if not data:
            self._stop()
        self._bytes += data
        whole, self._bytes = _whole(self._bytes)
        text = whole.decode("utf-8", "replace")
        self.raw += text
        self._stream.feed(text)
        self._more.set()

    async def until(self, pattern: str, start: int = 0) -> re.Match[str]:
        """Wait until it was written, from there on."""
        return await self._until(lambda: re.compile(pattern, re.MULTILINE).search(self.raw, start), pattern)

    async def end(self) -> None:
        """Wait until the program has ended."""
        await self._until(lambda: self.ended or None, "its end")
        self.child.close()

    async def _until(self, there: Callable[[], Any], what: str) -> Any:
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := there()) is None:
                    assert not self.ended, f"it ended before {what} came: {self.raw[-2_000:]!r}"
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"{what} did not come: {self.raw[-2_000:]!r}") from None
        return found

    def type(self, line: str) -> None:
        self.child.send(line)

    def close(self) -> None:
        self._stop()
        self.child.close(force=True)

    def _stop(self) -> None:
        if not self.ended:
            asyncio.get_running_loop().remove_reader(self.child.child_fd)
            self.ended = True
            self._more.set()


def controls(written: str) -> set[str]:
    """Everything that a terminal is told to do besides showing text, without numbers of rows and columns."""
    return {re.sub(r"\d+(?=[A-D])", "", one) for one in CONTROL.findall(written)}


def _whole(data: bytes) -> tuple[bytes, bytes]:
    """What can be decoded, and the beginning of a character whose rest is on its way."""
    for back in range(1, min(4, len(data)) + 1):
        lead = data[-back]
        if lead & 0xC0 == 0xC0:
            size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return (data[:-back], data[-back:]) if size > back else (data, b"")
    return data, b""
