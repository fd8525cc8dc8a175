"""The file: opened with the settings it needs, known to be ours, and brought to the newest schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Literal
from zlib import crc32

import apsw
import msgspec

from tcpchat.backend import chain
from tcpchat.backend.lock import not_writable
from tcpchat.model.errors import EX_CONFIG, EX_DATAERR, EX_IOERR, CannotStart

FILE = "chat.db"

APPLICATION_ID = 0x74637063
"""``tcpc``: by which the file is known to be ours."""

SAFE_SQLITE = 3_051_003
"""Everything before 3.51.3 can corrupt a write-ahead log when it is reset (sqlite.org/wal.html, "WAL reset bug")."""

BUSY_MILLISECONDS = 5_000
"""How long one waits for somebody who looks into the file with another tool."""

MOST_WAL_BYTES = 64 << 20
"""The write-ahead log is cut to this when it begins anew."""

DAMAGE = (apsw.CorruptError, apsw.NotADBError, msgspec.DecodeError, UnicodeDecodeError)
"""What comes of reading what was never written."""

Durability = Literal["full", "normal"]

FOREIGN = ("nfs", "cifs", "smb", "fuse.sshfs", "fuse.gluster", "afs", "ceph", "lustre")
"""File systems on which SQLite's locks and its shared memory cannot be relied on (sqlite.org/wal.html)."""


def _add_sums(db: apsw.Connection) -> None:
    """Every entry gets its sum and its link, every topic that holds its own copy of the entry."""
    db.execute(
        """
        ALTER TABLE entry RENAME TO entry_before;
        DROP INDEX entry_by_number;
        DROP INDEX entry_by_key;
        CREATE TABLE entry (
            position INTEGER PRIMARY KEY,  -- the order of everything; an entry's id is made of it
            log INTEGER NOT NULL REFERENCES log,
            number INTEGER NOT NULL,       -- 1, 2, 3, … in its log
            time INTEGER NOT NULL,         -- milliseconds since 1970, unique and rising in its log
            author TEXT NOT NULL,          -- the folded nick
            party TEXT,                    -- who that was, where there is a key (see records.party)
            key TEXT,                      -- made by the author; the same one is stored once
            body BLOB NOT NULL,            -- the event as JSON, without its place
            crc INTEGER NOT NULL,          -- the rest as in chain.py
            salt BLOB NOT NULL,
            digest BLOB,
            chain BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX entry_by_number ON entry (log, number);
        CREATE INDEX entry_by_key ON entry (log, key) WHERE key IS NOT NULL;
        ALTER TABLE log ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;   -- the last entry that was deleted for its age
        ALTER TABLE log ADD COLUMN anchor BLOB NOT NULL DEFAULT x'';    -- and its link
        ALTER TABLE log ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE document ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE head (                -- one row: the end of everything, so that it cannot be cut off unseen
            one INTEGER PRIMARY KEY CHECK (one = 1),
            position INTEGER NOT NULL,     -- noted now and then: there was at least so much
            pruned INTEGER NOT NULL        -- how many entries were deleted for their age
        ) STRICT;
        INSERT INTO head SELECT 1, coalesce(max(position), 0), 0 FROM entry_before;
        CREATE TABLE era (                 -- which incarnation made the entries from a position on (see ids.py)
            first INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;
        INSERT INTO era SELECT 1, value FROM meta WHERE name = 'incarnation';
        DROP TABLE meta;
        """
    ).fetchall()
    links: dict[int, bytes] = {}
    columns = "position, log, number, time, author, key, body"
    insert = f"INSERT INTO entry VALUES ({','.join('?' * len(chain.Row._fields))})"
    for position, log, number, time, author, key, body in db.execute(f"SELECT {columns} FROM entry_before ORDER BY 1"):
        salt = os.urandom(chain.SALT_BYTES)
        row = chain.row(position, log, number, time, author, None, key, body, salt, links.get(log, chain.BEGINNING))
        links[log] = row.chain
        db.execute(insert, row)
    db.execute(
        """
        CREATE TABLE holding (             -- the entries that still hold, such as a room's topic, each by itself
            log INTEGER NOT NULL REFERENCES log,
            kind TEXT NOT NULL,
            position INTEGER NOT NULL,
            number INTEGER NOT NULL,
            time INTEGER NOT NULL,
            body BLOB NOT NULL,
            crc INTEGER NOT NULL,
            PRIMARY KEY (log, kind)
        ) STRICT, WITHOUT ROWID;
        """
    ).fetchall()
    query = "SELECT standing.log, kind, position, number, time, body FROM standing JOIN entry_before USING (position)"
    for held in db.execute(query).fetchall():
        db.execute("INSERT INTO holding VALUES (?,?,?,?,?,?,?)", (*held, sum_of(*held)))
    for id, name in db.execute("SELECT id, name FROM log").fetchall():
        db.execute("UPDATE log SET crc = ? WHERE id = ?", (sum_of(id, name, 0, b""), id))
    for document in db.execute("SELECT space, key, value, revision FROM document").fetchall():
        db.execute("UPDATE document SET crc = ? WHERE space = ? AND key = ?", (sum_of(*document), *document[:2]))
    db.execute("DROP TABLE standing; DROP TABLE entry_before;").fetchall()


MIGRATIONS: tuple[str | Callable[[apsw.Connection], None], ...] = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE log (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE entry (
        position INTEGER PRIMARY KEY,
        log INTEGER NOT NULL REFERENCES log,
        number INTEGER NOT NULL,
        time INTEGER NOT NULL,
        author TEXT NOT NULL,
        key TEXT,
        body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX entry_by_number ON entry (log, number);
    CREATE UNIQUE INDEX entry_by_key ON entry (log, author, key) WHERE key IS NOT NULL;
    CREATE TABLE standing (
        log INTEGER NOT NULL REFERENCES log,
        kind TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (log, kind)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE document (
        space TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        revision INTEGER NOT NULL,     -- 1, 2, 3, …
        PRIMARY KEY (space, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE party (               -- who talks in which conversations
        name TEXT NOT NULL,
        log INTEGER NOT NULL REFERENCES log,
        PRIMARY KEY (name, log)
    ) STRICT, WITHOUT ROWID;
    """,
    _add_sums,
)
"""Numbered from 1; `PRAGMA user_version` says how many a file has had. Never change one: add one."""


def sum_of(*values: object) -> int:
    """What goes with a row of a table other than ``entry``, so that bytes the disk made up are noticed."""
    return crc32(repr(values).encode("utf-8", "surrogatepass"))


def number(read: object) -> int:
    """A number that was read.

    :raises apsw.CorruptError: if it is none, because what it stands in is missing, or was changed.
    """
    if not isinstance(read, int):
        raise apsw.CorruptError("an entry is missing, or is not where its index says")
    return read


def end_of(db: apsw.Connection) -> int:
    """The place of the last entry that was ever written; 0 if none was.

    :raises apsw.CorruptError: if it is not known.
    """
    noted = db.execute("SELECT position FROM head").get
    if not isinstance(noted, int):
        raise apsw.CorruptError("what is known of its end is missing")
    last: int = db.execute("SELECT coalesce(max(position), 0) FROM entry").get
    return max(noted, last)


def open_for_writing(directory: Path, durability: Durability = "full") -> apsw.Connection:
    """The one connection that writes.

    :raises CannotStart: if the file cannot be opened or made, is damaged, or belongs to a newer tcpchat.
    """
    path = prepare(directory)
    with explained(path):
        _check_length(path)
        db = apsw.Connection(str(path))
        with closed_on_error(db):
            db.set_busy_timeout(BUSY_MILLISECONDS)
            check_ours(db, path)
            for pragma in (
                "journal_mode=WAL",
                f"synchronous={durability}",
                "wal_autocheckpoint=0",  # see checkpoint.py
                f"journal_size_limit={MOST_WAL_BYTES}",
                "mmap_size=0",  # a disk's error is an error then, not the end of the process
                "foreign_keys=ON",
                "trusted_schema=OFF",
                "cell_size_check=ON",
                "secure_delete=ON",  # what was taken back is not left in the file
            ):
                db.execute(f"PRAGMA {pragma}").fetchall()
            _migrate(db, path)
    return db


def open_for_reading(path: Path) -> apsw.Connection:
    """A connection that cannot write. One thread at a time may use it."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    with closed_on_error(db):
        db.set_busy_timeout(BUSY_MILLISECONDS)
        for pragma in ("query_only=ON", "mmap_size=0", "trusted_schema=OFF", "cell_size_check=ON"):
            db.execute(f"PRAGMA {pragma}").fetchall()
    return db


@contextmanager
def closed_on_error(db: apsw.Connection) -> Iterator[None]:
    """Let go of the file if something goes wrong in beginning with it."""
    try:
        yield
    except BaseException:
        db.close()
        raise


def check_ours(db: apsw.Connection, path: Path) -> None:
    """Before anything is changed: it is empty, or it is a log.

    :raises CannotStart: otherwise.
    """
    ((made_by, tables),) = db.execute(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id"
    )
    if tables and made_by != APPLICATION_ID:
        raise CannotStart(f"{path} is another program's database, not a log. Choose another --data.", EX_DATAERR)


def check_newest(db: apsw.Connection, path: Path) -> None:
    """It has the schema that this tcpchat knows.

    :raises CannotStart: otherwise.
    """
    check_ours(db, path)
    done: int = db.execute("PRAGMA user_version").get
    if done > len(MIGRATIONS):
        raise _newer(path)
    if not done:
        raise CannotStart(f"{path} is empty: it is no log yet.", EX_DATAERR)
    if done < len(MIGRATIONS):
        raise CannotStart(f"{path} is an older tcpchat's. Start the server on it once, which upgrades it.", EX_CONFIG)


def is_left_open(path: Path) -> bool:
    """Whether something is in the write-ahead log, or in the journal of the very first moments: nobody closed it."""
    beside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-journal")]
    return any(file.exists() and file.stat().st_size for file in beside)


@contextmanager
def transaction(db: apsw.Connection) -> Iterator[None]:
    """All of it or nothing.

    Not ``with db``: apsw keeps the interpreter to itself while that waits for the disk, and nobody else can go on.
    Who began by reading would not wait for somebody else who writes.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has ended it by itself
            with suppress(apsw.Error):
                db.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """What SQLite cannot open, said in words."""
    try:
        yield
    except DAMAGE as error:
        raise CannotStart(
            f"The log {path} is damaged or not tcpchat's ({error}). Nothing was changed. "
            "Move it away to start with an empty one, or bring it back from a backup: tcpchat-server log restore.",
            EX_DATAERR,
        ) from error
    except apsw.Error as error:
        raise CannotStart(f"Cannot open the log {path}: {error}.", EX_IOERR) from error


def prepare(directory: Path) -> Path:
    """The path of the file, made if it was not there. Only its owner may read it.

    :raises CannotStart: if it cannot be made, or not be relied on there.
    """
    if apsw.SQLITE_VERSION_NUMBER < SAFE_SQLITE:
        raise CannotStart(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt the log; tcpchat needs 3.51.3. Upgrade the package apsw.",
            EX_CONFIG,
        )
    kind = file_system(directory)
    if kind.startswith(FOREIGN):
        raise CannotStart(
            f"{directory} is on a network file system ({kind}), where the log cannot be kept safely. "
            "Choose a directory on a disk of this machine with --data DIR.",
            EX_CONFIG,
        )
    path = directory / FILE
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise not_writable(directory, error) from error
    return path


def file_system(directory: Path) -> str:
    """What kind of file system a directory is on, where the system tells (Linux)."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    there = directory.resolve()
    kinds = {Path(place.replace("\\040", " ")): kind for _, place, kind, *_ in map(str.split, mounts)}
    return next((kinds[place] for place in (there, *there.parents) if place in kinds), "")


def _check_length(path: Path) -> None:
    """A file that was cut off is noticed before anything is written to it.

    Its header says how many pages it has; while there is a write-ahead log, some of them may not be there yet.
    """
    with path.open("rb") as file:
        header = file.read(100)
    if len(header) < 100 or is_left_open(path):
        return
    page_size = int.from_bytes(header[16:18])
    if path.stat().st_size < page_size * int.from_bytes(header[28:32]):
        raise apsw.CorruptError("its end is missing")


def _migrate(db: apsw.Connection, path: Path) -> None:
    """Bring the file to the newest schema, in one transaction."""
    done: int = db.execute("PRAGMA user_version").get
    if done > len(MIGRATIONS):
        raise _newer(path)
    if done == len(MIGRATIONS):
        return
    with transaction(db):
        for number, step in enumerate(MIGRATIONS[done:], done):
            if callable(step):
                step(db)
            else:
                db.execute(step).fetchall()
            if number == 0:
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}").fetchall()
                db.execute("INSERT INTO meta (name, value) VALUES ('incarnation', ?)", (token_hex(3),))
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}").fetchall()


def _newer(path: Path) -> CannotStart:
    return CannotStart(f"{path} was written by a newer tcpchat. Upgrade this one, or choose another --data.", EX_CONFIG)
