"""Coming, going, and being called something."""

from time import time

from tcpchat.chat.rules.rule import Rule, Table, fitting, person
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import names, records, text
from tcpchat.model.commands import Away, Enter, ListPeople, Ping, Pong, Quit, Rename, Whois
from tcpchat.model.events import Arrived, Gone, Renamed, WentAway
from tcpchat.model.replies import Done, People, Person, PongReply, Refused, Welcome, WhoisReply
from tcpchat.version import VERSION

MOST_NAME_CHARACTERS = 120

MOST_NICKS = 100
"""How many people can be asked about at once."""


def enter(state: State, listener: Listener, wish: Enter) -> Rule:
    """Take a nick, and with it a place among the people. A token frees the nick from the link that was lost."""
    folded = names.nick(wish.nick)
    ghost = state.tokens.get(wish.resume)
    if ghost is not None and ghost is not listener and ghost.user is not None:
        ghost.close("resumed elsewhere")
        yield records.nothing(ghost.session)  # its own last wish may still be on its way
        yield records.Release(
            ghost.session, Gone(by=ghost.user.nick, reason="resumed elsewhere", origin=ghost.user.origin)
        )
    origin = f"{_user_name(wish.user)}@{listener.host}"
    name = text.one_line(wish.name)[:MOST_NAME_CHARACTERS] or wish.nick
    arrival = Arrived(by=wish.nick, session=listener.session, origin=origin, name=name)
    if (yield records.Hold(records.nick(folded), listener.session, arrival)) is None:
        raise _taken(state, wish.nick)
    return Welcome(
        nick=wish.nick,
        server=state.config.name,
        version=VERSION,
        token=listener.token,
        log=state.log,
        people=len(state.users),
        rooms=len(state.rooms),
        motd=state.config.motd,
    )


def rename(state: State, user: User, wish: Rename) -> Rule:
    """Another nick, or the same in another spelling."""
    folded, before = names.nick(wish.nick), names.fold(user.nick)
    if wish.nick == user.nick:
        return Done()
    session = user.listener.session
    event = Renamed(by=user.nick, to=wish.nick, origin=user.origin)
    if (yield records.Hold(records.nick(folded), session, event)) is None:
        raise _taken(state, wish.nick)
    if folded != before:
        yield records.Drop(records.nick(before), session)
    return Done()


def quit_server(state: State, user: User, wish: Quit) -> Rule:
    """Everything the user held is given up, and those who shared a room hear why. Nobody is kept by a long farewell."""
    reason = text.cut(text.one_line(wish.reason), state.config.limits.reason_bytes)[0]
    session = user.listener.session
    yield records.Release(session, Gone(by=user.nick, reason=reason, origin=user.origin))
    return Done()


def away(state: State, user: User, wish: Away) -> Rule:
    """Say so, or take it back."""
    reason = fitting("too_long", "An away text", text.one_line(wish.text), state.config.limits.reason_bytes)
    event = WentAway(by=user.nick, text=reason, origin=user.origin)
    yield records.Hold(records.nick(names.fold(user.nick)), user.listener.session, event)
    return Done()


def list_people(state: State, user: User, wish: ListPeople) -> Rule:
    """Those in a room; those of some nicks who are here; without either, all who are here."""
    if wish.nicks:
        found = map(state.user, dict.fromkeys(wish.nicks[:MOST_NICKS]))
        return People(room="", people=[about(one) for one in found if one is not None])
    if not wish.room:
        return People(room="", people=[about(one) for one in state.users.values()])
    room = state.room(wish.room)
    return People(room=wish.room, people=[about(one) for one in room.members] if room else [])
    yield


def whois(state: State, user: User, wish: Whois) -> Rule:
    """About one person, with the rooms they share with the asker."""
    one = person(state, wish.nick)
    shared = [room.name for folded, room in one.rooms.items() if one is user or folded in user.rooms]
    idle = max(0, int(time()) - one.heard // 1000)
    return WhoisReply(person=about(one), rooms=shared, since=one.since // 1000, idle=idle)
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


def about(user: User) -> Person:
    """What others may know."""
    return Person(nick=user.nick, origin=user.origin, name=user.name, away=user.away)


def _taken(state: State, nick: str) -> Refused:
    suggestion = state.free_nick(nick)
    return Refused("nick_taken", f"The name {nick} is taken. Try {suggestion}.", suggestion=suggestion, about=nick)


def _user_name(wanted: str) -> str:
    """A user name that can stand in ``nick!user@host``."""
    kept = "".join(c for c in wanted if c.isascii() and (c.isalnum() or c in "-_."))[:12]
    return kept or "user"


RULES: Table = {
    Rename: rename,
    Quit: quit_server,
    Away: away,
    ListPeople: list_people,
    Whois: whois,
    Ping: ping,
    Pong: pong,
}

AT_THE_DOOR: Table = {
    Enter: enter,
    Ping: ping,
    Pong: pong,
    Quit: quit_at_the_door,
}
"""For those who have no nick yet."""
