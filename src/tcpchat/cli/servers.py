"""Which server is meant, and how to come in there: what was typed goes before its entry, and that before the rest."""

from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from tcpchat.cli.preferences import Preferences, ServerEntry
from tcpchat.cli.usage import BadUsage
from tcpchat.model import names

HERE = "127.0.0.1"


class Options(NamedTuple):
    """What was given on the command line; by default nothing was."""

    nick: str = ""
    rooms: tuple[str, ...] = ()
    account: str = ""
    password_command: str = ""
    tls: bool = False
    accept_fingerprint: str = ""
    tls_client_cert: Path | None = None
    tls_client_key: Path | None = None
    insecure: bool = False


NOTHING = Options()


class Target(NamedTuple):
    """A server, and how to come in there. Where there is no wish, the text is empty."""

    name: str
    """Its name among those in client.toml; empty, if it is none of them."""
    address: str
    nick: str
    """Empty: whoever sits there is asked."""
    asked_for: bool
    """Whether it was asked for in this call, and no other one would do."""
    rooms: list[str]
    account: str
    password_command: str
    keyring: bool
    """Whether the password of the account is kept in the keyring."""
    tls: bool
    fingerprint: str
    certificate: Path | None
    key: Path | None
    insecure: bool


def resolved(preferences: Preferences, address: str, options: Options = NOTHING) -> Target:
    """Where to go.

    :param address: an address, or the name of an entry, which goes before a host of that name. Empty: the usual one.
    :raises BadUsage: if the options do not fit together.
    """
    _check(options)
    wanted = address or preferences.server or HERE
    entry = preferences.servers.get(wanted)
    name = wanted if entry else ""
    entry = entry or ServerEntry(address=wanted)
    own = not options.account or options.account == entry.account
    with_certificate: Options | ServerEntry = options if options.tls_client_cert else entry
    target = Target(
        name=name,
        address=entry.address,
        nick=options.nick or options.account or entry.nick or entry.account or preferences.nick,
        asked_for=bool(options.nick or options.account),
        rooms=[*map(_room, options.rooms or entry.rooms or preferences.rooms)],
        account=options.account or entry.account,
        password_command=options.password_command or (entry.password_command if own else ""),
        keyring=entry.keyring and own and not options.password_command,
        tls=options.tls,
        fingerprint=options.accept_fingerprint or entry.fingerprint,
        certificate=with_certificate.tls_client_cert,
        key=with_certificate.tls_client_key,
        insecure=options.insecure or entry.insecure,
    )
    if target.password_command and not target.account:
        raise BadUsage("--password-command is for the password of an account: --account NAME")
    return target


def nearly(preferences: Preferences, address: str) -> str:
    """The name of a server that was meant, perhaps, by what is none; empty, if there is none like it."""
    if address in preferences.servers or not address.isalnum():
        return ""
    return next(iter(get_close_matches(address, preferences.servers, n=1)), "")


def _check(options: Options) -> None:
    if options.tls_client_key is not None and options.tls_client_cert is None:
        raise BadUsage("--tls-client-key needs the certificate that the key belongs to: --tls-client-cert FILE")


def _room(name: str) -> str:
    return name if names.is_room(name) else f"#{name}"
