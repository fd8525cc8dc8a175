"""``tcpchat-server log``, as operators use it."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tcpchat.backend.lock import FileLock
from tcpchat.backend.schema import FILE
from tcpchat.backend.store import Writer
from tcpchat.model.errors import EX_CANTCREAT, EX_CONFIG, EX_DATAERR, EX_TEMPFAIL, EX_USAGE
from tcpchat.model.events import Said, Told
from tcpchat.model.records import Append, conversation


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    directory.mkdir()
    with closing(Writer(directory)) as writer:
        writer.write([Append(Said(room="#tea", by="ann", text="two\nlines \x1b[31mred"))])
        writer.write([Append(Said(room="#milk", by="bob", text="elsewhere"))])
        writer.write([Append(Told(to="ann", by="bob", text="psst", talk=conversation("=ann", "=bob")))])
    return directory


def log(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tcpchat.server", "log", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.threat(21)
def test_what_was_said_is_written_as_text_that_is_harmless(data: Path) -> None:
    lines = log("export", "--data", data).stdout.splitlines()
    assert [line[20:] for line in lines] == [
        "#tea <ann> two",
        "#tea <ann> lines [31mred",
        "#milk <bob> elsewhere",
        "bob→ann <bob> psst",
    ]


def test_what_was_said_is_written_for_programs(data: Path) -> None:
    lines = log("export", "--data", data, "--format", "jsonl", "--room", "#TEA").stdout.splitlines()
    (event,) = map(json.loads, lines)
    assert (event["event"], event["room"], event["number"]) == ("said", "#tea", 1)


def test_only_what_was_said_since_then_is_written(data: Path) -> None:
    assert log("export", "--data", data, "--since", "2999-01-01").stdout == ""
    assert log("export", "--data", data, "--since", "2000-01-01T12:00").stdout.count("\n") == 4


def test_what_is_damaged_is_written_as_such_for_programs_too(data: Path) -> None:
    with closing(Writer(data)) as writer:
        writer.db.execute("UPDATE entry SET time = time + 1 WHERE position IN (1, 3)")
    exported = log("export", "--data", data, "--format", "jsonl")
    assert exported.returncode == EX_DATAERR
    assert len(exported.stderr.splitlines()) == 2
    events = [json.loads(line) for line in exported.stdout.splitlines()]
    assert ["damaged" in event["text"] for event in events] == [True, False, True]
    assert [event["event"] for event in events] == ["said", "said", "told"]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_who_reads_no_further_is_no_trouble(data: Path, form: str) -> None:
    with closing(Writer(data)) as writer:
        writer.write([Append(Said(room="#tea", by="ann", text="x" * 400)) for _ in range(2_000)])
    command = [sys.executable, "-m", "tcpchat.server", "log", "export", "--data", str(data), "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0


def test_a_log_is_proven_copied_and_brought_back(data: Path, tmp_path: Path) -> None:
    assert "none is missing" in log("verify", "--data", data).stdout
    assert log("backup", "--data", data, tmp_path / "copy").returncode == 0
    with closing(Writer(data)) as writer:
        writer.db.execute("UPDATE entry SET time = time + 1 WHERE position = 1")
    verified = log("verify", "--data", data)
    assert verified.returncode == EX_DATAERR
    assert "PROBLEM  #tea: entry 1 " in verified.stdout
    exported = log("export", "--data", data)
    assert exported.returncode == EX_DATAERR
    assert "damaged" in exported.stderr
    assert "two" not in exported.stdout
    assert log("restore", "--data", data, tmp_path / "copy").returncode == 0
    assert log("verify", "--data", data).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["export", "--since", "yesterday"], EX_USAGE, "yesterday is no time"),
        (["export", "--format", "xml"], EX_USAGE, "xml"),
        (["export", "--since", "2026-13-01"], EX_USAGE, "2026-13-01 is no time"),
        (["export", "--since", "0001-01-01"], EX_USAGE, "0001-01-01 is no time"),
        (["export", "--room", "#nowhere"], EX_DATAERR, "#nowhere"),
        (["verify", "more"], EX_USAGE, "more"),
        (["verify", "--everything"], EX_USAGE, "--everything"),
        (["restore"], EX_USAGE, "FILE"),
        (["restore", __file__], EX_DATAERR, "not tcpchat's"),
        (["restore", os.devnull], EX_DATAERR, "is empty"),
        (["backup", __file__], EX_CANTCREAT, "is there already"),
        (["backup", "no directory/copy"], EX_CANTCREAT, "no such file or directory"),
        (["restore", "no such file"], EX_DATAERR, "no such file"),
        (["backup"], EX_USAGE, "FILE"),
        (["burn"], EX_USAGE, "burn"),
    ],
)
def test_what_cannot_be_done_is_said(data: Path, arguments: list[str], code: int, words: str) -> None:
    there = [] if arguments[0] == "burn" else ["--data", data]
    done = log(*arguments, *there)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr


@pytest.mark.threat(43)
def test_nothing_is_brought_back_under_a_server_or_from_a_damaged_copy(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert log("backup", "--data", data, copy).returncode == 0
    lock = FileLock(data)
    running = log("restore", "--data", data, copy)
    lock.release()
    assert (running.returncode, f"process {os.getpid()}" in running.stderr) == (EX_TEMPFAIL, True)
    with closing(apsw.Connection(str(copy))) as db:
        db.execute("UPDATE entry SET time = time + 1 WHERE position = 1")
    damaged = log("restore", "--data", data, copy)
    assert (damaged.returncode, "#tea: entry 1 " in damaged.stderr) == (EX_DATAERR, True), damaged.stderr
    assert log("verify", "--data", data).returncode == 0
    assert {path.suffix for path in data.glob(f"{FILE}.*")} == set(), "nothing was moved aside, or left half done"


def test_where_what_was_there_is_now_is_said(data: Path, tmp_path: Path) -> None:
    log("backup", "--data", data, tmp_path / "copy")
    _, line = log("restore", "--data", data, tmp_path / "copy").stdout.splitlines()
    aside = Path(line.removeprefix("What was there before is in ").removesuffix("."))
    assert aside.parent == data
    assert log("restore", "--data", tmp_path / "new", aside).stdout.count("\n") == 1
    assert log("verify", "--data", tmp_path / "new").returncode == 0


def test_without_a_command_they_are_listed() -> None:
    done = log()
    assert done.returncode == EX_USAGE
    assert all(command in done.stdout + done.stderr for command in ("backup", "export", "restore", "verify"))


def test_a_log_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    done = log("verify", "--data", tmp_path)
    assert done.returncode == EX_CONFIG
    assert str(tmp_path / FILE) in done.stderr
