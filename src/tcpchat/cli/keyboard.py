"""The keys of a terminal: aioconsole reads them, for prompt_toolkit."""

import asyncio
import contextlib
import os
import re
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from tcpchat.cli import streams

_TYPED_AS_CODES = re.compile(r"(c-|s-|c-s-)(\d|f\d+|page(up|down))|s-escape|c-s-(up|down|delete)")

UNUSED = {
    Keys.Vt100MouseEvent,  # the colours in what is pasted look like it, and break prompt_toolkit
    Keys.CPRResponse,  # Shift-F3 looks like it
    *(key for key in Keys if _TYPED_AS_CODES.fullmatch(key.value)),
}
"""Keys that do nothing; prompt_toolkit would type their codes."""


async def keyboard() -> Input:
    """Where keys come from, from now on."""
    if sys.platform == "win32":
        return create_input()  # its consoles have no bytes to read, and aioconsole only whole lines
    keys = AioconsoleInput()
    await keys.start()
    return keys


class AioconsoleInput(Input):
    """Keys from aioconsole's reader, so that one and the same reads standard input in every mode.

    The terminal is raw from `start` to the end, between two prompts too: what is typed there waits, and is not echoed.
    """

    def __init__(self) -> None:
        from prompt_toolkit.input.vt100_parser import Vt100Parser

        self._keys: list[KeyPress] = []
        self._parser = Vt100Parser(self._take)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._ready: Callable[[], None] | None = None
        self._closed = False
        self.fault: Exception | None = None
        """What went wrong in our own doing. Nothing is read after it."""

    async def start(self) -> None:
        """Begin to read."""
        import termios

        from prompt_toolkit.input.vt100 import raw_mode

        self._found = termios.tcgetattr(0)
        self._reader = await streams.reader_of(sys.stdin)
        raw_mode(0).__enter__()  # whoever started us restores it: `left_as_found`
        self._task = asyncio.create_task(self._read())

    async def stop(self) -> None:
        """Read no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """The terminal as the shell gave it to us, for the time we are stopped."""
        import termios

        ours = termios.tcgetattr(0)
        blocks = os.get_blocking(0)
        os.set_blocking(0, True)
        termios.tcsetattr(0, termios.TCSADRAIN, self._found)
        yield
        termios.tcsetattr(0, termios.TCSADRAIN, ours)
        os.set_blocking(0, blocks)

    async def _read(self) -> None:
        try:
            while data := await streams.read(self._reader):
                self._parser.feed(self._decode(data))
                self._tell()
        except Exception as error:  # in what a key does
            self.fail(error)
        else:
            self._end()

    def fail(self, error: Exception) -> None:
        """Read no more, for there was a fault: a terminal that takes no keys, or shows nothing, is of no use."""
        self.fault = self.fault or error
        self._end()

    def _end(self) -> None:
        self._closed = True
        self._tell()

    def _take(self, press: KeyPress) -> None:
        if press.key not in UNUSED:
            self._keys.append(press)

    def _tell(self) -> None:
        if self._ready is not None:
            self._ready()

    # what prompt_toolkit asks of an input

    def fileno(self) -> int:
        """See `Input`."""
        return 0

    def typeahead_hash(self) -> str:
        """See `Input`."""
        return "aioconsole"

    def read_keys(self) -> list[KeyPress]:
        """See `Input`."""
        keys = self._keys[:]
        self._keys.clear()
        return keys

    def flush_keys(self) -> list[KeyPress]:
        """See `Input`."""
        self._parser.flush()
        return self.read_keys()

    @property
    def closed(self) -> bool:
        """See `Input`."""
        return self._closed

    def raw_mode(self) -> AbstractContextManager[None]:
        """It is raw already."""
        return nullcontext()

    def cooked_mode(self) -> AbstractContextManager[None]:
        """Not for the moment in which lines are shown: what is typed just then would be echoed among them."""
        return nullcontext()

    @contextlib.contextmanager
    def attach(self, input_ready_callback: Callable[[], None]) -> Iterator[None]:
        """See `Input`."""
        before, self._ready = self._ready, input_ready_callback
        if self._keys or self._closed:
            asyncio.get_running_loop().call_soon(self._tell)
        try:
            yield
        finally:
            self._ready = before

    def detach(self) -> AbstractContextManager[None]:
        """What comes meanwhile waits."""
        return nullcontext()
