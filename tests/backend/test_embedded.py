"""What the one SQLite file adds: it is still there afterwards, or says what is wrong with it."""

import asyncio
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import apsw
import msgspec
import pytest
from msgspec.structs import replace

from tcpchat.backend import store
from tcpchat.backend.base import Unavailable
from tcpchat.backend.embedded import Embedded
from tcpchat.backend.schema import APPLICATION_ID, MIGRATIONS
from tcpchat.backend.store import Writer
from tcpchat.model.errors import EX_CANTCREAT, EX_CONFIG, EX_DATAERR, EX_TEMPFAIL, CannotStart
from tcpchat.model.events import Event, Joined, Redacted, RoomRenamed, Said, Told, TopicSet
from tcpchat.model.records import Append, Document, Drop, Find, Get, Hold, Latest, Put, Read, conversation
from tests.backend.conftest import Opened, opened


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def file(directory: Path) -> Path:
    return directory / "chat.db"


def said(text: str, room: str = "#tea", by: str = "ann", key: str = "") -> Append:
    return Append(Said(room=room, by=by, text=text), key)


def topic(text: str, room: str = "#tea") -> Append:
    return Append(TopicSet(room=room, by="ann", topic=text))


async def record(it: Opened, *appends: Append) -> list[Event | None]:
    return await asyncio.gather(*map(it.backend.record, appends))


async def filled(directory: Path, *appends: Append) -> list[Event | None]:
    """A log with these entries, closed again."""
    it = await opened(Embedded(directory))
    events = await record(it, *appends)
    await it.backend.close()
    return events


async def refused(directory: Path) -> CannotStart:
    with pytest.raises(CannotStart) as caught:
        await opened(Embedded(directory))
    return caught.value


# restarting


async def test_a_restart_keeps_everything_and_goes_on(directory: Path) -> None:
    before = await filled(directory, said("a"), said("b"), said("c", "#milk"))
    it = await opened(Embedded(directory))
    assert await it.backend.read(Read("#tea", 9)) == before[:2]
    assert before[-1] is not None
    assert it.backend.last_id == before[-1].id
    after = await record(it, said("d"), said("e", "#milk"))
    await it.backend.close()
    assert [event.number for event in after if event is not None] == [3, 2]
    assert len({event.id for event in before + after if event is not None}) == 5


async def test_a_key_is_known_after_a_restart(directory: Path) -> None:
    (first,) = await filled(directory, said("a", key="k"))
    assert await filled(directory, said("again", key="k"), said("again", by="bob", key="k")) != [first, first]
    it = await opened(Embedded(directory))
    assert await it.backend.record(said("again", by="ANN", key="k")) == first
    assert it.fed.events == []
    assert [event.number for event in await it.backend.read(Read("#tea", 9))] == [1, 2]
    await it.backend.close()


@pytest.mark.threat(54)
async def test_times_rise_even_if_the_clock_was_set_back(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([5_000, 9_000, 1_000, 1_000])
    monkeypatch.setattr(store, "now_ms", lambda: next(clock))
    events = [event for n in range(4) for event in await filled(directory, said(str(n)))]
    times = [event.time for event in events if event is not None]
    assert times == [5_000, 9_000, 9_001, 9_002]
    assert all(earlier < later for earlier, later in pairwise(times))


async def test_topics_that_hold_come_back(directory: Path) -> None:
    events = await filled(directory, topic("old"), topic("milk", "#milk"), said("x"), topic("new"), topic("", "#none"))
    it = await opened(Embedded(directory))
    assert it.fed.events == [events[1], events[3], events[4]]
    await it.backend.close()


async def test_nobody_holds_anything_after_a_restart(directory: Path) -> None:
    for owner in ("1", "2"):
        it = await opened(Embedded(directory))
        assert await it.backend.record(Hold("nick ann", owner, Joined(room="#a", by="ann"))) is not None
        await it.backend.close()


async def test_a_topic_that_holds_comes_back_under_the_name_the_room_has_now(directory: Path) -> None:
    rename = Append(RoomRenamed(room="#tea", by="ann", to="#milk"))
    old, _ = await filled(directory, topic("of tea"), rename)
    (new,) = await filled(directory, topic("of another tea"))
    it = await opened(Embedded(directory))
    assert [(event.room, event.topic) for event in it.fed.events if isinstance(event, TopicSet)] == [
        ("#milk", "of tea"),
        ("#tea", "of another tea"),
    ]
    assert old is not None
    assert new is not None
    assert [event.id for event in it.fed.events] == [old.id, new.id]
    await it.backend.close()


async def test_a_log_that_was_renamed_goes_on_under_its_new_name_after_a_restart(directory: Path) -> None:
    rename = Append(RoomRenamed(room="#tea", by="ann", to="#milk"))
    await filled(directory, said("a", key="k"), rename)
    await filled(directory, said("b"))
    again, more, old = await filled(directory, said("a", "#milk", key="k"), said("c", "#milk"), said("d"))
    assert [event.number for event in (again, more, old) if event is not None] == [1, 3, 2]
    it = await opened(Embedded(directory))
    assert [event.text for event in await it.backend.read(Read("#milk", 9, said=True)) if isinstance(event, Said)] == [
        "a",
        "c",
    ]
    assert await it.backend.record(rename) is None
    await it.backend.close()


async def test_documents_are_kept(directory: Path) -> None:
    it = await opened(Embedded(directory))
    await asyncio.gather(*(it.backend.record(Put("space", "key", value, n)) for n, value in enumerate((b"a", b"b"))))
    await it.backend.close()
    it = await opened(Embedded(directory))
    assert await it.backend.ask(Get("space", "key")) == Document(b"b", 2)
    assert await it.backend.record(Put("space", "key", b"c", 0)) is None
    assert await it.backend.record(Put("space", "key", b"c", 2)) == Document(b"c", 3)
    await it.backend.close()


async def test_what_was_taken_back_stays_so(directory: Path, file: Path) -> None:
    (secret, *_) = await filled(directory, said("a secret that is said once"), *(said("x" * 300) for _ in range(30)))
    assert secret is not None
    assert b"a secret that is said once" in content(file)
    await filled(directory, Append(Redacted(room="#tea", by="ann", of=secret.id)))
    assert b"a secret that is said once" not in content(file)
    it = await opened(Embedded(directory))
    first, *_, second = await it.backend.read(Read("#tea", 99))
    assert isinstance(first, Said)
    assert (first.text, first.redacted, first.id) == ("", True, secret.id)
    assert isinstance(second, Redacted)
    assert await it.backend.ask(Find("#tea", secret.id)) == 1
    await it.backend.close()


async def test_conversations_are_found_after_a_restart(directory: Path) -> None:
    def told(text: str, one: str, other: str) -> Append:
        return Append(Told(to=one, by=other, text=text, talk=conversation(one, other)))

    await filled(directory, told("a", "=ann", "=bob"), told("not ann's", "=bob", "~1"))
    await filled(directory, told("b", "=ann", "=carl"), told("a again", "=bob", "=ann"))
    it = await opened(Embedded(directory))
    found = await it.backend.ask(Latest([], "=ann", 0, 2**60, 9))
    assert isinstance(found, list)
    assert sorted(event.text for event in found) == ["a again", "b"]
    await it.backend.close()


def old_log(file: Path, version: int) -> list[Event]:
    """A log as an earlier version wrote it."""
    file.parent.mkdir()
    db = apsw.Connection(str(file))
    for step in MIGRATIONS[:version]:
        assert isinstance(step, str)
        db.execute(step).fetchall()
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}").fetchall()
    db.execute(f"PRAGMA user_version = {version}").fetchall()
    db.execute("INSERT INTO meta VALUES ('incarnation', 'abc')")
    db.execute("INSERT INTO log (id, name) VALUES (1, '#tea'), (2, '#milk')")
    entries = [
        (1, 1, 1, 1_000, "k", Said(room="#tea", by="ann", text="a")),
        (2, 1, 2, 2_000, None, TopicSet(room="#tea", by="ann", topic="t")),
        (3, 2, 1, 2_000, None, Said(room="#milk", by="ann", text="b")),
    ]
    for position, log, number, time, key, event in entries:
        row = (position, log, number, time, "ann", key, msgspec.json.encode(event))
        db.execute("INSERT INTO entry VALUES (?,?,?,?,?,?,?)", row)
    db.execute("INSERT INTO standing VALUES (1, 'topic', 2)")
    if version > 1:
        db.execute("INSERT INTO document VALUES ('space', 'key', x'61', 1)")
    db.close()
    return [
        replace(event, time=time, number=number, id=f"abc-{position}")
        for position, _, number, time, _, event in entries
    ]


@pytest.mark.threat(50)
@pytest.mark.parametrize("version", [1, 2])
async def test_a_log_of_a_version_before_is_brought_to_the_new_one(directory: Path, file: Path, version: int) -> None:
    events = old_log(file, version)
    it = await opened(Embedded(directory))
    assert it.fed.events == [events[1]]
    assert it.backend.last_id == "abc-3"
    assert await it.backend.read(Read("#tea", 9)) == events[:2]
    assert await it.backend.record(said("again", key="k")) == events[0]
    assert await it.backend.record(Put("space", "key", b"b", version - 1)) == Document(b"b", version)
    await it.backend.close()
    db = apsw.Connection(str(file))
    assert db.execute("PRAGMA user_version").get == len(MIGRATIONS)
    db.close()


async def test_what_was_awaited_is_in_the_file_even_if_the_server_dies_now(directory: Path, tmp_path: Path) -> None:
    it = await opened(Embedded(directory))
    events = await record(it, said("a"), topic("b"))
    os.mkdir(tmp_path / "copy")
    for name in ("chat.db", "chat.db-wal"):
        shutil.copy(directory / name, tmp_path / "copy")  # what another process would find
    await it.backend.close()
    other = await opened(Embedded(tmp_path / "copy"))
    assert await other.backend.read(Read("#tea", 9)) == events
    await other.backend.close()


async def test_closing_waits_for_the_writer_even_if_nobody_else_does(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, gate = Writer.write, threading.Event()

    def slow(self: Writer, appends: list[Append]) -> list[store.Written]:
        gate.wait(9)
        return write(self, appends)

    monkeypatch.setattr(Writer, "write", slow)
    it = await opened(Embedded(directory))
    waiting = [it.backend.record(said("being written"))]
    await asyncio.sleep(0)
    waiting.append(it.backend.record(said("queued behind it")))
    for one in waiting:
        assert isinstance(one, asyncio.Future)
        one.cancel()
    closing = asyncio.create_task(it.backend.close())
    for _ in range(5):
        await asyncio.sleep(0)
    gate.set()
    await closing
    assert [event.number for event in it.fed.events] == [1, 2]


async def test_nothing_can_be_read_after_closing(directory: Path) -> None:
    it = await opened(Embedded(directory))
    await it.backend.close()
    with pytest.raises(Unavailable):
        await it.backend.read(Read("#tea", 1))


# what keeps it from starting


@pytest.mark.threat(43)
async def test_a_directory_has_one_server_at_a_time(directory: Path) -> None:
    it = await opened(Embedded(directory))
    error = await refused(directory)
    assert error.exit_code == EX_TEMPFAIL
    assert str(os.getpid()) in str(error)
    assert "--data DIR" in str(error)
    await it.backend.close()
    await filled(directory, said("free again"))


def content(file: Path) -> bytes:
    return file.read_bytes()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def garbage(file: Path) -> None:
    file.write_bytes(b"not a database, " * 1_000)


def first_page_only(file: Path) -> None:
    os.truncate(file, 4_096)


def half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def torn(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 100)


def scribbled(file: Path) -> None:
    """Every page but the first is something else."""
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(4_096)
        stream.write(b"\xa5" * (size - 4_096))


@pytest.mark.threat(44)
@pytest.mark.parametrize("damage", [garbage, first_page_only, half, torn, scribbled])
async def test_a_damaged_log_is_refused_and_left_as_it_is(
    directory: Path, file: Path, damage: Callable[[Path], None]
) -> None:
    await filled(directory, *(topic("x" * 900, f"#{n}") for n in range(60)))
    damage(file)
    before = content(file)
    error = await refused(directory)
    assert error.exit_code == EX_DATAERR
    assert str(file) in str(error)
    assert "backup" in str(error)
    assert content(file) == before
    os.unlink(file)
    await filled(directory, said("the lock was let go of"))


@pytest.mark.threat(50)
async def test_a_log_of_a_newer_version_is_refused(directory: Path, file: Path) -> None:
    await filled(directory, said("x"))
    db = apsw.Connection(str(file))
    assert db.execute("PRAGMA user_version").get == len(MIGRATIONS)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}").fetchall()
    db.close()
    error = await refused(directory)
    assert error.exit_code == EX_CONFIG
    assert "newer" in str(error)


async def test_somebody_elses_database_is_refused(directory: Path, file: Path) -> None:
    os.mkdir(directory)
    db = apsw.Connection(str(file))
    db.execute("CREATE TABLE log (x)").fetchall()
    db.close()
    error = await refused(directory)
    assert error.exit_code == EX_DATAERR
    assert str(file) in str(error)


async def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = await refused(tmp_path / "file" / "data")
    assert error.exit_code == EX_CANTCREAT
    assert "--data DIR" in str(error)
    assert "--no-history" in str(error)


# whose it is


@pytest.fixture
def _generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.threat(61)
@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.usefixtures("_generous_umask")
async def test_only_the_owner_may_read_what_was_said(directory: Path) -> None:
    it = await opened(Embedded(directory))
    await record(it, said("secret"))
    names = os.listdir(directory)
    assert {"chat.db", "chat.db-wal"} <= set(names)
    assert [mode(directory)] + [mode(directory / name) for name in names] == [0o700] + [0o600] * len(names)
    await it.backend.close()


# a failing disk


@pytest.mark.threat(47)
async def test_if_the_disk_fails_nobody_is_told_that_it_did_not(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    it = await opened(Embedded(directory))
    await record(it, said("a"))
    write = Writer.write

    def failing(self: Writer, appends: list[Append]) -> list[store.Written]:
        monkeypatch.setattr(Writer, "write", write)
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr(Writer, "write", failing)
    hold = it.backend.record(Hold("thing", "1", Joined(room="#tea", by="ann")))
    frees = Append(Said(room="#tea", by="ann", text="c"), frees=Drop("thing", "1"))
    batch = said("b"), Put("space", "key", b"x", 0), frees
    lost = await asyncio.gather(*map(it.backend.record, batch), return_exceptions=True)
    assert [type(one) for one in lost] == [Unavailable, Unavailable, Unavailable]
    assert "full" in str(lost[0])
    assert "full" in caplog.text
    assert await hold is not None, "what is only held needs no disk"
    other = it.backend.record(Hold("thing", "2", Joined(room="#tea", by="bob")))
    assert await other is None, "what is not stored frees nothing"
    assert await it.backend.ask(Get("space", "key")) == Document()
    (stored,) = await record(it, said("d"))
    assert stored is not None
    assert stored.number == 2
    assert [event.text for event in it.fed.events if isinstance(event, Said)] == ["a", "d"]
    await it.backend.close()


async def test_a_renaming_that_cannot_be_stored_is_none(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    it = await opened(Embedded(directory))
    await record(it, said("a"))
    write = Writer.write

    def failing(self: Writer, appends: list[Append]) -> list[store.Written]:
        if isinstance(appends[0].event, RoomRenamed):
            raise apsw.FullError("database or disk is full")
        return write(self, appends)

    monkeypatch.setattr(Writer, "write", failing)
    rename = Append(RoomRenamed(room="#tea", by="ann", to="#milk"))
    batch = said("b"), rename, said("c"), said("x", "#milk")
    outcomes = await asyncio.gather(*map(it.backend.record, batch), return_exceptions=True)
    assert [type(one) for one in outcomes] == [Said, Unavailable, Said, Said]
    assert [event.text for event in await it.backend.read(Read("#tea", 9)) if isinstance(event, Said)] == [
        "a",
        "b",
        "c",
    ]
    monkeypatch.setattr(Writer, "write", write)
    assert await it.backend.record(rename) is None, "there is a #milk by now"
    await it.backend.close()


async def test_an_entry_that_cannot_be_read_is_said_to_be_so(
    directory: Path, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(directory, said("a", key="k"))
    db = apsw.Connection(str(file))
    db.execute("UPDATE entry SET body = x'00'").fetchall()
    db.close()
    it = await opened(Embedded(directory))
    (placeholder,) = await it.backend.read(Read("#tea", 1))
    assert isinstance(placeholder, Said)
    assert "damaged" in placeholder.text
    assert placeholder.number == 1
    with pytest.raises(Unavailable, match="damaged"):
        await it.backend.record(said("nothing is added to a log like that"))
    assert await it.backend.record(Hold("nick ann", "1", Joined(room="#a", by="ann"))) is not None
    await it.backend.close()
    assert caplog.text.count("THE LOG IS DAMAGED") == 1


@pytest.mark.threat(41)
async def test_a_full_disk_takes_all_of_a_batch_or_nothing(directory: Path) -> None:
    it = await opened(Embedded(directory))
    await record(it, said("a"))
    assert isinstance(it.backend, Embedded)
    db = it.backend._writer.db
    pages = db.execute("PRAGMA page_count").get
    db.execute(f"PRAGMA max_page_count = {pages + 2}").fetchall()
    big = [
        *(said("small"), said("first", "#new"), Put("space", "key", b"x", 0)),
        *(said("x" * 4_000) for _ in range(20)),
        said("y", key="k"),
    ]
    lost = await asyncio.gather(*map(it.backend.record, big), return_exceptions=True)
    assert {type(one) for one in lost} == {Unavailable}
    db.execute("PRAGMA max_page_count = 1073741823").fetchall()
    stored = await record(it, said("b"), said("first", "#new"), said("y", key="k"))
    assert await it.backend.ask(Get("space", "key")) == Document()
    await it.backend.close()
    assert [event.number for event in stored if event is not None] == [2, 1, 3]
    assert [event.text for event in it.fed.events if isinstance(event, Said)] == ["a", "b", "first", "y"]
    db = apsw.Connection(str(directory / "chat.db"))
    assert db.execute("PRAGMA integrity_check").get == "ok"
    db.close()
