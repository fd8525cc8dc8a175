"""A disk that remembers every write and every sync, and what a power cut may leave of them.

SQLite's own files are recorded while the real writer works on them. What was not synced when the power went may be
there or not, whole or in part: a disk writes sectors, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

import apsw

SECTOR = 512

_RECORDED = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL

_SYNCED_WITH_ITS_NAME = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
"""When one of these is synced for the first time, SQLite (os_unix.c) syncs the directory, too."""

Kind = Literal["write", "truncate", "delete", "sync", "sync names", "mark"]


class Step(NamedTuple):
    """What was done to a file, or to the directory. A mark is no file's: what is told of the steps before it."""

    kind: Kind
    name: str
    at: int = 0
    data: bytes = b""


class Disk(apsw.VFS):
    """SQLite's default one, for as long as it is registered; it passes everything on to the one before."""

    def __init__(self) -> None:
        self._below = apsw.vfs_names()[0]
        super().__init__("remembering", self._below, makedefault=True)
        self.steps: list[Step] = []
        self.before_write: Callable[[str], None] = lambda name: None
        """Called with the name of the file that is about to be written."""

    def mark(self, at: int) -> None:
        """Note that all steps of this piece of work are over."""
        self.steps.append(Step("mark", "", at))

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        file = name.filename() if isinstance(name, apsw.URIFilename) else name
        if file is None or not flags[0] & _RECORDED:
            return apsw.VFSFile(self._below, name, flags)
        return _File(self._below, name, flags, Path(file).name, self)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.steps.append(Step("delete", Path(filename).name))
        if syncdir:
            self.steps.append(Step("sync names", ""))


class _File(apsw.VFSFile):
    """One file of SQLite's, whose changes are noted."""

    def __init__(self, below: str, name: Any, flags: list[int], short: str, disk: Disk) -> None:
        super().__init__(below, name, flags)
        self._name = short
        self._disk = disk
        self._is_new = bool(flags[0] & _SYNCED_WITH_ITS_NAME)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.before_write(self._name)
        super().xWrite(data, offset)
        self._disk.steps.append(Step("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._disk.steps.append(Step("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._disk.steps.append(Step("sync", self._name))
        if self._is_new:
            self._is_new = False
            self._disk.steps.append(Step("sync names", ""))


class _Content:
    """A file: what is certainly on the disk, and what may be."""

    def __init__(self) -> None:
        self.safe: bytearray | None = None
        """None: there is no such file."""
        self.pending: list[Step] = []

    def settle(self) -> None:
        """All of it is on the disk now."""
        for step in self.pending:
            self.safe = _done(self.safe, step)
        self.pending = []

    def settle_name(self) -> None:
        """That it was deleted is on the disk now; what was written to one of that name since may not be."""
        deleted = [place for place, step in enumerate(self.pending) if step.kind == "delete"]
        if deleted:
            self.safe = None
            self.pending = self.pending[deleted[-1] + 1 :]

    def after_power_cut(self, chance: Random) -> bytes | None:
        """What may be left of it."""
        content = None if self.safe is None else bytearray(self.safe)
        keeps = chance.choice((0.05, 0.5, 0.95))
        for step in self.pending:
            fate = chance.random()
            if fate < keeps:
                content = _done(content, step)
            elif step.kind == "delete":
                break  # the name still means the old file; what was written to the new one is nowhere
            elif step.kind == "write" and fate < (1 + keeps) / 2:
                for sector in _sectors(step):
                    if chance.random() < 0.5:
                        content = _done(content, sector)
        return None if content is None else bytes(content)


def _done(content: bytearray | None, step: Step) -> bytearray | None:
    if step.kind == "delete":
        return None
    content = bytearray() if content is None else content
    content.extend(bytes(max(0, step.at - len(content))))
    if step.kind == "truncate":
        del content[step.at :]
    else:
        content[step.at : step.at + len(step.data)] = step.data
    return content


def _sectors(step: Step) -> Iterator[Step]:
    """A write, cut where the disk's sectors end."""
    at, end = step.at, step.at + len(step.data)
    while at < end:
        following = min(end, at - at % SECTOR + SECTOR)
        yield step._replace(at=at, data=step.data[at - step.at : following - step.at])
        at = following


class Cut(NamedTuple):
    """A moment at which the power went."""

    step: int
    mark: int
    """The last mark before it, or -1."""
    files: dict[str, bytes]


def cuts(steps: list[Step], number: int, chance: Random, *, honest: bool = True) -> Iterator[Cut]:
    """What power cuts at this many random moments may leave. A disk that is not honest promises, and does nothing."""
    moments = sorted(chance.randrange(len(steps) + 1) for _ in range(number))
    files: dict[str, _Content] = {}
    mark, done = -1, 0
    for moment in moments:
        for step in steps[done:moment]:
            if step.kind == "mark":
                mark = step.at
            elif step.kind == "sync names":
                for file in files.values() if honest else ():
                    file.settle_name()
            elif step.kind != "sync":
                files.setdefault(step.name, _Content()).pending.append(step)
            elif honest:
                files.setdefault(step.name, _Content()).settle()
        done = moment
        left = {name: file.after_power_cut(chance) for name, file in files.items()}
        yield Cut(moment, mark, {name: content for name, content in left.items() if content is not None})
