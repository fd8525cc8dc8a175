"""What can be searched for: texts as tokens, and what somebody typed as phrases."""

import re
import unicodedata
from collections.abc import Sequence

from tcpchat.model.text import showable

MOST_PHRASES = 16
"""In one search; what is beyond them is not looked at."""

_MOST_TOKEN_CHARACTERS = 64
_UNSPACED = "\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff"
"""Chinese, Japanese, Thai, Lao, Burmese, Khmer: no spaces stand between words, so every character is a token."""

_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\w)+")
_ASCII_TOKEN = re.compile(r"\w+", re.ASCII)
_TYPED = re.compile(r'"([^"]*)"?|([^\s"]+)')


def tokens(text: str) -> list[str]:
    """The words of a text as they are compared: without case, accents and marks."""
    if text.isascii():
        return [token[:_MOST_TOKEN_CHARACTERS] for token in _ASCII_TOKEN.findall(showable(text).lower())]
    plain = unicodedata.normalize("NFKD", showable(text).casefold())
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    return [token[:_MOST_TOKEN_CHARACTERS] for token in _TOKEN.findall(plain)]


def phrases(words: str) -> list[list[str]]:
    """What is looked for: each phrase one token, or several that stand side by side.

    Words between ``"`` are one phrase, and so are those that punctuation joins, such as ``kill-9``.
    """
    typed = (quoted or word for quoted, word in _TYPED.findall(words))
    return [found for one in typed if (found := tokens(one))][:MOST_PHRASES]


def stand_in(wanted: Sequence[Sequence[str]], text: str) -> bool:
    """Whether all the phrases stand in a text."""
    there = tokens(text)
    return all(_stands_in(list(phrase), there) for phrase in wanted)


def _stands_in(phrase: list[str], there: list[str]) -> bool:
    size = len(phrase)
    return any(there[place : place + size] == phrase for place in range(len(there) - size + 1))
