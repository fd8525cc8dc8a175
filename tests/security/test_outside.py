"""The server calls nobody: whatever is said, it looks up no name, opens no link, starts no program. Rows 67 and 70."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.peer import Peer
from tests.security.processes import wait_for

OVERHEARD = """
import sys
sys.modules["uvloop"] = None  # what it does Python does not tell of
CALLS = "socket.connect", "socket.get", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork"
noted = open(sys.argv[1], "w", buffering=1)

def hear(event, arguments):
    if event.startswith(CALLS):
        print(event, arguments, file=noted)

sys.addaudithook(hear)
import socket
socket.getaddrinfo("localhost", 1)
from tcpchat.cli.server import main
main(["--listen", "127.0.0.1:0", "--no-history"])
"""

LINKS = [
    "see http://169.254.169.254/latest/meta-data/ and https://example.org/x.png",
    "file:///etc/passwd gopher://127.0.0.1:25/_HELO ircs://irc.example.org",
    "![x](http://127.0.0.1:7667/) <img src=//example.org/a> \x01DCC SEND x 2130706433 25 1\x01",
]


@pytest.mark.threat(67, 70)
async def test_the_server_calls_nobody(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    command = [sys.executable, "-c", OVERHEARD, str(notes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        while "Ctrl-C" not in process.stdout.readline():
            pass
        assert "socket.getaddrinfo" in notes.read_text(), "it would be noticed"
        before = len(notes.read_text())
        ann = await (await Peer.open(port)).enter_irc("ann", "#tea", "message-tags")
        bob = await (await Peer.open(port)).enter_json("bob", "#tea")
        eve = await (await Peer.open(port)).enter_line("eve")
        for link in LINKS:
            ann.send(f"PRIVMSG #tea :{link}", f"TOPIC #tea :{link}", f"@+x={link.split()[0]} TAGMSG #tea")
            await bob.ask(do="say", room="#tea", text=link)
            eve.send(link)
        ann.send("WHOIS bob bob", "WHO #tea", "CONNECT other.example 6667", "LINKS", "TRACE", "VERSION other.example")
        ann.send("NICK http://x", "USERHOST bob", "DIE", "RESTART", "SQUIT x", "PING end")
        await ann.until("PONG .*end")
        for peer in (ann, bob, eve):
            await peer.close()
        process.terminate()
        wait_for(lambda: process.poll() is not None)
        assert notes.read_text()[before:] == ""


@pytest.mark.threat(70)
async def test_where_somebody_comes_from_is_an_address_that_nobody_looks_up(tmp_path: Path) -> None:
    """A name of a host would be what its owner wants: with spaces, line feeds, 300 characters."""
    sources = [file.read_text() for file in (Path(__file__).parents[2] / "src").rglob("*.py")]
    for call in ("gethostbyaddr", "getnameinfo", "getfqdn", "gethostbyname"):
        assert not [source for source in sources if call in source]
