"""tcpchat-client in a terminal that breaks its rows anew when its size changes, as no other test has it (L2, L3)."""

import random
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import Running
from tests.clients.terminal import Terminal
from tests.conftest import Connect
from tests.peer import Peer

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="not installed: tmux")

PROMPT = "ann #lobby>"
TEXT = "".join(f"{number:03} 漢字🎉e\N{COMBINING ACUTE ACCENT} " for number in range(25))[:300].strip()


@pytest.fixture
async def line(server: Running, tmp_path: Path) -> Iterator[Terminal]:
    """The client, in the lobby."""
    command = [sys.executable, "-m", "tcpchat.client", f"127.0.0.1:{server.port}", "--nick", "ann"]
    (tmp_path / "home").mkdir()
    with Terminal(shlex.join(command), tmp_path / "home") as terminal:
        await terminal.shows("-- Type and press Enter")
        yield terminal


@pytest.fixture
async def bob(line: Terminal, connect: Connect) -> Peer:
    """Another person in the lobby."""
    return await (await connect()).enter_irc("bob", "#lobby", caps="echo-message")


async def test_l2_twelve_sizes_change_nothing_of_what_is_typed(line: Terminal, bob: Peer, seed: int) -> None:
    chance = random.Random(seed)
    print(f"seed {seed}")
    before, narrower, columns = prompts(line), 0, 80
    for number in range(12):
        line.press(TEXT[len(TEXT) * number // 12 : len(TEXT) * (number + 1) // 12])
        was, columns = columns, chance.randint(30, 200)
        narrower += columns < was
        line.resize(chance.randint(8, 50), columns)
        bob.send(f"PRIVMSG #lobby :size {number}")
        await line.shows(rf"<bob> size {number}$")
    line.resize(24, 80)
    bob.send("PRIVMSG #lobby :that was all")
    await line.shows("<bob> that was all$")
    await line.shows(rf"^{PROMPT} .*{re.escape(TEXT[-8:])}\Z")
    everything = line.everything()
    assert [len(re.findall(rf"<bob> size {number}$", everything, re.MULTILINE)) for number in range(12)] == [1] * 12
    # Where a full row is broken in two, nobody can tell the client that its first part stands one row higher now.
    assert prompts(line) <= before + narrower
    line.type("")
    await bob.until(f":ann!\\S+ PRIVMSG #lobby :{re.escape(TEXT)}\r")


async def test_l3_three_pasted_lines_are_one_question_and_one_message(line: Terminal, bob: Peer) -> None:
    line.paste("first\nsecond\nthird")
    await line.shows(r"Send these 3 lines as one message\?.*\Z")
    line.press("y")
    for text in ("first", "second", "third"):
        await bob.until(f":ann!\\S+ PRIVMSG #lobby :{text}\r")
    line.paste("one line")
    await line.shows(rf"{PROMPT} one line\Z")


def prompts(line: Terminal) -> int:
    """How many rows look like a prompt, now and above."""
    return len(re.findall(rf"^{PROMPT}", line.everything(), re.MULTILINE))
