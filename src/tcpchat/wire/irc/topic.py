"""What a topic file of this dialect is made of: what its readers know, and the tables at its foot."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tcpchat.config import Config
from tcpchat.model.events import Event
from tcpchat.model.replies import Reply
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc.capabilities import Negotiation
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.writing import Tags, line


class Context:
    """One client: what it has told of itself, and what the server calls itself to it."""

    def __init__(self, config: Config, verbs: Mapping[str, str]) -> None:
        """`verbs`: how each verb is used, for HELP."""
        self.config = config
        self.verbs = verbs
        self.server = config.name
        self.negotiation = Negotiation()
        self.me = ""
        """The client's nick; empty until it is in."""
        self.wanted_nick = ""
        self.user = ""
        self.name = ""
        self.said_before = 0
        """The number of the latest entry in the room that the last JOIN led into; 0 if it led into none."""
        self._batches = 0

    @property
    def capabilities(self) -> frozenset[str]:
        """What the client has asked for and got."""
        return self.negotiation.enabled

    def next_batch(self) -> str:
        """A batch reference this connection has not seen."""
        self._batches += 1
        return f"b{self._batches}"

    def numeric(self, number: str, *params: str, last: str | None = None) -> bytes:
        """A numeric for this client, which is ``*`` before it has a nick."""
        return line(f":{self.server}", number, self.me or "*", *params, last=last)


Reader = Callable[[Context, Message], Iterator[Request | bytes]]
Writer = Callable[[Any, Tags], bytes]
AnswerWriter = Callable[[Context, Request, Any], bytes]


@dataclass(frozen=True)
class Tables:
    """A topic: how its verbs are read, its events written, and its requests answered (by verb and kind of reply)."""

    readers: Mapping[str, Reader] = field(default_factory=dict)
    writers: Mapping[type[Event], Writer] = field(default_factory=dict)
    answers: Mapping[tuple[str, type[Reply]], AnswerWriter] = field(default_factory=dict)
    refusals: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The numeric for a verb (or ``*``) and a refusal's code."""
    at_the_door: frozenset[str] = frozenset()
    """The verbs that are read before the client is in."""
    needs: Mapping[str, int] = field(default_factory=dict)
    """How many parameters a verb needs."""
