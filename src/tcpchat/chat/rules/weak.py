"""Which passwords are refused: those that are guessed first."""

import re

from tcpchat.model import names
from tcpchat.model.replies import Refused

FEWEST_CHARACTERS = 6
MOST_BYTES = 512
FEWEST_DIFFERENT = 3
LONG = 20
"""So many characters are a password even if they are all the same."""

_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
_ENDING = re.compile(r"[\d!.?*]{0,4}$")

_WORDS = """
    access account adminadmin administrator amanda andrea andrew angels animal anthony arsenal asdasd ashley
    austin badboy banana baseball basketball batman biteme blowme boomer boston brandon butter buster canada
    charlie cheese chelsea chester chicken chocolate computer cookie corvette cowboy daniel default diamond
    dolphin donald dragon eagles falcon ferrari flower football freedom friend friends fuckme fuckyou george
    ginger golfer google guitar hammer hannah harley heather hello hockey hunter iloveyou iloveu internet jackson
    jasmine jennifer jessica johnny jordan joshua justin killer letmein liverpool london love loveme lovely maggie
    marina martin master matrix matthew maverick melissa mercedes merlin michael michelle mickey midnight monkey
    monster morgan mother mustang nicole ninja nothing oliver orange passport passwd passw0rd password patrick
    peanut pepper phoenix pokemon princess purple qazwsx qwaszx qweasd rabbit rachel rangers robert samantha
    samsung scooter secret service shadow silver snoopy soccer sparky spider starwars steelers summer sunshine
    superman superuser taylor tennis test tester testing thomas thunder tigger trustno tucker welcome whatever
    william winner winter wizard yamaha yankees yellow zaqxsw changeme iwantu newpass qwerty qwertz azerty admin
    root user guest tcpchat chat
"""
_COMMON = frozenset(_WORDS.split())
"""Those that head every list of passwords that were stolen, without the digits and signs that people put behind."""


def check(password: str, account: str) -> None:
    """Look whether a password may be that of an account.

    :raises Refused: with what is wrong with it; never with the password.
    """
    if len(password.encode("utf-8", "replace")) > MOST_BYTES:
        raise Refused("weak_password", f"That password is too long: {MOST_BYTES} bytes at most.")
    if len(password) < FEWEST_CHARACTERS:
        raise Refused("weak_password", f"A password has at least {FEWEST_CHARACTERS} characters.")
    plain = password.lower()
    if names.fold(plain) == names.fold(account):
        raise Refused("weak_password", "A password that is the name itself is guessed first. Choose another one.")
    if _is_simple(plain) or _ENDING.sub("", plain) in _COMMON:
        raise Refused("weak_password", "That password is one of those that are guessed first. Choose another one.")


def _is_simple(plain: str) -> bool:
    """Whether it is a piece of the alphabet or of a keyboard, forwards or backwards, or a few characters repeated."""
    if len(plain) >= LONG:
        return False
    repeated = any(plain == plain[:size] * (len(plain) // size) for size in (1, 2, 3, 4))
    return repeated or len(set(plain)) < FEWEST_DIFFERENT or any(plain in row or plain in row[::-1] for row in _ROWS)
