"""Who may ask for what: every command, asked for by everybody who can be somebody on a server.

``python -m tests.security.commands`` writes down what is (`GOLDEN`); the test holds it against that. Each command has
an example here, with which it is granted to those who may.
"""

import asyncio
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from msgspec.structs import replace

import tcpchat
from tcpchat.config import RIGHTS, Limits, Operator
from tcpchat.model import commands
from tcpchat.server.administration import FILE, short
from tests.peer import Peer

GOLDEN = Path(__file__).parent / "golden" / "commands.txt"

ROLES = ("door", "guest", "member", "voiced", "operator", *(f"right:{right}" for right in RIGHTS), "administrator")
"""Who asks: somebody without a nick; outside the room, in it, with a voice, its operator; an operator of the server,
with one right each, in a room that has no operator; who came in through the administrators' socket, without a nick."""

PASSWORD = "correct-horse-battery"

CONFIG = tcpchat.Config(
    operators={f"right:{right}": Operator(password="secret", rights=(right,)) for right in RIGHTS}
    | {"all": Operator(password="secret")},
    limits=Limits(enabled=False, rooms_per_client=10_000),
)

Table = dict[str, dict[str, str]]


class Stage:
    """A room of its own for every command, closed, with `ann`, who founded it, and another one; `cat` is outside."""

    def __init__(self, server: tcpchat.Server, role: str) -> None:
        self.server = server
        self.role = role
        self.room = self.nick = self.other = self.said = ""
        self.peers: list[Peer] = []
        self.ann: Peer
        self.bob: Peer
        self.asker: Peer

    async def open(self) -> None:
        self.ann = await self._come("ann")
        await self.ann.ask(do="register", password=PASSWORD)
        await (await self._come("cat")).ask(do="register", password=PASSWORD)
        await self.keep()
        await self.fresh_asker()
        await self.fresh_other()

    async def fresh_asker(self) -> None:
        """Somebody new in the role."""
        if self.role == "administrator":
            assert self.server.config.data is not None
            with short(self.server.config.data / FILE) as name:
                self.asker = Peer(*await asyncio.open_unix_connection(name))
            self.peers.append(self.asker)
            return
        self.asker = await self._connect()
        if self.role == "door":
            return
        self.nick = f"asker{next(_NUMBERS)}"
        await self.asker.enter_json(self.nick)
        if self.role.startswith("right:"):
            granted = await self.asker.ask(do="become_operator", name=self.role, password="secret")
            assert "ok" in granted, granted

    async def keep(self) -> None:
        """A room that belongs to Ann's account."""
        await self.ann.ask(do="join", room="#kept")
        await self.ann.ask(do="register_room", room="#kept")

    async def fresh_other(self) -> None:
        self.other = f"bob{next(_NUMBERS)}"
        self.bob = await self._come(self.other)

    async def set(self) -> None:
        """The room for the next command."""
        self.room = f"#r{next(_NUMBERS)}"
        await self.ann.ask(do="join", room=self.room)
        await self.bob.ask(do="join", room=self.room)
        self.said = (await self.ann.ask(do="say", room=self.room, text="hello"))["id"]
        if self.role not in {"door", "guest", "administrator"}:
            await self.asker.ask(do="join", room=self.room)
        changes = {"voiced": [["+", "v", self.nick]], "operator": [["+", "o", self.nick]]}.get(self.role, [])
        if self.role.startswith("right:"):
            changes = [["-", "o", "ann"]]
        await self.ann.ask(do="set_modes", room=self.room, changes=[["+", "i", ""], *changes])

    async def outcome(self, kind: type[commands.Command]) -> str:
        """What becomes of the example: ``done``, or the code of the refusal."""
        example = EXAMPLES[kind](self)
        answer = await self.asker.ask(do=commands.tag_of(kind.__name__), **example)
        problems = answer.get("problems")
        return answer.get("code") or (problems[0]["code"] if problems else "done")

    async def _come(self, nick: str) -> Peer:
        return await (await self._connect()).enter_json(nick)

    async def _connect(self) -> Peer:
        self.peers.append(await Peer.open(self.server.port))
        return self.peers[-1]


async def table(data: Path, roles: tuple[str, ...] = ROLES) -> Table:
    """What becomes of every command in every role: by its name, and the role. `data` is for a log."""
    found: Table = {}
    for role in roles:
        config = replace(CONFIG, data=data) if role == "administrator" else CONFIG
        async with tcpchat.Server(config, port=0) as server:
            stage = Stage(server, role)
            await stage.open()
            for kind in KINDS:
                await stage.set()
                found.setdefault(kind.__name__, {})[role] = await stage.outcome(kind)
                if kind in CHANGES_THE_ASKER:
                    await stage.fresh_asker()
                if kind is commands.DropRoom:
                    await stage.keep()
                if kind is commands.Kill:
                    await stage.fresh_other()
            for peer in stage.peers:
                await peer.close()
    return found


def written(found: Table) -> str:
    """For each command what becomes of it, and in whose case."""
    lines = ["What becomes of every command, by who asks. Written by: python -m tests.security.commands", ""]
    for name, outcomes in found.items():
        lines.append(name)
        for outcome in dict.fromkeys(outcomes.values()):
            roles = [role for role, one in outcomes.items() if one == outcome]
            who = {ROLES: "everybody", ROLES[1:-1]: "everybody who is in"}.get(tuple(roles), " ".join(roles))
            lines.append(f"    {outcome}: {who}")
    return "\n".join(lines) + "\n"


_NUMBERS = count()

KINDS: tuple[type[commands.Command], ...] = get_args(commands.ANY)

CHANGES_THE_ASKER = frozenset(
    {commands.Quit, commands.BecomeOperator, commands.Register, commands.LogIn, commands.Enter}
)
"""After these they are not in the role any more, or not alone."""

EXAMPLES: dict[type[commands.Command], Callable[[Stage], dict[str, Any]]] = {
    commands.Enter: lambda stage: {"nick": f"new{next(_NUMBERS)}"},
    commands.CheckNick: lambda stage: {"nick": "free"},
    commands.Register: lambda stage: {"password": PASSWORD, "account": f"acc{next(_NUMBERS)}"},
    commands.RegisterOther: lambda stage: {"password": PASSWORD, "account": f"acc{next(_NUMBERS)}"},
    commands.Verify: lambda stage: {"account": "ann", "code": "0"},
    commands.LogIn: lambda stage: {"account": "ann", "password": PASSWORD},
    commands.Challenge: lambda stage: {"account": "ann"},
    commands.Prove: lambda stage: {"account": "ann", "exchange": "", "proof": ""},
    commands.LogInByCertificate: lambda stage: {"account": "ann"},
    commands.SetPassword: lambda stage: {"password": PASSWORD, "old": PASSWORD},
    commands.DropAccount: lambda stage: {"password": PASSWORD},
    commands.Regain: lambda stage: {},
    commands.AddCertificate: lambda stage: {"fingerprint": "ab" * 32},
    commands.RemoveCertificate: lambda stage: {"fingerprint": "ab" * 32},
    commands.ListCertificates: lambda stage: {},
    commands.MakeInvitation: lambda stage: {},
    commands.ListInvitationsGiven: lambda stage: {},
    commands.RevokeInvitation: lambda stage: {"invitation": "none"},
    commands.ListAccounts: lambda stage: {},
    commands.SetAccountPassword: lambda stage: {"account": "cat", "password": PASSWORD},
    commands.SuspendAccount: lambda stage: {"account": "cat"},
    commands.ReleaseAccount: lambda stage: {"account": "cat"},
    commands.RemoveAccount: lambda stage: {"account": "cat"},
    commands.ShowAccount: lambda stage: {"account": "ann"},
    commands.Rename: lambda stage: {"nick": _rename(stage)},
    commands.SetName: lambda stage: {"name": "Another"},
    commands.Away: lambda stage: {"text": "out"},
    commands.ListPeople: lambda stage: {"room": stage.room},
    commands.ShowNames: lambda stage: {"room": stage.room},
    commands.Whois: lambda stage: {"nick": "ann"},
    commands.Whowas: lambda stage: {"nick": "ann"},
    commands.Watch: lambda stage: {"nicks": ["ann"]},
    commands.Unwatch: lambda stage: {"nicks": ["ann"]},
    commands.ListWatched: lambda stage: {},
    commands.SetOwnModes: lambda stage: {"changes": [["+", "i", ""], ["+", "o", ""]]},
    commands.Join: lambda stage: {"room": stage.room},
    commands.Part: lambda stage: {"room": stage.room},
    commands.SetTopic: lambda stage: {"room": stage.room, "topic": "Tea."},
    commands.ShowTopic: lambda stage: {"room": stage.room},
    commands.ListRooms: lambda stage: {},
    commands.SetModes: lambda stage: {"room": stage.room, "changes": [["+", "m", ""]]},
    commands.ShowModes: lambda stage: {"room": stage.room},
    commands.ShowMasks: lambda stage: {"room": stage.room, "mode": "b"},
    commands.Kick: lambda stage: {"room": stage.room, "nick": stage.other},
    commands.Invite: lambda stage: {"room": stage.room, "nick": "cat"},
    commands.ListInvitations: lambda stage: {},
    commands.RenameRoom: lambda stage: {"room": stage.room, "to": f"{stage.room}-new"},
    commands.RegisterRoom: lambda stage: {"room": stage.room},
    commands.DropRoom: lambda stage: {"room": "#kept"},
    commands.TransferRoom: lambda stage: {"room": "#kept", "account": "ann"},
    commands.ShowRoom: lambda stage: {"room": "#kept"},
    commands.Say: lambda stage: {"room": stage.room, "text": "hello"},
    commands.Tell: lambda stage: {"to": "ann", "text": "hello"},
    commands.Tag: lambda stage: {"to": stage.room, "tags": {"+typing": "active"}},
    commands.Redact: lambda stage: {"target": stage.room, "of": stage.said},
    commands.History: lambda stage: {"room": stage.room},
    commands.Search: lambda stage: {"words": "hello", "target": stage.room},
    commands.ListTalks: lambda stage: {"after": 0, "before": 1 << 50},
    commands.SetMarker: lambda stage: {"target": stage.room, "time": 1},
    commands.ShowMarker: lambda stage: {"target": stage.room},
    commands.ShowServer: lambda stage: {},
    commands.BecomeOperator: lambda stage: {"name": "all", "password": "secret"},
    commands.Kill: lambda stage: {"nick": stage.other},
    commands.Wallops: lambda stage: {"text": "hello"},
    commands.ChangeHost: lambda stage: {"nick": stage.other, "user": "u", "host": f"h{next(_NUMBERS)}"},
    commands.Ban: lambda stage: {"mask": f"nobody{next(_NUMBERS)}"},
    commands.Unban: lambda stage: {"mask": "nobody"},
    commands.ListBans: lambda stage: {},
    commands.Rehash: lambda stage: {},
    commands.Ping: lambda stage: {},
    commands.Pong: lambda stage: {},
    commands.Quit: lambda stage: {},
}


def _rename(stage: Stage) -> str:
    stage.nick = f"asker{next(_NUMBERS)}"
    return stage.nick


if __name__ == "__main__":
    with TemporaryDirectory() as directory:
        found = asyncio.run(table(Path(directory) / "data"))
    GOLDEN.write_text(written(found), encoding="utf-8")
    print(json.dumps({"commands": len(KINDS), "roles": len(ROLES), "file": GOLDEN.name}))
