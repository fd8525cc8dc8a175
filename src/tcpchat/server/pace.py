"""How fast each client may ask: who is faster is obeyed later, and what would wait for too long is refused.

Every kind of request has a bucket: a burst, which comes back with time. A bucket is one number, the time at which it
is whole again (the generic cell rate algorithm, as in ATM's traffic control). All times are those of one clock that
never goes back, in seconds.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from math import ceil, inf
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tcpchat.chat.room import Room
from tcpchat.chat.rules.rooms import lets_in
from tcpchat.chat.rules.talk import approaches
from tcpchat.chat.user import User
from tcpchat.config import Limits
from tcpchat.model import commands, names
from tcpchat.model.commands import Command
from tcpchat.model.replies import Refused

if TYPE_CHECKING:
    from tcpchat.server.session import Session

MOST_SHARED = 20_000
"""Buckets of networks, accounts and rooms that are remembered."""

MOST_APPROACHED = 100
"""People somebody wrote to who are remembered, so that they are strangers once."""

ANSWER_BYTES = 16_384
"""So many bytes of an answer count as much as what was asked."""

LONG_ANSWER = 4_096
"""Bytes of an answer from which on it counts."""

LONG_CHUNK = 4_096
"""Bytes read at once from which on their lines count."""

QUESTION_LINES = 200
"""So many lines count as much as a question, whatever they say: some say nothing, and cost only time."""


class Rate(NamedTuple):
    """How a bucket fills, in seconds: until one comes back, until a whole burst does; and how long one may wait."""

    step: float
    ahead: float
    patience: float


class Dues(Protocol):
    """When buckets are whole again, by their keys."""

    def get(self, key: Hashable, default: float, /) -> float: ...
    def __setitem__(self, key: Hashable, due: float, /) -> None: ...


class Shared:
    """The buckets that many clients take from. Those used last are remembered."""

    def __init__(self) -> None:
        self._dues: OrderedDict[Hashable, float] = OrderedDict()

    def get(self, key: Hashable, default: float) -> float:
        """See `dict.get`."""
        return self._dues.get(key, default)

    def __setitem__(self, key: Hashable, due: float) -> None:
        self._dues[key] = due
        self._dues.move_to_end(key)
        if len(self._dues) > MOST_SHARED:
            self._dues.popitem(last=False)


class Take(NamedTuple):
    """What a request takes from one bucket."""

    dues: Dues
    key: Hashable
    rate: Rate
    cost: float = 1.0


class Rates:
    """The rates that hold, and the buckets that many share. One object for a server."""

    def __init__(self, limits: Limits) -> None:
        self.shared = Shared()
        self.slowed = 0
        """How many requests had to wait, and how many were refused, since the start."""
        self.refused = 0
        self.configure(limits)

    def configure(self, limits: Limits) -> None:
        """From now on these hold."""
        self.enabled = limits.enabled
        self.announced = limits.announced
        self.of = {kind: _rate(limits, kind, patience) for kind, patience in PATIENCE.items()}
        self.in_room = self.of["room_joins"]
        self.in_room_of_one = Rate(10 * self.in_room.step, self.in_room.ahead, self.in_room.patience)
        """A tenth of it is for one account or network: a burst of a tenth, too."""


class Pace:
    """The buckets of one client."""

    __slots__ = ("_approached", "_dues", "_most", "_rates", "_spoken", "_step", "_who")

    def __init__(self, rates: Rates, who: Hashable) -> None:
        """`who` shares with others what all from one place share, as long as they have no account."""
        self._rates = rates
        self._who = who
        self._dues: dict[Hashable, float] = {}
        self._approached: dict[str, None] = {}
        self._spoken = self._most = 0.0
        self._step = 0.0

    def begin(self, now: float) -> None:
        """What is asked from here on is asked at this time."""
        self._step, ahead, _ = self._rates.of["messages"]
        self._spoken = max(self._spoken, now)
        self._most = now + ahead

    def says(self, command: Any) -> bool:
        """Whether this (a `Say` or `Tell`) may be said at once, and if so, that it is. If not, `wait` tells more."""
        spoken = self._spoken + self._step
        if spoken > self._most or "\n" in command.text:
            return False
        if type(command) is commands.Tell and command.to not in self._approached:
            return False
        self._spoken = spoken
        return True

    def wait(self, session: "Session", command: Command, now: float) -> float:
        """Take what a request costs. :returns: for how many seconds it has to wait.

        :raises Refused: if that would be too long; then nothing is taken.
        """
        takes = list(self._takes(session, command))
        dues = [max(take.dues.get(take.key, now), now) + take.cost * take.rate.step for take in takes]
        waits = [due - now - take.rate.ahead for take, due in zip(takes, dues, strict=True)]
        for wait, take in zip(waits, takes, strict=True):
            if wait > take.rate.patience:
                self._rates.refused += 1
                raise _too_fast(wait)
        for take, due in zip(takes, dues, strict=True):
            take.dues[take.key] = due
        seconds = max(0.0, self._speak(session, command, now), *waits)
        self._rates.slowed += seconds > 0
        return seconds

    def parsed(self, data: bytes, now: float) -> float:
        """Lines, and Telnet's commands, cost time even if nothing has to be done. :returns: as `answered` does."""
        rate = self._rates.of["questions"]
        lines = data.count(b"\n") + data.count(b"\xff")
        due = max(self._dues.get("questions", now), now) + rate.step * lines / QUESTION_LINES
        self._dues["questions"] = due
        return max(0.0, due - now - rate.ahead)

    def answered(self, command: Command | None, size: int, now: float) -> float:
        """What was answered counts too. :returns: for how many seconds it would be well to wait."""
        kind = COSTS.get(type(command), "questions") or "questions"
        if kind not in self._rates.of:
            return 0.0
        rate = self._rates.of[kind]
        due = max(self._dues.get(kind, now), now) + rate.step * (size / ANSWER_BYTES + (command is None))
        self._dues[kind] = due
        return max(0.0, due - now - rate.ahead)

    def _speak(self, session: "Session", command: Command, now: float) -> float:
        """Speech is never refused for being fast: it waits."""
        if not isinstance(command, commands.Say | commands.Tell | commands.Tag):
            return 0.0
        if not isinstance(command, commands.Say):
            self._approach_made(session, command.to)
        lines = 1 + getattr(command, "text", "").count("\n")
        self._spoken = max(self._spoken, now) + lines * self._step
        return self._spoken - self._most

    def _approach_made(self, session: "Session", to: str) -> None:
        if session.state.user(to) is None:
            return
        self._approached[to] = None
        if len(self._approached) > MOST_APPROACHED:
            del self._approached[next(iter(self._approached))]

    def _takes(self, session: "Session", command: Command) -> Iterator[Take]:
        kind = COSTS.get(type(command), "questions")
        if kind:
            yield Take(self._dues, kind, self._rates.of[kind], CHEAPER.get(type(command), 1.0))
        more = _MORE.get(type(command))
        if more is not None:
            yield from more(self, session, command)

    def _in_room(self, session: "Session", command: commands.Join | commands.Part) -> Iterator[Take]:
        """All who come and go in a room that hears of it, by who they are, and together."""
        room = session.state.room(command.room)
        if room is None or len(room.members) > self._rates.announced or not _is_heard(session.user, room, command):
            return
        name, who = names.fold(room.name), session.account or self._who
        yield Take(self._rates.shared, (name, who), self._rates.in_room_of_one)
        if not session.account:
            yield Take(self._rates.shared, name, self._rates.in_room)

    def _invited(self, session: "Session", command: commands.Invite) -> Iterator[Take]:
        yield self._of_all(session, "invites")

    def _approach(self, session: "Session", command: commands.Tell | commands.Tag) -> Iterator[Take]:
        """The first word to somebody one has nothing to do with."""
        to = command.to
        if to not in self._approached and session.user is not None and approaches(session.state, session.user, to):
            yield self._of_all(session, "strangers")

    def _registered(self, session: "Session", command: commands.Register) -> Iterator[Take]:
        yield Take(self._rates.shared, ("registrations", self._who), self._rates.of["registrations"])

    def _of_all(self, session: "Session", kind: str) -> Take:
        """What all have together who are at one place, or of one account."""
        return Take(self._rates.shared, (kind, session.account or self._who), self._rates.of[kind])


def _rate(limits: Limits, kind: str, patience: float) -> Rate:
    step = 60 / getattr(limits, f"{kind}_per_minute")
    return Rate(step, step * getattr(limits, f"{kind}_burst"), patience)


def _is_heard(user: User | None, room: Room, command: commands.Join | commands.Part) -> bool:
    """Whether anybody will hear of it: what is refused takes nothing from those who may come in."""
    if user is None:
        return False
    if isinstance(command, commands.Part):
        return user in room.members
    return user not in room.members and lets_in(room, user, command.key)


def _too_fast(wait: float) -> Refused:
    seconds = ceil(wait)
    return Refused("too_fast", f"You are too fast. Try again in {seconds} seconds.", wait=seconds)


PATIENCE = {
    "messages": inf, "joins": 30.0, "room_joins": 30.0, "names": 3.0, "invites": 3.0, "strangers": 3.0, "topics": 10.0,
    "history": 30.0, "searches": 10.0, "logins": 10.0, "questions": 10.0, "registrations": 3.0,
}  # fmt: skip
"""For how many seconds something of a kind may wait before it is refused."""

COSTS: dict[type[Any], str] = {
    commands.Say: "", commands.Tell: "", commands.Tag: "", commands.Quit: "",
    commands.Join: "joins", commands.Part: "joins",
    commands.Rename: "names", commands.SetName: "names", commands.Away: "names",
    commands.SetTopic: "topics", commands.SetModes: "topics", commands.Kick: "topics", commands.RenameRoom: "topics",
    commands.Redact: "topics", commands.SetOwnModes: "topics", commands.ChangeHost: "topics",
    commands.History: "history", commands.ListTalks: "history", commands.SetMarker: "history",
    commands.ShowMarker: "history", commands.Search: "searches",
    commands.Register: "logins", commands.RegisterOther: "logins", commands.LogIn: "logins",
    commands.Challenge: "logins", commands.Prove: "logins", commands.SetPassword: "logins",
    commands.BecomeOperator: "logins",
}  # fmt: skip
"""From which bucket of its client a request takes; all others are questions. What is said has a bucket of its own."""

CHEAPER: dict[type[Any], float] = {commands.Ping: 0.1, commands.Pong: 0.1}

_MORE: dict[type[Any], Callable[[Pace, "Session", Any], Iterator[Take]]] = {
    commands.Join: Pace._in_room,
    commands.Part: Pace._in_room,
    commands.Invite: Pace._invited,
    commands.Register: Pace._registered,
    commands.Tell: Pace._approach,
    commands.Tag: Pace._approach,
}
"""What a request takes besides."""
