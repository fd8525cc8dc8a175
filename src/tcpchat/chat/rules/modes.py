"""What holds in a room, and who may do what in it."""

import re
from collections.abc import Callable, Mapping

from tcpchat.chat import modes
from tcpchat.chat.access import is_closed
from tcpchat.chat.room import Room
from tcpchat.chat.rules import access, registered
from tcpchat.chat.rules.rule import Rule, Table, person, run_by, visible
from tcpchat.chat.state import State
from tcpchat.chat.user import User
from tcpchat.model import names, records
from tcpchat.model.commands import ModeChange, SetModes, ShowMasks, ShowModes
from tcpchat.model.events import ModesSet
from tcpchat.model.replies import Changed, Mask, Masks, Modes, Problem, Refused

MOST_CHANGES = 50
"""In one wish."""

MOST_KEY_BYTES = 64

MEANS_NOBODY = "That mask means nobody, or too much. Write NAME, *!*@HOST with what is shown of them, or ~a:ACCOUNT."
MOST_DELAY = 3_600
MOST_LIMIT = 999_999_999

_PERSON = re.compile(rf"((?:{modes.EXTENDED}{modes.MUTE}:)?){modes.EXTENDED}{modes.PERSON}:(.+)")


def set_modes(state: State, user: User, wish: SetModes) -> Rule:
    """All changes that can be made, at once, and nothing of those that would change nothing."""
    room, draft, problems = _drafted(state, user, wish)
    while (yield from _foreseen(state, room, draft)):
        room, draft, problems = _drafted(state, user, wish)
    if draft.changes:
        sessions, anew = draft.sessions or None, draft.closed and not is_closed(room)
        yield records.Append(user.signs(ModesSet, room=room.name, changes=draft.changes, sessions=sessions))
        yield from access.closed(state, room, draft, anew=anew)
        yield from registered.kept(state, room, draft.lost)
    return Changed(problems=problems)


def show_modes(state: State, user: User, wish: ShowModes) -> Rule:
    """What holds in a room; its key only for those who are in it."""
    room = visible(state, user, wish.room)
    shown = dict(room.modes)
    if modes.KEY in shown and user not in room.members:
        shown[modes.KEY] = "*"
    return Modes(room=room.name, modes=shown, created=room.created)
    yield


def show_masks(state: State, user: User, wish: ShowMasks) -> Rule:
    """A list of the room, for those who may know of the room."""
    room = visible(state, user, wish.room)
    found = room.lists.get(wish.mode, {})
    return Masks(
        room=room.name,
        mode=wish.mode,
        masks=[Mask(mask=mask.text, by=mask.by, time=mask.time) for mask in found.values()],
    )
    yield


def _drafted(state: State, user: User, wish: SetModes) -> tuple[Room, "_Draft", list[Problem]]:
    """The room, what changes, and what is wrong with the rest.

    :raises Refused: if nothing is for them to change.
    """
    room = run_by(state, user, wish.room)
    draft = _Draft(state, room)
    problems = [problem for change in wish.changes[:MOST_CHANGES] if (problem := draft.add(change)) is not None]
    return room, draft, problems


def _foreseen(state: State, room: Room, draft: "_Draft") -> access.Keeping:
    """What must be kept before the modes are set; whether it had to wait."""
    waited = yield from access.closing(state, room, draft)
    if draft.closed and not is_closed(room):
        waited |= yield from registered.closing(state, room, draft.modes)
    return waited


class _Draft:
    """The changes of one wish, checked one after the other, each against what the ones before it would have done."""

    def __init__(self, state: State, room: Room) -> None:
        self.changes: list[ModeChange] = []
        self.sessions: dict[str, str] = {}
        self._state = state
        self._room = room
        self._modes = dict(room.modes)
        self._lists = {mode: dict(room.lists.get(mode, {})) for mode in modes.LISTS}
        self._ranks: dict[tuple[User, str], bool] = {}

    @property
    def modes(self) -> dict[str, str]:
        """What holds in the room then."""
        return dict(self._modes)

    @property
    def closed(self) -> bool:
        """Whether the room is closed then."""
        return not modes.CLOSING.isdisjoint(self._modes)

    @property
    def lost(self) -> set[str]:
        """The accounts of those who are less then than they were."""
        return {names.fold(user.account) for (user, _), on in self._ranks.items() if user.account and not on}

    def banned(self, user: User) -> bool:
        """Whether somebody may not come in then."""
        return modes.banned(user, self._lists)

    def add(self, change: ModeChange) -> Problem | None:
        """Take a change, or say what is wrong with it. What would change nothing is left out."""
        kind = KINDS.get(change.mode)
        if kind is None:
            return Problem(code="unknown_mode", text=f"There is no mode {change.mode}.", about=[change.mode])
        try:
            if change.sign == "+" and change.mode in modes.CLOSING:
                access.check_space(self._state, names.fold(self._room.name))
            self.changes += kind(self, change)
        except Refused as refusal:
            return Problem(code=refusal.code, text=refusal.text, about=list(refusal.about))
        return None

    def rank(self, change: ModeChange) -> list[ModeChange]:
        """``o`` and ``v``: somebody in the room is something else."""
        if not change.value:
            return []
        user = person(self._state, change.value)
        if user not in self._room.members:
            text = f"{user.nick} is not in {self._room.name}."
            raise Refused("not_there", text, about=(user.nick, self._room.name))
        now = self._ranks.get((user, change.mode), change.mode in self._room.ranks.get(user, ""))
        self._ranks[user, change.mode] = change.sign == "+"
        self.sessions[user.nick] = user.listener.session
        return [] if now is (change.sign == "+") else [ModeChange(change.sign, change.mode, user.nick)]

    def masks(self, change: ModeChange) -> list[ModeChange]:
        """``b``, ``e`` and ``I``: a mask is added or removed, in whatever case of letters it is written."""
        if found := _PERSON.fullmatch(change.value):
            return [done for one in self._meant(change, *found.groups()) for done in self.masks(one)]
        try:
            mask = modes.Mask(change.value, "", 0)
        except ValueError:
            raise self._bad_value(
                change,
                change.value,
                MEANS_NOBODY,
            ) from None
        masks = self._lists[change.mode]
        there = masks.get(mask.key)
        if (change.sign == "+") is (there is not None):
            return []
        if there is not None:
            del masks[mask.key]
            return [ModeChange("-", change.mode, there.text)]
        if sum(map(len, self._lists.values())) >= self._state.config.limits.masks:
            text = f"{self._room.name} has no space for another mask."
            raise Refused("list_full", text, about=(self._room.name, mask.text))
        masks[mask.key] = mask
        return [ModeChange("+", change.mode, mask.text)]

    def _meant(self, change: ModeChange, mutes: str, who: str) -> list[ModeChange]:
        """The masks of somebody who is here; of who is not, the nick. Who wrote a mask meant that."""
        user = None if set(who) & set("*?!@") else self._state.user(who)
        wanted = [who] if user is None else modes.masks_of(user)
        if change.sign == "-" and user is not None:
            there = self._lists[change.mode].values()
            return [ModeChange("-", change.mode, one.text) for one in there if one.catches(user)]
        return [ModeChange(change.sign, change.mode, mutes + one) for one in wanted]

    def key(self, change: ModeChange) -> list[ModeChange]:
        """``k``: taken away whatever is said with it, and told with it."""
        now, wanted = self._modes.get(modes.KEY), change.value
        if change.sign == "-":
            return [] if self._modes.pop(modes.KEY, None) is None else [ModeChange("-", modes.KEY, now or "*")]
        size = len(wanted.encode())
        if not wanted or size > MOST_KEY_BYTES or any(c in " ,:" or not c.isprintable() for c in wanted):
            raise self._bad_value(
                change, "*", f"A key has no space, comma or colon, and at most {MOST_KEY_BYTES} bytes."
            )
        self._modes[modes.KEY] = wanted
        return [] if now == wanted else [ModeChange("+", modes.KEY, wanted)]

    def delay(self, change: ModeChange) -> list[ModeChange]:
        """``d``: how many seconds pass between two messages of one person."""
        return self._number(change, MOST_DELAY, f"A delay is a number of seconds, {MOST_DELAY} at most.")

    def limit(self, change: ModeChange) -> list[ModeChange]:
        """``l``: how many may be in the room."""
        return self._number(change, MOST_LIMIT, "A limit is a number of people.")

    def _number(self, change: ModeChange, most: int, wrong: str) -> list[ModeChange]:
        mode, wanted = change.mode, change.value
        now = self._modes.get(mode)
        if change.sign == "-":
            return [] if self._modes.pop(mode, None) is None else [ModeChange("-", mode)]
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 10 and 0 < int(wanted) <= most):
            raise self._bad_value(change, wanted, wrong)
        wanted = self._modes[mode] = str(int(wanted))
        return [] if now == wanted else [ModeChange("+", mode, wanted)]

    def flag(self, change: ModeChange) -> list[ModeChange]:
        """What just holds, or not."""
        if (change.sign == "+") is (change.mode in self._modes):
            return []
        if change.sign == "+":
            self._modes[change.mode] = ""
        else:
            del self._modes[change.mode]
        return [ModeChange(change.sign, change.mode)]

    def _bad_value(self, change: ModeChange, shown: str, text: str) -> Refused:
        return Refused("bad_value", text, about=(self._room.name, change.mode, shown or "*"))


KINDS: Mapping[str, Callable[[_Draft, ModeChange], list[ModeChange]]] = {
    **dict.fromkeys(modes.RANKS, _Draft.rank),
    **dict.fromkeys(modes.LISTS, _Draft.masks),
    **dict.fromkeys(modes.FLAGS, _Draft.flag),
    modes.KEY: _Draft.key,
    modes.LIMIT: _Draft.limit,
    modes.SLOW: _Draft.delay,
}

RULES: Table = {
    SetModes: set_modes,
    ShowModes: show_modes,
    ShowMasks: show_masks,
}
