"""The full screen at a real terminal: taken, given back, and never without one. T7 and T8 of its acceptance tests."""

import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual")
pytest.importorskip("pexpect")
pytest.importorskip("pyte")

if sys.platform == "win32":
    pytest.skip("no pseudo-terminals", allow_module_level=True)

from tests.cli.screen import CLIENT, SECONDS, Peer, Screen, serving
from tests.screen.terminals import environment_of, seen

TAKEN = b"\x1b[?1049h"
GIVEN_BACK = [b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1004l"]

Start = Callable[..., Screen]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server listens."""
    with serving(0) as port:
        yield port


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a user called ann."""
    return environment_of(tmp_path)


@pytest.fixture
def start(port: int, environment: dict[str, str]) -> Iterator[Start]:
    """Start the full screen at a terminal of 80 columns and 24 rows, and wait until it is in the lobby."""
    screens = []

    def start(*options: str, until: str = r".*ann @ \S+ · connected.*", **more: str) -> Screen:
        command = [*CLIENT, f"127.0.0.1:{port}", "--tui", "--nick", "ann", *options]
        screens.append(Screen(command, {**environment, **more}))
        seen(screens[-1], until)
        return screens[-1]

    yield start
    for screen in screens:
        screen.child.close(force=True)


def modes(screen: Screen) -> list[Any]:
    """How the terminal takes what is typed."""
    return termios.tcgetattr(screen.child.child_fd)


def fresh_modes(environment: dict[str, str]) -> list[Any]:
    """How a terminal is that nobody has changed."""
    screen = Screen(["sleep", "60"], environment)
    try:
        return modes(screen)
    finally:
        screen.child.close(force=True)


def test_rooms_messages_and_people_in_their_places(start: Start, port: int) -> None:
    screen = start()
    bob = Peer(port, "bob")
    bob.say("hello ann")
    seen(screen, r".*▌ +bob hello ann")
    screen.type("hi\r")
    seen(screen, r".*\d\d:\d\d +ann hi")
    assert bob.hear(by="ann")["text"] == "hi"
    screen.type("/join #dev\r")
    seen(screen, r"▸ #dev .*")
    bob.say("are you there, ann?")
    seen(screen, r"  #lobby +@1 .*")
    assert len({row.index("│") for row in screen.rows if "│" in row}) == 1
    bob.close()


def test_keys_of_a_terminal_in_one_go(start: Start, port: int) -> None:
    screen = start("--room", "#lobby", "--room", "#dev")
    seen(screen, r"  #dev .*")
    bob = Peer(port, "bob", "#dev")
    screen.type("one\x1b\rtwo\x01zero \x1b2\r")
    assert bob.hear(by="ann")["text"] == "one\nzero two"
    seen(screen, r"▸ #dev .*")
    screen.type("\x1b1")
    seen(screen, r"▸ #lobby .*")
    bob.say("x", "#dev")
    seen(screen, r"  #dev +1 .*")
    screen.type("\x1ba")
    seen(screen, r"▸ #dev .*")
    bob.close()


@pytest.mark.parametrize(
    ("leave", "code"),
    [
        (lambda screen: screen.type("\x04"), 0),
        (lambda screen: screen.type("\x03\x03"), 0),
        (lambda screen: screen.type("\x11"), 0),
        (lambda screen: screen.type("/quit bye\r"), 0),
        (lambda screen: screen.child.kill(signal.SIGTERM), 128 + signal.SIGTERM),
        (lambda screen: screen.child.kill(signal.SIGHUP), 128 + signal.SIGHUP),
        (lambda screen: screen.child.kill(signal.SIGINT), 128 + signal.SIGINT),
    ],
    ids=["Ctrl-D", "Ctrl-C twice", "Ctrl-Q", "quit", "SIGTERM", "SIGHUP", "SIGINT"],
)
def test_the_terminal_is_as_it_was(
    start: Start, environment: dict[str, str], leave: Callable[[Screen], Any], code: int
) -> None:
    screen = start()
    assert TAKEN in screen.raw
    before, found = len(screen.raw), fresh_modes(environment)
    assert modes(screen) != found
    leave(screen)
    screen._read_until(lambda: False, ends=True)
    assert modes(screen) == found
    assert screen.ended() == code
    assert [one for one in GIVEN_BACK if one not in screen.raw[before:]] == []


def test_a_fault_gives_the_terminal_back_and_shows_no_variable(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAULTY)
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    screen = start(PYTHONPATH=path)
    before, found = len(screen.raw), fresh_modes(environment)
    screen.type("\x1b[15~")
    screen._read_until(lambda: False, ends=True)
    assert modes(screen) == found
    assert screen.ended() == 1
    end = screen.raw[before:]
    assert [one for one in GIVEN_BACK if one not in end] == []
    assert b"a fault" in end
    assert b"hunter2" not in end


FAULTY = """
import sys
from importlib import abc, util

class Finder(abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "tcpchat.cli.screen.app":
            return None
        sys.meta_path.remove(self)
        spec = util.find_spec(name)
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            def fail(app):
                password = "hunter2"
                raise ValueError("a fault")
            module.KEYS["f5"] = (fail,)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""


def test_a_terminal_that_is_gone_ends_it(start: Start, port: int) -> None:
    screen = start()
    screen.child.ptyproc.fileobj.close()
    deadline = time.monotonic() + SECONDS
    while os.waitpid(screen.child.pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < deadline, "it goes on without a terminal"
        time.sleep(0.05)
    screen.child.closed = True
    screen.child.ptyproc.closed = screen.child.ptyproc.terminated = True


def test_a_terminal_that_nobody_reads_does_not_stop_the_chat(start: Start, port: int) -> None:
    screen = start()
    bob = Peer(port, "bob")
    for number in range(2_000):
        bob.say(f"line {number} {'x' * 60}")
    screen.type("still here\r")
    while bob.hear(by="ann")["text"] != "still here":
        pass
    seen(screen, r".*ann still here")
    bob.close()


def test_stopped_and_on_again(start: Start) -> None:
    screen = start()
    screen.type("half")
    seen(screen, ".*› half.*")
    before = len(screen.raw)
    screen.type("\x1a")
    screen._read_until(lambda: screen.raw[before:].count(GIVEN_BACK[0]) == 1)
    _until(lambda: _state(screen.child.pid) == "T")
    os.kill(screen.child.pid, signal.SIGCONT)
    screen._read_until(lambda: screen.raw[before:].count(TAKEN) == 1)
    seen(screen, ".*› half.*")
    screen.type(" typed\r")
    seen(screen, r".*\d\d:\d\d +ann half typed")


def test_f6_gives_the_mouse_to_the_terminal_and_takes_it(start: Start) -> None:
    screen = start()
    assert b"\x1b[?1000h" in screen.raw
    before = len(screen.raw)
    screen.type("\x1b[17~")
    seen(screen, ".*F6 takes it.*")
    assert b"\x1b[?1000l" in screen.raw[before:]
    before = len(screen.raw)
    screen.type("\x1b[17~")
    seen(screen, ".*F6 gives it back.*")
    assert b"\x1b[?1000h" in screen.raw[before:]


def test_the_mouse_is_left_alone_if_the_settings_say_so(start: Start, environment: dict[str, str]) -> None:
    settings = Path(environment["XDG_CONFIG_HOME"]) / "tcpchat" / "client.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("mouse = false\n")
    screen = start()
    assert b"\x1b[?1000h" not in screen.raw
    screen.type("\x1b[17~")
    seen(screen, ".*F6 gives it back.*")
    assert b"\x1b[?1000h" in screen.raw


def test_without_colours_there_is_none_and_a_mention_is_marked(start: Start, port: int) -> None:
    screen = start(NO_COLOR="1")
    bob = Peer(port, "bob")
    bob.say("ann: look ❤️")
    seen(screen, r".*▌ +bob ann: look.*")
    codes = {int(one) for found in re.findall(rb"\x1b\[([\d;]*)m", screen.raw) for one in found.split(b";") if one}
    assert not codes & {*range(30, 49), *range(90, 108)} - {39, 49}
    bob.close()


def test_what_is_no_utf_8_ends_nothing(start: Start) -> None:
    screen = start()
    screen.child.send(b"caf\xe9 \xff")
    seen(screen, ".*› caf.*")
    screen.type("\x15ok\r")
    seen(screen, r".*\d\d:\d\d +ann ok")


def test_a_password_is_asked_for_and_neither_shown_nor_kept(start: Start, environment: dict[str, str]) -> None:
    screen = start()
    screen.type("/register\r")
    seen(screen, ".*[Pp]assword:.*")
    screen.type("correct horse battery\r")
    seen(screen, ".*Once more:.*")
    screen.type("something else\r")
    seen(screen, ".*not the same.*")
    assert b"horse" not in screen.raw
    kept = list(Path(environment["XDG_STATE_HOME"]).rglob("history"))
    assert not any(b"horse" in file.read_bytes() for file in kept)


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_can_only_print_gets_lines(start: Start, term: str) -> None:
    screen = start(until=r"-- .*", TERM=term)
    screen.type("hello\r")
    seen(screen, r"\d\d:\d\d #lobby <ann> hello")
    screen.type("\x04")
    assert screen.ended() == 0
    assert b"\x1b" not in screen.raw


def test_a_pipe_gets_lines(port: int, environment: dict[str, str]) -> None:
    command = [*CLIENT, f"127.0.0.1:{port}", "--tui", "--nick", "ann"]
    run = subprocess.run(command, input=b"hello\n", env=environment, capture_output=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stderr
    assert b"\x1b" not in run.stdout + run.stderr


def test_without_textual_it_is_said_what_to_do(port: int, environment: dict[str, str], tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['textual'] = None; sys.argv[0] = 'tcpchat-client'\n"
    hidden += "from tcpchat.cli.client import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", hidden, "--tui"], env=environment, capture_output=True, timeout=SECONDS, check=False
    )
    assert run.returncode == 78
    assert b"pip install 'tcpchat[tui]'" in run.stderr
    assert b"Traceback" not in run.stderr


def _state(pid: int) -> str:
    """Of a process: T, if it is stopped."""
    out = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return out.stdout.strip()[:1]


def _until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)
