"""Makes docs/lobby.svg, the picture in the README: real clients in one lobby, each in a terminal of its own.

Run by `make picture`. It needs tmux, irssi, WeeChat, nc and telnet.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS, ROWS = 80, 15
PATIENCE = 15.0
BIN = Path(sys.executable).parent
TMUX = ("tmux", "-L", "tcpchat-picture", "-f", "/dev/null")


def tmux(*words: str) -> str:
    """One tmux command; what it prints."""
    return subprocess.run([*TMUX, *words], check=True, capture_output=True, text=True).stdout


def screen(name: str) -> str:
    """What a terminal shows, with its colours."""
    return tmux("capture-pane", "-e", "-p", "-t", name)


def wait_for(name: str, wanted: str) -> None:
    """Wait until a terminal shows something."""
    end = time.monotonic() + PATIENCE
    while wanted not in re.sub(r"\x1b\[[0-9;]*m", "", screen(name)):
        if time.monotonic() > end:
            raise SystemExit(f"{name} does not show {wanted!r}:\n{screen(name)}")
        time.sleep(0.05)


def type_in(name: str, *lines: str) -> None:
    """Type lines, each with Enter."""
    for line in lines:
        tmux("send-keys", "-t", name, "-l", line)
        tmux("send-keys", "-t", name, "Enter")


def sign_in(name: str, nick: str) -> None:
    """Wait to be asked for a nickname, and give one."""
    wait_for(name, "Nickname:")
    type_in(name, nick)


@contextmanager
def terminals(home: Path, port: int) -> Iterator[None]:
    """A terminal for each client, all of them joined and alone with the server."""
    there = f"127.0.0.1 {port}"
    programs: dict[str, tuple[str, Callable[[], None]]] = {
        "nc": (f"nc {there}", lambda: sign_in("nc", "ann")),
        "telnet": (f"telnet {there}", lambda: sign_in("telnet", "terry")),
        "irssi": (
            f"irssi --home={home}/irssi -n irma -c 127.0.0.1 -p {port}",
            lambda: (wait_for("irssi", "End of /MOTD"), type_in("irssi", "/join #lobby"))[1],
        ),
        "weechat": (
            f"weechat -d {home}/weechat -p -P irc"
            f" -r '/server add t 127.0.0.1/{port} -notls -nicks=wendy -autojoin=#lobby'"
            " -r '/set weechat.bar.buflist.hidden on' -r '/connect t'",
            lambda: None,
        ),
        "a program": (
            f"nc {there}",
            lambda: type_in("a program", '{"do":"enter","nick":"joe"}', '{"do":"join","room":"#lobby"}'),
        ),
        "tcpchat-client": (f"HOME={home} {BIN}/tcpchat-client 127.0.0.1:{port} --nick carl", lambda: None),
    }
    tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-s", "picture", "-n", "hold", "sleep 600")
    try:
        for name, (command, enter) in programs.items():
            tmux("new-window", "-d", "-n", name, command)
            time.sleep(0.5)  # the order in which they come is part of the picture
            enter()
        yield
    finally:
        subprocess.run([*TMUX, "kill-server"], check=False)


@contextmanager
def server(home: Path) -> Iterator[int]:
    """A server, and its port."""
    command = [BIN / "tcpchat-server", "--listen", "127.0.0.1:0", "--data", home / "log"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline().rpartition(":")[2])
        process.terminate()


def talk() -> None:
    """What is seen in the picture."""
    for name, nick in {"weechat": "wendy", "irssi": "irma", "tcpchat-client": "carl", "telnet": "terry"}.items():
        wait_for("nc", f"{nick} joined") if name in {"weechat", "irssi", "tcpchat-client"} else wait_for("nc", nick)
    said = {
        "nc": "the build is red again",
        "irssi": "on it: the disk of the runner is full",
        "weechat": "日本語も大丈夫ですか",
        "tcpchat-client": "もちろん ✓",
        "telnet": "/me cleans up /tmp",
    }
    for name, line in said.items():
        type_in(name, line)
        wait_for("nc", line.removeprefix("/me "))
    type_in("nc", "/nick annabel")
    for name in said:
        wait_for(name, "annabel")


def picture(names: list[str]) -> str:
    """All terminals in one SVG, two beside each other."""
    parts, width, height = [], 0.0, 0.0
    for number, name in enumerate(names):
        console = Console(record=True, width=COLUMNS, height=ROWS, file=StringIO())
        shown = screen(name).rstrip("\n")
        console.print(Text.from_ansi(shown + "\n " * (ROWS - 1 - shown.count("\n"))))
        svg = console.export_svg(title=name, unique_id=f"t{number}")
        box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
        assert box is not None
        width, height = max(width, float(box[1])), max(height, float(box[2]))
        parts.append(svg)
    rows = (len(names) + 1) // 2
    placed = [
        part.replace(
            "<svg ", f'<svg x="{number % 2 * width}" y="{number // 2 * height}" width="{width}" height="{height}" ', 1
        )
        for number, part in enumerate(parts)
    ]
    size = f"0 0 {2 * width} {rows * height}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}">\n{"".join(placed)}\n</svg>\n'


def main() -> None:
    """Start everything, let them talk, take the picture."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        with server(home) as port, terminals(home, port):
            talk()
            target = Path(__file__).parent / "lobby.svg"
            target.write_text(picture(["nc", "tcpchat-client", "irssi", "weechat", "telnet", "a program"]))


if __name__ == "__main__":
    main()
