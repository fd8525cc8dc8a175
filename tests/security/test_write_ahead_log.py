"""Somebody looks into the log for long, so that it cannot be brought to its place: it is short again later. Row 48."""

import asyncio
from pathlib import Path

import apsw
import pytest

import tcpchat
from tcpchat.backend import keeper, schema
from tests.peer import Peer
from tests.security.processes import wait_for


@pytest.mark.threat(48)
async def test_the_write_ahead_log_is_short_again_when_nobody_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: bool
) -> None:
    monkeypatch.setattr(keeper, "MANY_PAGES", 50)
    monkeypatch.setattr(schema, "MOST_WAL_BYTES", 1 << 18)
    wal = tmp_path / f"{schema.FILE}-wal"
    limits = tcpchat.Limits(enabled=False)
    async with tcpchat.Server(tcpchat.Config(data=tmp_path, limits=limits), port=0) as server:
        ann = await (await Peer.open(server.port)).enter_json("ann", "#tea")
        reader = apsw.Connection(str(tmp_path / schema.FILE), flags=apsw.SQLITE_OPEN_READONLY)
        cursor = reader.execute("SELECT name FROM sqlite_schema")
        next(cursor)  # from here on it sees what there is now
        for number in range(2_000 if long else 300):
            assert "ok" in await ann.ask(do="say", room="#tea", text=f"{number} " + "x" * 3_000)
        held = wal.stat().st_size
        assert held > 1 << 19
        cursor.close()
        reader.close()
        for number in range(200):
            assert "ok" in await ann.ask(do="say", room="#tea", text=f"after {number} " + "x" * 3_000)
            if wal.stat().st_size <= 1 << 18:
                break
        await asyncio.to_thread(wait_for, lambda: wal.stat().st_size <= 1 << 18)
        await ann.close()
