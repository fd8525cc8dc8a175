"""Nicks and rooms: which are valid, and which are the same."""

from collections.abc import Callable
from functools import lru_cache

from tcpchat.model.replies import Refused

CASEMAPPING = "precis"
"""What IRC clients are told: RFC 8265 UsernameCaseMapped. For ASCII it maps A-Z to a-z and nothing else."""

NICK_MOST_CHARACTERS = 32
ROOM_MOST_CHARACTERS = 64
MOST_BYTES = 100

LOBBY = "#lobby"

MOST_FOLDED = 65_536

_ROOM_SIGNS = ("#", "&")
_FORBIDDEN_IN_NICK = frozenset(" ,*?!@.:/\"'<>\\")
_FORBIDDEN_FIRST_IN_NICK = frozenset("#&+%~$-0123456789=|/")
_FORBIDDEN_IN_ROOM = frozenset(" ,:\"'*?\x07")
_RESERVED = frozenset({"server", "system", "nickserv", "chanserv"})


class _Folded(dict[str, str]):
    """The folded forms of the names that were asked for lately."""

    def __missing__(self, name: str) -> str:
        folded = _folded(name)
        if len(name) <= ROOM_MOST_CHARACTERS:  # nothing longer is kept
            if len(self) >= MOST_FOLDED:
                self.clear()
            self[name] = folded
        return folded


fold: Callable[[str], str] = _Folded().__getitem__
"""The one spelling under which a name is known. Every comparison of names uses it; folding twice is folding once.

What is no valid name folds too, if only to itself, so that looking it up simply finds nothing.
"""


def is_room(name: str) -> bool:
    """Whether a target is meant as a room, valid or not."""
    return name.startswith(_ROOM_SIGNS)


def nick(name: str) -> str:
    """The folded form of a nick that somebody wants.

    :raises Refused: with the reason in words, when it is not a name one may have.
    """
    wanted = _Wanted("nickname", "bad_nick", name, NICK_MOST_CHARACTERS)
    folded = fold(name)
    for form in (name, folded):  # full-width signs fold to the forbidden ones
        wanted.check_length(form)
        if form[0] in _FORBIDDEN_FIRST_IN_NICK:
            raise wanted.refusal(f"A nickname cannot start with {_quoted(form[0])}.")
        wanted.check_characters(form, _FORBIDDEN_IN_NICK)
    if folded in _RESERVED:
        raise wanted.refusal(f"The name {_quoted(name)} is reserved.")
    return folded


def account(name: str) -> str:
    """The folded form of the name of an account, which is one that a nick may have.

    :raises Refused: with the reason in words, when no account can be called so.
    """
    try:
        return nick(name)
    except Refused as refusal:
        text = refusal.text.replace("nickname", "account name").replace("The name", "The account name")
        raise Refused("bad_account", text, about=name) from None


def room(name: str) -> str:
    """The folded form of a room's name, which starts with ``#`` (or ``&``).

    :raises Refused: with the reason in words, when no room can be called so.
    """
    wanted = _Wanted("room name", "bad_room", name, ROOM_MOST_CHARACTERS)
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


def _folded(name: str) -> str:
    if len(name) > ROOM_MOST_CHARACTERS:
        return name
    if name.isascii():
        return name.lower()
    sign, rest = (name[:1], name[1:]) if is_room(name) else ("", name)
    return sign + (_case_mapped(rest) or rest)


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
        if not form.isascii() and _case_mapped(form) is None:
            raise self.refusal(
                f"A {self._what} is made of letters, digits and plain punctuation; {_quoted(form)} is not."
            )


def _quoted(text: str) -> str:
    return "a space" if text == " " else f"“{text}”" if text.isprintable() else f"U+{ord(text[0]):04X}"


@lru_cache(maxsize=4_096)
def _case_mapped(name: str) -> str | None:
    """RFC 8265 UsernameCaseMapped, or None where it does not allow the name."""
    from precis_i18n import get_profile  # slow to import, and most names are ASCII

    try:
        folded: str = get_profile("UsernameCaseMapped").enforce(name)
    except UnicodeEncodeError:
        return None
    return folded
