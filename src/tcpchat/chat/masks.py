"""Masks: ``*`` is anything, ``?`` any one character. Matching takes linear time, whatever the mask."""

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import normalize

from tcpchat.model import names

MOST_BYTES = 200
MOST_WILDCARDS = 20

Pattern = re.Pattern[str]


def sensible(mask: str) -> bool:
    """Whether it is worth looking for: a mask of nothing but wildcards costs more than it says."""
    return len(mask.encode()) <= MOST_BYTES and mask.count("*") + mask.count("?") <= MOST_WILDCARDS


def fits(mask: str, name: str) -> bool:
    """Whether a name is one that a `sensible` mask means. The case of letters does not matter."""
    return sensible(mask) and pattern(mask).match(folded(name)) is not None


def fitting(mask: str) -> Callable[[str], bool]:
    """See `fits`, for many names: what is known of the mask is worked out once."""
    if not sensible(mask):
        return lambda _: False
    match = pattern(mask).match
    return lambda name: match(name.lower() if name.isascii() else folded(name)) is not None


@lru_cache(maxsize=1_024)
def pattern(mask: str) -> Pattern:
    """The mask as an expression that tries nothing twice: each part is found at its first place, and stays there."""
    first, *others = (".".join(map(re.escape, part.split("?"))) for part in re.split(r"\*+", lowered(mask)))
    if not others:
        return re.compile(first + r"\Z", re.DOTALL)
    *middle, last = others
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle if part) + ".*" + last + r"\Z", re.DOTALL)


@lru_cache(maxsize=16_384)
def folded(name: str) -> str:
    """A nick, a room or a ``nick!user@host``, as patterns are compared with it."""
    nick, bang, rest = name.partition("!")
    return lowered(names.fold(nick) + bang + rest)


def lowered(mask: str) -> str:
    """A mask without its capitals: those that are the same then mean the same."""
    if mask.isascii():
        return mask.lower()
    nick, bang, rest = mask.partition("!")
    if "*" not in nick and "?" not in nick:
        nick = names.fold(nick)
    return normalize("NFC", (nick + bang + rest).lower())


def normal(mask: str) -> str:
    """A mask of people in its full form: ``ann`` is ``ann!*@*``, ``*@host`` is ``*!*@host``."""
    nick, bang, rest = mask.partition("!")
    if not bang:
        nick, rest = ("*", mask) if "@" in mask else (mask, "")
    user, _, host = rest.partition("@")
    return f"{nick or '*'}!{user or '*'}@{host or '*'}"


def is_of_nobody(mask: str) -> bool:
    """Whether it is meant for a nick, and has in it what no nick has: somebody thought of an address."""
    return not set(mask) & set("!@") and bool(set(mask) & set(".:/"))
