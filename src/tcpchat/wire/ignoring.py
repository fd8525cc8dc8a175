"""Whom somebody does not want to hear: by nick, over its changes, and by account. Kept as long as they are here."""

from collections.abc import Iterator

from tcpchat.model import events, names
from tcpchat.model.events import Event

MOST = 100
"""How many people one person can ignore, where nothing else is said."""

UNHEARD = (events.Said, events.Told, events.Invited, events.Tagged)
"""What of them is not shown: what they say, tell, and where they invite one. That they come and go is."""


class Ignored:
    """The people, by folded nick: how they were written, and their account, folded, if they have one."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._people: dict[str, tuple[str, str]] = {}

    def __iter__(self) -> Iterator[str]:
        return (nick for nick, _ in self._people.values())

    def __len__(self) -> int:
        return len(self._people)

    @property
    def full(self) -> bool:
        """Whether they are as many as one can ignore."""
        return len(self._people) >= self._most

    def add(self, nick: str, account: str = "") -> None:
        """Hear nothing more of somebody who is here."""
        self._people[names.fold(nick)] = (nick, names.fold(account))

    def remove(self, name: str) -> bool:
        """Hear them again, by nick or account; whether they were ignored."""
        folded = names.fold(name)
        found = [nick for nick, (_, account) in self._people.items() if folded in (nick, account)]
        for nick in found:
            del self._people[nick]
        return bool(found)

    def hides(self, event: Event) -> bool:
        """Whether it is not to be shown."""
        if not self._people or not isinstance(event, UNHEARD):
            return False
        if names.fold(event.by) in self._people:
            return True
        account = names.fold(event.account)
        return account != "" and any(account == one for _, one in self._people.values())

    def note(self, event: Event) -> None:
        """Who is called otherwise is still ignored."""
        if self._people and isinstance(event, events.Renamed) and names.fold(event.by) in self._people:
            _, account = self._people.pop(names.fold(event.by))
            self._people[names.fold(event.to)] = (event.to, account)


def described(ignored: Ignored) -> str:
    """All of them, in words."""
    return f"You do not hear: {', '.join(ignored)}." if len(ignored) else "You ignore nobody."


def too_many(ignored: Ignored) -> str:
    """Why nobody else can be ignored."""
    return f"You ignore {len(ignored)} people, as many as one can. /unignore NAME makes space."
