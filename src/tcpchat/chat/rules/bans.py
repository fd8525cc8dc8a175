"""Keeping somebody from the server, for operators: setting, lifting and listing bans."""

from collections.abc import Generator
from time import time
from typing import Any

from tcpchat.chat import bans
from tcpchat.chat.rules.rule import Rule, Table, entitled, fitting
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import records, text
from tcpchat.model.commands import Ban, ListBans, Unban
from tcpchat.model.events import BanLifted, BanSet
from tcpchat.model.records import Document, Get, Put
from tcpchat.model.replies import Bans, Done, Refused, ServerBan

MOST_SECONDS = 100 * 366 * 86_400

Asker = User | Listener


def ban(state: State, asker: Asker, wish: Ban) -> Rule:
    """Whom it means is gone, and does not come back until it is over. A ban of the same words is replaced."""
    entitled(asker, wish)
    mask = _canonical(wish.mask)
    reason = fitting("too_long", "A reason", text.one_line(wish.reason), state.config.limits.reason_bytes)
    if not 0 <= wish.seconds <= MOST_SECONDS:
        raise Refused("bad_value", "A ban lasts for some seconds, or, with 0, for good.", about=wish.mask)
    now = now_ms()
    yield from _forget(state, now)
    if state.bans.get(mask) is None and len(state.bans) >= state.config.limits.bans:
        raise Refused("list_full", f"There are {len(state.bans)} bans, as many as there can be.", about=wish.mask)
    until = now + wish.seconds * 1_000 if wish.seconds else 0
    wanted = bans.Ban(mask=mask, by=_name(asker), reason=reason, time=now, until=until)
    if _means(wanted, asker, now):
        raise Refused("means_you", f"{mask} means you, too.", about=wish.mask)
    yield from _store(state, mask, wanted)
    return Done()


def unban(state: State, asker: Asker, wish: Unban) -> Rule:
    """Whom it meant may come again."""
    entitled(asker, wish)
    mask = _canonical(wish.mask)
    if state.bans.get(mask) is None:
        raise Refused("no_such_ban", f"There is no ban on {text.one_line(wish.mask)[:80]}.", about=wish.mask)
    yield from _store(state, mask, None)
    return Done()


def list_bans(state: State, asker: Asker, wish: ListBans) -> Rule:
    """All that hold."""
    entitled(asker, wish)
    yield from _forget(state, now_ms())
    shown = [
        ServerBan(mask=one.mask, by=one.by, reason=one.reason, time=one.time, until=one.until) for one in state.bans
    ]
    return Bans(bans=shown)


def check(state: State, listener: Listener, nick: str, origin: str) -> None:
    """Let those go on whom no ban means.

    :raises Refused: for everybody else; their connection is closed.
    """
    found = state.bans.of(listener, nick, origin, now_ms()) if state.bans else None
    if found is not None:
        listener.close(bans.why(found))
        raise Refused("banned", bans.why(found))


def check_name(state: State, user: User, nick: str) -> None:
    """The same for who wants to be called otherwise: that is refused, and nothing else."""
    found = state.bans.of_person(user.listener, nick, user.origin, now_ms())
    if found is not None:
        raise Refused("nick_banned", f"Nobody may be called {text.one_line(nick)[:40]} here.", about=nick)


def check_account(state: State, listener: Listener, account: str) -> None:
    """The same for who is about to be logged in to an account."""
    found = state.bans.of_account(account, now_ms())
    if found is not None and not listener.administrator:
        raise Refused("banned", bans.why(found), about=account)


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time() * 1_000)


def _forget(state: State, now: int) -> Generator[records.Wish, Any, None]:
    """What has run out takes no space."""
    for old in [one for one in state.bans if not one.holds(now)]:
        yield from _store(state, old.mask, None)


def _store(state: State, mask: str, wanted: bans.Ban | None) -> Generator[records.Wish, Any, None]:
    """Until it is stored: if somebody was faster, over what they stored. A ban that is not there needs no lifting."""
    known = state.bans.get(mask)
    expected = known.revision if known else 0
    while (yield _put(mask, wanted, expected)) is None:
        document: Document = yield Get(bans.SPACE, mask)
        if wanted is None and not document.value:
            return
        expected = document.revision


def _put(mask: str, wanted: bans.Ban | None, expected: int) -> Put:
    if wanted is None:
        return Put(bans.SPACE, mask, b"", expected, BanLifted(mask=mask))
    event = BanSet(
        mask=mask,
        by=wanted.by,
        reason=wanted.reason,
        since=wanted.time,
        until=wanted.until,
        revision=expected + 1,
    )
    return Put(bans.SPACE, mask, bans.written(wanted), expected, event)


def _canonical(mask: str) -> str:
    try:
        return bans.canonical(mask)
    except ValueError as error:
        raise Refused("bad_mask", str(error), about=mask) from None


def _means(ban: bans.Ban, asker: Asker, now: int) -> bool:
    one = bans.Bans()
    one.add(ban)
    if isinstance(asker, User):
        return one.of(asker.listener, asker.nick, asker.origin, now) is not None
    return one.of(asker, "", "", now) is not None


def _name(asker: Asker) -> str:
    return asker.nick if isinstance(asker, User) else "administrator"


RULES: Table = {
    Ban: ban,
    Unban: unban,
    ListBans: list_bans,
}
