"""Where everybody meets: wishes go down through the rules, facts come up through the effects. It never waits."""

import logging
from collections.abc import Sequence

from tcpchat.chat.effects import EFFECTS
from tcpchat.chat.effects.mending import mend
from tcpchat.chat.fanout import Fanout
from tcpchat.chat.modes import SLOW
from tcpchat.chat.rules import (
    accounts,
    audit,
    bans,
    history,
    invitations,
    login,
    moderation,
    modes,
    operators,
    people,
    registered,
    rooms,
    search,
    talk,
)
from tcpchat.chat.rules.administration import ADMINISTRATION
from tcpchat.chat.rules.rule import Rule, Table
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener
from tcpchat.config import Config
from tcpchat.model.commands import Command, Say
from tcpchat.model.events import Event, Gone
from tcpchat.model.records import Release
from tcpchat.model.replies import Refused

log = logging.getLogger(__name__)

TOPICS = (
    people,
    login,
    accounts,
    invitations,
    rooms,
    modes,
    moderation,
    talk,
    history,
    search,
    operators,
    bans,
    registered,
)

RULES: Table = {command: rule for topic in TOPICS for command, rule in topic.RULES.items()}
AT_THE_DOOR: Table = people.AT_THE_DOOR | login.AT_THE_DOOR | accounts.AT_THE_DOOR


class Hub:
    """Knows the state and who is connected; does not know sockets, disks or the forms of bytes."""

    def __init__(self, config: Config) -> None:
        self.state = State(config)
        self._fanout = Fanout()

    @property
    def fanned_out(self) -> int:
        """Bytes handed to listeners, about."""
        return self._fanout.bytes

    def attach(self, listener: Listener) -> None:
        """A connection is there. Nothing is sent to it before it enters."""
        self.state.listeners[listener.session] = listener
        self.state.persons[listener.person] = listener

    def detach(self, listener: Listener) -> None:
        """The connection is over. Its user is `farewell`'s business."""
        self.state.listeners.pop(listener.session, None)
        if self.state.persons.get(listener.person) is listener:
            del self.state.persons[listener.person]

    def obey(self, listener: Listener, wish: Command) -> Rule:
        """The rule that decides on the wish; whoever asks runs it."""
        user = listener.user
        rule = (AT_THE_DOOR if user is None else RULES).get(type(wish))
        if type(wish) in ADMINISTRATION and listener.administrator:
            rule = ADMINISTRATION[type(wish)]
        if rule is not None:
            carried_out: Rule = rule(self.state, user or listener, wish)
            if type(wish) in audit.CONCERNED and audit.concerns(user, wish):
                return audit.recorded(self.state, user or listener, wish, carried_out)
            return carried_out
        if user is None:
            return _refuse(Refused("not_in", "Pick a nickname first."))
        if type(wish) in ADMINISTRATION:
            return _refuse(Refused("no_privileges", "That is done on the server's machine: tcpchat-server account."))
        return _refuse(Refused("already_in", f"You are in already, as {user.nick}."))

    def takes_turns(self, wish: Command) -> bool:
        """Whether what was said before must have been heard before this is looked at: in a slow room."""
        room = self.state.room(wish.room) if type(wish) is Say else None
        return room is not None and SLOW in room.modes

    def farewell(self, listener: Listener, reason: str) -> Release:
        """What is to be recorded when a connection ends. Who said goodbye has nothing left to give up."""
        user = listener.user
        gone = None if user is None else user.signs(Gone, reason=reason)
        return Release(listener.session, gone)

    def feed(self, batch: Sequence[Event]) -> None:
        """Recorded facts, in their order. The only way to a listener."""
        state, fanout = self.state, self._fanout
        for event in batch:
            if event.number:
                state.last_id = event.id
            try:
                EFFECTS[type(event)](state, event, fanout)
            except Exception:  # a fault in one effect must not keep the others from being told
                log.exception("the effect of a recorded %s failed", type(event).__name__)
                self._mend(event)
        fanout.flush()

    def _mend(self, event: Event) -> None:
        try:
            mend(self.state, event, self._fanout)
        except Exception:
            log.exception("what a recorded %s left behind could not be put right", type(event).__name__)


def _refuse(refusal: Refused) -> Rule:
    """The rule for a wish that cannot even be considered."""
    raise refusal
    yield
