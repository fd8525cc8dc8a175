"""Plain text for people with nc or telnet: type a nickname, then type."""

import re
from collections.abc import Callable, Iterable, Iterator

from tcpchat.config import Config
from tcpchat.model import commands, names, replies
from tcpchat.model.events import Event
from tcpchat.model.text import showable
from tcpchat.model.words import been_away, recorded, searched
from tcpchat.wire import line_accounts, line_ignoring, line_rooms, told
from tcpchat.wire.dialect import SECURE, Answer, Request, Transport
from tcpchat.wire.framing import Lines
from tcpchat.wire.ignoring import Ignored
from tcpchat.wire.line_accounts import PROMPT, Door
from tcpchat.wire.telnet import Telnet, erased
from tcpchat.wire.told import LineEncoding, encoding, some, text_lines

GREETING = f"Welcome to tcpchat. Pick a nickname and talk; /help lists what else there is.\r\n{PROMPT}".encode()
HISTORY_LINES = 50
_UNTYPED = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f]")
"""No name has them, and no key of a terminal sends them by mistake, as the arrows do ESC."""

BAD_BYTES = "Your terminal sent bytes that are not UTF-8; they are shown as \ufffd."


class PlainLines:
    """The server's side of the dialect, and where its person is in the conversation."""

    answers_pings = False
    one_at_a_time = False
    silent_on: frozenset[type[commands.Command]] = frozenset({commands.Say})

    def __init__(self, config: Config, *, greeted: bool = False, transport: Transport = SECURE) -> None:
        """`greeted`: the greeting was sent already, because nothing came."""
        self._lines = Lines(config.limits.line_bytes)
        self._telnet = Telnet()
        self._motd = config.motd
        self._join_history = config.join_history
        self._greeted = greeted
        self._door = Door(asks_password=config.password != "", secure=transport.secure)
        self.me = ""
        self._entered = False
        self._told_of_bad_bytes = False
        self.ignored = Ignored(config.limits.ignored)
        self._own_encoding = LineEncoding("", self.ignored)
        self.asked: replies.WhoisReply | None = None
        self._rooms: list[str] = []
        self._seated: replies.Seated | None = None
        """The answer of the room that was joined last, if one was not there already."""

    @property
    def encoding(self) -> LineEncoding:
        """See `Dialect.encoding`."""
        current = names.fold(self.current)
        if not len(self.ignored):
            return encoding(current)
        self._own_encoding.current = current
        return self._own_encoding

    @property
    def current(self) -> str:
        """The room to which what is typed goes; empty if there is none."""
        return self._rooms[-1] if self._rooms else ""

    @property
    def unfinished(self) -> int:
        """See `Dialect.unfinished`."""
        return self._lines.unfinished

    def configure(self, config: Config) -> None:
        """See `Dialect.configure`."""
        self._join_history = config.join_history

    def unanswered(self, events: list[Event]) -> list[Event]:
        """See `Dialect.unanswered`."""
        return events

    def receive(self, data: bytes) -> Iterator[Request | bytes]:
        """See `Dialect.receive`."""
        if not self._greeted:
            self._greeted = True
            yield GREETING
        yield from self._requests(self._lines.feed(self._telnet.strip(data)))

    def finish(self) -> Iterator[Request | bytes]:
        """See `Dialect.finish`."""
        yield from self._requests(self._lines.finish())

    def answer(self, request: Request, answer: Answer, me: str) -> bytes:
        """See `Dialect.answer`."""
        self.me = me
        if isinstance(answer, replies.Refused):
            if answer.code == "not_in_room" and answer.about:
                self._leave(answer.about[0])
            return text_lines(f"-- {answer.text}") if self._entered else self._door.refused(request, answer)
        if isinstance(answer, replies.WhoisReply) and request.label is line_ignoring.read_ignore:
            self.asked = answer
            return b""
        writer = _ANSWERS.get(type(answer))
        return writer(self, request.command, answer) if writer else self._done(request.command)

    def ping(self, token: str) -> bytes:
        """Nobody types an answer to a ping; the system notices a dead link."""
        return b""

    def farewell(self, reason: str) -> bytes:
        """See `Dialect.farewell`."""
        return text_lines(f"-- {reason}")

    def _requests(self, lines: Iterable[bytes | None]) -> Iterator[Request | bytes]:
        for raw in lines:
            if raw is None:
                yield text_lines("-- That line was too long, and was not sent.")
                continue
            line = erased(raw.decode("utf-8", "replace")).strip()
            if "\ufffd" in line and not self._told_of_bad_bytes:
                self._told_of_bad_bytes = True
                yield text_lines(f"-- {BAD_BYTES}")
            yield from self._typed(line)

    def _typed(self, line: str) -> Iterator[Request | bytes]:
        if not self._entered and _UNTYPED.search(line):
            yield text_lines("-- This is a chat server, and that was no text.")
            yield Request(commands.Quit())
        elif not self._entered:
            yield from self._enter(line)
        elif line.startswith("/") and not line.startswith("//"):
            yield from self._command(line[1:])
        elif line:
            yield self._said(line.removeprefix("/") if line.startswith("//") else line)

    def _enter(self, line: str) -> Iterator[Request | bytes]:
        yield from self._door.read(line)
        if self._entered:
            yield from self._join(names.LOBBY)

    def _said(self, text: str, kind: commands.Kind = "text") -> Request | bytes:
        if not self.current:
            return text_lines(f"-- You are in no room. Type /join {names.LOBBY}")
        return Request(commands.Say(room=self.current, text=text, kind=kind))

    def _command(self, line: str) -> Iterator[Request | bytes]:
        name, _, argument = line.partition(" ")
        command = COMMANDS.get(name.lower())
        if command is None:
            yield text_lines(
                f"-- There is no /{showable(name)[:30]}. /help lists what there is; //{showable(name)[:30]} says it."
            )
        elif len(argument.split()) < command.words:
            yield text_lines(f"-- Something is missing: {command.usage}")
        else:
            yield from command.read(self, argument.strip())

    def _join(self, room: str, key: str = "") -> Iterator[Request | bytes]:
        self._seated = None
        yield Request(commands.Join(room=room, key=key))
        if self._seated is not None and self._seated.number and self._join_history:
            before = self._seated.number + 1
            yield Request(commands.History(room=room, before=before, limit=self._join_history, said=True))

    # how requests are read

    def read_nick(self, argument: str) -> Iterator[Request | bytes]:
        """/nick NAME"""
        yield Request(commands.Rename(nick=argument))

    def read_join(self, argument: str) -> Iterator[Request | bytes]:
        """/join #ROOM [KEY]"""
        room, _, key = argument.partition(" ")
        yield from self._join(room if names.is_room(room) else f"#{room}", key.strip())

    def read_part(self, argument: str) -> Iterator[Request | bytes]:
        """/part [#ROOM] [REASON]"""
        room, reason = self.current, argument
        if names.is_room(argument):
            room, _, reason = argument.partition(" ")
        yield Request(commands.Part(room=room, reason=reason))

    def read_rooms(self, argument: str) -> Iterator[Request | bytes]:
        """/rooms"""
        yield Request(commands.ListRooms())

    def read_who(self, argument: str) -> Iterator[Request | bytes]:
        """/who [#ROOM or NAME]"""
        if argument and not names.is_room(argument):
            yield Request(commands.Whois(nick=argument))
        else:
            yield Request(commands.ListPeople(room=argument or self.current))

    def read_msg(self, argument: str) -> Iterator[Request | bytes]:
        """/msg NAME TEXT"""
        to, _, text = argument.partition(" ")
        yield Request(commands.Tell(to=to, text=text))

    def read_me(self, argument: str) -> Iterator[Request | bytes]:
        """/me TEXT"""
        yield self._said(argument, "action")

    def read_topic(self, argument: str) -> Iterator[Request | bytes]:
        """/topic [TEXT]"""
        if argument:
            yield Request(commands.SetTopic(room=self.current, topic=argument))
        else:
            yield Request(commands.ShowTopic(room=self.current))

    def read_history(self, argument: str) -> Iterator[Request | bytes]:
        """/history [HOW MANY]"""
        if argument and not (argument.isascii() and argument.isdigit()):
            yield text_lines(f"-- {argument[:30]} is not a number: /history [HOW MANY]")
        else:
            yield Request(commands.History(room=self.current, limit=int(argument[:6] or HISTORY_LINES)))

    def read_search(self, argument: str) -> Iterator[Request | bytes]:
        """/search [#ROOM] WORDS"""
        room, _, words = argument.partition(" ")
        if names.is_room(room) and words:
            yield Request(commands.Search(words=words, target=room))
        else:
            yield Request(commands.Search(words=argument))

    def read_away(self, argument: str) -> Iterator[Request | bytes]:
        """/away [WHY]"""
        yield Request(commands.Away(text=argument))

    def read_help(self, argument: str) -> Iterator[Request | bytes]:
        """/help"""
        width = max(len(command.usage) for command in COMMANDS.values())
        yield text_lines(
            *(f"-- {command.usage:{width}}  {command.help}" for command in COMMANDS.values()),
            "-- What arrives can land in the middle of what you type; tcpchat-client keeps the two apart.",
        )

    def read_quit(self, argument: str) -> Iterator[Request | bytes]:
        """/quit [FAREWELL]"""
        yield Request(commands.Quit(reason=argument))

    # how answers are written

    def write_welcome(self, command: commands.Command, reply: replies.Welcome) -> bytes:
        """What a newcomer sees first."""
        self._entered = True
        return text_lines(*(f"-- {line}" for line in self._motd.splitlines()), f"-- You are {reply.nick}.")

    def write_seated(self, command: commands.Command, reply: replies.Seated) -> bytes:
        """The room is the current one now."""
        self._leave(reply.room)
        self._rooms.append(reply.room)
        self._seated = None if reply.already else reply
        topic = [f"-- Topic: {reply.topic}"] if reply.topic else []
        warning = [f"-- {recorded(reply.room)}"] if reply.recorded and not reply.already else []
        return text_lines(f"-- You are in {reply.room}: {some(reply.people, reply.quiet)}.", *topic, *warning)

    def write_logged_in(self, command: commands.Command, reply: replies.LoggedInReply) -> bytes:
        """Inside it is said; at the door it only lets one in."""
        self._door.logged_in(reply.account)
        return line_accounts.write_logged_in(self, command, reply) if self._entered else b""

    def write_rooms(self, command: commands.Command, reply: replies.Rooms) -> bytes:
        """One line a room."""
        width = max((len(room.room) for room in reply.rooms), default=0)
        return text_lines(*(f"-- {room.room:{width}} {room.people:4}  {room.topic}".rstrip() for room in reply.rooms))

    def write_people(self, command: commands.Command, reply: replies.People) -> bytes:
        """All of them in one line."""
        people = [
            f"{one.rank}{one.nick} (away: {one.away})" if one.away else f"{one.rank}{one.nick}" for one in reply.people
        ]
        return text_lines(f"-- {reply.room or 'Here'}: {', '.join(people) or 'nobody'}")

    def write_whois(self, command: commands.Command, reply: replies.WhoisReply) -> bytes:
        """About one person."""
        one = reply.person
        away = f", away: {one.away}" if one.away else ""
        rooms = f", in {' '.join(reply.rooms)}" if reply.rooms else ""
        tls = ", by TLS" if reply.encrypted else ""
        return text_lines(f"-- {one.nick} ({one.origin}) {one.name}{tls}{rooms}{away}")

    def write_topic(self, command: commands.Command, reply: replies.Topic) -> bytes:
        """What it is, and whose."""
        topic = f"Topic: {reply.topic} (set by {reply.by})" if reply.topic else "There is no topic."
        return text_lines(f"-- {reply.room}: {topic}")

    def write_stored(self, command: commands.Command, reply: replies.Stored) -> bytes:
        """What was said to one person leaves no other trace on the screen."""
        if not isinstance(command, commands.Tell):
            return b""
        return text_lines(f"-- {reply.to} is told." + (f" They are away: {reply.away}" if reply.away else ""))

    def write_invited(self, command: commands.Command, reply: replies.InvitedReply) -> bytes:
        """That they are asked."""
        return text_lines(f"-- {reply.nick} is invited to {reply.room}.")

    def write_changed(self, command: commands.Command, reply: replies.Changed) -> bytes:
        """What could not be done; the rest is seen by itself."""
        return text_lines(*(f"-- {problem.text}" for problem in reply.problems))

    def write_page(self, command: commands.Command, reply: replies.Page) -> bytes:
        """The lines as they were, with their date if it is not today's; on joining, also where one had left."""
        if not reply.events:
            return b""
        seated = self._seated if isinstance(command, commands.History) and command.said else None
        left = seated.left if seated is not None and seated.left_time else reply.events[-1].number
        write = LineEncoding(names.fold(reply.room), self.ignored).write
        known = [write(event) for event in reply.events if event.number <= left]
        missed = [write(event) for event in reply.events if event.number > left]
        parts = [text_lines("-- Said here before:"), *known] if known else []
        if seated is not None and seated.left_time:
            more = reply.more and reply.events[0].number > left + 1
            parts.append(text_lines(f"-- {been_away(seated, len(missed), more=more)}"))
        return b"".join([*parts, *missed, text_lines("-- Now:")])

    def write_found(self, command: commands.Command, reply: replies.Found) -> bytes:
        """The oldest first, each with its room."""
        found = [told.write_found(event) for event in reversed(reply.events) if not self.ignored.hides(event)]
        head = text_lines("-- Found:") if found else b""
        return b"".join([head, *found, text_lines(f"-- {searched(reply)}")])

    def _done(self, command: commands.Command) -> bytes:
        match command:
            case commands.Part(room=room):
                self._leave(room)
                where = f"Your words go to {self.current} now." if self.current else "You are in no room now."
                return text_lines(f"-- You left {room}. {where}")
            case commands.RegisterRoom(room=room):
                return text_lines(f"-- {room} is yours now, and stays as it is.")
            case commands.DropRoom(room=room):
                return text_lines(f"-- {room} is nobody's now, and lasts as long as somebody is in it.")
            case commands.Away(text=text):
                return text_lines("-- You are marked as away." if text else "-- You are back.")
        return text_lines(said) if (said := line_accounts.DONE.get(type(command))) else b""

    def _leave(self, room: str) -> None:
        self._rooms = [one for one in self._rooms if names.fold(one) != names.fold(room)]


class _Command:
    """A command that can be typed: how it is read, what /help says of it, and how many words it needs."""

    def __init__(self, read: Callable[[PlainLines, str], Iterator[Request | bytes]], help: str, words: int = 0) -> None:
        self.read = read
        self.usage = read.__doc__ or ""
        self.help = help
        self.words = words


_ANSWERS: dict[type[replies.Reply], Callable[..., bytes]] = {
    replies.Welcome: PlainLines.write_welcome,
    replies.LoggedInReply: PlainLines.write_logged_in,
    replies.Seated: PlainLines.write_seated,
    replies.Rooms: PlainLines.write_rooms,
    replies.People: PlainLines.write_people,
    replies.WhoisReply: PlainLines.write_whois,
    replies.Topic: PlainLines.write_topic,
    replies.Stored: PlainLines.write_stored,
    replies.InvitedReply: PlainLines.write_invited,
    replies.Changed: PlainLines.write_changed,
    replies.Page: PlainLines.write_page,
    replies.Found: PlainLines.write_found,
}

COMMANDS = {
    "nick": _Command(PlainLines.read_nick, "take another nickname", 1),
    "join": _Command(PlainLines.read_join, "go into a room; what you type goes there", 1),
    "part": _Command(PlainLines.read_part, "leave a room"),
    "rooms": _Command(PlainLines.read_rooms, "which rooms there are"),
    "who": _Command(PlainLines.read_who, "who is here, or who somebody is"),
    "msg": _Command(PlainLines.read_msg, "tell one person something", 2),
    "me": _Command(PlainLines.read_me, "say what you do", 1),
    "topic": _Command(PlainLines.read_topic, "see or set what the room is about"),
    "history": _Command(PlainLines.read_history, "what was said before"),
    "search": _Command(PlainLines.read_search, 'find what was said, in one of your rooms or in all; "side by side"', 1),
    "away": _Command(PlainLines.read_away, "say that you are away, or back"),
    "kick": _Command(line_rooms.read_kick, "put somebody out of the room, if you are its operator", 1),
    "ban": _Command(line_rooms.read_ban, "keep somebody out of the room", 1),
    "unban": _Command(line_rooms.read_unban, "let them in again, and speak", 1),
    "mute": _Command(line_rooms.read_mute, "keep somebody from speaking in the room; /unban ends it", 1),
    "slow": _Command(line_rooms.read_slow, "let everybody speak only every so many seconds; 0 ends it", 1),
    "key": _Command(line_rooms.read_key, "lock the room with a key, or take the key away"),
    "admit": _Command(line_rooms.read_admit, "say who may come into the room", 1),
    "op": _Command(line_rooms.read_op, "make somebody an operator of the room", 1),
    "invite": _Command(line_rooms.read_invite, "ask somebody into the room", 1),
    "ignore": _Command(line_ignoring.read_ignore, "hear nothing more of somebody, or list whom"),
    "unignore": _Command(line_ignoring.read_unignore, "hear them again", 1),
    "register": _Command(line_accounts.read_register, "have an account: then your name is nobody else's", 1),
    "login": _Command(line_accounts.read_login, "log in to your account", 1),
    "password": _Command(line_accounts.read_password, "give your account another password", 2),
    "regain": _Command(line_accounts.read_regain, "take the name of your account, whoever has it now"),
    "drop": _Command(line_accounts.read_drop, "give up your account, for ever", 1),
    "keep": _Command(line_rooms.read_keep, "have the room as your account's own, if you are its operator"),
    "abandon": _Command(line_rooms.read_abandon, "give the room up"),
    "help": _Command(PlainLines.read_help, "this list"),
    "quit": _Command(PlainLines.read_quit, "leave"),
}
