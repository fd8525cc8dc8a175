"""What looks alike: skeletons and scripts, as in Unicode Technical Standard 39.

The tables (`unicode/`) are made by ``make unicode``; their first lines name the version of Unicode. What Python itself
knows of characters (`unicodedata`) may be older: Python 3.11 knows those of 14.0. Names are made of what it knows.
"""

import unicodedata
from bisect import bisect_right
from functools import cache

_ASCII = str.maketrans({"0": "o", "1": "l", "i": "l", "m": "rn", "|": "l", "`": "'", '"': "''", "%": "º/₀"})
"""What confusables.txt says of ASCII, in small letters. As capitals are the same, i is I, and so l."""

_TOGETHER = (
    frozenset({"Latin", "Han", "Hiragana", "Katakana"}),
    frozenset({"Latin", "Han", "Hangul"}),
    frozenset({"Latin", "Han", "Bopomofo"}),
)
"""Scripts that people write side by side in one word (UTS 39, section 5.2, "Highly Restrictive")."""

_OF_ANY_SCRIPT = frozenset({"Common", "Inherited"})


def skeleton(text: str) -> str:
    """What looks the same has the same skeleton (UTS 39, section 4). Capitals count."""
    looks_like = _prototypes()
    plain = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFD", "".join([looks_like.get(one, one) for one in plain]))


def looks(name: str) -> tuple[str, ...]:
    """How a name may be read, in small letters or capitals: names look alike if they have one of these in common.

    As `I` looks like `l`, and names are the same in small letters and capitals, `i`, `l` and `1` are one.
    """
    if name.isascii():
        return (name.lower().translate(_ASCII),)
    small = unicodedata.normalize("NFKC", name).lower()
    return tuple(dict.fromkeys(map(_small, (small, small.upper(), name))))


def scripts(text: str) -> frozenset[str]:
    """The scripts of the letters in a text. What is used in all, such as digits, counts as none."""
    return frozenset(map(_script, text)) - _OF_ANY_SCRIPT


def is_mixed(text: str) -> bool:
    """Whether scripts stand side by side that nobody writes in one word."""
    found = scripts(text)
    return len(found) > 1 and not any(found <= together for together in _TOGETHER)


def _small(text: str) -> str:
    """The skeleton in small letters, which may look like others than the capitals did."""
    return skeleton(skeleton(text).lower()).replace("i", "l")


def _script(character: str) -> str:
    starts, stretches = _scripts()
    code = ord(character)
    last, script = stretches[bisect_right(starts, code) - 1]
    return script if code <= last else "Unknown"


@cache
def _prototypes() -> dict[str, str]:
    return {_characters(source): _characters(target) for source, _, target in map(_divided, _table("confusables.txt"))}


@cache
def _scripts() -> tuple[list[int], list[tuple[int, str]]]:
    """Where stretches of characters begin; where each ends, and its script."""
    stretches = [line.split() for line in _table("scripts.txt")]
    return [int(first, 16) for first, _, _ in stretches], [(int(last, 16), script) for _, last, script in stretches]


def _table(name: str) -> list[str]:
    from importlib.resources import files  # it loads much, and most names are ASCII

    text = files(__package__).joinpath("unicode", name).read_text(encoding="utf-8")
    return text.splitlines()[1:]


def _divided(line: str) -> tuple[str, str, str]:
    return line.partition(" ")


def _characters(codes: str) -> str:
    return "".join([chr(int(code, 16)) for code in codes.split()])
