"""Both sides of a dialect without a server: what comes in as bytes, and answers that a friendly server would give."""

from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from tcpchat.config import Config, Limits
from tcpchat.model import commands, events, names, replies
from tcpchat.wire.detect import REFUSALS, detect
from tcpchat.wire.dialect import Answer, Dialect, Request
from tcpchat.wire.irc.dialect import Irc
from tcpchat.wire.jsonl import JsonLines
from tcpchat.wire.line import PlainLines

CONFIG = Config(limits=Limits(line_bytes=1_024), motd="Be kind.\nBe brief.")

DIALECTS: dict[str, Callable[[Config], Dialect]] = {"irc": Irc, "jsonl": JsonLines, "line": PlainLines}

Heard = list[commands.Command | bytes]


BOB = replies.Person(nick="Bob", origin="user@host", name="Bob B.", rank="@")
MINUTE = 60_000
NOW = 1_700_000_000_000


def reply_to(command: commands.Command) -> Answer:
    """What a server with one other person in it, Bob, would answer."""
    try:
        return _reply_to(command)
    except replies.Refused as refusal:
        return refusal


def _reply_to(command: commands.Command) -> Answer:
    said = events.Said(room="#tea", by="Bob", text="hello", time=NOW, number=1, id="a-1")
    match command:
        case commands.Enter(nick=nick):
            names.nick(nick)
            return replies.Welcome(nick=nick, server="tcpchat.local", version="1", origin="ann@host")
        case commands.Rename(nick=nick) | commands.CheckNick(nick=nick):
            names.nick(nick)
            if names.fold(nick) == "bob":
                return replies.Refused("nick_taken", "That is Bob.", suggestion="Bob2", about=nick)
        case commands.Join(room=room):
            names.room(room)
            return replies.Seated(
                room=room, people=["Bob"], ranks={"Bob": "@"}, topic="tea", topic_by="Bob", topic_time=NOW, number=1
            )
        case commands.Tell(to=nick) | commands.Whois(nick=nick) | commands.Kill(nick=nick) if names.fold(nick) != "bob":
            return replies.Refused("no_such_nick", "There is nobody.", about=nick)
        case commands.Kick(room=room, nick=nick) | commands.Invite(room=room, nick=nick) if names.fold(nick) != "bob":
            return replies.Refused("not_there", "There is nobody.", about=(nick, room))
        case commands.Redact(target=target, of=id) if id != "a-1":
            return replies.Refused("no_such_message", "There is no such message.", about=(target, id))
        case commands.RenameRoom(room=room, to=to) if names.room(to) == "#tea":
            return replies.Refused("room_taken", "There is one.", about=(room, to))
    return _answer_to(command, said)


def _answer_to(command: commands.Command, said: events.Said) -> Answer:
    """What is answered to those who ask for what there is."""
    match command:
        case commands.Register(account=account, password=password) | commands.LogIn(account=account, password=password):
            names.account(account or "Ann")
            if password != "secret":
                return replies.Refused("wrong_password", "That is not it.", about=account)
            return replies.LoggedInReply(account=account or "Ann")
        case commands.Challenge():
            return replies.ChallengeReply(salt="c2FsdA==", iterations=4_096, nonce="nonce")
        case commands.Prove(account=account, proof="cHJvb2Y="):
            return replies.LoggedInReply(account=account, signature="c2lnbmF0dXJl")
        case commands.Prove() | commands.BecomeOperator():
            return replies.Refused("wrong_password", "That is not it.")
        case commands.Verify(account=account):
            return replies.Refused("bad_code", "No account waits for a code.", about=account)
        case commands.ShowAccount(account=account):
            return replies.AccountReply(account=account or "Ann", created=NOW, nicks=["Ann"])
        case commands.Whois():
            return replies.WhoisReply(person=BOB, rooms=["#tea"], ranks={"#tea": "@"}, since=1, idle=2)
        case commands.Whowas(nick=nick):
            return replies.WhowasReply(
                nick=nick, found=[replies.Was(nick="Bob", origin="user@host", name="Bob B.", until=NOW)]
            )
        case commands.ListPeople(room=room, nicks=nicks):
            here = not nicks or any(names.fold(nick) == "bob" for nick in nicks)
            return replies.People(room=room, people=[BOB] if here else [])
        case commands.Watch(nicks=nicks):
            missing = [nick for nick in nicks if names.fold(nick) != "bob"]
            return replies.Watched(here=[BOB] if len(missing) < len(nicks) else [], missing=missing)
        case commands.ListWatched():
            return replies.Watched(here=[BOB], missing=["Eve"])
        case commands.SetOwnModes(changes=changes):
            unknown = [change.mode for change in changes if change.mode not in "Bio"]
            problems = [replies.Problem(code="unknown_mode", text="None.", about=(mode,)) for mode in unknown]
            return replies.OwnModes(modes="i", problems=problems)
        case commands.SetModes(changes=changes):
            unknown = [change.mode for change in changes if change.mode not in "CIMRbdeiklmnostv"]
            return replies.Changed(
                problems=[replies.Problem(code="unknown_mode", text="None.", about=(mode,)) for mode in unknown]
            )
        case commands.ShowModes(room=room):
            return replies.Modes(room=room, modes={"n": "", "l": "5", "k": "*"}, created=NOW)
        case commands.ShowMasks(room=room, mode=mode):
            return replies.Masks(room=room, mode=mode, masks=[replies.Mask(mask="eve!*@*", by="Bob!b@h", time=NOW)])
        case commands.ListBans():
            return replies.Bans(bans=[replies.ServerBan(mask="eve!*@*", by="Bob", reason="spam", until=NOW)])
        case commands.ShowRoom(room=room):
            return replies.RoomReply(room=room, founder="Bob", created=NOW, ranks={"bob": "o"})
        case commands.Invite(room=room):
            return replies.InvitedReply(room=room, nick="Bob", away="out")
        case commands.ListInvitations():
            return replies.Invitations(rooms=["#tea"])
        case commands.ListRooms():
            return replies.Rooms(rooms=[replies.RoomInfo(room="#tea", people=1, topic="tea")])
        case commands.ShowTopic(room=room):
            return replies.Topic(room=room, topic="tea", by="Bob", time=NOW)
        case commands.History(room=room):
            return replies.Page(room=room, events=[said])
        case commands.Search():
            return replies.Found(events=[said])
        case commands.ListTalks():
            return replies.Talks(talks=[replies.Talk(target="#tea", time=NOW), replies.Talk(target="Bob", time=NOW)])
        case commands.SetMarker(target=target, time=time):
            return replies.Marker(target=target, time=time)
        case commands.ShowMarker(target=target):
            return replies.Marker(target=target)
        case commands.Say():
            return replies.Stored(number=1, id="a-1", time=NOW)
        case commands.Tell():
            return replies.Stored(number=1, id="a-1", time=NOW, to="Bob", away="out")
        case commands.ShowServer():
            return replies.ServerReply(
                people=2, invisible=1, operators=0, unknown=1, rooms=1, most_people=3, since=NOW - MINUTE
            )
        case commands.Ping(token=token):
            return replies.PongReply(token=token)
        case commands.Rehash():
            return replies.Refused("bad_config", "There is something wrong with it.")
    return replies.Done()


class Talk:
    """A connection to a dialect, as a session handles it: each request is answered before the next is taken."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.me = ""
        self.ended = False
        self.heard: Heard = []
        """The wishes, and between them the bytes that were sent."""

    def feed(self, data: bytes) -> None:
        self._take(self.dialect.receive(data))

    def finish(self) -> None:
        self._take(self.dialect.finish())

    def _take(self, items: Iterable[Request | bytes]) -> None:
        for item in items:
            if self.ended:
                return
            if isinstance(item, bytes):
                self._send(item)
                continue
            self.heard.append(item.command)
            answer = reply_to(item.command)
            if not isinstance(answer, replies.Refused) and isinstance(item.command, commands.Enter | commands.Rename):
                self.me = item.command.nick
            self._send(self.dialect.answer(item, answer, self.me))
            self.ended = isinstance(item.command, commands.Quit)

    def _send(self, data: bytes) -> None:
        if self.heard and isinstance(self.heard[-1], bytes):
            self.heard[-1] += data
        elif data:
            self.heard.append(data)


def heard(dialect: Dialect, chunks: Iterable[bytes]) -> Heard:
    """All that came of these bytes."""
    talk = Talk(dialect)
    for chunk in chunks:
        talk.feed(chunk)
    talk.finish()
    return talk.heard


def detected(chunks: Iterable[bytes]) -> Heard:
    """All that came of these bytes on a fresh connection, where their first bytes decide who reads them."""
    data, talk = b"", None
    for chunk in chunks:
        if talk is not None:
            talk.feed(chunk)
            continue
        data += chunk
        kind = detect(data)
        if kind in REFUSALS:
            return [REFUSALS[kind]]
        if kind is not None:
            talk = Talk(DIALECTS[kind](CONFIG))
            talk.feed(data)
    if talk is None:
        talk = Talk(PlainLines(CONFIG))
        talk.feed(data)
    talk.finish()
    return talk.heard


@st.composite
def splits(draw: st.DrawFn, data: st.SearchStrategy[bytes]) -> tuple[bytes, list[bytes]]:
    """Bytes, and the same bytes in pieces."""
    whole = draw(data)
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=12)))
    return whole, [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


def every_split_in_two(data: bytes) -> list[list[bytes]]:
    """The bytes cut at every place, and one byte at a time."""
    return [[data[:place], data[place:]] for place in range(1, len(data))] + [
        [data[n : n + 1] for n in range(len(data))]
    ]


def structs(kind: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values of a type of the vocabulary, with such text wherever it has text."""
    if kind is str:
        return text
    if kind is int:
        return st.integers(0, 2**40)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is list:
        return st.lists(structs(get_args(kind)[0], text), max_size=3)
    if get_origin(kind) is tuple:
        return st.lists(structs(get_args(kind)[0], text), max_size=3).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(*(structs(one, text) for one in get_args(kind)), max_size=3)
    if isinstance(kind, UnionType):
        return st.one_of(*(structs(one, text) for one in get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.builds(kind, **{field.name: structs(field.type, text) for field in msgspec.structs.fields(kind)})
    return st.from_type(kind)
