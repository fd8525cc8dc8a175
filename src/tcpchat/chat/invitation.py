"""Invitations to the server, as they are kept: what lets its holder register where not everybody may."""

import hashlib
import secrets

import msgspec

from tcpchat.model.records import Document, Get, Put

SPACE = "invitation"
"""The documents, by the digests of the tokens: who reads them can make nothing of them."""

TOKEN_BYTES = 16
MOST_TOKEN_CHARACTERS = 64
SHOWN_CHARACTERS = 12
"""Of the digest, by which an invitation is called when they are listed or taken back."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often it can be used still, until when (milliseconds since 1970), and who made it."""

    uses: int
    expires: int
    by: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Invitation).decode


def token() -> str:
    """What nobody can guess: 128 bits."""
    return secrets.token_hex(TOKEN_BYTES)


def key(token: str) -> str:
    """Where the invitation with this token is kept."""
    return hashlib.sha256(token.strip().lower().encode("utf-8", "replace")).hexdigest()


def wanted(key: str) -> Get:
    """The question for an invitation's document."""
    return Get(SPACE, key)


def stored(key: str, invitation: Invitation | None, revision: int) -> Put:
    """The record that stores it over the given revision; None takes it away."""
    return Put(SPACE, key, b"" if invitation is None else _encode(invitation), revision)


def read(document: Document) -> Invitation | None:
    """The invitation in a document, also one that is used up or too old; None if it was taken back."""
    return _decode(document.value) if document.value else None


def opened(document: Document, now: int) -> Invitation | None:
    """The invitation in a document, if it can be used now."""
    invitation = read(document)
    return invitation if invitation is not None and invitation.uses > 0 and now < invitation.expires else None
