"""Whose nick it is: a name that belongs to an account is borne by those who are logged in to it, and by nobody else."""

from collections.abc import Generator
from typing import Any

from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import names, records
from tcpchat.model.events import Gone
from tcpchat.model.replies import Refused

Doing = Generator[records.Wish, Any, None]

ELSEWHERE = "resumed elsewhere"
NOT_YOURS = "that name belongs to an account, and its owner came"


def check(state: State, account: str, nick: str) -> None:
    """Look whether somebody who is logged in to this account, or to none, may be called so.

    :raises Refused: if the name is somebody else's.
    """
    owner = state.registry.owner(nick)
    if owner and not same(owner, account):
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
    if not owner or not same(owner, listener.account) or bearer.listener is listener:
        return False
    return not same(owner, bearer.account) or bearer.listener.pinged


def cleared(state: State, listener: Listener, nick: str) -> Doing:
    """Nobody bears the nick any more who `gives_way` to the listener."""
    bearer = state.alike(nick)
    if bearer is not None and gives_way(state, listener, bearer, nick):
        yield from ended(bearer, ELSEWHERE if same(bearer.account, listener.account) else NOT_YOURS)


def ended(user: User, reason: str) -> Doing:
    """Somebody's connection is closed, and all they held is free when this returns."""
    user.listener.close(reason)
    yield records.nothing(user.listener.session)  # what they asked for last may still be on its way
    yield records.Release(user.listener.session, user.signs(Gone, reason=reason))


def all_ended(state: State, account: str, reason: str, *, but: Listener | None = None) -> Doing:
    """All connections that are logged in to an account are closed, but this one."""
    for listener in [one for one in state.listeners.values() if one is not but and same(one.account, account)]:
        if listener.user is None:
            listener.close(reason)
        else:
            yield from ended(listener.user, reason)


def same(one: str, other: str) -> bool:
    """Whether these are one name."""
    return names.fold(one) == names.fold(other)
