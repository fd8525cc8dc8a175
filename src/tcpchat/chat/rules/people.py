"""Coming, going, what one is called, and who is here."""

from collections.abc import Callable, Generator, Iterable
from time import time
from typing import Any

from tcpchat.chat import masks, modes
from tcpchat.chat.rights import SEES
from tcpchat.chat.rules import bans, owners
from tcpchat.chat.rules.passwords import is_right
from tcpchat.chat.rules.rule import Rule, Table, about, acquainted, check_voices, fitting, hidden, silenced
from tcpchat.chat.rules.rule import person as person_called
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import names, records, text
from tcpchat.model.commands import (
    Away,
    CheckNick,
    Enter,
    ListPeople,
    ListWatched,
    ModeChange,
    Ping,
    Pong,
    Quit,
    Regain,
    Rename,
    SetName,
    SetOwnModes,
    ShowNames,
    Unwatch,
    Watch,
    Whois,
    Whowas,
)
from tcpchat.model.events import Arrived, Gone, NameSet, OwnModesSet, Renamed, WatchChanged, WentAway
from tcpchat.model.replies import (
    Done,
    Names,
    OwnModes,
    People,
    PongReply,
    Problem,
    Refused,
    Watched,
    Welcome,
    WhoisReply,
    WhowasReply,
)
from tcpchat.version import VERSION

MOST_NAME_CHARACTERS = 120

AT_ONCE = 500
"""People who are looked at before others have their turn."""

MOST_NICKS = 100
"""How many people can be asked about at once."""


def enter(state: State, listener: Listener, wish: Enter) -> Rule:
    """Take a nick, and with it a place among the people. A token frees the nick from the link that was lost."""
    names.nick(wish.nick)
    if state.config.password and not (yield from is_right("server", wish.password, state.config.password)):
        listener.close("The password of this server is another one.")
        why = (
            "This server asks for a password, and that is not it."
            if wish.password
            else "This server asks for a password."
        )
        raise Refused("wrong_password", why)
    owners.check(state, listener.account, wish.nick)
    origin = f"{_user_name(wish.user)}@{listener.host}"
    bans.check(state, listener, wish.nick, origin)
    person = state.person(wish.resume) if wish.resume else ""
    ghost = state.persons.get(person)
    if ghost is not None and ghost is not listener and ghost.user is not None:
        if ghost.account and names.fold(ghost.account) != names.fold(listener.account):
            person = ""  # who is logged in is not taken over by one who is not
        else:
            yield from owners.ended(ghost.user, owners.ELSEWHERE)
    yield from owners.cleared(state, listener, wish.nick)
    owners.check(state, listener.account, wish.nick)
    bans.check(state, listener, wish.nick, origin)
    name = text.one_line(wish.name)[:MOST_NAME_CHARACTERS] or wish.nick
    arrival = Arrived(by=wish.nick, session=listener.session, person=person, origin=origin, name=name)
    if (yield records.take_nick(wish.nick, listener.session, arrival)) is None:
        raise _taken(state, wish.nick)
    bans.check(state, listener, wish.nick, origin)  # one may have come meanwhile
    return Welcome(
        nick=wish.nick,
        server=state.config.name,
        version=VERSION,
        token=state.token(listener.person),
        log=state.log,
        latest=state.last_id or f"{state.log}-0",
        people=len(state.users),
        rooms=len(state.rooms),
        motd=state.config.motd,
        origin=origin,
        account=listener.account,
    )


def check_nick(state: State, listener: Listener, wish: CheckNick) -> Rule:
    """It can be had now; it is only kept for who comes in."""
    names.nick(wish.nick)
    owners.check(state, listener.account, wish.nick)
    bearer = state.alike(wish.nick)
    if bearer is not None and not owners.gives_way(state, listener, bearer, wish.nick):
        raise _taken(state, wish.nick)
    return Done()
    yield


def rename(state: State, user: User, wish: Rename) -> Rule:
    """Another nick, or the same in another spelling."""
    names.nick(wish.nick)
    if wish.nick == user.nick:
        return Done()
    _check_name(state, user, wish.nick)
    yield from owners.cleared(state, user.listener, wish.nick)
    _check_name(state, user, wish.nick)
    if (yield records.take_nick(wish.nick, user.listener.session, user.signs(Renamed, to=wish.nick))) is None:
        raise _taken(state, wish.nick)
    bans.check(state, user.listener, user.nick, user.origin)  # one may have come meanwhile
    return Done()


def regain(state: State, user: User, wish: Regain) -> Rule:
    """For who came in under another name, because the own one was taken, perhaps by their own link that is lost."""
    nick = user.account
    if not nick:
        raise Refused("not_logged_in", "Log in first: what is to be regained is the name of your account.")
    bearer = state.alike(nick)
    if bearer is not None and bearer is not user:
        _check_name(state, user, nick)
        yield from owners.ended(bearer, owners.ELSEWHERE if owners.same(bearer.account, nick) else owners.NOT_YOURS)
    return (yield from rename(state, user, Rename(nick=nick)))


def set_name(state: State, user: User, wish: SetName) -> Rule:
    """Another name beside the nick."""
    name = text.one_line(wish.name)
    if not name or len(name) > MOST_NAME_CHARACTERS:
        raise Refused("bad_name", f"A name has between 1 and {MOST_NAME_CHARACTERS} characters.")
    check_voices(state, user)
    if name != user.name:
        yield records.Announce(user.signs(NameSet, name=name))
    return Done()


def quit_server(state: State, user: User, wish: Quit) -> Rule:
    """Everything the user held is given up, and those who shared a room hear why. Nobody is kept by a long farewell."""
    reason = text.cut(text.one_line(wish.reason), state.config.limits.reason_bytes)[0]
    if any(silenced(state, user, room) for room in user.rooms.values()):
        reason = ""
    yield records.Release(user.listener.session, user.signs(Gone, reason=reason))
    return Done()


def away(state: State, user: User, wish: Away) -> Rule:
    """Say so, or take it back."""
    reason = fitting("too_long", "An away text", text.one_line(wish.text), state.config.limits.reason_bytes)
    if reason:
        check_voices(state, user)
    if reason != user.away:
        yield records.Announce(user.signs(WentAway, text=reason))
    return Done()


def set_own_modes(state: State, user: User, wish: SetOwnModes) -> Rule:
    """Be something else. Nobody makes themselves an operator, but who is one may give it up."""
    unknown = [
        Problem(code="unknown_mode", text=f"There is no mode {change.mode}.", about=[change.mode])
        for change in wish.changes
        if change.mode not in modes.OWN
    ]
    now, changes = set(user.modes), []
    for change in wish.changes:
        mode, on = change.mode, change.sign == "+"
        if mode in modes.OWN and on is not (mode in now) and not (mode == "o" and on):
            (now.add if on else now.discard)(mode)
            changes.append(ModeChange(change.sign, mode))
    if changes:
        yield records.Announce(user.signs(OwnModesSet, changes=changes))
    return OwnModes(modes="".join(sorted(user.modes)), problems=unknown[:MOST_NICKS])


def list_people(state: State, user: User, wish: ListPeople) -> Rule:
    """Those in a room; those of some nicks who are here; those whom a mask fits; without any, all who are here.

    Who is invisible is found by those who share a room, or know the nick.
    """
    now = _now()
    if wish.nicks:
        found: Iterable[User | None] = map(state.user, dict.fromkeys(wish.nicks[:MOST_NICKS]))
        return People(room="", people=[about(one, now=now) for one in found if one is not None])
    if wish.room:
        return _people_in(state, user, wish, now)
    by_name = state.user(wish.mask) if wish.mask else None
    people = [by_name] if by_name is not None else (yield from _found(state, user, wish.mask))
    return People(room="", people=[about(one, now=now) for one in people if one.operator or not wish.operators])


def _found(state: State, user: User, mask: str) -> Generator[records.Wish, Any, list[User]]:
    """Those whom a mask fits; an empty one fits all. Others have their turn meanwhile: people may come and go."""
    people, found = list(state.users.values()), []
    fits = masks.fitting(mask) if mask else None
    for start in range(0, len(people), AT_ONCE):
        if start:
            yield records.nothing(user.listener.session)
        for one in people[start : start + AT_ONCE]:
            if (not one.invisible or acquainted(one, user)) and (fits is None or _fits(fits, one)):
                found.append(one)
    return [one for one in found if state.user(one.nick) is one]


def show_names(state: State, user: User, wish: ShowNames) -> Rule:
    """From inside, those of whom the others know, and oneself; from outside, of these who is not invisible."""
    room = state.room(wish.room)
    if room is None or hidden(room, user):
        return Names(room=wish.room, names=())
    names, own = room.roster.names, ""
    if user not in room.members:
        names = tuple(room.shown(one) for one in room.members if one not in room.quiet and not one.invisible)
    elif user in room.quiet:
        own = room.shown(user)
    return Names(room=room.name, names=names, own=own, secret="s" in room.modes)
    yield


def whois(state: State, user: User, wish: Whois) -> Rule:
    """About one person, with the rooms that are the asker's business."""
    one = person_called(state, wish.nick)
    rooms = [room for room in one.rooms.values() if not hidden(room, user)]
    if one.invisible:
        rooms = [room for room in rooms if one is user or user in room.members]
    about_it = about(one, now=_now())
    return WhoisReply(
        person=about_it,
        rooms=[room.name for room in rooms],
        ranks={room.name: room.shown_rank(one) for room in rooms if one in room.ranks},
        since=one.since // 1_000,
        idle=about_it.idle,
        encrypted=one.listener.encrypted,
        address=one.listener.address if one is user or SEES in user.rights else "",
    )
    yield


def whowas(state: State, user: User, wish: Whowas) -> Rule:
    """Who had the nick, as far as it is remembered."""
    folded = names.fold(wish.nick)
    found = [was for was in reversed(state.was) if names.fold(was.nick) == folded]
    return WhowasReply(nick=wish.nick, found=found[: wish.count] if wish.count > 0 else found)
    yield


def watch(state: State, user: User, wish: Watch) -> Rule:
    """As many as one may; of those who are too many, the first is named."""
    wanted = [nick for nick in wish.nicks if 0 < len(nick) <= names.NICK_MOST_CHARACTERS]
    new = {names.fold(nick): nick for nick in wanted if names.fold(nick) not in user.watching}
    room = state.config.limits.watched - len(user.watching)
    watched, too_many = list(new.values())[:room], list(new.values())[room:]
    if watched:
        yield records.Announce(user.signs(WatchChanged, watched=watched))
    if too_many and not watched:
        raise Refused(
            "watch_full",
            "You watch as many people as one can watch.",
            about=(str(state.config.limits.watched), ",".join(too_many)),
        )
    reply = _watched(state, dict.fromkeys(nick for nick in wanted if names.fold(nick) in user.watching))
    return Watched(here=reply.here, missing=reply.missing, too_many=too_many)


def unwatch(state: State, user: User, wish: Unwatch) -> Rule:
    """Be told of them no more."""
    nicks = list(user.watching) if wish.everybody else wish.nicks
    if nicks:
        yield records.Announce(user.signs(WatchChanged, unwatched=nicks))
    return Done()


def list_watched(state: State, user: User, wish: ListWatched) -> Rule:
    """All of them."""
    return _watched(state, user.watching.values())
    yield


def ping(state: State, user: User, wish: Ping) -> Rule:
    """By now everything the asker asked before has taken effect."""
    return PongReply(token=wish.token)
    yield


def pong(state: State, user: User, wish: Pong) -> Rule:
    """Any word keeps a connection alive; this one needs no more."""
    return Done()
    yield


def quit_at_the_door(state: State, listener: Listener, wish: Quit) -> Rule:
    """Nobody knew them."""
    return Done()
    yield


def _check_name(state: State, user: User, nick: str) -> None:
    """Whether somebody may be called so from now on.

    :raises Refused: if not.
    """
    owners.check(state, user.account, nick)
    bans.check_name(state, user, nick)
    _check_in_rooms(state, user, nick)


def _check_in_rooms(state: State, user: User, nick: str) -> None:
    """Who is banned or muted in a room does not become somebody else there, nor somebody who is.

    :raises Refused: otherwise.
    """
    for room in user.rooms.values():
        if silenced(state, user, room) or silenced(state, user, room, nick):
            why = f"You are in {room.name}, and one of these names is banned there. Leave it first."
            raise Refused("banned_in_room", why, about=(nick, room.name))


def _people_in(state: State, user: User, wish: ListPeople, now: int) -> People:
    room = state.room(wish.room)
    if room is None or hidden(room, user):
        return People(room=wish.room, people=[])
    inside = user in room.members
    seen = [one for one in room.members if inside or not one.invisible]
    return People(
        room=room.name,
        people=[about(one, room, now) for one in seen if one.operator or not wish.operators],
        secret="s" in room.modes,
    )


def _fits(fits: Callable[[str], bool], one: User) -> bool:
    """Whether a mask fits any of what people are looked for by."""
    user, _, host = one.origin.partition("@")
    return any(fits(name) for name in (one.nick, f"{one.nick}!{one.origin}", host, one.name, user))


def _watched(state: State, nicks: Iterable[str]) -> Watched:
    found = {nick: state.user(nick) for nick in nicks}
    return Watched(
        here=[about(one) for one in found.values() if one is not None],
        missing=[nick for nick, one in found.items() if one is None],
    )


def _taken(state: State, nick: str) -> Refused:
    suggestion, other = state.free_nick(nick), state.alike(nick)
    why = f"The name {nick} is taken."
    if other is not None and names.fold(other.nick) != names.fold(nick):
        why = f"The name {nick} looks like {other.nick}, who is here."
    return Refused("nick_taken", f"{why} Try {suggestion}.", suggestion=suggestion, about=nick)


def _user_name(wanted: str) -> str:
    """A user name that can stand in ``nick!user@host``."""
    kept = "".join(c for c in wanted if c.isascii() and (c.isalnum() or c in "-_."))[:12]
    return kept or "user"


def _now() -> int:
    return int(time() * 1_000)


RULES: Table = {
    Rename: rename,
    Regain: regain,
    SetName: set_name,
    Quit: quit_server,
    Away: away,
    SetOwnModes: set_own_modes,
    ListPeople: list_people,
    ShowNames: show_names,
    Whois: whois,
    Whowas: whowas,
    Watch: watch,
    Unwatch: unwatch,
    ListWatched: list_watched,
    Ping: ping,
    Pong: pong,
}

AT_THE_DOOR: Table = {
    Enter: enter,
    CheckNick: check_nick,
    Ping: ping,
    Pong: pong,
    Quit: quit_at_the_door,
}
"""For those who have no nick yet."""
