"""What the backend that forgets does not forget too early."""

import asyncio

from tcpchat.backend import memory
from tcpchat.backend.memory import Memory
from tcpchat.model.events import Said
from tcpchat.model.records import Append, Read
from tests.backend.conftest import opened


async def test_the_last_entries_of_a_room_are_kept_and_their_numbers_go_on() -> None:
    it = await opened(Memory())
    count = memory.ENTRIES_KEPT + 30
    await asyncio.gather(
        *(it.backend.record(Append(Said(room="#a", by="a", text=str(n)), str(n))) for n in range(count))
    )
    kept = await it.backend.read(Read("#a", 2 * count))
    assert [event.number for event in kept] == list(range(31, count + 1))
    assert [event.number for event in await it.backend.read(Read("#a", 5, after=0))] == [31, 32, 33, 34, 35]
    again = await it.backend.record(Append(Said(room="#a", by="a", text="again"), str(count - 1)))
    assert again == kept[-1], "what is kept is known by its key"
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
