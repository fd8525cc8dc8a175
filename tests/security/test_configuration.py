"""A configuration that is read again while people talk: all of it, or nothing. Row 52."""

import os
import re
import signal
import sys
from pathlib import Path

import pexpect
import pytest

from tcpchat.config import BadSetting, load
from tests.peer import Peer
from tests.security.processes import logging_to, wait_for

pytestmark = [pytest.mark.skipif(os.name == "nt", reason="there is no SIGHUP"), pytest.mark.threat(52)]

GOOD = b'network = "OldNet"\nmotd = "Old."\n[limits]\nrooms_per_client = 7\n'

BROKEN = [
    b"=",
    b"motd",
    b"motd =",
    b'motd = "',
    b"motd = 'New.'\nmotd = 'New.'",
    b"[limits",
    b"[limits]\n[limits]",
    b"limits = 5",
    b"[[limits]]\nrooms = 5",
    b"\xff\xfe",
    b"\x00",
    b"motd = 'New.'\x00",
    b"motd = 'New.'\nmottd = 'New.'",
    b"[limits]\nroom = 5",
    b"[limits]\nrooms = 0",
    b"[limits]\nrooms = -5",
    b"[limits]\nrooms = 'many'",
    b"[limits]\nrooms = 1.5",
    b"[limits]\nrooms = 99999999999999999999999999",
    b"[limits]\nping_seconds = nan",
    b"[limits]\nping_seconds = 0",
    b"listen = 7667",
    b"listen = ['127.0.0.1:99999']",
    b"listen = ['127.0.0.1:http']",
    b"listen = ['[::1']",
    b"data = 5",
    b"durability = 'none'",
    b"log_level = 'loud'",
    b"log_format = 'xml'",
    b"motd = 1979-05-27",
    b"join_history = 501",
    b"password = '$argon2id$nonsense'",
    b"operators = ['root']",
    b"[operators]\nroot = 'secret'",
    b"[operators.root]\nrights = []",
    b"motd = " + b"[" * 100_000,
    b"a" * ((1 << 20) + 1),
]


async def test_nothing_of_a_broken_configuration_is_obeyed(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_bytes(GOOD)
    file.chmod(0o600)
    with logging_to(tmp_path / "log", "--no-history", "--config", str(file)) as server:
        ann = await (await Peer.open(server.port)).enter_irc("ann")
        for number, broken in enumerate(BROKEN):
            file.write_bytes(broken)
            server.hang_up()
            server.says("the configuration is wrong, and the one before stays in force: ", number)
            assert len(server.logged) == number + 1, "one line each"
        ann.send("MOTD", "VERSION")
        await ann.until(r" 372 ann :- Old\.\r\n")
        await ann.until(r" 005 .*CHANLIMIT=[^ ]*:7 ")
        file.write_bytes(GOOD.replace(b"Old.", b"New."))
        server.hang_up()
        server.says("the configuration was read again: motd changed$")
        ann.send("MOTD")
        await ann.until(r" 372 ann :- New\.\r\n")
        await ann.close()
    assert not [line for line in server.logged if "Traceback" in line]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_wrong_with_it_is_said_in_words(tmp_path: Path, broken: bytes) -> None:
    file = tmp_path / "chat.toml"
    file.write_bytes(broken)
    file.chmod(0o600)
    with pytest.raises(BadSetting) as refusal:
        load(file)
    assert re.fullmatch(r".{10,400}", str(refusal.value), re.DOTALL)


def test_secrets_that_others_can_read_by_now_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text('password = "hunter2"')
    file.chmod(0o600)
    with logging_to(tmp_path / "log", "--no-history", "--config", str(file)) as server:
        file.chmod(0o644)
        server.hang_up()
        assert "hunter2" not in server.says("stays in force: .*chmod 600")


def test_what_needs_a_restart_is_said(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text("")
    with logging_to(tmp_path / "log", "--config", str(file), "--no-history", "--set", "motd=Hi.") as server:
        file.write_text("durability = 'normal'\nadmin = 'ann'\nmotd = 'Hello.'\n[limits]\nqueued = 5\nrooms = 5\n")
        server.hang_up()
        line = server.says("the configuration was read again")
        file.write_text("log_format = 'json'")
        server.hang_up()
        server.says("admin, log_format, limits.rooms changed$", 1)
        file.write_text("log_level = 'warning'")
        server.hang_up()
        server.says('^{"time": .*"text": "the configuration was read again: log_level, log_format changed"}$', 2)
        file.write_text("=")
        server.hang_up()
        server.says(" ERROR the configuration is wrong", 3)
        assert len(server.logged) == 4
    assert line.endswith(": admin, limits.rooms changed; durability, limits.queued changed, which needs a restart")


@pytest.mark.parametrize(("command", "ends"), [([], True), (["nohup"], False)])
def test_a_terminal_that_is_closed_ends_the_server_unless_it_was_told_to_stay(
    tmp_path: Path, command: list[str], ends: bool
) -> None:
    start = [*command, sys.executable, "-m", "tcpchat.server", "--listen", "127.0.0.1:0", "--no-history"]
    script = f'"$@" > {tmp_path}/said 2>&1 & echo "process $!"; wait; echo over > {tmp_path}/over'
    child = pexpect.spawn("sh", ["-c", script, "sh", *start], cwd=str(tmp_path), timeout=20)
    child.expect(r"process (\d+)")
    process = int(child.match[1])
    says = tmp_path / "said"
    wait_for(lambda: says.exists() and "Ctrl-C" in says.read_text())
    child.close(force=False)  # SIGHUP for the shell and what it started, and the terminal is gone
    os.kill(process, signal.SIGHUP)
    words = "The terminal was closed" if ends else "the configuration was read again"
    wait_for(lambda: words in says.read_text())
    if not ends:
        os.kill(process, signal.SIGKILL)
