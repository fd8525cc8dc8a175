"""Random orders of everything that has to do with logging in, in every dialect, on a chat without sockets."""

import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from msgspec.structs import replace

from tcpchat.chat.hub import Hub
from tcpchat.config import Config, Limits
from tcpchat.wire.irc.dialect import Irc
from tcpchat.wire.jsonl import JsonLines
from tcpchat.wire.line import PlainLines
from tests.fuzz.client import Client
from tests.fuzz.ledger import Ledger
from tests.irc.login import encoded, plain

OWNER, MALLORY, LOCKED = "owner", "mallory", "locked"
PASSWORDS = {OWNER: "sesame-street", MALLORY: "evil-banana", LOCKED: "old-lemon-tree"}
FINGERPRINT = "ab" * 32

DIALECTS: dict[str, Callable[[Config], Any]] = {
    "irc": Irc,
    "jsonl": JsonLines,
    "line": lambda config: PlainLines(config, greeted=True),
}


class House:
    """A chat with three accounts, of which one is suspended. Nobody else can make one."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config(name="chat.example", limits=Limits(enabled=False), motd="")
        self.hub = Hub(self.config)
        self.hub.state.secret = b"secret" * 5
        self.ledger = Ledger(self.hub, self.config.limits, faults=False)
        self._sessions = 0
        for account, password in PASSWORDS.items():
            maker = self.come("jsonl")
            self.say(maker, json.dumps({"do": "register", "account": account, "password": password}))
            self.say(maker, json.dumps({"do": "enter", "nick": account}))
            if account == OWNER:
                said = self.say(maker, json.dumps({"do": "add_certificate", "fingerprint": FINGERPRINT}))
                assert b'{"ok":' in said, said
            self.see_off(maker)
        administrator = self.come("jsonl")
        administrator.administrator = True  # type: ignore[misc]
        self.say(administrator, json.dumps({"do": "suspend_account", "account": LOCKED}))
        self.see_off(administrator)
        self.config = self.hub.state.config = replace(self.config, registration="closed")
        self.ann = self.come("jsonl")
        self.say(self.ann, '{"do":"enter","nick":"ann"}')
        self.say(self.ann, '{"do":"join","room":"#tea"}')
        self.overheard = self._overhear()

    def come(self, dialect: str, certificate: str = "") -> Client:
        """A connection."""
        self._sessions += 1
        client = Client(self, f"s{self._sessions}", DIALECTS[dialect])
        client.certificate = certificate  # type: ignore[misc]
        return client

    def say(self, client: Client, line: str | bytes) -> bytes:
        """One line, and all that comes of it."""
        before = len(client.written)
        turns = client.take((line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line) + b"\n")
        while client.ending is None and next(turns, turns) is not turns:
            self.ledger.loop.turn()
        while self.ledger.loop.turn():
            pass
        return b"".join(client.written[before:])

    def see_off(self, client: Client) -> None:
        """It is gone."""
        for _ in client.leave():
            self.ledger.loop.turn()
        while self.ledger.loop.turn():
            pass

    def recorded(self) -> tuple[object, ...]:
        """What somebody who acts would change."""
        state, memory = self.hub.state, self.ledger.memory
        return memory._position, len(memory._documents), tuple(state.users), tuple(state.rooms), len(self.ann.written)

    def _overhear(self) -> list[str]:
        """What the owner says to log in by SCRAM, on another connection."""
        client = self.come("irc")
        attacker = Attacker(self, Random(0), client, dict(PASSWORDS))
        lines = ["CAP REQ :sasl", "AUTHENTICATE SCRAM-SHA-256", attacker.scram_first(OWNER)]
        for line in lines:
            attacker.hear(self.say(client, line))
        lines.append(attacker.scram_final(PASSWORDS[OWNER]))
        attacker.hear(self.say(client, lines[-1]))
        self.say(client, "AUTHENTICATE +")
        assert client.account == OWNER
        self.see_off(client)
        return lines[1:]


class Attacker:
    """One connection, and what it says: anything, in any order; with the passwords that it knows."""

    def __init__(self, house: House, chance: Random, client: Client, knows: dict[str, str]) -> None:
        self._house = house
        self._chance = chance
        self._client = client
        self._knows = knows
        self._heard = b""
        self._plan: list[Callable[[Attacker], str]] = []
        """What would be sensible to say next."""

    def hear(self, said: bytes) -> None:
        """What the server said."""
        self._heard = (self._heard + said)[-5_000:]

    def line(self, dialect: str) -> str:
        """The next thing it says: in half of all cases a sensible one."""
        if not self._plan and self._chance.random() < 0.5:
            self._plan = list(self._chance.choice(_PLANS[dialect]))
        if self._plan and self._chance.random() < 0.8:
            return self._plan.pop(0)(self)
        return self._chance.choice(_LINES[dialect])(self)

    # accounts and passwords

    def account(self) -> str:
        """Whom it wants to be."""
        return self._chance.choice((OWNER, OWNER, OWNER, MALLORY, LOCKED, "nobody", "OWNER", "", "owner\0", "*"))

    def password(self, account: str) -> str:
        """The right one, if it knows it; or another one that it knows, or none."""
        right = self._knows.get(account.lower(), "guess")
        return self._chance.choice((right, right, right, *self._knows.values(), "", "sesame", "\0", "x" * 300))

    # SASL

    def plain(self) -> str:
        """A message of PLAIN, with somebody's names in its fields."""
        account = self.account()
        message = plain(account, self.password(account), self._chance.choice(("", "", account, OWNER, MALLORY)))
        return f"AUTHENTICATE {self._chance.choice((message, message, message[:-1], message[:400]))}"

    def scram_first(self, account: str) -> str:
        """client-first-message."""
        self._bare = f"n={account},r=abcdefgh"
        return f"AUTHENTICATE {encoded('n,,' + self._bare)}"

    def scram_final(self, password: str) -> str:
        """client-final-message, as right as the password is, to what the server said last."""
        with suppress(ValueError, KeyError, IndexError, AttributeError):
            first = b64decode(re.findall(rb"AUTHENTICATE ([^+\s]\S+)", self._heard)[-1]).decode()
            exchange, proof = self._proof(self._bare, first, password)
            return f"AUTHENTICATE {encoded(f'{exchange},p={proof}')}"
        return f"AUTHENTICATE {encoded('c=biws,r=abcdefgh,p=AAAA')}"

    @staticmethod
    def _proof(bare: str, first: str, password: str) -> tuple[str, str]:
        fields = dict(re.findall(r"(?:^|,)(\w)=([^,]*)", first))
        without = f"c=biws,r={fields['r']}"
        key = keys(password, fields["s"], int(fields["i"]))
        return without, signed(key, f"{bare},{first},{without}")

    def some_first(self) -> str:
        return self.scram_first(self.account())

    def some_final(self) -> str:
        return self.scram_final(self.password(OWNER))

    def replay(self) -> str:
        """What was overheard of the owner."""
        return self._chance.choice(self._house.overheard)

    def junk(self) -> str:
        """AUTHENTICATE with anything."""
        return "AUTHENTICATE " + self._chance.choice((
            "PLAIN", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256", "EXTERNAL", "plain", "GSSAPI", "+", "+", "*", "", "=",
            "A" * 400, "A" * 401, "!!!", "AAAA", encoded(OWNER), encoded("\0\0"), encoded(b"\xff\xfe\0\0"),
        ))  # fmt: skip

    # the rest of IRC

    def capability(self) -> str:
        names = "sasl", "sasl draft/account-registration", "-sasl", "labeled-response batch", "nothing"
        return self._chance.choice(("CAP LS 302", "CAP END", *(f"CAP REQ :{name}" for name in names)))

    def register(self) -> str:
        account = self.account()
        return self._chance.choice((
            f"REGISTER {account or '*'} * :{self.password(account)}", f"VERIFY {account} 12345", "REGISTER * * x",
        ))  # fmt: skip

    def service(self) -> str:
        account = self.account()
        asked = self._chance.choice((
            f"IDENTIFY {account} {self.password(account)}", f"IDENTIFY {self.password(account)}", "REGISTER sesame x",
            f"CERT ADD {FINGERPRINT}", "SET PASSWORD guess other", f"INFO {account}", "REGAIN", "DROP guess",
            f"SAREGISTER {account} x", "INVITE 5",
        ))  # fmt: skip
        return self._chance.choice(("NS ", "NICKSERV ", "PRIVMSG NickServ :")) + asked

    def come_in(self) -> str:
        return self._chance.choice((
            f"NICK {self.account()}", "NICK guest", "NICK guest", "USER x 0 * :x", "USER x 0 * :x", "PASS x", "PING x",
            "QUIT",
        ))  # fmt: skip

    def act(self) -> str:
        return self._chance.choice((
            "JOIN #tea", "PRIVMSG #tea :hi", "PRIVMSG ann :hi", "TOPIC #tea :x", "KICK #tea ann", "MODE #tea +o guest",
            "OPER root secret", "WHO #tea", "CHATHISTORY LATEST #tea * 10", "INVITE ann #x", "RENAME #tea #milk",
            "REDACT #tea x", "AWAY :x", "MONITOR + ann", "NAMES #tea", "LIST", "WHOIS ann", "KILL ann :x",
            "TAGMSG #tea",
            "MARKREAD #tea timestamp=2026-01-01T00:00:00.000Z", "KLINE 1 ann :x", "SETNAME x", "SEARCH text=x",
        ))  # fmt: skip

    # JSON

    def ask(self) -> str:
        """Something that has to do with accounts."""
        account = self.account()
        return json.dumps(self._chance.choice((
            {"do": "log_in", "account": account, "password": self.password(account)},
            {"do": "log_in_by_certificate", "account": account},
            {"do": "register", "account": account, "password": "something new"},
            {"do": "verify", "account": account, "code": "1"}, {"do": "set_password", "old": "guess", "password": "x"},
            {"do": "add_certificate", "fingerprint": "cd" * 32}, {"do": "list_accounts"}, {"do": "regain"},
            {"do": "set_account_password", "account": OWNER, "password": "mine now"}, {"do": "invite_to_register"},
            {"do": "release_account", "account": LOCKED}, {"do": "drop_account", "password": "guess"},
            {"do": "enter", "nick": account}, {"do": "enter", "nick": "guest"}, {"do": "quit"},
            {"do": "rename", "nick": OWNER},
        )))  # fmt: skip

    def challenge(self) -> str:
        """Ask for what a proof needs."""
        self._asked = self.account()
        return json.dumps({"do": "challenge", "account": self._asked})

    def prove(self) -> str:
        """With what the server said to the last challenge."""
        account, exchange, proof = self.account(), "n=owner,r=x", "AAAA"
        with suppress(ValueError, KeyError, IndexError, AttributeError):
            reply = json.loads(re.findall(rb'\{"ok":null,"reply":"challenge\w*".*\}', self._heard)[-1])
            account = self._asked
            exchange = f"n={account},r=x,{reply['nonce']}"
            proof = signed(keys(self.password(account), reply["salt"], reply["iterations"]), exchange)
        tentative = self._chance.random() < 0.2
        return json.dumps(
            {"do": "prove", "account": account, "exchange": exchange, "proof": proof, "tentative": tentative}
        )

    def act_json(self) -> str:
        return json.dumps(self._chance.choice((
            {"do": "join", "room": "#tea"}, {"do": "say", "room": "#tea", "text": "hi"}, {"do": "kill", "nick": "ann"},
            {"do": "tell", "to": "ann", "text": "hi"}, {"do": "history", "room": "#tea"}, {"do": "list_people"},
            {"do": "set_topic", "room": "#tea", "topic": "x"}, {"do": "search", "words": "hi"}, {"do": "list_talks"},
            {"do": "watch", "nicks": ["ann"]}, {"do": "away", "text": "x"}, {"do": "show_account", "account": OWNER},
        )))  # fmt: skip

    # people with nc

    def type(self) -> str:
        account = self.account()
        return self._chance.choice((
            "guest", account, "/nick guest", f"/nick {account}", f"/login {account} {self.password(account)}",
            f"/login {self.password(account)}", self.password(account), "/register sesame", "/password guess x",
            "/regain", "hello", "/join #tea", "/msg ann hi", "/topic x", "/quit", "/drop guess", "/who", "/search hi",
        ))  # fmt: skip


def keys(password: str, salt: str, iterations: int) -> tuple[bytes, bytes]:
    """The client's key of SCRAM-SHA-256, and the stored one (RFC 5802, section 3)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b64decode(salt), iterations if iterations < 10 else 1)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return client_key, hashlib.sha256(client_key).digest()


def signed(key: tuple[bytes, bytes], exchange: str) -> str:
    """The client's proof."""
    signature = hmac.digest(key[1], exchange.encode(), "sha256")
    return b64encode(bytes(one ^ other for one, other in zip(key[0], signature, strict=True))).decode()


_LINES: dict[str, tuple[Callable[[Attacker], str], ...]] = {
    "irc": (
        Attacker.capability, Attacker.junk, Attacker.junk, Attacker.plain, Attacker.plain, Attacker.some_first,
        Attacker.some_final, Attacker.some_final, Attacker.replay, Attacker.register, Attacker.service,
        Attacker.come_in, Attacker.come_in, Attacker.act,
    ),
    "jsonl": (Attacker.ask, Attacker.ask, Attacker.challenge, Attacker.prove, Attacker.prove, Attacker.act_json),
    "line": (Attacker.type,),
}  # fmt: skip

_PLANS: dict[str, tuple[tuple[Callable[[Attacker], str], ...], ...]] = {
    "irc": (
        (lambda _: "CAP REQ :sasl", lambda _: "AUTHENTICATE PLAIN", Attacker.plain, lambda _: "CAP END"),
        (lambda _: "AUTHENTICATE SCRAM-SHA-256", lambda me: me.scram_first(OWNER), Attacker.some_final,
         lambda _: "AUTHENTICATE +"),
        (lambda _: "AUTHENTICATE EXTERNAL", lambda _: "AUTHENTICATE +"),
        (lambda _: "CAP END", lambda _: "NICK guest", lambda _: "USER x 0 * :x", Attacker.service, Attacker.act),
        (lambda _: "AUTHENTICATE SCRAM-SHA-256", lambda me: me._house.overheard[1], lambda me: me._house.overheard[2]),
    ),
    "jsonl": ((Attacker.challenge, Attacker.prove),),
    "line": ((lambda _: "guest", Attacker.type),),
}  # fmt: skip
