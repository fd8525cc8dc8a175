"""L12: the same on both event loops; and aioconsole is what the line client reads with, and nobody else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tcpchat
from tests.cli.screen import IS_IN, Peer, Start

SOURCE = Path(tcpchat.__file__).parent
READING = "cli/streams.py"
"""The one file that asks aioconsole for anything."""

UVLOOP = """
import asyncio

import uvloop

from tcpchat.cli.client import main

asyncio.run = uvloop.run
main(prog_name="tcpchat-client")
"""

SAYING = """
import atexit, sys

from tcpchat.cli.client import main

atexit.register(lambda: print("read by", *{"aioconsole"} & set(sys.modules)))
main(prog_name="tcpchat-client")
"""


@pytest.fixture
def on_uvloop(tmp_path: Path) -> list[str]:
    """The client, on the loop that it does not choose itself: to load that costs more than it gains."""
    pytest.importorskip("uvloop")
    (tmp_path / "client.py").write_text(UVLOOP)
    return [sys.executable, str(tmp_path / "client.py")]


@pytest.mark.parametrize("options", [[], ["--plain"]], ids=["drawn", "plain"])
def test_l12_it_runs_on_uvloop(start: Start, port: int, bob: Peer, on_uvloop: list[str], options: list[str]) -> None:
    screen = start(*on_uvloop, f"127.0.0.1:{port}", *options)
    screen.until(IS_IN, *([] if options else ["ann #lobby>"]))
    bob.say_all([f"line {number}" for number in range(500)])
    screen.type("half typed" if not options else "")
    screen.until(".*<bob> line 499", *([] if options else ["ann #lobby> half typed"]))
    screen.type("\r" if not options else "half typed\n")
    assert bob.hear(by="ann")["text"] == "half typed"
    screen.type("\x04")
    assert screen.ended() == 0
    assert b"Traceback" not in screen.raw


def test_l12_only_the_line_client_reads_by_aioconsole() -> None:
    importing = {file.relative_to(SOURCE).as_posix() for file in SOURCE.rglob("*.py") if "aioconsole" in imported(file)}
    assert importing == {READING}


def test_l12_a_server_loads_neither_it_nor_prompt_toolkit() -> None:
    """Not even by way of something else: aioconsole is under the GPL."""
    loaded = "import tcpchat.cli.server, tcpchat.server.app, sys; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert {"tcpchat.server.app", "asyncio"} <= set(modules)
    assert not {"aioconsole", "prompt_toolkit"} & set(modules)


@pytest.mark.parametrize(
    ("redirected", "options"), [("", ""), ("", "--plain"), ("</dev/null", "")], ids=["drawn", "plain", "no terminal"]
)
def test_l12_every_mode_reads_by_it(start: Start, port: int, tmp_path: Path, redirected: str, options: str) -> None:
    (tmp_path / "client.py").write_text(SAYING)
    screen = start("sh", "-c", f"{sys.executable} {tmp_path}/client.py 127.0.0.1:{port} {options} {redirected}")
    if not redirected:
        screen.until(IS_IN, *([] if options else ["ann #lobby>"]))
        screen.type("\x04")
    assert screen.ended() == 0
    assert b"read by aioconsole" in screen.raw


def imported(file: Path) -> set[str]:
    """The packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found
