"""L7 to L9: pipes and files, no escape where none belongs, and none that a peer makes."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.screen import CLIENT, ESCAPE, IS_IN, SECONDS, Peer, Run, Start

PROMPT = "ann #lobby>"
COLOUR = re.compile(rb"\x1b\[(?:[0-9]+;)*(?:3[0-9]|4[0-9]|9[0-7]|10[0-7])(?:;[0-9]+)*m")
Shell = Callable[[str], "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def shell(port: int, environment: dict[str, str], tmp_path: Path) -> Shell:
    """Runs a line of shell in which ``./client`` is the client."""
    (tmp_path / "client").write_text(f'#!/bin/sh\nexec {" ".join(CLIENT)} 127.0.0.1:{port} "$@"\n')
    (tmp_path / "client").chmod(0o755)

    def shell(line: str) -> "subprocess.CompletedProcess[bytes]":
        where = {"cwd": tmp_path, "env": environment, "timeout": SECONDS}
        return subprocess.run(["bash", "-c", line], capture_output=True, check=False, **where)

    return shell


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("printf 'a\\nb' | ./client", ["a", "b"]),
        ("printf 'a\\nb\\n' | ./client", ["a", "b"]),
        ("printf 'a\\nb' >file; ./client <file", ["a", "b"]),
        ("printf 'a\\nb' >file; ./client <file >out 2>err; cat out; cat err >&2", ["a", "b"]),
        ("./client <<<'from a here-document'", ["from a here-document"]),
        ("./client </dev/null", []),
        ("./client <&-", []),
        ("printf 'caf\\303\\251 \\377\\n' | ./client", ["café \N{REPLACEMENT CHARACTER}"]),
        ("seq 500 | ./client", [str(number) for number in range(1, 501)]),
        ("seq 3 | ./client | cat", ["1", "2", "3"]),
    ],
)
def test_l7_every_line_of_a_pipe_is_said(shell: Shell, port: int, line: str, said: list[str]) -> None:
    before = said_by_ann(port)
    done = shell(line)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [one.partition(" <ann> ")[2] for one in done.stdout.decode().splitlines()] == said
    assert said_by_ann(port)[-len(said) :] == said[-50:] if said else said_by_ann(port) == before


def test_l7_a_reader_that_has_enough_is_no_fault(shell: Shell, port: int) -> None:
    done = shell("(seq 300; echo the last) | ./client | head -1; echo ${PIPESTATUS[*]} >&2")
    assert done.stdout.endswith(b"<ann> 1\n")
    assert done.stderr == b"0 0 0\n"
    assert said_by_ann(port)[-1] == "the last"


@pytest.mark.parametrize("length", [5_000, 30_000, 300_000])
def test_l7_a_line_that_is_too_long_is_refused_in_a_sentence(shell: Shell, port: int, length: int) -> None:
    done = shell(f"(echo before; head -c {length} /dev/zero | tr '\\0' x; echo; echo behind) | ./client")
    assert done.returncode == 65
    assert re.fullmatch(rb"-- [A-Z][^\n]*\.\n", done.stderr)
    assert said_by_ann(port)[-2:] == ["before", "behind"]


def test_l7_no_input_and_no_output_either(shell: Shell) -> None:
    done = shell("./client <&- >&- 2>&-; echo $?; echo x | ./client >/dev/full; echo $?")
    assert (done.stdout, done.stderr) == (b"0\n0\n", b"")


def test_l7_errors_in_a_file_leave_the_prompt(port: int, start: Start, bob: Peer, tmp_path: Path) -> None:
    screen = start("sh", "-c", f"{' '.join(CLIENT)} 127.0.0.1:{port} 2>{tmp_path}/errors")
    screen.until(IS_IN, PROMPT)
    screen.type("edix\x7fed\x1b[D\x1b[Dt\r")
    assert bob.hear(by="ann")["text"] == "edited"
    screen.type("\x04")
    assert screen.ended() == 0
    assert (tmp_path / "errors").read_bytes() == b""


@pytest.mark.parametrize(("options", "more"), [(["--plain"], {}), ([], {"TERM": "dumb"})], ids=["--plain", "TERM=dumb"])
def test_l8_plain_has_no_escapes(start: Start, port: int, bob: Peer, options: list[str], more: dict[str, str]) -> None:
    bob.say("before")
    screen = start(*CLIENT, f"127.0.0.1:{port}", *options, **more)
    screen.until(IS_IN)
    bob.say("one\ntwo \x1b[31mred")
    bob.say("ann: look")
    bob.do(do="tell", to="ann", text="psst")
    bob.do(do="set_topic", room="#lobby", topic="\x1b]0;t\x07tea")
    screen.until(".*<bob> one", ".*", ".*#lobby.*<bob> ann: look", ".*<bob> psst", ".*tea")
    screen.type("/help\n/who\n/rooms\n/nick zoe\n/join #side\n/nothing\n/history\nhello\n")
    screen.until(".*#side <zoe> hello")
    assert ESCAPE not in screen.raw
    assert not re.search("[\x80-\x9f]", screen.raw.decode())
    screen.type("\x04")
    assert screen.ended() == 0


def test_l8_a_pipe_has_no_escapes(run: Run, bob: Peer) -> None:
    bob.say("\x1b[31mred")
    done = run("--nick", "zoe", given=b"hello\n\x1b[31mred\n")
    assert ESCAPE not in done.stdout + done.stderr


@pytest.mark.parametrize("options", [[], ["--plain"]], ids=["drawn", "plain"])
def test_l8_without_colour_a_mention_is_marked_all_the_same(
    start: Start, port: int, bob: Peer, options: list[str]
) -> None:
    screen = start(*CLIENT, f"127.0.0.1:{port}", *options, NO_COLOR="1", TERM="xterm-256color", COLORTERM="truecolor")
    screen.until(IS_IN, *([] if options else [PROMPT]))
    bob.say("not for anybody")
    bob.say("Ann: can you see it?")
    screen.until(r"\d\d:\d\d .*<bob> not for anybody", r"\* \d\d:\d\d .*<bob> Ann: can you see it\?", ".*")
    assert COLOUR.findall(screen.raw) == []
    assert options or screen.raw.count(b"\x07") == 1


def test_l8_colours_are_only_that(terminal: Start, bob: Peer) -> None:
    """With them the mark is there, too, and nothing else is said in colour alone."""
    screen = terminal()
    screen.until(IS_IN, PROMPT)
    bob.say("ann: can you see it?")
    screen.until(r"\* \d\d:\d\d <bob> ann: can you see it\?", PROMPT)
    assert COLOUR.findall(screen.raw) != []


@pytest.mark.parametrize("options", [[], ["--plain"]], ids=["drawn", "plain"])
def test_l9_nothing_that_a_peer_sends_controls_the_terminal(
    start: Start, port: int, bob: Peer, options: list[str]
) -> None:
    evil = "\x1b]0;x\x07|\x1b[2J|\u202e|\x9b31m|\x9d0;x\x9c|\x1b[6n|\x1b[5i|\x0e|\x08\x08|\r\x1bc|\u2028|\U000e0041|end"
    bob.say(evil)
    screen = start(*CLIENT, f"127.0.0.1:{port}", *options)
    screen.until(IS_IN, *([] if options else [PROMPT]))
    before = len(screen.raw)
    bob.say(evil)
    bob.do(do="tell", to="ann", text=evil)
    bob.do(do="set_topic", room="#lobby", topic=evil.replace("\r", ""))
    bob.do(do="part", room="#lobby", reason=evil.replace("\r", ""))
    bob.do(do="join", room="#lobby")
    bob.say("that was all")
    screen.until(".*that was all", *([] if options else ["ann #lobby @bob:@1>"]))
    after = screen.raw[before:]
    for bad in (
        "\x1b]0;",
        "\x1b[2J",
        "\u202e",
        "\x9b",
        "\x9d",
        "\x1b[6n",
        "\x1b[5i",
        "\x0e",
        "\x1bc",
        "\u2028",
        "\U000e0041",
    ):
        assert bad.encode() not in after, bad
    assert after.count(b"]0;x") >= 3  # harmless without what came before it
    assert after.count(b"\x07") == 1  # for what is told to oneself
    if options:
        assert ESCAPE not in screen.raw


def said_by_ann(port: int) -> list[str]:
    """The latest lines of the lobby that are hers."""
    peer = Peer(port, "reader")
    try:
        events = peer.do(do="history", room="#lobby")["events"]
        return [event["text"] for event in events if event["by"] == "ann"]
    finally:
        peer.close()
