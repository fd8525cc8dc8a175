"""What a face that prints line after line prints: where the day changes, what is new, what is for oneself."""

import time
from collections.abc import Callable, Iterable

from tcpchat.cli.show import Line, Place, day_of, event_lines, label, new_rule, notice, rule
from tcpchat.client.view import Conversation, View
from tcpchat.model.events import Event, Said, Told

BELL = "\a"


class Transcript:
    """One for each face: it knows what was printed last.

    Where every line names its room, all rooms are printed; elsewhere the current one, and what is told to oneself.
    """

    def __init__(self, *, names_rooms: bool) -> None:
        self._names_rooms = names_rooms
        self._day = ""
        self._headed = ""
        """The conversation of which lines were printed last."""
        self._own: set[str] = set()
        """What one said in rooms at which one has not looked since, and was printed where one looked."""

    def happened(self, view: View, event: Event, where: list[Conversation]) -> list[Line]:
        """What is printed when it happens. What is printed of another conversation is not printed again there.

        What one said oneself is printed in any case: so one sees that it is stored, wherever one looks by then.
        """
        own = isinstance(event, Said) and view.is_me(event.by) and view.current not in where
        if not (self._names_rooms or own or isinstance(event, Told) or not where or view.current in where):
            return []
        if own and not self._names_rooms:
            self._own.add(event.id)
        elif self._names_rooms or isinstance(event, Told):
            for conversation in where:
                _printed(conversation, view)
        return self._item(view, event, where, named=own)

    def opened(self, view: View, conversation: Conversation, items: list[Event], told: Iterable[Line]) -> list[Line]:
        """What is printed when one comes into a room, or looks at another conversation."""
        lines = self._heading(conversation)
        for item in items:
            if item.id in self._own:
                self._own.remove(item.id)
                continue
            if item is conversation.new:
                lines.append(new_rule(view.new_in(conversation)))
            lines += self._item(view, item, [conversation])
        return [*lines, *told]

    def _heading(self, conversation: Conversation) -> list[Line]:
        """Only where something else stands above."""
        before, self._headed = self._headed, conversation.name
        if not before:
            return []
        name = label(conversation.name)
        return notice(f"What you type goes to {name}.") if self._names_rooms else [rule(name, "heading")]

    def _item(self, view: View, event: Event, where: list[Conversation], *, named: bool = False) -> list[Line]:
        room = where[0].name if (named or self._names_rooms) and where and where[0].is_room else ""
        called = view.calls(event) and not (isinstance(event, Told) and view.current in where)
        lines = event_lines(event, view.me, Place(room, day=False, mention=called))
        return [*self._new_day(event), *lines] if lines else []

    def _new_day(self, event: Event) -> list[Line]:
        """Today needs no line at the start."""
        day = day_of(event.time) if event.time else self._day
        before, self._day = self._day, day
        if day == before or (not before and day == day_of(_now())):
            return []
        return [rule(day, "day")]


def _printed(conversation: Conversation, view: View) -> None:
    conversation.shown()
    if conversation is not view.current:
        conversation.new = None


def rings(view: View, event: Event, bell: str) -> bool:
    """Whether the bell rings: ``off``, for what is meant for oneself (``mentions``), or for ``all`` that others say."""
    return _RINGS[bell](view, event)


def _now() -> int:
    return int(time.time() * 1000)


_RINGS: dict[str, Callable[[View, Event], bool]] = {
    "off": lambda view, event: False,
    "mentions": lambda view, event: view.calls(event),
    "all": lambda view, event: view.is_speech(event),
}
