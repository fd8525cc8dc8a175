"""The full screen with a server that is real and may be gone; and as the README shows it (``--pictures DIRECTORY``)."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual")
pytest.importorskip("pexpect")
pytest.importorskip("pyte")

from rich.terminal_theme import TerminalTheme

from tests.acceptance.picture import DARK, LIGHT, picture
from tests.acceptance.server import Killable
from tests.cli.screen import CLIENT, Peer, Screen
from tests.screen.terminals import environment_of, seen

COLUMNS, ROWS = 110, 24


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Killable]:
    """A server with a log."""
    server = Killable(tmp_path / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def closing() -> Iterator[Callable[[Any], Any]]:
    """What is given to it is closed at the end."""
    with ExitStack() as stack:

        def closing(one: Any) -> Any:
            stack.callback(one.child.close, force=True) if isinstance(one, Screen) else stack.callback(one.close)
            return one

        yield closing


def test_a_line_typed_without_a_link_waits_and_is_said_once(
    server: Killable, tmp_path: Path, closing: Callable[[Any], Any]
) -> None:
    command = [*CLIENT, f"127.0.0.1:{server.port}", "--tui", "--nick", "alice"]
    screen = closing(Screen(command, environment_of(tmp_path)))
    seen(screen, r".*alice @ \S+ · connected.*")
    server.kill()
    seen(screen, r".*-- link lost.*")
    seen(screen, r".*alice @ \S+ · no link.*")
    screen.type("on it\rhalf")
    seen(screen, r".*… +alice on it.*")
    seen(screen, r".*no link, 1 waiting.*")
    seen(screen, r".*› half.*")
    server.start()
    seen(screen, r".*\d\d:\d\d +alice on it.*")
    seen(screen, r".*alice @ \S+ · connected.*")
    seen(screen, r".*-- back.*")
    assert server.said() == [("alice", "on it")]
    assert sum("on it" in row for row in screen.rows) == 1
    seen(screen, r".*› half.*")


@pytest.mark.parametrize(("colours", "theme"), [("dark", DARK), ("light", LIGHT)])
def test_all_there_is_on_one_screen(
    server: Killable,
    tmp_path: Path,
    closing: Callable[[Any], Any],
    request: pytest.FixtureRequest,
    colours: str,
    theme: TerminalTheme,
) -> None:
    settings = tmp_path / "CONFIG" / "tcpchat" / "client.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'colours = "{colours}"\n')
    people = {nick: closing(Peer(server.port, nick)) for nick in ("bob", "carol", "caroline", "dave", "erik", "grace")}
    bob, carol, dave, erik, grace = (people[nick] for nick in ("bob", "carol", "dave", "erik", "grace"))
    command = [*CLIENT, f"127.0.0.1:{server.port}", "--tui", "--nick", "alice"]
    command += [word for room in ("#lobby", "#dev", "#ops") for word in ("--room", room)]
    screen = closing(Screen(command, environment_of(tmp_path, COLORTERM="truecolor")))
    screen.resize(ROWS, COLUMNS)
    seen(screen, r"  #ops .*")
    for somebody in people.values():
        somebody.do(do="join", room="#dev")
    grace.do(do="join", room="#ops")
    bob.say("morning all", "#dev")
    carol.say("the build is red again: https://ci.example.org/run/4711", "#dev")
    screen.type("\x1b2/topic release 1.2 on Friday\r")
    seen(screen, r".*#dev  release 1.2 on Friday.*")
    seen(screen, r".*\d\d:\d\d +carol the build is red again.*")
    dave.say("日本語も大丈夫ですか", "#dev")
    seen(screen, r".*\d\d:\d\d +dave 日本語も大丈夫ですか.*")
    screen.type("もちろん ✓\r")
    seen(screen, r".*\d\d:\d\d +alice もちろん ✓.*")
    screen.type("\x1b1")
    seen(screen, r"▸ #lobby .*")
    carol.say("alice: can you review !42 before lunch?", "#dev")
    bob.say("it's the one that moves the log to a disk of its own, so please look twice at a crash", "#dev")
    erik.say("deployed to staging:\n  api     1.2.0-rc3\n  worker  1.2.0-rc3", "#dev")
    seen(screen, r"  #dev +@1 .*")
    screen.type("\x1bOQ")  # F2
    seen(screen, r".*─ 3 new ─.*")
    for number in range(12):
        grace.say(f"disk {80 + number} % full", "#ops")
    bob.do(do="tell", to="alice", text="coffee?")
    seen(screen, r"  #ops +12 .*")
    seen(screen, r"  @bob +@1 .*")
    server.signal(signal.SIGSTOP)
    try:
        screen.type("on it\r")
        seen(screen, r".*… +alice on it.*")
        screen.type("ca\t")
        seen(screen, r" \[carol:\]  caroline:.*")
        assert [row for row in screen.rows if "▌" in row and "alice: can you" not in row] == []
        if directory := request.config.getoption("--pictures"):
            name = "full-screen.svg" if colours == "dark" else "full-screen-light.svg"
            (Path(directory) / name).write_text(picture(screen, "tcpchat-client --tui", theme))
    finally:
        server.signal(signal.SIGCONT)
    seen(screen, r".*\d\d:\d\d +alice on it.*")
