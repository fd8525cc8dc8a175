"""A server for each file of tests, and tcpchat-client in pipes and at terminals, as a user called ann starts it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.faked import Faked
from tests.cli.screen import CLIENT, SECONDS, Peer, Screen, Start, serving


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server listens."""
    with serving(0) as port:
        yield port


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """What is kept of a user called ann, who was here before."""
    settings = tmp_path / ".config" / "tcpchat" / "client.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('nick = "ann"\n')
    return settings


@pytest.fixture
def environment(tmp_path: Path, settings: Path) -> dict[str, str]:
    """That of this user."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "PYTHONPATH", "COVERAGE_PROCESS_START", "TCPCHAT_AS_ROOT"}
    }
    home = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(settings.parents[1]),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    return {**kept, **home, "USER": "ann", "TERM": "xterm", "LC_ALL": "C.UTF-8"}


@pytest.fixture
def run(port: int, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """The client, run with pipes until it ends."""

    def run(*options: str, given: bytes = b"", **more: Any) -> subprocess.CompletedProcess[bytes]:
        streams = {"input": given, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        if "stdin" in more:
            del streams["input"]
        command = [*CLIENT, f"127.0.0.1:{port}", *options]
        return subprocess.run(command, env=environment, timeout=SECONDS, check=False, **streams)

    return run


@pytest.fixture
def bob(port: int) -> Iterator[Peer]:
    """Bob, in the lobby."""
    peer = Peer(port, "bob")
    yield peer
    peer.close()


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Start a command at a terminal."""
    screens = []

    def start(*command: str, **more: str) -> Screen:
        screens.append(Screen([*command], {**environment, **more}))
        return screens[-1]

    yield start
    for screen in screens:
        screen.child.close(force=True)


@pytest.fixture
def terminal(port: int, start: Start) -> Start:
    """Start the client at a terminal, in the lobby."""
    return lambda *options: start(*CLIENT, f"127.0.0.1:{port}", *options)


@pytest.fixture
def faked(start: Start) -> Iterator[tuple[Faked, Screen]]:
    """A faked server, and the client at its prompt."""
    server = Faked()
    screen = start(*CLIENT, server.address)
    server.until("history")
    screen.until("ann #lobby>")
    yield server, screen
    server.close()
