"""Backends to be tested, and a sink that remembers what it was fed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tcpchat.backend.base import Backend
from tcpchat.backend.embedded import Embedded
from tcpchat.backend.memory import Memory
from tcpchat.backend.store import Writer
from tcpchat.model.events import Event, Redacted, Said, TopicSet
from tcpchat.model.records import Append, Put


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


def said(text: str, room: str = "#tea", key: str = "") -> Append:
    return Append(Said(room=room, by="ann", text=text), key)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten entries in each of two rooms; one was taken back."""
    directory = tmp_path / "data"
    directory.mkdir()
    with closing(Writer(directory)) as writer:
        for number in range(10):
            writer.write([said(f"tea {number}", key=f"k{number}"), said(f"milk {number}", "#milk")])
        writer.write([Append(TopicSet(room="#tea", by="ann", topic="the topic"))])
        writer.write([Append(Redacted(room="#tea", by="ann", of=writer.ids.of(1)))])
        writer.write([Put("space", "key", b"value", 0)])
    return directory
