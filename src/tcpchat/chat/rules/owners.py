"""Whose nick it is: a name that belongs to an account is borne by those who are logged in to it, and by nobody else."""

from collections.abc import Generator
from typing import Any

from tcpchat.chat.rules.rule import Rule, Table
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import names, records
from tcpchat.model.commands import Regain
from tcpchat.model.events import Gone, Renamed
from tcpchat.model.replies import Done, Refused

Doing = Generator[records.Wish, Any, None]

ELSEWHERE = "resumed elsewhere"
NOT_YOURS = "that name belongs to an account, and its owner came"


def check(state: State, account: str, nick: str) -> None:
    """Look whether somebody who is logged in to this account, or to none, may be called so.

    :raises Refused: if the name is somebody else's.
    """
    owner = state.registry.owner(nick)
    if owner and not _same(owner, account):
        suggestion = state.free_nick(nick)
        raise Refused(
            "nick_owned",
            f"The name {nick} belongs to an account: log in to it first, or try {suggestion}.",
            suggestion=suggestion,
            about=nick,
        )


def gives_way(state: State, listener: Listener, bearer: User, nick: str) -> bool:
    """Whether who bears a nick, or one like it, makes place for its owner: one who is not, or a dead link of theirs."""
    owner = state.registry.owner(nick)
    if not owner or not _same(owner, listener.account) or bearer.listener is listener:
        return False
    return not _same(owner, bearer.account) or bearer.listener.pinged


def cleared(state: State, listener: Listener, nick: str) -> Doing:
    """Nobody bears the nick any more who `gives_way` to the listener."""
    bearer = state.alike(nick)
    if bearer is not None and gives_way(state, listener, bearer, nick):
        yield from ended(bearer, ELSEWHERE if _same(bearer.account, listener.account) else NOT_YOURS)


def ended(user: User, reason: str) -> Doing:
    """Somebody's connection is closed, and all they held is free when this returns."""
    user.listener.close(reason)
    yield records.nothing(user.listener.session)  # what they asked for last may still be on its way
    yield records.Release(user.listener.session, user.signs(Gone, reason=reason))


def all_ended(state: State, account: str, reason: str, *, but: Listener | None = None) -> Doing:
    """All connections that are logged in to an account are closed, but this one."""
    for listener in [one for one in state.listeners.values() if one is not but and _same(one.account, account)]:
        if listener.user is None:
            listener.close(reason)
        else:
            yield from ended(listener.user, reason)


def regain(state: State, user: User, wish: Regain) -> Rule:
    """For who came in under another name, because the own one was taken, perhaps by their own link that is lost."""
    if not user.account:
        raise Refused("not_logged_in", "Log in first: what is to be regained is the name of your account.")
    nick = user.account
    if user.nick == nick:
        return Done()
    bearer = state.alike(nick)
    if bearer is not None and bearer is not user:
        yield from ended(bearer, ELSEWHERE if _same(bearer.account, nick) else NOT_YOURS)
    if (yield records.take_nick(nick, user.listener.session, user.signs(Renamed, to=nick))) is None:
        raise Refused("nick_taken", f"Somebody else took the name {nick} at this moment. Try again.", about=nick)
    return Done()


def _same(one: str, other: str) -> bool:
    return names.fold(one) == names.fold(other)


RULES: Table = {Regain: regain}
