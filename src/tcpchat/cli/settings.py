"""``tcpchat-server config`` and ``hash-password``: what a configuration file is made of."""

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple, get_args, get_origin
from unicodedata import normalize

import click
import msgspec

from tcpchat import config
from tcpchat.cli.usage import BadUsage, Command

WIDTH = 100

HEAD = """\
# Settings of tcpchat-server: each with its meaning, and with its default behind the #.
# None has to be set. Take the # away from what is to be otherwise, and start it with --config FILE.
# It holds passwords if you set any; then only its owner may read it: chmod 600 FILE"""


class Setting(NamedTuple):
    """One line of a configuration, or several that are explained together."""

    meaning: str
    fields: list[msgspec.structs.FieldInfo]


@click.command("config", cls=Command)
def show() -> None:
    """Print a configuration file with every setting, its meaning and its default."""
    click.echo(HEAD)
    click.echo("\n".join(written(config.Config, "")))


@click.command("hash-password", cls=Command)
def hash_password() -> None:
    """Ask for a password, and print its argon2 hash, which may stand in a configuration instead of it."""
    from argon2 import PasswordHasher

    if sys.stdin.isatty():
        password = click.prompt("Password (not shown)", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise BadUsage("There is no password to be hashed.")
    click.echo(PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(normalize("NFC", password)))


def written(struct: type[msgspec.Struct], section: str) -> Iterator[str]:
    """The lines of a section, and of those in it."""
    inner = []
    for setting in settings_of(struct):
        field = setting.fields[-1]
        if _section_of(field) is not None:
            inner.append(setting)
            continue
        yield ""
        yield from _explained(setting.meaning)
        for field in setting.fields:
            yield f"#{field.name} = {_value(field, section)}"
    for setting in inner:
        yield from _inner(setting, section)


def _inner(setting: Setting, section: str) -> Iterator[str]:
    field = setting.fields[0]
    struct = _section_of(field)
    assert struct is not None
    named = struct is not field.type
    place = f"{section}{field.name}" + (f".{NAMES.get(field.name, 'NAME')}" if named else "")
    yield ""
    yield from _explained(setting.meaning or inspect.getdoc(struct) or "")
    yield f"#[{place}]" if named else f"[{place}]"
    yield from written(struct, f"{place}.")


def settings_of(struct: type[msgspec.Struct]) -> Iterator[Setting]:
    """The fields of a struct, those it inherits first, with the strings that stand behind them in the source."""
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    waiting: list[msgspec.structs.FieldInfo] = []
    for name, meaning in _sources(struct):
        waiting.append(fields[name])
        if meaning or _section_of(fields[name]) is not None:
            yield Setting(meaning, waiting)
            waiting = []
    if waiting:
        yield Setting("", waiting)


def _sources(struct: type[Any]) -> Iterator[tuple[str, str]]:
    """Each field, and what is said of it; nothing where the next one says it for both."""
    for one in reversed(struct.__mro__):
        if one.__module__ == config.__name__:
            (source,) = ast.parse(inspect.getsource(one)).body
            assert isinstance(source, ast.ClassDef)
            for line, after in zip(source.body, [*source.body[1:], None], strict=True):
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    yield line.target.id, _string(after)


def _string(line: ast.stmt | None) -> str:
    if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str):
        return inspect.cleandoc(line.value.value)
    return ""


def _section_of(field: msgspec.structs.FieldInfo) -> type[msgspec.Struct] | None:
    """The struct that is a section of this name, or of any name in it."""
    kind = get_args(field.type)[-1] if get_origin(field.type) is dict else field.type
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def _explained(meaning: str) -> Iterator[str]:
    words = " ".join(meaning.replace("``", '"').replace("`", "").split())
    yield from (f"# {line}" for line in wrap(words, WIDTH, break_on_hyphens=False))


def _value(field: msgspec.structs.FieldInfo, section: str) -> str:
    default = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    if default is None or default is msgspec.NODEFAULT:
        default = EXAMPLES.get(section + field.name, EXAMPLES.get(field.name, "..."))
    if isinstance(default, Path):
        default = str(default)
    if isinstance(default, frozenset | set):
        default = sorted(default)
    return json.dumps(default, ensure_ascii=False)


NAMES = {"operators": "ann", "webirc": "kiwi"}
"""What is called what in the examples."""

EXAMPLES: dict[str, object] = {
    "data": "/var/lib/tcpchat",
    "keep.days": 365,
    "keep.room_entries": 100_000,
    "keep.entries": 10_000_000,
    "password": "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0$aGFzaC1wYXNzd29yZCBwcmludHMgc3VjaCBvbmVz",
    "certificate": "/etc/tcpchat/certificate.pem",
    "key": "/etc/tcpchat/key.pem",
    "client_ca": "/etc/tcpchat/clients.pem",
    "sts": 86_400,
    "hosts": ["192.0.2.7"],
}
"""For settings that are not set by default."""
