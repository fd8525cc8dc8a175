"""Backends to be tested, and a sink that remembers what it was fed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from tcpchat.backend.base import Backend
from tcpchat.backend.embedded import Embedded
from tcpchat.backend.memory import Memory
from tcpchat.model.events import Event


class Fed:
    """Everything that came, batch by batch."""

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.then: Callable[[Sequence[Event]], None] = lambda batch: None
        """Called with each batch."""
        self._feeding = False

    def feed(self, batch: Sequence[Event]) -> None:
        assert not self._feeding, "fed while it was being fed"
        self._feeding = True
        if batch:
            self.batches.append(list(batch))
        self.then(batch)
        self._feeding = False

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]


class Opened:
    """A started backend and its sink."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.fed = Fed()


Open = Callable[[], Awaitable[Opened]]


async def opened(backend: Backend) -> Opened:
    one = Opened(backend)
    await backend.start(one.fed)
    return one


@pytest.fixture(params=["memory", "embedded"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Backend]:
    """Makes backends of one kind; the embedded ones have the same directory."""
    return Memory if request.param == "memory" else lambda: Embedded(tmp_path / "data")


@pytest.fixture
async def it(make: Callable[[], Backend]) -> AsyncIterator[Opened]:
    """A started backend of each kind."""
    one = await opened(make())
    yield one
    await one.backend.close()
