"""Two files of results side by side; counts that repeat."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"
MACHINE = {"tcpchat": "1", "python": "3.11", "system": "Linux", "cpus": 2}


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCH / script), *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def results(file: Path, **parts: Any) -> Path:
    file.write_text(json.dumps({"machine": MACHINE, "plan": {}, **parts}))
    return file


def rows(output: str) -> dict[str, str]:
    """The lines of the table by the name of their figure, without the spaces."""
    split = [line.split() for line in output.splitlines()]
    return {" ".join(words[:-4]): " ".join(words[-4:]) for words in split if len(words) > 4}


def test_shows_what_is_better_and_what_is_worse(tmp_path: Path) -> None:
    before = results(tmp_path / "a.json", idle={"connects_per_s": 4_000, "kib_per_connection": 8.0})
    after = results(tmp_path / "b.json", idle={"connects_per_s": 6_000, "kib_per_connection": 9.0})
    done = run("compare.py", before, after)
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    assert found["idle connects_per_s"] == "4,000 6,000 +50.0% better"
    assert found["idle kib_per_connection"] == "8 9 +12.5% WORSE"


def test_of_runs_that_are_alike_the_median_counts(tmp_path: Path) -> None:
    runs = [{"window": 1, "p50_ms": p50} for p50 in (1.0, 9.0, 2.0)] + [{"window": 16, "p50_ms": 5.0}]
    before = results(tmp_path / "a.json", fanout={"runs": runs})
    after = results(tmp_path / "b.json", fanout={"runs": runs[:1] * 3 + runs[3:]})
    found = rows(run("compare.py", before, after).stdout)
    assert found["fanout window=1 p50_ms"] == "2 1 -50.0% better"
    assert "fanout window=16 p50_ms 5 5 +0.0%" in " ".join(run("compare.py", before, after).stdout.split())


def test_logs_of_two_sizes_stay_apart(tmp_path: Path) -> None:
    logs = [{"log_messages": 50_000, "start_s": 0.25}, {"log_messages": 1_000_000, "start_s": 0.75}]
    file = results(tmp_path / "a.json", stored=logs)
    told = run("compare.py", file, file).stdout.splitlines()
    starts = [line.split() for line in told if "start_s" in line]
    assert starts == [
        ["stored", "log_messages=50000", "start_s", "0.25", "0.25", "+0.0%"],
        ["stored", "log_messages=1000000", "start_s", "0.75", "0.75", "+0.0%"],
    ]


def test_says_what_cannot_be_compared(tmp_path: Path) -> None:
    before = results(tmp_path / "a.json", idle={"connects_per_s": 4_000})
    after = results(tmp_path / "b.json", plan={"clients": 7}, paced={"p50_ms": 1.0})
    told = run("compare.py", before, after).stdout
    assert "Not the same was done" in told
    assert "only there" in told
    assert "new" in told


@pytest.mark.parametrize("content", [None, "no JSON", "[]", '{"machine": 3}'])
def test_a_file_that_is_no_result_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "bad.json"
    if content is not None:
        file.write_text(content)
    done = run("compare.py", file, file)
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_counts_repeat_and_what_grows_is_named(tmp_path: Path) -> None:
    script = (BENCH / "count.py").read_text()
    (tmp_path / "count.py").write_text(script)  # it keeps its file beside itself
    first = subprocess.run([sys.executable, "count.py", "--renew"], cwd=tmp_path, check=True, timeout=120)
    again = subprocess.run([sys.executable, "count.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert first.returncode == again.returncode == 0, again.stdout
    assert again.stdout.count("+0.0%") + again.stdout.count("-0.0%") == len(again.stdout.splitlines())

    file = tmp_path / "counts.json"
    known = json.loads(file.read_text())
    (version,) = known
    name = next(iter(known[version]))
    known[version][name] /= 1.2
    file.write_text(json.dumps(known))
    grown = subprocess.run([sys.executable, "count.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert grown.returncode == 1
    assert f"TOO MUCH: {name}" in grown.stdout

    known[version][name] *= 1.2 * 1.2
    file.write_text(json.dumps(known))
    less = subprocess.run([sys.executable, "count.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert less.returncode == 0
    assert f"LESS: {name}" in less.stdout
