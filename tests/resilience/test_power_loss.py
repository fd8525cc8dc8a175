"""A power cut at any moment: what was acknowledged is there, in the same order, once, and nothing is damaged."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest

from tcpchat.backend.order import Durable
from tcpchat.backend.reader import Reader
from tcpchat.backend.schema import FILE, Durability
from tcpchat.backend.store import Writer
from tcpchat.backend.verify import verify
from tcpchat.model.errors import CannotStart
from tcpchat.model.events import LOGGED, Redacted, RoomRenamed, Said, Told, TopicSet
from tcpchat.model.records import Append, Collect, Document, Put, Read, conversation
from tests.resilience.power import Cut, Disk, Step, cuts

ROOMS = ("#tea", "#milk", "#water", "#coffee")
TALK = conversation("=ann", "~bob")
PIECES = 120
"""Of work in one recording."""
PER_RECORDING = 500
"""Power cuts that are made up of one recording."""

Snapshot = tuple[dict[str, list[LOGGED]], dict[str, Document], list[LOGGED]]
"""Everything that can be read: all logs, the documents, what holds."""

NOTHING: Snapshot = ({}, {}, [])


def everything(writer: Writer) -> Snapshot:
    """All that is there for readers."""
    names = [str(name) for (name,) in writer.db.execute("SELECT name FROM log")]
    with closing(Reader(writer.path, damaged=_is_damaged)) as reader:
        logs = {name: reader.read(Read(name, 1 << 30, after=0)) for name in names}
        return logs, reader.collect(Collect("space")), writer.holding()


def _is_damaged(what: str) -> None:
    raise apsw.CorruptError(what)


class Work:
    """What a server does to its log, piece by piece, and what can be read after each."""

    def __init__(self, directory: Path, durability: Durability, disk: Disk, chance: Random) -> None:
        self._directory = directory
        self._durability: Durability = durability
        self._disk = disk
        self._chance = chance
        self.snapshots: list[Snapshot] = []
        self._open()

    def do(self) -> None:
        """A piece of work."""
        kinds, weights = zip(*_PIECES, strict=True)
        self._chance.choices(kinds, weights)[0](self)

    def close(self) -> None:
        """The server ends."""
        self._keeper.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self._keeper.close()
        self._writer.close()

    def say(self) -> None:
        """A batch of messages; now and then one is said again under its key."""
        batch: list[Durable] = [self._message() for _ in range(self._chance.choice((1, 1, 2, 12)))]
        if self._chance.random() < 0.3:
            batch += [Append(TopicSet(room=self._room(), by="ann", topic=self._text()))]
        written = self._writer.write(batch)
        self._acknowledged([event for event, _ in written if isinstance(event, LOGGED)])

    def take_back(self) -> None:
        """Something that was said, if anything was."""
        logs, _, _ = self.snapshots[-1]
        said = [event for log in logs.values() for event in log if isinstance(event, Said) and not event.redacted]
        if said:
            event = self._chance.choice(said)
            self._writer.write([Append(Redacted(room=event.room, by="ann", of=event.id, status=event.status))])
            self._acknowledged()

    def rename(self) -> None:
        """A room; it may be that it cannot be."""
        self._writer.write([Append(RoomRenamed(room=self._room(), by="ann", to=self._room()))])
        self._acknowledged()

    def put(self) -> None:
        """A document, under the revision it has."""
        key = self._chance.choice("abc")
        revision = self.snapshots[-1][1].get(key, Document()).revision
        self._writer.write([Put("space", key, self._chance.randbytes(self._chance.choice((10, 3_000))), revision)])
        self._acknowledged()

    def forget(self) -> None:
        """The oldest entries of a log."""
        logs: list[Any] = self._writer.db.execute(
            "SELECT log, min(number), max(number) FROM entry GROUP BY log"
        ).fetchall()
        if logs:
            log, first, last = self._chance.choice(logs)
            self._writer.forget(log, min(last, first + self._chance.randrange(8)))
            self._acknowledged()

    def checkpoint(self) -> None:
        """As the keeper does it; the writer goes on meanwhile."""
        if self._chance.random() < 0.5:
            self._meanwhile(self.say)
        self._keeper.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self._disk.before_write = lambda name: None
        self._writer.checkpoint()

    def checkpoint_beside_a_reader(self) -> None:
        """Of which only a part can be done."""
        with closing(apsw.Connection(str(self._writer.path))) as reader:
            reader.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            reader.execute("BEGIN; SELECT * FROM log").fetchall()
            self.say()
            self.checkpoint()

    def note_end(self) -> None:
        """How much there is; for readers nothing has changed."""
        self._writer.note_end()

    def wipe(self) -> None:
        """What was taken back, out of the write-ahead log."""
        self._writer.wipe()

    def restart(self) -> None:
        """The server is stopped and started."""
        self.close()
        self._open()

    def _open(self) -> None:
        self._writer = Writer(self._directory, self._durability)
        self._keeper = apsw.Connection(str(self._writer.path))
        self._keeper.execute("PRAGMA wal_autocheckpoint=0").fetchall()
        self._acknowledged()

    def _meanwhile(self, piece: Callable[[], None]) -> None:
        """Do something in the middle of what is done next."""
        left = [self._chance.randrange(10)]

        def look(name: str) -> None:
            if name == FILE and left:
                left[0] -= 1
                if left[0] < 0:
                    left.clear()
                    piece()

        self._disk.before_write = look

    def _acknowledged(self, events: list[LOGGED] = []) -> None:  # noqa: B006
        """A piece of work is done: what came of it can be read, and must be there for ever."""
        self.snapshots.append(everything(self._writer))
        logs, _, _ = self.snapshots[-1]
        there = {event.id: event for log in logs.values() for event in log}
        assert all(event == there.get(event.id) for event in events if event.id in there)
        self._disk.mark(len(self.snapshots) - 1)

    def _message(self) -> Append:
        key = self._chance.choice(("", f"k{self._chance.randrange(40)}"))
        if self._chance.random() < 0.2:
            return Append(Told(to="bob", by="ann", text=self._text(), talk=TALK), key, party="=ann")
        status = self._chance.choice(("", "", "", "@"))
        return Append(Said(room=self._room(), by="ann", text=self._text(), status=status), key, party="=ann")

    def _room(self) -> str:
        return self._chance.choice(ROOMS)

    def _text(self) -> str:
        return "é" * self._chance.choice((1, 40, 40, 400, 4_000)) + str(self._chance.random())


_PIECES: tuple[tuple[Callable[[Work], None], int], ...] = (
    (Work.say, 12),
    (Work.take_back, 3),
    (Work.rename, 2),
    (Work.put, 3),
    (Work.forget, 2),
    (Work.checkpoint, 4),
    (Work.checkpoint_beside_a_reader, 1),
    (Work.note_end, 1),
    (Work.wipe, 1),
    (Work.restart, 1),
)


@contextmanager
def remembering() -> Iterator[Disk]:
    disk = Disk()
    try:
        yield disk
    finally:
        disk.unregister()


def recorded(directory: Path, durability: Durability, chance: Random) -> tuple[list[Step], list[Snapshot]]:
    """All that some work did to the disk, and what could be read after each piece of it."""
    directory.mkdir()
    with remembering() as disk:
        work = Work(directory, durability, disk, chance)
        for _ in range(PIECES):
            work.do()
        work.close()
    return disk.steps, work.snapshots


def after(cut: Cut, snapshots: list[Snapshot], directory: Path) -> str:
    """What a server finds when the power is back."""
    directory.mkdir()
    for name, content in cut.files.items():
        (directory / name).write_bytes(content)
    try:
        with closing(Writer(directory)) as writer:
            found = everything(writer)
            goes_on = _goes_on(writer, found)
    except (CannotStart, apsw.Error):
        return "damaged"
    if not goes_on or verify(directory / FILE).problems:
        return "damaged"
    shutil.rmtree(directory)
    return _which(found, cut.mark, snapshots)


def _goes_on(writer: Writer, found: Snapshot) -> bool:
    """Whether the next message gets the next number."""
    before = found[0].get("#tea")
    ((event, new),) = writer.write([Append(Said(room="#tea", by="ann", text="and on it goes"))])
    return new and isinstance(event, Said) and (not before or event.number == before[-1].number + 1)


def _which(found: Snapshot, last: int, snapshots: list[Snapshot]) -> str:
    if last >= 0 and found == snapshots[last]:
        return "just what was acknowledged"
    if last + 1 < len(snapshots) and found == snapshots[last + 1]:
        return "and what was under way"
    if found in [NOTHING, *snapshots[: max(last, 0)]]:
        return "earlier" if last >= 0 else "just what was acknowledged"
    return "made up"


def outcomes(path: Path, durability: Durability, number: int, seed: int, *, honest: bool = True) -> Counter[str]:
    """How many of so many power cuts ended in what way. What was not expected is left on the disk."""
    found: Counter[str] = Counter()
    for recording in range(0, number, PER_RECORDING):
        chance = Random(seed + recording)
        here = path / str(recording)
        steps, snapshots = recorded(here, durability, chance)
        for place, cut in enumerate(cuts(steps, min(PER_RECORDING, number - recording), chance, honest=honest)):
            found[after(cut, snapshots, here / f"cut {place} at step {cut.step} of {len(steps)}")] += 1
    return found


def report(name: str, seed: int, found: Counter[str]) -> None:
    number = found.total()
    print(json.dumps({"test": name, "seed": seed, "states": number, **found}))


@pytest.mark.threat(46)
def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path, long: bool, seed: int) -> None:
    found = outcomes(tmp_path, "full", 10_000 if long else 300, seed)
    report("power loss", seed, found)
    assert set(found) == {"just what was acknowledged", "and what was under way"}, (seed, found)


@pytest.mark.threat(46)
def test_a_power_cut_damages_nothing_if_only_the_last_moments_may_be_lost(
    tmp_path: Path, long: bool, seed: int
) -> None:
    found = outcomes(tmp_path, "normal", 2_000 if long else 100, seed)
    report("power loss, durability normal", seed, found)
    assert found["damaged"] == found["made up"] == 0, (seed, found)
    assert found["earlier"] > 0, "the last moments are never lost: it is not what it is called"


def test_a_disk_that_does_not_do_what_it_promises_is_noticed(tmp_path: Path, seed: int) -> None:
    """Else this suite would prove nothing."""
    found = outcomes(tmp_path, "full", 60, seed, honest=False)
    report("power loss, a disk that lies", seed, found)
    assert found["earlier"] + found["damaged"] + found["made up"] > 10, (seed, found)
