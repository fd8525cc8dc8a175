"""The operator's tools: what is copied comes back, what is old goes, what is damaged is said to be."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tcpchat.backend import index, retention
from tcpchat.backend.backup import back_up, restore
from tcpchat.backend.base import Unavailable
from tcpchat.backend.embedded import Embedded
from tcpchat.backend.export import entries
from tcpchat.backend.ids import MOST_NUMBER
from tcpchat.backend.order import now_ms
from tcpchat.backend.reader import Reader
from tcpchat.backend.schema import FILE, open_for_reading
from tcpchat.backend.store import Writer
from tcpchat.backend.verify import verify
from tcpchat.config import Keep
from tcpchat.model.errors import EX_CANTCREAT, EX_DATAERR, EX_TEMPFAIL, CannotStart
from tcpchat.model.events import Redacted, Said, Told, TopicSet
from tcpchat.model.records import Append, Find, Hits, Latest, Read, Search, Since, Span, conversation
from tests.backend.conftest import Fed, said


def test_nobody_is_shown_a_conversation_whose_name_is_not_theirs(data: Path) -> None:
    talk = conversation("=ann", "=bob")
    with closing(Writer(data)) as writer:
        writer.write([Append(Told(to="=bob", by="=ann", text="for bob alone", talk=talk))])
        writer.db.execute("INSERT INTO party SELECT '=eve', id FROM log WHERE name = ?", (talk,))
    with closing(Reader(data / FILE)) as reader:
        assert reader.since(Since("=bob", "")) == [Span(talk, 1, 1)]
        assert reader.since(Since("=eve", "")) == []
        assert reader.latest(Latest([], "=eve", 0, MOST_NUMBER, 9)) == []


async def test_who_comes_upon_a_missing_entry_is_told_so_in_words(data: Path) -> None:
    with closing(apsw.Connection(str(data / FILE))) as db:
        db.execute("DELETE FROM entry WHERE position = 11")  # where the halving looks first
        with pytest.raises(apsw.CorruptError, match="missing"):
            list(retention.due(db, Keep(days=1)))
    with pytest.raises(CannotStart) as exported:
        list(entries(data / FILE, "#tea", 1, lambda what: None))
    assert exported.value.exit_code == EX_DATAERR
    backend = Embedded(data)
    await backend.start(Fed())
    for question in (Find("#tea", time=1), Read("#tea", 99)):
        with pytest.raises(Unavailable, match="missing"):
            await backend.ask(question)
    assert len(await backend.read(Read("#milk", 99))) == 10
    await backend.close()


def test_a_backup_comes_back_and_goes_on_as_another_incarnation(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with closing(Writer(data)) as writer:
        assert back_up(data / FILE, copy).problems == []
        ((lost, _),) = writer.write([said("said after the backup")])
        old = writer.ids.of(7)
    assert isinstance(lost, Said)
    aside = restore(copy, data)
    assert aside is not None
    assert verify(aside).problems == []
    with closing(Writer(data)) as writer, closing(Reader(data / FILE)) as reader:
        ((new, _),) = writer.write([said("said after it came back")])
        assert isinstance(new, Said)
        assert new.number == lost.number
        assert new.id != lost.id
        assert reader.find(Find("#tea", old)) == 4
        assert reader.find(Find("#tea", lost.id)) is None
        assert reader.find(Find("#tea", new.id)) == new.number
    assert verify(data / FILE).problems == []


def test_what_nobody_closed_comes_back_to_its_last_entry(data: Path, tmp_path: Path) -> None:
    """What a killed server left is two files; what was moved aside is brought back in the same way."""
    killed = tmp_path / "killed"
    with closing(Writer(data)) as writer:
        writer.write([said("the last before it was killed")])
        shutil.copytree(data, killed)
    assert (killed / f"{FILE}-wal").stat().st_size > 0
    assert restore(killed / FILE, tmp_path / "elsewhere") is None
    assert numbers(tmp_path / "elsewhere", "#tea")[-1] == 13
    aside = restore(killed / FILE, killed)
    assert aside is not None
    assert numbers(killed, "#tea", aside.name)[-1] == 13
    assert numbers(killed, "#tea")[-1] == 13
    assert verify(killed / FILE).problems == []


def test_nothing_that_was_moved_aside_is_lost(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda form: "now")
    back_up(data / FILE, tmp_path / "copy")
    aside = {restore(tmp_path / "copy", data) for _ in range(3)}
    assert len(aside) == 3
    assert all(one is not None and len(numbers(data, "#tea", one.name)) == 12 for one in aside)


async def test_a_log_is_copied_while_a_server_writes_to_it(data: Path, tmp_path: Path) -> None:
    backend = Embedded(data)
    await backend.start(Fed())
    writing = asyncio.create_task(speak(backend))
    for number in range(3):
        await until(lambda: len(numbers(data, "#tea")) > 12)
        report = await asyncio.to_thread(back_up, data / FILE, tmp_path / str(number))
        assert report.problems == []
        assert report.entries > 22
    assert not writing.done(), "it did not have to wait for the copies"
    writing.cancel()
    await backend.close()
    copied, all_of_it = numbers(tmp_path, "#tea", "2"), numbers(data, "#tea")
    assert copied == all_of_it[: len(copied)]


async def speak(backend: Embedded) -> None:
    while True:
        await backend.record(said("on and on"))


def test_what_cannot_be_copied_or_brought_back_is_left_as_it_is(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    back_up(data / FILE, copy)
    with pytest.raises(CannotStart) as there:
        back_up(data / FILE, copy)
    assert there.value.exit_code == EX_CANTCREAT
    with closing(apsw.Connection(str(copy))) as db:
        db.execute("UPDATE entry SET time = time + 1 WHERE position = 7")
    with pytest.raises(CannotStart) as damaged:
        restore(copy, data)
    assert damaged.value.exit_code == EX_DATAERR
    assert "entry 4" in str(damaged.value)
    assert verify(data / FILE).problems == []


@pytest.mark.threat(43)
async def test_nothing_is_brought_back_under_a_running_server(data: Path, tmp_path: Path) -> None:
    back_up(data / FILE, tmp_path / "copy")
    backend = Embedded(data)
    await backend.start(Fed())
    with pytest.raises(CannotStart) as running:
        restore(tmp_path / "copy", data)
    assert running.value.exit_code == EX_TEMPFAIL
    await backend.close()


@pytest.mark.parametrize(
    ("keep", "tea", "milk"),
    [
        (Keep(room_entries=4), [9, 10, 11, 12], [7, 8, 9, 10]),
        (Keep(entries=4), [10, 11, 12], [10]),
        (Keep(days=1), [], []),
    ],
)
async def test_what_is_due_goes_and_what_holds_stays(
    data: Path, keep: Keep, tea: list[int], milk: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "now_ms", lambda: now_ms() + 2 * retention.DAY)
    backend, fed = Embedded(data, keep=keep), Fed()
    await backend.start(fed)
    await until(lambda: numbers(data, "#tea") == tea and numbers(data, "#milk") == milk)
    first = tea[0] if tea else 13
    assert [event.number for event in await backend.read(Read("#tea", 99, after=0))] == tea
    stored = await backend.record(said("goes on", key="k0"))
    assert isinstance(stored, Said)
    assert stored.number == 13, "its key is free again"
    assert await backend.read(Read("#tea", 99, before=first)) == []
    await backend.close()
    assert [event.topic for event in fed.events if isinstance(event, TopicSet)] == ["the topic"]
    assert verify(data / FILE).problems == []


@pytest.mark.threat(44)
async def test_a_time_that_the_disk_made_up_deletes_nothing(data: Path) -> None:
    with closing(apsw.Connection(str(data / FILE))) as db:
        db.execute("UPDATE entry SET time = 1 WHERE position = 11")  # where the halving looks first
    backend = Embedded(data, keep=Keep(days=1))
    await backend.start(Fed())
    async with asyncio.timeout(20):
        with pytest.raises(Unavailable, match="damaged"):
            await speak(backend)
    assert numbers(data, "#tea")[:12] == list(range(1, 13))
    assert numbers(data, "#milk") == list(range(1, 11))
    await backend.close()


def test_places_are_never_given_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "now_ms", lambda: now_ms() + 2 * retention.DAY)
    with closing(Writer(data)) as writer:
        with closing(open_for_reading(data / FILE)) as db:
            for one in list(retention.due(db, Keep(days=1))):
                writer.forget(one.log, one.through)
        last = writer.last_id
    with closing(Writer(data)) as writer:
        assert writer.last_id == last
        ((event, _),) = writer.write([said("next")])
        assert isinstance(event, Said)
        assert event.id != last
        assert event.number == 13


async def test_the_index_is_made_anew_when_it_is_gone_or_damaged(data: Path) -> None:
    for harm in (lambda file: None, Path.unlink, lambda file: file.write_bytes(b"no index, " * 1_000)):
        if (data / index.FILE).exists():
            harm(data / index.FILE)
        backend = Embedded(data)
        await backend.start(Fed())
        await until(lambda: indexed(data) == 22)
        await backend.close()


async def test_the_index_is_made_anew_when_it_is_taken_away_meanwhile(data: Path) -> None:
    backend = Embedded(data)
    await backend.start(Fed())
    await until(lambda: indexed(data) == 22)
    for suffix in ("", "-wal", "-shm"):
        (data / (index.FILE + suffix)).unlink(missing_ok=True)
    assert len(await hits(backend, "tea")) == 9, "what is not in the index is looked through"
    await until(lambda: indexed(data) == 22)
    await backend.record(said("tea goes on"))
    await until(lambda: indexed(data) == 23)
    assert len(await hits(backend, "tea")) == 10
    await backend.close()


async def test_an_index_of_nonsense_finds_nothing_wrong(data: Path) -> None:
    """It only says where to look."""
    backend = Embedded(data)
    await backend.start(Fed())
    await until(lambda: indexed(data) == 22)
    await backend.close()
    with closing(apsw.Connection(str(data / index.FILE))) as db:
        db.execute("UPDATE found SET words = 'tea', log = 'l1'")
    backend = Embedded(data)
    await backend.start(Fed())
    assert sorted(await hits(backend, "tea")) == [f"tea {number}" for number in range(1, 10)]
    await backend.close()


async def test_what_was_deleted_for_its_age_is_not_found(data: Path) -> None:
    backend = Embedded(data, keep=Keep(room_entries=4))
    await backend.start(Fed())
    await until(lambda: numbers(data, "#tea") == [9, 10, 11, 12])
    assert await hits(backend, "tea") == ["tea 9", "tea 8"]
    await until(lambda: indexed_entries(data) == 2 + 4)
    await backend.close()


async def test_of_what_was_taken_back_no_word_is_left_in_the_index(data: Path) -> None:
    backend = Embedded(data)
    await backend.start(Fed())
    secret = await backend.record(said("rhododendron"))
    assert isinstance(secret, Said)
    await until(lambda: indexed(data) == 23)
    await backend.record(Append(Redacted(room="#tea", by="ann", of=secret.id)))
    await until(lambda: indexed(data) == 24)
    await backend.close()
    assert b"rhododendron" not in (data / index.FILE).read_bytes()
    assert b"rhododendron" not in (data / FILE).read_bytes()


def numbers(data: Path, room: str, file: str = FILE) -> list[int]:
    with closing(Reader(data / file)) as reader:
        return [event.number for event in reader.read(Read(room, 1 << 30, after=0))]


def indexed(data: Path) -> int:
    """Up to which place the index goes."""
    try:
        with closing(apsw.Connection(str(data / index.FILE), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            position: int = db.execute("SELECT position FROM state").get
            return position
    except apsw.Error:
        return 0


def indexed_entries(data: Path) -> int:
    """How many entries the index knows."""
    try:
        with closing(apsw.Connection(str(data / index.FILE), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            entries: int = db.execute("SELECT count(*) FROM found").get
            return entries
    except apsw.Error:
        return 0


async def hits(backend: Embedded, word: str) -> list[str]:
    found = await backend.ask(Search({"#tea": 1}, [[word]], 99))
    assert isinstance(found, Hits)
    assert found.complete
    return [event.text for event in found.events if isinstance(event, Said)]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.02)
