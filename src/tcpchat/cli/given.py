"""Passwords, for ``tcpchat-client``: from the environment, a file, a command, or whoever sits there. Never arguments,
which everybody on the machine can see.
"""

import getpass
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tcpchat.cli.usage import BadUsage
from tcpchat.model.errors import in_words
from tcpchat.model.private import exposed

FILE = "TCPCHAT_PASSWORD_FILE"
SERVER_PASSWORD = "TCPCHAT_PASSWORD"
COMMAND_SECONDS = 120


def server_password() -> str:
    """The server's own, as far as the environment knows it."""
    return os.environ.get(SERVER_PASSWORD, "")


def who(account: str, command: str, *, has_certificate: bool) -> dict[str, Any]:
    """What `connect` is told of one's account, and of the server's password.

    :raises BadUsage: if the password of the account is missing.
    """
    if command and not account:
        raise BadUsage("--password-command is for the password of an account: --account NAME")
    by_certificate = has_certificate and not command
    return {
        "password": server_password(),
        "account": account,
        "account_password": password_of(account, command) if account and not by_certificate else "",
    }


def password_of(account: str, command: str) -> str:
    """What `command` prints, or stands in the file that the environment names, or is typed, and not shown.

    :raises BadUsage: if there is none.
    """
    if command:
        return _printed(command)
    if file := os.environ.get(FILE, ""):
        return _in_file(Path(file))
    if not sys.stdin.isatty():
        raise BadUsage(f"The password of {account} is missing: name a file in {FILE}, or give --password-command.")
    try:
        return getpass.getpass(f"Password of {account}: ")
    except EOFError:
        return ""


def _printed(command: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command), stdout=subprocess.PIPE, text=True, timeout=COMMAND_SECONDS, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        why = in_words(error) if isinstance(error, OSError) else type(error).__name__
        raise BadUsage(f"--password-command did not print a password: {why}.") from None
    return _first_line(done.stdout, "What --password-command printed")


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
