"""What the server's operators do, and what the server tells of itself."""

from collections.abc import Iterator

from tcpchat.chat.rules import audit
from tcpchat.chat.rules.passwords import is_right
from tcpchat.chat.rules.rule import Rule, Table, entitled, fitting, person
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import records, text
from tcpchat.model.commands import BecomeOperator, ChangeHost, Kill, ModeChange, Rehash, ShowServer, Wallops
from tcpchat.model.events import Gone, HostChanged, Killed, OwnModesSet, Walloped
from tcpchat.model.replies import Done, Refused, ServerReply

MOST_HOST_CHARACTERS = 63


def become_operator(state: State, user: User, wish: BecomeOperator) -> Rule:
    """Whom the configuration names, with the right password, and what it gives them the right to do."""
    if not user.listener.secure:
        raise Refused("not_secure", "Passwords are read on the way here. Connect with TLS to become an operator.")
    known = state.config.operators.get(wish.name)
    if not (yield from is_right(f"operator {wish.name}", wish.password, known.password if known else "", evenly=True)):
        yield records.Append(audit.entry(user, wish, refused=True))
        raise Refused("wrong_password", "There is no such operator, or that is not the password.")
    known = state.config.operators.get(wish.name)  # the configuration may be another one by now
    if known is None:
        raise Refused("wrong_password", "There is no such operator, or that is not the password.")
    yield records.Append(audit.entry(user, wish))
    if (user.office, user.rights) != (wish.name, frozenset(known.rights)):
        yield records.Announce(_takes_office(user, wish.name, known.rights))
    return Done()


def kill(state: State, user: User, wish: Kill) -> Rule:
    """Somebody's connection is closed, and they are told by whom and why."""
    entitled(user, wish)
    one = person(state, wish.nick)
    reason = fitting("too_long", "A reason", text.one_line(wish.reason), state.config.limits.reason_bytes)
    told = f"Killed ({user.nick} ({reason or 'no reason'}))"
    yield records.Announce(user.signs(Killed, nick=one.nick, reason=reason))
    one.listener.close(told)
    yield records.nothing(one.listener.session)  # what they asked for last may still be on its way
    yield records.Release(one.listener.session, one.signs(Gone, reason=told))
    return Done()


def wallops(state: State, user: User, wish: Wallops) -> Rule:
    """Said to all operators."""
    entitled(user, wish)
    words = fitting("too_long", "A message", text.one_line(wish.text), state.config.limits.topic_bytes)
    yield records.Announce(user.signs(Walloped, text=words))
    return Done()


def change_host(state: State, user: User, wish: ChangeHost) -> Rule:
    """What others see of somebody."""
    entitled(user, wish)
    one = person(state, wish.nick)
    for part in (wish.user, wish.host):
        if (
            not part
            or len(part) > MOST_HOST_CHARACTERS
            or not all(c.isascii() and (c.isalnum() or c in "-_.:/") for c in part)
        ):
            raise Refused("bad_host", "A user and a host are made of letters, digits and - _ . : /", about=part)
    if one.origin != f"{wish.user}@{wish.host}":
        yield records.Announce(one.signs(HostChanged, user=wish.user, host=wish.host))
    return Done()


def rehash(state: State, user: User, wish: Rehash) -> Rule:
    """The configuration is read again; if something is wrong with it, nothing changes."""
    entitled(user, wish)
    problem = yield records.Reload()
    if problem:
        raise Refused("bad_config", problem)
    return Done()


def confirmed(state: State) -> Iterator[OwnModesSet]:
    """What becomes of the operators when there is another configuration: they have the rights that it gives them."""
    for user in list(state.operators):
        known = state.config.operators.get(user.office)
        if known is None:
            yield user.signs(OwnModesSet, changes=[ModeChange("-", "o")])
        elif user.rights != frozenset(known.rights):
            yield _takes_office(user, user.office, known.rights)


def _takes_office(user: User, name: str, rights: tuple[str, ...]) -> OwnModesSet:
    changes = [] if user.operator else [ModeChange("+", "o")]
    return user.signs(OwnModesSet, changes=changes, operator=name, rights=rights)


def show_server(state: State, user: User, wish: ShowServer) -> Rule:
    """How many are here."""
    return ServerReply(
        people=len(state.users),
        invisible=state.invisible,
        operators=len(state.operators),
        unknown=len(state.listeners) - len(state.users),
        rooms=state.open_rooms,
        most_people=state.most_users,
        since=state.since,
    )
    yield


RULES: Table = {
    BecomeOperator: become_operator,
    Kill: kill,
    Wallops: wallops,
    ChangeHost: change_host,
    Rehash: rehash,
    ShowServer: show_server,
}
