"""``tcpchat-server`` on a disk with a fault: ``python -m tests.resilience.faulty_disk FAULT OPTIONS...``

Nothing of the server knows of it: SQLite writes through a VFS of ours, which counts calls.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import apsw
import msgspec

from tcpchat.backend import keeper

PAGES = 12
"""So long the write-ahead log is when it is brought to its place: often enough to be disturbed in it."""

SLOW_CALLS = 5
SLOW_SECONDS = 0.2

_CODES = {"write": apsw.SQLITE_IOERR_WRITE, "sync": apsw.SQLITE_IOERR_FSYNC, "read": apsw.SQLITE_IOERR_READ}


class Fault(msgspec.Struct, frozen=True):
    """What goes wrong, and when.

    `full` and `short` (of a write half is done): from the call with the number on, until there is a file `space`.
    `error`: that call, once. `slow`: some calls from that one on.
    """

    kind: str
    call: str
    number: int
    file: str
    space: str


class Disk(apsw.VFS):
    """SQLite's default one, with the fault."""

    def __init__(self, fault: Fault) -> None:
        self._below = apsw.vfs_names()[0]
        super().__init__("faulty", self._below, makedefault=True)
        self.fault = fault
        self._calls: Counter[str] = Counter()

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or not Path(path).name.startswith(self.fault.file):
            return apsw.VFSFile(self._below, name, flags)
        return _File(self._below, name, flags, self)

    def goes_wrong(self, call: str) -> str:
        """What happens to this call of that name: nothing, or the kind of the fault."""
        fault = self.fault
        if call != fault.call:
            return ""
        self._calls[call] += 1
        over = self._calls[call] - fault.number
        lasts = {
            "full": over >= 0 and not os.path.exists(fault.space),
            "short": over >= 0 and not os.path.exists(fault.space),
            "error": over == 0,
            "slow": 0 <= over < SLOW_CALLS,
        }
        if not lasts[fault.kind]:
            return ""
        Path(fault.space).with_name("happened").touch()
        return fault.kind

    def meet(self, call: str) -> None:
        """Let the fault happen, if this is its time.

        :raises apsw.Error: as SQLite calls it.
        """
        kind = self.goes_wrong(call)
        if kind == "slow":
            time.sleep(SLOW_SECONDS)
        elif kind == "error":
            error = apsw.IOError("disk I/O error")
            error.extendedresult = _CODES[call]
            raise error
        elif kind:
            raise apsw.FullError("database or disk is full")


class _File(apsw.VFSFile):
    def __init__(self, below: str, name: Any, flags: list[int], disk: Disk) -> None:
        super().__init__(below, name, flags)
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:
        try:
            self._disk.meet("write")
        except apsw.FullError:
            if self._disk.fault.kind == "short":
                super().xWrite(data[: len(data) // 2], offset)
            raise
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.meet("sync")
        super().xSync(flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.meet("read")
        return super().xRead(amount, offset)


def _tell_of_ours_once(unraisable: Any) -> None:
    """apsw tells of a VFS's error again when it lets go of a connection that could not be opened."""
    if not issubclass(unraisable.exc_type, apsw.Error):
        sys.__unraisablehook__(unraisable)


def main() -> None:
    disk = Disk(msgspec.json.decode(sys.argv[1], type=Fault))
    keeper.MANY_PAGES = PAGES
    sys.unraisablehook = _tell_of_ours_once
    fsync = os.fsync

    def settle(file: int) -> None:
        if disk.goes_wrong("settle"):
            raise OSError(5, "Input/output error")
        fsync(file)

    os.fsync = settle
    from tcpchat.cli.server import main

    main(sys.argv[2:], prog_name="tcpchat-server")


if __name__ == "__main__":
    main()
