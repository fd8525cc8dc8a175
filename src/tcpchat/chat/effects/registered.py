"""What happens to rooms that belong to an account."""

from tcpchat.chat import registered
from tcpchat.chat.effects.effect import Table
from tcpchat.chat.fanout import Fanout
from tcpchat.chat.registered import Registration
from tcpchat.chat.state import State
from tcpchat.model import names
from tcpchat.model.events import RoomDropped, RoomKept


def room_kept(state: State, event: RoomKept, fanout: Fanout) -> None:
    """What is known is what was stored."""
    known = Registration(
        room=event.room,
        founder=event.founder,
        created=event.created,
        modes=event.modes,
        lists=event.lists,
        ranks=event.ranks,
        revision=event.revision,
    )
    registered.open_again(state, known)


def room_dropped(state: State, event: RoomDropped, fanout: Fanout) -> None:
    """It is nobody's any more."""
    registered.forget(state, names.fold(event.room))


EFFECTS: Table = {
    RoomKept: room_kept,
    RoomDropped: room_dropped,
}
