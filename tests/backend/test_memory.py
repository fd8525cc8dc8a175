"""What the backend that forgets does not forget too early."""

import asyncio

import pytest

from tcpchat.backend import memory
from tcpchat.backend.memory import Memory
from tcpchat.model.events import Said
from tcpchat.model.records import Append, Read
from tests.backend.conftest import opened


async def test_the_last_entries_are_kept_and_numbers_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_BYTES", 100 * (memory.ENTRY_BYTES + 4))
    it = await opened(Memory())
    await asyncio.gather(
        *(it.backend.record(Append(Said(room="#a", by="a", text=f"{n:04}"), str(n))) for n in range(130))
    )
    kept = await it.backend.read(Read("#a", 1_000))
    assert [event.number for event in kept] == list(range(31, 131))
    assert [event.number for event in await it.backend.read(Read("#a", 5, after=0))] == [31, 32, 33, 34, 35]
    again = await it.backend.record(Append(Said(room="#a", by="a", text="again"), "129"))
    assert again == kept[-1], "what is kept is known by its key"
    await it.backend.close()


async def test_the_oldest_entries_of_the_most_silent_room_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_BYTES", 10 * (memory.ENTRY_BYTES + 1))
    it = await opened(Memory())
    for room in "aaaaabbbbbbbb":
        await it.backend.record(Append(Said(room=f"#{room}", by="a", text="x")))
    assert [event.number for event in await it.backend.read(Read("#a", 100))] == [4, 5]
    assert len(await it.backend.read(Read("#b", 100))) == 8
    await it.backend.close()


async def test_a_log_that_was_forgotten_does_not_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has heard up to number 3 of a room would take another number 1 for an old one."""
    monkeypatch.setattr(memory, "MOST_LOGS", 2)
    it = await opened(Memory())
    numbers = []
    for room in "aaabca":
        event = await it.backend.record(Append(Said(room=f"#{room}", by="a", text="x")))
        assert event is not None
        numbers.append(event.number)
    assert numbers[-1] > 3
    await it.backend.close()


async def test_two_runs_give_no_id_twice() -> None:
    ids = set()
    for _ in range(2):
        it = await opened(Memory())
        event = await it.backend.record(Append(Said(room="#a", by="a", text="x")))
        assert event is not None
        ids.add(event.id)
        await it.backend.close()
    assert len(ids) == 2
