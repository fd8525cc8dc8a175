"""``make bench-client``: the terminal client, as somebody at a terminal has it; in a minute at most."""

import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import count, pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from machine import usage
from subject import CannotMeasure, Server, running_on

PATIENCE = 30.0
"""Seconds for anything to come."""

IS_IN = b"Ctrl-D leaves"
"""What is shown last to somebody who comes in."""

LETTERS = [chr(letter) for letter in range(0x430, 0x450)] + [chr(letter) for letter in range(0x561, 0x587)]
"""What is typed: letters of which none is in what is shown otherwise, so that each is seen when it is echoed."""

RATE = 200
"""Messages a second, while keys are typed."""

UNREAD_SECONDS = 2.0
"""How long nobody reads what the client writes, while the burst comes."""


class Plan(NamedTuple):
    """How much is done."""

    starts: int = 7
    """The middle one counts."""
    burst: int = 20_000


QUICK = Plan(starts=1, burst=2_000)


class Bar(NamedTuple):
    """What was found, and what it may be at most."""

    what: str
    found: float
    most: float
    unit: str


class Client:
    """The client at a terminal of 80 columns and 24 rows, which is not drawn: what is written is kept."""

    def __init__(self, port: int, home: Path, *options: str) -> None:
        self.written = bytearray()
        self._began = time.monotonic()
        command = [sys.executable, "-m", "tcpchat.client", f"127.0.0.1:{port}", *options]
        environment = {"HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "USER": "ann"}
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, {**kept, **environment})
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def until(self, seen: Callable[[], bool]) -> float:
        """Read until it is so. :returns: the seconds since the client was started."""
        while not seen():
            if time.monotonic() - self._began > PATIENCE * 3 or not self._read(PATIENCE):
                raise CannotMeasure(f"the client says nothing more: {bytes(self.written[-500:])!r}")
        return time.monotonic() - self._began

    def until_shown(self, text: bytes) -> float:
        """Read until that was written from now on. :returns: the seconds since the client was started."""
        start = max(0, len(self.written) - len(text))
        return self.until(lambda: self.written.find(text, start) >= 0)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.terminal, keys.encode())

    def close(self) -> None:
        """It is gone."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            self.written += os.read(self.terminal, 65_536)
        except OSError:
            return False
        return True


class Talker:
    """Somebody who says much, over JSON lines."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._answers = self._socket.makefile("rb")
        self._ask({"do": "enter", "nick": "bob"})
        self.join("#lobby")

    def join(self, room: str) -> None:
        """Go into a room."""
        self._ask({"do": "join", "room": room})

    def say(self, texts: Sequence[str], room: str = "#lobby") -> None:
        """All of them, without waiting for one after the other."""
        lines = [json.dumps({"id": 1, "do": "say", "room": room, "text": text}) for text in texts]
        self._socket.sendall("".join(f"{line}\n" for line in lines).encode())
        for _ in lines:
            self._answered()

    def _ask(self, wish: dict[str, object]) -> None:
        self._socket.sendall(json.dumps({"id": 1, **wish}).encode() + b"\n")
        self._answered()

    def _answered(self) -> None:
        while not (line := self._answers.readline()).startswith((b'{"ok"', b'{"error"')):
            pass
        if not line.startswith(b'{"ok"'):
            raise CannotMeasure(f"the server answers: {line!r}")


@contextmanager
def talking(talker: Talker, rate: int = RATE) -> Iterator[None]:
    """While this lasts, the messages come."""
    over = threading.Event()

    def talk() -> None:
        began = time.monotonic()
        for number in count():
            if over.wait(max(0, began + number / rate - time.monotonic())):
                return
            talker.say([f"number {number} of those that come meanwhile"])

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def starting(server: Server, home: Path, starts: int) -> Iterator[Bar]:
    """From the command to the prompt, and what it takes of memory then."""
    for name, options, prompt in (("", (), b"#lobby"), (" --plain", ("--plain",), IS_IN)):
        prompts, entered, memory = [], [], []
        for _ in range(starts):
            client = Client(server.port, home, *options)
            prompts.append(client.until_shown(prompt))
            entered.append(client.until_shown(IS_IN) if not options else prompts[-1])
            memory.append(usage(client.pid).memory_kib / 1024)
            client.close()
        if not options:
            yield Bar("start until the prompt", median(prompts), 0.5, "s")
        yield Bar(f"start{name} until one is in the room", median(entered), 0.5, "s")
        yield Bar(f"memory then{name}", median(memory), 40, "MiB")


def echoing(server: Server, home: Path, talker: Talker) -> Iterator[Bar]:
    """From a key to its echo, while messages come."""
    client = Client(server.port, home)
    client.until_shown(IS_IN)
    for name, at_once in (("nobody speaks", False), (f"{RATE} messages/s come", True)):
        with talking(talker) if at_once else nullcontext():
            waits = sorted(echoes(client))
        client.type("\x15")
        yield Bar(f"echo of a key, p95, while {name}", waits[int(len(waits) * 0.95)] * 1000, 50, "ms")
    client.close()


def echoes(client: Client) -> list[float]:
    """From each key to its echo, in seconds."""
    return [_echo(client, letter) for letter in LETTERS]


def _echo(client: Client, letter: str) -> float:
    """Type it, and wait for it; and until what was written with it is over, as a person is slower than that."""
    began = time.monotonic()
    client.type(letter)
    client.until_shown(letter.encode())
    waited = time.monotonic() - began
    time.sleep(0.03)
    return waited


def flooding(server: Server, home: Path, talker: Talker, burst: int) -> Iterator[Bar]:
    """A burst of which nobody reads anything at first."""
    client = Client(server.port, home)
    client.until_shown(IS_IN)
    client.type("half")
    client.until_shown(b"half")
    start, began = len(client.written), time.monotonic()
    for first in range(0, burst, 500):
        talker.say([f"burst {number}." for number in range(first, first + 500)])
    time.sleep(max(0, began + UNREAD_SECONDS - time.monotonic()))
    read = time.monotonic()
    client.until_shown(b"burst %d." % (burst - 1))
    seconds = time.monotonic() - read
    shown = re.sub(rb"\x1b\[[\d;]*m", b"", bytes(client.written[start:]))  # without colours
    found = [int(one) for one in re.findall(rb"<bob> burst (\d+)\.", shown)]
    yield Bar(f"of {burst:,} messages lost", len(set(range(burst)) - set(found)), 0, "")
    yield Bar("shown twice, or out of order", sum(a >= b for a, b in pairwise(found)), 0, "")
    yield Bar("from looking again until the last", seconds, 10, "s")
    yield Bar("memory then", usage(client.pid).memory_kib / 1024, 60, "MiB")
    client.close()


def table(bars: list[Bar]) -> Iterator[str]:
    """A row for each."""
    width = max(len(bar.what) for bar in bars)
    yield f"{'':{width}}  {'found':>10}  {'at most':>10}"
    for bar in bars:
        figures = "".join(f"  {_figure(one, bar.unit):>10}" for one in (bar.found, bar.most))
        yield f"{bar.what:{width}}{figures}{'' if bar.found <= bar.most else '  MISSED'}"


def _figure(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if unit == "s" else f"{value:.1f} {unit}" if unit else f"{value:,.0f}"


def measured(plan: Plan) -> list[Bar]:
    """Everything, with a server that is thrown away."""
    with TemporaryDirectory(prefix="tcpchat-bench-") as directory:
        home = Path(directory) / "home"
        settings = home / ".config" / "tcpchat" / "client.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text('nick = "ann"\n')
        with running_on(Path(directory) / "data", None) as server:
            talker = Talker(server.port)
            return [
                *starting(server, home, plan.starts),
                *echoing(server, home, talker),
                *flooding(server, home, talker, plan.burst),
            ]


def run(name: str, description: str | None, measured: Callable[[Plan], list[Bar]]) -> None:
    """The command: measure, print, write.

    :raises SystemExit: 1 if a bar was missed.
    """
    parser = argparse.ArgumentParser(prog=name, description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    options = parser.parse_args()
    try:
        bars = measured(QUICK if options.quick else Plan())
    except CannotMeasure as error:
        sys.exit(f"bench/{name}: {error}")
    print("\n".join(table(bars)))
    if options.json:
        options.json.write_text(json.dumps([bar._asdict() for bar in bars], indent=1) + "\n", encoding="utf-8")
    sys.exit(any(bar.found > bar.most for bar in bars))


if __name__ == "__main__":
    run("client.py", __doc__, measured)
