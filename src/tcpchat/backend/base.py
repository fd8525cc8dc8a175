"""What the house asks of the thing beneath it."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from tcpchat.model.events import LOGGED, Event
from tcpchat.model.records import Document, Hold, Question, Read, Record


class Unavailable(Exception):
    """Certainly not recorded. The text says why."""


class Unknown(Exception):
    """Perhaps recorded: the disk failed while it was written. Whoever asked gets no answer, and asks again later."""


class Sink(Protocol):
    """Takes what was recorded."""

    def feed(self, batch: Sequence[Event]) -> None:
        """Facts in their order, all that was committed together. Called on the event loop, never within itself."""


class Backend(Protocol):
    """Gives every fact its place, makes it durable, and feeds it back in that order.

    One queue keeps the order of all that is recorded, so that a join, a message and a part of one client
    happen in the order in which they were asked for.
    """

    @property
    def incarnation(self) -> str:
        """Which log this is, once it is started. Numbers and ids of another one mean nothing here."""

    @property
    def last_id(self) -> str:
        """The id of the latest entry, once it is started; empty if there is none."""

    @property
    def crowded(self) -> bool:
        """Whether so much waits to be recorded that nobody should ask for more; see `uncrowded`."""

    async def uncrowded(self) -> None:
        """Wait until there is room in the queue. Nothing that is asked for all the same is dropped."""

    async def failure(self) -> str:
        """Wait until nothing can be recorded any more, ever. Returns why."""

    async def start(self, sink: Sink) -> None:
        """Open what there is, and feed the sink what still holds of it, such as the topics of rooms.

        :raises CannotStart: when it cannot be opened, with what to do about it.
        """

    def record(self, record: Record) -> Awaitable[Event | Document | Hold | None]:
        """Take a record into the queue at once; awaited, it is durable and its effects are done.

        :returns: the recorded event with its place. An `Append` whose key is known gives the event that was
            stored first; a `Hold` of something that somebody else has gives None, and so does a `Put` over a
            revision that is not there any more; otherwise a `Put` gives the document, and a `Hold` without an event
            itself.
        :raises Unavailable: when it is certainly not recorded.
        :raises Unknown: when nobody can say. Then `failure` has come.
        """

    async def read(self, wish: Read) -> list[LOGGED]:
        """Entries of one log in the order of their numbers. Never one that was not fed, or is about to be.

        :raises Unavailable: when the log cannot be read.
        """

    async def ask(self, question: Question) -> object:
        """What a question asks for: see `records.Question`. A `Read` is answered like by `read`.

        :raises Unavailable: when nobody can know.
        """

    async def close(self) -> None:
        """Record all that was taken, then let go of everything. After it `record` is `Unavailable`."""
