"""IRCv3 capabilities: which there are, and the talk about them (ircv3.net/specs/extensions/capability-negotiation)."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from tcpchat.config import Config
from tcpchat.wire.dialect import SECURE, Transport

ACCOUNT_NOTIFY = "account-notify"
ACCOUNT_REGISTRATION = "draft/account-registration"
ACCOUNT_TAG = "account-tag"
AWAY_NOTIFY = "away-notify"
BATCH = "batch"
CAP_NOTIFY = "cap-notify"
CHANNEL_RENAME = "draft/channel-rename"
CHATHISTORY = "draft/chathistory"
CHGHOST = "chghost"
ECHO_MESSAGE = "echo-message"
EVENT_PLAYBACK = "draft/event-playback"
EXTENDED_JOIN = "extended-join"
EXTENDED_MONITOR = "extended-monitor"
INVITE_NOTIFY = "invite-notify"
LABELED_RESPONSE = "labeled-response"
MESSAGE_REDACTION = "draft/message-redaction"
MESSAGE_TAGS = "message-tags"
KEY = "tcpchat/key"
MULTILINE = "draft/multiline"
MULTI_PREFIX = "multi-prefix"
NO_IMPLICIT_NAMES = frozenset({"no-implicit-names", "draft/no-implicit-names"})
"""The same: its name, and the one that clients know from before."""
READ_MARKER = "draft/read-marker"
SASL = "sasl"
SEARCH = "soju.im/search"
SERVER_TIME = "server-time"
SETNAME = "setname"
STANDARD_REPLIES = "standard-replies"
STS = "sts"
"""Nobody can ask for it: it only tells, those who see values, where TLS is (ircv3.net/specs/extensions/sts)."""
USERHOST_IN_NAMES = "userhost-in-names"


def mechanisms(transport: Transport) -> tuple[str, ...]:
    """How one can log in: not by what others on the way could read, and by a certificate only where there is one."""
    plain = ("PLAIN",) if transport.secure else ()
    external = ("EXTERNAL",) if transport.certificate else ()
    return (*plain, "SCRAM-SHA-256", *external)


def _nothing(_: Config, __: Transport) -> str:
    return ""


OFFERED: Mapping[str, Callable[[Config, Transport], str]] = {
    **dict.fromkeys(
        (
            ACCOUNT_NOTIFY, ACCOUNT_TAG, AWAY_NOTIFY, BATCH, CAP_NOTIFY, CHGHOST, CHANNEL_RENAME, CHATHISTORY,
            ECHO_MESSAGE, EVENT_PLAYBACK, EXTENDED_JOIN, EXTENDED_MONITOR, INVITE_NOTIFY, KEY, LABELED_RESPONSE,
            MESSAGE_REDACTION, MESSAGE_TAGS, MULTI_PREFIX, *sorted(NO_IMPLICIT_NAMES), READ_MARKER, SEARCH, SERVER_TIME,
            SETNAME, STANDARD_REPLIES, USERHOST_IN_NAMES,
        ),
        _nothing,
    ),
    ACCOUNT_REGISTRATION: lambda _, __: "before-connect,custom-account-name",
    MULTILINE: lambda config, _: f"max-bytes={config.limits.text_bytes},max-lines={config.limits.multiline_lines}",
    SASL: lambda _, transport: ",".join(mechanisms(transport)),
}  # fmt: skip
"""Every capability, and how its value depends on the configuration and the connection. SASL is the last: in the last
of several lines some clients find it that do not understand the others."""

VALUES_SINCE = 302
"""The version of negotiation from which on clients are told values, in several lines if need be."""

MOST_LINE_BYTES = 510

NOTHING: frozenset[str] = frozenset()
"""One for all who have asked for nothing: an empty set is not small."""


class Negotiation:
    """What one client wants, and whether it is still deciding."""

    __slots__ = ("_config", "_room", "_sts", "enabled", "open", "transport", "version")

    def __init__(self, config: Config, transport: Transport = SECURE, sts: str = "") -> None:
        self._config = config
        self._sts = [f"{STS}={sts}"] if sts else []
        self.transport = transport
        self.enabled = NOTHING
        self.version = 0
        self._room = 0
        """How many bytes of a line may be capabilities."""
        self.open = False
        """Between CAP LS or REQ and CAP END, registration waits."""

    def read(self, params: tuple[str, ...], me: str) -> Iterator[tuple[str, ...]]:
        """One CAP command of the client that is called `me`; gives the parameters of the CAP messages that answer it.

        :raises KeyError: if there is no such subcommand.
        """
        subcommand = params[0].upper()
        self._room = MOST_LINE_BYTES - len(f":{self._config.name} CAP {me} LS * :".encode())
        yield from _SUBCOMMANDS[subcommand](self, params[1] if len(params) > 1 else "")

    def _list_offered(self, version: str) -> Iterator[tuple[str, ...]]:
        self.open = True
        wanted = int(version) if version.isascii() and version.isdigit() and len(version) < 6 else 0
        self.version = max(self.version, wanted)
        if self.version >= VALUES_SINCE:
            self.enabled |= {CAP_NOTIFY}
        if wanted < VALUES_SINCE:
            yield "LS", " ".join(OFFERED)
            return
        *starts, last = _lines([*self._sts, *map(self._with_value, OFFERED)], self._room)
        for start in starts:
            yield "LS", "*", start
        yield "LS", last

    def _with_value(self, name: str) -> str:
        value = OFFERED[name](self._config, self.transport)
        return f"{name}={value}" if value else name

    def _list_enabled(self, _: str) -> Iterator[tuple[str, ...]]:
        yield "LIST", " ".join(sorted(self.enabled))

    def _request(self, wanted: str) -> Iterator[tuple[str, ...]]:
        self.open = True
        names = wanted.split()
        granted = all(map(self._can_have, names))
        for name in names if granted else ():
            self.enabled = self.enabled - {name[1:]} if name.startswith("-") else self.enabled | {name}
        for part in [wanted] if len(wanted.encode()) <= self._room else _lines(names, self._room):
            yield "ACK" if granted else "NAK", part

    def _can_have(self, name: str) -> bool:
        if name == f"-{CAP_NOTIFY}" and self.version >= VALUES_SINCE:
            return False
        return name.removeprefix("-") in OFFERED

    def _end(self, _: str) -> Iterator[tuple[str, ...]]:
        self.open = False
        yield from ()


_SUBCOMMANDS = {
    "LS": Negotiation._list_offered,
    "LIST": Negotiation._list_enabled,
    "REQ": Negotiation._request,
    "END": Negotiation._end,
}


def _lines(words: Iterable[str], most: int) -> list[str]:
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > most:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines
