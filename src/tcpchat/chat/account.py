"""Accounts, as they are kept, and how SCRAM-SHA-256 proves that somebody knows a password (RFC 5802, RFC 7677)."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING

import msgspec

from tcpchat.model import names
from tcpchat.model.events import AccountSet
from tcpchat.model.records import Document, Get, Hashed, Put

if TYPE_CHECKING:
    from tcpchat.chat.state import State

SPACE = "account"
ITERATIONS = 100_000
SALT_BYTES = 16

PASSES, MEMORY_KIB, LANES = 2, 19_456, 1
"""What argon2id is asked for: OWASP's minimum."""

MOST_CERTIFICATES = 10
"""Of one account."""


class Suspension(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why nobody may log in to an account, and until when (milliseconds since 1970; 0: until it is released)."""

    reason: str
    until: int = 0


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is stored of an account. No password is: only what a right one can be recognised by.

    Of one that was dropped only the name is left, so that nobody else has it later, and with it the conversations that
    are kept under it.
    """

    name: str
    created: int
    secrets: Hashed
    email: str = ""
    certificates: list[str] = []
    """SHA-256 fingerprints, in hexadecimal, of the certificates that prove to be its owner's."""
    suspended: Suspension | None = None
    dropped: int = 0
    """When it was given up, in milliseconds since 1970."""


NO_SECRETS = Hashed("", "", ITERATIONS, "", "")
"""What no password fits."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Account).decode


def wanted(name: str) -> Get:
    """The question for an account's document."""
    return Get(SPACE, names.fold(name))


def stored(account: Account, revision: int) -> Put:
    """The record that stores it over the given revision."""
    return Put(SPACE, names.fold(account.name), _encode(account), revision, _known(account))


def opened(document: Document) -> Account | None:
    """The account in a document; None if there is none, or not any more."""
    account = _decode(document.value) if document.value else None
    return account if account is not None and not account.dropped else None


def load(state: "State", documents: object) -> None:
    """What is known when the server starts: what is collected of the `SPACE`."""
    assert isinstance(documents, dict)
    for document in documents.values():
        if document.value:
            state.registry.note(_known(_decode(document.value)))


def _known(account: Account) -> AccountSet:
    suspended = account.suspended
    return AccountSet(
        account=account.name,
        certificates=account.certificates,
        suspended=suspended.reason if suspended else "",
        until=suspended.until if suspended else 0,
        dropped=account.dropped > 0,
    )


def outdated(secrets: Hashed) -> bool:
    """Whether a password was hashed with other parameters than are used now, so that it should be hashed anew."""
    current = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"
    return not secrets.argon2.startswith(current) or secrets.iterations != ITERATIONS


def made_up_salt(secret: bytes, name: str) -> bytes:
    """The salt of an account that does not exist: always the same, so that nobody can tell."""
    return hmac.digest(secret, names.fold(name).encode("utf-8", "replace"), "sha256")[:SALT_BYTES]


def scram_keys(password: str, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """StoredKey and ServerKey (RFC 5802, section 3). It takes a while."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return stored_key, hmac.digest(salted, b"Server Key", "sha256")


def signature(secrets: Hashed, exchange: str, proof: str) -> str:
    """The server's signature, in base64, if the proof is right; else nothing (RFC 5802, section 3)."""
    message = exchange.encode("utf-8", "replace")
    stored_key, server_key = b64decode(secrets.stored_key), b64decode(secrets.server_key)
    try:
        given = b64decode(proof, validate=True)
    except (NotBase64, ValueError):
        return ""
    mask = hmac.digest(stored_key, message, "sha256")
    if len(given) != len(mask):
        return ""
    client_key = bytes(one ^ other for one, other in zip(given, mask, strict=True))
    if not hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key):
        return ""
    return b64encode(hmac.digest(server_key, message, "sha256")).decode()
