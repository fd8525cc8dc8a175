"""The server that is measured: a process of its own, with a log that is thrown away."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE = 20.0
"""Seconds for the server to start, and to stop."""


class CannotMeasure(Exception):
    """The server does not start; the text says what it said."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    pid: int
    port: int
    start_seconds: float
    """From the command until the first client had a nick."""


@contextmanager
def running(*, history: bool, cpu: int | None) -> Iterator[Server]:
    """A server as long as the block lasts.

    :raises CannotMeasure: if it does not start.
    """
    with (
        TemporaryDirectory(prefix="tcpchat-bench-") as directory,
        running_on(Path(directory) if history else None, cpu) as server,
    ):
        yield server


@contextmanager
def running_on(
    data: Path | None, cpu: int | None, *settings: str, program: Sequence[str] = ("-m", "tcpchat.server")
) -> Iterator[Server]:
    """A server with a log that may be there already.

    :param program: what Python runs.
    :raises CannotMeasure: if it does not start.
    """
    started = time.monotonic()
    environment = {**os.environ, "TCPCHAT_AS_ROOT": "1"}  # measured where it is, a container perhaps
    process = subprocess.Popen(_command(program, data, settings), stdout=subprocess.PIPE, text=True, env=environment)
    try:
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        port = _port_of(process)
        _first_client(port)
        yield Server(process.pid, port, time.monotonic() - started)
    finally:
        _stop(process)


def _command(program: Sequence[str], data: Path | None, settings: Iterable[str]) -> list[str]:
    place = ["--no-history"] if data is None else ["--data", str(data)]
    # all come from one address, and the load generator answers no pings
    settings = ["limits.enabled=false", "limits.ping_seconds=3600", *settings]
    options = [option for setting in settings for option in ("--set", setting)]
    server = [sys.executable, *program, "--listen", "127.0.0.1:0", "--log-level", "warning"]
    return [*server, *place, *options]


def _port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"listening on .*:(\d+)$", line.strip())
    if found is None:
        raise CannotMeasure(f"the server did not start: {line!r}")
    return int(found[1])


def _first_client(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(b"NICK first\r\nUSER bench 0 * :bench\r\n")
        if b" 001 first " not in client.recv(4096):
            raise CannotMeasure("the server does not welcome its first client")


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
