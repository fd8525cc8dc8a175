"""tcpchat-client for scripts: send, tail and search, in real processes, while servers are killed and links are cut."""

import asyncio
import json
import random
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.faked import Faked, said
from tests.cli.screen import CLIENT, SECONDS, Peer, serving
from tests.conftest import UNHURRIED
from tests.link import Link

Done = subprocess.CompletedProcess[bytes]
Command = Callable[..., Done]


class House:
    """A server with a log, which can be killed and started again at the same port."""

    def __init__(self, data: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        limits = [f"--set=limits.{name}={most}" for name, most in UNHURRIED.items()]
        self._command = [
            sys.executable, "-m", "tcpchat.server", "--listen", f"127.0.0.1:{self.port}", "--data", str(data), *limits,
        ]  # fmt: skip

    def open(self) -> None:
        """It is there, when this returns."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        assert "is listening" in self._process.stdout.readline()

    def kill(self) -> None:
        """Without a word."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "data")
    house.open()
    yield house
    house.kill()


@pytest.fixture
def script(environment: dict[str, str]) -> Command:
    """Run a command for scripts, as ann, until it ends. It never answers with a traceback."""

    def script(name: str, *options: str, port: int, given: bytes = b"", **more: Any) -> Done:
        command = [*CLIENT, name, "--server", f"127.0.0.1:{port}", *options]
        streams = {"input": given} if "stdin" not in more else {}
        done = subprocess.run(command, env=environment, capture_output=True, timeout=30, **streams, **more)
        assert b"Traceback" not in done.stderr
        return done

    return script


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start a command for scripts."""
    processes: list[subprocess.Popen[bytes]] = []

    def running(name: str, *options: str, port: int) -> "subprocess.Popen[bytes]":
        command = [*CLIENT, name, "--server", f"127.0.0.1:{port}", *options]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen(command, env=environment, **pipes))
        return processes[-1]

    yield running
    for process in processes:
        process.kill()
        process.communicate()


def entries(port: int, room: str = "#ops") -> list[dict[str, Any]]:
    """The log of a room, as somebody else sees it."""
    peer = Peer(port, "reader", room)
    found: list[dict[str, Any]] = []
    more = True
    while more:
        page = peer.do(do="history", room=room, limit=500, after=found[-1]["number"] if found else 0)
        found, more = found + page["events"], page.get("more", False)
    peer.close()
    return found


def texts(port: int, room: str = "#ops") -> list[str]:
    return [entry["text"] for entry in entries(port, room) if entry["event"] == "said"]


def until_there(peer: Peer, nick: str, room: str = "#ops") -> None:
    """Until somebody is in the room, perhaps before the peer came."""
    people = peer.do(do="list_people", room=room)["people"]
    if nick not in [person["nick"] for person in people]:
        peer.hear("joined", by=nick)


# the command


def test_help_shows_the_commands_and_every_exit_code(environment: dict[str, str]) -> None:
    shown = subprocess.run([*CLIENT, "--help"], env=environment, capture_output=True, text=True, check=True).stdout
    for name in ("send", "tail", "search", "config"):
        assert re.search(rf"^  {name}  +\w", shown, re.MULTILINE), name
        subprocess.run([*CLIENT, name, "--help"], env=environment, capture_output=True, check=True)
    codes = re.findall(r"^ +(\d+)  ", shown, re.MULTILINE)
    explained = (Path(__file__).parents[2] / "docs" / "scripts.md").read_text()
    assert codes == re.findall(r"^\| (\d+) \|", explained, re.MULTILINE)
    assert {"0", "1", "64", "65", "68", "69", "75", "76", "77", "130"} <= set(codes)


def test_a_command_that_does_not_come_first_is_no_host(environment: dict[str, str]) -> None:
    done = subprocess.run([*CLIENT, "--nick", "ann", "tail"], env=environment, capture_output=True)
    assert (done.returncode, b"tail comes first: tcpchat-client tail" in done.stderr) == (64, True)


# send


@pytest.mark.parametrize(
    ("words", "given", "text"),
    [
        (["disk", "full"], b"not this", "disk full"),
        (["--", "-1 is the exit code"], b"", "-1 is the exit code"),
        (["-"], b"from a pipe\n", "from a pipe"),
        ([], b"two\r\nlines\n\n", "two\nlines"),
        ([], b"\n\n  without an end", "\n\n  without an end"),
        ([], b"not \xff UTF-8", "not \ufffd UTF-8"),
        (["/quit"], b"", "/quit"),
    ],
)
def test_what_is_sent_is_one_message(script: Command, port: int, words: list[str], given: bytes, text: str) -> None:
    bob = Peer(port, "bob", "#ops")
    done = script("send", "--room", "#ops", *words, port=port, given=given)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    heard = bob.hear()
    bob.close()
    assert (heard["text"], heard["by"]) == (text, "ann")


def test_a_file_is_one_message_and_its_name_no_room(script: Command, port: int, tmp_path: Path) -> None:
    bob = Peer(port, "bob", "#ops")
    file = tmp_path / "report"
    file.write_bytes(b"first\nsecond\n")
    with file.open("rb") as opened:
        assert script("send", "-r", "ops", port=port, stdin=opened).returncode == 0
    assert bob.hear()["text"] == "first\nsecond"
    bob.close()


def test_it_is_said_to_one_person(script: Command, port: int) -> None:
    bob = Peer(port, "bob")
    assert script("send", "--to", "bob", "psst", port=port).returncode == 0
    assert bob.hear("told")["text"] == "psst"
    bob.close()


@pytest.mark.parametrize(
    ("options", "given", "code", "sentence"),
    [
        (["--room", "#ops"], b"", 65, "There is nothing to say in an empty message."),
        (["--room", "#ops"], b" \n\n", 65, "There is nothing to say in an empty message."),
        (["--room", "#ops"], b"a" * 5_000, 65, "A message of 5000 bytes is too long: 4096 at most."),
        (["--room", "#ops"], b"\x01" * 4_000, 65, "That line is longer than this server takes."),
        (["--room", "#ops"], b"a" * 1_000_000, 65, "More than 65536 bytes are too long for a message."),
        (["--room", "#" + "o" * 100, "x"], b"", 65, "room"),
        (["--room", "#ops", "--key", "k" * 65, "x"], b"", 65, "A key has 64 characters at most."),
        (["--to", "nobody", "x"], b"", 65, "There is nobody called nobody here."),
        (["x"], b"", 64, "Say where: either --room '#ops' or --to NICK."),
        (["--room", "#ops", "--to", "bob", "x"], b"", 64, "Say where"),
        (["--room"], b"", 64, "In a shell, a room is written with quotes: '#ops'"),
        (["--room", "", "x"], b"", 64, "--room needs a name"),
        (["--room", "#ops", "--timeout", "0", "x"], b"", 64, "--timeout"),
        (["--room", "#ops", "--server", "no.such.host.invalid", "x"], b"", 68, "Is its name spelled right?"),
        (["--room", "#ops", "--server", "127.0.0.1:1", "x"], b"", 69, "Nobody is listening on 127.0.0.1:1."),
        (["--room", "#ops", "--server", "127.0.0.1:99999", "x"], b"", 64, "a number from 1 to 65535"),
        (["--room", "#ops", "--account", "ann", "x"], b"", 64, "TCPCHAT_PASSWORD_FILE"),
        (["--room", "#ops", "--account", "ann", "--password-command", "echo no", "x"], b"", 77, "not its password"),
    ],
)
def test_what_is_not_sent_is_said_in_a_sentence(
    script: Command, port: int, options: list[str], given: bytes, code: int, sentence: str
) -> None:
    done = script("send", *options, port=port, given=given)
    assert (done.returncode, done.stdout) == (code, b"")
    assert sentence in done.stderr.decode()


def test_a_closed_input_says_nothing(environment: dict[str, str], port: int) -> None:
    command = " ".join(CLIENT) + f" send --server 127.0.0.1:{port} --room ops <&-"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, timeout=SECONDS)
    assert (done.returncode, b"nothing to say" in done.stderr, b"Traceback" in done.stderr) == (65, True, False)


def test_what_is_no_chat_and_tls_where_there_is_none(script: Command, port: int) -> None:
    stranger = Faked()

    def answer() -> None:
        link, _ = stranger._listener.accept()
        link.sendall(b"220 mail.example.org ESMTP\r\n")
        link.recv(4_096)
        link.close()

    thread = threading.Thread(target=answer)
    thread.start()
    done = script("send", "-r", "ops", "x", "--server", stranger.address, port=port)
    thread.join()
    stranger.close()
    assert (done.returncode, b"does not speak tcpchat's protocol" in done.stderr) == (76, True)
    done = script("send", "-r", "ops", "x", "--tls", port=port)
    assert (done.returncode, b"There is no TLS" in done.stderr) == (76, True)


def test_a_taken_name_is_no_reason_to_fail_but_somebody_elses_is(script: Command, port: int) -> None:
    bob = Peer(port, "bob", "#ops")
    assert script("send", "-r", "ops", "--nick", "bob", "me, too", port=port).returncode == 0
    assert bob.hear()["by"] == "bob2"
    bob.do(do="register", account="carla", password="correct-horse-battery")
    done = script("send", "-r", "ops", "--nick", "carla", "no", port=port)
    assert (done.returncode, b"belongs to an account" in done.stderr) == (65, True)
    bob.close()


def test_a_room_that_nobody_ever_was_in_is_pointed_out(script: Command, port: int) -> None:
    done = script("send", "-r", "#misspelt", "hello?", port=port)
    assert (done.returncode, b"#misspelt is new" in done.stderr) == (0, True)


def test_the_same_key_adds_nothing_whatever_name_is_free(
    script: Command, house: House, environment: dict[str, str]
) -> None:
    again = ["--room", "#ops", "--key", "job-17", "disk full"]
    ann = Peer(house.port, "ann", "#ops")
    assert script("send", *again, port=house.port).returncode == 0
    assert ann.hear()["by"] == "ann2"
    ann.close()
    house.kill()
    house.open()
    for _ in range(2):
        assert script("send", *again, port=house.port).returncode == 0
    assert texts(house.port) == ["disk full"]
    assert script("send", "--room", "#ops", "--key", "job-18", "disk full", port=house.port).returncode == 0
    assert texts(house.port) == ["disk full", "disk full"]
    kept = [*Path(environment["HOME"]).rglob("sent/*")]
    assert len(kept) == 2
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}


def test_without_a_place_to_keep_it_a_key_still_holds_for_a_name(
    script: Command, house: House, environment: dict[str, str]
) -> None:
    environment["XDG_STATE_HOME"] = "/dev/null/nowhere"
    for _ in range(2):
        assert script("send", "-r", "ops", "--key", "a", "once", port=house.port).returncode == 0
    assert texts(house.port) == ["once"]


def test_one_person_is_told_once_too(script: Command, house: House) -> None:
    bob = Peer(house.port, "bob")
    for _ in range(2):
        assert script("send", "--to", "bob", "--key", "a", "psst", port=house.port).returncode == 0
    assert script("send", "--to", "bob", "that was all", port=house.port).returncode == 0
    assert [bob.hear("told")["text"] for _ in range(2)] == ["psst", "that was all"]
    bob.close()


async def test_those_who_say_the_same_at_once_say_it_once(house: House, environment: dict[str, str]) -> None:
    again = [sent(house.port, environment, "once", "--key", "a") for _ in range(6)]
    assert [code for code, _ in await asyncio.gather(*again)] == [0] * 6
    assert texts(house.port) == ["once"]


class Deaf(Link):
    """A link on which, so many times, no answer comes from the moment something is said; then it breaks."""

    times = 1
    said = 0

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        if source.at_eof():
            return
        await super()._pass_on(_Listening(source, self), target)  # type: ignore[arg-type]

    def heard(self, data: bytes) -> None:
        """Bytes on their way."""
        if b'"do":"say"' not in data:
            return
        self.said += 1
        if self.said <= self.times:
            self.swallow_answers()
            asyncio.get_running_loop().call_later(0.5, self.cut)


class _Listening:
    """A reader that tells what it reads."""

    def __init__(self, reader: asyncio.StreamReader, link: Deaf) -> None:
        self._reader, self._link = reader, link

    async def read(self, size: int) -> bytes:
        data = await self._reader.read(size)
        self._link.heard(data)
        return data


async def sent(port: int, environment: dict[str, str], *options: str, dies: float | None = None) -> tuple[int, str]:
    """One run of send: its exit code, and what it says. It is killed after so many seconds."""
    process = await asyncio.create_subprocess_exec(
        *CLIENT, "send", "--server", f"127.0.0.1:{port}", "--room", "#ops", *options,
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    if dies is not None:
        asyncio.get_running_loop().call_later(dies, _kill, process)
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


async def test_an_answer_that_is_lost_is_asked_for_again(house: House, environment: dict[str, str]) -> None:
    async with Deaf.to(house.port) as link:
        assert (await sent(link.port, environment, "once"))[0] == 0
        assert link.said == 2
    assert texts(house.port) == ["once"]


async def test_when_no_answer_comes_the_key_is_named_and_holds(house: House, environment: dict[str, str]) -> None:
    async with Deaf.to(house.port) as link:
        link.times = 1_000
        code, said = await sent(link.port, environment, "once", "--timeout", "2")
        assert code == 75
        found = re.search(r"There was no answer within 2 seconds\. Perhaps it was stored\..* --key (\S+)$", said)
        assert found, said
        link.times = 0
        ann = Peer(house.port, "ann", "#ops")  # another one: it is not the name alone that makes it the same
        assert await sent(link.port, environment, "once", "--key", found[1]) == (0, "")
        ann.close()
    assert texts(house.port) == ["once"]


async def test_interrupted_it_says_what_became_of_it(house: House, environment: dict[str, str]) -> None:
    async with Deaf.to(house.port) as link:
        link.times = 1_000
        process = await asyncio.create_subprocess_exec(
            *CLIENT, "send", "--server", f"127.0.0.1:{link.port}", "-r", "ops", "--key", "a", "x",
            stderr=asyncio.subprocess.PIPE, env=environment,
        )  # fmt: skip
        while not link.said:
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
    assert (process.returncode, "try again with --key a" in said.decode()) == (130, True)


async def test_killed_again_and_again_each_is_there_once(
    house: House, environment: dict[str, str], seed: int, long: bool
) -> None:
    """Whatever a try ended with, even if it was killed itself: tried again under the same key until it ends well, it is
    there once.
    """
    chance = random.Random(seed)
    kills = 200 if long else 20

    async def until_stored(text: str) -> None:
        code = -1
        while code:
            dies = chance.uniform(0.15, 0.6) if chance.random() < 0.2 else None
            code, said = await sent(house.port, environment, text, "--key", text, "--timeout", "20", dies=dies)
            assert code in (0, 69, 75, -signal.SIGKILL), said

    for number in range(kills):
        sending = [asyncio.create_task(until_stored(f"{number}-{one}")) for one in range(3)]
        await asyncio.sleep(chance.uniform(0.15, 0.6))
        await asyncio.to_thread(house.kill)
        await asyncio.to_thread(house.open)
        await asyncio.gather(*sending)
    assert sorted(texts(house.port)) == sorted(f"{number}-{one}" for number in range(kills) for one in range(3))


# tail


def filled(port: int, count: int, room: str = "#ops") -> list[str]:
    """A room in which so much was said."""
    said = [f"line {number}" for number in range(1, count + 1)]
    peer = Peer(port, "writer", room)
    wishes = [json.dumps({"do": "say", "room": room, "text": text, "id": 2}).encode() for text in said]
    peer._socket.sendall(b"\n".join(wishes) + b"\n")
    while peer.hear()["text"] != said[-1]:
        pass
    peer.close()
    return said


def test_all_of_a_long_log_comes_once_and_in_order(script: Command, house: House) -> None:
    said = filled(house.port, 5_000)
    done = script("tail", "--room", "#ops", "--since", "0", "--json", port=house.port)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, 5_001))
    assert [line["text"] for line in lines] == said
    assert lines == entries(house.port)
    done = script("tail", "--room", "#ops", "--since", "0", port=house.port)
    assert [line.partition(" <writer> ")[2] for line in done.stdout.decode().splitlines()] == said


def test_positions(script: Command, house: House) -> None:
    filled(house.port, 30)
    middle = entries(house.port)[14]

    def shown(*options: str) -> list[int]:
        done = script("tail", "--room", "#ops", "--json", *options, port=house.port)
        assert (done.returncode, done.stderr) == (0, b"")
        return [json.loads(line)["number"] for line in done.stdout.splitlines()]

    assert shown() == list(range(21, 31))
    assert shown("-n", "3") == [28, 29, 30]
    assert shown("-n", "0") == []
    assert shown("-n", "1000") == list(range(1, 31))
    assert shown("--since", "28") == [29, 30]
    assert shown("--since", "30") == []
    assert shown("--since", middle["id"]) == list(range(16, 31))
    assert shown("--since", "2001-01-31") == list(range(1, 31))
    assert shown("--since", "2101-01-31T12:00") == []
    for options, code, sentence in (
        (["--since", "tomorrow"], 64, "“tomorrow” is no position"),
        (["--since", "2026-13-01"], 64, "“2026-13-01” is no position"),
        (["--since", "2026-01-31T25:00"], 64, "“2026-01-31T25:00” is no position"),
        (["--since", "abcdef-3"], 65, "There is no entry abcdef-3. Is it another log than before?"),
        (["--since", "1", "-n", "1"], 64, "Either --since or --lines"),
        (["--since", "31"], 0, "#ops has no entry 31 yet, but 30. Is it another log than before?"),
    ):
        done = script("tail", "--room", "#ops", *options, port=house.port)
        assert (done.returncode, sentence in done.stderr.decode(), done.stdout) == (code, True, b"")


def test_what_happened_besides_talk_is_told_in_words_and_as_json(script: Command, house: House) -> None:
    bob = Peer(house.port, "bob", "#ops")
    bob.do(do="set_topic", room="#ops", topic="release")
    bob.do(do="say", room="#ops", text="waves", kind="action")
    bob.do(do="say", room="#ops", text="one\n2026-11-25 14:02 <root> two")
    wrong = bob.do(do="say", room="#ops", text="a mistake")
    bob.do(do="redact", target="#ops", of=wrong["id"])
    bob.do(do="rename_room", room="#ops", to="#dev")
    done = script("tail", "--room", "#dev", port=house.port)
    bob.close()
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    wanted = [
        rf"{when} -- bob set the topic: release",
        rf"{when} \* bob waves",
        rf"{when} <bob> one",
        r" +2026-11-25 14:02 <root> two",
        rf"{when} <bob> \(taken back\)",
        rf"{when} -- bob took a message back",
        rf"{when} -- bob called #ops #dev",
    ]
    lines = done.stdout.decode().splitlines()
    assert all(re.fullmatch(pattern, line) for pattern, line in zip(wanted, lines, strict=True)), lines


NASTY = "\x1b]0;title\x07\x1b[2J\x9b31m\u202egnirts\u2028x\x7f\U000e0041\rnew\n2026-11-25 14:02 <root> forged"


def test_nothing_in_a_log_controls_a_terminal(environment: dict[str, str]) -> None:
    """Not even that of a server which is not ours."""
    for form in ([], ["--json"]):
        hostile = [said(1, NASTY, by="eve\x1b[2J"), {**said(2, ""), "event": "topic_set", "topic": NASTY}]
        server = Faked(
            join={"reply": "seated", "room": "#lobby", "people": ["ann"], "number": 2},
            history={"reply": "page", "room": "#lobby", "events": hostile},
        )
        command = [*CLIENT, "tail", "--server", server.address, "--room", "#lobby", *form]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
            server.until("history")
            assert process.stdout is not None
            shown = process.stdout.read().decode()
            server.close()
        assert process.returncode == 0
        assert all(one.isprintable() or one == "\n" for one in shown), shown
        lines = shown.splitlines()
        if form:
            assert [json.loads(line)["number"] for line in lines] == [1, 2]
            assert json.loads(lines[0])["text"] == NASTY
        else:
            assert [line[:4] for line in lines] == ["1970", "    ", "1970", "    "]


@pytest.mark.parametrize("options", [["--since", "0"], ["--since", "0", "--follow"]])
def test_a_reader_that_has_had_enough_ends_it(house: House, environment: dict[str, str], options: list[str]) -> None:
    filled(house.port, 3_000)
    tail = " ".join([*CLIENT, "tail", "--server", f"127.0.0.1:{house.port}", "--room", "ops", *options])
    command = f"({tail}; echo ended with $? >&2) | head -1"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, timeout=SECONDS)
    assert done.stdout.endswith(b"<writer> line 1\n")
    assert done.stderr == b"ended with 0\n"


def test_it_ends_even_if_nothing_more_is_said(house: House, environment: dict[str, str]) -> None:
    filled(house.port, 1)
    tail = " ".join([*CLIENT, "tail", "--server", f"127.0.0.1:{house.port}", "--room", "ops", "--follow"])
    command = f"({tail}; echo ended with $? >&2) | head -1"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, timeout=SECONDS)
    assert done.stderr == b"ended with 0\n"


@pytest.mark.parametrize("name", [["tail", "--since", "0"], ["tail", "--since", "0", "--follow"], ["search", "line"]])
def test_a_full_disk_is_no_good_end(house: House, environment: dict[str, str], name: list[str]) -> None:
    filled(house.port, 1)
    command = [*CLIENT, *name, "--room", "ops", "--server", f"127.0.0.1:{house.port}"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, timeout=SECONDS)
    assert (done.returncode, done.stderr) == (74, b"tcpchat-client: It broke off: no space left on device.\n")


def test_it_follows_over_restarts_each_entry_once_and_in_order(
    house: House, running: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    said = [f"before {number}" for number in range(700)]
    bob = Peer(house.port, "bob", "#ops")
    for text in said:
        bob.say(text, "#ops")
    tail = running("tail", "--room", "#ops", "--since", "0", "--follow", "--json", port=house.port)
    assert tail.stdout is not None
    seen = []

    def see(count: int) -> None:
        while len(seen) < count:
            seen.append(json.loads(tail.stdout.readline()))  # type: ignore[union-attr]

    see(700)
    for life in range(5):
        bob.close()
        house.kill()
        house.open()
        bob = Peer(house.port, "bob", "#ops")
        for number in range(20):
            said.append(f"life {life}, line {number}")
            bob.say(said[-1], "#ops")
        if life % 2:
            see(len(said))
    see(len(said))
    bob.close()
    tail.send_signal(signal.SIGINT)
    rest, errors = tail.communicate(timeout=SECONDS)
    assert (rest, tail.returncode) == (b"", 130)
    assert [entry["text"] for entry in seen] == said
    assert [entry["number"] for entry in seen] == list(range(1, len(said) + 1))
    assert seen == entries(house.port)
    assert 1 <= errors.count(b"The link is lost") == errors.count(b"The link is back.") <= 5


def test_numbers_that_begin_anew_are_followed(
    environment: dict[str, str], running: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    """A server that keeps nothing has another log after each start."""
    with serving(0) as port:
        bob = Peer(port, "bob", "#ops")
        tail = running("tail", "--room", "#ops", "--follow", "--json", port=port)
        until_there(bob, "ann")
        for text in ("one", "two", "three"):
            bob.say(text, "#ops")
        assert tail.stdout is not None
        first = [json.loads(tail.stdout.readline()) for _ in range(3)]
        bob.close()
    with serving(port):
        bob = Peer(port, "bob", "#ops")
        until_there(bob, "ann")
        bob.say("anew", "#ops")
        last = json.loads(tail.stdout.readline())
        bob.close()
    assert [entry["text"] for entry in [*first, last]] == ["one", "two", "three", "anew"]
    assert (last["number"], last["id"] != first[0]["id"]) == (1, True)


def test_it_follows_a_room_to_another_name_and_ends_when_it_is_put_out(
    house: House, running: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    bob = Peer(house.port, "bob", "#ops")
    tail = running("tail", "--room", "#ops", "--follow", port=house.port)
    until_there(bob, "ann")
    bob.say("before", "#ops")
    bob.do(do="rename_room", room="#ops", to="#dev")
    bob.say("after", "#dev")
    bob.do(do="kick", room="#dev", nick="ann", reason="enough")
    out, errors = tail.communicate(timeout=SECONDS)
    bob.close()
    assert [line[17:] for line in out.decode().splitlines()] == [
        "<bob> before",
        "-- bob called #ops #dev",
        "<bob> after",
        "-- bob put ann out of #dev (enough)",
    ]
    assert (tail.returncode, errors) == (65, b"tcpchat-client: bob put you out of #dev: enough\n")


def test_a_slow_reader_gets_all_of_it(house: House, running: Callable[..., "subprocess.Popen[bytes]"]) -> None:
    tail = running("tail", "--room", "#ops", "--follow", "--json", "-n", "0", port=house.port)
    bob = Peer(house.port, "bob", "#ops")
    until_there(bob, "ann")
    bob.close()
    said = filled(house.port, 8_000)
    assert tail.stdout is not None
    assert [json.loads(tail.stdout.readline())["text"] for _ in said] == said


# search


def test_search_finds_like_grep(script: Command, house: House) -> None:
    bob, eve = Peer(house.port, "bob", "#ops"), Peer(house.port, "eve", "#tea")
    bob.say("Green tea, please", "#ops")
    bob.say("tea is green", "#ops")
    eve.say("green tea here", "#tea")

    def found(*options: str) -> list[str]:
        done = script("search", *options, port=house.port)
        assert done.returncode == (0 if done.stdout else 1), done.stderr
        return [line[17:] for line in done.stdout.decode().splitlines()]

    assert found("-r", "ops", "GREEN", "tea") == ["#ops <bob> Green tea, please", "#ops <bob> tea is green"]
    assert found("-r", "ops", '"green tea"') == ["#ops <bob> Green tea, please"]
    assert found("-r", "ops", "-r", "tea", "green", "tea", "--limit", "2") == [
        "#ops <bob> tea is green",
        "#tea <eve> green tea here",
    ]
    assert found("-r", "ops", "coffee") == []
    assert found("green") == []
    assert found("-r", "tea", "--by", "eve", "green") == ["#tea <eve> green tea here"]
    assert found("-r", "tea", "--by", "bob", "green") == []
    assert found("-r", "tea", "--since", "2001-01-01", "--until", "2101-01-01", "green") != []
    assert found("-r", "tea", "--until", "2001-01-01", "green") == []
    assert found("-r", "tea", "--since", "2101-01-01", "green") == []
    done = script("search", "-r", "tea", "--json", "green", port=house.port)
    assert [json.loads(line) for line in done.stdout.splitlines()] == entries(house.port, "#tea")
    for options, code, sentence in (
        (["-r", "tea"], 64, "WORD"),
        (["-r", "tea", "--since", "yesterday", "x"], 64, "yesterday is no time"),
        (["-r", "tea", "..."], 65, "There is nothing to look for"),
    ):
        done = script("search", *options, port=house.port)
        assert (done.returncode, sentence in done.stderr.decode()) == (code, True)
    bob.close()
    eve.close()


def test_as_many_are_found_as_are_asked_for(script: Command, house: House) -> None:
    said = filled(house.port, 350)
    done = script("search", "-r", "ops", "--limit", "333", "line", port=house.port)
    assert [line.partition(" <writer> ")[2] for line in done.stdout.decode().splitlines()] == said[-333:]


# settings


def test_a_server_by_its_name_in_the_settings(script: Command, port: int, environment: dict[str, str]) -> None:
    settings = Path(environment["HOME"]) / ".config" / "tcpchat" / "client.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'server = "here"\n[servers.here]\naddress = "127.0.0.1:{port}"\nnick = "robot"\n')
    bob = Peer(port, "bob", "#ops")
    for options in (["--server", "here"], ["--server", ""]):
        assert script("send", "-r", "ops", "hello", *options, port=port).returncode == 0
        assert bob.hear()["by"] == "robot"
    bob.close()
    settings.write_text("server = 1\n")
    done = script("send", "-r", "ops", "hello", port=port)
    assert (done.returncode, b"client.toml" in done.stderr) == (78, True)
