"""A chat with which the full screen is tested: a view, and nothing behind it."""

import re
from collections.abc import Iterable

from textual.strip import Strip

from tcpchat.cli.screen.app import ScreenApp
from tcpchat.cli.screen.composer import Composer
from tcpchat.cli.screen.message_log import MessageLog
from tcpchat.cli.screen.typed import Typed
from tcpchat.client.view import Conversation, View
from tcpchat.model.commands import Kind
from tcpchat.model.events import Event, Said, Told

START = 1_764_062_400_000
"""25 November 2025, 09:20 in UTC."""


_OVER = re.compile(r"( +)\x1b\[(\d+)G([^\x1b]+)\x1b\[(\d+)G")
"""Spaces, back to a column, what is written over them, on to a column."""


def _over(found: re.Match[str]) -> str:
    spaces, first, text, end = found.groups()
    return spaces[: len(spaces) - int(end) + int(first)] + text


def _text(strip: Strip) -> str:
    return _OVER.sub(_over, "".join(one.text for one in strip))


class Chat:
    """`Doings`, and what others do."""

    def __init__(self, *rooms: str, people: Iterable[str] = ("alice", "bob", "carol", "caroline", "dave")) -> None:
        self.view = View("alice")
        self.address = "127.0.0.1:7667"
        self.connected = True
        self.state = "connected"
        self.unsent = 0
        self.waiting: list[str] = []
        self.lines: list[str] = []
        self.number = 0
        for room in rooms or ("#general", "#dev", "#ops"):
            conversation = self.view.open(room)
            conversation.seated = True
            conversation.people = {one: one for one in people}
        self.view.switch(next(iter(self.view)))
        self.app = ScreenApp(self.view, self, Typed(), colours="dark")

    def say(self, by: str, text: str, room: str = "#general", *, kind: Kind = "text") -> Event:
        """Somebody says something."""
        self.number += 1
        place = {"number": self.number, "time": START + self.number * 1000}
        return self.event(Said(room=room, by=by, text=text, kind=kind, id=f"i{self.number}", **place))

    def tell(self, by: str, text: str) -> Event:
        """Somebody says something to alice alone."""
        self.number += 1
        return self.event(Told(to="alice", by=by, text=text, id=f"i{self.number}", time=START + self.number * 1000))

    def event(self, event: Event) -> Event:
        """Something happens."""
        self.app.happened(event, self.view.note(event))
        return event

    @property
    def rows(self) -> list[str]:
        """What can be seen."""
        return [_text(strip) for strip in self.app.screen._compositor.render_strips()]

    @property
    def log(self) -> list[str]:
        """The rows of messages."""
        log = self.app.query_one(MessageLog)
        return [_text(log.render_line(row)) for row in range(log.size.height)]

    @property
    def words(self) -> str:
        """All of it, without what is only drawn."""
        return "\n".join(self.rows)

    @property
    def typed_now(self) -> str:
        """What is half typed."""
        return self.app.query_one(Composer).text

    # doings

    def candidates(self, before: str) -> list[str]:
        """See `Doings`."""
        word = before.rpartition(" ")[2]
        if word.startswith("/"):
            return [f"/{one} " for one in ("join", "me") if one.startswith(word[1:])]
        assert self.view.current is not None
        end = ": " if word == before else " "
        return [f"{one}{end}" for one in self.view.current.people.values() if one.startswith(word)]

    def usage(self, line: str) -> str:
        """See `Doings`."""
        return "/me TEXT: say what you do" if line.startswith("/me") else ""

    def pending(self, conversation: Conversation) -> list[str]:
        """See `Doings`."""
        return self.waiting if conversation is self.view.current else []

    def typed(self, line: str) -> None:
        """See `Doings`."""
        self.lines.append(line)

    def look(self, at: Conversation) -> None:
        """See `Doings`."""
        self.view.switch(at)
        self.app.changed()
