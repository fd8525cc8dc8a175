"""What the full screen asks of whoever runs it, and what it tells: all it knows of the chat besides its view."""

from collections.abc import Iterable
from typing import Protocol

from tcpchat.client.view import Conversation


class Doings(Protocol):
    """Whom the screen asks, and whom it tells what its user wants."""

    address: str
    """Where the server is."""

    @property
    def connected(self) -> bool:
        """Whether there is a link to the server."""
        ...

    @property
    def unsent(self) -> int:
        """How many lines wait for a link to the server."""
        ...

    @property
    def state(self) -> str:
        """How it stands with the server: a few words."""
        ...

    def pending(self, conversation: Conversation) -> Iterable[str]:
        """What was typed there and is not done yet."""
        ...

    def candidates(self, before: str) -> list[str]:
        """How what stands before the cursor may go on."""
        ...

    def usage(self, line: str) -> str:
        """What the command does that is being typed, if it is one."""
        ...

    def typed(self, line: str) -> None:
        """A line was typed."""
        ...

    def look(self, at: Conversation) -> None:
        """Another conversation is to be seen."""
        ...
