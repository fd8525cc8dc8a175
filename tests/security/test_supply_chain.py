"""What is installed is what was looked at: every dependency is locked, with hashes. Row 69."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.threat(69)

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"


def wanted(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = project["dependencies"] + [one for extra in extras for one in project["optional-dependencies"][extra]]
    return [Requirement(one) for one in asked]


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Each package with its version and how many hashes it has."""
    text = (LOCKS / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = {}
    for line in lines:
        package = re.match(r"([\w.-]+)==([\w.!+]+)", line)
        assert package, f"{name}: {line[:80]} is no exact version"
        found[canonicalize_name(package[1])] = package[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line))
    return found


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        ("server.txt", wanted()),
        ("dev.txt", [*wanted("dev"), Requirement("setuptools>=69")]),
        ("tools.txt", [Requirement("pip-audit"), Requirement("uv")]),
    ],
)
def test_a_lock_has_all_that_is_asked_for_with_hashes(lock: str, asked: list[Requirement]) -> None:
    there = locked(lock)
    for requirement in asked:
        name = canonicalize_name(requirement.name)
        assert name in there, f"{name} is not locked: make lock"
        assert requirement.specifier.contains(there[name][0]), f"{name} {there[name][0]} is not allowed: make lock"
    assert [name for name, (_, hashes) in there.items() if not hashes] == []


def test_what_the_developers_have_is_what_the_server_runs_with() -> None:
    server, dev = locked("server.txt"), locked("dev.txt")
    assert {name: dev.get(name) for name in server} == server


@pytest.mark.parametrize("lock", ["server.txt", "dev.txt", "tools.txt"])
def test_a_lock_names_no_place_to_get_things_from(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", (LOCKS / lock).read_text())


@pytest.mark.parametrize(
    ("complaint", "code", "said", "installed"),
    [
        ("", 0, "", ["--require-hashes", "--no-deps"]),
        ("No matching distribution found for uvloop", 0, "UNCHECKED", ["--require-hashes", ".[dev]"]),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", 1, "nothing is installed", ["--require-hashes"]),
    ],
)
def test_what_is_set_up_is_checked(tmp_path: Path, complaint: str, code: int, said: str, installed: list[str]) -> None:
    """The Python that is given notes what it is to install; the first time it may complain."""
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\necho "$@" >>calls\n'
        f'case "$*" in *require-hashes*) test -z "{complaint}" || {{ echo "{complaint}" >&2; exit 1; }};; esac\n'
    )
    python.chmod(0o755)
    script = ["sh", str(LOCKS / "install.sh"), str(python)]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert (done.returncode, said in done.stderr, complaint in done.stderr) == (code, True, True)
    assert [what in call for what, call in zip(installed, calls, strict=True)] == [True] * len(calls)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 packages were looked up; 0 have"),
        ([{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}], 1, "a 1: X-1, mended in 2"),
        ([{"name": "a", "skip_reason": "nobody"}], 0, "*** NOT AUDITED: 1 of 1 packages"),
        (None, 0, "*** NOT AUDITED: all packages"),
    ],
)
def test_what_is_weak_is_named_and_what_is_unknown_is_said_loudly(
    tmp_path: Path, answer: list[object] | None, code: int, words: str
) -> None:
    program = tmp_path / "pip-audit"
    program.write_text(
        f"#!/bin/sh\necho '{'no network' if answer is None else json.dumps({'dependencies': answer})}'\n"
    )
    program.chmod(0o755)
    done = subprocess.run(
        [sys.executable, str(LOCKS / "audit.py"), str(program), "lock"], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, words in done.stdout + done.stderr) == (code, True), done
