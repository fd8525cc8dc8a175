"""What is said, and what becomes of it."""

from tcpchat.chat.effects.effect import Table
from tcpchat.chat.effects.quiet import announce
from tcpchat.chat.fanout import Fanout
from tcpchat.chat.modes import SLOW
from tcpchat.chat.room import Room
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records
from tcpchat.model.events import MarkerSet, Redacted, Said, Tagged, Told


def said(state: State, event: Said, fanout: Fanout) -> None:
    """The room hears it, or those in it who have the status it was said to."""
    room, user = state.room(event.room), state.user(event.by)
    if user is not None:
        user.heard = event.time
    if room is None:
        return
    if not event.status:
        room.number = event.number
    if SLOW in room.modes and user is not None:
        room.note_speaker(user, event.time)
    _to_room(room, event, user, fanout)


def told(state: State, event: Told, fanout: Fanout) -> None:
    """The one addressed hears it; the speaker hears it too where the encoding wants that."""
    by, to = state.user(event.by), state.user(event.to)
    if by is not None:
        by.heard = event.time
        if to is not None:
            to.hears_from(by.party)
    _to_both(event, by, to, fanout)


def tagged(state: State, event: Tagged, fanout: Fanout) -> None:
    """Like what is said."""
    by = state.user(event.by)
    if not event.room:
        _to_both(event, by, state.user(event.to), fanout)
    elif (room := state.room(event.room)) is not None:
        room.number = max(room.number, 0 if event.status else event.number)
        _to_room(room, event, by, fanout)


def redacted(state: State, event: Redacted, fanout: Fanout) -> None:
    """Those hear it who heard what was taken back."""
    by = state.user(event.by)
    if not event.room:
        _to_both(event, by, state.user(event.to), fanout)
    elif (room := state.room(event.room)) is not None:
        room.number = max(room.number, 0 if event.status else event.number)
        _to_room(room, event, by, fanout)


def marker_set(state: State, event: MarkerSet, fanout: Fanout) -> None:
    """All connections of the account hear it; who has none is remembered as long as they are here."""
    user = state.user(event.by)
    if event.account:
        fanout.to_users(list(state.logged_in(event.account)), event, user)
    elif user is not None:
        user.markers[names.fold(event.target)] = event.until
        while len(user.markers) > state.config.limits.markers:
            del user.markers[next(iter(user.markers))]
        fanout.to_user(user, event, user)


def _to_both(event: Told | Tagged | Redacted, by: User | None, to: User | None, fanout: Fanout) -> None:
    """A nick may have another owner by now, who is told nothing."""
    if by is not None and by is not to:
        fanout.to_user(by, event, by)
    if to is not None and _takes_part(to, event.talk):
        fanout.to_user(to, event, None)


def _takes_part(user: User, talk: str) -> bool:
    parties = records.parties(talk)
    return user.party in parties or records.party("", user.listener.person) in parties


def _to_room(room: Room, event: Said | Tagged | Redacted, by: User | None, fanout: Fanout) -> None:
    """Everybody in it hears it, or those with a status; and who said it, even from outside."""
    announce(room, by, event.time, fanout)
    if not event.status:
        fanout.in_room(room, event, by)
        if by is not None and by not in room.members:
            fanout.to_user(by, event, by)
        return
    hearers: dict[User, None] = dict.fromkeys(room.with_status(event.status))
    if by is not None:
        hearers[by] = None
    fanout.to_users(list(hearers), event, by)


EFFECTS: Table = {
    Said: said,
    Told: told,
    Tagged: tagged,
    Redacted: redacted,
    MarkerSet: marker_set,
}
