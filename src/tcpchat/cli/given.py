"""Passwords, for ``tcpchat-client``: from the environment, a file, a command, the keyring, or whoever sits there.
Never arguments, which everybody on the machine can see.
"""

import getpass
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tcpchat.cli.ends import warn
from tcpchat.cli.keyring import Keyring, NoKeyring
from tcpchat.cli.servers import Target
from tcpchat.cli.usage import BadUsage
from tcpchat.model.address import parse_server, write_address
from tcpchat.model.errors import in_words
from tcpchat.model.private import exposed

FILE = "TCPCHAT_PASSWORD_FILE"
SERVER_PASSWORD = "TCPCHAT_PASSWORD"
COMMAND_SECONDS = 120


def server_password() -> str:
    """The server's own, as far as the environment knows it."""
    return os.environ.get(SERVER_PASSWORD, "")


def proof(target: Target, keyring: Keyring | None) -> dict[str, Any]:
    """What `connect` is told of one's account there, and of the server's password.

    :param keyring: see `keyring_of`.
    :raises BadUsage: if the password of the account is missing.
    """
    by_certificate = target.certificate is not None and not target.password_command
    password = (
        "" if by_certificate or not target.account else password_of(target.account, target.password_command, keyring)
    )
    return {"password": server_password(), "account": target.account, "account_password": password}


def keyring_of(target: Target) -> Keyring | None:
    """Where the password of one's account there is kept, if it is, and comes from nowhere else this time."""
    if not target.keyring or not target.account or os.environ.get(FILE):
        return None
    try:
        host, port, _ = parse_server(target.address, tls=target.tls or bool(target.fingerprint or target.certificate))
    except ValueError:  # then nobody connects
        return None
    return Keyring(target.account, write_address(host.lower(), port))


def password_of(account: str, command: str, keyring: Keyring | None = None) -> str:
    """What `command` prints, is in the file that the environment names or in the keyring, or is typed, and not shown.

    :raises BadUsage: if there is none.
    """
    if command:
        return _printed(command)
    if file := os.environ.get(FILE, ""):
        return _in_file(Path(file))
    if keyring is not None and (kept := _kept(keyring)):
        return kept
    if not sys.stdin.isatty():
        raise BadUsage(f"The password of {account} is missing: name a file in {FILE}, or give --password-command.")
    return _typed(account)


def _typed(account: str) -> str:
    try:
        typed = getpass.getpass(f"Password of {account}: ")
    except EOFError:
        typed = ""
    if not typed:
        raise BadUsage(f"The password of {account} was not typed.")
    return typed


def _kept(keyring: Keyring) -> str:
    """What the keyring knows. That it cannot be used is said, and no reason to stay out."""
    try:
        return keyring.read()
    except NoKeyring as error:
        warn(str(error))
        return ""


def _printed(command: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command),
            stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,  # what is in a pipe is to be said
            stdout=subprocess.PIPE,
            text=True,
            timeout=COMMAND_SECONDS,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise BadUsage(f"The password command did not print a password: {_why(error)}.") from None
    return _first_line(done.stdout, "What the password command printed")


def _why(error: OSError | ValueError | subprocess.SubprocessError) -> str:
    match error:
        case OSError():
            return in_words(error)
        case subprocess.CalledProcessError(returncode=code):
            return f"it ended with {code}"
        case subprocess.TimeoutExpired(timeout=seconds):
            return f"it took longer than {seconds:g} seconds"
    return str(error).lower()


def _in_file(file: Path) -> str:
    try:
        if problem := exposed(file):
            raise BadUsage(problem)
        return _first_line(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        why = in_words(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise BadUsage(f"Cannot read the password in {file}: {why}.") from None


def _first_line(text: str, where: str) -> str:
    password = text.partition("\n")[0].rstrip("\r")
    if not password:
        raise BadUsage(f"{where} has no password in its first line.")
    return password
