"""What makes a stored entry its own witness: a sum over what it says, and a chain over all entries of its log.

The sum (CRC-32) is checked whenever an entry is read: a disk that gives back other bytes is noticed at once. The chain
lets `log verify` name an entry that was changed, taken out or moved: each link is a digest of the one before it and of
its own entry.

Of an entry that was taken back the digest stays, for the chain, but not the salt: nobody can try guesses against it.
"""

from hashlib import blake2b
from struct import Struct
from struct import error as StructError
from typing import NamedTuple
from zlib import crc32

SALT_BYTES = 8
DIGEST_BYTES = 16

BEGINNING = b""
"""What stands before the first link of a log."""

_place = Struct("<qqqq").pack
_new = tuple.__new__
"""Makes a `Row` without looking at the names of what is in it, which would cost as much as its sum."""


class Row(NamedTuple):
    """An entry as it is stored: the order of the columns of the table ``entry``."""

    position: int
    log: int
    number: int
    time: int
    author: str
    party: str | None
    key: str | None
    body: bytes
    crc: int
    salt: bytes
    digest: bytes | None
    chain: bytes


def row(
    position: int,
    log: int,
    number: int,
    time: int,
    author: str,
    party: str | None,
    key: str | None,
    body: bytes,
    salt: bytes,
    before: bytes,
) -> Row:
    """A new entry, whose link follows the one `before`."""
    content = said(author, party, key, body)
    place = _place(position, log, number, time)
    digest = blake2b(content, digest_size=DIGEST_BYTES, key=salt).digest()
    chain = blake2b(before + place + digest, digest_size=DIGEST_BYTES).digest()
    crc = crc32(content, crc32(place))
    return _new(Row, (position, log, number, time, author, party, key, body, crc, salt, None, chain))


def said(author: str, party: str | None, key: str | None, body: bytes) -> bytes:
    """What an entry says, and who said it, as one piece of bytes; NUL stands in none of its parts but the key."""
    return f"{author}\0{party or ''}\0{key or ''}\0".encode("utf-8", "surrogatepass") + body


def sum_of(
    position: int, log: int, number: int, time: int, author: str, party: str | None, key: str | None, body: bytes
) -> int:
    """The sum that belongs to an entry that says this at this place; -1 if nothing like this can be an entry."""
    try:
        return crc32(_place(position, log, number, time) + said(author, party, key, body))
    except (TypeError, StructError):
        return -1


def emptied(entry: Row, body: bytes) -> Row:
    """An entry of which only the place and its link are left."""
    digest = entry.digest or digest_of(entry)
    crc = sum_of(*entry[:7], body)
    return entry._replace(body=body, crc=crc, salt=b"", digest=digest)


def digest_of(entry: Row) -> bytes:
    """The digest of what the entry says now."""
    content = said(entry.author, entry.party, entry.key, entry.body)
    return blake2b(content, digest_size=DIGEST_BYTES, key=entry.salt).digest()


def link(entry: Row, before: bytes) -> bytes:
    """The link that belongs to the entry, if the one `before` is right."""
    place = _place(entry.position, entry.log, entry.number, entry.time)
    return blake2b(before + place + (entry.digest or digest_of(entry)), digest_size=DIGEST_BYTES).digest()


def follows(entry: Row, before: bytes) -> bool:
    """Whether its link is the one that follows the one `before`."""
    try:
        return entry.chain == link(entry, before)
    except (TypeError, ValueError, StructError):  # what is there cannot be a link, or a salt
        return False


def is_whole(entry: Row) -> bool:
    """Whether the entry says what was stored."""
    return entry.crc == sum_of(*entry[:8])
