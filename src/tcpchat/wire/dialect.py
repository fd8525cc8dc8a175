"""What a session asks of a dialect."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import msgspec

from tcpchat.config import Config
from tcpchat.model.commands import Command
from tcpchat.model.events import Event
from tcpchat.model.replies import Refused, Reply

Answer = Reply | Refused


class Transport(NamedTuple):
    """What a dialect may know of how its bytes travel."""

    secure: bool = True
    """Whether nobody between can read what passes, such as a password."""
    certificate: bool = False
    """Whether the other end proved to have a certificate."""


SECURE = Transport()


class Request(msgspec.Struct, frozen=True, gc=False):
    """A wish, and what its dialect needs to know again when it writes the answer."""

    command: Command
    label: object = None


class Encoding(Protocol):
    """How events are written for those who want the same. One object for each set of wants."""

    own: frozenset[type[Event]]
    """The kinds of their own events that listeners are told of."""

    def write(self, event: Event) -> bytes:
        """The event as bytes; empty where it is not for them."""


class Dialect(Protocol):
    """One connection's way of talking. Fed bytes, it gives requests; fed answers, it gives bytes.

    What `receive` and `finish` give must be taken one at a time, each request answered before the next is
    taken: an answer may change how what follows is read. What is said may be answered later, but before anything
    else is asked for, and before the next is taken after empty bytes.
    """

    answers_pings: bool
    """Whether a program is at the other end, which can be asked whether it is still there."""

    silent_on: frozenset[type[Command]]
    """Commands that are not answered when they are carried out, unless `one_at_a_time`: all see that they are."""

    @property
    def one_at_a_time(self) -> bool:
        """Whether even what is said must be answered before the next request is taken."""

    @property
    def encoding(self) -> Encoding: ...

    @property
    def unfinished(self) -> int:
        """Which line was begun whose end has not come yet; 0: none. The same number is the same line."""

    def configure(self, config: Config) -> None:
        """The configuration was read again, and this is what holds from now on."""

    def unanswered(self, events: list[Event]) -> list[Event]:
        """Of these, the events that are not told as part of an answer that is being written."""

    def receive(self, data: bytes) -> Iterable[Request | bytes]:
        """What these bytes ask for, and what is to be sent back without asking anybody. Never raises."""

    def finish(self) -> Iterable[Request | bytes]:
        """What the unfinished rest asks for when nothing more can come."""

    def answer(self, request: Request, answer: Answer, me: str) -> bytes:
        """The answer to a request of the one who is now called `me` (empty before they entered)."""

    def ping(self, token: str) -> bytes:
        """The question whether somebody is there."""

    def farewell(self, reason: str) -> bytes:
        """The last words before the server closes the connection."""
