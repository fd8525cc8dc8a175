"""What others on the machine may do: read secrets or what was said, or become root through the server. Row 61."""

import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tcpchat.cli import server as command
from tcpchat.config import BadSetting, load
from tcpchat.model.errors import CannotStart
from tcpchat.model.private import check_private
from tests.cli.test_server import refused, running

pytestmark = [pytest.mark.skipif(os.name == "nt", reason="POSIX permissions"), pytest.mark.threat(61)]

SECRETS = ['password = "hunter2"', '[operators.ann]\npassword = "hunter2"', "[operators]\nbob.password = 'hunter2'"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def file_with(tmp_path: Path, text: str, mode: int) -> Path:
    file = tmp_path / "chat.toml"
    file.write_text(text)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o601])
@pytest.mark.parametrize("secrets", SECRETS)
def test_a_configuration_with_secrets_that_others_can_touch_is_refused(tmp_path: Path, secrets: str, mode: int) -> None:
    file = file_with(tmp_path, secrets, mode)
    with pytest.raises(BadSetting, match=rf"chmod 600 {file}") as refusal:
        load(file)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("secrets", SECRETS)
def test_a_configuration_that_only_its_owner_can_read_is_taken(tmp_path: Path, secrets: str) -> None:
    assert load(file_with(tmp_path, secrets, 0o600))
    assert load(file_with(tmp_path, secrets, 0o400))


def test_a_configuration_without_secrets_may_be_read_by_all(tmp_path: Path) -> None:
    assert load(file_with(tmp_path, 'password = ""\nnetwork = "TeaNet"', 0o644)).network == "TeaNet"


def test_the_command_says_what_to_type(tmp_path: Path) -> None:
    code, words = refused("--config", str(file_with(tmp_path, SECRETS[0], 0o644)), "--no-history")
    assert (code, f"chmod 600 {tmp_path / 'chat.toml'}" in words, "hunter2" in words) == (78, True, False)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = file_with(tmp_path, "key", 0o640)
    with pytest.raises(CannotStart, match="chmod 600"):
        check_private(file)
    file.chmod(0o600)
    check_private(file)


def test_a_log_that_others_could_read_is_its_owners_alone_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for _ in range(2):
        with running("--data", str(data)) as (_, port), socket.create_connection(("127.0.0.1", port)) as ann:
            ann.sendall(b"ann\nhello\n/who\n")
            while b"#lobby: ann" not in ann.recv(1 << 16):
                pass
            names = [data / name for name in os.listdir(data)]
            assert {file.name for file in names} >= {"chat.db", "chat.lock"}
            assert [mode(data), *map(mode, names)] == [0o700] + [0o600] * len(names)
        data.chmod(0o775)
        for name in names:
            if name.exists():
                name.chmod(0o666)


def test_a_directory_that_is_used_for_other_things_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Ann")
    tmp_path.chmod(0o755)
    with running("--data", str(tmp_path)):
        assert (mode(tmp_path), mode(tmp_path / "letter")) == (0o755, 0o644)
        assert mode(tmp_path / "chat.db") == 0o600


def test_a_directory_in_which_others_can_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Ann")
    tmp_path.chmod(0o777)
    code, words = refused("--listen", "127.0.0.1:0", "--data", str(tmp_path))
    assert (code, f"chmod go-w {tmp_path}" in words) == (77, True), words


def test_root_is_refused_unless_that_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(command, "_run", lambda config, load: started.append(config))
    monkeypatch.delenv("TCPCHAT_AS_ROOT", raising=False)
    result = CliRunner().invoke(command.main, ["--no-history"])
    assert (result.exit_code, started) == (77, [])
    assert all(words in result.output for words in ("This is root", "useradd", "--as-root"))
    for options in (["--as-root"], ["--set", "as_root=true"]):
        assert CliRunner().invoke(command.main, ["--no-history", *options]).exit_code == 0
    assert len(started) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be root")
def test_a_process_of_roots_says_so_or_does_not_start() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TCPCHAT_AS_ROOT"}
    start = [sys.executable, "-m", "tcpchat.server", "--no-history", "--listen", "127.0.0.1:0"]
    done = subprocess.run(start, env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, "--as-root" in done.stderr) == (77, "", True)
    with subprocess.Popen([*start, "--as-root"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("it runs as root" in line for line in iter(process.stdout.readline, "Ctrl-C stops it.\n"))
        process.kill()


def test_the_tools_may_be_used_by_root(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TCPCHAT_AS_ROOT"}
    with running("--data", str(tmp_path / "data")) as (process, _):
        process.terminate()
        process.wait(timeout=10)
    verify = [sys.executable, "-m", "tcpchat.server", "log", "verify", "--data", str(tmp_path / "data")]
    assert subprocess.run(verify, env=environment, capture_output=True, timeout=30).returncode == 0


def test_no_key_and_no_secret_lies_in_the_repository() -> None:
    root = Path(__file__).parents[2]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, timeout=30)
    if listed.returncode:
        pytest.skip("this is no clone")
    files = [root / name for name in listed.stdout.decode().split("\0") if name]
    assert len(files) > 100
    marks = re.compile(rb"BEGIN [A-Z ]*PRIVATE " + rb"KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pos]_[A-Za-z0-9]{30}")
    assert [file for file in files if file.is_file() and marks.search(file.read_bytes())] == []
