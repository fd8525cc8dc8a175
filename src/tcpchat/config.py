"""Every setting: its meaning, its default, its limits."""

import re
import tomllib
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from tcpchat.model import toml
from tcpchat.model.address import parse_address, parse_private
from tcpchat.model.private import exposed
from tcpchat.model.toml import BadSetting as BadSetting

_HASH = re.compile(r"\$argon2(?:id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")

SECRETS = frozenset({"password"})
"""Settings, in any section, that only the owner of the file may know."""

AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
PerMinute = Annotated[float, msgspec.Meta(gt=0, le=1_000_000_000)]


class Keep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long what was said is kept. The oldest goes first; None: there is no such limit."""

    days: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Nothing older than so many days."""
    room_entries: AtLeastOne | None = None
    """Of each room, and each conversation, the latest so many entries."""
    entries: AtLeastOne | None = None
    """In all, the latest so many entries."""


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast one client may ask. Each kind has a burst, which comes back at so many a minute.

    Who is faster is obeyed later; only what would have to wait for long is refused (`too_fast`), except what is said.
    """

    messages_burst: AtLeastOne = 60
    messages_per_minute: PerMinute = 600
    """What is said, to rooms and people. Each line of a message with several counts."""
    joins_burst: AtLeastOne = 120
    joins_per_minute: PerMinute = 60
    """Joining and leaving rooms."""
    room_joins_burst: AtLeastOne = 300
    room_joins_per_minute: PerMinute = 1_200
    """Comings and goings in one room, by all together, as long as all in it are told of them (see `announced`)."""
    names_burst: AtLeastOne = 10
    names_per_minute: PerMinute = 12
    """Taking another nick or name, being away or back."""
    invites_burst: AtLeastOne = 10
    invites_per_minute: PerMinute = 6
    """Invitations: for one account, or for all without one from one network."""
    strangers_burst: AtLeastOne = 20
    strangers_per_minute: PerMinute = 10
    """People one writes to first, sharing no room with them: for one account, or all without one from one network."""
    topics_burst: AtLeastOne = 30
    topics_per_minute: PerMinute = 60
    """Topics, modes, kicks, and new names of rooms."""
    history_burst: AtLeastOne = 150
    history_per_minute: PerMinute = 300
    """Pages of what was said."""
    searches_burst: AtLeastOne = 15
    searches_per_minute: PerMinute = 30
    logins_burst: AtLeastOne = 30
    logins_per_minute: PerMinute = 60
    """Whatever has to do with passwords. Wrong ones have a throttle besides."""
    registrations_burst: AtLeastOne = 10
    registrations_per_minute: PerMinute = 0.5
    """New accounts, for all from one network."""
    questions_burst: AtLeastOne = 250
    questions_per_minute: PerMinute = 300
    """All other requests. Long answers count, too: each 16 KiB of them are one more."""


class Limits(Rates, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client may take. Reaching a limit gets an answer that names it."""

    enabled: bool = True
    """False turns all rates and what holds for each address off, for benchmarks and conformance suites that all come
    from one place."""
    clients: AtLeastOne = 10_000
    """Connections in all. Fewer where the system allows fewer open files."""
    clients_per_address: AtLeastOne = 64
    """Connections from one IPv4 address or one IPv6 /64."""
    connects_burst: AtLeastOne = 128
    connects_per_minute: PerMinute = 30
    """New connections from one IPv4 address or one IPv6 /64. From this machine there may be any number."""
    exempt: tuple[str, ...] = ()
    """Addresses and networks, such as ``10.0.0.0/8``, of which neither connections nor new ones are counted."""
    newcomers: AtLeastOne = 2_000
    """Connections without a nick. When one more comes, the one that has waited longest, of the network that has the
    most, has to go; those who have a nick never do."""
    rooms: AtLeastOne = 10_000
    """Rooms in all that are open or have a topic."""
    announced: AtLeastOne = 1_000
    """People in a room up to which all in it are told who joins. In a larger one they are told of a newcomer who does
    something there, such as talk; and of who leaves, if they were told that they came."""
    rooms_per_client: AtLeastOne = 100
    """Rooms one client can be in."""
    rooms_per_account: AtLeastOne = 20
    """Rooms that can be registered to one account."""
    text_bytes: AtLeastOne = 4_096
    """The text of one message, in bytes of UTF-8."""
    topic_bytes: AtLeastOne = 390
    """A room's topic, in bytes of UTF-8."""
    reason_bytes: AtLeastOne = 300
    """A farewell, or why one is away, in bytes of UTF-8."""
    line_bytes: Annotated[int, msgspec.Meta(ge=1_024)] = 16_384
    """One line of input, finished or not."""
    outbox_bytes: Annotated[int, msgspec.Meta(ge=4_096)] = 262_144
    """What may wait for one client that reads slowly. Beyond it the client is fed from the log."""
    outboxes_bytes: Annotated[int, msgspec.Meta(ge=65_536)] = 268_435_456
    """What may wait for all clients together; beyond it those who read slowly are fed from the log earlier."""
    behind: AtLeastOne = 100_000
    """Entries of one room that somebody may miss and still be told. Of more there is a mark, and they can be read."""
    stalled_seconds: Seconds = 120
    """After this long a client for which something waits, and which takes none of it, is closed. It can resume."""
    queued: AtLeastOne = 20_000
    """Messages that may wait for the disk. Beyond it no more are read from those who send; none is dropped."""
    readers: AtLeastOne = 500
    """People of whom is remembered what they may read of one room that was closed."""
    history_page: AtLeastOne = 500
    """Entries in one answer from the log."""
    multiline_lines: AtLeastOne = 100
    """The lines of one message from an IRC client."""
    masks: AtLeastOne = 100
    """Bans, exceptions and the like in one room, and invitations that wait."""
    bans: AtLeastOne = 1_000
    """Bans from the server."""
    watched: AtLeastOne = 100
    """People whom one client can watch (IRC's MONITOR)."""
    ignored: AtLeastOne = 100
    """People whom one person with nc can ignore."""
    markers: AtLeastOne = 500
    """Rooms and people of whom is remembered how far one account has read."""
    accounts: AtLeastOne = 100_000
    """Accounts in all, with those that were dropped."""
    invitations: AtLeastOne = 1_000
    """Invitations to register that can be used still."""
    whowas: AtLeastOne = 200
    """People who left and are remembered for those who ask."""
    enter_seconds: Seconds = 60
    """How long a connection may stay without a nick."""
    line_seconds: Seconds = 30
    """How long an IRC or JSON client may take to finish a line."""
    handshakes: AtLeastOne = 256
    """TLS handshakes at the same time. One more ends the one that takes longest, of those from where most come; or
    waits a moment."""
    handshake_seconds: Seconds = 10
    """How long a TLS handshake may take."""
    ping_seconds: Seconds = 90
    """After this long without a word from an IRC or JSON client it is pinged."""
    pong_seconds: Seconds = 30
    """How long the answer to a ping may take."""


RIGHTS = {
    "kill": "close somebody's connection",
    "ban": "keep addresses, nicks and accounts from the server",
    "wallops": "speak to all operators",
    "hosts": "give somebody another user@host",
    "accounts": "make accounts for others, and look after them",
    "rooms": "decide about rooms that have no operator of their own",
    "rehash": "have the configuration read again",
    "see": "see addresses, and secret rooms",
}
"""What an operator of the server may have the right to do. Each right is given by itself."""


class Tls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The certificate that is shown where `tls_listen` says. It is read again when the files change."""

    certificate: Path | None = None
    """The server's certificate, and after it those that lead to an authority, in PEM."""
    key: Path | None = None
    """Its key, unencrypted, in PEM. None: it is in the file of the certificate."""
    self_signed: bool = False
    """Make a certificate, unless there is one: in `certificate`, or else beside the log. Clients have to be told its
    fingerprint, or trust what they see first."""
    client_ca: Path | None = None
    """Certificates, in PEM, that clients may show to log in with (SASL EXTERNAL): these themselves, or those that they
    have signed. None: clients are not asked."""
    sts: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """For so many seconds IRC clients that know IRCv3's sts come by TLS only, once they have been here. 0 takes that
    back. Never for a certificate that signs itself."""


class Operator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who looks after the server while it runs, and what they may do."""

    password: Annotated[str, msgspec.Meta(min_length=1)]
    """As it is, or as argon2's hash of it."""
    rights: tuple[str, ...] = tuple(RIGHTS)
    """Which of these: kill, ban, wallops, hosts, accounts, rooms, rehash, see. Without the setting: all of them."""


class Gateway(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A web gateway, which says with IRC's WEBIRC whom it brings."""

    password: Annotated[str, msgspec.Meta(min_length=1)]
    """As it is, or as argon2's hash of it."""
    hosts: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """The addresses and networks that it comes from."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a server. Every one has a default; nothing needs to be configured."""

    listen: tuple[str, ...] = ("127.0.0.1:7667",)
    """Where clients come in: ``HOST:PORT`` or ``[IPV6]:PORT``. Port 0 lets the system choose."""
    tls_listen: tuple[str, ...] = ()
    """Where clients come in by TLS, as in `listen`. The port is 6697 if none is given; and where there is a certificate
    and no address, it is 127.0.0.1:6697."""
    tls: Tls = Tls()
    insecure: bool = False
    """Whether `listen` may name more than this machine itself: then all that is said, and passwords, can be read on the
    way."""
    data: Path | None = None
    """The directory of the log. None: nothing is kept, and a restart forgets everything; but the command takes the
    user's data directory then, unless there is ``--no-history``."""
    durability: Literal["full", "normal"] = "full"
    """``full``: what was acknowledged or shown survives a power cut. ``normal``: it survives a crash of the server, and
    a power cut may take the last moments; nothing is ever damaged."""
    keep: Keep = Keep()
    """When entries are deleted."""
    history_from: Literal["beginning", "joining"] = "beginning"
    """What the members of a room may read: all that was said while it was open to them, or only since they joined."""
    name: str = "tcpchat.local"
    """What the server calls itself to IRC clients."""
    network: str = "tcpchat"
    """The name of the network for IRC clients."""
    motd: str = ""
    """The message of the day; may have several lines."""
    admin: str = ""
    """Who runs this server, and how they are reached, for those who ask."""
    password: str = ""
    """What everybody must know who comes in, as it is or as argon2's hash of it. Empty: nothing."""
    registration: Literal["open", "invited", "closed"] = "open"
    """Who may have an account: everybody; who was invited (``tcpchat-server account invite``); only those for whom an
    administrator makes one (``tcpchat-server account add``)."""
    operators: dict[str, Operator] = {}
    """The server's operators, by the name with which they make themselves known: ``operators.NAME.password``."""
    proxies: tuple[str, ...] = ()
    """Addresses and networks of proxies that say whom they bring (PROXY protocol, version 2), and must, on the ports
    without TLS. Nobody else is believed."""
    webirc: dict[str, Gateway] = {}
    """Web gateways, by any name: ``webirc.NAME.password`` and ``webirc.NAME.hosts``."""
    join_history: Annotated[int, msgspec.Meta(ge=0, le=500)] = 20
    """How many of a room's last lines one sees who joins from a terminal, or an IRC client with server-time."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much the server says about itself."""
    log_format: Literal["text", "json"] = "text"
    """How: a line for people, or a JSON object a line. Either way an event is one line, whatever stands in it."""
    metrics: str = ""
    """Where those who watch the server get ``/metrics`` (for Prometheus) and ``/healthz``: ``127.0.0.1:9667``, or
    ``unix:/run/tcpchat/metrics``. Only on this machine. Empty: nowhere."""
    as_root: bool = False
    """Whether the server may run as root, who may do everything on the machine; it needs no such rights."""
    limits: Limits = Limits()


def load(file: Path | None, settings: Iterable[str] = ()) -> Config:
    """The configuration from a TOML file, if one is given, and from settings of the form ``section.key=value``.

    :raises BadSetting: on the first thing that is wrong, saying where it stands.
    """
    wanted: dict[str, Any] = {}
    if file is not None:
        wanted = _read(file)
        toml.check_names(wanted, Config, f"{file}: ")
    for setting in settings:
        _put(wanted, setting)
    try:
        config = msgspec.convert(wanted, Config, strict=False, dec_hook=toml.path)
        _check_hashes(config)
        _check_rights(config)
        _check_networks(config)
        _check_addresses(config)
        return config
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        raise BadSetting(f"The setting {place.rstrip('`') or 'file'} is wrong: {problem}.") from error


def _read(file: Path) -> dict[str, Any]:
    """:raises BadSetting: if it is no TOML, or holds secrets that others may read."""
    wanted = toml.read(file)
    if _holds_secrets(wanted) and (problem := exposed(file)):
        raise BadSetting(problem)
    return wanted


def _holds_secrets(wanted: object) -> bool:
    """Whether a password is set anywhere in it."""
    if isinstance(wanted, list):
        return any(map(_holds_secrets, wanted))
    if not isinstance(wanted, dict):
        return False
    return any(bool(value) if key in SECRETS else _holds_secrets(value) for key, value in wanted.items())


def _check_hashes(config: Config) -> None:
    """A hash that is none would keep everybody out, for ever."""
    for place, password in passwords(config).items():
        if password.startswith("$argon2") and not _HASH.fullmatch(password):
            raise BadSetting(
                f"The setting {place} begins like an argon2 hash, and is none: make one, or write the word."
            )


def passwords(config: Config) -> dict[str, str]:
    """All that are set, or their hashes, by the names of their settings."""
    found = {"password": config.password}
    found |= {f"operators.{name}.password": operator.password for name, operator in config.operators.items()}
    found |= {f"webirc.{name}.password": gateway.password for name, gateway in config.webirc.items()}
    return {place: password for place, password in found.items() if password}


def _check_rights(config: Config) -> None:
    """A right that is misspelled would be missed when it is needed."""
    for name, operator in config.operators.items():
        for right in operator.rights:
            if right not in RIGHTS:
                place = f"operators.{name}.rights"
                there_are = ", ".join(RIGHTS)
                raise BadSetting(f"The setting {place} is wrong: there is no right {right}. There are {there_are}.")


def _check_networks(config: Config) -> None:
    """Each is an address or a network."""
    written = {"limits.exempt": config.limits.exempt, "proxies": config.proxies}
    written |= {f"webirc.{name}.hosts": gateway.hosts for name, gateway in config.webirc.items()}
    for setting, networks in written.items():
        for network in networks:
            try:
                ip_network(network, strict=False)
            except ValueError:
                raise BadSetting(
                    f"The setting {setting} is wrong: “{network}” is no address or network, such as 10.0.0.0/8."
                ) from None


def _check_addresses(config: Config) -> None:
    written: list[tuple[str, Callable[[str], object], str]]
    written = [("listen", parse_address, address) for address in config.listen]
    written += [("metrics", parse_private, config.metrics)] if config.metrics else []
    for name, parse, address in written:
        try:
            parse(address)
        except ValueError as error:
            raise BadSetting(f"The setting {name} is wrong: {error}") from error


def _put(wanted: dict[str, Any], setting: str) -> None:
    """Add one ``section.key=value``; the value is read as TOML, and as plain text where it is none."""
    path, equals, written = setting.partition("=")
    *sections, key = path.strip().split(".")
    if not equals:
        raise BadSetting(f"“{setting}” is not of the form section.key=value, for example limits.clients=50.")
    try:
        value = tomllib.loads(f"value = {written}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        value = written
    nested: Any = {key: value}
    for section in reversed(sections):
        nested = {section: nested}
    toml.check_names(nested, Config, "")
    target = wanted
    for section in sections:
        target = target.setdefault(section, {})
        if not isinstance(target, dict):
            raise BadSetting(f"“{setting}” does not fit: {section} has got a value elsewhere, and is a section.")
    target[key] = value
