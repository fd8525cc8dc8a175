"""Beside the messages: which rooms there are and what is unread in them, and who is here."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.message import Message

from tcpchat.cli.screen.rows import Row, Rows
from tcpchat.cli.screen.wrapping import padded
from tcpchat.cli.show import label
from tcpchat.client.view import Conversation, View
from tcpchat.model.text import showable

MOST_COUNTED = 999


class Rooms(Rows):
    """All conversations; those that one is in are marked, and so is the one that one sees."""

    class Chosen(Message):
        """Somebody clicked on one."""

        def __init__(self, conversation: Conversation) -> None:
            super().__init__()
            self.conversation = conversation

    def __init__(self, view: View, id: str | None = None) -> None:
        super().__init__(id)
        self._view = view
        self._listed: Sequence[Conversation] = ()

    def look(self) -> Sequence[Row]:
        """See `Rows`."""
        self._listed = self._in_sight()
        return [self._row(one, self.size.width) for one in self._listed]

    def _in_sight(self) -> Sequence[Conversation]:
        """So many as there is room for, and among them the one that one sees."""
        every, height = list(self._view), self.size.height
        place = every.index(self._view.current) if self._view.current in every else 0
        first = max(0, min(place - height // 2, len(every) - height))
        return every[first : first + height]

    def _row(self, one: Conversation, columns: int) -> Row:
        here = one is self._view.current
        name = label(one.name)
        count = counted(one)
        room = columns - 2 - cell_len(count) - 1
        palette = self.palette
        colour = palette.text if here or one.unread else palette.dim
        named = Style(color=colour, bold=here or None)
        unread = Style(color=palette.accent if one.mentions else palette.text, bold=one.mentions > 0 or None)
        return [
            ("▸ " if here else "  ", Style(color=palette.accent)),
            (padded(name, room), named),
            (f"{count} ", unread),
        ]

    async def _on_click(self, event: events.Click) -> None:
        if event.y < len(self._listed):
            self.post_message(self.Chosen(self._listed[event.y]))


class People(Rows):
    """Who is here, and how many."""

    def __init__(self, view: View, id: str | None = None) -> None:
        super().__init__(id)
        self._view = view

    def look(self) -> Sequence[Row]:
        """See `Rows`."""
        people, room = self._sorted(), self.size.height - 1
        if not people:
            return []
        dim = Style(color=self.palette.dim)
        shown = people if len(people) <= room else people[: max(0, room - 1)]
        more = len(people) - len(shown)
        last = [[(f" and {more} more", dim)]] if more else []
        return [[(f" {len(people)} here", dim)], *map(self._row, shown), *last]

    def _sorted(self) -> list[str]:
        here = self._view.current
        return sorted(here.people.values(), key=str.casefold) if here is not None and here.is_room else []

    def _row(self, nick: str) -> Row:
        own = self._view.is_me(nick)
        look = Style(bold=True) if own else Style(color=self.palette.of(nick))
        return [(f" {padded(showable(nick), self.size.width - 2)}", look)]


def counted(one: Conversation) -> str:
    """``12``, or ``@1`` if it is for oneself."""
    count = one.mentions or one.unread
    number = str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"
    return f"{'@' * (one.mentions > 0)}{number}" if count else ""
