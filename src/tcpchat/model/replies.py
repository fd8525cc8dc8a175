"""What answers the one who asked: exactly one reply to every command, or a refusal."""

import msgspec

from tcpchat.model import events
from tcpchat.model.commands import tag_of


class Refused(Exception):
    """A wish that is not granted. `code` is for programs, `text` for people: what is wrong and what to do.

    `about` is what it is about: names and ids, as the one who asked wrote them, or as they are known here. `wait`:
    after so many seconds it may be asked for again.
    """

    def __init__(
        self, code: str, text: str, *, suggestion: str = "", about: str | tuple[str, ...] = (), wait: int = 0
    ) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.suggestion = suggestion
        self.wait = wait
        self.about = (about,) if isinstance(about, str) else about

    def __str__(self) -> str:
        return self.text


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="reply", tag=tag_of):
    """The base of all answers."""


class Done(Reply, frozen=True):
    """It is done; there is nothing more to say."""


class Welcome(Reply, frozen=True):
    """You are in.

    `token` lets a later connection take the nick over from this one. `log` says which log the server keeps: if it
    is another one than before, all numbers begin anew. `latest` is the id of its latest entry: what is said to you
    from here on comes after it (see `commands.Enter.after`). `origin` is what others see of you.
    """

    nick: str
    server: str
    version: str
    token: str = ""
    log: str = ""
    latest: str = ""
    people: int = 0
    rooms: int = 0
    motd: str = ""
    origin: str = ""
    account: str = ""


class AccountReply(Reply, frozen=True, tag="account"):
    """An account: since when it is there (milliseconds since 1970), and who is logged in to it now."""

    account: str
    created: int = 0
    nicks: list[str] = []


class Certificates(Reply, frozen=True):
    """The SHA-256 fingerprints of the certificates by which one can log in, in hexadecimal; `own` is this link's."""

    certificates: list[str]
    own: str = ""


class InvitationReply(Reply, frozen=True, tag="invitation"):
    """The `token` lets its holder register, so many times, until then (ms since 1970). It is told only now."""

    token: str
    uses: int
    expires: int


class Given(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An invitation that can be used still: who made it, how often it can be, and until when (ms since 1970)."""

    invitation: str
    by: str
    uses: int
    expires: int


class InvitationsGiven(Reply, frozen=True):
    """Those that can be used still."""

    invitations: list[Given]


class AccountInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account of a list. `suspended` says why nobody can log in to it, `until` then (ms since 1970; 0: no end)."""

    account: str
    suspended: str = ""
    until: int = 0
    dropped: bool = False
    here: int = 0
    """How many connections are logged in to it now."""


class Accounts(Reply, frozen=True):
    """The accounts there are, and those that were dropped."""

    accounts: list[AccountInfo]


class LoggedInReply(Reply, frozen=True, tag="logged_in"):
    """You are logged in. `signature` proves that the server knows the password too (SCRAM, base64)."""

    account: str
    signature: str = ""


class ChallengeReply(Reply, frozen=True, tag="challenge"):
    """What SCRAM-SHA-256 needs: the account's salt (base64), the number of iterations, and the server's nonce.

    The nonce holds on this connection only: what is proven on another one proves nothing.
    """

    salt: str
    iterations: int
    nonce: str


class Stored(Reply, frozen=True):
    """Your message is on disk, and this is its place. `time` is in milliseconds since 1970.

    `away` says why the one it is for, `to`, may not read it soon; it is empty if they are here.
    """

    number: int
    id: str
    time: int
    to: str = ""
    away: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who is here. `away` is empty unless they are.

    `rank` is what they are in the room that was asked about: ``@`` its operator, ``+`` one with a voice, or both.
    `idle` is for how many seconds they said nothing.
    """

    nick: str
    origin: str = ""
    name: str = ""
    away: str = ""
    account: str = ""
    operator: bool = False
    bot: bool = False
    rank: str = ""
    idle: int = 0


class Seated(Reply, frozen=True):
    """You are in the room, perhaps `already` before you asked.

    `number` is that of its latest entry when you took your seat: what came before can be read, what comes after
    it you are told. 0 if nothing was ever said there. `ranks` are those of the people who have one. `quiet` is how many
    more there are, in a large room, who have not done anything yet: you are told of each when they do.
    `recorded`: what is said there is kept. `left` is the number of its latest entry when you left it last, and
    `left_time` when that was (milliseconds since 1970); 0 if the server does not know of it.
    """

    room: str
    people: list[str]
    ranks: dict[str, str] = {}
    quiet: int = 0
    secret: bool = False
    topic: str = ""
    topic_by: str = ""
    topic_time: int = 0
    number: int = 0
    already: bool = False
    recorded: bool = False
    left: int = 0
    left_time: int = 0


class RoomReply(Reply, frozen=True, tag="room"):
    """Whose a room is, since when (milliseconds since 1970), and who is something in it by their account.

    `ranks` are letters of modes (``o``, ``v``) by account.
    """

    room: str
    founder: str
    created: int = 0
    ranks: dict[str, str] = {}


class Topic(Reply, frozen=True):
    """A room's topic."""

    room: str
    topic: str = ""
    by: str = ""
    time: int = 0


class RoomInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A room in a list. Times are in milliseconds since 1970."""

    room: str
    people: int
    topic: str = ""
    topic_time: int = 0
    created: int = 0


class Rooms(Reply, frozen=True):
    """The rooms there are."""

    rooms: list[RoomInfo]


class Modes(Reply, frozen=True):
    """What holds in a room: its modes with their values; a key is ``*`` for who may not know it."""

    room: str
    modes: dict[str, str]
    created: int = 0


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change of several that was not made, and why: like a refusal."""

    code: str
    text: str
    about: list[str] = []


class Changed(Reply, frozen=True):
    """The changes that could be made are made; these could not."""

    problems: list[Problem] = []


class OwnModes(Reply, frozen=True):
    """What one is: the letters of one's modes; and what could not be changed."""

    modes: str
    problems: list[Problem] = []


class Mask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a list of masks: who set it, and when (milliseconds since 1970)."""

    mask: str
    by: str = ""
    time: int = 0


class ServerBan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is kept from the server, by whom and why, since when and until when: milliseconds since 1970; 0: for good."""

    mask: str
    by: str = ""
    reason: str = ""
    time: int = 0
    until: int = 0


class Bans(Reply, frozen=True):
    """Who is kept from the server."""

    bans: list[ServerBan]


class Masks(Reply, frozen=True):
    """A room's list of masks."""

    room: str
    mode: str
    masks: list[Mask]


class InvitedReply(Reply, frozen=True, tag="invited"):
    """The invitation is on its way. `away` is why the one who is invited may not see it soon."""

    room: str
    nick: str
    away: str = ""


class Invitations(Reply, frozen=True):
    """The rooms one is invited into."""

    rooms: list[str]


class People(Reply, frozen=True):
    """Who is in a room, or on the server if `room` is empty."""

    room: str
    people: list[Person]
    secret: bool = False


class Names(Reply, frozen=True):
    """What those in a room are called of whom the others there know: ``nick!user@host``, each with the signs of their
    rank before it. `own` is what you are called, if the others have not been told of you yet.
    """

    room: str
    names: tuple[str, ...]
    own: str = ""
    secret: bool = False


class Was(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who had a nick, and until when (milliseconds since 1970)."""

    nick: str
    origin: str
    name: str
    until: int
    account: str = ""


class WhowasReply(Reply, frozen=True, tag="whowas"):
    """Who had a nick, the latest first."""

    nick: str
    found: list[Was]


class Watched(Reply, frozen=True):
    """Of those who are watched: who is here, and who is not. `too_many` are those for whom there is no space."""

    here: list[Person] = []
    missing: list[str] = []
    too_many: list[str] = []


class WhoisReply(Reply, frozen=True, tag="whois"):
    """About one person: when they came, in seconds since 1970, and for how many seconds they said nothing.

    `address` is told only to themselves and to operators. `ranks` are those in the rooms where they have one.
    `encrypted`: they came by TLS.
    """

    person: Person
    rooms: list[str]
    since: int
    idle: int
    ranks: dict[str, str] = {}
    address: str = ""
    encrypted: bool = False


class Page(Reply, frozen=True):
    """A piece of a log, oldest first. `more` says that there is more in the direction asked for."""

    room: str
    events: list[events.LOGGED]
    more: bool = False


class Found(Reply, frozen=True):
    """What was looked for, the newest first. `more`: older ones may fit, too; ask for those before the last one's
    time. Not `complete`: in the time there was not all could be looked through.
    """

    events: list[events.LOGGED]
    more: bool = False
    complete: bool = True


class Talk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A room, or somebody's nick, and when the latest was said there (milliseconds since 1970)."""

    target: str
    time: int


class Talks(Reply, frozen=True):
    """Where was talked, in the order of their latest entries."""

    talks: list[Talk]


class Marker(Reply, frozen=True):
    """Up to when one has read, in milliseconds since 1970; 0 if that is not known."""

    target: str
    time: int = 0


class ServerReply(Reply, frozen=True, tag="server"):
    """How many are here: people, of them `invisible`, operators, connections that are no people yet, and rooms."""

    people: int
    invisible: int
    operators: int
    unknown: int
    rooms: int
    most_people: int
    since: int


class PongReply(Reply, frozen=True, tag="pong"):
    """The pong to a ping."""

    token: str = ""


ANY = (
    Done | Welcome | AccountReply | Certificates | InvitationReply | InvitationsGiven | Accounts
    | LoggedInReply | ChallengeReply | Stored | Seated | Topic | RoomReply | Rooms | Modes | Changed
    | OwnModes | Masks | Bans | InvitedReply | Invitations | People | Names | WhowasReply | Watched | WhoisReply | Page
    | Found | Talks | Marker | ServerReply | PongReply
)  # fmt: skip
