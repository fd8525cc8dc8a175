"""``kill -9`` under load: what was shown or acknowledged is in the log, once, in order."""

import asyncio
import json
import random
import re
import signal
from contextlib import suppress
from pathlib import Path

from tcpchat.backend.reader import Reader
from tcpchat.backend.store import Writer
from tcpchat.model.events import Said
from tcpchat.model.records import Read
from tests.cli.test_server import running
from tests.peer import Peer

ROOM = "#tea"
SENDERS = 4
PER_TURN = 20
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

    async def sender(self, name: str) -> None:
        """Say as much as it takes, and note what is acknowledged."""
        peer = await (await Peer.open(self.port)).enter_json(name, ROOM)
        turn = 0
        with suppress(OSError, EOFError, asyncio.CancelledError):
            while True:
                texts = [f"{name}r{self.number}t{turn}n{n}" for n in range(PER_TURN)]
                self.sent += texts
                for text in texts:
                    peer.send(json.dumps({"do": "say", "room": ROOM, "text": text, "key": text, "id": text}))
                await peer.until(rf'"ok":"{texts[-1]}".*$\n')
                turn += 1
        for line in peer.seen.decode().split("\n")[:-1]:
            answer = json.loads(line)
            if answer.get("reply") == "stored":
                self.acknowledged[answer["ok"]] = answer["number"]
        self.shown.append([event["text"] for event in peer.events() if event["event"] == "said"])
        await peer.close()

    async def watcher(self) -> None:
        """An IRC client that only looks."""
        peer = await (await Peer.open(self.port)).enter_irc(f"watcher{self.number}", ROOM)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await peer.until("this never comes")
        whole_lines = peer.seen.decode().rpartition("\n")[0] + "\n"
        self.shown.append([text for _, text in LINE.findall(whole_lines)])
        await peer.close()


async def live_and_die(number: int, data: Path, chance: random.Random) -> Round:
    """Start a server, load it, kill it at a random moment."""
    with running("--data", str(data)) as (process, port):
        life = Round(number, port)
        tasks = [asyncio.create_task(life.sender(f"s{one}")) for one in range(SENDERS)]
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


async def test_nothing_shown_or_acknowledged_is_lost_to_kill_9(tmp_path: Path, long: bool) -> None:
    rounds, seed = (200, random.randrange(1 << 32)) if long else (20, 7667)
    chance = random.Random(seed)
    shown = acknowledged = 0
    for number in range(rounds):
        life = await live_and_die(number, tmp_path, chance)
        entries = log_of(tmp_path)
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
        shown += sum(map(len, life.shown))
        acknowledged += len(life.acknowledged)
    assert acknowledged > 0
    assert shown > 0
    result = {"test": "kill -9", "seed": seed, "kills": rounds, "acknowledged": acknowledged, "shown": shown, "lost": 0}
    print(json.dumps(result))
