"""What somebody asks for. One struct a wish; the dialects read them, the rules decide on them."""

from typing import Literal

import msgspec

Kind = Literal["text", "notice", "action"]
"""How something is said: plainly; as a notice, which programs never answer; as an action (``/me waves``)."""


def tag_of(name: str) -> str:
    """The tag of a struct on the wire: ``SetTopic`` is ``set_topic``."""
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag=tag_of, gc=False):
    """The base of all wishes."""


class Enter(Command, frozen=True):
    """Come in under a nick. The first wish of every connection.

    `user` and `name` are what others see besides the nick (IRC's user name and real name). `resume` is the
    token of an earlier connection, which is closed so that its nick is free at once.
    """

    nick: str
    user: str = ""
    name: str = ""
    resume: str = ""


class Rename(Command, frozen=True):
    """Take another nick."""

    nick: str


class Join(Command, frozen=True):
    """Take a seat in a room; a room comes into being when the first one joins."""

    room: str


class Part(Command, frozen=True):
    """Leave a room."""

    room: str
    reason: str = ""


class Say(Command, frozen=True):
    """Say something in a room one is in. `key`, made by the sender, lets the same message be stored only once."""

    room: str
    text: str
    kind: Kind = "text"
    key: str = ""


class Tell(Command, frozen=True):
    """Say something to one person."""

    to: str
    text: str
    kind: Kind = "text"
    key: str = ""


class SetTopic(Command, frozen=True):
    """Give a room another topic; empty takes it away."""

    room: str
    topic: str


class ShowTopic(Command, frozen=True):
    """Ask for a room's topic."""

    room: str


class ListRooms(Command, frozen=True):
    """Ask which rooms there are; `rooms` limits the answer to those named."""

    rooms: list[str] = []


class ListPeople(Command, frozen=True):
    """Ask who is in a room; which of these `nicks` are here; or, without either, who is on this server."""

    room: str = ""
    nicks: list[str] = []


class Whois(Command, frozen=True):
    """Ask about one person."""

    nick: str


class Away(Command, frozen=True):
    """Say that one is away, and why; empty is being back."""

    text: str = ""


class History(Command, frozen=True):
    """Ask for what was said in a room one is in: the latest entries, or those before or after a number."""

    room: str
    before: int | None = None
    after: int | None = None
    limit: int = 50


class Ping(Command, frozen=True):
    """Ask for a pong, which comes after the effects of everything asked before it."""

    token: str = ""


class Pong(Command, frozen=True):
    """Answer the server's ping. Needs no answer."""

    token: str = ""


class Quit(Command, frozen=True):
    """Leave the server."""

    reason: str = ""


ANY = (
    Enter | Rename | Join | Part | Say | Tell | SetTopic | ShowTopic | ListRooms | ListPeople
    | Whois | Away | History | Ping | Pong | Quit
)  # fmt: skip
