"""tcpchat-client in pipes and files, as scripts start it."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.faked import Faked
from tests.cli.screen import CLIENT, ESCAPE, SECONDS, Peer, Run


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"disk full\n", ["disk full"]),
        (b"a\nb", ["a", "b"]),
        (b"one\r\n\r\n  two\n", ["one", "  two"]),
        (b"caf\xc3\xa9 \xff\n", ["caf\u00e9 \ufffd"]),
        (b"/dev/sda1 is full\n//\n/quit\nstill here\n", ["/dev/sda1 is full", "//", "/quit", "still here"]),
        (b"".join(b"%d\n" % number for number in range(400)), [str(number) for number in range(400)]),
    ],
)
def test_every_line_of_a_pipe_is_said_once_in_order(run: Run, port: int, given: bytes, said: list[str]) -> None:
    room = f"#pipe-{len(given)}"
    done = run("--room", room, given=given)
    assert (done.returncode, done.stderr) == (0, b"")
    assert ESCAPE not in done.stdout
    assert [line.partition(f" {room} <ann> ")[2] for line in done.stdout.decode().splitlines()] == said
    carol = Peer(port, "carol", room)
    assert carol.past(room)[-50:] == said[-50:]
    carol.close()


@pytest.mark.parametrize("redirected", ["<&-", "</dev/null", "<&- >&-", "<&- >&- 2>&-"])
def test_without_input_there_is_nothing_to_say(port: int, environment: dict[str, str], redirected: str) -> None:
    command = f"{' '.join(CLIENT)} 127.0.0.1:{port} {redirected}"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_that_there_is_no_server_is_said_even_if_there_is_nothing_to_say(environment: dict[str, str]) -> None:
    command = [*CLIENT, "127.0.0.1:1"]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (69, b"")
    assert b"Nobody is listening on 127.0.0.1:1." in done.stderr


def test_files_are_read_and_written_like_pipes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x\n" * 300 + b"last")
    with open(tmp_path / "in", "rb") as given, open(tmp_path / "out", "wb") as out, open(tmp_path / "err", "wb") as err:
        done = run("--room", "#files", stdin=given, stdout=out, stderr=err)
    assert (done.returncode, (tmp_path / "err").read_bytes()) == (0, b"")
    lines = (tmp_path / "out").read_text().splitlines()
    assert len(lines) == 301
    assert lines[-1].endswith(" #files <ann> last")


def test_a_reader_that_goes_away_stops_nothing(run: Run, port: int, environment: dict[str, str]) -> None:
    command = f"(echo early; seq 200; echo late) | {' '.join(CLIENT)} 127.0.0.1:{port} --room '#head' | head -n 1"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, timeout=SECONDS, check=False)
    assert done.stdout.endswith(b" #head <ann> early\n")
    assert (done.returncode, done.stderr) == (0, b"")
    carol = Peer(port, "carol", "#head")
    assert carol.past("#head")[-1] == "late"
    carol.close()


def test_a_full_disk_is_no_reason_for_a_traceback(run: Run) -> None:
    with open("/dev/full", "wb") as full:
        done = run(given=b"hello\n", stdout=full)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("options", "given", "code", "sentence"),
    [
        (["--room", "a b"], b"x\n", 65, "A room name cannot contain a space."),
        (["--nick", "a b"], b"x\n", 65, "A nickname cannot contain a space."),
        ([], b"x" * 5_000, 65, "A message of 5000 bytes is too long: 4096 at most."),
        ([], b"x" * 30_000, 65, "That line is longer than this server takes."),
        ([], b"x" * 300_000, 65, "A line of more than 65536 bytes was not sent."),
        (["--what"], b"", 64, "No such option"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    run: Run, options: list[str], given: bytes, code: int, sentence: str
) -> None:
    done = run(*options, given=given)
    assert done.returncode == code
    assert sentence in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("address", "code", "sentence"),
    [
        ("127.0.0.1:1", 69, "Start a server there: tcpchat-server --listen 127.0.0.1:1"),
        ("0.0.0.0:1", 69, "0.0.0.0 means “every address of this machine” to a server; connecting to 127.0.0.1."),
        ("no.such.host.invalid", 68, "Is its name spelled right?"),
        ("127.0.0.1:99999", 64, "a number from 1 to 65535"),
    ],
)
def test_a_server_that_is_not_there(environment: dict[str, str], address: str, code: int, sentence: str) -> None:
    done = subprocess.run([*CLIENT, address], env=environment, input=b"x\n", capture_output=True, check=False)
    assert done.returncode == code
    assert sentence in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_taken_name(run: Run, bob: Peer, environment: dict[str, str], settings: Path) -> None:
    settings.unlink()
    environment["USER"] = "bob"
    assert run(given=b"me too\n").returncode == 0
    assert bob.hear()["by"] == "bob2"
    done = run("--nick", "bob", given=b"me too\n")
    assert (done.returncode, done.stdout) == (65, b"")
    assert b"The name bob is taken. Try bob2." in done.stderr


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"ok": 0, "reply": "stored", "number": 1, "id": "x", "time": 1}, 0),
        ({"error": 0, "code": "not_stored", "text": "The disk is full."}, 75),
    ],
)
def test_it_ends_only_when_the_line_is_stored(environment: dict[str, str], answer: dict[str, Any], code: int) -> None:
    server = Faked()
    command = [*CLIENT, server.address]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        assert client.stdin is not None
        assert client.stderr is not None
        client.stdin.write(b"disk full\n")
        client.stdin.close()
        id = server.until_said()
        with pytest.raises(subprocess.TimeoutExpired):
            client.wait(0.3)
        server.tell(**{key: id if value == 0 else value for key, value in answer.items()})
        assert client.wait(SECONDS) == code
        assert client.stderr.read() == (b"-- The disk is full.\n" if code else b"")
    server.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_pipe_in_silence(port: int, environment: dict[str, str], bob: Peer, number: int) -> None:
    command = [*CLIENT, f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        assert bob.hear("joined", by="ann")
        client.send_signal(number)
        assert client.wait(SECONDS) == 128 + number
        assert client.stderr is not None
        assert client.stderr.read() == b""
