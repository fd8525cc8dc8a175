"""What a user wants of the client, once and for all: the file client.toml, read, and changed in one place at a time."""

import errno
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from tcpchat.cli import places
from tcpchat.model import names, toml
from tcpchat.model.address import parse_server
from tcpchat.model.errors import EX_CONFIG, CannotStart, in_words
from tcpchat.model.private import OTHERS_WRITE, write_whole
from tcpchat.model.replies import Refused
from tcpchat.model.text import showable
from tcpchat.model.toml import BadSetting

FILE = "client.toml"

HEAD = """\
# Settings of tcpchat-client: each with its meaning, and with its default behind the #.
# None has to be set. Take the # away from what is to be otherwise. What you answer when you are asked for your name,
# and choose with /bell and /joins, is kept here, too; the rest of the file stays as you wrote it."""


class ServerEntry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A server, under a name of your choice, for ``tcpchat-client NAME``. There may be several."""

    address: str
    """Where it is: HOST, HOST:PORT, or with TLS tls://HOST or tls://HOST:PORT."""
    nick: str = ""
    """What you are called there. Empty: like the account, or as above."""
    account: str = ""
    """The account to log in to. Empty: none."""
    rooms: list[str] = []
    """The rooms to go into. Empty: those above."""
    password_command: str = ""
    """A command that prints the password of the account. Without it, it is asked for."""
    keyring: bool = False
    """Whether the password is kept in the system's keyring, once it was typed and was right (tcpchat[keyring])."""
    fingerprint: str = ""
    """The server's certificate is this one, SHA256:HEX, and no other. Empty: the one that an authority vouches for, or
    that was seen first."""
    tls_client_cert: Path | None = None
    """A certificate of your own, in PEM, to log in with instead of a password."""
    tls_client_key: Path | None = None
    """Its key, in PEM. None: it is in the file of the certificate."""
    insecure: bool = False
    """Whether passwords may be sent there even without TLS, for everybody on the way to read. That of the account above
    never is."""


class Preferences(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The settings of the client. Every one has a default; nothing needs to be set."""

    nick: str = ""
    """What you are called. Empty: you are asked the first time, and the answer is kept here."""
    server: str = ""
    """Where ``tcpchat-client`` goes without an address: HOST, HOST:PORT, tls://HOST, or a name of the servers below.
    Empty: this machine."""
    rooms: list[str] = msgspec.field(default_factory=lambda: [names.LOBBY])
    """The rooms to go into."""
    bell: Literal["off", "mentions", "all"] = "mentions"
    """When the terminal's bell rings: never; when somebody names you or writes to you alone; with every message."""
    joins: Literal["all", "smart", "none"] = "smart"
    """Whose coming and going is shown: everybody's; of those who spoke lately; nobody's."""
    colours: Literal["auto", "dark", "light", "none"] = "auto"
    """For which background the colours are; or none at all. If NO_COLOR is in the environment there are none either."""
    words: list[str] = []
    """Words that count as if you were named."""
    mouse: bool = True
    """Whether the full screen takes the mouse. If not, the terminal can mark text with it."""
    servers: dict[str, ServerEntry] = {}


def place() -> Path:
    """Where the file is, or would be."""
    return places.settings() / FILE


def load(file: Path | None = None) -> Preferences:
    """What stands in the file; the defaults, if there is none.

    :param file: another one than the user's own.
    :raises CannotStart: on the first thing that is wrong, saying where it stands and what would be right.
    """
    file = file or place()
    try:
        wanted = toml.read(file)
        toml.check_names(wanted, Preferences, f"{file}: ")
        preferences = _preferences(wanted, f"{file}: ")
        _check(preferences, file)
    except BadSetting as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return Preferences()
        hint = f". {_QUOTES}" if "Invalid value" in str(error) else ""
        raise CannotStart(showable(f"{error}{hint}"), EX_CONFIG) from error
    return preferences


def keep(key: str, value: str | bool | list[str], file: Path | None = None) -> str:
    """Change one setting in the file, and nothing else in it; make the file, if there is none.

    :param key: one of `Preferences`, but for `servers`.
    :returns: why it could not be kept, in a sentence; empty, if it was. The chat goes on either way.
    """
    file = file or place()
    target = Path(os.path.realpath(file))
    try:
        write_whole(target, changed(_text_of(target), key, value).encode())
    except OSError as error:
        return f"{key} is not kept in {file}: {in_words(error)}."
    except (ValueError, RecursionError) as error:
        return f"{key} is not kept in {file}: {error}."
    return ""


def _text_of(file: Path) -> str:
    """What is in it, or will be.

    :raises OSError: if it cannot be read, or its owner does not want it to be written.
    """
    if not file.exists():
        return f"{template()}\n"
    if not file.is_file():  # a device or a pipe would be replaced
        raise OSError(errno.EINVAL, "it is no file")
    if not os.access(file, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return file.read_bytes().decode()


def changed(text: str, key: str, value: str | bool | list[str]) -> str:
    """A configuration in which one setting is another one.

    :raises ValueError: if it is no TOML, or cannot be changed without harm.
    """
    try:
        before = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"it is not TOML: {error}") from error
    tries = _with_another_value if key in before else _with_another_line
    for one in tries(text, key, value):
        if _reads_as(one, before | {key: value}):
            return one
    raise ValueError(f"write it there yourself: {key} = {_written(value)}")


def _reads_as(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _with_another_value(text: str, key: str, value: object) -> Iterator[str]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    with suppress(TOMLKitError):
        document = tomlkit.parse(text)
        if document.as_string() == text:
            document[key] = value
            yield document.as_string()


def _with_another_line(text: str, key: str, value: object) -> Iterator[str]:
    """Where it is explained; else below the last of the settings that are in no section; else above all."""
    end = "\r\n" if "\r\n" in text else "\n"
    line = f"{key} = {_written(value)}{end}"
    lines = text.splitlines(keepends=True)
    first = next((number for number, one in enumerate(lines) if one.lstrip().startswith("[")), len(lines))
    places = [number for number in range(first) if re.match(rf"#\s*{key}\s*=", lines[number])]
    places += [number for number in reversed(range(first)) if re.match(r"\s*[^\s#]", lines[number])][:1]
    for number in places:
        yield "".join([*lines[: number + 1], line, *lines[number + 1 :]])
    yield f"{line}{text}"


def template(preferences: Preferences | None = None) -> str:
    """The file with all settings; what is not as it is by default is set in it."""
    from tcpchat.cli.template import Template

    lines = Template(names={"servers": "work"}, examples=EXAMPLES).lines(Preferences, present=preferences)
    return "\n".join([HEAD, *lines])


def _written(value: object) -> str:
    from tcpchat.cli.template import value_of

    return value_of(value)


# what is wrong


def _preferences(wanted: Mapping[str, Any], where: str) -> Preferences:
    if isinstance(wanted.get("server"), Mapping):
        raise BadSetting(f"{where}[server] is no section: write [servers.NAME], and below it address = …")
    entries = wanted.get("servers", {})
    if not isinstance(entries, Mapping) or not all(isinstance(entry, Mapping) for entry in entries.values()):
        raise BadSetting(f"{where}servers are sections: write [servers.NAME], and below it address = …")
    servers = {}
    for name, entry in entries.items():
        inside = f"{where}servers.{name}: "
        toml.check_names(entry, ServerEntry, inside)
        if "address" not in entry:
            raise BadSetting(f'{inside}where is it? Write address = "HOST:PORT", or "tls://HOST" with TLS.')
        servers[name] = ServerEntry(**_values(entry, ServerEntry, inside))
    return Preferences(**_values(wanted, Preferences, where) | {"servers": servers})


def _values(wanted: Mapping[str, Any], struct: type[msgspec.Struct], where: str) -> dict[str, Any]:
    kinds = {field.name: field.type for field in msgspec.structs.fields(struct)}
    return {name: _value(name, value, kinds[name], where) for name, value in wanted.items() if name != "servers"}


def _value(name: str, value: object, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind, dec_hook=toml.path)
    except msgspec.ValidationError:
        raise BadSetting(f"{where}{name} cannot be {_shortened(value)}. {_would_do(name, kind)}") from None


def _shortened(value: object) -> str:
    try:
        return f"{_written(value):.60}"
    except (TypeError, ValueError):  # a date, a time: nothing that JSON knows
        return f"{value!s:.60}"


def _would_do(name: str, kind: Any) -> str:
    if get_origin(kind) is Literal:
        *some, last = map(_written, get_args(kind))
        return f"Write {name} = {', '.join(some)} or {last}."
    return f"Write {_FORMS.get(kind, _FORMS[str]).format(name)}"


_QUOTES = 'Texts stand in quotes, as in nick = "ann".'

_FORMS = {
    bool: "{0} = true or {0} = false, without quotes.",
    str: '{0} = "…", in quotes.',
    list[str]: '{0} = ["…", "…"], in brackets and quotes.',
}


def _check(preferences: Preferences, file: Path) -> None:
    """What is right in its form, and cannot be all the same."""
    _check_all(preferences, _TOP, f"{file}: ", preferences)
    for name, entry in preferences.servers.items():
        _check_all(entry, _ENTRY, f"{file}: servers.{name}: ", preferences)
    if os.name != "nt" and any(entry.password_command for entry in preferences.servers.values()):
        _check_whose(file)


def _check_all(
    struct: Preferences | ServerEntry, looks: "Mapping[str, _Look]", where: str, preferences: Preferences
) -> None:
    for name, look in looks.items():
        try:
            look(struct, preferences)
        except (ValueError, Refused) as error:
            raise BadSetting(f"{where}{name} cannot be {_shortened(getattr(struct, name))}. {error}") from error


def _check_whose(file: Path) -> None:
    if file.stat().st_mode & OTHERS_WRITE:
        raise BadSetting(
            f"{file} names a password_command, and others on this machine can change it: they could have you run any. "
            f"Type: chmod go-w '{file}'"
        )


def _nick(struct: Any, preferences: Preferences) -> None:
    if struct.nick:
        names.nick(struct.nick)


def _account(struct: Any, preferences: Preferences) -> None:
    if struct.account:
        names.account(struct.account)


def _rooms(struct: Any, preferences: Preferences) -> None:
    for room in struct.rooms:
        names.room(room if names.is_room(room) else f"#{room}")


def _server(struct: Any, preferences: Preferences) -> None:
    if struct.server and struct.server not in preferences.servers:
        parse_server(struct.server)


def _address(struct: Any, preferences: Preferences) -> None:
    parse_server(struct.address)


def _fingerprint(struct: Any, preferences: Preferences) -> None:
    from tcpchat.client.trust import fingerprint_of

    if struct.fingerprint and not fingerprint_of(struct.fingerprint):
        raise ValueError("It is SHA256: and 64 digits from 0 to f, as the server prints it at its start.")


def _password_command(struct: Any, preferences: Preferences) -> None:
    if struct.password_command and struct.keyring:
        raise ValueError("The password comes from it, or from the keyring: take one of them away.")


def _key(struct: Any, preferences: Preferences) -> None:
    if struct.tls_client_key and not struct.tls_client_cert:
        raise ValueError("It needs the certificate that the key belongs to: tls_client_cert.")


_Look = Callable[[Any, Preferences], None]

_TOP: dict[str, _Look] = {"nick": _nick, "rooms": _rooms, "server": _server}
_ENTRY: dict[str, _Look] = {
    "address": _address,
    "nick": _nick,
    "account": _account,
    "rooms": _rooms,
    "fingerprint": _fingerprint,
    "password_command": _password_command,
    "tls_client_key": _key,
}

EXAMPLES: dict[str, object] = {
    "address": "tls://chat.example.org",
    "tls_client_cert": "~/.config/tcpchat/ann.pem",
    "tls_client_key": "~/.config/tcpchat/ann.key",
}
"""For settings that are not set by default."""
