"""What a person has before them: rooms and conversations, who is there, what is new in each."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from msgspec.structs import replace

from tcpchat.client.links import LinkBack, LinkLost, RoomBack
from tcpchat.model import names
from tcpchat.model.events import (
    Event,
    Gone,
    Joined,
    Kicked,
    Left,
    MarkerSet,
    ModesSet,
    Moved,
    Redacted,
    Renamed,
    Said,
    Skipped,
    Told,
    TopicSet,
)
from tcpchat.model.replies import Seated
from tcpchat.model.text import CTCP

MOST_ITEMS = 5_000
"""Of each conversation: what is older is in the server's log."""

MOST_TALKS = 200
"""Conversations with people: anybody can begin one. Of more, those that were silent longest are forgotten."""

MOST_SPEAKERS = 2_000
"""Of how many people of one room it is known when they spoke."""

LATELY = 10 * 60 * 1000
"""Milliseconds for which one who spoke is of interest when they come and go."""

Joins = Literal["all", "smart", "none"]
"""Whose coming and going is shown: everybody's, that of people who spoke lately, or nobody's."""


class Conversation:
    """A room, or what passes between oneself and somebody.

    :ivar items: what happened, oldest first; the latest `MOST_ITEMS`.
    :ivar people: who is there, by folded nick.
    :ivar seated: whether one is in the room now. One can always talk with a person.
    :ivar unread: how many messages came while one was elsewhere, and `mentions` how many of them are for oneself.
    :ivar new: the first message that one has not read; None: there is none.
    :ivar read: up to when one has read, in milliseconds since 1970.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.items: deque[Event] = deque(maxlen=MOST_ITEMS)
        self.people: dict[str, str] = {}
        self.topic = ""
        self.seated = not names.is_room(name)
        self.unread = 0
        self.mentions = 0
        self.new: Event | None = None
        self.read = 0
        self._unshown = 0
        self._spoke: dict[str, int] = {}

    @property
    def is_room(self) -> bool:
        """Whether it is a room, and not a person."""
        return names.is_room(self.name)

    @property
    def latest(self) -> int:
        """When the latest item happened that has a time; 0 if none has."""
        return next((item.time for item in reversed(self.items) if item.time), 0)

    @property
    def unseen(self) -> list[Event]:
        """The items from the first new one on."""
        items = list(self.items)
        return items[items.index(self.new) :] if self.new in items else []

    @property
    def unshown(self) -> list[Event]:
        """The items that came since one looked at it last, wherever they were read."""
        return list(self.items)[len(self.items) - self._unshown :]

    def shown(self) -> None:
        """One has all items before one."""
        self._unshown = 0

    def add(self, event: Event) -> None:
        """It happened now."""
        if len(self.items) == MOST_ITEMS and self.items[0] is self.new:
            self.new = self.items[1]
        self.items.append(event)
        self._unshown = min(self._unshown + 1, MOST_ITEMS)

    def add_past(self, events: Iterable[Event]) -> None:
        """Entries of the log, oldest first, each in its place; those that are known already are left out."""
        known = {item.id for item in self.items if item.id}
        past = deque(one for one in events if one.id not in known)
        last = max((item.number for item in self.items), default=0)
        merged: list[Event] = []
        for item in self.items:
            while past and _when(item) > _when(past[0]):
                merged.append(past.popleft())
            merged.append(item)
        merged += past
        late = next((place for place, item in enumerate(merged) if item.id not in known and item.number > last), None)
        self.items = deque(merged, maxlen=MOST_ITEMS)
        self._unshown = min(max(self._unshown, 0 if late is None else len(merged) - late), len(self.items))

    def see(self) -> None:
        """All that there is has been seen. The line before what was new stays until `move_on`."""
        self.unread = self.mentions = 0
        self.read = max(self.read, self.latest)

    def move_on(self) -> None:
        """What was new is no longer."""
        self.see()
        self.new = None

    def speakers(self) -> list[str]:
        """Who is there, those who spoke last first."""
        return sorted(self.people.values(), key=lambda one: -self._spoke.get(names.fold(one), 0))

    # what only the view asks for

    def heard(self, event: Said | Told) -> None:
        """Somebody spoke."""
        self._spoke.pop(names.fold(event.by), None)
        self._spoke[names.fold(event.by)] = event.time
        if len(self._spoke) > MOST_SPEAKERS:
            del self._spoke[next(iter(self._spoke))]

    def spoke_lately(self, nick: str, now: int) -> bool:
        """Whether somebody is of interest."""
        spoke = self._spoke.get(names.fold(nick))
        return spoke is not None and spoke > now - LATELY

    def came(self, nick: str) -> None:
        """Somebody is there."""
        self.people[names.fold(nick)] = nick

    def went(self, nick: str) -> None:
        """Somebody is not there any more."""
        self.people.pop(names.fold(nick), None)

    def has(self, nick: str) -> bool:
        """Whether somebody is there."""
        return names.fold(nick) in self.people

    def renamed(self, nick: str, to: str) -> None:
        """Somebody who is there is called otherwise."""
        if (spoke := self._spoke.pop(names.fold(nick), 0)) > self._spoke.get(names.fold(to), 0):
            self._spoke[names.fold(to)] = spoke
        self.went(nick)
        self.came(to)


class View:
    """All conversations of one person, in the order in which they were opened."""

    def __init__(self, me: str, *, joins: Joins = "smart", words: Iterable[str] = ()) -> None:
        """`words`: those that are as good as one's nick to call for attention."""
        self.me = me
        self.joins = joins
        self.current: Conversation | None = None
        """Where one looks, and where what one types goes."""
        self.listed: list[str] = []
        """The rooms that there are, as far as one asked."""
        self._words = list(words)
        self._conversations: dict[str, Conversation] = {}

    def __iter__(self) -> Iterator[Conversation]:
        return iter(list(self._conversations.values()))

    def find(self, name: str) -> Conversation | None:
        """A conversation by the name of its room or person."""
        return self._conversations.get(names.fold(name))

    def open(self, name: str) -> Conversation:
        """The same; it is made if there is none."""
        if (found := self.find(name)) is not None:
            return found
        opened = self._conversations[names.fold(name)] = Conversation(name)
        self._forget_the_stalest(opened)
        return opened

    def _forget_the_stalest(self, opened: Conversation) -> None:
        talks = [one for one in self if not one.is_room]
        if len(talks) > MOST_TALKS:
            others = [one for one in talks if one is not opened and one is not self.current]
            self.close(min(others, key=lambda one: one.latest))

    def enter(self, seated: Seated) -> Conversation:
        """One is in a room."""
        room = self.open(seated.room)
        room.name, room.topic, room.seated = seated.room, seated.topic, True
        room.people = {names.fold(one): one for one in seated.people}
        return room

    def close(self, conversation: Conversation) -> None:
        """It is of no interest any more. The one opened before it takes its place."""
        self._conversations.pop(names.fold(conversation.name), None)
        if self.current is conversation:
            self.current = next(reversed(self._conversations.values()), None)
            if self.current is not None:
                self.current.see()

    def switch(self, to: Conversation) -> None:
        """Look at another conversation; what was new in the one before is no longer. See `Conversation.unshown`."""
        if self.current is not None and self.current is not to:
            self.current.move_on()
        self.current = to
        to.see()

    def beside(self, step: int) -> Conversation | None:
        """The one so many places after the current one, round and round."""
        every = list(self)
        if self.current not in every:
            return every[0] if every else None
        return every[(every.index(self.current) + step) % len(every)]

    @property
    def elsewhere(self) -> list[Conversation]:
        """The other ones in which something is unread: where one is meant first."""
        unread = [one for one in self if one.unread and one is not self.current]
        return sorted(unread, key=lambda one: one.mentions == 0)

    def is_me(self, nick: str) -> bool:
        """Whether that is oneself."""
        return names.fold(nick) == names.fold(self.me)

    def calls(self, event: Event) -> bool:
        """Whether it is for oneself: one's nick or one of one's words stands in it, or it is told to oneself alone."""
        if not isinstance(event, Said | Told) or self.is_me(event.by) or not _is_shown(event):
            return False
        if isinstance(event, Told):
            return True
        return any(_stands_in(word, event.text) for word in (self.me, *self._words))

    def note(self, event: Event) -> list[Conversation]:
        """It happened. :returns: the conversations that it is shown in; empty: nobody needs to see it."""
        noted = _NOTES.get(type(event), View._note_other)(self, event)
        for conversation in noted:
            conversation.add(event)
            self._count(conversation, event)
        return noted

    def _count(self, conversation: Conversation, event: Event) -> None:
        if conversation is self.current:
            conversation.see()
            conversation.shown()
        elif isinstance(event, Told) and self.is_me(event.by):  # who answers has read; of a room one may look away
            conversation.move_on()
        elif self.is_speech(event) and event.time > conversation.read:
            conversation.new = conversation.new or event
            conversation.unread += 1
            conversation.mentions += self.calls(event)

    def since(self, conversation: Conversation, read: int, number: int) -> None:
        """One comes back: what others said after the time `read`, or after the entry `number`, is new."""
        conversation.read = max(conversation.read, read)
        new = [item for item in conversation.items if self.is_speech(item) and is_new(item, conversation.read, number)]
        conversation.new = new[0] if new else None
        if conversation is not self.current:
            conversation.unread = len(new)
            conversation.mentions = sum(map(self.calls, new))

    def new_in(self, conversation: Conversation) -> int:
        """How many messages of others follow the first new one, itself included."""
        return sum(map(self.is_speech, conversation.unseen))

    def is_speech(self, event: Event) -> bool:
        """Whether somebody else says something."""
        return isinstance(event, Said | Told) and _is_shown(event) and not self.is_me(event.by)

    # what happened

    def _said(self, event: Said) -> list[Conversation]:
        if not _is_shown(event):
            return []
        room = self.open(event.room)
        room.heard(event)
        if room.seated and not event.replayed:
            room.came(event.by)
        return [room]

    def _told(self, event: Told) -> list[Conversation]:
        if not _is_shown(event):
            return []
        talk = self.open(event.to if self.is_me(event.by) else event.by)
        talk.heard(event)
        return [talk]

    def _joined(self, event: Joined) -> list[Conversation]:
        room = self.open(event.room)
        room.came(event.by)
        if self.is_me(event.by):
            room.seated = True
        return self._of_interest(event, event.by, [room])

    def _room_back(self, event: RoomBack) -> list[Conversation]:
        """Who came and went meanwhile is not told."""
        if self.find(event.seated.room) is not None:
            self.enter(event.seated)
        return []

    def _left(self, event: Left) -> list[Conversation]:
        room = self.find(event.room)
        if room is None:
            return []
        shown = self._of_interest(event, event.by, [room])
        room.went(event.by)
        if self.is_me(event.by):
            room.seated = False
        return shown

    def _kicked(self, event: Kicked) -> list[Conversation]:
        room = self.open(event.room)
        room.went(event.nick)
        if self.is_me(event.nick):
            room.seated = False
        return [room]

    def _gone(self, event: Gone) -> list[Conversation]:
        there = [one for one in self if one.has(event.by)]
        shown = self._of_interest(event, event.by, there)
        for conversation in there:
            conversation.went(event.by)
        return shown

    def _renamed(self, event: Renamed) -> list[Conversation]:
        mine = self.is_me(event.by)
        there = [one for one in self if one.has(event.by)]
        shown = (there or self._here()) if mine else self._of_interest(event, event.by, there)
        for conversation in there:
            conversation.renamed(event.by, event.to)
        if mine:
            self.me = event.to
        elif (talk := self.find(event.by)) is not None and self.find(event.to) is None:
            self._move(talk, event.to)
            shown = [*shown, talk]
        return shown

    def _moved(self, event: Moved) -> list[Conversation]:
        room = self.open(event.was)
        self._move(room, event.room)
        return [room]

    def _move(self, conversation: Conversation, to: str) -> None:
        """It is called otherwise, and keeps its place. What was called so before is not there any more."""
        if (old := self.find(to)) is not None and old is not conversation:
            self.close(old)
        every = [to if one is conversation else one.name for one in self]
        conversation.name = to
        by_name = {names.fold(one.name): one for one in self}
        self._conversations = {names.fold(name): by_name[names.fold(name)] for name in every}

    def _topic_set(self, event: TopicSet) -> list[Conversation]:
        room = self.open(event.room)
        room.topic = event.topic
        return [room]

    def _modes_set(self, event: ModesSet) -> list[Conversation]:
        return [self.open(event.room)]

    def _redacted(self, event: Redacted) -> list[Conversation]:
        """What was taken back is not there to be read any more."""
        other = event.to if self.is_me(event.by) else event.by
        conversation = self.find(event.room or other)
        if conversation is None:
            return []
        for place, item in enumerate(conversation.items):
            if item.id == event.of and isinstance(item, Said | Told):
                self._take_back(conversation, place, item)
        return [conversation]

    def _take_back(self, conversation: Conversation, place: int, item: Said | Told) -> None:
        """Neither is it new any more."""
        later = [one for one in list(conversation.items)[place + 1 :] if self.is_speech(one)]
        if self.is_speech(item) and len(later) < conversation.unread:
            conversation.unread -= 1
            conversation.mentions -= self.calls(item)
        if conversation.new is item:
            conversation.new = later[0] if later else None
        conversation.items[place] = replace(item, text="", redacted=True)

    def _skipped(self, event: Skipped) -> list[Conversation]:
        return [self.open(event.target)]

    def _marked(self, event: MarkerSet) -> list[Conversation]:
        """One has read it somewhere else."""
        conversation = self.find(event.target)
        if conversation is not None and conversation is not self.current:
            self.since(conversation, event.until, 0)
        return []

    def _note_other(self, event: Event) -> list[Conversation]:
        return self._here()

    def _here(self) -> list[Conversation]:
        return [self.current] if self.current is not None else []

    def _of_interest(self, event: Event, nick: str, where: list[Conversation]) -> list[Conversation]:
        """Where it is shown that somebody came or went."""
        if self.joins == "none" or self.is_me(nick):
            return []
        now = event.time or int(time.time() * 1000)
        return [one for one in where if self.joins == "all" or one.spoke_lately(nick, now)]


def _is_shown(event: Said | Told) -> bool:
    """What was taken back is not, nor what one client asks another (CTCP)."""
    return not event.redacted and not event.text.startswith(CTCP)


def _when(event: Event) -> tuple[int, int]:
    return event.time, event.number


def is_new(event: Event, read: int, number: int) -> bool:
    """Whether it came after the time up to which one has read, if that is known, or else after an entry."""
    return event.time > read if read else event.number > number


def _stands_in(word: str, text: str) -> bool:
    """As a word of its own, whatever its case."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


_NOTES: dict[type[Event], Callable[[View, Any], list[Conversation]]] = {
    Said: View._said,
    Told: View._told,
    Joined: View._joined,
    Left: View._left,
    Kicked: View._kicked,
    Gone: View._gone,
    Renamed: View._renamed,
    Moved: View._moved,
    TopicSet: View._topic_set,
    ModesSet: View._modes_set,
    Redacted: View._redacted,
    Skipped: View._skipped,
    MarkerSet: View._marked,
    LinkLost: View._note_other,
    LinkBack: View._note_other,
    RoomBack: View._room_back,
}
