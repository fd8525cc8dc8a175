"""The benchmark of the terminal client runs, and counts what is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def test_it_measures_everything(tmp_path: Path) -> None:
    """Whether this machine is fast enough just now is no question for a test."""
    file = tmp_path / "figures.json"
    command = [sys.executable, str(BENCH / "client.py"), "--quick", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    found = {bar["what"]: bar["found"] for bar in json.loads(file.read_text())}
    assert (found["of 2,000 messages lost"], found["shown twice, or out of order"]) == (0, 0)
    assert all(found[what] > 0 for what in found if what.startswith(("start", "memory", "echo", "from")))
    assert [
        line for line in done.stdout.splitlines() if line.startswith("echo of a key, p95, while 200 messages/s come")
    ]


def test_it_measures_the_full_screen(tmp_path: Path) -> None:
    pytest.importorskip("textual")
    file = tmp_path / "figures.json"
    command = [sys.executable, str(BENCH / "screen.py"), "--quick", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    bars = json.loads(file.read_text())
    assert len(bars) == 6
    assert all(bar["found"] > 0 for bar in bars)
