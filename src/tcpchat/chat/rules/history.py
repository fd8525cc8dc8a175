"""Reading what was said, and how far one has read."""

from collections.abc import Generator
from typing import Any

import msgspec

from tcpchat.chat.access import NOTHING, readable
from tcpchat.chat.rules.rule import Rule, Table, seat_in
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records
from tcpchat.model.commands import History, ListTalks, Point, SetMarker, ShowMarker
from tcpchat.model.events import LOGGED, MarkerSet, Told, TopicSet
from tcpchat.model.records import Document, Find, Get, Put, Read, log_of
from tcpchat.model.replies import Marker, Page, Refused, Talk, Talks

MOST_PAGE_CHARACTERS = 200_000
"""In one answer, about."""

LINE_CHARACTERS = 100
"""What a line costs besides its text."""

TAG_CHARACTERS = 4
"""What a character in a tag costs: they are escaped one by one."""

MARKERS = "markers"

END_OF_TIME = 253_402_300_800_000
"""The year 10000, in milliseconds since 1970: what comes then cannot be written any more."""

_Markers = dict[str, int]
_decode_markers = msgspec.json.Decoder(_Markers).decode
_encode_markers = msgspec.json.Encoder().encode


def history(state: State, user: User, wish: History) -> Rule:
    """What was said in a room one is in, or between oneself and somebody.

    One more entry than wanted is read, to know whether there are more.
    """
    name, log, first = readable_log(state, user, wish.room)
    limit = max(1, min(wish.limit, state.config.limits.history_page))
    if wish.around is not None:
        return (yield from _around(name, log, first, wish, limit))
    after = yield from _number(log, first, wish.after, 1)
    before = yield from _number(log, first, wish.before, 0)
    latest = wish.latest or after is None
    if after is not None and before is not None and after > before:  # from the later place to the earlier one
        after = yield from _number(log, first, wish.before, 1)
        before = yield from _number(log, first, wish.after, 0)
        latest = True
    after = max(first - 1, after or 0)
    found: list[LOGGED] = yield Read(log, limit + 1, before, after, latest, wish.said)
    page = page_of(found[::-1], limit)[::-1] if latest else page_of(found, limit)
    return Page(room=name, events=page, more=len(page) < len(found))


def list_talks(state: State, user: User, wish: ListTalks) -> Rule:
    """One's rooms and those one talked with, in which the latest was said in a span of time."""
    limit = max(1, min(wish.limit, state.config.limits.history_page))
    more = sum(user in room.first for room in user.rooms.values())
    found: list[LOGGED] = yield records.Latest(list(user.rooms), user.party, wish.after, wish.before, limit + more)
    mine = [event for event in found if event.number >= (readable(user, log_of(event)) or NOTHING)]
    mine = mine[:limit] if wish.after <= wish.before else mine[-limit:]
    return Talks(talks=[Talk(target=_target(user, event), time=event.time) for event in mine])


def set_marker(state: State, user: User, wish: SetMarker) -> Rule:
    """It only moves forward. All connections of an account have the same."""
    folded = names.fold(wish.target)
    if not 0 < wish.time < END_OF_TIME or len(wish.target) > names.ROOM_MOST_CHARACTERS:
        raise Refused("bad_marker", "That is no time, or no name.", about=wish.target)
    known = yield from _marker(user, folded)
    if wish.time <= known:
        return Marker(target=wish.target, time=known)
    if user.account:
        yield from _store_marker(state, user, folded, wish.time)
    yield records.Announce(user.signs(MarkerSet, target=wish.target, until=wish.time))
    return Marker(target=wish.target, time=wish.time)


def show_marker(state: State, user: User, wish: ShowMarker) -> Rule:
    """0 if nothing is known."""
    return Marker(target=wish.target, time=(yield from _marker(user, names.fold(wish.target))))


def readable_log(state: State, user: User, target: str) -> tuple[str, str, int]:
    """What is read is called, the log in which it is, and the number of the first entry that somebody may read.

    :raises Refused: if they are not in the room; the same words whether or not there is such a room.
    """
    if names.is_room(target):
        room = seat_in(state, user, target)
        return room.name, names.fold(room.name), readable(user, names.fold(room.name)) or NOTHING
    one = state.user(target)
    party = one.party if one is not None else records.party(target, "")
    return (one.nick if one is not None else target), records.conversation(user.party, party), 1


def _number(log: str, first: int, place: int | Point | None, beyond: int) -> Generator[records.Wish, Any, int | None]:
    """The number that is meant by a place; of a time that of the first entry from then on, or, beyond it, the last.

    :raises Refused: if there is no such message, or it is before the `first` that is theirs to read.
    """
    if place is None:
        return None
    if not isinstance(place, Point):
        return max(0, min(place, NOTHING))
    if not place.id:
        found: int = yield Find(log, time=max(0, min(place.time, END_OF_TIME)) + beyond)
        return found - beyond
    number: int | None = yield Find(log, place.id)
    if number is None or number < first:
        raise Refused("no_such_message", "There is no such message.", about=place.id)
    return number


def _around(name: str, log: str, first: int, wish: History, limit: int) -> Rule:
    middle = yield from _number(log, first, wish.around, 0)
    assert middle is not None
    after: list[LOGGED] = yield Read(log, limit - limit // 2, after=max(middle, first) - 1, said=wish.said)
    before: list[LOGGED] = []
    if limit > 1:
        before = yield Read(log, limit // 2, before=middle, after=first - 1, latest=True, said=wish.said)
    return Page(room=name, events=[*page_of(before[::-1], limit)[::-1], *page_of(after, limit)])


def page_of(found: list[LOGGED], limit: int) -> list[LOGGED]:
    """The first entries, as many as one answer may have; one at least."""
    page: list[LOGGED] = []
    size = 0
    for event in found[:limit]:
        size += _size(event)
        if page and size > MOST_PAGE_CHARACTERS:
            break
        page.append(event)
    return page


def _size(event: LOGGED) -> int:
    text = event.topic if isinstance(event, TopicSet) else getattr(event, "text", "")
    tags = sum(len(key) + len(value) for key, value in (getattr(event, "tags", None) or {}).items())
    return len(text) + TAG_CHARACTERS * tags + LINE_CHARACTERS * (1 + text.count("\n"))


def _target(user: User, event: LOGGED) -> str:
    """What an entry's log is called by one who takes part in it."""
    if isinstance(event, Told):
        return event.to if user.wrote(event) else event.by
    return getattr(event, "room", "")


def _marker(user: User, folded: str) -> Generator[records.Wish, Any, int]:
    if not user.account:
        return user.markers.get(folded, 0)
    document: Document = yield Get(MARKERS, names.fold(user.account))
    return _markers(document).get(folded, 0)


def _store_marker(state: State, user: User, folded: str, time: int) -> Generator[records.Wish, Any, None]:
    account, stored = names.fold(user.account), None
    while stored is None:
        document: Document = yield Get(MARKERS, account)
        markers = _markers(document)
        markers[folded] = max(markers.pop(folded, 0), time)
        while len(markers) > state.config.limits.markers:
            del markers[next(iter(markers))]
        stored = yield Put(MARKERS, account, _encode_markers(markers), document.revision)


def _markers(document: Document) -> _Markers:
    return _decode_markers(document.value) if document.value else {}


RULES: Table = {
    History: history,
    ListTalks: list_talks,
    SetMarker: set_marker,
    ShowMarker: show_marker,
}
