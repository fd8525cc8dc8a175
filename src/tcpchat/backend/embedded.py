"""One SQLite file: a writer thread with group commit, readers beside it, a search index behind it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

import apsw

from tcpchat.backend import schema
from tcpchat.backend.base import Sink, Unavailable
from tcpchat.backend.index import Index
from tcpchat.backend.keeper import Keeper
from tcpchat.backend.lock import FileLock
from tcpchat.backend.order import MOST_QUEUED, Failed, Order, Outcome, Written
from tcpchat.backend.reader import Reader
from tcpchat.backend.store import Writer
from tcpchat.backend.trouble import Trouble, failure, trouble
from tcpchat.backend.writing import Writing
from tcpchat.config import Keep
from tcpchat.model.events import LOGGED
from tcpchat.model.records import Question, Read, Record

READERS = 2


class Embedded:
    """The backend that keeps everything in `directory`/chat.db."""

    def __init__(
        self,
        directory: Path,
        *,
        durability: schema.Durability = "full",
        keep: Keep = Keep(),  # noqa: B008  (it cannot be changed)
        queued: int = MOST_QUEUED,
    ) -> None:
        """
        :param durability: whether a transaction survives a power cut, or only the end of the process.
        :param keep: how long entries are kept.
        :param queued: how many records may wait before it is crowded.
        """
        self._directory = directory
        self._durability: schema.Durability = durability
        self._keep = keep
        self._queued = queued

    @property
    def incarnation(self) -> str:
        """See `Backend.incarnation`."""
        return self._writer.ids.incarnation

    @property
    def last_id(self) -> str:
        """See `Backend.last_id`."""
        return self._writer.last_id

    @property
    def crowded(self) -> bool:
        """See `Backend.crowded`."""
        return self._order.crowded

    async def start(self, sink: Sink) -> None:
        """Open the file, and start the threads."""
        self._loop = asyncio.get_running_loop()
        self._failure: asyncio.Future[str] = self._loop.create_future()
        self._readers: SimpleQueue[Reader] = SimpleQueue()
        with ExitStack() as undo:
            self._lock = FileLock(self._directory)
            undo.callback(self._lock.release)
            self._writer = Writer(self._directory, self._durability)
            undo.callback(self._writer.close, abandon=True)
            self.writing = Writing(self._writer, self._tell, self._fail, self._stored)
            with schema.explained(self._writer.path):
                for _ in range(READERS):
                    self._readers.put(Reader(self._writer.path, damaged=self.writing.damaged))
            holding = self._writer.holding()
            undo.pop_all()
        self._order = Order(sink, self.writing.put, self._queued)
        self._reading = ThreadPoolExecutor(READERS, "tcpchat-reader")
        self._keeper = Keeper(self._writer, self.writing, self._keep, self._fail)
        self._index = Index(self._writer.path, self.writing.damaged)
        sink.feed(holding)
        for thread in (self.writing, self._keeper, self._index):
            thread.start()

    async def uncrowded(self) -> None:
        """See `Backend.uncrowded`."""
        await self._order.uncrowded()

    async def failure(self) -> str:
        """See `Backend.failure`."""
        return await asyncio.shield(self._failure)

    def record(self, record: Record) -> asyncio.Future[Outcome]:
        """See `Backend.record`."""
        return self._order.record(record)

    async def read(self, wish: Read) -> list[LOGGED]:
        """See `Backend.read`."""
        found: list[LOGGED] = await self.ask(wish)  # type: ignore[assignment]
        return found

    async def ask(self, question: Question) -> object:
        """See `Backend.ask`."""
        try:
            reading = self._loop.run_in_executor(self._reading, self._ask, question)
        except RuntimeError as error:
            raise Unavailable("The server is stopping.") from error
        return await reading

    async def close(self) -> None:
        """See `Backend.close`."""
        await self._order.close()
        self.writing.put(None)
        await self._loop.run_in_executor(self._reading, self._end_threads)
        self._reading.shutdown()
        while not self._readers.empty():
            self._readers.get().close()
        self._writer.close(abandon=self._failure.done())
        self._lock.release()

    def _end_threads(self) -> None:
        self.writing.join()
        self._keeper.close()
        self._index.close()

    # from other threads

    def _tell(self, outcome: list[Written] | Failed) -> None:
        self._loop.call_soon_threadsafe(self._order.written, outcome)

    def _stored(self, pages: int) -> None:
        self._keeper.stored(pages)
        self._index.wake()

    def _fail(self, why: str) -> None:
        self._loop.call_soon_threadsafe(self._failed, why)

    def _failed(self, why: str) -> None:
        if not self._failure.done():
            self._failure.set_result(why)
            self._order.fail()

    def _ask(self, question: Question) -> object:
        reader = self._readers.get()
        try:
            return reader.ask(question)
        except (apsw.Error, *schema.DAMAGE) as error:
            self._note_trouble(error)
            raise Unavailable(f"The log cannot be read ({error}).") from error
        finally:
            self._readers.put(reader)

    def _note_trouble(self, error: Exception) -> None:
        """What cannot be read says something about what can be written."""
        kind = trouble(error)
        if kind is Trouble.FAILED:
            self._fail(failure(error))
        elif kind is Trouble.DAMAGED:
            self.writing.damaged(str(error))
