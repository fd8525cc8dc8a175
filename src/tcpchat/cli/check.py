"""``tcpchat-server check``: what is wrong with a configuration and the place it is for, what is risky, what holds."""

import asyncio
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click
import msgspec

from tcpchat.cli.log import data_directory
from tcpchat.cli.usage import Command
from tcpchat.config import BadSetting, Config, load, passwords
from tcpchat.model.address import DEFAULT_PORT, TLS_PORT, is_loopback, parse_address
from tcpchat.model.errors import EX_CONFIG, EX_UNAVAILABLE, CannotStart
from tcpchat.model.private import OTHERS_WRITE

if TYPE_CHECKING:
    from tcpchat.server.certificates import Shown

SOON = timedelta(days=21)
"""A certificate should be renewed by then."""

FORGETFUL = ("tmpfs", "ramfs", "overlay")
"""File systems that a restart of the machine, or of its container, empties."""

OLDEST = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time."""

Look = Callable[[Config], Iterator[str]]


@click.command(cls=Command)
@click.option("--config", "-c", "file", type=click.Path(path_type=Path), metavar="FILE", help="The TOML file.")
@click.option("--set", "-s", "settings", multiple=True, metavar="KEY=VALUE", help="One setting; more than once.")
@click.option("--as-root", is_flag=True, help="The server is started with --as-root.")
def check(file: Path | None, settings: tuple[str, ...], as_root: bool) -> None:
    """Say what is wrong and what is risky, and what the limits are. Nothing is changed."""
    try:
        config = load(file, settings)
    except BadSetting as error:
        _tell("WRONG", [str(error)])
        sys.exit(EX_CONFIG)
    config = msgspec.structs.replace(config, data=data_directory(config.data), as_root=as_root or config.as_root)
    wrong = [text for look in WRONG for text in look(config)]
    risky = [text for look in RISKY for text in look(config)] + list(_changeable(file))
    _tell("WRONG", wrong)
    _tell("RISKY", risky)
    _tell("LIMITS", list(_limits(config)))
    if not wrong and not risky:
        click.echo("Nothing is wrong, and nothing is risky.")
    sys.exit(EX_CONFIG if wrong else 0)


def _tell(kind: str, texts: list[str]) -> None:
    for text in texts:
        click.echo(fill(text, 110, initial_indent=f"{kind:8}", subsequent_indent=" " * 8, break_on_hyphens=False))
    if texts:
        click.echo()


# what is wrong


def _log(config: Config) -> Iterator[str]:
    """Whether the log can be kept there. Only looked at: it may be in use."""
    from tcpchat.backend.schema import FOREIGN, file_system

    assert config.data is not None
    kind = file_system(config.data)
    if kind.startswith(FOREIGN):
        yield f"{config.data} is on a network file system ({kind}), where the log cannot be kept safely: set data."
    place = next(path for path in (config.data, *config.data.resolve().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield f"data is {config.data}, and {place} cannot be written: set another one, or its owner."
    elif place == config.data and place.stat().st_mode & OTHERS_WRITE:
        yield f"Others on this machine can write in {place}. Type: chmod go-w {place}"


def _addresses(config: Config) -> Iterator[str]:
    """Whether it could listen there. Where somebody does already it may be the server itself."""
    from tcpchat.server.doors import Doors, by_tls

    try:
        Doors.check(config)
    except CannotStart as error:
        yield str(error)
        return
    places = [(*parse_address(address), "--listen", config.insecure) for address in config.listen]
    places += [(*parse_address(address, TLS_PORT), "--tls-listen", True) for address in by_tls(config)]
    for host, port, option, exposed in places:
        try:
            asyncio.run(_listen(host, port, option, exposed, config))
        except CannotStart as error:
            if error.exit_code != EX_UNAVAILABLE:
                yield str(error)


async def _listen(host: str, port: int, option: str, exposed: bool, config: Config) -> None:
    from tcpchat.server.listeners import bind

    for one in await bind(host, port, config.limits, option, exposed=exposed):
        one.close()


def _certificate(config: Config) -> Iterator[str]:
    from tcpchat.server.certificates import BadCertificate

    try:
        _shown(config)
    except BadCertificate as error:
        yield str(error)


def _shown(config: Config) -> "Shown | None":
    """The certificate, if one is configured and there.

    :raises BadCertificate: if it cannot be used.
    """
    from tcpchat.server.certificates import SELF_SIGNED, read

    tls = config.tls
    if tls.self_signed and tls.certificate is None and config.data is not None:
        tls = msgspec.structs.replace(tls, certificate=config.data / SELF_SIGNED)
    if tls.certificate is None or (tls.self_signed and not tls.certificate.exists()):
        return None
    return read(tls)


def _root(config: Config) -> Iterator[str]:
    from tcpchat.cli.server import ROOT, is_root

    if is_root() and not config.as_root and "TCPCHAT_AS_ROOT" not in os.environ:
        yield ROOT


# what is risky


def _open_to_others(config: Config) -> Iterator[str]:
    there = _exposed(config.listen, DEFAULT_PORT)
    if there and config.insecure:
        yield f"listen has {', '.join(there)}: what is said there can be read and changed on the way. Use TLS."


def _exposed(addresses: tuple[str, ...], port: int) -> list[str]:
    """Those that others can reach."""
    return [address for address in addresses if not is_loopback(parse_address(address, port)[0])]


def _open_registration(config: Config) -> Iterator[str]:
    public = _exposed(config.listen, DEFAULT_PORT) + _exposed(config.tls_listen, TLS_PORT)
    if public and config.registration == "open" and not config.password:
        yield (
            f"Everybody who reaches {', '.join(public)} can make an account: registration is open, and nobody is asked "
            'for a password. registration = "invited" changes that.'
        )


def _expiry(config: Config) -> Iterator[str]:
    from tcpchat.server.certificates import BadCertificate

    with suppress(BadCertificate):  # which is wrong, and said there
        shown = _shown(config)
        if shown is not None and shown.until < datetime.now(UTC) + SOON:
            yield f"The certificate expires on {shown.until:%Y-%m-%d}. Renew it: the server sees that by itself."


def _limits_off(config: Config) -> Iterator[str]:
    if not config.limits.enabled:
        yield "limits.enabled is false: anybody can flood the server. That is for benchmarks and tests only."


def _plain_passwords(config: Config) -> Iterator[str]:
    plain = [place for place, password in passwords(config).items() if not password.startswith("$argon2")]
    if plain:
        yield (
            f"{', '.join(plain)}: who sees the file knows the password. Write its hash instead: "
            "tcpchat-server hash-password"
        )


def _durability(config: Config) -> Iterator[str]:
    if config.durability == "normal":
        yield "durability is normal: a power cut takes what was said in the last moments, although it was shown."


def _place_of_log(config: Config) -> Iterator[str]:
    from tcpchat.backend.schema import file_system

    assert config.data is not None
    kind = file_system(config.data)
    if kind in FORGETFUL:
        yield f"{config.data} is on {kind}, which a restart of the machine or its container empties: set data."
    place = next(path for path in (config.data, *config.data.resolve().parents) if path.exists())
    total, _, free = shutil.disk_usage(place)
    if free < total * 0.05:
        yield f"Of the disk under {config.data} {free >> 20} MB are left. When it is full, no message is taken."


def _clock(config: Config) -> Iterator[str]:
    """Whether it is later than everything that was said."""
    latest = max(_latest(config), int(OLDEST.timestamp() * 1_000))
    if time.time() * 1_000 < latest:
        yield (
            f"The clock shows {datetime.now(UTC):%Y-%m-%d %H:%M} (UTC), and that has been before: it is wrong, or was. "
            "What is said is dated after what was said all the same."
        )


def _latest(config: Config) -> int:
    """When the latest entry was made, in milliseconds since 1970."""
    from tcpchat.backend import schema

    assert config.data is not None
    path = config.data / schema.FILE
    if not path.exists():
        return 0
    try:
        with schema.explained(path), closing(schema.open_for_reading(path)) as db:
            return int(db.execute("SELECT coalesce(max(time), 0) FROM entry").get)
    except CannotStart:  # whoever starts it is told
        return 0


def _open_files(config: Config) -> Iterator[str]:
    from tcpchat.server.limits import SPARE_FILES, open_files, raise_open_files

    raise_open_files()  # as the server does
    most = open_files() - SPARE_FILES
    if most < config.limits.clients:
        yield (
            f"limits.clients is {config.limits.clients}, but the system lets this user have {max(0, most)} connections "
            "(ulimit -n; LimitNOFILE= in a unit of systemd)."
        )


def _runs_as_root(config: Config) -> Iterator[str]:
    if config.as_root:
        yield "as_root is true: who breaks into the server has the whole machine. Give it a user of its own."


def _changeable(file: Path | None) -> Iterator[str]:
    """Who can change the configuration decides what the server does."""
    if file is not None and os.name != "nt" and file.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield f"Others on this machine can change {file}. Type: chmod go-w {file}"


# what holds


def _limits(config: Config) -> Iterator[str]:
    limits = config.limits
    values = {field.name: getattr(limits, field.name) for field in msgspec.structs.fields(limits)}
    shown = (f"{name} {_written(value)}" for name, value in values.items() if name != "enabled")
    yield ", ".join(shown) if limits.enabled else "none for addresses and rates: limits.enabled is false"


def _written(value: object) -> str:
    return (
        f"{value:g}"
        if isinstance(value, float)
        else ", ".join(value) or "none"
        if isinstance(value, tuple)
        else str(value)
    )


WRONG: tuple[Look, ...] = (_root, _log, _addresses, _certificate)
RISKY: tuple[Look, ...] = (
    _open_to_others,
    _open_registration,
    _expiry,
    _limits_off,
    _plain_passwords,
    _durability,
    _place_of_log,
    _clock,
    _open_files,
    _runs_as_root,
)
