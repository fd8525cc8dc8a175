"""Beside the messages: which rooms there are and what is unread in them, and who is here."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tcpchat.cli.screen.drawing import strip
from tcpchat.cli.screen.palette import DARK, Palette
from tcpchat.cli.screen.wrapping import padded
from tcpchat.client.view import Conversation, View
from tcpchat.model.text import showable

MOST_COUNTED = 999


class Rooms(Widget):
    """All conversations; those that one is in are marked, and so is the one that one sees."""

    can_focus = False

    class Chosen(Message):
        """Somebody clicked on one."""

        def __init__(self, conversation: Conversation) -> None:
            super().__init__()
            self.conversation = conversation

    def __init__(self, view: View, id: str | None = None) -> None:
        super().__init__(id=id)
        self.palette: Palette = DARK
        self._view = view
        self._listed: Sequence[Conversation] = ()

    def render_line(self, y: int) -> Strip:
        """See `Widget`."""
        if y == 0:
            self._listed = self._in_sight()
        columns = self.size.width
        row = self._row(self._listed[y], columns) if y < len(self._listed) else []
        return strip(row, columns, self.content_region.x, self.rich_style)

    def _in_sight(self) -> Sequence[Conversation]:
        """So many as there is room for, and among them the one that one sees."""
        every, height = list(self._view), self.size.height
        place = every.index(self._view.current) if self._view.current in every else 0
        first = max(0, min(place - height // 2, len(every) - height))
        return every[first : first + height]

    def _row(self, one: Conversation, columns: int) -> list[tuple[str, Style]]:
        here = one is self._view.current
        name = showable(one.name if one.is_room else f"@{one.name}")
        count = counted(one)
        room = columns - 2 - cell_len(count) - 1
        ground, palette = self.rich_style, self.palette
        colour = palette.text if here or one.unread else palette.dim
        named = ground + Style(color=colour, bold=here or None)
        unread = ground + Style(color=palette.accent if one.mentions else palette.text, bold=one.mentions > 0 or None)
        return [
            ("▸ " if here else "  ", ground + Style(color=palette.accent)),
            (padded(name, room), named),
            (f"{count} ", unread),
        ]

    async def _on_click(self, event: events.Click) -> None:
        if event.y < len(self._listed):
            self.post_message(self.Chosen(self._listed[event.y]))


class People(Widget):
    """Who is here, and how many."""

    can_focus = False

    def __init__(self, view: View, id: str | None = None) -> None:
        super().__init__(id=id)
        self.palette: Palette = DARK
        self._view = view
        self._people: list[str] = []

    def render_line(self, y: int) -> Strip:
        """See `Widget`."""
        if y == 0:
            self._people = self._sorted()
        return strip(self._row(y), self.size.width, self.content_region.x, self.rich_style)

    def _sorted(self) -> list[str]:
        here = self._view.current
        return sorted(here.people.values(), key=str.casefold) if here is not None and here.is_room else []

    def _row(self, y: int) -> list[tuple[str, Style]]:
        people, columns, ground = self._people, self.size.width - 2, self.rich_style
        dim = ground + Style(color=self.palette.dim)
        room = self.size.height - 1
        if not people or y > len(people):
            return []
        if y == 0:
            return [(f" {len(people)} here", dim)]
        if y == room and len(people) > room:
            return [(f" and {len(people) - room + 1} more", dim)]
        nick = showable(people[y - 1])
        own = self._view.is_me(people[y - 1])
        return [(f" {padded(nick, columns)}", ground + Style(color=self.palette.of(nick), bold=own or None))]


def counted(one: Conversation) -> str:
    """``12``, or ``@1`` if it is for oneself."""
    count = one.mentions or one.unread
    number = str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"
    return f"{'@' * (one.mentions > 0)}{number}" if count else ""
