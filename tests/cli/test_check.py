"""``tcpchat-server check``: what is wrong, what is risky, what holds; and it changes nothing."""

import os
import re
import resource
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tcpchat.backend.schema import file_system
from tests.cli.test_server import running

SERVER = [sys.executable, "-m", "tcpchat.server"]


def checked(data: Path, *options: str, **process: object) -> tuple[int, str]:
    """The exit code, and what is said, each thing in one line."""
    command = [*SERVER, "check", "--set", f"data={data}", "--set", "listen=['127.0.0.1:0']", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, **process)  # type: ignore[call-overload]
    assert done.stderr == ""
    assert all(len(line) <= 110 or " " not in line[8:] for line in done.stdout.splitlines())
    return done.returncode, re.sub(r"\n {8}", " ", done.stdout)


def test_it_says_what_the_limits_are_and_changes_nothing(tmp_path: Path) -> None:
    code, said = checked(tmp_path / "data", "--set", "limits.rooms=77", "--set", "limits.pong_seconds=2.5")
    assert (code, "WRONG" in said) == (0, False)
    limits = next(line for line in said.splitlines() if line.startswith("LIMITS"))
    assert {"rooms 77", "pong_seconds 2.5"} <= {part.strip() for part in limits.removeprefix("LIMITS").split(",")}
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["limits.enabled=false"], "limits.enabled is false"),
        (["durability=normal"], "durability is normal"),
        (["as_root=true"], "as_root is true"),
        (["password=hunter2"], "password: who sees the file knows the password"),
        (["operators.ann.password=hunter2"], "operators.ann.password: who sees the file"),
        (["listen=['0.0.0.0:0']", "insecure=true"], "listen has 0.0.0.0:0: what is said there can be read"),
        (["listen=['0.0.0.0:0']", "insecure=true"], "Everybody who reaches 0.0.0.0:0 can make an account"),
        (["tls_listen=['0.0.0.0:0']", "tls.self_signed=true"], "Everybody who reaches 0.0.0.0:0 can make an account"),
        (["limits.clients=1000000000"], "the system lets this user have"),
    ],
)
def test_what_is_risky_is_said(tmp_path: Path, settings: list[str], words: str) -> None:
    code, said = checked(tmp_path, *(option for setting in settings for option in ("--set", setting)))
    risky = [line for line in said.splitlines() if line.startswith("RISKY")]
    assert any(words in line for line in risky), said
    assert (code, "hunter2" in said) == (0, False)


def test_what_is_not_risky_is_not_said(tmp_path: Path) -> None:
    hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0$aGFzaGFzaGFzaGFzaGFzaA"
    _, said = checked(tmp_path, "--set", f"password={hash}", "--set", "limits.clients=10")
    assert not re.search("who sees the file|as_root|durability|limits.enabled|the system lets|listen has|clock", said)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "limits.room=5"], "there is no setting room. Did you mean rooms?"),
        (["--set", "listen=['203.0.113.5:7667']"], "Cannot listen on 203.0.113.5: that address is not this machine's"),
        (["--set", "listen=['0.0.0.0:0']"], "without TLS"),
        (["--set", "tls_listen=['127.0.0.1:0']"], "TLS needs a certificate"),
        (["--set", "tls.certificate=missing.pem"], "Cannot read missing.pem"),
        (["--set", "listen=['no-such-host.invalid:7667']"], "there is no such host name"),
        (["--set", "data=file/data"], "file cannot be written"),
        (["--config", "missing.toml"], "Cannot read missing.toml: no such file or directory"),
    ],
)
def test_what_is_wrong_is_said_and_is_78(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "file").write_text("")
    code, said = checked(tmp_path, *options, cwd=tmp_path)
    wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
    assert (code, [words in line for line in wrong]) == (78, [True]), said


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.threat(61)
def test_secrets_and_places_that_others_can_touch(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text('password = "hunter2"')
    file.chmod(0o644)
    code, said = checked(tmp_path, "--config", str(file))
    assert (code, f"chmod 600 {file}" in said, "hunter2" in said) == (78, True, False)
    file.write_text("")
    file.chmod(0o666)
    tmp_path.chmod(0o777)
    code, said = checked(tmp_path, "--config", str(file))
    assert (code, f"chmod go-w {tmp_path}" in said) == (78, True)
    assert f"Others on this machine can change {file}" in said


@pytest.mark.skipif(file_system(Path("/dev/shm")) != "tmpfs", reason="there is no tmpfs")
def test_a_log_that_a_restart_would_empty() -> None:
    _, said = checked(Path("/dev/shm/tcpchat"))
    assert "is on tmpfs, which a restart" in said


@pytest.mark.threat(53)
@pytest.mark.parametrize(
    ("days", "said"), [(400, ""), (20, "The certificate expires on"), (-1, "The certificate expires")]
)
def test_a_certificate_that_is_soon_over(tmp_path: Path, days: int, said: str) -> None:
    file = tmp_path / "certificate.pem"
    file.write_bytes(certificate(days))
    file.chmod(0o600)
    _, words = checked(tmp_path / "data", "--set", f"tls.certificate={file}", "--set", "tls_listen=['127.0.0.1:0']")
    assert ("The certificate expires" in words, said in words) == (bool(said), True)


def certificate(days: int) -> bytes:
    """One that is good for so many days more, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chat.example")])
    until = datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(until - timedelta(days=800)).not_valid_after(until)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_few_open_files(tmp_path: Path) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    _, said = checked(tmp_path, preexec_fn=few)
    assert "but the system lets this user have 192 connections" in said


@pytest.mark.threat(54)
def test_a_clock_that_was_put_back(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, port):
        with socket.create_connection(("127.0.0.1", port)) as ann:
            ann.sendall(b"ann\nhello\n/who\n")
            while b"#lobby: ann" not in ann.recv(1 << 16):
                pass
        _, said = checked(tmp_path)
        assert "clock" not in said
        process.terminate()
        process.wait(timeout=10)
    db = apsw.Connection(str(tmp_path / "chat.db"))
    db.execute("UPDATE entry SET time = time + 3600000").fetchall()
    db.close()
    _, said = checked(tmp_path)
    assert "The clock shows" in said


@pytest.mark.threat(61)
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be root")
def test_root_is_told_that_it_would_be_refused(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TCPCHAT_AS_ROOT"}
    code, said = checked(tmp_path, env=environment)
    assert (code, "This is root." in said) == (78, True)
    code, said = checked(tmp_path, "--as-root", env=environment)
    assert (code, "This is root." in said, "as_root is true" in said) == (0, False, True)
