"""A server that is a process, as users start it, and IRC clients that are there or are missed loudly."""

import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.programs import PROGRAMS, Program
from tests.clients.terminal import Terminal
from tests.conftest import Connect
from tests.peer import Peer

ROOM = "#tea"
Start = Callable[[], Program]
OPENED = pytest.StashKey[list[Program]]()
SCREENS = pytest.StashKey[Path]()


@dataclass(frozen=True)
class Running:
    """A server process."""

    port: int


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    """``tcpchat-server`` with a log, in a terminal and on a port of its own."""
    command = [sys.executable, "-m", "tcpchat.server", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data")]
    with Terminal(shlex.join(command), tmp_path) as terminal:
        listening = await terminal.shows(r"is listening on 127\.0\.0\.1:(\d+)")
        yield Running(int(listening[1]))


@pytest.fixture(params=PROGRAMS, ids=[program.name for program in PROGRAMS])
def program(request: pytest.FixtureRequest) -> type[Program]:
    """Each of the IRC clients."""
    wanted: type[Program] = request.param
    if missing := missed(wanted):
        pytest.skip(f"not installed: {missing}")
    return wanted


@pytest.fixture
def start(request: pytest.FixtureRequest, program: type[Program], tmp_path: Path) -> Iterator[Start]:
    """Starts the client, with the same home each time. What is on the screens is kept."""
    opened: list[Program] = []
    request.node.stash[OPENED] = opened
    request.node.stash[SCREENS] = tmp_path / "screens"
    with ExitStack() as stack:

        def start() -> Program:
            opened.append(stack.enter_context(program(tmp_path / "home")))
            return opened[-1]

        yield start


@pytest.fixture
async def client(start: Start, server: Running) -> Program:
    """The client, connected, and the founder of a room."""
    client = start()
    await client.connect(server.port)
    await client.join(ROOM)
    return client


@pytest.fixture
async def ann(client: Program, connect: Connect) -> Peer:
    """Another person in the client's room."""
    return await (await connect()).enter_irc("ann", ROOM, caps="echo-message")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what is on the screens at the end of a test; who reads of a failure sees it."""
    report = yield
    opened: list[Program] = item.stash.get(OPENED, [])
    for number, terminal in enumerate(opened, 1):
        if report.when == "call" or (report.when == "setup" and report.failed):
            kept = item.stash[SCREENS] / f"{terminal.name}-{number}.txt"
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(terminal.screen() + "\n", encoding="utf-8")
            report.sections.append((f"the screen, kept in {kept}", terminal.screen()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was left out is said on the terminal."""
    if shutil.which("tmux") is None:
        terminalreporter.write_line("tcpchat-client WAS NOT TESTED IN TMUX: it is not installed", red=True, bold=True)
    for program in PROGRAMS:
        if missing := missed(program):
            line = f"{program.name} WAS NOT TESTED: it takes {missing} (make test-clients, run as root, installs it)"
            terminalreporter.write_line(line, red=True, bold=True)


def missed(program: type[Program]) -> str:
    """What is not installed of that which it takes to run a client."""
    return " and ".join(word for word in ("tmux", program.name) if shutil.which(word) is None)
