"""A byte that the disk made up: it is noticed, or it changes nothing; it never becomes a wrong text."""

import asyncio
import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tcpchat.backend.backup import back_up
from tcpchat.backend.base import Unavailable
from tcpchat.backend.embedded import Embedded
from tcpchat.backend.entries import DAMAGED
from tcpchat.backend.export import entries
from tcpchat.backend.schema import FILE
from tcpchat.backend.store import Writer
from tcpchat.backend.verify import verify
from tcpchat.config import Keep
from tcpchat.model.errors import CannotStart
from tcpchat.model.events import LOGGED, Redacted, Said, Told, TopicSet
from tcpchat.model.records import (
    Append,
    Collect,
    Document,
    Find,
    Get,
    Hits,
    Latest,
    Put,
    Question,
    Read,
    Search,
    Since,
    conversation,
    emptied,
    log_of,
)
from tests.backend.conftest import Fed

ROOMS = [f"#room{number}" for number in range(6)]
TALK = conversation("=ann", "=bob")
DOCUMENTS = {f"key{number}": f"value {number} ".encode() * 20 for number in range(10)}
MORE = "said after the flip"

Place = tuple[str, int]


def filled(directory: Path) -> dict[Place, LOGGED]:
    """A log of everything there is, left open, so that there is a write-ahead log. What is at each place."""
    directory.mkdir()
    writer = Writer(directory)
    said: dict[Place, LOGGED] = {}
    ids: list[tuple[Place, str]] = []

    def write(*appends: Append) -> None:
        for event, _ in writer.write(list(appends)):
            assert event is not None
            place = log_of(event), event.number  # type: ignore[arg-type, union-attr]
            said[place] = event  # type: ignore[assignment]
            ids.append((place, event.id))  # type: ignore[union-attr]

    for turn in range(40):
        write(*(Append(Said(room=room, by="ann", text=f"text {turn} of {room} teacup"), f"k{turn}") for room in ROOMS))
        write(Append(Told(to="ann", by="bob", text=f"told {turn}", talk=TALK)))
    write(*(Append(TopicSet(room=room, by="ann", topic=f"the topic of {room}")) for room in ROOMS))
    place, id = ids[3]
    write(Append(Redacted(room=place[0], by="ann", of=id)))
    said[place] = emptied(said[place])
    writer.write([Put("space", key, value, 0) for key, value in DOCUMENTS.items()])
    writer.checkpoint()
    write(*(Append(Said(room=room, by="bob", text=f"later in {room} teacup")) for room in ROOMS))
    shutil.copytree(directory, directory.with_name("open"))
    writer.close()
    return said


class Look:
    """Reads everything, and notes how it was noticed that something is wrong."""

    def __init__(self, said: dict[Place, LOGGED], where: str) -> None:
        self._said = said
        self._where = where
        self._middle = said[ROOMS[0], 20].time
        self.noticed: set[str] = set()

    def right(self, event: LOGGED, log: str) -> None:
        """An entry is the one that was stored at its place, in all it says, or is said to be damaged."""
        if getattr(event, "text", "") == DAMAGED:
            self.noticed.add("entry")
            return
        assert self._said[log, event.number] == event, self._where

    async def at_all(self, directory: Path) -> None:
        """Through the backend, as a server does."""
        backend, fed = Embedded(directory, keep=Keep(days=1)), Fed()
        try:
            await backend.start(fed)
        except CannotStart:
            self.noticed.add("start")
            return
        failing = asyncio.ensure_future(backend.failure())
        for event in fed.events:
            self.right(event, log_of(event))  # type: ignore[arg-type]
        try:
            for log in (*ROOMS, TALK):
                await self._reads(backend, log)
            for key, value in DOCUMENTS.items():
                await self._gets(backend, key, value)
            for question in self._questions():
                await self._asks(backend, question)
            await self._says_more(backend)
            assert not failing.done(), f"{self._where}: {failing.result()}"
        finally:
            failing.cancel()
            await backend.close()

    def looked_through(self, directory: Path) -> None:
        """By the operator's tools."""
        try:
            if verify(directory / FILE).problems:
                self.noticed.add("verify")
            for room, since in (("", 0), (ROOMS[0], self._middle)):
                for event in entries(directory / FILE, room, since, lambda _: self.noticed.add("export")):
                    self.right(event, log_of(event))
            back_up(directory / FILE, directory / "copy")
        except CannotStart:
            self.noticed.add("tools")

    async def _reads(self, backend: Embedded, log: str) -> None:
        try:
            page = await backend.read(Read(log, 1_000, after=0))
        except Unavailable:
            self.noticed.add("read")
            return
        for event in page:
            self.right(event, log)
        if len(page) < sum(place[0] == log for place in self._said):
            self.noticed.add("missing")

    def _questions(self) -> list[Question]:
        """Whatever else can be asked."""
        return [
            Search(dict.fromkeys(ROOMS, 1), [["teacup"]], 1_000),
            Search({TALK: 5}, [["told"]], 5, by="bob", after=self._middle),
            Latest(ROOMS, "=ann", 0, 1 << 60, 50),
            *(Find(log, time=self._middle) for log in (*ROOMS, TALK)),
            *(Find(log_of(event), event.id) for event in list(self._said.values())[::40]),
            Since("=ann", ""),
            Since("=bob", self._said[TALK, 20].id),
            Collect("space"),
        ]

    async def _asks(self, backend: Embedded, question: Question) -> None:
        try:
            answer = await backend.ask(question)
        except Unavailable:
            self.noticed.add("question")
            return
        match answer:
            case Hits(events=events) | [*events]:
                for event in events:
                    if isinstance(event, LOGGED):
                        self.right(event, log_of(event))
            case dict():
                assert all(DOCUMENTS.get(key) == document.value for key, document in answer.items()), self._where

    async def _says_more(self, backend: Embedded) -> None:
        """It is stored, or refused in words; under a key that is known, what was said is what was stored."""
        for record in (
            Append(Said(room=ROOMS[1], by="ann", text=MORE), "k3"),
            Append(Said(room=ROOMS[2], by="ann", text=MORE)),
            Append(TopicSet(room=ROOMS[3], by="ann", topic="another")),
            Append(Redacted(room=ROOMS[4], by="ann", of=self._said[ROOMS[4], 30].id)),
            Put("space", "key1", b"another", 1),
        ):
            try:
                outcome = await backend.record(record)
            except Unavailable:
                self.noticed.add("refused")
                continue
            if isinstance(record, Append) and record.key and isinstance(outcome, Said) and outcome.text != MORE:
                self.right(outcome, outcome.room)

    async def _gets(self, backend: Embedded, key: str, value: bytes) -> None:
        try:
            document = await backend.ask(Get("space", key))
        except Unavailable:
            self.noticed.add("document")
            return
        assert document in (Document(value, 1), Document()), self._where


def flipped(original: Path, directory: Path, chance: random.Random) -> str:
    """A copy of the log in which one bit, or all of one byte, is another. Says where."""
    directory.mkdir()
    for name in (FILE, f"{FILE}-wal"):
        if (original / name).exists():
            shutil.copy(original / name, directory / name)
    file = chance.choice([one for one in sorted(directory.iterdir()) if one.stat().st_size])
    content = bytearray(file.read_bytes())
    place = chance.randrange(len(content))
    content[place] ^= chance.choice([1 << chance.randrange(8), chance.randrange(1, 256)])
    file.write_bytes(content)
    return f"byte {place} of {file.name}"


@pytest.mark.threat(44)
async def test_no_flipped_byte_becomes_a_wrong_text(tmp_path: Path, long: bool, seed: int) -> None:
    said = filled(tmp_path / "closed")
    chance = random.Random(seed)
    counted: Counter[str] = Counter()
    runs = 1_000 if long else 60
    for run in range(runs):
        original = tmp_path / chance.choice(["closed", "closed", "open"])
        directory = tmp_path / "flipped"
        where = f"seed {seed}, run {run}, {original.name}: {flipped(original, directory, chance)}"
        look = Look(said, where)
        look.looked_through(directory)
        await asyncio.wait_for(look.at_all(directory), 30)
        counted.update(look.noticed or {"nothing was wrong"})
        shutil.rmtree(directory)
    print(json.dumps({"test": "bit flips", "seed": seed, "flips": runs, "noticed_by": counted, "wrong_texts": 0}))


async def test_the_test_notices_a_wrong_text(tmp_path: Path) -> None:
    """If another text had been stored there, it would be one."""
    said = filled(tmp_path / "closed")
    place = (ROOMS[0], 2)
    look = Look(said | {place: said[ROOMS[0], 3]}, "on purpose")
    with pytest.raises(AssertionError, match="on purpose"):
        look.looked_through(tmp_path / "closed")
