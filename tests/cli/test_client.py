"""tcpchat-client as its users meet it: in pipes, and at a terminal."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import UNHURRIED

pexpect = pytest.importorskip("pexpect")
pyte = pytest.importorskip("pyte")

SECONDS = 10
CLIENT = [sys.executable, "-m", "tcpchat.client"]
ESCAPE = b"\x1b"


class Peer:
    """Somebody else in the chat, over a plain socket."""

    def __init__(self, port: int, nick: str, room: str = "#lobby") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._lines = self._socket.makefile("rb")
        self._heard: list[dict[str, Any]] = []
        self.do(do="enter", nick=nick)
        self.do(do="join", room=room)

    def do(self, **wish: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self._socket.sendall(json.dumps({"id": 1, **wish}).encode() + b"\n")
        while not (line := self._line()).keys() & {"ok", "error"}:
            self._heard.append(line)
        assert "error" not in line, line
        return line

    def say(self, text: str, room: str = "#lobby") -> None:
        """Say something."""
        self.do(do="say", room=room, text=text)

    def past(self, room: str) -> list[str]:
        """What was said in a room."""
        return [event["text"] for event in self.do(do="history", room=room)["events"]]

    def hear(self, kind: str = "said", by: str = "") -> dict[str, Any]:
        """The next event of a kind."""
        while True:
            line = self._heard.pop(0) if self._heard else self._line()
            if line.get("event") == kind and by in ("", line["by"]):
                return line

    def close(self) -> None:
        """Leave, and wait until the server knows: the next one may want the same nick."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b'{"do":"quit"}\n')
            self._lines.read()
        self._lines.close()
        self._socket.close()

    def _line(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self._lines.readline())
        return line


class Screen:
    """A program at a terminal of 80 columns and 24 rows."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.raw = b""
        self.child = pexpect.spawn(command[0], command[1:], env=environment, dimensions=(24, 80), timeout=SECONDS)
        self.child.delaybeforesend = None
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def rows(self) -> list[str]:
        """What can be seen, without empty rows."""
        return [row.rstrip() for row in self._screen.display if row.strip()]

    def until(self, *seen: str) -> None:
        """Until rows that match the patterns are there, in this order, the last of them in the last row."""
        wanted = [re.compile(pattern) for pattern in seen]

        def there() -> bool:
            rows = iter(self.rows)
            return all(any(one.fullmatch(row) for row in rows) for one in wanted) and bool(
                wanted[-1].fullmatch(self.rows[-1])
            )

        self._read_until(there)

    def until_gone(self, pattern: str) -> None:
        """Until no row matches the pattern."""
        self._read_until(lambda: not any(re.fullmatch(pattern, row) for row in self.rows))

    def ended(self) -> int:
        """Until the program has ended. :returns: its exit code."""
        self._read_until(lambda: False)
        self.child.close()
        return int(self.child.exitstatus if self.child.signalstatus is None else 128 + self.child.signalstatus)

    def type(self, keys: str) -> None:
        """Press keys."""
        self.child.send(keys)

    def _read_until(self, there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not there():
            try:
                data = self.child.read_nonblocking(65_536, timeout=0.5)
            except pexpect.EOF:
                return
            except pexpect.TIMEOUT:
                data = b""
            self.raw += data
            self._stream.feed(data)
            if time.monotonic() > deadline:
                pytest.fail("Not seen. The screen:\n" + "\n".join(self.rows))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server listens."""
    with _server(0) as port:
        yield port


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a new user called ann."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "PYTHONPATH", "COVERAGE_PROCESS_START", "TCPCHAT_AS_ROOT"}
    }
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    return {**kept, **home, "USER": "ann", "TERM": "xterm", "LC_ALL": "C.UTF-8"}


@pytest.fixture
def run(port: int, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """The client, run with pipes until it ends."""

    def run(*options: str, given: bytes = b"", **more: Any) -> subprocess.CompletedProcess[bytes]:
        streams = {"input": given, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        if "stdin" in more:
            del streams["input"]
        command = [*CLIENT, f"127.0.0.1:{port}", *options]
        return subprocess.run(command, env=environment, timeout=SECONDS, check=False, **streams)

    return run


@pytest.fixture
def bob(port: int) -> Iterator[Peer]:
    """Bob, in the lobby."""
    peer = Peer(port, "bob")
    yield peer
    peer.close()


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., Screen]]:
    """Start a command at a terminal."""
    screens = []

    def start(*command: str, **more: str) -> Screen:
        screens.append(Screen([*command], {**environment, **more}))
        return screens[-1]

    yield start
    for screen in screens:
        screen.child.close(force=True)


@pytest.fixture
def terminal(port: int, start: Callable[..., Screen]) -> Callable[..., Screen]:
    """Start the client at a terminal, in the lobby."""
    return lambda *options: start(*CLIENT, f"127.0.0.1:{port}", *options)


Run = Callable[..., subprocess.CompletedProcess[bytes]]
Start = Callable[..., Screen]


# in pipes


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
        (["--room", "#a", "--room", "#b"], b"x\n", 64, "One --room at a time"),
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


def test_a_taken_name(run: Run, bob: Peer, environment: dict[str, str]) -> None:
    environment["USER"] = "bob"
    assert run(given=b"me too\n").returncode == 0
    assert bob.hear()["by"] == "bob2"
    done = run("--nick", "bob", given=b"me too\n")
    assert (done.returncode, done.stdout) == (65, b"")
    assert b"The name bob is taken. Try bob2." in done.stderr


def test_commands_take_effect_in_their_order_and_mistakes_are_never_said(terminal: Start, bob: Peer) -> None:
    screen = terminal("--plain")
    screen.until("-- Type and press Enter. /help  Ctrl-D leaves")
    screen.type("/nope secret\n/msg bob\n/msg nobody hello\n")
    screen.until(
        ".*There is no /nope, nothing was sent.*", ".*missing: /msg NAME TEXT", ".*There is nobody called nobody here."
    )
    screen.type("/nick zoe\n/msg bob psst\n/me waves\n/join tea\nhello\n/room lobby\nhi\n/quit bye\n")
    assert bob.hear("told")["text"] == "psst"
    assert [(event["text"], event.get("kind")) for event in (bob.hear(), bob.hear())] == [
        ("waves", "action"),
        ("hi", None),
    ]
    assert bob.hear("gone")["reason"] == "bye"


class Faked:
    """A server that lets everybody in and answers what is said as the test wants."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        """`answers`: what is answered otherwise than by default, by what is asked for."""
        self._answers = {
            "enter": {"reply": "welcome", "nick": "ann", "server": "faked", "version": "0"},
            "join": {"reply": "seated", "room": "#lobby", "people": ["ann"]},
            "history": {"reply": "page", "room": "#lobby", "events": []},
            **answers,
        }
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.link: socket.socket | None = None

    def until_said(self) -> int:
        """Until something is said. :returns: the id of the request."""
        return int(self.until("say")["id"])

    def until(self, do: str) -> dict[str, Any]:
        """Until something is asked for. It is answered, and so is all before, if there is an answer to it."""
        if self.link is None:
            self.link, _ = self._listener.accept()
            self.link.settimeout(SECONDS)
            self._lines = self.link.makefile("rb")
            self.tell(hello="faked", protocol=1, version="0")
        for line in self._lines:
            wish: dict[str, Any] = json.loads(line)
            if wish["do"] in self._answers:
                self.tell(ok=wish["id"], **self._answers[wish["do"]])
            if wish["do"] == do:
                return wish
        raise AssertionError(f"nobody asked to {do}")

    def tell(self, **line: Any) -> None:
        """Send a line."""
        assert self.link is not None
        self.link.sendall(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Be gone."""
        self._listener.close()
        if self.link is not None:
            self._lines.close()
            self.link.close()


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


# at a terminal


def test_what_is_half_typed_survives_what_arrives(terminal: Start, bob: Peer) -> None:
    bob.say("morning")
    screen = terminal()
    screen.until(".*<bob> morning", "-- #lobby, 2 people: bob, you.", "-- Type and press Enter. .*", "ann #lobby>")
    screen.type("half typed te")
    screen.until("ann #lobby> half typed te")
    for number in range(50):
        bob.say(f"line {number}")
    screen.until(r"\d\d:\d\d <bob> line 48", r"\d\d:\d\d <bob> line 49", "ann #lobby> half typed te")
    screen.type("xt \N{HIRAGANA LETTER A}\x7f\N{HIRAGANA LETTER I}\r")
    assert bob.hear(by="ann")["text"] == "half typed text \N{HIRAGANA LETTER I}"
    screen.until(r".*<ann> half typed text .*", "ann #lobby>")
    assert [screen.raw.count(b"line %d\r\n" % number) for number in range(50)] == [1] * 50
    assert screen.raw.count(b"<ann> half typed text") == 1
    screen.type("\x04")
    assert screen.ended() == 0
    assert bob.hear("gone")["by"] == "ann"


@pytest.mark.threat(21)
def test_no_escape_of_a_peer_reaches_the_terminal(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    bob.say("\x1b]0;evil\x07 \x1b[2J \u202eevil \x9b31m\n09:00 <carol> I never said this")
    bob.do(do="set_topic", room="#lobby", topic="\x1b[31mred")
    bob.say("end")
    screen.until(".*<bob> end", "ann #lobby>")
    assert b"]0;evil" in screen.raw  # harmless without what came before it
    for bad in (b"\x1b]0;", b"\x07", b"\x1b[31m", "\u202e".encode(), "\x9b".encode()):
        assert bad not in screen.raw
    assert not any(row.startswith("09:00 <carol>") for row in screen.rows)


@pytest.mark.threat(21)
@pytest.mark.parametrize(
    "before", ["x" * 68, "漢" * 34, "漢" * 33 + "x" * 2, "x" * 148, "x" * 64 + " " * 4, "x" * 60 + " " * 20]
)
def test_no_row_of_a_long_line_passes_for_another_line(terminal: Start, bob: Peer, before: str) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    bob.say(f"{before}09:00 <carol> I never said this")
    bob.say(f"{before}-- carol is an operator now")
    bob.say("end")
    screen.until(".*<bob> end", "ann #lobby>")
    assert [row for row in screen.rows if "I never said this" in row]
    assert not [row for row in screen.rows if re.match(r"\s{0,5}(09:00 <carol>|-- carol)", row)]


def test_history_is_there_after_a_restart(terminal: Start, bob: Peer, tmp_path: Path) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    screen.type("remember me\r")
    screen.until(".*<ann> remember me", "ann #lobby>")
    screen.type("\x04")
    assert screen.ended() == 0
    kept = tmp_path / "state" / "tcpchat" / "history"
    assert kept.stat().st_mode & 0o777 == 0o600
    again = terminal()
    again.until("ann #lobby>")
    again.type("\x1b[A")
    again.until("ann #lobby> remember me")
    again.type("\r")
    assert [bob.hear(by="ann")["text"], bob.hear(by="ann")["text"]] == ["remember me", "remember me"]


def test_ctrl_c_takes_away_what_is_typed_and_twice_leaves(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    screen.type("never mind")
    screen.until("ann #lobby> never mind")
    screen.type("\x03")
    screen.until("-- Ctrl-C once more leaves.", "ann #lobby>")
    screen.type("said\r")
    assert bob.hear(by="ann")["text"] == "said"
    screen.until(".*<ann> said", "ann #lobby>")
    screen.type("\x03\x03")
    assert screen.ended() == 0


def test_several_pasted_lines_are_one_question_and_one_message(terminal: Start, bob: Peer) -> None:
    paste = "\x1b[200~one\rtwo\r/three\r\x1b[201~"
    screen = terminal()
    screen.until("ann #lobby>")
    for no in ("n", "\x03"):
        screen.type("so: " + paste)
        screen.until("Send these 3 lines as one message\\? y/n")
        screen.type(no)
        screen.until("-- Nothing was sent; the arrow up brings it back.", "ann #lobby> so:")
        screen.type("\x15")
        screen.until("ann #lobby>")
    screen.type(paste)
    screen.until("Send these 3 lines as one message\\? y/n")
    screen.type("y")
    screen.until(".*<ann> one", " +two", " +/three", "ann #lobby>")
    screen.type("\x1b[200~a single line\r\x1b[201~")
    screen.until("ann #lobby> a single line")
    screen.type("\r")
    assert [bob.hear(by="ann")["text"], bob.hear(by="ann")["text"]] == ["one\ntwo\n/three", "a single line"]


def test_tab_completes_commands_and_people(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    screen.type("/jo\ttea\r")
    screen.until("-- #tea: nobody else is here yet.", "ann #tea>")
    screen.type("/room lobby\r")
    screen.until("-- What you type goes to #lobby. .*", "ann #lobby>")
    screen.type("b\thi\r")
    assert bob.hear(by="ann")["text"] == "bob: hi"


def test_other_rooms_are_named_and_direct_messages_marked(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    bob.do(do="join", room="#side")
    screen.type("/join side\r")
    screen.until("-- #side, 2 people: bob, you.", "ann #side>")
    bob.say("from afar")
    bob.say("near", "#side")
    bob.do(do="tell", to="ann", text="psst")
    bob.do(do="part", room="#side", reason="lunch")
    screen.until(
        r".* #lobby <bob> from afar",
        r"\d\d:\d\d <bob> near",
        r".*\(to you\) <bob> psst",
        r"-- bob left \(lunch\)",
        "ann #side>",
    )


@pytest.mark.parametrize("way", ["\x04", "\x03\x03", "/quit\r", "SIGTERM"])
def test_the_terminal_is_left_as_it_was_found(port: int, start: Start, tmp_path: Path, way: str) -> None:
    found = f"stty -a; {sys.executable} -c 'import os; print([os.get_blocking(fd) for fd in (0, 1, 2)])'"
    client = f"{' '.join(CLIENT)} 127.0.0.1:{port} & echo $! >pid; fg"
    script = f"cd {tmp_path}; ({found}) >before; set -m; {client}; echo code $? >code; ({found}) >after"
    screen = start("bash", "-c", script)
    screen.until("ann #lobby>")
    if way == "SIGTERM":
        screen.type("half")
        screen.until("ann #lobby> half")
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
    else:
        screen.type(way)
    screen.ended()
    assert (tmp_path / "code").read_text() == ("code 143\n" if way == "SIGTERM" else "code 0\n")
    assert "[True, True, True]" in (tmp_path / "after").read_text()
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()
    assert b"Traceback" not in screen.raw


def test_ctrl_z_gives_the_terminal_to_the_shell_and_keeps_what_is_typed(port: int, start: Start, bob: Peer) -> None:
    screen = start("bash", "--norc", "-i", PS1="shell> ")
    screen.type(f"{' '.join(CLIENT)} 127.0.0.1:{port}\r")
    screen.until("ann #lobby>")
    screen.type("kept")
    screen.until("ann #lobby> kept")
    screen.type("\x1a")
    screen.until(".*Stopped.*", "shell>")
    screen.type(f"{sys.executable} -c 'import os; print(os.get_blocking(0))'\r")
    screen.until("True", "shell>")
    bob.say("meanwhile")
    screen.type("fg\r")
    screen.until(".*<bob> meanwhile", "ann #lobby> kept")
    screen.type("\r")
    assert bob.hear(by="ann")["text"] == "kept"


def test_ctrl_z_in_plain_mode(port: int, start: Start, bob: Peer) -> None:
    screen = start("bash", "--norc", "-i", PS1="shell> ")
    screen.type(f"{' '.join(CLIENT)} 127.0.0.1:{port} --plain\r")
    screen.until("-- #lobby, 2 people: bob, you.", "-- Type and press Enter. .*")
    screen.type("\x1a")
    screen.until(".*Stopped.*", "shell>")
    screen.type(f"{sys.executable} -c 'import os; print(os.get_blocking(0))'\r")
    screen.until("True", "shell>")
    screen.type("fg\r")
    screen.until(".*--plain")  # bash says what it goes on with
    screen.type("back\r")
    assert bob.hear(by="ann")["text"] == "back"


def test_errors_in_a_file_leave_the_prompt(port: int, start: Start, bob: Peer) -> None:
    screen = start("sh", "-c", f"{' '.join(CLIENT)} 127.0.0.1:{port} 2>/dev/null")
    screen.until("ann #lobby>")
    screen.type("edix\x7ft\r")
    assert bob.hear(by="ann")["text"] == "edit"


@pytest.mark.parametrize("plain", [["--plain"], ["TERM=dumb"]])
def test_plain_has_no_escapes_and_no_prompt(
    terminal: Start, environment: dict[str, str], bob: Peer, plain: list[str]
) -> None:
    environment |= dict([plain[0].split("=")]) if "=" in plain[0] else {}
    screen = terminal(*(one for one in plain if "=" not in one))
    screen.until("-- #lobby, 2 people: bob, you.", "-- Type and press Enter. /help  Ctrl-D leaves")
    bob.say("hello")
    screen.until(r"\d\d:\d\d #lobby <bob> hello")
    screen.type("hi there\n")
    screen.until(r"\d\d:\d\d #lobby <ann> hi there")
    screen.type("\x04")
    assert screen.ended() == 0
    assert ESCAPE not in screen.raw


def test_a_taken_name_at_a_terminal(terminal: Start, bob: Peer, environment: dict[str, str]) -> None:
    asked = terminal("--nick", "bob")
    asked.until("-- The name bob is taken. Try bob2.", "Nickname: bob2")
    asked.type("\x15bobby\r")
    asked.until("bobby #lobby>")
    environment["USER"] = "bob"
    told = terminal()
    told.until("-- The name bob is taken. You are bob2; /nick changes it.", "bob2 #lobby>")


def test_lines_wait_while_the_link_is_lost(start: Start) -> None:
    with _server(0) as port:
        screen = start(*CLIENT, f"127.0.0.1:{port}")
        screen.until("ann #lobby>")
    screen.until("-- link lost: .*, trying again", r"ann #lobby \(no link\)>")
    screen.type("patience\rhalf")
    screen.until(r"ann #lobby \(no link, 1 waiting\)> half")
    with _server(port):
        screen.until("-- back", "ann #lobby> half")
        screen.until(".*<ann> patience", "ann #lobby> half")
        carol = Peer(port, "carol")
        assert carol.past("#lobby") == ["patience"]
        carol.close()
    screen.type("\x15never sent\r")
    screen.until(r"ann #lobby \(no link, 1 waiting\)>")
    screen.type("\x04")
    assert screen.ended() == 75
    assert "1 line was typed, but the server did not confirm that it stored them." in " ".join(screen.rows)


@pytest.fixture
def faked(start: Start) -> Iterator[tuple[Faked, Screen]]:
    """A faked server, and the client at its prompt."""
    server = Faked()
    screen = start(*CLIENT, server.address)
    server.until("history")
    screen.until("ann #lobby>")
    yield server, screen
    server.close()


def said(number: int, text: str, by: str = "ann") -> dict[str, Any]:
    """An event of the room."""
    return {"event": "said", "room": "#lobby", "by": by, "text": text, "number": number, "id": f"a-{number}", "time": 1}


def test_what_is_said_is_pending_until_it_is_stored(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    screen.type("hello\rare you there?\r")
    first, second = server.until_said(), server.until_said()
    screen.type("half")
    screen.until("\N{HORIZONTAL ELLIPSIS} hello", "\N{HORIZONTAL ELLIPSIS} are you there.", "ann #lobby> half")
    server.tell(**said(1, "hello"))
    server.tell(ok=first, reply="stored", number=1, id="a-1", time=1)
    screen.until(".*<ann> hello", "\N{HORIZONTAL ELLIPSIS} are you there.", "ann #lobby> half")
    screen.until_gone("\N{HORIZONTAL ELLIPSIS} hello")
    server.tell(**said(2, "are you there?"))
    server.tell(ok=second, reply="stored", number=2, id="a-2", time=2)
    screen.until(".*<ann> hello", ".*<ann> are you there.", "ann #lobby> half")
    screen.until_gone("\N{HORIZONTAL ELLIPSIS}.*")


def test_a_pending_line_is_cut_so_that_it_never_wraps(faked: tuple[Faked, Screen]) -> None:
    _, screen = faked
    screen.type(f"{'long ' * 100}end\r")
    screen.until("\N{HORIZONTAL ELLIPSIS} .{37}\N{HORIZONTAL ELLIPSIS}", "ann #lobby>")


def test_of_many_pending_lines_only_the_last_are_shown(faked: tuple[Faked, Screen]) -> None:
    _, screen = faked
    for number in range(12):
        screen.type(f"line {number}\r")
    screen.until(r".*\(7 more before these\)", *(f". line {number}" for number in range(7, 12)), "ann #lobby>")
    assert not any("line 6" in row for row in screen.rows)


@pytest.mark.parametrize("half", ["", "half"])
def test_what_was_not_stored_is_marked_and_the_arrow_up_brings_it_back(faked: tuple[Faked, Screen], half: str) -> None:
    server, screen = faked
    screen.type("/me waves\rlater\r")
    first = server.until_said()
    server.tell(error=first, code="not_stored", text="Not stored: the disk is full.")
    second = server.until_said()
    screen.type(half)
    server.tell(**said(1, "later"))
    server.tell(ok=second, reply="stored", number=1, id="a-1", time=1)
    screen.until("! /me waves", "-- Not stored: the disk is full.", ".*<ann> later", f"ann #lobby>{half and ' half'}")
    screen.until_gone("\N{HORIZONTAL ELLIPSIS}.*")
    if half:
        screen.type("\r")
        server.until_said()
        screen.type("\x1b[A")
        screen.until("ann #lobby> half")
    screen.type("\x1b[A")
    screen.until("ann #lobby> /me waves")


def test_where_one_had_left_is_marked(start: Start) -> None:
    past = {"reply": "page", "room": "#lobby", "events": [said(7, "old", "bob"), said(8, "new", "bob")]}
    server = Faked(
        join={"reply": "seated", "room": "#lobby", "people": ["ann"], "number": 8, "left": 7, "left_time": 1},
        history=past,
    )
    screen = start(*CLIENT, server.address)
    server.until("history")
    screen.until(
        "-- Said in #lobby before:",
        ".*<bob> old",
        "-- You were away from 01 Jan 1970 .*",
        ".*<bob> new",
        "-- Now:",
        "ann #lobby>",
    )
    server.close()


def test_a_recorded_room_says_so(start: Start) -> None:
    server = Faked(join={"reply": "seated", "room": "#lobby", "people": ["ann"], "recorded": True})
    screen = start(*CLIENT, server.address)
    server.until("history")
    screen.until("-- What is said in #lobby is recorded, and shown to those who join later.", "ann #lobby>")
    server.close()


def test_what_is_searched_for_is_shown_with_its_place(start: Start) -> None:
    told = {"event": "told", "by": "ann", "to": "bob", "text": "tea?", "number": 1, "id": "a-9", "time": 1}
    found = {"reply": "found", "events": [said(2, "tea!", "bob"), said(1, "tea"), told], "more": True}
    server = Faked(search=found)
    screen = start(*CLIENT, server.address)
    server.until("history")
    screen.until("ann #lobby>")
    screen.type("/search #lobby tea\r")
    wish = server.until("search")
    assert (wish["target"], wish["words"]) == ("#lobby", "tea")
    screen.until(
        "-- Found:",
        r"01 Jan 1970 \d\d:\d\d \(to bob\) <ann> tea\?",
        ".*1970 .* #lobby <ann> tea",
        ".*1970 .* #lobby <bob> tea!",
        "-- These are the latest. .*",
        "ann #lobby>",
    )
    server.close()


def test_what_was_skipped_is_said(faked: tuple[Faked, Screen]) -> None:
    server, screen = faked
    server.tell(event="skipped", target="#lobby", first=1, last=8_312)
    screen.until("-- 8,312 messages in #lobby were skipped, because you were too far behind.*", "ann #lobby>")


def test_nobody_listens(start: Start) -> None:
    screen = start(*CLIENT, "127.0.0.1:1")
    assert screen.ended() == 69
    assert "tcpchat-server --listen 127.0.0.1:1" in "".join(screen.rows)
    assert ESCAPE not in screen.raw


def test_a_terminal_that_goes_away_ends_it(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    screen.child.ptyproc.fileobj.close()
    assert bob.hear("gone")["by"] == "ann"
    assert screen.child.wait() == 128 + signal.SIGHUP


@contextlib.contextmanager
def _server(port: int) -> Iterator[int]:
    command = [sys.executable, "-m", "tcpchat.server", "--no-history", "--listen", f"127.0.0.1:{port}"]
    command += [f"--set=limits.{name}={most}" for name, most in UNHURRIED.items()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        yield int(server.stdout.readline().rpartition(":")[2])
        server.terminate()


def test_a_room_is_looked_after(terminal: Start, port: int) -> None:
    """What its operator types is done, and what cannot be done is said."""
    eve = Peer(port, "eve", "#eves")
    screen = terminal("--plain", "--room", "#kitchen")
    screen.until("-- Type and press Enter. /help  Ctrl-D leaves")
    screen.type("/slow 5\n/key sesame\n/admit members\n/ban eve\n/invite eve\n/kick nobody\n/keep\n/op eve\n")
    screen.until(
        ".*ann let everybody speak every 5 seconds only in #kitchen",
        ".*ann locked the door with a key in #kitchen",
        ".*ann let only those in who are logged in in #kitchen",
        r".*ann banned eve!\*@\* in #kitchen",
        ".*eve is invited to #kitchen.",
        ".*nobody is not in #kitchen.",
        ".*Log in first: a room belongs to an account.",
        ".*eve is not in #kitchen.",
    )
    assert eve.hear("invited")["room"] == "#kitchen"
    eve.close()


@pytest.mark.threat(39)
def test_who_is_ignored_is_not_shown(terminal: Start, bob: Peer, port: int) -> None:
    eve = Peer(port, "eve")
    screen = terminal("--plain")
    screen.until("-- Type and press Enter. /help  Ctrl-D leaves")
    screen.type("/ignore eve\n")
    screen.until(".*You do not hear eve any more, until you leave.")
    eve.say("Buy it!")
    eve.do(do="rename", nick="mallory")
    eve.say("Buy it!")
    bob.say("hello")
    screen.until(".*<bob> hello")
    screen.type("/unignore mallory\n")
    screen.until(".*You hear mallory again.")
    assert b"Buy" not in screen.raw
    eve.say("Buy it!")
    screen.until(".*<mallory> Buy it!")
    eve.close()


# accounts

PASSWORD = "correct-horse-battery"


def test_a_password_is_neither_shown_nor_kept(terminal: Callable[..., Screen], environment: dict[str, str]) -> None:
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
    assert (done.returncode, b"not its password" in done.stderr) == (65, True)
    for options in (["--account", "carla"], ["--password-command", "echo x"]):
        assert run(*options, given=b"no\n").returncode == 64
    other.close()


def test_at_the_door_one_is_asked_for_the_password_of_the_name_one_wants(
    terminal: Callable[..., Screen], port: int
) -> None:
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
    screen.until(r"Nickname: dora2")
    screen.type("\r")
    screen.until(r"dora2 #lobby>")
    assert PASSWORD.encode() not in screen.raw
    other.close()
