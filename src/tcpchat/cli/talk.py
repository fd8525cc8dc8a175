"""One person in the chat: what is typed becomes requests, in its order, and what happens becomes lines."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from tcpchat.cli import commands as typed_commands
from tcpchat.cli.show import company, event_lines, notice, past, reply_lines, same
from tcpchat.client.client import Client, LinkLost, PerhapsStored
from tcpchat.model import commands, names
from tcpchat.model.errors import EX_DATAERR, EX_TEMPFAIL
from tcpchat.model.events import Event, Gone, Joined, Kicked, Left, Moved, Renamed, Said
from tcpchat.model.replies import Refused, Seated
from tcpchat.model.words import recorded
from tcpchat.wire.ignoring import Ignored

PAST_LINES = 10
"""How many of a room's last lines one sees who comes in."""

MOST_TYPED = 1_000
"""Lines that may wait to be looked at; then nothing more is read."""

MOST_SAYING = 100
"""Lines on their way to the server at one time."""


class Face(Protocol):
    """What a person, or a pipe, sees."""

    names_rooms: bool
    """Whether every line names its room."""
    person: bool
    """Whether somebody is there, who wants to know where he is and what was said before."""
    hint: str
    """What to do, said once."""

    async def show(self, lines: Iterable[str]) -> None:
        """Whole lines. They are safe to show."""
        ...

    async def warn(self, lines: Iterable[str]) -> None:
        """Lines about what went wrong."""
        ...

    async def failed(self, typed: str, why: Iterable[str]) -> None:
        """A line that was typed was not said, and whoever typed it may want it back."""
        ...

    def refresh(self) -> None:
        """What is pending is not the same any more."""
        ...

    async def secret(self, question: str) -> str:
        """What is typed and not shown, such as a password; empty if nothing is.

        :raises Refused: if nothing can be typed that is not shown.
        """
        ...


class Talk:
    """`listen` and `work` run as tasks of whoever makes one of these."""

    def __init__(self, chat: Client, face: Face) -> None:
        self.chat = chat
        self.me = chat.nick
        self.exit_code = 0
        self.farewell = ""
        self.ignored = Ignored()
        self.people: dict[str, dict[str, str]] = {}
        """By room, both folded: who was seen there."""
        self._face = face
        self._rooms: list[str] = []
        self._shown: dict[str, set[str]] = {}
        self._opening: dict[str, list[Event]] = {}
        self._typed: asyncio.Queue[typed_commands.Wish] = asyncio.Queue(MOST_TYPED)
        self._saying: set[asyncio.Task[None]] = set()
        self._pending: list[typed_commands.Wish] = []

    @property
    def current(self) -> str:
        """The room to which what is typed goes; empty if there is none."""
        return self._rooms[-1] if self._rooms else ""

    @property
    def rooms(self) -> list[str]:
        """The rooms one is in, the current one last."""
        return list(self._rooms)

    @property
    def waiting(self) -> int:
        """How many typed lines are not yet done with."""
        return len(self._pending)

    @property
    def pending(self) -> list[str]:
        """Those lines: what is said in them is not known to be stored."""
        return [wish.typed for wish in self._pending]

    async def show(self, lines: Iterable[str]) -> None:
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
        await self._put(wish)
        return True

    async def typed_in_pipe(self, line: str) -> bool:
        """A line that no person typed: whatever it looks like, it is said. :returns: whether there may be more."""
        if line.strip():
            await self._put(typed_commands.Wish(line, typed_commands.say, line))
        return True

    async def _put(self, wish: typed_commands.Wish) -> None:
        self._pending.append(wish)
        await self._typed.put(wish)

    async def work(self) -> None:
        """Do what is typed. Lines to say are sent without waiting for each other; a command waits for all before it."""
        while True:
            wish = await self._typed.get()
            if wish.name:
                await self._settled()
                await self._carry_out(wish)
            else:
                await self._on_its_way(wish)
            self._typed.task_done()

    async def done(self) -> None:
        """Until all that was typed is done, and all that was said is stored."""
        await self._typed.join()
        await self._settled()

    async def say(self, text: str, kind: commands.Kind = "text") -> None:
        """Say something in the current room.

        :raises Refused: if it was not stored.
        """
        if not self.current:
            raise Refused("not_in_room", f"You are in no room, nothing was sent. /join {names.LOBBY}")
        await self.chat.say(self.current, text, kind=kind)

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

    async def _carry_out(self, wish: typed_commands.Wish) -> None:
        """Say it if something cannot be done; what was typed after it is done all the same."""
        try:
            await wish.run(self, wish.argument)
        except Refused as refusal:
            await self._failed(wish, refusal.text, EX_TEMPFAIL if refusal.code == "not_stored" else EX_DATAERR)
        except PerhapsStored as error:
            await self._failed(wish, f"{error} Perhaps it was stored: /history shows it.", EX_TEMPFAIL)
        except ConnectionError:  # the chat was closed, and whoever closed it says so
            self.exit_code = max(self.exit_code, EX_TEMPFAIL)
        self._pending.remove(wish)
        self._face.refresh()

    async def _failed(self, wish: typed_commands.Wish, text: str, exit_code: int) -> None:
        if wish.name not in typed_commands.SAID:
            await self.refuse(text, exit_code)
            return
        self.exit_code = max(self.exit_code, exit_code)
        await self._face.failed(wish.typed, notice(text))

    # rooms

    async def join(self, room: str, key: str = "", *, hint: str = "") -> None:
        """Go into a room, which is the current one then, and see what was said last and who is there.

        :raises Refused: if that is not possible.
        """
        folded = names.fold(room)
        waiting = self._opening.setdefault(folded, [])  # what happens meanwhile is shown after what was before
        try:
            seated = await self.chat.join(room, key)
            self._enter(seated.room, seated.people)
            if self._face.person:
                await self._welcome(seated, hint)
            while waiting:
                await self._show_event(waiting.pop(0))
        finally:
            del self._opening[folded]

    async def part(self, room: str, reason: str) -> None:
        """Leave a room.

        :raises Refused: if one is not in it.
        """
        await self.chat.part(room, reason)
        self._leave(room)
        await self.show(notice(f"You left {room}. {self._where()}"))

    async def switch(self, room: str) -> None:
        """Talk in another room one is in; without a name, say which there are."""
        known = next((one for one in self._rooms if same(one, room)), "")
        if room and not known:
            await self.refuse(f"You are not in {room}. /join {room}")
            return
        if known:
            self._enter(known, ())
        others = ", ".join(self._rooms[:-1])
        await self.show(notice(self._where() + (f" You are also in {others}." if others else "")))

    async def show_past(self, room: str, limit: int, seated: Seated | None = None) -> None:
        """The latest entries of a room's log, set apart from what is said now, and from what was missed, for who is
        `seated` there again.
        """
        events = await self.chat.history(room, limit=limit)
        self._shown[names.fold(room)] = {event.id for event in events}
        heard = [event for event in events if not self.ignored.hides(event)]
        await self.show(past(room, heard, self.me, place=self._named(room), seated=seated))

    async def _welcome(self, seated: Seated, hint: str) -> None:
        if not seated.already:
            await self.show_past(seated.room, PAST_LINES, seated)
        topic = f"The topic is: {seated.topic}" if seated.topic else ""
        warning = recorded(seated.room) if seated.recorded and not seated.already else ""
        told = (topic, company(seated.room, seated.people, seated.quiet, self.me), warning, hint)
        await self.show(notice(*filter(None, told)))

    def _where(self) -> str:
        return f"What you type goes to {self.current}." if self.current else "You are in no room now."

    def _enter(self, room: str, people: Iterable[str]) -> None:
        self._rooms = [one for one in self._rooms if not same(one, room)] + [room]
        self.people.setdefault(names.fold(room), {}).update({names.fold(one): one for one in people})

    def _leave(self, room: str) -> None:
        self._rooms = [one for one in self._rooms if not same(one, room)]
        self.people.pop(names.fold(room), None)

    # what happens

    async def listen(self) -> None:
        """Show what happens, until the chat is closed."""
        async for event in self.chat:
            waiting = self._opening.get(names.fold(getattr(event, "room", "")))
            if waiting is not None:
                waiting.append(event)
            else:
                await self._show_event(event)

    async def _show_event(self, event: Event) -> None:
        """Once: what was shown as the past is not shown again."""
        if event.id in self._shown.get(names.fold(getattr(event, "room", "")), ()):
            return
        self.ignored.note(event)
        if self.ignored.hides(event):
            return
        lines = event_lines(event, self.me, place=self._place(event))
        note = _NOTES.get(type(event))
        if note is not None:
            note(self, event)
        if isinstance(event, Kicked) and same(event.nick, self.me):
            lines += notice(self._where())  # what is being typed must not be said somewhere else unawares
        await (self._face.warn if isinstance(event, LinkLost) else self._face.show)(lines)

    def _place(self, event: Event) -> str:
        return self._named(getattr(event, "room", ""))

    def _named(self, room: str) -> str:
        """The room's name, where it must be named."""
        return room if self._face.names_rooms or not same(room, self.current) else ""

    # who is where, for completing names

    def note_seen(self, event: Said | Joined) -> None:
        """Somebody is in a room."""
        self.people.setdefault(names.fold(event.room), {})[names.fold(event.by)] = event.by

    def note_left(self, event: Left) -> None:
        """Somebody is not in a room any more."""
        if same(event.by, self.me):
            self._leave(event.room)
        else:
            self.people.get(names.fold(event.room), {}).pop(names.fold(event.by), None)

    def note_kicked(self, event: Kicked) -> None:
        """Somebody was put out of a room."""
        self.note_left(Left(room=event.room, by=event.nick))

    def note_moved(self, event: Moved) -> None:
        """A room has another name."""
        self.people[names.fold(event.room)] = self.people.pop(names.fold(event.was), {})
        self._rooms = [event.room if same(room, event.was) else room for room in self._rooms]

    def note_gone(self, event: Gone) -> None:
        """Somebody is nowhere any more."""
        for people in self.people.values():
            people.pop(names.fold(event.by), None)

    def note_renamed(self, event: Renamed) -> None:
        """Somebody is called something else, perhaps oneself."""
        if same(event.by, self.me):
            self.me = event.to
        for people in self.people.values():
            if people.pop(names.fold(event.by), None) is not None:
                people[names.fold(event.to)] = event.to


_NOTES: dict[type[Event], Callable[[Talk, Any], None]] = {
    Said: Talk.note_seen,
    Joined: Talk.note_seen,
    Left: Talk.note_left,
    Kicked: Talk.note_kicked,
    Moved: Talk.note_moved,
    Gone: Talk.note_gone,
    Renamed: Talk.note_renamed,
}
