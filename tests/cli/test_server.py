"""``tcpchat-server``, started as its users start it: every error names the way out, and nothing is a traceback."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVER = [sys.executable, "-m", "tcpchat.server"]


@contextmanager
def running(*options: str, under: Sequence[str] = ()) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A server process and its port. `under`: the command that starts it, where its own would not do."""
    process = subprocess.Popen(
        [*under, *SERVER, "--listen", "127.0.0.1:0", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert "is listening on" in first, the_rest(process)
        yield process, int(first.rpartition(":")[2])
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def the_rest(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What a server that ends says after its first line, and its errors."""
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.read(), process.stderr.read()
    process.wait(timeout=20)
    return said


def refused(*options: str, cwd: Path | None = None) -> tuple[int, str]:
    """The exit code and the words of a server that cannot start."""
    done = subprocess.run([*SERVER, *options], capture_output=True, text=True, timeout=30, cwd=cwd)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_it_says_how_to_join_and_where_the_log_is(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, port):
        process.send_signal(signal.SIGTERM)
        said, errors = the_rest(process)
    assert f"nc 127.0.0.1 {port}" in said
    assert f"tcpchat-client 127.0.0.1:{port}" in said
    assert f"/connect 127.0.0.1 {port}" in said
    assert str(tmp_path / "chat.db") in said
    assert max(len(line) for line in said.splitlines() if str(tmp_path) not in line) < 80  # no row of a terminal breaks
    assert (process.returncode, errors) == (0, "")


def test_limits_that_are_off_are_said_loudly(tmp_path: Path) -> None:
    with running("--no-history", "--set", "limits.enabled=false") as (process, _):
        process.send_signal(signal.SIGINT)
        said, _ = the_rest(process)
    assert "WARNING" in said
    assert "nothing is kept" in said


@pytest.mark.threat(51)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_tells_everybody_and_ends_within_two_seconds(tmp_path: Path, number: signal.Signals) -> None:
    with running("--data", str(tmp_path)) as (process, port):
        here = ("127.0.0.1", port)
        with socket.create_connection(here) as idle, socket.create_connection(here) as ann:
            ann.sendall(b"ann\nhello\n/who\n")
            while b"#lobby: ann" not in ann.recv(1 << 16):
                pass
            process.send_signal(number)
            process.wait(timeout=5)
            assert b"The server is stopping." in ann.recv(1 << 16)
            assert idle.fileno() > 0
    assert process.returncode == 0


def test_it_goes_on_and_ends_well_when_nobody_reads_what_it_prints(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, port):
        assert process.stdout is not None
        process.stdout.close()
        with socket.create_connection(("127.0.0.1", port)) as ann:
            ann.sendall(b"ann\n")
            while b"You are in #lobby" not in ann.recv(1 << 16):
                pass
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=5) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.threat(51)
def test_the_second_signal_ends_at_once(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, port):
        with socket.create_connection(("127.0.0.1", port)) as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            stuck.sendall(b"stuck\n")
            process.send_signal(signal.SIGINT)
            assert process.stdout is not None
            while "Once more ends at once" not in process.stdout.readline():
                pass
            process.send_signal(signal.SIGINT)
            process.wait(timeout=5)
    assert process.returncode in {0, 128 + signal.SIGINT}


def test_what_was_said_is_there_after_a_restart(tmp_path: Path) -> None:
    for expected in (b"nobody else", b"<ann> remember me"):
        with running("--data", str(tmp_path)) as (_, port), socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(b"ann\nremember me\n/who\n")
            seen = b""
            while b"#lobby: ann" not in seen or expected not in seen:
                seen += peer.recv(1 << 16)


def test_an_address_in_use(tmp_path: Path) -> None:
    with running("--no-history") as (process, port):
        code, words = refused("--listen", f"127.0.0.1:{port}", "--no-history")
        assert code == 69
        assert f"Cannot listen on 127.0.0.1:{port}: " in words
        assert "is listening there already" in words
        assert f"--listen 127.0.0.1:{port + 1}" in words
        if sys.platform == "linux":
            assert f"(process {process.pid})" in words


def test_a_port_is_free_again_at_once_after_kill_9() -> None:
    with running("--no-history") as (process, port):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(b"ann\n")
            peer.recv(10)
            process.kill()
            process.wait()
    options = ["--listen", f"127.0.0.1:{port}", "--no-history"]
    again = subprocess.Popen([*SERVER, *options], stdout=subprocess.PIPE, text=True)
    assert again.stdout is not None
    assert "is listening on" in again.stdout.readline()
    again.kill()
    again.communicate()


def test_an_address_that_is_not_this_machines() -> None:
    code, words = refused("--listen", "203.0.113.5:7667", "--no-history")
    assert code == 71
    assert "Cannot listen on 203.0.113.5: that address is not this machine's. This machine has 127.0.0.1" in words
    assert "Use 0.0.0.0" in words


def test_an_unknown_host() -> None:
    code, words = refused("--listen", "no-such-host.invalid:7667", "--no-history")
    assert (code, "there is no such host name" in words) == (68, True)


def test_a_data_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, words = refused("--listen", "127.0.0.1:0", "--data", str(tmp_path / "file" / "data"))
    assert code == 73
    assert "Cannot write in the data directory" in words
    assert "--no-history" in words


@pytest.mark.threat(43)
def test_a_log_that_another_server_uses(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)) as (process, _):
        code, words = refused("--listen", "127.0.0.1:0", "--data", str(tmp_path))
    assert code == 75
    assert f"Another tcpchat-server (process {process.pid}) is using {tmp_path}" in words


@pytest.mark.threat(44)
def test_a_damaged_log(tmp_path: Path) -> None:
    (tmp_path / "chat.db").write_bytes(b"this is no database, but somebody's diary. " * 100)
    code, words = refused("--listen", "127.0.0.1:0", "--data", str(tmp_path))
    assert (code, "is damaged or not tcpchat's" in words, "Nothing was changed" in words) == (65, True, True)


@pytest.mark.threat(52)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "limits.client=5"], "limits: there is no setting client. Did you mean clients?"),
        (["--set", "zzz=1"], "there is no setting zzz. There are listen, "),
        (["--set", "limits.clients=many"], "The setting limits.clients is wrong: Expected `int`, got `str`"),
        (["--set", "limits.clients=0"], "The setting limits.clients is wrong: Expected `int` >= 1"),
        (["--set", "limits=5"], "limits is a section: write limits.KEY=VALUE"),
        (["--set", "limits.clients"], "is not of the form section.key=value"),
        (["--listen", "127.0.0.1:99999"], "“99999” is not a port"),
        (["--listen", "127.0.0.1:http"], "“http” is not a port"),
        (["--config", "missing.toml"], "Cannot read missing.toml: no such file or directory"),
        (["--config", "broken.toml"], "broken.toml is not TOML"),
        (["--config", "typo.toml"], "typo.toml: there is no setting lisen. Did you mean listen?"),
        (["--data", "x", "--no-history"], "--data and --no-history exclude each other"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "broken.toml").write_text("listen = [")
    (tmp_path / "typo.toml").write_text('lisen = ["127.0.0.1:0"]')
    extra = [] if "--data" in options else ["--no-history"]
    code, said = refused(*options, *extra, cwd=tmp_path)
    assert (code, words in said) == (78, True), said


def test_an_unknown_option_is_named() -> None:
    code, words = refused("--lisen", "x")
    assert code == 64
    assert "No such option" in words
    assert "--listen" in words


def test_a_config_file_is_obeyed_and_options_go_before_it(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(f'network = "TeaNet"\ndata = "{tmp_path / "log"}"\nmotd = "Hi."\n[limits]\nclients = 7\n')
    with running("--config", str(file), "--set", "network=OtherNet") as (_, port):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(b"NICK ann\nUSER ann 0 * :Ann\n")
            seen = b""
            while b" 376 " not in seen:
                seen += peer.recv(1 << 16)
    assert b"NETWORK=OtherNet" in seen
    assert b":- Hi.\r\n" in seen
    assert (tmp_path / "log" / "chat.db").exists()


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_it_explains_itself(option: str) -> None:
    done = subprocess.run([*SERVER, option], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert "tcpchat-server" in done.stdout


@pytest.mark.threat(31)
def test_others_come_in_without_tls_only_if_that_is_meant() -> None:
    code, words = refused("--listen", "0.0.0.0:7667", "--no-history")
    assert code == 78
    assert "Will not listen on 0.0.0.0:7667 without TLS: whoever is on the way can read everything there" in words
    assert "Use --tls-listen 0.0.0.0:6697 --tls self-signed instead" in words
    with running("--no-history", "--listen", "0.0.0.0:0", "--insecure") as (process, _):
        process.send_signal(signal.SIGINT)
        assert "NOTE" in the_rest(process)[0]


def test_a_certificate_that_it_makes_and_how_to_join_by_it(tmp_path: Path) -> None:
    with running("--data", str(tmp_path), "--tls", "self-signed", "--tls-listen", "127.0.0.1:0") as (process, _):
        process.send_signal(signal.SIGINT)
        said, errors = the_rest(process)
    shown = re.search(r"with TLS +127\.0\.0\.1:(\d+), certificate\n +SHA256:([0-9a-f]{64})\n", said)
    assert shown, said
    port, fingerprint = shown.groups()
    assert f"tcpchat-client tls://127.0.0.1:{port} --accept-fingerprint SHA256:{fingerprint}" in said
    assert bytes.fromhex(fingerprint).hex(":").upper() in said
    assert f"/server add tc 127.0.0.1/{port} -tls -tls_fingerprint={fingerprint}" in said
    assert errors == ""
    assert (tmp_path / "self-signed.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tls-listen", "127.0.0.1:0"], "TLS needs a certificate: --tls-cert FILE --tls-key FILE, or --tls self"),
        (["--tls-key", "key.pem"], "--tls-key needs the certificate that the key belongs to"),
        (["--tls", "self-signed", "--tls-cert", "cert.pem"], "use either"),
        (["--tls-cert", "no-such-file.pem"], "Cannot offer TLS. Cannot read no-such-file.pem: no such file"),
        (["--tls-listen", "no:port", "--tls", "self-signed"], "“port” is not a port"),
    ],
)
def test_tls_that_cannot_be_offered(options: list[str], words: str) -> None:
    code, said = refused("--no-history", "--listen", "127.0.0.1:0", *options)
    assert code == 78
    assert words in said
