"""L11: from an empty home directory to the first message in 30 keystrokes. bench/client.py measures the seconds."""

from pathlib import Path

import pytest

from tests.cli.screen import CLIENT, IS_IN, Peer, Screen, Start

MOST_KEYS = 30
SHELL = "shell>"


class Fingers:
    """Somebody at a keyboard, whose keystrokes are counted."""

    def __init__(self, screen: Screen) -> None:
        self.keys = 0
        self._screen = screen

    def type(self, text: str) -> None:
        """Type a line, and Enter."""
        self.keys += len(text) + 1
        self._screen.type(f"{text}\r")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Nothing is kept: a new user."""
    return tmp_path / ".config" / "tcpchat" / "client.toml"


@pytest.fixture
def shell(start: Start, environment: dict[str, str], tmp_path: Path, port: int) -> Screen:
    """A shell in an empty home directory. ``tcpchat-client`` finds its server there as if that had the usual port."""
    home, commands = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    commands.mkdir()
    (commands / "tcpchat-client").write_text(f'#!/bin/sh\nexec {" ".join(CLIENT)} 127.0.0.1:{port} "$@"\n')
    (commands / "tcpchat-client").chmod(0o755)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        del environment[name]
    environment |= {"HOME": str(home), "PATH": f"{commands}:{environment['PATH']}", "PS1": f"{SHELL} "}
    screen = start("bash", "--norc", "-i", HISTFILE="")
    screen.until(SHELL)
    return screen


def test_l11_the_first_message_takes_30_keystrokes(shell: Screen, bob: Peer) -> None:
    fingers = Fingers(shell)
    fingers.type("tcpchat-client")
    shell.until(r"name \[ann\]:")
    fingers.type("alice")
    shell.until(IS_IN, "alice #lobby>")
    fingers.type("hello")
    assert bob.hear(by="alice")["text"] == "hello"
    assert fingers.keys <= MOST_KEYS
    shell.until(r"\d\d:\d\d <alice> hello", "alice #lobby>")


def test_l11_one_is_asked_once(shell: Screen) -> None:
    shell.type("tcpchat-client\r")
    shell.until(r"name \[ann\]:")
    shell.type("\r")
    shell.until(IS_IN, "ann #lobby>")
    shell.type("\x04")
    shell.until(SHELL)
    before = len(shell.raw)
    shell.type("clear; tcpchat-client\r")
    shell.until(IS_IN, "ann #lobby>")
    assert "name" not in shell.raw[before:].decode()


def test_l11_what_is_typed_too_early_is_not_lost(shell: Screen, bob: Peer) -> None:
    shell.type("tcpchat-client --nick ann\rhello\rhow are you?\r")
    assert [bob.hear(by="ann")["text"] for _ in range(2)] == ["hello", "how are you?"]
    shell.until(r".*<ann> hello", r".*<ann> how are you\?", "ann #lobby>")
