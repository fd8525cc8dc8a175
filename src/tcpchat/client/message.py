"""One's own message, on its way to the server's disk."""

import asyncio
from collections.abc import Generator
from typing import Any, Literal

from tcpchat.model.replies import Reply, Stored


class PerhapsStored(Exception):
    """The link broke before the answer, and it cannot be said again now: nobody can say whether it was stored.

    One is somebody else now, or it is refused, for example because the one it is for is not there any more. Said later
    under the same key it is stored once.
    """


class Message:
    """Sent at once, and again after a lost link, until there is an answer. Await it for the `Stored`.

    :ivar to: the room, or the nick, it is for.
    :ivar text: what it says; it is kept, so that it can be said again.
    :ivar key: under which it is stored once, however often it is sent.
    """

    __slots__ = ("_answer", "key", "text", "to")

    def __init__(self, to: str, text: str, key: str, answer: asyncio.Future[Reply]) -> None:
        self.to = to
        self.text = text
        self.key = key
        self._answer = answer
        answer.add_done_callback(_look_at)

    def __await__(self) -> Generator[Any, None, Stored]:
        """
        :raises Refused: if it was not stored.
        :raises PerhapsStored: if nobody can know.
        :raises ConnectionError: if the chat was closed before the answer came.
        """
        reply = yield from asyncio.shield(self._answer).__await__()
        assert isinstance(reply, Stored)
        return reply

    @property
    def state(self) -> Literal["pending", "stored", "failed"]:
        """`pending` as long as there is no answer."""
        if not self._answer.done():
            return "pending"
        return "stored" if self.error is None else "failed"

    @property
    def stored(self) -> Stored | None:
        """Its place, once it is stored."""
        reply = self._answer.result() if self.state == "stored" else None
        return reply if isinstance(reply, Stored) else None

    @property
    def error(self) -> BaseException | None:
        """Why it failed, if it did."""
        if self._answer.cancelled():
            return asyncio.CancelledError()
        return self._answer.exception() if self._answer.done() else None


def _look_at(answer: asyncio.Future[Reply]) -> None:
    """A message that failed is no fault of the program, even if it never looks."""
    if not answer.cancelled():
        answer.exception()
