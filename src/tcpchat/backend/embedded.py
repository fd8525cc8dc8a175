"""One SQLite file: a writer thread with group commit, readers beside it."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import apsw
import msgspec

from tcpchat.backend.base import Sink, Unavailable
from tcpchat.backend.lock import FileLock
from tcpchat.backend.order import Durable, Order, Outcome, Written
from tcpchat.backend.store import Reader, Writer
from tcpchat.model.events import LOGGED
from tcpchat.model.records import Question, Read, Record

READERS = 2

log = logging.getLogger(__name__)


class Embedded:
    """The backend that keeps everything in `directory`/chat.db."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._to_write: SimpleQueue[list[Durable] | None] = SimpleQueue()

    @property
    def incarnation(self) -> str:
        """See `Backend.incarnation`."""
        return self._writer.incarnation

    @property
    def last_id(self) -> str:
        """See `Backend.last_id`."""
        return self._writer.last_id

    async def start(self, sink: Sink) -> None:
        """Open the file, and start the threads."""
        self._loop = asyncio.get_running_loop()
        self._lock = FileLock(self._directory)
        self._readers: SimpleQueue[Reader] = SimpleQueue()
        try:
            self._writer = Writer(self._directory)
            for _ in range(READERS):
                self._readers.put(Reader(self._writer.path, self._writer.incarnation))
            standing = self._writer.standing()
        except BaseException:
            self._lock.release()
            raise
        self._order = Order(sink, self._to_write.put)
        self._reading = ThreadPoolExecutor(READERS, "tcpchat-reader")
        sink.feed(standing)
        self._thread = Thread(target=self._write_all, name="tcpchat-writer", daemon=True)
        self._thread.start()

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
        self._to_write.put(None)
        await self._loop.run_in_executor(self._reading, self._thread.join)
        self._reading.shutdown()
        while not self._readers.empty():
            self._readers.get().close()
        self._writer.close()
        self._lock.release()

    def _write_all(self) -> None:
        """The writer thread: one transaction for each batch, one wake-up of the loop for each transaction."""
        failing = False
        while (records := self._to_write.get()) is not None:
            try:
                outcome = self._writer.write(records)
            except Exception as failure:  # whatever it is, the next ones must not wait for ever
                error = _cause(failure)
                if not failing:  # said once, not for each message
                    log.error("the log cannot be written, and nothing is stored: %s", error)
                failing = True
                self._tell(Unavailable(f"Not stored: the log cannot be written ({error})."))
            else:
                if failing:
                    log.warning("the log can be written again")
                failing = False
                self._tell(outcome)

    def _tell(self, outcome: list[Written] | Unavailable) -> None:
        self._loop.call_soon_threadsafe(self._order.written, outcome)

    def _ask(self, question: Question) -> object:
        reader = self._readers.get()
        try:
            return reader.ask(question)
        except (apsw.Error, msgspec.DecodeError) as error:
            raise Unavailable(f"The log cannot be read ({error}).") from error
        finally:
            self._readers.put(reader)


def _cause(failure: Exception) -> BaseException:
    """What went wrong first: a full disk ends the transaction, and then it cannot be rolled back any more."""
    context = failure.__context__
    return context if isinstance(context, apsw.Error) else failure
