"""What somebody asks for. One struct a wish; the dialects read them, the rules decide on them."""

from typing import Literal

import msgspec

Kind = Literal["text", "notice", "action"]
"""How something is said: plainly; as a notice, which programs never answer; as an action (``/me waves``)."""

Tags = dict[str, str]
"""What client programs tell each other beside the text; every key starts with ``+`` (IRCv3 message-tags)."""


def tag_of(name: str) -> str:
    """The tag of a struct on the wire: ``SetTopic`` is ``set_topic``."""
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag=tag_of, gc=False):
    """The base of all wishes."""


# coming in


class Enter(Command, frozen=True):
    """Come in under a nick.

    `user` and `name` are what others see besides the nick (IRC's user name and real name). `resume` is the
    token of an earlier connection, which is closed so that its nick is free at once. `password` is the
    server's, if it asks for one. `after` is the id of the latest of what was said to oneself alone that one
    knows of, or `replies.Welcome.latest` of before: what was said to oneself since then is told before anything new.
    """

    nick: str
    user: str = ""
    name: str = ""
    resume: str = ""
    password: str = ""
    after: str = ""


class CheckNick(Command, frozen=True):
    """Ask whether one could come in under a nick."""

    nick: str


class Register(Command, frozen=True):
    """Have an account, and be logged in to it. Without a name it is called like the nick one has.

    Who has not come in yet needs the `server_password`, if the server asks for one; where not everybody may register,
    an `invitation` is needed.
    """

    password: str
    account: str = ""
    email: str = ""
    server_password: str = ""
    invitation: str = ""


class RegisterOther(Command, frozen=True):
    """Make an account for somebody else. For operators and administrators."""

    account: str
    password: str


class Verify(Command, frozen=True):
    """Confirm an account with the code that was sent."""

    account: str
    code: str


class LogIn(Command, frozen=True):
    """Prove by its password that an account is one's own."""

    account: str
    password: str


class Challenge(Command, frozen=True):
    """Ask for what SCRAM-SHA-256 needs to prove that one knows a password (RFC 5802, RFC 7677)."""

    account: str


class Prove(Command, frozen=True):
    """Log in by SCRAM-SHA-256: `exchange` is the AuthMessage of RFC 5802, section 3; `proof` is base64.

    `tentative`: only have the server's signature, which proves that it knows the password as well.
    """

    account: str
    exchange: str
    proof: str
    tentative: bool = False


class LogInByCertificate(Command, frozen=True):
    """Log in by the certificate of this connection; to the `account`, if one is named."""

    account: str = ""


class SetPassword(Command, frozen=True):
    """Give the account one is logged in to another password than the `old` one. Its other connections are closed."""

    password: str
    old: str = ""


class DropAccount(Command, frozen=True):
    """Give up the account one is logged in to, for ever; its password is asked for once more."""

    password: str


class Regain(Command, frozen=True):
    """Take the nick that is called like the account one is logged in to, whoever has it now; their link is closed."""


class AddCertificate(Command, frozen=True):
    """Let one log in by a certificate: the one of this connection, or one with this SHA-256 `fingerprint` (hex)."""

    fingerprint: str = ""


class RemoveCertificate(Command, frozen=True):
    """Let one log in by that certificate no more."""

    fingerprint: str


class ListCertificates(Command, frozen=True):
    """Ask by which certificates one can log in."""


class ShowAccount(Command, frozen=True):
    """Ask about an account; empty: the one that one is logged in to."""

    account: str = ""


class MakeInvitation(Command, frozen=True):
    """Have a token that lets its holder register, so many times, for so many days. For operators and administrators."""

    uses: int = 1
    days: float = 7.0


class ListInvitationsGiven(Command, frozen=True):
    """Ask which of these tokens can be used still. For operators and administrators."""


class RevokeInvitation(Command, frozen=True):
    """Let nobody use a token any more, called as in the list. For operators and administrators."""

    invitation: str


class ListAccounts(Command, frozen=True):
    """Ask which accounts there are. For administrators."""


class SetAccountPassword(Command, frozen=True):
    """Give somebody's account another password; its connections are closed. For administrators."""

    account: str
    password: str


class SuspendAccount(Command, frozen=True):
    """Let nobody log in to an account, `until` then (milliseconds since 1970; 0: until it is released).

    Its connections are closed. For administrators.
    """

    account: str
    reason: str = ""
    until: int = 0


class ReleaseAccount(Command, frozen=True):
    """Let its owner log in to an account again that was suspended. For administrators."""

    account: str


class RemoveAccount(Command, frozen=True):
    """Give an account up in its owner's place, for ever. For administrators."""

    account: str


# people


class Rename(Command, frozen=True):
    """Take another nick."""

    nick: str


class SetName(Command, frozen=True):
    """Be called something else besides the nick (IRC's real name)."""

    name: str


class Away(Command, frozen=True):
    """Say that one is away, and why; empty is being back."""

    text: str = ""


class ListPeople(Command, frozen=True):
    """Ask who is in a room; which of these `nicks` are here; whom a `mask` fits; without any, who is on this server.

    `operators` limits the answer to the server's operators.
    """

    room: str = ""
    nicks: list[str] = []
    mask: str = ""
    operators: bool = False


class ShowNames(Command, frozen=True):
    """Ask what those in a room are called of whom the others there know."""

    room: str


class Whois(Command, frozen=True):
    """Ask about one person."""

    nick: str


class Whowas(Command, frozen=True):
    """Ask who had a nick, the latest first; at most `count` of them, 0 for all that are remembered."""

    nick: str
    count: int = 0


class Watch(Command, frozen=True):
    """Be told when these people come and go, whether or not one shares a room with them."""

    nicks: list[str]


class Unwatch(Command, frozen=True):
    """Be told no more; `everybody` empties the list."""

    nicks: list[str] = []
    everybody: bool = False


class ListWatched(Command, frozen=True):
    """Ask whom one watches, and who of them is here."""


class ModeChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One mode, set or taken away: ``["+", "o", "ann"]``. The letters are those of IRC."""

    sign: Literal["+", "-"]
    mode: str
    value: str = ""


class SetOwnModes(Command, frozen=True):
    """Change what one is: ``i`` invisible, ``B`` a bot; nobody makes themselves ``o``. Without changes: ask."""

    changes: list[ModeChange] = []


# rooms


class Join(Command, frozen=True):
    """Take a seat in a room; a room comes into being when the first one joins. Some ask for a `key`.

    `after` is the number of the latest entry one knows of: what came after it is told first, then what is new,
    in one stream.
    """

    room: str
    key: str = ""
    after: int | None = None


class Part(Command, frozen=True):
    """Leave a room."""

    room: str
    reason: str = ""


class SetTopic(Command, frozen=True):
    """Give a room another topic; empty takes it away."""

    room: str
    topic: str


class ShowTopic(Command, frozen=True):
    """Ask for a room's topic."""

    room: str


class RoomFilter(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Which rooms are wanted. Times are in milliseconds since 1970; all conditions must hold; None is none."""

    mask: str = ""
    not_mask: str = ""
    more_people: int | None = None
    fewer_people: int | None = None
    created_after: int | None = None
    created_before: int | None = None
    topic_after: int | None = None
    topic_before: int | None = None


class ListRooms(Command, frozen=True):
    """Ask which rooms there are; `rooms` limits the answer to those named, `where` to those that fit."""

    rooms: list[str] = []
    where: RoomFilter = RoomFilter()


class SetModes(Command, frozen=True):
    """Change what holds in a room, or who may do what in it."""

    room: str
    changes: list[ModeChange]


class ShowModes(Command, frozen=True):
    """Ask what holds in a room."""

    room: str


class ShowMasks(Command, frozen=True):
    """Ask for a room's list of masks: ``b`` (bans), ``e`` (exceptions), ``I`` (who needs no invitation)."""

    room: str
    mode: str


class Kick(Command, frozen=True):
    """Put somebody out of a room."""

    room: str
    nick: str
    reason: str = ""


class Invite(Command, frozen=True):
    """Ask somebody into a room; they may come in then even if it is closed."""

    room: str
    nick: str


class ListInvitations(Command, frozen=True):
    """Ask into which rooms one is invited."""


class RenameRoom(Command, frozen=True):
    """Give a room another name; who is in it stays in it."""

    room: str
    to: str
    reason: str = ""


class RegisterRoom(Command, frozen=True):
    """Have a room, of which one is an operator, as one's account's own: it is there, and as it is, for good."""

    room: str


class DropRoom(Command, frozen=True):
    """Give a room up that is one's own: it is like all others again."""

    room: str


class TransferRoom(Command, frozen=True):
    """Give a room that is one's own to another account."""

    room: str
    account: str


class ShowRoom(Command, frozen=True):
    """Ask whose a room is."""

    room: str


# talk


class Say(Command, frozen=True):
    """Say something in a room one is in. `key`, made by the sender, lets the same message be stored only once.

    `status` limits those who hear it: ``@`` to the room's operators, ``+`` to those with a voice, too. `seams` are
    places (in characters) at which a long line of the text is sent in pieces to those who take short ones only.
    """

    room: str
    text: str
    kind: Kind = "text"
    key: str = ""
    status: str = ""
    tags: Tags | None = None
    seams: tuple[int, ...] = ()


class Tell(Command, frozen=True):
    """Say something to one person."""

    to: str
    text: str
    kind: Kind = "text"
    key: str = ""
    tags: Tags | None = None
    seams: tuple[int, ...] = ()


class Tag(Command, frozen=True):
    """Let client programs know something that is not text, such as that one is typing. It is kept only on request."""

    to: str
    tags: Tags
    status: str = ""


class Redact(Command, frozen=True):
    """Take back the message whose id is `of`, in a room or between oneself and somebody."""

    target: str
    of: str
    reason: str = ""


class Point(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A place in a log: the entry with an `id`; else a `time` in milliseconds since 1970."""

    id: str = ""
    time: int = 0


class History(Command, frozen=True):
    """Ask for what was said in a room one is in, or between oneself and somebody.

    Without a limit of place the latest entries; those before or after a number or a `Point`, or between both;
    those `around` one. `latest`: of those after a place the latest, not the first. `said`: only what was said.
    """

    room: str
    before: int | Point | None = None
    after: int | Point | None = None
    around: Point | None = None
    latest: bool = False
    said: bool = False
    limit: int = 50


class Search(Command, frozen=True):
    """Look for entries in which all the `words` stand, the newest first; words between ``"`` stand side by side.

    In a room one is in, or in what passed between oneself and somebody, called `target`; without one in all of
    these. `by` limits it to what one person said, `after` and `before` to a span of time (milliseconds since 1970).
    """

    words: str
    target: str = ""
    by: str = ""
    after: int | None = None
    before: int | None = None
    limit: int = 20


class ListTalks(Command, frozen=True):
    """Ask in which of one's rooms, and with whom, was talked between two times (milliseconds since 1970)."""

    after: int
    before: int
    limit: int = 50


class SetMarker(Command, frozen=True):
    """Say up to which time (milliseconds since 1970) one has read in a room, or what somebody said."""

    target: str
    time: int


class ShowMarker(Command, frozen=True):
    """Ask up to which time one has read."""

    target: str


# the server


class ShowServer(Command, frozen=True):
    """Ask how many are here, and since when the server runs."""


class BecomeOperator(Command, frozen=True):
    """Become one of the server's operators."""

    name: str
    password: str


class Kill(Command, frozen=True):
    """Close somebody's connection. For operators."""

    nick: str
    reason: str = ""


class Wallops(Command, frozen=True):
    """Say something to all operators. For operators."""

    text: str


class ChangeHost(Command, frozen=True):
    """Give somebody another ``user@host``. For operators."""

    nick: str
    user: str
    host: str


class Ban(Command, frozen=True):
    """Keep from the server whom a mask means: an address, a CIDR range, ``nick!user@host``, ``~a:account``.

    For so many `seconds`; 0 is for good. For operators.
    """

    mask: str
    seconds: int = 0
    reason: str = ""


class Unban(Command, frozen=True):
    """Let them come again. For operators."""

    mask: str


class ListBans(Command, frozen=True):
    """Ask who is kept from the server. For operators."""


class Rehash(Command, frozen=True):
    """Read the configuration again. For operators."""


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
    Enter | CheckNick | Register | RegisterOther | Verify | LogIn | Challenge | Prove | LogInByCertificate
    | SetPassword | DropAccount | Regain | AddCertificate | RemoveCertificate | ListCertificates | ShowAccount
    | MakeInvitation | ListInvitationsGiven | RevokeInvitation
    | ListAccounts | SetAccountPassword | SuspendAccount | ReleaseAccount | RemoveAccount
    | Rename | SetName | Away | ListPeople | ShowNames | Whois | Whowas | Watch | Unwatch | ListWatched
    | SetOwnModes
    | Join | Part | SetTopic | ShowTopic | ListRooms | SetModes | ShowModes | ShowMasks | Kick | Invite
    | ListInvitations | RenameRoom | RegisterRoom | DropRoom | TransferRoom | ShowRoom
    | Say | Tell | Tag | Redact | History | Search | ListTalks | SetMarker | ShowMarker
    | ShowServer | BecomeOperator | Kill | Wallops | ChangeHost | Ban | Unban | ListBans | Rehash | Ping | Pong | Quit
)  # fmt: skip
