"""One person in the chat: what is typed becomes requests, in its order, and what happens comes into view."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from tcpchat.cli import commands as typed_commands
from tcpchat.cli.marks import Marks
from tcpchat.cli.preferences import Preferences
from tcpchat.cli.reading import Reading
from tcpchat.cli.show import Line, company, notice, past, reply_lines, same, where_unread
from tcpchat.client.client import Client, LinkBack, LinkLost, PerhapsStored
from tcpchat.client.view import Conversation, View
from tcpchat.model import commands, names
from tcpchat.model.errors import EX_DATAERR, EX_TEMPFAIL
from tcpchat.model.events import LOGGED, Event, Kicked, Renamed, Told
from tcpchat.model.replies import Refused, Seated
from tcpchat.model.words import recorded
from tcpchat.wire.ignoring import Ignored

MOST_TYPED = 1_000
"""Lines that may wait to be looked at; then nothing more is read."""

MOST_SAYING = 100
"""Lines on their way to the server at one time."""


class Face(Protocol):
    """What a person, or a pipe, sees."""

    person: bool
    """Whether somebody is there, who wants to know where he is and what was said before."""
    hint: str
    """What to do, said once."""
    keys: tuple[str, ...]
    """What keys do beside that, for /help."""

    async def happened(self, event: Event, where: list[Conversation]) -> None:
        """It came into view in these conversations."""
        ...

    async def opened(self, conversation: Conversation, items: list[Event], told: Iterable[Line]) -> None:
        """It is the current one now: show those of its items that were not shown yet, and what else is `told` of it."""
        ...

    async def show(self, lines: Iterable[Line]) -> None:
        """Answers to what was typed. They are safe to show."""
        ...

    async def warn(self, lines: Iterable[Line]) -> None:
        """Lines about what went wrong."""
        ...

    async def failed(self, typed: str, why: Iterable[Line]) -> None:
        """A line that was typed was not said, and whoever typed it may want it back."""
        ...

    def refresh(self) -> None:
        """What is pending or unread is not the same any more."""
        ...

    async def secret(self, question: str) -> str:
        """What is typed and not shown, such as a password; empty if nothing is.

        :raises Refused: if nothing can be typed that is not shown.
        """
        ...


class Talk:
    """`listen` and `work` run as tasks of whoever makes one of these, and `enter`s the chat once there is one."""

    def __init__(self, view: View, face: Face, preferences: Preferences, marks: Marks) -> None:
        self.view = view
        self.preferences = preferences
        self.exit_code = 0
        self.farewell = ""
        self.last_teller = ""
        """Who told one something last."""
        self.ignored = Ignored()
        self._away = ("", "")
        """To whom something was told last, and why they are away."""
        self._face = face
        self._chat: Client | None = None
        self._ready = asyncio.Event()
        self._opening: dict[str, list[Event]] = {}
        self._typed: asyncio.Queue[typed_commands.Wish] = asyncio.Queue(MOST_TYPED)
        self._saying: set[asyncio.Task[None]] = set()
        self._pending: list[typed_commands.Wish] = []
        self._leading: list[typed_commands.Wish] = []
        self._doing: typed_commands.Wish | None = None
        self._led: Conversation | None = None
        self._astray = False
        """Whether the last command that was to lead elsewhere did not."""
        self._refused = False
        self._reading = Reading(view, marks, self.ignored)

    def enter(self, chat: Client) -> None:
        """From now on this is the chat."""
        self._chat = self._reading.chat = chat
        self.view.me = chat.nick
        self._face.refresh()

    def begin(self) -> None:
        """One is where one wanted to be: what was typed before is done now."""
        self._ready.set()

    @property
    def chat(self) -> Client:
        """The chat. Commands are carried out only when there is one."""
        assert self._chat is not None
        return self._chat

    @property
    def entered(self) -> bool:
        """Whether there is a chat."""
        return self._chat is not None

    @property
    def connected(self) -> bool:
        """Whether there is a link now."""
        return self._chat is not None and self._chat.connected

    @property
    def me(self) -> str:
        """What one is called."""
        return self.view.me

    @property
    def keys(self) -> tuple[str, ...]:
        """See `Face`."""
        return self._face.keys

    @property
    def waiting(self) -> int:
        """How many typed lines are not yet done with."""
        return len(self._pending)

    @property
    def pending(self) -> list[str]:
        """Those lines: what is said in them is not known to be stored."""
        return [wish.typed for wish in self._pending]

    def pending_in(self, name: str) -> list[str]:
        """Those that are for a room or person, and those of which it is not known yet for whom they are."""
        return [wish.typed for wish in self._pending if wish.to is None or wish.to.name == name]

    @property
    def here(self) -> str:
        """The room or person to whom the command was typed that is carried out now; empty if there was none.

        :raises Refused: if a command before it was to lead there, and did not.
        """
        return self._place_of(self._doing) if self._doing is not None else self._current

    async def show(self, lines: Iterable[Line]) -> None:
        """Lines for the person."""
        await self._face.show(lines)

    async def secret(self, question: str) -> str:
        """See `Face`.

        :raises Refused: if nothing is typed.
        """
        if not (typed := await self._face.secret(question)):
            raise Refused("no_password", "Nothing was typed, and nothing done.")
        return typed

    async def new_secret(self, question: str) -> str:
        """The same, typed twice.

        :raises Refused: if these are not the same.
        """
        typed = await self.secret(question)
        if await self.secret("Once more: ") != typed:
            raise Refused("no_password", "These are not the same, and nothing was done.")
        return typed

    async def refuse(self, text: str, exit_code: int = EX_DATAERR) -> None:
        """Something typed was not done."""
        self.exit_code = max(self.exit_code, exit_code)
        self._refused = True
        await self._face.warn(notice(text))

    # what is typed

    async def typed(self, line: str) -> bool:
        """A line was typed; it is done after those before it. :returns: whether there may be another."""
        if not line.strip():
            return True
        wish = typed_commands.read(line)
        if wish.name == "quit":
            self.farewell = wish.argument
            return False
        if wish.name == "help" and not self._ready.is_set():  # it needs no chat, and is wanted most where there is none
            await wish.run(self, wish.argument)
            return True
        await self._put(wish)
        self._reading.types()
        return True

    async def typed_in_pipe(self, line: str) -> bool:
        """A line that no person typed: whatever it looks like, it is said. :returns: whether there may be more."""
        if line.strip():
            await self._put(typed_commands.Wish(line, typed_commands.say, line))
        return True

    async def _put(self, wish: typed_commands.Wish) -> None:
        """It is for where one is now, wherever one looks when it is done; unless a command is before it that leads
        elsewhere.
        """
        wish = wish._replace(led=True) if self._leading else wish._replace(to=self.view.current)
        if typed_commands.leads(wish):
            self._leading.append(wish)
        self._pending.append(wish)
        self._face.refresh()
        await self._typed.put(wish)

    async def work(self) -> None:
        """Do what is typed. Lines to say are sent without waiting for each other; a command waits for all before it."""
        await self._ready.wait()
        while True:
            wish = await self._typed.get()
            if wish.name:
                await self._settled()
                self._doing = wish
                await self._carry_out(wish)
                self._doing = None
            else:
                await self._on_its_way(wish)
            self._typed.task_done()

    async def done(self) -> None:
        """Until all that was typed is done, and all that was said is stored. A program shall learn that there is no
        server even if it has nothing to say.
        """
        if not self._face.person:
            await self._ready.wait()
        await self._typed.join()
        await self._settled()

    async def say(self, to: str, text: str, kind: commands.Kind = "text") -> None:
        """Say something in a room, or to a person.

        :raises Refused: if it was not stored.
        """
        if not to:
            raise Refused("not_in_room", f"You are in no room, nothing was sent. /join {names.LOBBY}")
        if names.is_room(to):
            await self.chat.say(to, text, kind=kind)
        else:
            stored = await self.chat.tell(to, text, kind=kind)
            await self._tell_who_is_away(to, stored.away)

    async def _tell_who_is_away(self, to: str, why: str) -> None:
        """Once, as long as one talks with nobody else."""
        before, self._away = self._away, (to, why)
        if why and before != self._away:
            await self.show(notice(f"{to} is away: {why}"))

    async def ask(self, question: commands.Command) -> None:
        """Ask, and show the answer."""
        await self.show(reply_lines(await self.chat.request(question)))

    async def _on_its_way(self, wish: typed_commands.Wish) -> None:
        while len(self._saying) >= MOST_SAYING:
            await asyncio.wait(self._saying, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._carry_out(wish))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _settled(self) -> None:
        while self._saying:
            await asyncio.wait(self._saying)

    def _place_of(self, wish: typed_commands.Wish) -> str:
        """What it is called by now.

        :raises Refused: see `here`.
        """
        if wish.led and self._astray:
            raise Refused("not_there", "You did not get where this was meant to go, nothing was sent.")
        place = self._led if wish.led else wish.to
        return place.name if place is not None else ""

    async def _carry_out(self, wish: typed_commands.Wish) -> None:
        """Say it if something cannot be done; what was typed after it is done all the same, but never elsewhere."""
        self._refused = False
        try:
            await (wish.run(self, wish.argument) if wish.name else self.say(self._place_of(wish), wish.argument))
        except Refused as refusal:
            await self._failed(wish, refusal.text, EX_TEMPFAIL if refusal.code == "not_stored" else EX_DATAERR)
        except PerhapsStored as error:
            await self._failed(wish, f"{error} Perhaps it was stored: /history shows it.", EX_TEMPFAIL)
        except ConnectionError:  # the chat was closed, and whoever closed it says so
            self.exit_code = max(self.exit_code, EX_TEMPFAIL)
        if typed_commands.leads(wish):
            self._astray = self._refused
        self._pending.remove(wish)
        if wish in self._leading:
            self._leading.remove(wish)
        self._face.refresh()

    async def _failed(self, wish: typed_commands.Wish, text: str, exit_code: int) -> None:
        if wish.name not in typed_commands.SAID:
            await self.refuse(text, exit_code)
            return
        self.exit_code = max(self.exit_code, exit_code)
        self._refused = True
        await self._face.failed(wish.typed, notice(text))

    # rooms and conversations

    async def join(self, room: str, key: str = "", *, hint: str = "", look: bool = True) -> None:
        """Go into a room, see what was said last and who is there, and `look` there from now on.

        :raises Refused: if that is not possible.
        """
        folded = names.fold(room)
        self._opening[folded] = []  # what happens meanwhile is shown after what was before
        try:
            seated = await self.chat.join(room, key)
            told = await self._enter(seated, hint)
            if look or self.view.current is None:
                await self.lead(self.view.open(seated.room), told)
            self._face.refresh()
        finally:
            await self._opened(folded)

    async def _enter(self, seated: Seated, hint: str) -> list[Line]:
        """:returns: what there is to say about the room."""
        known = self.view.find(seated.room)
        was_there = known is not None and known.seated
        room = self.view.enter(seated)
        if not self._face.person:
            return []
        missed = [] if was_there else await self._reading.catch_up(self.chat, seated, room)
        return [*missed, *self._told(seated, hint)]

    async def _opened(self, folded: str) -> None:
        waiting = self._opening[folded]
        try:
            while waiting:
                await self._show_event(waiting.pop(0))
        finally:
            del self._opening[folded]

    async def part(self, name: str, reason: str) -> None:
        """Leave a room, or end a conversation.

        :raises Refused: if one is not in it.
        """
        conversation = self.view.find(name)
        if names.is_room(name) and (conversation is None or self._is_in(name)):
            await self.chat.part(name, reason)
        if conversation is not None:
            if conversation is self.view.current:
                self._reading.mark(conversation)
            self.view.close(conversation)
        left = f"You left {name}." if names.is_room(name) else f"You talk with {name} no more."
        await self.show(notice(f"{left} {self._where()}"))
        self._led = self.view.current
        if self.view.current is not None:
            await self._look(self.view.current, ())

    async def lead(self, to: Conversation, told: Iterable[Line] = ()) -> None:
        """A command leads there: one looks there, unless one has turned elsewhere since it was typed."""
        self._led = to
        if self._doing is None or self._doing in self._leading:
            await self._look(to, told)
        else:
            await self.show(told)

    async def turn(self, to: Conversation) -> None:
        """Look at another conversation at once, whatever was typed before and is not done yet. What is typed from now
        on is for there.
        """
        self._leading.clear()
        await self._look(to, ())

    async def show_where(self) -> None:
        """Say where one is, and what there is elsewhere."""
        await self.show([*notice(self._where()), *where_unread(self.view)])

    async def show_past(self, name: str, limit: int) -> None:
        """The latest entries of a log, set apart from what is said now."""
        events = await self.chat.history(name, limit=limit)
        heard = [event for event in events if not self.ignored.hides(event)]
        await self.show(past(name, heard, self.me))

    async def _look(self, at: Conversation, told: Iterable[Line]) -> None:
        before, unshown = self.view.current, at.unshown
        self.view.switch(at)
        at.shown()
        for conversation in (before, at):
            if self._face.person and conversation is not None:
                self._reading.mark(conversation)
        await self._face.opened(at, unshown, told)

    def _told(self, seated: Seated, hint: str) -> list[Line]:
        """About the room one comes into."""
        topic = f"The topic is: {seated.topic}" if seated.topic else ""
        warning = recorded(seated.room) if seated.recorded and not seated.already else ""
        told = (topic, company(seated.room, seated.people, seated.quiet, self.me), warning, hint)
        return notice(*filter(None, told))

    @property
    def _current(self) -> str:
        return self.view.current.name if self.view.current is not None else ""

    def _where(self) -> str:
        return f"What you type goes to {self._current}." if self._current else "You are in no room now."

    async def close(self) -> None:
        """Leave the chat, after telling it how far one has read."""
        if self._face.person:
            await self._reading.end()
        await self.chat.close(self.farewell)

    # what happens

    async def listen(self) -> None:
        """Show what happens, until the chat is closed."""
        async for event in self.chat:
            waiting = self._opening.get(names.fold(_room_of(event)))
            if waiting is not None:
                waiting.append(event)
            else:
                await self._show_event(event)

    async def _show_event(self, event: Event) -> None:
        self.ignored.note(event)
        if self.ignored.hides(event) or self._comes_late(event):
            return
        if isinstance(event, Renamed) and same(event.by, self.last_teller):
            self.last_teller = event.to
        if isinstance(event, Told) and not self.view.is_me(event.by):
            self.last_teller = event.by
        where = self.view.note(event)
        if where or isinstance(event, LinkLost | LinkBack):
            await self._face.happened(event, where)
        if isinstance(event, Kicked) and self.view.is_me(event.nick):
            await self.show(notice(f"You are not in {event.room} any more. /join {event.room} asks to come in again."))

    def _comes_late(self, event: Event) -> bool:
        """Whether it happened in a room that one has left since."""
        room = _room_of(event)
        return isinstance(event, LOGGED) and room != "" and self.view.find(room) is None and not self._is_in(room)

    def _is_in(self, room: str) -> bool:
        return names.fold(room) in map(names.fold, self.chat.rooms)


def _room_of(event: Event) -> str:
    """Where it happened; empty, if in no room."""
    return getattr(event, "was", "") or getattr(event, "room", "") or getattr(event, "target", "")
