"""tcpchat-client and servers by name: whose password is in the keyring, or comes from a command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.screen import CLIENT, SECONDS, Peer, Start

pytest.importorskip("keyring")

PASSWORD = "correct-horse-battery"
RIGHT = r"-- The password of anna at 127\.0\.0\.1:\d+ is in the keyring now\."


@pytest.fixture
def ring(environment: dict[str, str], tmp_path: Path) -> Path:
    """The file of a keyring that is there."""
    environment["PYTHONPATH"] = f"{Path(__file__).parents[2]}:{environment.get('PYTHONPATH', '')}"
    environment["PYTHON_KEYRING_BACKEND"] = "tests.cli.kept_passwords.InFile"
    environment["TESTS_KEYRING"] = str(tmp_path / "ring.json")
    return tmp_path / "ring.json"


@pytest.fixture(scope="module")
def anna(port: int) -> None:
    """Has an account."""
    peer = Peer(port, "bob")
    peer.do(do="register", account="anna", password=PASSWORD)
    peer.close()


@pytest.fixture
def work(settings: Path, port: int, anna: None) -> str:
    """The server's address; it is called work, and the password of anna is kept in the keyring."""
    entry = f'[servers.work]\naddress = "127.0.0.1:{port}"\naccount = "anna"\nkeyring = true\nrooms = ["ops"]\n'
    settings.write_text(f'nick = "ann"\nserver = "work"\n{entry}')
    return f"127.0.0.1:{port}"


def said(environment: dict[str, str], *options: str) -> tuple[int, str]:
    """One line said at work, from a pipe."""
    return piped(environment, "work", *options)


def piped(environment: dict[str, str], *options: str) -> tuple[int, str]:
    command = [*CLIENT, *options]
    done = subprocess.run(command, env=environment, input=b"hello\n", capture_output=True, timeout=SECONDS)
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stderr.decode()


def test_what_was_typed_and_right_is_kept_and_not_asked_for_again(
    start: Start, environment: dict[str, str], ring: Path, work: str
) -> None:
    screen = start(*CLIENT)
    screen.until(r"Password of anna:")
    screen.type("wrong-guess\r")
    screen.until(r"-- There is no such account, or that is not its password\.", r"Password of anna .*:")
    assert not ring.exists()
    screen.type(f"{PASSWORD}\r")
    screen.until(RIGHT, r"anna #ops>")
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert json.loads(ring.read_text()) == {f"tcpchat anna@{work}": PASSWORD}
    assert PASSWORD.encode() not in screen.raw
    screen = start(*CLIENT, "work")
    screen.until(r"anna #ops>")
    assert b"assword" not in screen.raw
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert said(environment) == (0, "")


def test_one_that_is_wrong_by_now_is_not_used_again_without_a_word(
    start: Start, environment: dict[str, str], ring: Path, work: str
) -> None:
    ring.write_text(json.dumps({f"tcpchat anna@{work}": "of before"}))
    for options in (["work"], ["send", "--server", "work", "--room", "ops"]):
        code, words = piped(environment, *options)
        assert (code, "It came from the keyring; tcpchat-client asks for the right one." in words) == (77, True)
    screen = start(*CLIENT, "work")
    screen.until(r"-- .* not its password\. It came from.*", r"Password of anna .*:")
    screen.type(f"{PASSWORD}\r")
    screen.until(RIGHT, r"anna #ops>")
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert PASSWORD in ring.read_text()


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("tests.cli.kept_passwords.Locked", "The keyring is locked, and nobody opened it."),
        ("keyring.backends.fail.Keyring", "There is no keyring on this system."),
        ("no.such.Keyring", "The keyring cannot be used: "),
        (None, "The keyring cannot be used without one more package: pip install"),
    ],
)
def test_without_a_keyring_one_types(
    start: Start, environment: dict[str, str], ring: Path, work: str, tmp_path: Path, backend: str | None, words: str
) -> None:
    if backend is None:
        (tmp_path / "keyring.py").write_text("raise ImportError")
        environment["PYTHONPATH"] = f"{tmp_path}:{environment['PYTHONPATH']}"
    else:
        environment["PYTHON_KEYRING_BACKEND"] = backend
    code, complaint = said(environment)
    assert (code, words in complaint, "The password of anna is missing" in complaint) == (64, True, True)
    screen = start(*CLIENT, "work")
    screen.until(rf"tcpchat-client: {words[:40]}.*", r"Password of anna:")
    screen.type(f"{PASSWORD}\r")
    screen.until(r"anna #ops>")
    assert b"keyring now" not in screen.raw
    assert b"not kept" not in screen.raw


def test_a_keyring_that_keeps_nothing_is_said_to(
    start: Start, environment: dict[str, str], ring: Path, work: str
) -> None:
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    screen = start(*CLIENT, "work")
    screen.until(r"Password of anna:")
    screen.type(f"{PASSWORD}\r")
    screen.until(r"-- The password of anna is not kept: The keyring does not keep anything\.", r"anna #ops>")


def test_nobody_else_loads_the_library(environment: dict[str, str], ring: Path, work: str, tmp_path: Path) -> None:
    (tmp_path / "keyring.py").write_text("raise SystemExit('it was loaded')")
    environment["PYTHONPATH"] = f"{tmp_path}:{environment['PYTHONPATH']}"
    assert said(environment, "--account", "anna", "--password-command", f"echo {PASSWORD}") == (0, "")
    assert said(environment)[1] == "it was loaded\n"


def test_a_command_of_the_entry_prints_the_password_and_what_is_in_the_pipe_stays_there(
    environment: dict[str, str], settings: Path, port: int, anna: None
) -> None:
    script = f"import sys; assert not sys.stdin.read(); print('{PASSWORD}')"
    entry = {"address": f"127.0.0.1:{port}", "account": "anna", "password_command": f'{sys.executable} -c "{script}"'}
    settings.write_text("[servers.work]\n" + "".join(f"{key} = {json.dumps(one)}\n" for key, one in entry.items()))
    peer = Peer(port, "bob")
    assert said(environment) == (0, "")
    assert (event := peer.hear())["text"] == "hello"
    assert (event["by"], event["account"]) == ("anna", "anna")
    settings.write_text(settings.read_text().replace(script, "raise SystemExit(3)"))
    code, words = said(environment)
    assert (code, "The password command did not print a password: it ended with 3." in words) == (64, True)
    settings.chmod(0o666)
    code, words = said(environment)
    assert (code, "others on this machine can change it" in words, "chmod go-w" in words) == (78, True, True)
    peer.close()


def test_a_name_that_is_nearly_one_is_told(environment: dict[str, str], work: str) -> None:
    command = [*CLIENT, "wrok"]
    done = subprocess.run(command, env=environment, input=b"hello\n", capture_output=True, timeout=SECONDS)
    assert done.returncode in {68, 69}
    first = b"tcpchat-client: wrok is none of your servers, and taken for a host. Or is it work?\n"
    assert done.stderr.startswith(first)


def test_wrong_settings_are_the_end_and_said(environment: dict[str, str], settings: Path) -> None:
    settings.write_text('bel = "all"')
    code, words = said(environment)
    assert (code, words) == (78, f"tcpchat-client: {settings}: there is no setting bel. Did you mean bell?\n")
