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
from tcpchat.backend.order import Order
from tcpchat.backend.store import Reader, Writer
from tcpchat.model.events import LOGGED, Event
from tcpchat.model.records import Append, Read, Record

READERS = 2

log = logging.getLogger(__name__)


class Embedded:
    """The backend that keeps everything in `directory`/chat.db."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._to_write: SimpleQueue[list[Append] | None] = SimpleQueue()

    @property
    def incarnation(self) -> str:
        """See `Backend.incarnation`."""
        return self._writer.incarnation

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

    def record(self, record: Record) -> asyncio.Future[Event | None]:
        """See `Backend.record`."""
        return self._order.record(record)

    async def read(self, wish: Read) -> list[LOGGED]:
        """See `Backend.read`."""
        try:
            reading = self._loop.run_in_executor(self._reading, self._read, wish)
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
        while (appends := self._to_write.get()) is not None:
            try:
                outcome = self._writer.write(appends)
            except Exception as error:  # whatever it is, the next ones must not wait for ever
                if not failing:  # said once, not for each message
                    log.error("the log cannot be written, and nothing is stored: %s", error)
                failing = True
                self._tell(Unavailable(f"Not stored: the log cannot be written ({error})."))
            else:
                if failing:
                    log.warning("the log can be written again")
                failing = False
                self._tell(outcome)

    def _tell(self, outcome: list[tuple[Event, bool]] | Unavailable) -> None:
        self._loop.call_soon_threadsafe(self._order.written, outcome)

    def _read(self, wish: Read) -> list[LOGGED]:
        reader = self._readers.get()
        try:
            return reader.read(wish)
        except (apsw.Error, msgspec.DecodeError) as error:
            raise Unavailable(f"The log cannot be read ({error}).") from error
        finally:
            self._readers.put(reader)
