"""Accounts, as clients make them and use them."""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode

from tests.conftest import Connect
from tests.peer import Peer

CHALLENGE = r"^(?::\S+ )?AUTHENTICATE \+\r\n"
"""What the server says when it waits for what the client says first."""


def encoded(message: bytes | str) -> str:
    """A SASL message as it goes over the wire."""
    return b64encode(message.encode() if isinstance(message, str) else message).decode()


def plain(account: str, password: str, acts_as: str = "") -> str:
    """The message of the mechanism PLAIN (RFC 4616)."""
    return encoded(f"{acts_as}\0{account}\0{password}")


def pieces(message: str) -> list[str]:
    """The commands that say a SASL message: «split to 400-byte chunks … If the last chunk was exactly 400 bytes long,
    it must also be followed by AUTHENTICATE +» (sasl-3.1)."""
    return [f"AUTHENTICATE {message[start : start + 400] or '+'}" for start in range(0, len(message) + 1, 400)]


async def has_account(connect: Connect, *accounts: str, password: str = "sesame") -> None:
    """Somebody comes, registers each account, and leaves."""
    for account in accounts:
        peer = await connect()
        peer.send("CAP REQ :draft/account-registration", "NICK registrar", f"REGISTER {account} * :{password}")
        await peer.until(r"^:\S+ REGISTER SUCCESS \S+ :")
        peer.send("QUIT")
        await peer.end()


async def ready_for_sasl(connect: Connect) -> Peer:
    """A connection that may authenticate, and has no nick yet."""
    peer = await connect()
    peer.send("CAP LS 302", "CAP REQ :sasl")
    await peer.until(r"^:\S+ CAP \* ACK :sasl *\r\n")
    return peer


async def authenticate(peer: Peer, account: str, password: str = "sesame") -> None:
    """Log in with PLAIN, at whatever time."""
    peer.send("AUTHENTICATE PLAIN")
    await peer.until(CHALLENGE)
    peer.send(*pieces(plain(account, password)))
    await peer.until(rf"^(?:@\S+ )?:\S+ 900 \S+ \S+ (?i:{re.escape(account)}) :.*\r\n")
    await peer.until(r"^(?:@\S+ )?:\S+ 903 \S+ :.*\r\n")


async def enter(
    connect: Connect, nick: str, *, account: str = "", password: str = "sesame", caps: str = "", room: str = ""
) -> Peer:
    """Come in, logged into the account if one is given, with capabilities, into a room."""
    peer = await connect()
    peer.send(f"CAP REQ :{f'{caps} sasl'.strip()}")
    await peer.until(r"^:\S+ CAP \* ACK :.*\r\n")
    if account:
        await authenticate(peer, account, password)
    peer.send(f"NICK {nick}", f"USER {nick} 0 * :{nick}", "CAP END")
    await peer.until(r"^(?:@\S+ )?:\S+ (376|422) .*\r\n")
    if room:
        peer.send(f"JOIN {room}")
        await peer.until(r"^(?:@\S+ )?:\S+ 366 .*\r\n")
    return peer


async def heard(peer: Peer) -> str:
    """Everything that came after what was last waited for, up to the answer to a PING sent now."""
    peer.send("PING done")
    return (await peer.until(r"([\s\S]*?)^(?:@\S+ )?:\S+ PONG .*\r\n"))[1]


async def account_of(peer: Peer, nick: str) -> str | None:
    """What WHOIS says that somebody is logged in as."""
    peer.send(f"WHOIS {nick}")
    answer = (await peer.until(rf"([\s\S]*?)^(?:@\S+ )?:\S+ 318 \S+ {nick} :.*\r\n"))[1]
    found = re.search(rf"^(?:@\S+ )?:\S+ 330 \S+ {nick} (\S+) :is logged in as\r$", answer, re.MULTILINE)
    return found and found[1]


class Scram:
    """The client of RFC 5802, by hand."""

    def __init__(
        self, peer: Peer, account: str, password: str = "sesame", *, gs2: str = "n,,", nonce: str = "rOprNGfwEbeRWgbN"
    ) -> None:
        self.peer = peer
        self.password = password
        self.gs2 = gs2
        self.nonce = nonce
        self.bare = f"n={account.replace('=', '=3D').replace(',', '=2C')},r={nonce}"

    async def open(self) -> str:
        """client-first-message, and the server-first-message that comes back."""
        self.peer.send("AUTHENTICATE SCRAM-SHA-256")
        await self.peer.until(CHALLENGE)
        self.peer.send(f"AUTHENTICATE {encoded(self.gs2 + self.bare)}")
        found = await self.peer.until(r"^(?::\S+ )?AUTHENTICATE (?!\+)(\S+)\r\n")
        return self.read(found[1])

    def read(self, message: str) -> str:
        """Take what the server says first."""
        self.first = b64decode(message, validate=True).decode()
        attributes = dict(re.findall(r"(?:^|,)(\w)=([^,]*)", self.first))
        self.combined, self.salt, self.rounds = attributes["r"], attributes["s"], int(attributes["i"])
        return self.first

    def final(self, *, channel: str | None = None, nonce: str | None = None, extension: str = "") -> str:
        """client-final-message with its proof."""
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), b64decode(self.salt, validate=True), self.rounds)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        stored_key = hashlib.sha256(client_key).digest()
        binding = encoded(self.gs2) if channel is None else channel
        without_proof = f"c={binding},r={self.combined if nonce is None else nonce}{extension}"
        authenticated = ",".join((self.bare, self.first, without_proof)).encode()
        signature = hmac.digest(stored_key, authenticated, "sha256")
        proof = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
        self.server_signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), authenticated, "sha256")
        return f"{without_proof},p={encoded(proof)}"

    async def succeeds(self) -> bool:
        """The whole exchange. Where it succeeds, the server must have proved that it knew the password."""
        self.peer.send("AUTHENTICATE SCRAM-SHA-256")
        await self.peer.until(CHALLENGE)
        self.peer.send(f"AUTHENTICATE {encoded(self.gs2 + self.bare)}")
        answer = r"^(?:(?::\S+ )?AUTHENTICATE (?!\+)(\S+)|:\S+ 904 \S+ :.*)\r\n"
        if not (message := (await self.peer.until(answer))[1]):
            return False
        self.read(message)
        self.peer.send(f"AUTHENTICATE {encoded(self.final())}")
        if not (message := (await self.peer.until(answer))[1]):
            return False
        assert b64decode(message, validate=True).decode() == f"v={encoded(self.server_signature)}"
        self.peer.send("AUTHENTICATE +")
        await self.peer.until(r"^:\S+ 900 \S+ \S+ \S+ :.*\r\n:\S+ 903 \S+ :.*\r\n")
        return True
