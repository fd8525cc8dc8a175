"""tcpchat-client at a terminal: the line that is typed, and what the terminal is left as."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.screen import CLIENT, ESCAPE, Peer, Start


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
    assert screen.uncoloured.count(b"<ann> half typed text") == 1
    screen.type("\x04")
    assert screen.ended() == 0
    assert bob.hear("gone")["by"] == "ann"


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


def test_a_short_line_in_the_place_of_a_long_one_is_shown_from_its_beginning(terminal: Start) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    screen.type("x" * 90)
    screen.until("ann #lobby> x+")
    screen.type("\x15yz")
    screen.until("ann #lobby> yz")


def test_tab_shows_what_a_command_does_in_a_row_of_its_own(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    for number in range(30):  # the prompt is in the last row
        bob.say(f"line {number}")
    screen.until(".*<bob> line 29", "ann #lobby>")
    screen.type("/jo\t")
    screen.until(r"/join #ROOM \[KEY\]  +go into a room; what you type goes there", "ann #lobby> /join")
    screen.type("\t")
    screen.until(r"/joins \[all, smart or none\]  +whose coming and going is shown", "ann #lobby> /joins")
    screen.type("\x15")
    screen.until_gone(r"/joins \[.*")
    screen.until(".*<bob> line 29", "ann #lobby>")


def test_tab_completes_commands_and_people(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    screen.type("/jo\ttea\r")
    screen.until("-- #tea: nobody else is here yet.", "ann #tea>")
    screen.type("/room lobby\r")
    screen.until("── #lobby ──", "ann #lobby>")
    screen.type("b\thi\r")
    assert bob.hear(by="ann")["text"] == "bob: hi"


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


def test_nobody_listens(start: Start) -> None:
    screen = start(*CLIENT, "--plain", "127.0.0.1:1")
    assert screen.ended() == 69
    assert "tcpchat-server --listen 127.0.0.1:1" in "".join(screen.rows)
    assert ESCAPE not in screen.raw


def test_a_terminal_that_goes_away_ends_it(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    screen.child.ptyproc.fileobj.close()
    assert bob.hear("gone")["by"] == "ann"
    assert screen.child.wait() == 128 + signal.SIGHUP
