"""Where people talk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tcpchat.chat import modes
from tcpchat.model import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tcpchat.chat.user import User
    from tcpchat.model.events import TopicSet


MOST_SPEAKERS = 10_000
"""Of whom is remembered when they spoke last in one slow room."""


class Roster(NamedTuple):
    """Those in a room whom the others know of, in the order they came: what a newcomer is told, and who asks."""

    nicks: tuple[str, ...]
    names: tuple[str, ...]
    """``nick!user@host``, each with the signs of their rank before it."""


class Room:
    """A name, what holds in it, and those who sit in it, in the order they came.

    To each member belongs the `number` the room had when they took their seat; to some, a rank: letters of
    `modes.RANKS`.
    """

    __slots__ = (
        "_roster", "created", "first", "founder", "invited", "lists", "members", "modes", "name", "number", "quiet",
        "ranks", "spoke", "topic",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name
        self.founder = ""
        """The folded account to which it is registered; empty if to none."""
        self.members: dict[User, int] = {}
        self.quiet: dict[User, None] = {}
        """Of them, those of whom the others have not been told yet (see `effects.quiet`)."""
        self._roster: Roster | None = None
        self.first: dict[User, int] = {}
        """The number of the first entry that a member may read, for those who may not read all."""
        self.topic: TopicSet | None = None
        self.number = 0
        """The number of its latest entry that was seen here; 0 before the first."""
        self.found(0, "")

    def found(self, time: int, flags: str) -> None:
        """Begin anew, without anything that somebody else decided; the topic and what was said stay."""
        self.created = time
        self.modes: dict[str, str] = dict.fromkeys(flags, "")
        self.ranks: dict[User, str] = {}
        self.lists: dict[str, modes.Masks] = {}
        self.spoke: dict[str, int] = {}
        """When people spoke last, by their parties, the latest last: in a slow room, and as long as it counts."""
        self.invited: dict[str, None] = {}
        """Sessions that may come in, whatever else holds."""

    @property
    def roster(self) -> Roster:
        """Written once for all who ask, until somebody comes or goes, or is called otherwise."""
        if self._roster is None:
            known = [member for member in self.members if member not in self.quiet]
            self._roster = Roster(tuple(member.nick for member in known), tuple(map(self.shown, known)))
        return self._roster

    def changed(self) -> None:
        """Somebody whom the others know of came, went, is called otherwise, or is something else."""
        self._roster = None

    def shown(self, user: User) -> str:
        """A member, as in the `Roster.names`."""
        return f"{self.shown_rank(user)}{user.nick}!{user.origin}"

    def shown_rank(self, user: User) -> str:
        """What somebody is, as it is shown: ``@``, ``+``, both or nothing."""
        rank = self.ranks.get(user)
        return "".join(sign for letter, sign in modes.RANKS.items() if letter in rank) if rank else ""

    def shown_ranks(self) -> dict[str, str]:
        """Of all who have one."""
        return {user.nick: self.shown_rank(user) for user in self.ranks}

    def with_status(self, status: str) -> Iterable[User]:
        """The members to whom something that is said to a status goes: those who have it, or a higher one."""
        letters = list(modes.RANKS)
        wanted = letters[: list(modes.RANKS.values()).index(status) + 1]
        return [user for user in self.members if any(letter in self.ranks.get(user, "") for letter in wanted)]

    def listed(self, user: User, mode: str) -> bool:
        """Whether a mask of the list means somebody."""
        return any(mask.means(user) for mask in self.lists.get(mode, {}).values())

    def banned(self, user: User) -> bool:
        """Whether somebody may not come in."""
        return modes.banned(user, self.lists)

    def muted(self, user: User, nick: str = "") -> bool:
        """Whether somebody (called `nick`) may not speak, because they are banned, or muted."""
        bans = self.lists.get("b", {}).values()
        return any(mask.catches(user, nick) for mask in bans) and not self.listed(user, "e")

    def shuts_out(self, user: User) -> bool:
        """Whether somebody may not come in, with or without a key."""
        if not self.lists and modes.LIMITING.isdisjoint(self.modes):
            return False
        if user.listener.session in self.invited or self.is_own(user):
            return False
        return (
            self.banned(user)
            or self.is_full
            or ("i" in self.modes and not self.listed(user, "I"))
            or ("R" in self.modes and not user.account)
        )

    @property
    def delay(self) -> int:
        """How many milliseconds must pass between two messages of one person."""
        return int(self.modes.get(modes.SLOW, 0)) * 1_000

    def wait(self, user: User, now: int) -> int:
        """For how many milliseconds somebody may not speak because they have just spoken."""
        spoke = self.spoke.get(user.party)
        return 0 if spoke is None else max(0, min(self.delay, spoke + self.delay - now))

    def note_speaker(self, user: User, time: int) -> None:
        """Somebody spoke in a slow room. Who may speak again is forgotten."""
        self.spoke.pop(user.party, None)
        self.spoke[user.party] = time
        while len(self.spoke) > MOST_SPEAKERS or next(iter(self.spoke.values())) + self.delay < time:
            del self.spoke[next(iter(self.spoke))]

    def is_own(self, user: User) -> bool:
        """Whether it is registered to the account that somebody is logged in to."""
        return self.founder != "" and self.founder == names.fold(user.account)

    @property
    def lasts(self) -> bool:
        """Whether what holds in it goes on to hold: somebody is in it, or it is registered."""
        return bool(self.members) or self.founder != ""

    @property
    def is_full(self) -> bool:
        """Whether as many are in it as may be."""
        return modes.LIMIT in self.modes and len(self.members) >= int(self.modes[modes.LIMIT])

    def rank(self, user: User, letters: str) -> None:
        """A member is this from now on: letters of `modes.RANKS`, or nothing."""
        self.changed()
        self.ranks.pop(user, None)
        if letters:
            self.ranks[user] = letters

    def reveal(self, user: User) -> bool:
        """Somebody is not `quiet` any more; whether they were until now."""
        if user not in self.quiet:
            return False
        del self.quiet[user]
        self.changed()
        return True

    def leave(self, user: User) -> None:
        """Forget somebody who is not in it any more."""
        if user in self.quiet:
            del self.quiet[user]
        else:
            self.changed()
        self.members.pop(user, None)
        self.ranks.pop(user, None)
        self.first.pop(user, None)
