"""Standard input and output through aioconsole, and the terminal left as it was found."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, TextIO

CHUNK = 65_536


def have_three_files() -> None:
    """Whoever was started with one of the three standard files closed (``<&-``) gets ``/dev/null`` in its place."""
    while (spare := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(spare, True)
    os.close(spare)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def discard_unwritable() -> None:
    """What is left in standard output and cannot be written (a full disk) is forgotten; Python would fail over it."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@contextlib.contextmanager
def left_as_found() -> Iterator[None]:
    """Restore, whatever happens, what the shell shares with us: the terminal's modes, and whether reading blocks."""
    if sys.platform == "win32":
        yield
        return
    import termios

    blocking = {fd: os.get_blocking(fd) for fd in (0, 1, 2)}
    modes = None
    with contextlib.suppress(termios.error):
        modes = termios.tcgetattr(0)
    try:
        yield
    finally:
        for fd, blocks in blocking.items():
            os.set_blocking(fd, blocks)
        if modes is not None:
            with contextlib.suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(0, termios.TCSADRAIN, modes)


def lend_when_stopped() -> None:
    """At Ctrl-Z, give the shell a terminal whose reading blocks, as it gave it to us."""
    if sys.platform == "win32":
        return

    def stop() -> None:
        blocks = os.get_blocking(0)
        os.set_blocking(0, True)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.set_blocking(0, blocks)

    asyncio.get_running_loop().add_signal_handler(signal.SIGTSTP, stop)


async def reader_of(stream: TextIO) -> Any:
    """aioconsole's reader of one stream.

    It decides by all the streams it gets whether it can wait for them without a thread, and ties their ends together.
    So each stream is given to it in the company of pipes that are never used: ``2>file`` then changes nothing.
    """
    return (await _streams(_anew(stream, os.O_RDONLY), _unused("wb"), _unused("wb")))[0]


async def writer_of(stream: TextIO) -> Any:
    """aioconsole's writer to one stream; see `reader_of`."""
    return (await _streams(_unused("rb"), _anew(stream, os.O_WRONLY), _unused("wb")))[1]


async def read(reader: Any) -> bytes:
    """What there is to read; empty at the end, and if it cannot be read."""
    try:
        # Windows' consoles are read in a thread, and for them only a line is a piece that comes at once
        data: bytes = await (reader.readline() if sys.platform == "win32" else reader.read(CHUNK))
    except OSError:  # the terminal is gone, or standard input is a directory
        return b""
    return data


_kept: list[Any] = []
"""As long as the process: a writer that nobody holds is closed, and closes the reader it came with."""


async def _streams(*three: Any) -> Any:
    from aioconsole.stream import create_standard_streams

    made = await create_standard_streams(*three)
    _kept.append(made)
    return made


def _anew(stream: TextIO, way: int) -> Any:
    """A terminal, opened anew for one way only; anything else as it is.

    The shell's own file, which is one for both ways, would be made one that never waits, and stay so after a kill. And
    uvloop reads from what it writes to, to see whether it is still there, and throws away what is typed.
    """
    if sys.platform == "win32":
        return stream
    try:
        own = os.open(os.ttyname(stream.fileno()), way | os.O_NOCTTY)
    except OSError:  # it is none, or has no name here, or belongs to somebody else (su)
        return stream
    return os.fdopen(own, "rb" if way == os.O_RDONLY else "wb", buffering=0)


def _unused(mode: str) -> Any:
    """One end of a pipe whose other end stays open."""
    reading, writing = os.pipe()
    ends = {"rb": os.fdopen(reading, "rb", buffering=0), "wb": os.fdopen(writing, "wb", buffering=0)}
    _kept.append(ends)
    return ends[mode]
