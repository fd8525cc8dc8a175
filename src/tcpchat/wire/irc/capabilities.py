"""IRCv3 capabilities: which there are, and the talk about them (ircv3.net/specs/extensions/capability-negotiation)."""

from collections.abc import Iterator

BATCH = "batch"
ECHO_MESSAGE = "echo-message"
MESSAGE_TAGS = "message-tags"
SERVER_TIME = "server-time"

OFFERED = (BATCH, ECHO_MESSAGE, MESSAGE_TAGS, SERVER_TIME)


class Negotiation:
    """What one client wants, and whether it is still deciding."""

    def __init__(self) -> None:
        self.enabled: frozenset[str] = frozenset()
        self.open = False
        """Between CAP LS or REQ and CAP END, registration waits."""

    def read(self, params: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """One CAP command; gives the parameters of the CAP messages that answer it.

        :raises KeyError: if there is no such subcommand.
        """
        subcommand = params[0].upper()
        yield from _SUBCOMMANDS[subcommand](self, params[1] if len(params) > 1 else "")

    def _list_offered(self, _: str) -> Iterator[tuple[str, ...]]:
        self.open = True
        yield "LS", " ".join(OFFERED)

    def _list_enabled(self, _: str) -> Iterator[tuple[str, ...]]:
        yield "LIST", " ".join(sorted(self.enabled))

    def _request(self, wanted: str) -> Iterator[tuple[str, ...]]:
        self.open = True
        names = wanted.split()
        if any(name.removeprefix("-") not in OFFERED for name in names):
            yield "NAK", wanted
            return
        for name in names:
            self.enabled = self.enabled - {name[1:]} if name.startswith("-") else self.enabled | {name}
        yield "ACK", wanted

    def _end(self, _: str) -> Iterator[tuple[str, ...]]:
        self.open = False
        yield from ()


_SUBCOMMANDS = {
    "LS": Negotiation._list_offered,
    "LIST": Negotiation._list_enabled,
    "REQ": Negotiation._request,
    "END": Negotiation._end,
}
