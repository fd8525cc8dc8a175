"""L5: however the client ends or stops, the terminal is left as it was found."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.screen import CLIENT, IS_IN, Peer, Screen, Start

PROMPT = "ann #lobby>"
SHELL = "shell>"
MODES = f"stty -a; {sys.executable} -c 'import os; print([os.get_blocking(fd) for fd in (0, 1, 2)])'"
"""Prints how the terminal is set, and whether reading from it and writing to it waits."""

FAULTY = """
from tcpchat.cli.client import main
from {module} import {name}

def fail(*_):
    raise RuntimeError("a fault of ours")

{name}.{method} = fail
main(prog_name="tcpchat-client")
"""
"""The client with a fault in it, that shows when the method is called."""


class Fault(NamedTuple):
    """The method that fails; whether that is when one comes in, or when one types; with which options."""

    module: str
    name: str
    method: str
    early: bool = False
    options: tuple[str, ...] = ("",)


FAULTS = {
    "a line is typed": Fault("tcpchat.cli.talk", "Talk", "typed", options=("", "--plain")),
    "something is heard": Fault("tcpchat.client.view", "View", "note", early=True, options=("", "--plain")),
    "a key is pressed": Fault("tcpchat.cli.editor", "Editor", "_complete"),
    "something is shown": Fault("tcpchat.cli.terminal", "Terminal", "_batch", early=True),
}


class Shell:
    """A shell with job control at a terminal, as one starts the client from it."""

    def __init__(self, start: Start, home: Path, command: list[str]) -> None:
        (home / "inputrc").write_text("set enable-bracketed-paste off\n")  # the client's own doing is looked at
        self.screen = start("bash", "--norc", "-i", PS1=f"{SHELL} ", HISTFILE="", INPUTRC=str(home / "inputrc"))
        self._home = home
        self._done = 0
        (home / "client").write_text(f'#!/bin/sh\necho $$ >pid\nexec {" ".join(command)} "$@"\n')
        (home / "client").chmod(0o755)
        (home / "modes").write_text(f"({MODES}) >found\n")
        self.screen.until(SHELL)
        self.begin(f"cd {home}")
        self.ended()

    def begin(self, line: str) -> None:
        """Type a command."""
        self._done += 1
        self.screen.type(f"{line}; echo done-{self._done}-$?\r")

    def ended(self) -> int:
        """Until the shell asks for another command. :returns: what the last one ended with."""
        done = rf".*done-{self._done}-(\d+)"  # behind the ^C that the terminal itself shows
        self.screen.until(done, SHELL)
        return next(int(found[1]) for row in self.screen.rows if (found := re.fullmatch(done, row)))

    def modes(self) -> str:
        """How the terminal is set."""
        self.begin("sh modes")
        assert self.ended() == 0
        return (self._home / "found").read_text()

    def kill(self, number: int) -> None:
        """Send the client a signal."""
        os.kill(int((self._home / "pid").read_text()), number)


@pytest.fixture
def shell(start: Start, tmp_path: Path, port: int) -> Shell:
    """A shell in which ``./client`` starts the client."""
    return Shell(start, tmp_path, [*CLIENT, f"127.0.0.1:{port}"])


@pytest.mark.parametrize(
    ("options", "keys", "code"),
    [
        ("", "\x04", 0), ("", "half\x03\x03", 0), ("", "/quit\r", 0), ("", "half\x1a", 148),
        ("--plain", "\x04", 0), ("--plain", "\x03", 130), ("--plain", "/quit\r", 0), ("--plain", "\x1a", 147),
    ],
    ids=lambda one: repr(one),
)  # fmt: skip
def test_l5_the_terminal_is_as_before(shell: Shell, options: str, keys: str, code: int) -> None:
    before = shell.modes()
    assert "[True, True, True]" in before
    shell.begin(f"./client {options}")
    shell.screen.until(IS_IN, *([] if options else [PROMPT]))
    shell.screen.type(keys)
    assert shell.ended() == code
    assert shell.modes() == before
    assert b"Traceback" not in shell.screen.raw
    assert_nothing_left_on(shell.screen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda one: one.name)
def test_l5_a_signal_leaves_the_terminal_as_before(shell: Shell, number: signal.Signals) -> None:
    before = shell.modes()
    shell.begin("./client")
    shell.screen.until(IS_IN, PROMPT)
    shell.screen.type("half")
    shell.screen.until(f"{PROMPT} half")
    shell.kill(number)
    assert shell.ended() == 128 + number
    assert shell.modes() == before
    assert b"Traceback" not in shell.screen.raw
    assert_nothing_left_on(shell.screen)


@pytest.mark.parametrize("options", ["", "--plain"])
def test_l5_after_a_kill_the_shell_has_its_terminal(shell: Shell, options: str) -> None:
    """Who is killed puts nothing right. The shell does what it knows of, and there is nothing else."""
    before = shell.modes()
    shell.begin(f"./client {options}")
    shell.screen.until(IS_IN, *([] if options else [PROMPT]))
    shell.kill(signal.SIGKILL)
    assert shell.ended() == 128 + signal.SIGKILL
    assert shell.modes() == before


@pytest.mark.parametrize(
    ("what", "options"), [(what, options) for what, fault in FAULTS.items() for options in fault.options]
)
def test_l5_a_fault_of_ours_leaves_the_terminal_as_before(
    start: Start, tmp_path: Path, port: int, bob: Peer, what: str, options: str
) -> None:
    fault = FAULTS[what]
    (tmp_path / "faulty.py").write_text(FAULTY.format(**fault._asdict()))
    shell = Shell(start, tmp_path, [sys.executable, str(tmp_path / "faulty.py"), f"127.0.0.1:{port}"])
    before = shell.modes()
    shell.begin(f"./client {options}")
    if not fault.early:
        shell.screen.until(IS_IN, *([] if options else [PROMPT]))
    shell.screen.type("anything\r" if options else "\tanything\r")
    assert shell.ended() == 1
    assert shell.modes() == before
    assert b"a fault of ours" in shell.screen.raw
    assert_nothing_left_on(shell.screen)


def test_l5_ctrl_c_takes_away_what_is_typed(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until(IS_IN, PROMPT)
    screen.type("never mind")
    screen.until(f"{PROMPT} never mind")
    screen.type("\x03")
    screen.until(PROMPT)
    screen.type("this\r")
    assert bob.hear(by="ann")["text"] == "this"


def test_l5_what_is_typed_is_there_after_ctrl_z(shell: Shell, bob: Peer) -> None:
    before = shell.modes()
    screen = shell.screen
    shell.begin("./client")
    screen.until(IS_IN, PROMPT)
    for keys, typed in (("half ", "half"), ("typed", "half typed")):
        screen.type(keys)
        screen.until(f"{PROMPT} {typed}")
        screen.type("\x1a")
        assert shell.ended() == 128 + signal.SIGTSTP
        assert shell.modes() == before
        bob.say(f"before {typed}")
        assert_nothing_left_on(screen)
        shell.begin("fg")
        screen.until(f".*<bob> before {typed}", f"{PROMPT} {typed}")
    screen.type("\r")
    assert bob.hear(by="ann")["text"] == "half typed"


def assert_nothing_left_on(screen: Screen) -> None:
    """The last word about each mode of the terminal that we switch is that it is as in the beginning."""
    for mode, at_first in ((rb"\?2004", b"l"), (rb"\?25", b"h"), (rb"\?1049", b"l"), (rb"\?100[0236]", b"l")):
        words = re.findall(rb"\x1b\[%b([hl])" % mode, screen.raw)
        assert words[-1:] in ([], [at_first]), mode
