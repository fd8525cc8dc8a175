"""A log that is taken away, held by somebody else, or whose writer ends: said in words, and nothing is lost."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

import tcpchat
from tcpchat.backend import schema
from tcpchat.backend.keeper import Keeper
from tcpchat.backend.schema import FILE
from tcpchat.backend.store import Writer
from tcpchat.model.errors import EX_IOERR, LogFailed
from tests.cli.test_server import running, the_rest
from tests.peer import Peer

HOLD = """
import apsw, sys
db = apsw.Connection(sys.argv[1])
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
db.execute("ROLLBACK")
db.close()
print("free", flush=True)
"""


async def say(peer: Peer, text: str) -> dict[str, Any]:
    return await peer.ask(do="say", room="#tea", text=text, key=text)


def taken_away(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    file.rename(file.with_name("moved.db"))
    apsw.Connection(str(file)).close()
    file.touch()


@pytest.mark.threat(42)
@pytest.mark.parametrize("lost", [taken_away, replaced])
async def test_a_server_whose_log_is_taken_away_ends_and_says_so(tmp_path: Path, lost: Callable[[Path], None]) -> None:
    with running("--data", str(tmp_path)) as (process, port):
        peer = await (await Peer.open(port)).enter_json("ann", "#tea")
        assert "ok" in await say(peer, "kept")
        lost(tmp_path / FILE)
        with pytest.raises(EOFError):
            await say(peer, "to nowhere")
        _, errors = await asyncio.to_thread(the_rest, process)
        await peer.close()
    assert process.returncode == EX_IOERR
    assert str(tmp_path / FILE) in errors
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("tcpchat-server: ")


@contextmanager
def held(file: Path) -> Iterator[Callable[[], None]]:
    """The log in the hands of another process, until what this gives is called."""
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        def let_go() -> None:
            assert other.communicate("\n")[0] == "free\n"

        yield let_go
        if other.poll() is None:
            let_go()


@pytest.mark.threat(43)
async def test_messages_wait_for_somebody_who_holds_the_log(tmp_path: Path) -> None:
    async with tcpchat.Server(port=0, data=tmp_path) as server:
        peer = await (await Peer.open(server.port)).enter_json("ann", "#tea")
        reader = await (await Peer.open(server.port)).enter_json("bob", "#tea")
        with held(tmp_path / FILE) as let_go:
            waiting = asyncio.create_task(say(peer, "late"))
            assert "ok" in await reader.ask(do="history", room="#tea"), "who only reads waits for nobody"
            assert not waiting.done()
            await asyncio.to_thread(let_go)
            assert (await waiting)["number"] == 1
        await peer.close()
        await reader.close()


@pytest.mark.threat(43)
async def test_messages_are_refused_if_somebody_holds_the_log_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "BUSY_MILLISECONDS", 200)
    async with tcpchat.Server(port=0, data=tmp_path) as server:
        peer = await (await Peer.open(server.port)).enter_json("ann", "#tea")
        with held(tmp_path / FILE) as let_go:
            for text in "ab":
                answer = await say(peer, text)
                assert answer["code"] == "not_stored"
                assert answer["text"].startswith("Not stored: the log cannot be written now (")
                assert answer["text"].endswith("Try again.")
            await asyncio.to_thread(let_go)
        assert [(await say(peer, text))["number"] for text in "ba"] == [1, 2]
        await peer.close()


@pytest.mark.parametrize(
    ("thread", "where", "error"),
    [
        (Writer, "write", SystemExit(3)),
        (Keeper, "_turn", RuntimeError("a mistake of ours")),
        (Keeper, "_turn", MemoryError()),
    ],
)
async def test_a_server_ends_if_a_thread_it_needs_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, thread: type, where: str
) -> None:
    server = tcpchat.Server(port=0, data=tmp_path)
    await server.start()
    peer = await (await Peer.open(server.port)).enter_json("ann", "#tea")
    assert "ok" in await say(peer, "kept")

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(thread, where, fails)
    if thread is Keeper:
        server.backend._keeper._wanted.put(True)  # type: ignore[attr-defined]
    else:
        peer.send('{"do": "say", "room": "#tea", "text": "not known", "id": "1"}')
    with pytest.raises(LogFailed, match=r"The log's (writer|keeper) has ended"):
        await asyncio.wait_for(server.failed(), 10)
    assert '"ok":"1"' not in await peer.end()
    await peer.close()
