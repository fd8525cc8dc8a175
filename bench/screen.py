"""``make bench-client``, its second part: the full screen, as somebody at a terminal has it; in half a minute."""

import fcntl
import struct
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from client import Bar, Client, Plan, Talker, echoes, run, talking
from machine import usage
from subject import Server, running_on

FULL = 5_000
"""Messages in a room."""

RATE = 100
"""Messages a second, while keys are typed."""

ROOMS = ("#lobby", "#two")
ALT_1, ALT_2 = "\x1b1", "\x1b2"


def starting(server: Server, home: Path, starts: int) -> Iterator[Bar]:
    """From the command to the first frame, and until one is in the room."""
    frames, entered = [], []
    for _ in range(starts):
        client = Client(server.port, home, "--tui")
        frames.append(client.until(lambda: "│".encode() in client.written))  # noqa: B023 (at once)
        entered.append(client.until(lambda: b"connected" in client.written))  # noqa: B023
        client.close()
    yield Bar("full screen: start until the first frame", median(frames), 1, "s")
    yield Bar("full screen: start until one is in the room", median(entered), 1, "s")


def full_rooms(server: Server, home: Path, talker: Talker) -> Iterator[Bar]:
    """Two rooms full of messages: going from one to the other, another width, keys while messages come."""
    client = Client(server.port, home, "--tui", *(word for room in ROOMS for word in ("--room", room)))
    client.until(lambda: b"#two" in client.written and b"connected" in client.written)
    for room in ROOMS:
        talker.join(room)
        for first in range(0, FULL, 500):
            talker.say([f"{room[1:]} {number}." + " and so on" * 9 for number in range(first, first + 500)], room)
    client.until_shown(f"lobby {FULL - 1}.".encode())
    switches = [_until_drawn(client, key, text) for _ in range(5) for key, text in ((ALT_2, "two"), (ALT_1, "lobby"))]
    yield Bar(f"another room of {FULL:,} messages, the slowest of {len(switches)}", max(switches), 0.3, "s")
    wraps = [_until_wrapped(client, columns) for columns in (100, 70, 50, 80)]
    yield Bar("another width, the slowest of 4", max(wraps), 0.5, "s")
    yield Bar("memory then", usage(client.pid).memory_kib / 1024, 60, "MiB")
    with talking(talker, RATE):
        waits = sorted(echoes(client))
    yield Bar(f"echo of a key, p95, while {RATE} messages/s come", waits[int(len(waits) * 0.95)] * 1000, 60, "ms")
    client.close()


def _until_drawn(client: Client, key: str, room: str) -> float:
    began = time.monotonic()
    client.type(key)
    client.until_shown(f"{room} {FULL - 1}.".encode())
    return time.monotonic() - began


def _until_wrapped(client: Client, columns: int) -> float:
    began = time.monotonic()
    fcntl.ioctl(client.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    client.until_shown(f"lobby {FULL - 1}.".encode())
    return time.monotonic() - began


def measured(plan: Plan) -> list[Bar]:
    """Everything, with a server that is thrown away."""
    with TemporaryDirectory(prefix="tcpchat-bench-") as directory:
        home = Path(directory) / "home"
        settings = home / ".config" / "tcpchat" / "client.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text('nick = "ann"\n')
        with running_on(Path(directory) / "data", None) as server:
            return [*starting(server, home, plan.starts), *full_rooms(server, home, Talker(server.port))]


if __name__ == "__main__":
    run("screen.py", __doc__, measured)
