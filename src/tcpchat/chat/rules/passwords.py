"""How a rule finds out whether a password is right."""

import hmac
from collections.abc import Generator
from typing import Any

from tcpchat.model import records

HASHED = "$argon2"


def is_right(who: str, given: str, wanted: str, *, evenly: bool = False) -> Generator[records.Wish, Any, bool]:
    """Whether the password `given` is the one of `who`, which is `wanted` as it is, or an argon2 hash; empty: never.

    `evenly`: a word takes as long as a hash, so that nobody can tell whether there is one to compare with.

    :raises Refused: if it is tried too often.
    """
    yield records.Attempt(who)
    if wanted and not wanted.startswith(HASHED):
        if evenly:
            yield records.Check(given, "", who)
        right = hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
    else:
        right = yield records.Check(given, wanted, who)
    if not right:
        yield records.Count(who)
    return right
