"""``tcpchat-server``: one command that starts a chat, with nothing to configure."""

import asyncio
import contextlib
import gc
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tcpchat.cli.account import account
from tcpchat.cli.ban import ban
from tcpchat.cli.check import check
from tcpchat.cli.log import data_directory, log
from tcpchat.cli.settings import hash_password, show
from tcpchat.cli.tls import how_to_join_by_tls, tls_options, with_tls
from tcpchat.cli.usage import Group
from tcpchat.config import BadSetting, Config, load
from tcpchat.model.address import write_address
from tcpchat.model.errors import EX_CONFIG, EX_IOERR, EX_NOPERM, CannotStart, LogFailed
from tcpchat.version import VERSION

if TYPE_CHECKING:
    from tcpchat.server.app import Server

GARBAGE = 10_000, 20, 20
"""Objects until the garbage collector looks at the young ones, and how often until it looks at older ones.

A connection that is over leaves it nothing to do, and messages are freed as they go, so that it may come seldom.
"""

SWITCH_INTERVAL = 0.0005
"""Seconds until a busy loop lets the log's writer go on. 5 ms, the default, would delay commits."""


AS_ROOT = "TCPCHAT_AS_ROOT"
"""The environment's way to say ``--as-root``, for containers and tests."""

ROOT = (
    "This is root. The server needs no such rights, and who breaks into it would have them. Start it as a user of its "
    "own: `useradd --system --create-home tcpchat`, then `runuser -u tcpchat -- tcpchat-server ...`, or with "
    "docs/tcpchat.service. For a port below 1024 that unit has the one right it takes. "
    "If it must be root, as in a container: --as-root."
)


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="",
)
@click.option(
    "--listen",
    "-l",
    multiple=True,
    metavar="HOST:PORT",
    help="Where clients come in; may be given more than once. [default: 127.0.0.1:7667]",
)
@tls_options
@click.option(
    "--data",
    "-d",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The directory of the log. [default: the user's data directory]",
)
@click.option("--no-history", is_flag=True, help="Keep nothing on disk.")
@click.option(
    "--config",
    "-c",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file with settings; never needed.",
)
@click.option(
    "--set",
    "-s",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting, for example limits.clients=50; may be given more than once.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="How much the server says. [default: info]",
)
@click.option(
    "--as-root",
    is_flag=True,
    envvar=AS_ROOT,
    help="Start although this is root, as in a container.",
)
@click.version_option(VERSION, prog_name="tcpchat-server")
@click.pass_context
def main(
    context: click.Context,
    /,
    listen: tuple[str, ...],
    data: Path | None,
    no_history: bool,
    file: Path | None,
    settings: tuple[str, ...],
    log_level: str | None,
    as_root: bool,
    **tls: Any,
) -> None:
    """Start a chat server. nc, telnet, IRC clients, tcpchat-client and programs all join it on one port."""
    if context.invoked_subcommand is not None:
        return

    def configured() -> Config:
        return with_tls(_with_options(load(file, settings), listen, data, no_history, log_level), **tls)

    try:
        config = configured()
    except BadSetting as error:
        fail(str(error), EX_CONFIG)
    if is_root() and not (as_root or config.as_root):
        fail(ROOT, EX_NOPERM)
    try:
        _run(config, configured)
    except CannotStart as error:
        fail(str(error), error.exit_code)
    except LogFailed as error:
        fail(f"{error} What was acknowledged is in the log. See to the disk, then start the server again.", EX_IOERR)


def is_root() -> bool:
    """Whether this process may do everything on the machine."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def fail(text: str, exit_code: int) -> NoReturn:
    """Say what is wrong and what to do, and end."""
    click.echo(f"tcpchat-server: {text}", err=True)
    sys.exit(exit_code)


def _with_options(
    config: Config, listen: tuple[str, ...], data: Path | None, no_history: bool, log_level: str | None
) -> Config:
    """What was given as an option goes before what was set."""
    from msgspec.structs import replace

    if no_history and data is not None:
        fail(
            "--data and --no-history exclude each other: keep the log in a directory, or keep none.",
            EX_CONFIG,
        )
    return replace(
        config,
        listen=listen or config.listen,
        data=None if no_history else data_directory(data or config.data),
        log_level=log_level or config.log_level,
    )


def _run(config: Config, load: Callable[[], Config]) -> None:
    """Run until a signal, on uvloop where there is one."""
    from tcpchat.server import logs
    from tcpchat.server.limits import raise_open_files

    logs.set_up(config.log_level, config.log_format)
    logs.catch_what_nobody_caught()
    raise_open_files()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        with asyncio.Runner(loop_factory=_loop_factory) as runner:
            runner.run(_serve(config, load))
    finally:
        logs.flush()


def _loop_factory() -> asyncio.AbstractEventLoop:
    if sys.platform != "win32":
        with contextlib.suppress(ImportError):
            import uvloop

            return uvloop.new_event_loop()
    return asyncio.new_event_loop()


async def _serve(config: Config, load: Callable[[], Config]) -> None:
    """From the first line on the terminal to the last."""
    from tcpchat.cli.hangup import handle_hang_up
    from tcpchat.server.app import Server
    from tcpchat.server.logs import set_up

    stop = _first_signal()
    async with Server(config, load=load) as server, _watched(server):
        server.reloaded = lambda config: set_up(config.log_level, config.log_format)
        handle_hang_up(server, lambda reason: None if stop.done() else stop.set_result(reason))
        gc.collect()
        gc.freeze()  # what is there now stays; the collector need not look at it again
        gc.set_threshold(*GARBAGE)
        for line in _how_to_join(server, config):
            _say(line)
        failed = asyncio.create_task(server.failed())
        either: list[asyncio.Future[Any]] = [stop, failed]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            failed.result()
        failed.cancel()
        reason = stop.result()
        _say(f"{reason}: telling {server.clients} clients, closing the log. Once more ends at once.")
    _say("Stopped. Everything that was said is kept." if config.data else "Stopped.")


@contextlib.asynccontextmanager
async def _watched(server: "Server") -> AsyncIterator[None]:
    """Somebody looks after the loop, and whoever started the process is told that it lives."""
    from tcpchat.server.systemd import Supervisor
    from tcpchat.server.watchdog import Watchdog

    watchdog = server.watchdog = Watchdog(asyncio.get_running_loop(), supervisor=Supervisor())
    watchdog.start()
    try:
        yield
    finally:
        watchdog.stop()


def _say(text: str) -> None:
    """Tell the terminal, if there is still one: a chat does not end because nobody reads what its server prints."""
    with contextlib.suppress(OSError):
        click.echo(text)


def _first_signal() -> "asyncio.Future[str]":
    """Done at the first SIGINT or SIGTERM; the second one ends the process."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[str] = loop.create_future()

    def caught(number: int, _: object = None) -> None:
        if stop.done():
            os._exit(128 + number)
        stop.set_result(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, caught, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(caught, number))
    return stop


def _how_to_join(server: "Server", config: Config) -> Iterator[str]:
    """What to type to join, where the data is, and what is switched off."""
    addresses, client = server.addresses, _command("tcpchat-client")
    places = ", ".join(write_address(*one) for one in addresses or server.tls_addresses)
    yield f"tcpchat {VERSION} is listening on {places}"
    for host, port in addresses[:1]:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        yield f"  terminal    nc {host} {port}"
        yield f"  our client  {client} {write_address(host, port)}"
        yield f"  IRC client  server {host}, port {port}, no TLS; then /join #lobby"
        yield f"              (irssi: /connect {host} {port})"
    yield from how_to_join_by_tls(server, client)
    yield f"  log         {config.data / 'chat.db' if config.data else 'none: nothing is kept'}"
    if any(address not in {"127.0.0.1", "::1"} for address, _ in addresses):
        yield "  NOTE        others on the network can join, and what is said travels unencrypted"
    if is_root():
        yield "  NOTE        it runs as root, as it was told to: a user of its own is safer"
    if not config.limits.enabled:
        yield "  WARNING     limits.enabled = false: no rate and no limit per address holds. For benchmarks and tests."
    yield "Ctrl-C stops it."


def _command(name: str) -> str:
    """What to type for another of our commands: its name, or where it is if the shell would not find it."""
    beside = Path(sys.executable).with_name(name)
    if shutil.which(name) or not beside.exists():
        return name
    return str(beside.relative_to(Path.cwd())) if beside.is_relative_to(Path.cwd()) else str(beside)


main.add_command(log)
main.add_command(account)
main.add_command(ban)
main.add_command(show)
main.add_command(check)
main.add_command(hash_password)


if __name__ == "__main__":
    main()
