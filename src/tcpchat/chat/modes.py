"""What the modes of rooms and of people are, and what their masks mean. The letters are those of IRC."""

from collections.abc import Mapping

from tcpchat.chat import masks
from tcpchat.chat.user import User
from tcpchat.model import names

RANKS = {"o": "@", "v": "+"}
"""What somebody may be in a room, the higher first, and how it is shown: its operator, one with a voice."""

LISTS = {"b": "bans", "e": "exceptions from bans", "I": "exceptions from invitations"}
"""Lists of masks."""

KEY, LIMIT, SLOW = "k", "l", "d"
"""Modes with a value: a key, a number of people, and of seconds between two messages of one person."""

CLOSING = frozenset({"i", KEY})
"""With any of these a room is closed: who comes in is let in by those inside."""

FLAGS = {
    "C": "no CTCP but actions",
    "M": "only who is logged in speaks",
    "R": "only who is logged in comes in",
    "i": "only who is invited comes in",
    "m": "only who has a voice speaks",
    "n": "only who is in the room speaks",
    "s": "only who is in the room knows of it",
    "t": "only operators set the topic",
}

LIMITING = frozenset({"i", "R", LIMIT})
"""With any of these not everybody comes in who knows the key."""

SPEAKING = frozenset({"m", "M", SLOW})
"""With any of these not everybody in a room speaks at any time."""

OWN = {"B": "a bot", "i": "invisible to those who share no room", "o": "an operator of the server"}
"""What somebody may be on the server."""

SHARED_HOST = "localhost"
"""The host of all who are on the machine itself."""

OF_A_NEW_ROOM = "nt"
OF_THE_LOBBY = "n"

EXTENDED = "~"
"""A mask that begins so asks for something else than nick, user and host."""

ACCOUNT, MUTE, PERSON = "a", "m", "p"
"""``~a:NAME`` is who is logged in to an account, ``~a`` whoever is logged in; ``~m:MASK`` keeps from speaking only.

``~p:NICK`` is somebody who is here: a list never has it, but what it means at that moment (`masks_of`).
"""


class Mask:
    """One entry of a list of masks: whom it means, who set it, and when (milliseconds since 1970)."""

    __slots__ = ("_account", "_looks", "_nick", "_pattern", "by", "mutes", "text", "time")

    def __init__(self, text: str, by: str, time: int) -> None:
        """:raises ValueError: if it can mean nobody."""
        self.by = by
        self.time = time
        self.mutes = text.startswith(f"{EXTENDED}{MUTE}:")
        inner = text.removeprefix(f"{EXTENDED}{MUTE}:")
        self._account = inner.startswith(f"{EXTENDED}{ACCOUNT}")
        if self._account:
            name = inner.removeprefix(f"{EXTENDED}{ACCOUNT}").removeprefix(":") or "*"
            if inner not in {f"{EXTENDED}{ACCOUNT}", f"{EXTENDED}{ACCOUNT}:{name}"}:
                raise ValueError(text)
        elif inner.startswith(EXTENDED) or not inner or masks.is_of_nobody(inner):
            raise ValueError(text)
        else:
            inner = name = masks.normal(inner)
        if " " in name or text.startswith(":") or not text.isprintable() or not masks.sensible(name):
            raise ValueError(text)
        self.text = f"{EXTENDED}{MUTE}:{inner}" if self.mutes else inner
        self._pattern = masks.pattern(name)
        self._nick = "" if self._account or set("*?") & set(name.partition("!")[0]) else name.partition("!")[0]
        self._looks = frozenset(names.keys(self._nick)) if self._nick else frozenset()

    @property
    def key(self) -> str:
        """What it has in common with all that mean the same."""
        return masks.lowered(self.text)

    def means(self, user: User) -> bool:
        """Whether it means this person as they are now."""
        name = user.account if self._account else f"{user.nick}!{user.origin}"
        return name != "" and self._fits(name)

    def catches(self, user: User, nick: str = "") -> bool:
        """Whether, as a ban, it means this person (called `nick`), or one that they were since they came.

        Another account, another host by the grace of an operator, and a nick that only looks the same do not help.
        """
        if self._account:
            return any(map(self._fits, user.accounts))
        nick = nick or user.nick
        if self._nick and not self._looks.isdisjoint(names.keys(nick)):
            nick = self._nick
        return self._fits(f"{nick}!{user.origin}") or (
            user.came_from != user.origin and self._fits(f"{nick}!{user.came_from}")
        )

    def _fits(self, name: str) -> bool:
        return self._pattern.match(masks.folded(name)) is not None


Masks = dict[str, Mask]
"""By what those that mean the same have in common."""


def banned(user: User, lists: Mapping[str, Masks]) -> bool:
    """Whether these lists keep somebody out of a room."""
    bans, exceptions = lists.get("b", {}).values(), lists.get("e", {}).values()
    return any(mask.catches(user) for mask in bans if not mask.mutes) and not any(
        mask.means(user) for mask in exceptions
    )


def masks_of(user: User) -> list[str]:
    """Masks that mean somebody who is here, so that another nick or another connection does not help them.

    Where many share a host, as on the machine itself, it says nothing, and the nick has to do.
    """
    host = user.came_from.partition("@")[2]
    place = f"{user.nick}!*@*" if host == SHARED_HOST else f"*!*@{host}"
    return [f"{EXTENDED}{ACCOUNT}:{user.account}", place] if user.account else [place]
