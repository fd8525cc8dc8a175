"""Logging in: proving that an account is one's own, by its password or by a certificate. Also before one has a nick."""

import hmac
from base64 import b64encode
from collections.abc import Generator
from time import time
from typing import Any

from msgspec.structs import replace

from tcpchat.chat import account as accounts
from tcpchat.chat.account import Account
from tcpchat.chat.rules import access, bans
from tcpchat.chat.rules.passwords import is_right
from tcpchat.chat.rules.registered import rank_by_account
from tcpchat.chat.rules.rule import Rule, Table
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import names, records
from tcpchat.model.commands import Challenge, LogIn, LogInByCertificate, Prove
from tcpchat.model.events import LoggedIn
from tcpchat.model.records import Announce, Attempt, Count, Document, Hash
from tcpchat.model.replies import ChallengeReply, LoggedInReply, Refused

Asker = User | Listener

MOST_PASSWORD_BYTES = 512


def log_in(state: State, asker: Asker, wish: LogIn) -> Rule:
    """The same words, after the same time, for a wrong password and for an account that does not exist."""
    confided(asker)
    document: Document = yield accounts.wanted(wish.account)
    account = accounts.opened(document)
    right = yield from knows(wish.account, account, wish.password)
    if not right or account is None:
        raise wrong()
    yield from become(state, asker, account.name)
    yield from _still_proven(asker, account)
    if accounts.outdated(account.secrets):
        secrets: records.Hashed = yield Hash(wish.password)
        yield accounts.stored(replace(account, secrets=secrets), document.revision)
    return LoggedInReply(account=account.name)


def challenge(state: State, asker: Asker, wish: Challenge) -> Rule:
    """What SCRAM needs; for an account that does not exist something that looks alike."""
    account = accounts.opened((yield accounts.wanted(wish.account)))
    nonce = _nonce(state, asker)
    if account is not None:
        return ChallengeReply(salt=account.secrets.salt, iterations=account.secrets.iterations, nonce=nonce)
    salt = accounts.made_up_salt(state.secret, wish.account)
    return ChallengeReply(salt=b64encode(salt).decode(), iterations=accounts.ITERATIONS, nonce=nonce)


def prove(state: State, asker: Asker, wish: Prove) -> Rule:
    """Log in by a proof instead of the password."""
    account = accounts.opened((yield accounts.wanted(wish.account)))
    yield Attempt(_attempt(wish.account))
    secrets = account.secrets if account is not None else accounts.NO_SECRETS
    signature = accounts.signature(secrets, wish.exchange, wish.proof)
    if not signature or account is None or _nonce(state, asker) not in wish.exchange:
        yield Count(_attempt(wish.account))
        raise wrong()
    yield Count(_attempt(wish.account), right=True)
    if not wish.tentative:
        yield from become(state, asker, account.name)
        yield from _still_proven(asker, account)
    return LoggedInReply(account=account.name, signature=signature)


def log_in_by_certificate(state: State, asker: Asker, wish: LogInByCertificate) -> Rule:
    """By the one that the connection was made with, and by nothing that is said on it (RFC 4422, appendix A)."""
    fingerprint = listener_of(asker).certificate
    name = state.registry.holder(fingerprint) if fingerprint else ""
    account = accounts.opened((yield accounts.wanted(name))) if name else None
    if account is None or fingerprint not in account.certificates or not _is_named(wish.account, account):
        yield Attempt("a certificate")  # who has one need not wait for those who guess
        yield Count("a certificate")
        raise Refused("wrong_certificate", "This connection shows no certificate that belongs to an account.")
    yield from become(state, asker, account.name)
    return LoggedInReply(account=account.name)


def knows(name: str, account: Account | None, password: str) -> Generator[records.Wish, Any, bool]:
    """Whether this is the password of the account; it takes as long if there is none.

    :raises Refused: if it is tried too often.
    """
    hash = account.secrets.argon2 if account else ""
    return (yield from is_right(_attempt(name), password[:MOST_PASSWORD_BYTES], hash))


def become(state: State, asker: Asker, account: str) -> Generator[records.Wish, Any, None]:
    """Somebody is logged in from now on.

    :raises Refused: if nobody may log in to the account.
    """
    listener = listener_of(asker)
    bans.check_account(state, listener, account)
    before = asker.party if isinstance(asker, User) else ""
    by, origin = (asker.nick, asker.origin) if isinstance(asker, User) else ("", "")
    if not (bars := state.registry.bars(account, int(time() * 1_000))):
        yield Announce(LoggedIn(by=by, origin=origin, session=listener.session, account=account))
        bars = state.registry.bars(account, int(time() * 1_000))  # it may have been suspended meanwhile
    if bars:
        raise Refused("suspended", bars, about=account)
    bans.check(state, listener, by, origin)  # one may have come meanwhile
    if isinstance(asker, User):
        yield from access.carried(state, asker, before)
        for room in list(asker.rooms.values()):
            yield from rank_by_account(state, asker, room)


def _still_proven(asker: Asker, proven: Account) -> Generator[records.Wish, Any, None]:
    """Who changes a password ends all who are logged in then; who was about to be, by the old one, is ended here.

    :raises Refused: if the password is another one by now.
    """
    account = accounts.opened((yield accounts.wanted(proven.name)))
    if account is not None and _is_newer(account.secrets, proven.secrets):
        listener_of(asker).close("the password of this account was changed")
        raise wrong()


def confided(asker: Asker) -> None:
    """Look whether a password can be told on this connection: others may read it, unless it is encrypted.

    :raises Refused: if not. The password is not even looked at.
    """
    if not listener_of(asker).secure:
        raise Refused(
            "insecure",
            "This connection is not encrypted: others on the way can read a password, so none is taken here. "
            "Connect with TLS.",
        )


def listener_of(asker: Asker) -> Listener:
    """The connection of somebody who has come in, or not yet."""
    return asker.listener if isinstance(asker, User) else asker


def wrong() -> Refused:
    """What everybody is told whose proof is none, whether or not there is such an account."""
    return Refused("wrong_password", "There is no such account, or that is not its password.")


def _is_named(wanted: str, account: Account) -> bool:
    return not wanted or names.fold(wanted) == names.fold(account.name)


def _is_newer(now: records.Hashed, then: records.Hashed) -> bool:
    """Whether the password is another one. One that was only hashed anew, because the old way is outdated, is not."""
    return now != then and not accounts.outdated(then)


def _nonce(state: State, asker: Asker) -> str:
    """What nobody was told before on another connection, so that an exchange that was overheard is worth nothing."""
    connection = f"{listener_of(asker).session} {state.since}"
    return hmac.digest(state.secret, connection.encode(), "sha256").hex()[:32]


def _attempt(account: str) -> str:
    return f"account {names.fold(account)}"


AT_THE_DOOR: Table = {
    LogIn: log_in,
    Challenge: challenge,
    Prove: prove,
    LogInByCertificate: log_in_by_certificate,
}

RULES: Table = AT_THE_DOOR
