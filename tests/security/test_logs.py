"""The log: no line can be forged, none floods it, no secret is in it. Row 59."""

import asyncio
import io
import json
import logging
import os
import re
import socket
import struct
import subprocess
import sys
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

import tcpchat
from tcpchat.server import logs
from tests.peer import Peer
from tests.security.processes import Process, logging_to

pytestmark = pytest.mark.threat(59)

NASTY = [
    "two\nlines",
    "two\r\nlines",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "nul\x00",
    "\u2028line\u2029paragraph\x85next\x0bvertical\x0cform",
    "\u202eoverride\u2066isolate\u200f",
    "\U000e0041tag\u200b\ufeff",
    "\ud800lone",
    "\x7fdelete",
]
PASSWORDS = ["Hunter2Server", "Hunter2Oper", "Hunter2Account", "Hunter2New", "Hunter2Wrong"]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged while the root logger is ours."""
    stream, before, level = io.StringIO(), logging.root.handlers[:], logging.root.level
    yield stream
    logs.set_up("warning", "text", io.StringIO())
    logging.captureWarnings(False)
    logging.root.handlers[:] = before
    logging.root.setLevel(level)


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_event_is_one_line_of_what_can_be_printed(written: io.StringIO, form: str, nasty: str) -> None:
    logs.set_up("info", form, written)  # type: ignore[arg-type]
    log = logging.getLogger("tcpchat.test")
    log.info("%s did it", nasty)
    try:
        raise ValueError(nasty)
    except ValueError:
        log.exception("it failed")
    for handler in logging.root.handlers:
        handler.flush()
    lines = written.getvalue().removesuffix("\n").split("\n")
    assert len(lines) == 2
    assert all(line.isprintable() and not set(map(unicodedata.category, line)) & {"Cc", "Cf", "Cs"} for line in lines)
    assert "ValueError" in lines[1]
    if form == "json":
        assert json.loads(lines[0])["text"] == f"{nasty} did it"
        assert "Traceback" in json.loads(lines[1])["error"]


def test_so_many_lines_a_second_and_no_more() -> None:
    now = [0.0]
    stream = io.StringIO()
    handler = logs.Paced(stream, lambda: now[0])
    for number in range(10_000):
        now[0] += 0.001
        handler.handle(logging.makeLogRecord({"msg": "flood", "levelno": logging.INFO}))
        if number % 1_000 == 0:
            handler.flush()
    handler.handle(logging.makeLogRecord({"msg": "serious", "levelno": logging.ERROR}))
    handler.handle(logging.makeLogRecord({"msg": "the end", "levelno": logging.CRITICAL}))
    handler.close()
    lines = stream.getvalue().splitlines()
    assert lines.count("flood") <= 11 * logs.LINES_A_SECOND
    assert len(lines) <= 11 * 2 * logs.LINES_A_SECOND
    assert {"serious", "the end"} <= set(lines), "what is serious has lines of its own"
    suppressed = sum(int(number) for number in re.findall(r"suppressed (\d+) lines", stream.getvalue()))
    assert suppressed + lines.count("flood") == 10_000, "all are accounted for"


def test_a_log_that_nobody_reads_holds_nobody_up() -> None:
    read, write = os.pipe()
    handler = logs.Paced(os.fdopen(write, "w"))
    for _ in range(20_000):
        handler.handle(logging.makeLogRecord({"msg": "x" * 1_000, "levelno": logging.CRITICAL}))
    with os.fdopen(read) as reader:
        lines = [reader.readline() for _ in range(logs.MOST_WAITING)]
        handler.flush()
        handler.handle(logging.makeLogRecord({"msg": "read again", "levelno": logging.CRITICAL}))
        while lines[-1] != "read again\n":
            lines.append(reader.readline())
        handler.close()
        handler.stream.close()
    suppressed = [int(number) for line in lines for number in re.findall(r"suppressed (\d+) lines", line)]
    assert sum(suppressed) + sum(line.startswith("xx") for line in lines) == 20_000, "all are accounted for"
    assert sum(suppressed) > 18_000


def reset(port: int) -> None:
    """Connect, say something, and break the link the hard way."""
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(b"NICK x\r\nUSER")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_a_storm_of_resets_floods_no_log(tmp_path: Path, level: str) -> None:
    with logging_to(tmp_path / "log", "--no-history", "--log-level", level, "--set", "limits.enabled=false") as server:
        started = asyncio.get_running_loop().time()
        for _ in range(1_200):
            reset(server.port)
        await (await (await Peer.open(server.port)).enter_line("ann")).close()
        seconds = asyncio.get_running_loop().time() - started
        process = server.process
        process.terminate()
        process.wait(timeout=20)
        lines = server.logged
    assert "Traceback" not in "".join(lines)
    assert len(lines) <= (100 if level == "info" else 110 * (seconds + 4))


async def test_no_secret_is_ever_logged(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(f'password = "{PASSWORDS[0]}"\n[operators.root]\npassword = "{PASSWORDS[1]}"\n')
    file.chmod(0o600)
    options = ["--log-level", "debug", "--config", str(file), "--data", str(tmp_path / "data")]
    with logging_to(tmp_path / "log", *options) as server:
        await log_in_everywhere(server)
        file.write_text(f'password = {PASSWORDS[0]}\n[operators.root]\npassword = "{PASSWORDS[1]}"\n')
        server.hang_up()
        server.says("stays in force")
        file.write_text(f'password = "{PASSWORDS[0]}"\n[operators.root]\npassword = ["{PASSWORDS[1]}"]\n')
        server.hang_up()
        server.says("operators", 0)
        server.process.terminate()
        server.process.wait(timeout=20)
        text = "\n".join(server.logged)
        assert len(server.logged) > 4
    for secret in PASSWORDS:
        assert secret not in text
        assert b64encode(secret.encode()).decode()[:-4] not in text


async def log_in_everywhere(server: Process) -> None:
    """By every way that takes a secret, right and wrong."""
    gateway = await Peer.open(server.port)
    gateway.send(f"WEBIRC {PASSWORDS[4]} kiwi ann.example 192.0.2.9")
    await gateway.end()
    await gateway.close()
    ann = await Peer.open(server.port)
    ann.send(f"PASS {PASSWORDS[4]}", "NICK ann", "USER ann 0 * :Ann")
    await ann.end()
    await ann.close()
    ann = await Peer.open(server.port)
    ann.send("CAP REQ :sasl", f"PASS {PASSWORDS[0]}", "NICK ann", "USER ann 0 * :Ann", "CAP END")
    await ann.until(r" (376|422) ann .*\n")
    ann.send(f"OPER root {PASSWORDS[4]}", f"OPER root {PASSWORDS[1]}")
    await ann.until(r" 381 ann ")
    ann.send(f"NICKSERV REGISTER {PASSWORDS[2]}", f"PRIVMSG NickServ :IDENTIFY ann {PASSWORDS[4]}")
    await ann.until(r"NickServ(.*\n)+.*NickServ")
    plain = b64encode(f"\0ann\0{PASSWORDS[2]}".encode()).decode()
    ann.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain[:-4]}")
    await ann.until(r" (900|903|904|907) (.*\n)+.* 904 ")
    ann.send(f"PRIVMSG NickServ :PASSWD {PASSWORDS[2]} {PASSWORDS[3]}", "PING end")
    await ann.until(r"PONG .*end")
    await ann.close()
    program = await Peer.open(server.port)
    program.send(json.dumps({"do": "enter", "nick": "bob", "password": PASSWORDS[4]}))
    await program.end()
    await program.close()
    program = await Peer.open(server.port)
    assert "ok" in await program.ask(do="enter", nick="bob", password=PASSWORDS[0])
    assert "ok" in await program.ask(do="register", account="bob", password=PASSWORDS[2])
    assert "error" in await program.ask(do="log_in", account="bob", password=PASSWORDS[4])
    assert "ok" in await program.ask(do="set_password", old=PASSWORDS[2], password=PASSWORDS[3])
    assert "error" in await program.ask(do="become_operator", name="root", password=PASSWORDS[4])
    assert "error" in await program.ask(do="log_in", account="bob", pasword=PASSWORDS[3])
    await program.close()
    person = await Peer.open(server.port)
    person.send("carl", PASSWORDS[0], f"/register {PASSWORDS[2]}", f"/password {PASSWORDS[2]} {PASSWORDS[3]}")
    person.send(f"/login carl {PASSWORDS[4]}", "/quit")
    await person.end()
    await person.close()
    person = await Peer.open(server.port)
    person.send("dora", PASSWORDS[4])
    await person.end()
    await person.close()


async def test_the_library_configures_nothing() -> None:
    before = (logging.root.handlers[:], logging.root.level, sys.excepthook)
    async with tcpchat.Server(port=0) as server:
        async with tcpchat.connect(f"127.0.0.1:{server.port}", nick="bot", rooms=["#tea"]) as chat:
            await chat.say("#tea", "hello")
    assert (logging.root.handlers[:], logging.root.level, sys.excepthook) == before
    assert not [
        name for name in logging.root.manager.loggerDict if logging.getLogger(name).handlers if "tcpchat" in name
    ]


def test_what_nobody_caught_is_one_line() -> None:
    script = (
        "import threading; from tcpchat.server import logs; logs.set_up('info', 'text'); "
        "logs.catch_what_nobody_caught(); thread = threading.Thread(target=lambda: 1 / 0); thread.start(); "
        "thread.join(); raise ValueError('one\\ntwo')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert re.fullmatch(
        r"\S+ \S+ CRITICAL a thread .*ZeroDiv.*\n\S+ \S+ CRITICAL not handled.*one\\ntwo\n", done.stderr
    )
