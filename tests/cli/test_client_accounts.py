"""tcpchat-client and accounts: passwords, typed and given."""

import subprocess
from pathlib import Path

from tests.cli.screen import CLIENT, SECONDS, Peer, Run, Start
from tests.cli.test_server import running

PASSWORD = "correct-horse-battery"


def test_a_password_is_neither_shown_nor_kept(terminal: Start, environment: dict[str, str]) -> None:
    screen = terminal()
    screen.until(r"ann #lobby>")
    screen.type("/register\r")
    screen.until(r"The new password:")
    screen.type(PASSWORD)
    screen.until(rf"The new password: \*{{{len(PASSWORD)}}}")
    screen.type("\r")
    screen.until(r"Once more:")
    screen.type(f"{PASSWORD}\r")
    screen.until(r"-- You have an account.*", r"ann #lobby>")
    screen.type("/login typed-behind-it\r")  # as one would elsewhere: it is taken for a name
    screen.until(r"Password of .*:")
    screen.type("\x03")
    screen.until(r"-- Nothing was typed, and nothing done\.", r"ann #lobby>")
    screen.type("/password\r")
    screen.until(r"The old password:")
    screen.type("wrong-guess\r")
    screen.until(r"The new password:")
    screen.type(f"{PASSWORD}2\r")
    screen.until(r"Once more:")
    screen.type(f"{PASSWORD}2\r")
    screen.until(r"-- That is not the password of your account\.", r"ann #lobby>")
    screen.type("/drop\r")
    screen.until(r"To give up .*:")
    screen.type(f"{PASSWORD}\r")
    screen.until(r"-- Your account is given up\..*", r"ann #lobby>")
    screen.type("hello there\r")
    screen.until(r".*hello there", r"ann #lobby>")
    screen.type("/quit\r")
    assert screen.ended() == 0
    assert PASSWORD.encode() not in screen.raw
    (history,) = Path(environment["HOME"]).rglob("history")
    assert "hello there" in history.read_text()
    for secret in (PASSWORD, "wrong-guess", "typed-behind-it"):
        assert secret not in history.read_text()


def test_one_comes_in_with_an_account(run: Run, port: int, tmp_path: Path, environment: dict[str, str]) -> None:
    other = Peer(port, "bob")
    other.do(do="register", account="carla", password=PASSWORD)
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    environment["TCPCHAT_PASSWORD_FILE"] = str(file)
    done = run("--account", "carla", given=b"by file\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert other.hear()["account"] == "carla"
    file.chmod(0o644)
    done = run("--account", "carla", given=b"no\n")
    assert (done.returncode, b"chmod 600" in done.stderr) == (64, True)
    del environment["TCPCHAT_PASSWORD_FILE"]
    done = run("--account", "carla", "--password-command", f"echo {PASSWORD}", given=b"by command\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert other.hear()["text"] == "by command"
    done = run("--account", "carla", "--password-command", "echo wrong-guess", given=b"no\n")
    assert (done.returncode, b"not its password" in done.stderr) == (77, True)
    for options in (["--account", "carla"], ["--password-command", "echo x"]):
        assert run(*options, given=b"no\n").returncode == 64
    other.close()


def test_at_the_door_one_is_asked_for_the_password_of_the_name_one_wants(terminal: Start, port: int) -> None:
    other = Peer(port, "bob")
    other.do(do="register", account="dora", password=PASSWORD)
    screen = terminal("--nick", "dora")
    screen.until(r"-- The name dora belongs to an account.*", r"Password of dora \(only Enter: another name\):")
    screen.type("wrong-guess\r")
    screen.until(r"-- There is no such account.*", r"Password of dora .*:")
    screen.type(PASSWORD)
    screen.until(r"Password of dora .*: \*+")
    screen.type("\r")
    screen.until(r"dora #lobby>")
    assert other.do(do="whois", nick="dora")["person"]["account"] == "dora"
    screen.type("/quit\r")
    assert screen.ended() == 0
    screen = terminal("--nick", "dora")
    screen.until(r"Password of dora .*:")
    screen.type("\r")
    screen.until(r"-- You are dora2; /nick changes it.", r"dora2 #lobby>")
    assert PASSWORD.encode() not in screen.raw
    other.close()


def test_the_server_asks_for_a_password_of_its_own(start: Start, environment: dict[str, str], tmp_path: Path) -> None:
    configuration = tmp_path / "server.toml"
    configuration.write_text(f'password = "{PASSWORD}"\n')
    configuration.chmod(0o600)
    with running("--no-history", "--config", str(configuration)) as (_, port):
        command = [*CLIENT, f"127.0.0.1:{port}"]
        screen = start(*command)
        screen.until(r"-- This server asks for a password\.", r"Password of the server:")
        screen.type("wrong-guess\r")
        screen.until(r"-- This server asks for a password, and that is not it\.", r"Password of the server:")
        screen.type(f"{PASSWORD}\r")
        screen.until(r"ann #lobby>")
        assert PASSWORD.encode() not in screen.raw
        for given, code, said in (("", 77, b"Give it as TCPCHAT_PASSWORD"), (PASSWORD, 0, b"")):
            environment["TCPCHAT_PASSWORD"] = given
            done = subprocess.run(command, env=environment, input=b"hello\n", capture_output=True, timeout=SECONDS)
            assert (done.returncode, said in done.stderr) == (code, True)
        done = subprocess.run([*command, f"--password={PASSWORD}"], env=environment, capture_output=True)
        assert (done.returncode, b"No such option" in done.stderr) == (64, True)
