"""``tcpchat-server config`` and ``hash-password``: what a configuration file is made of."""

import sys
from unicodedata import normalize

import click

from tcpchat.cli.template import Template
from tcpchat.cli.usage import BadUsage, Command
from tcpchat.config import Config

HEAD = """\
# Settings of tcpchat-server: each with its meaning, and with its default behind the #.
# None has to be set. Take the # away from what is to be otherwise, and start it with --config FILE.
# It holds passwords if you set any; then only its owner may read it: chmod 600 FILE"""


@click.command("config", cls=Command)
def show() -> None:
    """Print a configuration file with every setting, its meaning and its default."""
    click.echo(HEAD)
    click.echo("\n".join(Template(names=NAMES, examples=EXAMPLES).lines(Config)))


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
