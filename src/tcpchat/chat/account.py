"""Accounts, as they are kept, and how SCRAM-SHA-256 proves that somebody knows a password (RFC 5802, RFC 7677)."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64

import msgspec

from tcpchat.model import names
from tcpchat.model.records import Document, Get, Hashed, Put

SPACE = "account"
ITERATIONS = 100_000
SALT_BYTES = 16


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of an account. No password is: only what a right one can be recognised by."""

    name: str
    created: int
    secrets: Hashed
    email: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Account).decode


def wanted(name: str) -> Get:
    """The question for an account's document."""
    return Get(SPACE, names.fold(name))


def stored(account: Account, revision: int) -> Put:
    """The record that stores it over the given revision."""
    return Put(SPACE, names.fold(account.name), _encode(account), revision)


def opened(document: Document) -> Account | None:
    """The account in a document; None if there is none."""
    return _decode(document.value) if document.value else None


def made_up_salt(secret: bytes, name: str) -> bytes:
    """The salt of an account that does not exist: always the same, so that nobody can tell."""
    return hmac.digest(secret, names.fold(name).encode("utf-8", "replace"), "sha256")[:SALT_BYTES]


def signature(secrets: Hashed, exchange: str, proof: str) -> str:
    """The server's signature, in base64, if the proof is right; else nothing (RFC 5802, section 3)."""
    message = exchange.encode()
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
