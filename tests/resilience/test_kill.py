"""``kill -9`` under load: what was shown or acknowledged is in the log, once, in order."""

import asyncio
import json
import random
import re
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from tcpchat.backend.reader import Reader
from tcpchat.backend.schema import FILE
from tcpchat.backend.store import Writer
from tcpchat.backend.verify import verify
from tcpchat.model.events import Said
from tcpchat.model.records import Read
from tests.cli.test_server import running
from tests.peer import Peer

ROOM = "#tea"
SENDERS = 4
PER_TURN = 20
ROUNDS_OF_A_LOG = 100
"""Then another one is begun: all of it is read after each kill."""

LINE = re.compile(r"^:(\w+)!\S+ PRIVMSG #tea :(\w+)\r$", re.MULTILINE)


class Round:
    """One life of the server: who saw what, and what was acknowledged."""

    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self.port = port
        self.shown: list[list[str]] = []
        """What each watcher was shown, in its order."""
        self.acknowledged: dict[str, int] = {}
        """The number under which a text is said to be stored."""
        self.sent: list[str] = []

    async def sender(self, name: str, again: list[str]) -> None:
        """Say again what was not acknowledged before, then as much as it takes; note what is acknowledged."""
        peer = await (await Peer.open(self.port)).enter_json(name, ROOM)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await self.say(peer, again)
            for turn in count():
                texts = [f"{name}r{self.number}t{turn}n{n}" for n in range(PER_TURN)]
                self.sent += texts
                await self.say(peer, texts)
        for line in peer.seen.decode().split("\n")[:-1]:
            answer = json.loads(line)
            if answer.get("reply") == "stored":
                self.acknowledged[answer["ok"]] = answer["number"]
        self.shown.append([event["text"] for event in peer.events() if event["event"] == "said"])
        await peer.close()

    async def say(self, peer: Peer, texts: list[str]) -> None:
        """All of them at once, each under its own key, and wait for the last answer."""
        for text in texts:
            peer.send(json.dumps({"do": "say", "room": ROOM, "text": text, "key": text, "id": text}))
        if texts:
            await peer.until(rf'"ok":"{texts[-1]}".*$\n')

    async def watcher(self) -> None:
        """An IRC client that only looks."""
        peer = await (await Peer.open(self.port)).enter_irc(f"watcher{self.number}", ROOM)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await peer.until("this never comes")
        whole_lines = peer.seen.decode().rpartition("\n")[0] + "\n"
        self.shown.append([text for _, text in LINE.findall(whole_lines)])
        await peer.close()


async def live_and_die(number: int, data: Path, chance: random.Random, again: set[str]) -> Round:
    """Start a server, load it, kill it at a random moment. What was not acknowledged before is said `again`."""
    with running("--data", str(data)) as (process, port):
        life = Round(number, port)
        own = [sorted(text for text in again if text.startswith(f"s{one}r")) for one in range(SENDERS)]
        tasks = [asyncio.create_task(life.sender(f"s{one}", own[one])) for one in range(SENDERS)]
        tasks.append(asyncio.create_task(life.watcher()))
        await asyncio.sleep(chance.uniform(0.05, 0.35))
        process.send_signal(signal.SIGKILL)
        await asyncio.wait(tasks)
    for task in tasks:
        if task.exception() is not None and not isinstance(task.exception(), OSError | EOFError):
            task.result()
    return life


def log_of(data: Path) -> list[Said]:
    """The room's whole log, read after the writer has recovered the file."""
    writer = Writer(data)
    reader = Reader(writer.path)
    entries = [entry for entry in reader.read(Read(ROOM, 1 << 30, after=0)) if isinstance(entry, Said)]
    reader.close()
    writer.close()
    return entries


@pytest.mark.threat(45)
async def test_nothing_shown_or_acknowledged_is_lost_to_kill_9(
    tmp_path: Path, long: bool, full: bool, seed: int
) -> None:
    rounds = 2_000 if full else 200 if long else 20
    chance = random.Random(seed)
    shown = acknowledged = said_again = 0
    again: set[str] = set()
    for number in range(rounds):
        data = tmp_path / str(number // ROUNDS_OF_A_LOG)
        if number % ROUNDS_OF_A_LOG == 0:
            again = set()
        life = await live_and_die(number, data, chance, again)
        entries = log_of(data)
        texts = [entry.text for entry in entries]
        places = {text: place for place, text in enumerate(texts)}
        where = f"seed {seed}, round {number}"

        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1)), where
        assert len(places) == len(texts), f"something is there twice: {where}"
        assert all(entries[places[text]].number == place for text, place in life.acknowledged.items()), where
        for seen in life.shown:
            order = [places[text] for text in seen]
            assert order == sorted(order), f"shown in another order: {where}"
        for sender in range(SENDERS):
            own = [text for text in texts if text.startswith(f"s{sender}r{number}t")]
            sent = [text for text in life.sent if text.startswith(f"s{sender}r")]
            assert own == sent[: len(own)], f"a sender's own order: {where}"
        said_again += len(again & life.acknowledged.keys())
        again = (again | set(life.sent)) - life.acknowledged.keys()
        shown += sum(map(len, life.shown))
        acknowledged += len(life.acknowledged)
    assert acknowledged > 0
    assert shown > 0
    assert said_again > 0, "nothing had to be said again"
    assert verify(data / FILE).problems == []
    result = {
        "test": "kill -9", "seed": seed, "kills": rounds, "acknowledged": acknowledged, "shown": shown,
        "said_again": said_again, "lost": 0, "twice": 0, "out_of_order": 0,
    }  # fmt: skip
    print(json.dumps(result))
