"""``tcpchat-server account``, as operators use it: with a server that runs, and with none."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcpchat.model.errors import EX_CANTCREAT, EX_CONFIG, EX_DATAERR, EX_USAGE
from tests.cli.test_server import running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such sockets")

PASSWORD = "correct-horse-battery"


def account(data: Path, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tcpchat.server", "account", *arguments, "--data", str(data)]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=30)
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    return done


@pytest.fixture(params=["a server runs", "none does"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "none does":
        assert account(tmp_path, "add", "root-of-all", typed=PASSWORD).returncode == 0  # makes the log
        yield tmp_path
        return
    with running("--data", str(tmp_path)):
        yield tmp_path


def logged_in(data: Path, name: str, password: str) -> str:
    """What comes of a log-in: the account, or the code of the refusal."""
    with running("--data", str(data)) as (_, port), socket.create_connection(("127.0.0.1", port), 20) as link:
        link.sendall(json.dumps({"do": "log_in", "account": name, "password": password, "id": 1}).encode() + b"\n")
        with link.makefile(encoding="utf-8") as lines:
            _, answer = lines.readline(), json.loads(lines.readline())
    return str(answer.get("account") or answer.get("code"))


def test_accounts_are_made_listed_suspended_released_and_dropped(data: Path) -> None:
    assert account(data, "add", "ann", typed=f"{PASSWORD}\n").returncode == 0
    assert account(data, "add", "bob", typed=f"{PASSWORD}\n").returncode == 0
    assert account(data, "suspend", "bob", "--reason", "spam", "--until", "2999-01-01").returncode == 0
    assert "bob" in (listed := account(data, "list").stdout)
    assert "suspended until 2999-01-01 00:00: spam" in listed
    assert account(data, "release", "bob").returncode == 0
    assert "spam" not in account(data, "list").stdout
    assert account(data, "drop", "bob", "--yes").returncode == 0
    assert account(data, "passwd", "ann", typed="another-password").returncode == 0
    again = account(data, "add", "bob", typed=PASSWORD)
    assert (again.returncode, "already" in again.stderr) == (EX_DATAERR, True)


def test_what_was_done_holds_after_the_next_start(tmp_path: Path) -> None:
    assert account(tmp_path, "add", "ann", typed=PASSWORD).returncode == 0
    assert logged_in(tmp_path, "ann", PASSWORD) == "ann"
    assert account(tmp_path, "passwd", "ann", typed="another-password").returncode == 0
    assert logged_in(tmp_path, "ann", PASSWORD) == "wrong_password"
    assert account(tmp_path, "suspend", "ann").returncode == 0
    assert logged_in(tmp_path, "ann", "another-password") == "suspended"


def test_an_invitation_is_a_line_of_its_own(data: Path) -> None:
    done = account(data, "invite", "--uses", "3", "--days", "2")
    assert done.returncode == 0
    assert len(done.stdout.strip()) == 32
    assert "3 times" in done.stderr
    assert account(data, "invite", "--uses", "0").returncode == EX_DATAERR
    assert account(data, "invite", "--uses", "x").returncode == EX_USAGE


def test_an_account_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)):
        for action in ("passwd", "suspend", "release", "drop"):
            done = account(tmp_path, action, "nobody", *(["--yes"] if action == "drop" else []), typed=PASSWORD)
            assert (done.returncode, done.stderr) == (EX_DATAERR, "tcpchat-server: There is no account nobody.\n")


def test_a_password_that_is_guessed_first_is_refused(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)):
        for password in ("", "short", "Sunshine1", "annika"):
            assert account(tmp_path, "add", "annika", typed=f"{password}\n").returncode == EX_DATAERR
        assert account(tmp_path, "list").stdout == ""


def test_where_there_is_no_log_none_is_made_by_asking(tmp_path: Path) -> None:
    done = account(tmp_path / "none", "list")
    assert done.returncode == EX_CONFIG
    assert "--data DIR" in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = account(tmp_path / "file" / "data", "add", "ann", typed=PASSWORD)
    assert done.returncode == EX_CANTCREAT
    assert "file" in done.stderr


@pytest.mark.threat(61)
def test_the_socket_is_its_owners_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, _):
        assert stat.S_IMODE(os.stat(tmp_path / "admin.sock").st_mode) == 0o600
        process.terminate()
        process.wait(timeout=20)
    assert not (tmp_path / "admin.sock").exists()


def test_a_socket_that_was_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, _):
        process.kill()
        process.wait(timeout=20)
        assert (tmp_path / "admin.sock").exists()
    assert account(tmp_path, "add", "ann", typed=PASSWORD).returncode == 0
    with running("--data", str(tmp_path)):
        assert "ann" in account(tmp_path, "list").stdout
