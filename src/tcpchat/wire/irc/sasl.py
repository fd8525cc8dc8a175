"""SASL as IRC carries it: base64 in pieces, a small generator for each mechanism (ircv3.net/specs/extensions/sasl-3.1).

A mechanism is given what the client says, and gives what the client is told, or a wish whose answer it is given. It
ends when the client is logged in.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Generator, Mapping
from typing import Any

from tcpchat.model import commands, names, replies
from tcpchat.wire.dialect import Request
from tcpchat.wire.irc import numerics
from tcpchat.wire.irc.message import Message
from tcpchat.wire.irc.topic import Context, asked

PIECE = 400
"""Characters of base64 in one AUTHENTICATE; fewer are the last piece."""

MOST_CHARACTERS = 4 * PIECE

Step = bytes | commands.Command
Mechanism = Callable[[], Generator[Step, Any, None]]


_EXPLAINED = frozenset({"suspended", "too_many_tries", "busy"})
"""Refusals that are not the fault of what was said."""


class Failed(Exception):
    """The client is not who it says, or does not say it properly. The text is what it is told besides, if anything."""


class Exchange:
    """One attempt to log in, from AUTHENTICATE with a mechanism to its end."""

    def __init__(self, mechanism: str) -> None:
        self._steps = MECHANISMS[mechanism]()
        self._said = ""

    def begin(self) -> bytes:
        """What the client is told first: that it may speak."""
        next(self._steps)
        return _written(b"")

    def collect(self, piece: str) -> str | None:
        """All that the client said, in base64, when this is its last piece.

        :raises OverflowError: if it is too much.
        """
        self._said += "" if piece == "+" else piece
        if len(piece) > PIECE or len(self._said) > MOST_CHARACTERS:
            raise OverflowError
        if len(piece) == PIECE:
            return None
        said, self._said = self._said, ""
        return said

    def go_on(
        self, context: Context, message: Message, said: str
    ) -> Generator[Request | bytes, None, replies.LoggedInReply | None]:
        """Requests and what the client is told, until it has to speak again, or is logged in: that is given back.

        :raises Failed: if it is over without success.
        """
        answer: object = None
        step = self._send(_decoded(said))
        while isinstance(step, commands.Command):
            answer = yield from asked(context, step, message)
            if isinstance(answer, replies.Refused):
                raise Failed(answer.text if answer.code in _EXPLAINED else "")
            if answer is None:
                raise Failed
            step = self._send(answer)
        if step is not None:
            yield _written(step)
        return answer if step is None and isinstance(answer, replies.LoggedInReply) else None

    def _send(self, what: object) -> Step | None:
        try:
            return self._steps.send(what)
        except StopIteration:
            return None
        except (UnicodeDecodeError, ValueError, KeyError) as error:
            raise Failed from error


def plain() -> Generator[Step, Any, None]:
    """PLAIN (RFC 4616): who to be, who one is, and the password, with NULs between them."""
    said: bytes = yield b""
    be, name, password = said.decode().split("\0")
    _check_same(be, name)
    if not name or not password:
        raise Failed
    yield commands.LogIn(account=name, password=password)


def scram_sha_256() -> Generator[Step, Any, None]:
    """SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding."""
    said: bytes = yield b""
    binding, be, bare = said.decode().split(",", 2)
    fields = _fields(bare)
    name = _unescaped(fields["n"])
    if binding not in {"n", "y"} or "m" in fields or not name or not fields["r"] or not bare.startswith("n="):
        raise Failed
    _check_same(_unescaped(be.removeprefix("a=")), name)
    reply: replies.ChallengeReply = yield commands.Challenge(account=name)
    nonce = fields["r"] + reply.nonce
    challenge = f"r={nonce},s={reply.salt},i={reply.iterations}"
    final = (yield challenge.encode()).decode()
    without_proof, _, proof = final.rpartition(",p=")
    last = _fields(without_proof)
    header = b64encode(f"{binding},{be},".encode()).decode()
    if last["r"] != nonce or last["c"] != header or "m" in last:
        raise Failed
    exchange = f"{bare},{challenge},{without_proof}"
    proven: replies.LoggedInReply = yield commands.Prove(account=name, exchange=exchange, proof=proof, tentative=True)
    yield f"v={proven.signature}".encode()  # the client may find that this is not its server
    yield commands.Prove(account=name, exchange=exchange, proof=proof)


def external() -> Generator[Step, Any, None]:
    """EXTERNAL (RFC 4422, appendix A): who to be, or nothing; who one is says the certificate of the connection."""
    said: bytes = yield b""
    yield commands.LogInByCertificate(account=said.decode())


MECHANISMS: Mapping[str, Mechanism] = {
    "PLAIN": plain,
    "SCRAM-SHA-256": scram_sha_256,
    "EXTERNAL": external,
}


def aborted(context: Context) -> bytes:
    """906; what was under way is over."""
    context.exchange = None
    return context.numeric(numerics.ERR_SASLABORTED, last="SASL authentication aborted")


def _written(said: bytes) -> bytes:
    """In pieces; nothing, or nothing more, is a plus."""
    encoded = b64encode(said).decode()
    pieces = [encoded[start : start + PIECE] for start in range(0, len(encoded), PIECE)]
    if not pieces or len(pieces[-1]) == PIECE:
        pieces.append("+")
    return b"".join(f"AUTHENTICATE {piece}\r\n".encode() for piece in pieces)


def _decoded(said: str) -> bytes:
    try:
        return b64decode(said, validate=True)
    except (NotBase64, ValueError) as error:
        raise Failed from error


def _check_same(be: str, name: str) -> None:
    """Nobody acts for somebody else."""
    if be and names.fold(be) != names.fold(name):
        raise Failed


def _fields(said: str) -> dict[str, str]:
    return {field[:1]: field[2:] for field in said.split(",") if field[1:2] == "="}


def _unescaped(name: str) -> str:
    if name.replace("=2C", "").replace("=3D", "").count("="):
        raise Failed
    return name.replace("=2C", ",").replace("=3D", "=")
