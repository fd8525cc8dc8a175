"""What happens when somebody is kept from the server."""

from tcpchat.chat.bans import Ban, Bans, why
from tcpchat.chat.effects.effect import Table
from tcpchat.chat.fanout import Fanout
from tcpchat.chat.state import State
from tcpchat.model.events import BanLifted, BanSet


def ban_set(state: State, event: BanSet, fanout: Fanout) -> None:
    """It holds, and whoever it means has to go, whether or not they have a nick yet."""
    ban = Ban(
        mask=event.mask,
        by=event.by,
        reason=event.reason,
        time=event.since,
        until=event.until,
        revision=event.revision,
    )
    state.bans.add(ban)
    alone = Bans()
    alone.add(ban)
    for listener in list(state.listeners.values()):
        user = listener.user
        nick, origin = (user.nick, user.origin) if user is not None else ("", "")
        if alone.of(listener, nick, origin, event.since):
            listener.close(why(ban))


def ban_lifted(state: State, event: BanLifted, fanout: Fanout) -> None:
    """It means nobody any more."""
    state.bans.remove(event.mask)


EFFECTS: Table = {
    BanSet: ban_set,
    BanLifted: ban_lifted,
}
