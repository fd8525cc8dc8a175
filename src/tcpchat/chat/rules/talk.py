"""Saying something, and reading what was said."""

from tcpchat.chat.rules.rule import Rule, Table, fitting, person, seat_in
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records, text
from tcpchat.model.commands import History, Say, Tell
from tcpchat.model.events import LOGGED, Said, Told, TopicSet
from tcpchat.model.replies import Page, Refused, Stored

MOST_KEY_CHARACTERS = 64
MOST_PAGE_CHARACTERS = 262_144


def say(state: State, user: User, wish: Say) -> Rule:
    """To everybody in a room one is in."""
    room = seat_in(state, user, wish.room)
    words = _worth_saying(state, wish)
    event = Said(room=room.name, by=user.nick, text=words, kind=wish.kind, origin=user.origin)
    stored = yield records.Append(event, wish.key)
    return Stored(number=stored.number, id=stored.id, time=stored.time)


def tell(state: State, user: User, wish: Tell) -> Rule:
    """To one person."""
    to = person(state, wish.to)
    words = _worth_saying(state, wish)
    event = Told(to=to.nick, by=user.nick, text=words, kind=wish.kind, origin=user.origin)
    stored = yield records.Append(event, wish.key)
    return Stored(number=stored.number, id=stored.id, time=stored.time, away=to.away)


def history(state: State, user: User, wish: History) -> Rule:
    """What was said in a room one is in. One more entry than wanted is read, to know whether there are more."""
    room = seat_in(state, user, wish.room)
    limit = max(1, min(wish.limit, state.config.limits.history_page))
    found: list[LOGGED] = yield records.Read(names.fold(room.name), limit + 1, wish.before, wish.after)
    page = _page(found, limit) if wish.after is not None else _page(found[::-1], limit)[::-1]
    return Page(room=room.name, events=page, more=len(page) < len(found))


def _page(found: list[LOGGED], limit: int) -> list[LOGGED]:
    """The first entries, as many as one answer may have; one at least."""
    page: list[LOGGED] = []
    size = 0
    for event in found[:limit]:
        size += len(event.topic if isinstance(event, TopicSet) else event.text)
        if page and size > MOST_PAGE_CHARACTERS:
            break
        page.append(event)
    return page


def _worth_saying(state: State, wish: Say | Tell) -> str:
    words = text.clean(wish.text)
    if not words.strip():
        raise Refused("no_text", "There is nothing to say in an empty message.")
    if len(wish.key) > MOST_KEY_CHARACTERS:
        raise Refused("too_long", f"A key has {MOST_KEY_CHARACTERS} characters at most.")
    return fitting("too_long", "A message", words, state.config.limits.text_bytes)


RULES: Table = {
    Say: say,
    Tell: tell,
    History: history,
}
