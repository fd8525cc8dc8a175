"""A disk that is full, fails or is slow at each of the first calls: what is acknowledged or shown is kept."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from tcpchat.backend.reader import Reader
from tcpchat.backend.schema import FILE
from tcpchat.backend.store import Writer
from tcpchat.backend.verify import verify
from tcpchat.model.errors import EX_IOERR
from tcpchat.model.events import Said
from tcpchat.model.records import Append, Read
from tests.peer import Peer
from tests.resilience.faulty_disk import Fault

ROOM = "#tea"
SENDERS = 3
AFTERWARDS = 6
"""Messages that each of them sends after the fault has come."""
MOST = 150
"""Messages that each of them sends if it does not come."""
CALLS = 50
SECONDS_TO_END = 15


def faults(long: bool, chance: Random) -> Iterator[tuple[str, str, int, str]]:
    """Kind, call, number and file of each fault."""
    numbers = range(1, CALLS + 1)
    every = [(kind, "write", number, FILE) for kind in ("full", "short", "error", "slow") for number in numbers]
    every += [(kind, "sync", number, FILE) for kind in ("error", "slow") for number in numbers]
    every += [("error", "read", number, FILE) for number in range(1, 60, 3)]
    every += [("error", "settle", number, FILE) for number in (1, 2)]
    every += [(kind, "write", number, "search.db") for kind in ("full", "error") for number in (1, 9, 30)]
    yield from every if long else _some_of_each(every, chance)


def _some_of_each(every: list[tuple[str, str, int, str]], chance: Random) -> list[tuple[str, str, int, str]]:
    kinds = sorted({(kind, call, file) for kind, call, _, file in every})
    some = [chance.choice([one for one in every if (one[0], one[1], one[3]) == kind]) for kind in kinds]
    return [*some, ("full", "write", 30, FILE), ("error", "sync", 20, FILE)]


class Life:
    """One life of the server on its disk: who saw what, what was stored, what was not."""

    def __init__(self, here: Path, port: int) -> None:
        self._happened = here / "happened"
        self._space = here / "space"
        self.port = port
        self.sent: list[str] = []
        self.stored: dict[str, int] = {}
        """The number under which a text is said to be stored."""
        self.refused: dict[str, str] = {}
        """What was said of a text that is said not to be stored."""
        self.shown: list[list[str]] = []
        self.kept_out = 0
        """How many could not come in."""

    @property
    def happened(self) -> bool:
        return self._happened.exists()

    async def senders(self) -> list[Peer]:
        """Some people speak until the fault has come, and a little longer. They are still there, or were cut off."""
        found = await asyncio.gather(*(self._speak(f"s{number}") for number in range(SENDERS)))
        return [peer for peer in found if peer is not None]

    async def space_comes(self, peers: list[Peer]) -> None:
        """Now there is space: what was refused is stored, at once."""
        self._space.touch()
        for text in list(self.refused):
            assert await self.say(peers[int(text[1])], text), f"{text} is still refused: {self.refused[text]}"

    async def say(self, peer: Peer, text: str) -> bool:
        """Whether it was stored."""
        answer = await peer.ask(do="say", room=ROOM, text=text, key=text)
        if "ok" in answer:
            self.stored[text] = answer["number"]
            self.refused.pop(text, None)
        else:
            assert answer["code"] == "not_stored", answer
            self.refused[text] = answer["text"]
        return "ok" in answer

    def note(self, peer: Peer) -> None:
        """What somebody was shown."""
        self.shown.append([event["text"] for event in peer.events() if event["event"] == "said"])

    async def _speak(self, name: str) -> Peer | None:
        try:
            peer = await Peer.open(self.port)
        except OSError:  # it has ended already
            self.kept_out += 1
            return None
        with suppress(EOFError, OSError):
            await peer.enter_json(name)
            if "error" in await peer.ask(do="join", room=ROOM):
                self.kept_out += 1  # what would be shown cannot be read
                return peer
            left = AFTERWARDS
            for number in range(MOST):
                text = f"{name}n{number}"
                self.sent.append(text)
                await self.say(peer, text)
                left -= self.happened
                if left == 0:
                    break
        return peer


@contextmanager
def server_on(fault: Fault, here: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A server with this fault, and its port; 0 if it did not start."""
    command = [sys.executable, "-m", "tests.resilience.faulty_disk", msgspec.json.encode(fault).decode()]
    options = ["--listen", "127.0.0.1:0", "--data", str(here / "data")]
    with (here / "errors").open("w") as errors:
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            yield process, int(first.rpartition(":")[2]) if first else 0
        finally:
            process.kill()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]


async def live(fault: Fault, here: Path) -> str:
    """A life with this fault, and what came of it."""
    with server_on(fault, here) as (process, port):
        if not port:
            process.wait(SECONDS_TO_END)
            assert process.returncode == EX_IOERR, (here / "errors").read_text()
            outcome, life = "did not start", Life(here, 0)
        else:
            life = Life(here, port)
            peers = await life.senders()
            outcome = await _end_of(fault)(life, process, peers)
            for peer in peers:
                await peer.close()
                life.note(peer)
            if outcome != "ended":
                process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(process.wait, SECONDS_TO_END)
            if fault.call == "read" and code == EX_IOERR:
                outcome = "ended"  # it was met after the last word, such as while it closed
            assert code == (EX_IOERR if outcome == "ended" else 0), (here / "errors").read_text()
    check_words(here, outcome)
    check_log(here / "data", life)
    return outcome if life.happened or not port else "did not come to it"


async def _is_full(life: Life, process: "subprocess.Popen[str]", peers: list[Peer]) -> str:
    """Nobody is cut off, all that is new is refused, and then taken again."""
    for peer in peers:
        history = await peer.ask(do="history", room=ROOM)
        assert "ok" in history, history
    if life.happened:
        assert len(life.refused) >= SENDERS
        assert all("full" in words for words in life.refused.values()), life.refused
    await life.space_comes(peers)
    return "refused for a while"


async def _has_failed(life: Life, process: "subprocess.Popen[str]", peers: list[Peer]) -> str:
    """The server ends."""
    return "ended" if life.happened else ""


async def _cannot_read(life: Life, process: "subprocess.Popen[str]", peers: list[Peer]) -> str:
    """The server ends, unless it was the search index that wanted to know."""
    return "ended" if life.kept_out or len(life.stored) < len(life.sent) else ""


async def _is_slow(life: Life, process: "subprocess.Popen[str]", peers: list[Peer]) -> str:
    """Nothing else."""
    assert life.refused == {}
    assert len(life.stored) == len(life.sent)
    return "late" if life.happened else ""


_ENDS = {"full": _is_full, "short": _is_full, "error": _has_failed, "slow": _is_slow}


def _end_of(fault: Fault) -> Callable[[Life, "subprocess.Popen[str]", list[Peer]], Awaitable[str]]:
    """What must come of it. The search index may fail as it likes."""
    if fault.file != FILE:
        return _is_slow
    return _cannot_read if fault.call == "read" else _ENDS[fault.kind]


def check_words(here: Path, outcome: str) -> None:
    """It says why it ended, to people."""
    words = (here / "errors").read_text()
    assert "Traceback" not in words, words
    if outcome in {"ended", "did not start"}:
        assert words.splitlines()[-1].startswith("tcpchat-server: "), words
        assert "disk" in words or "log has failed" in words, words


def check_log(data: Path, life: Life) -> None:
    """After a restart all that was acknowledged or shown is there, once; the rest can be sent again."""
    data.mkdir(exist_ok=True)
    with closing(Writer(data)) as writer:
        for text in life.sent:
            said = Append(Said(room=ROOM, by=text.partition("n")[0], text=text), text)
            ((event, new),) = writer.write([said])
            assert isinstance(event, Said)
            assert not (new and text in life.stored), f"{text} was acknowledged, and is not there"
            assert event.number == life.stored.get(text, event.number)
            if text not in life.stored and new:
                assert all(text not in seen for seen in life.shown), f"{text} was shown, and is not there"
        with closing(Reader(writer.path, damaged=pytest.fail)) as reader:
            entries = reader.read(Read(ROOM, 1 << 30, after=0))
    texts = [entry.text for entry in entries if isinstance(entry, Said)]
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert len(set(texts)) == len(texts), "something is there twice"
    places = {text: place for place, text in enumerate(texts)}
    for seen in life.shown:
        assert [places[text] for text in seen] == sorted(places[text] for text in seen), "shown in another order"
    assert verify(data / FILE).problems == []


@pytest.fixture(scope="module")
def log_with_a_past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a log in which there is something already."""
    directory = tmp_path_factory.mktemp("past")
    with closing(Writer(directory)) as writer:
        writer.write([Append(Said(room=ROOM, by="old", text=f"old {number}")) for number in range(30)])
    return directory


@pytest.mark.threat(41, 47)
async def test_a_fault_of_the_disk_never_makes_a_false_acknowledgement(
    tmp_path: Path, log_with_a_past: Path, long: bool, seed: int
) -> None:
    outcomes: Counter[str] = Counter()
    for kind, call, number, file in faults(long, Random(seed)):
        here = tmp_path / f"{kind} at {call} {number} of {file}"
        here.mkdir()
        if number % 3:
            shutil.copytree(log_with_a_past, here / "data")
        outcome = await live(Fault(kind, call, number, file, str(here / "space")), here)
        outcomes[f"{kind}: {outcome}"] += 1
        shutil.rmtree(here)
    result: dict[str, Any] = {"test": "disk errors", "seed": seed, "faults": outcomes.total()}
    print(json.dumps({**result, **outcomes, "false_acknowledgements": 0}))
