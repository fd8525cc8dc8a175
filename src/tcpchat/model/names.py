"""Nicks and rooms: which are valid, which are the same, and which look the same."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Generic, TypeVar

from tcpchat.model.confusables import is_mixed, looks
from tcpchat.model.replies import Refused

_Form = TypeVar("_Form")

CASEMAPPING = "precis"
"""What IRC clients are told: RFC 8265 UsernameCaseMapped. For ASCII it maps A-Z to a-z and nothing else."""

NICK_MOST_CHARACTERS = 32
ROOM_MOST_CHARACTERS = 64
MOST_BYTES = 100

LOBBY = "#lobby"

MOST_FOLDED = 65_536

MOST_MARKS = 3
"""So many combining marks may stand on one letter of a name; no language needs more."""

_ROOM_SIGNS = ("#", "&")
_FORBIDDEN_IN_NICK = frozenset(" ,*?!@.:/\"'<>\\")
_FORBIDDEN_FIRST_IN_NICK = frozenset("#&+%~$-0123456789=|/")
_PLAIN_NICK = re.compile(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{NICK_MOST_CHARACTERS - 1}}}").fullmatch
"""What most nicks are made of: nothing in them needs a closer look."""

_FORBIDDEN_IN_ROOM = frozenset(" ,:\"'*?\x07")
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)
"""What leaves no mark on the screen: fillers, joiners, variation selectors, tags, an empty Braille cell."""

_RESERVED = (
    "server", "system", "services", "localhost", "tcpchat",
    "NickServ", "ChanServ", "OperServ", "MemoServ", "HostServ", "BotServ", "SaslServ", "HistServ", "InfoServ", "Global",
    "admin", "administrator", "root", "operator", "sysop", "moderator", "security", "support",
)  # fmt: skip
"""Whoever is called so is taken for somebody who has a say here."""


class _Known(dict[str, _Form], Generic[_Form]):
    """A form of the names that were asked for lately."""

    def __init__(self, form: Callable[[str], _Form]) -> None:
        super().__init__()
        self._form = form

    def __missing__(self, name: str) -> _Form:
        form = self._form(name)
        if len(name) <= ROOM_MOST_CHARACTERS:  # nothing longer is kept
            if len(self) >= MOST_FOLDED:
                self.clear()
            self[name] = form
        return form


def _folded(name: str) -> str:
    if len(name) > ROOM_MOST_CHARACTERS:
        return name
    if name.isascii():
        return name.lower()
    sign, rest = _parted(name)
    return sign + (_case_mapped(rest) or rest)


def _looks(name: str) -> tuple[str, ...]:
    sign, rest = _parted(name[:ROOM_MOST_CHARACTERS])
    return tuple([sign + look for look in looks(rest)]) if sign else looks(rest)


fold: Callable[[str], str] = _Known(_folded).__getitem__
"""The one spelling under which a name is known. Every comparison of names uses it; folding twice is folding once.

What is no valid name folds too, if only to itself, so that looking it up simply finds nothing.
"""

_looks_known: Callable[[str], tuple[str, ...]] = _Known(_looks).__getitem__


@lru_cache(maxsize=64)  # who comes in is looked for under the same keys a few times
def keys(name: str) -> tuple[str, ...]:
    """How a name may be read by people (UTS 39): who has a name has all its keys, and no two have the same key.

    Names that fold to the same have a key in common.
    """
    if name.isascii():  # quick to work out: not worth more memory
        return _looks(name) if name.startswith(_ROOM_SIGNS) else looks(name)
    return _looks_known(name)


def is_room(name: str) -> bool:
    """Whether a target is meant as a room, valid or not."""
    return name.startswith(_ROOM_SIGNS)


def nick(name: str) -> str:
    """The folded form of a nick that somebody wants.

    :raises Refused: with the reason in words, when it is not a name one may have.
    """
    if _PLAIN_NICK(name) is None:
        _check_nick(name)
    reserved = _reserved()
    for key in keys(name):
        if key in reserved:
            raise Refused("bad_nick", _is_reserved(name, reserved[key]), about=name)
    return fold(name)


def _check_nick(name: str) -> None:
    wanted = _Wanted("nickname", "bad_nick", name, NICK_MOST_CHARACTERS)
    wanted.check_length(name)  # before anything that takes long
    for form in (name, fold(name)):  # full-width signs fold to the forbidden ones
        wanted.check_length(form)
        if form[0] in _FORBIDDEN_FIRST_IN_NICK:
            raise wanted.refusal(f"A nickname cannot start with {_quoted(form[0])}.")
        wanted.check_characters(form, _FORBIDDEN_IN_NICK)


def account(name: str) -> str:
    """The folded form of the name of an account, which is one that a nick may have.

    :raises Refused: with the reason in words, when no account can be called so.
    """
    try:
        return nick(name)
    except Refused as refusal:
        text = refusal.text.replace("A nickname", "An account name").replace("nickname", "account name")
        text = text.replace("The name", "The account name")
        raise Refused("bad_account", text, about=name) from None


def room(name: str) -> str:
    """The folded form of a room's name, which starts with ``#`` (or ``&``).

    :raises Refused: with the reason in words, when no room can be called so.
    """
    wanted = _Wanted("room name", "bad_room", name, ROOM_MOST_CHARACTERS)
    wanted.check_length(name)
    if not is_room(name):
        raise wanted.refusal(
            f"A room's name starts with #, for example #{name.strip()[:ROOM_MOST_CHARACTERS] or 'tea'}."
        )
    folded = fold(name)
    for form in (name, folded):
        wanted.check_length(form)
        if len(form) == 1:
            raise wanted.refusal("A room's name needs a character after the #.")
        wanted.check_characters(form[1:], _FORBIDDEN_IN_ROOM)
    return folded


def _parted(name: str) -> tuple[str, str]:
    """The sign of a room, and the rest."""
    return (name[:1], name[1:]) if is_room(name) else ("", name)


class _Wanted:
    """A name that somebody wants, and how it is refused."""

    def __init__(self, what: str, code: str, name: str, most: int) -> None:
        self._what = what
        self._code = code
        self._name = name
        self._most = most

    def refusal(self, text: str) -> Refused:
        return Refused(self._code, text, about=self._name)

    def check_length(self, form: str) -> None:
        if not form:
            raise self.refusal(f"The {self._what} is empty.")
        if len(form) > self._most or len(form.encode("utf-8", "replace")) > MOST_BYTES:
            raise self.refusal(f"That {self._what} is too long: {self._most} characters at most.")

    def check_characters(self, form: str, forbidden: frozenset[str]) -> None:
        for character in form:
            if character in forbidden or not character.isprintable():
                raise self.refusal(f"A {self._what} cannot contain {_quoted(character)}.")
        if not form.isascii():
            self._check_script(form)

    def _check_script(self, form: str) -> None:
        """What only other scripts than ASCII can do to those who read."""
        if unseen := _UNSEEN.search(form):
            raise self.refusal(f"A {self._what} cannot contain {_code(unseen[0])}, which nobody sees.")
        if _case_mapped(form) is None:
            raise self.refusal(
                f"A {self._what} is made of letters, digits and plain punctuation; {_quoted(form)} is not."
            )
        if is_mixed(form):
            raise self.refusal(f"A {self._what} is written in one script; {_quoted(form)} mixes several.")
        if _has_stack(form):
            raise self.refusal(f"A {self._what} has at most {MOST_MARKS} marks on one letter.")


def _has_stack(form: str) -> bool:
    """Whether more marks follow each other than languages need."""
    height = 0
    for character in unicodedata.normalize("NFC", form):
        height = height + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if height > MOST_MARKS:
            return True
    return False


@cache
def _reserved() -> dict[str, str]:
    """The reserved names by their keys."""
    return {key: name for name in _RESERVED for key in keys(name)}


def _is_reserved(name: str, like: str) -> str:
    if fold(name) == fold(like):
        return f"The name {_quoted(name)} is reserved."
    return f"The name {_quoted(name)} looks like {_quoted(like)}, which is reserved."


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _quoted(text: str) -> str:
    return "a space" if text == " " else f"“{text}”" if text.isprintable() else _code(text[0])


@lru_cache(maxsize=4_096)
def _case_mapped(name: str) -> str | None:
    """RFC 8265 UsernameCaseMapped, or None where it does not allow the name."""
    from precis_i18n import get_profile  # slow to import, and most names are ASCII

    try:
        folded: str = get_profile("UsernameCaseMapped").enforce(name)
    except UnicodeEncodeError:
        return None
    return folded
