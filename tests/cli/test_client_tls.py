"""tcpchat-client with TLS: what it says of a server that it does not know, and of one that has changed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.cli.test_server import running

CLIENT = [sys.executable, "-m", "tcpchat.client"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    """A server, where it is, and the fingerprint that it prints."""
    options = ["--tls", "self-signed", "--tls-listen", "127.0.0.1:0", "--data", str(data)]
    with running(*options) as (process, _):
        said = ""
        assert process.stdout is not None
        while "Ctrl-C" not in said:
            said += process.stdout.readline()
        found = re.search(r"tls://(\S+) --accept-fingerprint SHA256:([0-9a-f]{64})", said)
        assert found, said
        yield process, found[1], found[2]


def say(home: Path, *options: str, text: str = "hello\n") -> tuple[int, str]:
    """One run of the client in a pipe: its exit code, and what it says of itself."""
    environment = {**os.environ, "XDG_CONFIG_HOME": str(home), "TCPCHAT_PASSWORD": ""}
    done = subprocess.run(
        [*CLIENT, "--nick", "ann", *options], input=text, capture_output=True, text=True, timeout=30, env=environment
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_the_first_time_the_same_one_and_another_one(
    server: tuple["subprocess.Popen[str]", str, str], data: Path, tmp_path: Path
) -> None:
    process, address, before = server
    code, said = say(tmp_path, f"tls://{address}")
    assert code == 0
    assert said.count("\n") == 1
    assert said.startswith(f"tcpchat-client: The certificate of {address} is SHA256:{before}. It is trusted")
    assert say(tmp_path, "--tls", address) == (0, "")
    certificate, key = self_signed(tmp_path, "another")
    (data / "self-signed.pem").write_text(certificate.read_text() + key.read_text())
    process.send_signal(signal.SIGHUP)
    while (answer := say(tmp_path, f"tls://{address}"))[0] == 0:
        assert answer == (0, "")
    code, said = answer
    assert code == 77
    assert said.startswith(f"tcpchat-client: THE CERTIFICATE OF {address} IS ANOTHER ONE.")
    accept = re.search(rf"It was SHA256:{before}, and now it is SHA256:(\w+)\..*(--accept-fingerprint) (\S+)", said)
    assert accept
    assert accept[3] == f"SHA256:{accept[1]}"
    assert say(tmp_path, f"tls://{address}", accept[2], accept[3]) == (0, "")
    assert say(tmp_path, f"tls://{address}") == (0, "")


def test_by_the_fingerprint_that_the_server_prints_nothing_is_left_to_chance(
    server: tuple["subprocess.Popen[str]", str, str], tmp_path: Path
) -> None:
    _, address, fingerprint = server
    assert say(tmp_path, f"tls://{address}", "--accept-fingerprint", f"SHA256:{fingerprint}") == (0, "")
    code, said = say(tmp_path, f"tls://{address}", "--accept-fingerprint", f"SHA256:{'0' * 64}")
    assert (code, "This is not the server you want" in said) == (77, True)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--accept-fingerprint", "12:34"], 64, "“12:34” is no fingerprint"),
        (["--tls-client-key", "key.pem"], 64, "--tls-client-cert FILE"),
        (["--tls-client-cert", "nowhere.pem"], 78, "Cannot use the certificate in nowhere.pem"),
        (["ftp://127.0.0.1"], 64, "“ftp://” is not known here. Write HOST:PORT, or tls://HOST:PORT."),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: list[str], code: int, words: str) -> None:
    ended, said = say(tmp_path, *options)
    assert (ended, words in said) == (code, True), said
