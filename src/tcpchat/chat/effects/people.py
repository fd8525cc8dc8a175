"""What happens to people: they come and go, and are called, or are, something else."""

from tcpchat.chat.effects.effect import Table, aside
from tcpchat.chat.effects.quiet import announce, known_in, someone_left
from tcpchat.chat.fanout import Fanout
from tcpchat.chat.leavings import Leaving
from tcpchat.chat.state import State
from tcpchat.chat.user import NONE, User, place_of
from tcpchat.model import names
from tcpchat.model.events import (
    AccountSet,
    Arrived,
    Audited,
    Event,
    Gone,
    HostChanged,
    Killed,
    LoggedIn,
    NameSet,
    Noticed,
    OwnModesSet,
    Renamed,
    Walloped,
    WatchChanged,
    WentAway,
)
from tcpchat.model.replies import Was


def arrived(state: State, event: Arrived, fanout: Fanout) -> None:
    """The connection has a name now."""
    listener = state.listeners.get(event.session)
    if listener is None:
        return
    if event.person:
        if state.persons.get(listener.person) is listener:
            del state.persons[listener.person]
        listener.person = event.person
        state.persons[event.person] = listener
    user = listener.user = User(event.by, listener, event.origin, event.name, event.time, place_of(state.last_id))
    state.sessions[event.session] = user
    state.admit(user)
    state.most_users = max(state.most_users, len(state.users))
    _has_account(state, user, listener.account)
    _notice(state, user, fanout, here=True)


def logged_in(state: State, event: LoggedIn, fanout: Fanout) -> None:
    """The connection belongs to the account from now on, or to none; those who share a room hear it.

    Not if the account was suspended or dropped since the rule looked.
    """
    listener = state.listeners.get(event.session)
    if listener is None or (event.account and state.registry.bars(event.account, event.time)):
        return
    listener.account = event.account
    user = listener.user
    if user is not None and user.account != event.account:
        _has_account(state, user, event.account)
        _tell_acquaintances(state, user, event, fanout)


def account_set(state: State, event: AccountSet, fanout: Fanout) -> None:
    """Nobody hears it."""
    state.registry.note(event)


def renamed(state: State, event: Renamed, fanout: Fanout) -> None:
    """Everybody who shares a room hears it, and so does the one renamed."""
    user = state.dismiss(event.by)
    if user is None:
        return
    for room in user.rooms.values():
        announce(room, user, event.time, fanout)
    _tell_room_mates(user, event, fanout)
    other = names.fold(event.to) != names.fold(event.by)
    if other:
        _was(state, user, event.time)
        _notice(state, user, fanout, here=False)
    user.call(event.to, place_of(state.last_id))
    _is_shown_otherwise(user)
    state.admit(user)
    if other:
        _notice(state, user, fanout, here=True)


def name_set(state: State, event: NameSet, fanout: Fanout) -> None:
    """Those who share a room hear it, and so does the one it is about."""
    user = state.user(event.by)
    if user is not None:
        user.name = event.name
        _tell_acquaintances(state, user, event, fanout)


def host_changed(state: State, event: HostChanged, fanout: Fanout) -> None:
    """Those who share a room hear it, and so does the one it is about."""
    user = state.user(event.by)
    if user is not None:
        user.origin = f"{event.user}@{event.host}"
        _is_shown_otherwise(user)
        _tell_acquaintances(state, user, event, fanout)


def went_away(state: State, event: WentAway, fanout: Fanout) -> None:
    """Kept for those who ask; those who share a room hear it."""
    user = state.user(event.by)
    if user is not None:
        user.away = event.text
        _tell_acquaintances(state, user, event, fanout)


def own_modes_set(state: State, event: OwnModesSet, fanout: Fanout) -> None:
    """They alone hear it."""
    user = state.user(event.by)
    if user is not None:
        for change in event.changes:
            _be(state, user, change.mode, on=change.sign == "+")
        if user.operator and event.operator:
            user.office, user.rights = event.operator, frozenset(event.rights)
        fanout.to_user(user, event, user)


def killed(state: State, event: Killed, fanout: Fanout) -> None:
    """They alone hear it."""
    user = state.user(event.nick)
    if user is not None:
        fanout.to_user(user, event, None)


def gone(state: State, event: Gone, fanout: Fanout) -> None:
    """Out of every room; those who knew of them hear it once. Who is gone is told nothing more: many go at once."""
    user = state.dismiss(event.by)
    if user is None:
        return
    state.sessions.pop(user.listener.session, None)
    known = known_in(user)
    for folded, room in user.rooms.items():
        state.leavings.remember(folded, user.remembered_as, Leaving(room.number, event.time))
        room.leave(user)
    fanout.in_rooms(known.values(), event, user)
    for folded, room in user.rooms.items():
        someone_left(state, room, event.time, fanout)
        state.tidy(folded)
    user.rooms.clear()
    for mode in user.modes:
        _be(state, user, mode, on=False)
    _has_account(state, user, "")
    _watch(state, user, [], list(user.watching))
    _was(state, user, event.time)
    _notice(state, user, fanout, here=False)


def watch_changed(state: State, event: WatchChanged, fanout: Fanout) -> None:
    """Nobody hears it."""
    user = state.user(event.by)
    if user is not None:
        _watch(state, user, event.watched, event.unwatched)


def walloped(state: State, event: Walloped, fanout: Fanout) -> None:
    """All operators hear it, its speaker too."""
    fanout.to_users(list(state.operators), event, state.user(event.by))


def audited(state: State, event: Audited, fanout: Fanout) -> None:
    """It is in the log, and nobody hears it."""


def _be(state: State, user: User, mode: str, *, on: bool) -> None:
    if on is (mode in user.modes):
        return
    user.modes = user.modes + mode if on else user.modes.replace(mode, "")
    if mode == "i":
        state.invisible += 1 if on else -1
    elif mode == "o" and on:
        state.operators[user] = None
    elif mode == "o":
        state.operators.pop(user, None)
        user.office, user.rights = "", NONE


def _has_account(state: State, user: User, account: str) -> None:
    others = state.accounts.get(names.fold(user.account), {})
    others.pop(user, None)
    if user.account and not others:
        state.accounts.pop(names.fold(user.account), None)
    user.account = account
    if account:
        user.accounts |= {names.fold(account)}
        state.accounts.setdefault(names.fold(account), {})[user] = None


def _watch(state: State, user: User, watched: list[str], unwatched: list[str]) -> None:
    for folded in map(names.fold, unwatched):
        user.watching.pop(folded, None)
        watchers = state.watchers.get(folded, {})
        watchers.pop(user, None)
        if not watchers:
            state.watchers.pop(folded, None)
    for nick in watched:
        if len(user.watching) < state.config.limits.watched:
            user.watching[names.fold(nick)] = nick
            state.watchers.setdefault(names.fold(nick), {})[user] = None


def _notice(state: State, user: User, fanout: Fanout, *, here: bool) -> None:
    """Those who watch somebody are told that they came, or went."""
    for watcher in state.watchers.get(names.fold(user.nick), ()):
        fanout.to_user(watcher, Noticed(to=watcher.nick, by=user.nick, origin=user.origin, here=here), None)


def _is_shown_otherwise(user: User) -> None:
    for room in user.rooms.values():
        room.changed()


def _was(state: State, user: User, until: int) -> None:
    state.was.append(Was(nick=user.nick, origin=user.origin, name=user.name, until=until, account=user.account))


def _tell_room_mates(user: User, event: Event, fanout: Fanout) -> None:
    """Those who share a room with somebody and know of them hear it, and so do they themselves."""
    if known := known_in(user):
        fanout.in_rooms(known.values(), event, user)
    else:
        fanout.to_user(user, event, user)


def _tell_acquaintances(state: State, user: User, event: Event, fanout: Fanout) -> None:
    """Those who share a room hear of somebody, and those who watch them and asked for it."""
    _tell_room_mates(user, event, fanout)
    watchers = state.watchers.get(names.fold(user.nick))
    if watchers:
        known = known_in(user)
        others = [one for one in watchers if one is not user and known.keys().isdisjoint(one.rooms)]
        fanout.to_users(others, aside(event), None)


EFFECTS: Table = {
    Arrived: arrived,
    LoggedIn: logged_in,
    AccountSet: account_set,
    Renamed: renamed,
    NameSet: name_set,
    HostChanged: host_changed,
    WentAway: went_away,
    OwnModesSet: own_modes_set,
    Killed: killed,
    Gone: gone,
    WatchChanged: watch_changed,
    Walloped: walloped,
    Audited: audited,
}
