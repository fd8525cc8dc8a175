"""Going on where one was: a request after which is told what was missed, before anything new."""

from collections.abc import Callable

from tcpchat.chat.rules.rule import Rule
from tcpchat.chat.user import Listener
from tcpchat.model import names
from tcpchat.model.commands import Command, Enter, Join
from tcpchat.model.events import Event, Joined
from tcpchat.model.records import Since, Span, nothing
from tcpchat.model.replies import Seated, Welcome


def resumes(command: Command) -> bool:
    """Whether it asks for what was missed."""
    return (type(command) is Join and command.after is not None) or (type(command) is Enter and bool(command.after))


class Resume:
    """What is held back until such a request is answered, and what was missed before."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        """`tell` sends an event at once."""
        self.held: list[Event] = []
        """What is new, and comes after it."""
        self.missed: list[Span] = []
        self._tell = tell

    def rule(self, rule: Rule, command: Command, listener: Listener) -> Rule:
        """The request's rule, and then the question what was missed."""
        reply = yield from rule
        match command, reply:
            case Join(after=int(after)), Seated(room=room, number=number):
                self.missed = [Span(names.fold(room), max(0, after) + 1, number)]
                self._tell_own_coming(listener)
            case Enter(after=id), Welcome():
                assert listener.user is not None
                self.missed = yield Since(listener.user.party, id)
                yield nothing(listener.session)  # what is on disk, but not told yet, is held back as well
        return reply

    def _tell_own_coming(self, listener: Listener) -> None:
        """That one came in oneself comes before the answer, as always."""
        nick = listener.user.nick if listener.user is not None else ""
        for event in list(self.held):
            if type(event) is Joined and event.by == nick:
                self.held.remove(event)
                self._tell(event)
