"""What an effect is."""

from collections.abc import Callable
from typing import Any

from tcpchat.chat.fanout import Fanout
from tcpchat.chat.state import State
from tcpchat.model.events import Aside, Event

Table = dict[type[Event], Callable[[State, Any, Fanout], None]]
"""Which effect an event has."""


def aside(event: Any) -> Aside:
    """An event, for those who hear more than others because they asked to."""
    return Aside(of=event, time=event.time)
