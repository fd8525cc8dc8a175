"""Accounts: having one, and proving that it is one's own. Also before one has a nick."""

import hmac
from base64 import b64encode
from collections.abc import Generator
from time import time
from typing import Any

from tcpchat.chat import account as accounts
from tcpchat.chat.account import Account
from tcpchat.chat.rules import access, bans
from tcpchat.chat.rules.passwords import is_right
from tcpchat.chat.rules.rule import Rule, Table, entitled
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import names, records, text
from tcpchat.model.commands import (
    Challenge,
    LogIn,
    Prove,
    Register,
    RegisterOther,
    SetPassword,
    ShowAccount,
    Verify,
)
from tcpchat.model.events import LoggedIn
from tcpchat.model.records import Announce, Attempt, Count, Document, Hash
from tcpchat.model.replies import AccountReply, ChallengeReply, Done, LoggedInReply, Refused

MOST_PASSWORD_BYTES = 512
MOST_EMAIL_CHARACTERS = 200

Asker = User | Listener


def register(state: State, asker: Asker, wish: Register) -> Rule:
    """The first one to ask has the name. Nobody takes the nick of somebody else who is here."""
    listener = _listener(asker)
    if listener.account:
        raise Refused("logged_in_already", f"You are logged in already, as {listener.account}.", about=wish.account)
    name = wish.account or (asker.nick if isinstance(asker, User) else "")
    if not name:
        raise Refused("need_nick", "Choose a nick first, or name the account.")
    names.account(name)
    bans.check_account(state, listener, name)
    if isinstance(asker, User) or not state.config.password:
        entered = True
    else:  # who may not come in makes no accounts
        entered = yield from is_right("server", wish.server_password, state.config.password)
    if not entered:
        raise Refused("not_entered", "Come in first: this server asks for a password.", about=name)
    email = text.one_line(wish.email)[:MOST_EMAIL_CHARACTERS]
    account = yield from _new(name, wish.password, email)
    bearer = state.user(name)
    if bearer is not None and bearer.listener is not listener:
        raise Refused("name_in_use", f"Somebody else is called {name} now.", about=name)
    yield from _store(account)
    yield from _become(state, asker, name)
    return LoggedInReply(account=name)


def register_other(state: State, user: User, wish: RegisterOther) -> Rule:
    """An account for somebody else. For operators."""
    entitled(user, wish)
    names.account(wish.account)
    yield from _store((yield from _new(wish.account, wish.password, "")))
    return Done()


def verify(state: State, asker: Asker, wish: Verify) -> Rule:
    """There is no account that waits to be confirmed."""
    listener = _listener(asker)
    if listener.account:
        raise Refused("logged_in_already", f"You are logged in already, as {listener.account}.", about=wish.account)
    raise Refused("bad_code", "No account of that name waits for a code.", about=wish.account)
    yield


def log_in(state: State, asker: Asker, wish: LogIn) -> Rule:
    """The same words, after the same time, for a wrong password and for an account that does not exist."""
    document: Document = yield accounts.wanted(wish.account)
    account = accounts.opened(document)
    hash = account.secrets.argon2 if account else ""
    right = yield from is_right(_attempt(wish.account), wish.password[:MOST_PASSWORD_BYTES], hash)
    if not right or account is None:
        raise _wrong()
    yield from _become(state, asker, account.name)
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
    signature = accounts.signature(account.secrets, wish.exchange, wish.proof) if account is not None else ""
    if not signature or account is None or _nonce(state, asker) not in wish.exchange:
        yield Count(_attempt(wish.account))
        raise _wrong()
    if not wish.tentative:
        yield from _become(state, asker, account.name)
    return LoggedInReply(account=account.name, signature=signature)


def set_password(state: State, user: User, wish: SetPassword) -> Rule:
    """The old one is not known any more."""
    if not user.account:
        raise Refused("not_logged_in", "Log in first.")
    secrets = yield from _hashed(wish.password)
    stored = None
    while stored is None:
        document: Document = yield accounts.wanted(user.account)
        account = accounts.opened(document)
        if account is None:
            raise Refused("no_such_account", "Your account is not there any more.", about=user.account)
        changed = Account(name=account.name, created=account.created, secrets=secrets, email=account.email)
        stored = yield accounts.stored(changed, document.revision)
    return Done()


def show_account(state: State, user: User, wish: ShowAccount) -> Rule:
    """Since when it is there, and who is logged in to it."""
    name = wish.account or user.account
    account = accounts.opened((yield accounts.wanted(name))) if name else None
    if account is None:
        raise Refused("no_such_account", f"There is no account {text.one_line(name)[:40]}.".replace("  ", " "))
    nicks = [one.nick for one in state.logged_in(account.name)]
    return AccountReply(account=account.name, created=account.created, nicks=nicks)


def _new(name: str, password: str, email: str) -> Generator[records.Wish, Any, Account]:
    if accounts.opened((yield accounts.wanted(name))) is not None:
        raise _taken(name)
    secrets = yield from _hashed(password)
    return Account(name=name, created=int(time() * 1_000), secrets=secrets, email=email)


def _store(account: Account) -> Generator[records.Wish, Any, None]:
    if (yield accounts.stored(account, 0)) is None:
        raise _taken(account.name)


def _taken(name: str) -> Refused:
    return Refused("account_exists", f"There is an account {name} already.", about=name)


def _hashed(password: str) -> Generator[records.Wish, Any, records.Hashed]:
    if not 0 < len(password.encode("utf-8", "replace")) <= MOST_PASSWORD_BYTES:
        raise Refused("weak_password", f"A password has between 1 and {MOST_PASSWORD_BYTES} bytes.")
    yield Attempt("a new password")
    yield Count("a new password")
    hashed: records.Hashed = yield Hash(password)
    return hashed


def _become(state: State, asker: Asker, account: str) -> Generator[records.Wish, Any, None]:
    """Somebody is logged in from now on."""
    bans.check_account(state, _listener(asker), account)
    if not isinstance(asker, User):
        yield Announce(LoggedIn(by="", session=asker.session, account=account))
        return
    before = asker.party
    yield Announce(LoggedIn(by=asker.nick, origin=asker.origin, session=asker.listener.session, account=account))
    yield from access.carried(state, asker, before)


def _listener(asker: Asker) -> Listener:
    return asker.listener if isinstance(asker, User) else asker


def _nonce(state: State, asker: Asker) -> str:
    """What nobody was told before on another connection, so that an exchange that was overheard is worth nothing."""
    connection = f"{_listener(asker).session} {state.since}"
    return hmac.digest(state.secret, connection.encode(), "sha256").hex()[:32]


def _attempt(account: str) -> str:
    return f"account {names.fold(account)}"


def _wrong() -> Refused:
    return Refused("wrong_password", "There is no such account, or that is not its password.")


AT_THE_DOOR: Table = {
    Register: register,
    Verify: verify,
    LogIn: log_in,
    Challenge: challenge,
    Prove: prove,
}

RULES: Table = AT_THE_DOOR | {
    RegisterOther: register_other,
    SetPassword: set_password,
    ShowAccount: show_account,
}
