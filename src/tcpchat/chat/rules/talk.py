"""Saying something, to a room or to one person, and taking it back."""

import re
from collections.abc import Generator
from itertools import pairwise
from secrets import token_hex
from time import time
from typing import Any

from msgspec.structs import replace

from tcpchat.chat.access import readable
from tcpchat.chat.modes import SPEAKING
from tcpchat.chat.room import Room
from tcpchat.chat.rules.rule import Rule, Table, acquainted, check_voice, fitting, person, runs
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records, text
from tcpchat.model.commands import Redact, Say, Tag, Tell
from tcpchat.model.events import LOGGED, Redacted, Said, Tagged, Told
from tcpchat.model.replies import Done, Refused, Stored

MOST_KEY_CHARACTERS = 64
MOST_TAG_BYTES = 4_094
MOST_SEAMS = 1_000

KEPT = frozenset({"+draft/persist", "+persist"})
"""Tags with which clients ask that others who come later see it too."""

_ESCAPED = re.compile(r"[;\s\\]")

STATUSES = ("", "@", "+")


def say(state: State, user: User, wish: Say) -> Rule:
    """To everybody in a room, or to those in it who have a status."""
    room = _audience(state, user, wish.room, wish.status)
    words = _worth_saying(state, wish)
    if room.spoke:
        _check_pace(state, user, room)
    if "C" in room.modes and text.CTCP in words:
        raise Refused("cannot_speak", f"Nobody may send CTCP to {room.name}.", about=wish.room)
    event = Said(  # written out: `User.signs` would cost as much as all the rest
        room=room.name,
        by=user.nick,
        origin=user.origin,
        account=user.account,
        bot=user.bot,
        text=words,
        kind=wish.kind,
        status=wish.status,
        tags=wish.tags,
        seams=wish.seams,
    )
    stored = yield records.Append(event, wish.key, party=user.party if wish.key else "")
    return Stored(number=stored.number, id=stored.id, time=stored.time)


def tell(state: State, user: User, wish: Tell) -> Rule:
    """To one person."""
    to = person(state, wish.to)
    words = _worth_saying(state, wish)
    talk = records.conversation(user.party, to.party)
    event = user.signs(Told, to=to.nick, text=words, kind=wish.kind, talk=talk, tags=wish.tags, seams=wish.seams)
    stored = yield records.Append(event, wish.key, party=user.party if wish.key else "")
    return Stored(number=stored.number, id=stored.id, time=stored.time, to=to.nick, away=to.away)


def approaches(state: State, user: User, nick: str) -> bool:
    """Whether writing to somebody would be the first word to a stranger: one shares no room with them, and they have
    not written."""
    to = state.user(nick)
    return to is not None and not acquainted(user, to) and to.party not in user.writers


def tag(state: State, user: User, wish: Tag) -> Rule:
    """Where one could say something. It is passed on and forgotten, unless it asks to be kept."""
    _check_tags(wish.tags)
    if names.is_room(wish.to):
        room = _audience(state, user, wish.to, wish.status)
        target = {"room": room.name, "status": wish.status}
    else:
        to = person(state, wish.to)
        target = {"to": to.nick, "talk": records.conversation(user.party, to.party)}
    event = user.signs(Tagged, tags=wish.tags, **target)
    if KEPT.isdisjoint(wish.tags):
        yield records.Announce(replace(event, id=f"t-{token_hex(8)}"))
    else:
        yield records.Append(event)
    return Done()


def redact(state: State, user: User, wish: Redact) -> Rule:
    """One's own words, and those of others in a room that one is an operator of."""
    reason = fitting("too_long", "A reason", text.one_line(wish.reason), state.config.limits.reason_bytes)
    if names.is_room(wish.target):
        room = user.rooms.get(names.fold(wish.target))
        if room is None:
            raise Refused("no_access", f"You are not in {text.one_line(wish.target)[:80]}.", about=wish.target)
        logs = [status + names.fold(room.name) for status in STATUSES if not status or user in room.with_status(status)]
        check_voice(state, user, room)
        target = {"room": room.name}
    else:
        one = person(state, wish.target)
        room, logs = None, [records.conversation(user.party, one.party)]
        target = {"to": one.nick, "talk": logs[0]}
    found = yield from _entry(user, logs, wish.of)
    if not isinstance(found, Said | Told | Tagged) or found.redacted:
        raise Refused("no_such_message", "There is no such message.", about=(wish.target, wish.of))
    decides = room is not None and room.members and runs(state, user, room)
    if not (decides or user.wrote(found)):
        raise Refused("not_yours", "That is not your message.", about=(wish.target, wish.of))
    status = getattr(found, "status", "")
    yield records.Append(user.signs(Redacted, of=found.id, reason=reason, status=status, **target))
    return Done()


def _entry(user: User, logs: list[str], id: str) -> Generator[records.Wish, Any, LOGGED | None]:
    """The entry with an id in any of these logs, or None; what one may not read is not there."""
    for log in logs:
        number: int | None = yield records.Find(log, id)
        if number is not None:
            found: list[LOGGED] = yield records.Read(log, 1, after=number - 1)
            return found[0] if found and _is_there(user, log, found[0]) else None
    return None


def _is_there(user: User, log: str, event: LOGGED) -> bool:
    """What was said to a status is not read, so that its numbers say nothing: who may not read all knows their own."""
    if getattr(event, "status", ""):
        return readable(user, names.fold(log[1:])) == 1 or user.wrote(event)
    first = readable(user, log)
    return first is not None and event.number >= first


def _audience(state: State, user: User, name: str, status: str) -> Room:
    """The room, if one may speak to it.

    :raises Refused: otherwise; the same words whether or not there is such a room.
    """
    room = user.rooms.get(names.fold(name)) or _open_to_all(state, name)
    if room is None:
        raise Refused("not_in_room", f"You are not in {text.one_line(name)[:80]}. Join it first.", about=name)
    if status not in STATUSES:
        raise Refused("bad_status", f"A status is one of {' '.join(STATUSES[1:])}.")
    guarded = room.lists.get("b") or not SPEAKING.isdisjoint(room.modes)
    if guarded and user not in room.ranks and not runs(state, user, room):
        _check_speaker(user, room, name)
    return room


def _check_speaker(user: User, room: Room, name: str) -> None:
    if "m" in room.modes:
        raise Refused("cannot_speak", f"Only who has a voice speaks in {room.name}.", about=name)
    if "M" in room.modes and not user.account:
        raise Refused("need_account", f"Only who is logged in speaks in {room.name}.", about=name)
    if room.muted(user):
        raise Refused("cannot_speak", f"You may not speak in {room.name}.", about=name)


def _check_pace(state: State, user: User, room: Room) -> None:
    """Whoever has no rank in a slow room waits for their turn."""
    wait = room.wait(user, int(time() * 1_000))
    if wait and user not in room.ranks and not runs(state, user, room):
        seconds = -(-wait // 1_000)
        raise Refused("too_soon", f"{room.name} is slow: wait {seconds} s before you speak again.", about=room.name)


def _open_to_all(state: State, name: str) -> Room | None:
    """The room, if it lets those speak who are not in it."""
    room = state.room(name)
    return room if room is not None and room.members and "n" not in room.modes else None


def _worth_saying(state: State, wish: Say | Tell) -> str:
    words = text.clean(wish.text)
    if not words.strip():
        raise Refused("no_text", "There is nothing to say in an empty message.")
    if len(wish.key) > MOST_KEY_CHARACTERS:
        raise Refused("too_long", f"A key has {MOST_KEY_CHARACTERS} characters at most.")
    if wish.tags:
        _check_tags(wish.tags)
    if wish.seams and not _are_places(wish.seams, words):
        raise Refused("bad_seams", "Seams are places within the text, in their order.")
    return fitting("too_long", "A message", words, state.config.limits.text_bytes)


def _are_places(seams: tuple[int, ...], words: str) -> bool:
    return len(seams) <= MOST_SEAMS and all(low < high for low, high in pairwise([0, *seams, len(words)]))


def _check_tags(tags: dict[str, str]) -> None:
    if not all(text.is_client_tag(key) for key in tags):
        raise Refused("bad_tags", "A tag that clients send is called + and a name.")
    if not all(map(text.is_tag_value, tags.values())):
        raise Refused("bad_tags", "No tag has a control character in it.")
    if (
        sum(len(f"{key}={_escaped(value)};".encode("utf-8", "replace")) for key, value in tags.items())
        > MOST_TAG_BYTES + 1
    ):
        raise Refused("too_long", f"Tags have {MOST_TAG_BYTES} bytes at most.")


def _escaped(value: str) -> str:
    """As long as IRC writes it (IRCv3 message-tags, "Escaping values")."""
    return _ESCAPED.sub("  ", value)


RULES: Table = {
    Say: say,
    Tell: tell,
    Tag: tag,
    Redact: redact,
}
