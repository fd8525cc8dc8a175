"""Accounts: making one, and what its owner does with it. Making one also before one has a nick."""

from collections.abc import Callable, Generator
from time import time
from typing import Any

from msgspec.structs import replace

from tcpchat.chat import account as accounts
from tcpchat.chat.account import Account
from tcpchat.chat.rules import access, bans, invitations, owners, registered, weak
from tcpchat.chat.rules.login import Asker, become, confided, knows, listener_of
from tcpchat.chat.rules.passwords import is_right
from tcpchat.chat.rules.rule import Rule, Table, entitled
from tcpchat.chat.state import State
from tcpchat.chat.user import Listener, User
from tcpchat.model import names, records, text
from tcpchat.model.commands import (
    AddCertificate,
    DropAccount,
    ListCertificates,
    Register,
    RegisterOther,
    RemoveCertificate,
    SetPassword,
    ShowAccount,
    Verify,
)
from tcpchat.model.events import LoggedIn
from tcpchat.model.records import Attempt, Count, Document, Hash
from tcpchat.model.replies import AccountReply, Certificates, Done, LoggedInReply, Refused

MOST_EMAIL_CHARACTERS = 200
FINGERPRINT_DIGITS = 64

Doing = Generator[records.Wish, Any, None]
Changing = Generator[records.Wish, Any, Account]


def register(state: State, asker: Asker, wish: Register) -> Rule:
    """The first one to ask has the name. Nobody takes the nick of somebody else who is here."""
    listener = listener_of(asker)
    _check_logged_out(listener, wish.account)
    confided(asker)
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
    weak.check(wish.password, name)
    yield from invitations.check(state, wish.invitation)
    email = text.one_line(wish.email)[:MOST_EMAIL_CHARACTERS]
    account = yield from _new(state, listener, name, wish.password, email)
    bearer = state.alike(name)
    if bearer is not None and bearer.listener is not listener:
        raise Refused("name_in_use", f"Somebody else is called {name} now.", about=name)
    yield from invitations.used(state, wish.invitation, _store(state, asker, account))
    yield from become(state, asker, name)
    yield records.nothing(listener.session)  # behind who takes the nick at this moment, and does not know yet
    yield from owners.cleared(state, listener, name)
    return LoggedInReply(account=name)


def register_other(state: State, asker: Asker, wish: RegisterOther) -> Rule:
    """An account for somebody else. For operators, and administrators."""
    entitled(asker, wish)
    confided(asker)
    names.account(wish.account)
    weak.check(wish.password, wish.account)
    yield from _store(state, asker, (yield from _new(state, listener_of(asker), wish.account, wish.password, "")))
    yield records.nothing(listener_of(asker).session)  # behind who takes the nick at this moment
    bearer = state.alike(wish.account)
    if bearer is not None and bearer is not asker:
        yield from owners.ended(bearer, owners.NOT_YOURS)
    return Done()


def verify(state: State, asker: Asker, wish: Verify) -> Rule:
    """There is no account that waits to be confirmed."""
    _check_logged_out(listener_of(asker), wish.account)
    raise Refused("bad_code", "No account of that name waits for a code.", about=wish.account)
    yield


def set_password(state: State, user: User, wish: SetPassword) -> Rule:
    """Who knew the old one may still be there: all other connections of the account are closed."""
    proven = yield from _proven(user, wish.old)
    name = proven.name
    weak.check(wish.password, name)
    secrets = yield from hashed(user.listener, wish.password)

    def with_it(account: Account) -> Account:
        if account.secrets != proven.secrets:  # somebody else was faster: the old password proves nothing any more
            raise _not_yours()
        return replace(account, secrets=secrets)

    yield from changed(name, with_it)
    yield from owners.all_ended(state, name, "the password of this account was changed", but=user.listener)
    return Done()


def drop_account(state: State, user: User, wish: DropAccount) -> Rule:
    """Its owner stays, as a guest."""
    proven = yield from _proven(user, wish.password)
    name = proven.name
    yield from dropped(name, proven)
    yield from registered.dropped_with(state, name)
    yield from owners.all_ended(state, name, "this account was given up", but=user.listener)
    before = user.party
    yield records.Announce(LoggedIn(by=user.nick, origin=user.origin, session=user.listener.session))
    yield from access.carried(state, user, before)
    return Done()


def show_account(state: State, user: User, wish: ShowAccount) -> Rule:
    """Since when it is there, and who is logged in to it."""
    name = wish.account or user.account
    account = accounts.opened((yield accounts.wanted(name))) if name else None
    if account is None:
        raise Refused("no_such_account", f"There is no account {text.one_line(name)[:40]}.".replace("  ", " "))
    nicks = [one.nick for one in state.logged_in(account.name)]
    return AccountReply(account=account.name, created=account.created, nicks=nicks)


def add_certificate(state: State, user: User, wish: AddCertificate) -> Rule:
    """One that proves as much as the password."""
    name = logged_in(user)
    fingerprint = _fingerprint(wish.fingerprint or user.listener.certificate)
    if (holder := state.registry.holder(fingerprint)) and names.fold(holder) != names.fold(name):
        raise Refused("certificate_taken", "That certificate belongs to another account.", about=fingerprint)

    def with_it(account: Account) -> Account:
        certificates = [one for one in account.certificates if one != fingerprint]
        if len(certificates) >= accounts.MOST_CERTIFICATES:
            raise Refused("too_many_certificates", f"An account has {accounts.MOST_CERTIFICATES} certificates at most.")
        return replace(account, certificates=[*certificates, fingerprint])

    return _certificates((yield from changed(name, with_it)), user)


def remove_certificate(state: State, user: User, wish: RemoveCertificate) -> Rule:
    """Who is logged in by it stays so."""
    fingerprint = _fingerprint(wish.fingerprint)

    def without_it(account: Account) -> Account:
        if fingerprint not in account.certificates:
            raise Refused("no_such_certificate", "Your account has no such certificate.", about=fingerprint)
        return replace(account, certificates=[one for one in account.certificates if one != fingerprint])

    return _certificates((yield from changed(logged_in(user), without_it)), user)


def list_certificates(state: State, user: User, wish: ListCertificates) -> Rule:
    """Only one's own."""
    account = accounts.opened((yield accounts.wanted(logged_in(user))))
    if account is None:
        raise gone(user.account)
    return _certificates(account, user)


def logged_in(user: User) -> str:
    """The account that somebody is logged in to.

    :raises Refused: if to none.
    """
    if not user.account:
        raise Refused("not_logged_in", "Log in first.")
    return user.account


def changed(name: str, change: Callable[[Account], Account]) -> Changing:
    """An account is something else, by what it is at that moment; gives what it is then.

    :raises Refused: if it is not there.
    """
    while True:
        document: Document = yield accounts.wanted(name)
        account = accounts.opened(document)
        if account is None:
            raise gone(name)
        account = change(account)
        if (yield accounts.stored(account, document.revision)) is not None:
            return account


def dropped(name: str, proven: Account | None = None) -> Changing:
    """An account is given up: only its name is left, so that nobody else has it, and reads what was said to it.

    :raises Refused: if it is not there, or has another password than when it was `proven` to be somebody's.
    """
    now = int(time() * 1_000)

    def emptied(one: Account) -> Account:
        if proven is not None and one.secrets != proven.secrets:
            raise _not_yours()
        return Account(name=one.name, created=one.created, secrets=accounts.NO_SECRETS, dropped=now)

    return changed(name, emptied)


def hashed(listener: Listener, password: str) -> Generator[records.Wish, Any, records.Hashed]:
    """What a new password is recognised by. Only administrators have it worked out often: it takes a while."""
    if not listener.administrator:
        yield Attempt("a new password")
        yield Count("a new password")
    secrets: records.Hashed = yield Hash(password)
    return secrets


def gone(name: str) -> Refused:
    """What is said of an account that is not there."""
    return Refused("no_such_account", f"There is no account {text.one_line(name)[:40]}.", about=name)


def _proven(user: User, password: str) -> Changing:
    """The account of somebody who knows its password: a screen that was left alone proves nothing."""
    confided(user)
    name = logged_in(user)
    account = accounts.opened((yield accounts.wanted(name)))
    if not (yield from knows(name, account, password)) or account is None:
        raise _not_yours()
    return account


def _not_yours() -> Refused:
    return Refused("wrong_password", "That is not the password of your account.")


def _check_logged_out(listener: Listener, name: str) -> None:
    if listener.account:
        raise Refused("logged_in_already", f"You are logged in already, as {listener.account}.", about=name)


def _new(state: State, listener: Listener, name: str, password: str, email: str) -> Changing:
    document: Document = yield accounts.wanted(name)
    if document.revision or state.registry.owner(name):
        raise _taken(name)
    if len(state.registry) >= state.config.limits.accounts:
        raise Refused("too_many_accounts", "This server has no space for another account.", about=name)
    secrets = yield from hashed(listener, password)
    return Account(name=name, created=int(time() * 1_000), secrets=secrets, email=email)


def _store(state: State, asker: Asker, account: Account) -> Doing:
    """Of all who want names that look alike at the same moment, the first one has it."""
    session = listener_of(asker).session
    if (yield records.claim(account.name, session)) is None:
        raise _taken(account.name)
    stored = None
    if not state.registry.owner(account.name):
        stored = yield accounts.stored(account, 0)
    yield records.disclaim(account.name, session)
    if stored is None:
        raise _taken(account.name)


def _taken(name: str) -> Refused:
    return Refused(
        "account_exists", f"There is an account {name} already, or was, or one that looks like it.", about=name
    )


def _certificates(account: Account, user: User) -> Certificates:
    return Certificates(certificates=account.certificates, own=user.listener.certificate)


def _fingerprint(given: str) -> str:
    """The fingerprint as it is compared, however it was written."""
    if not given:
        raise Refused("no_certificate", "This connection shows no certificate. Name one by its SHA-256 fingerprint.")
    fingerprint = given.replace(":", "").strip().lower()
    if len(fingerprint) != FINGERPRINT_DIGITS or not set(fingerprint) <= set("0123456789abcdef"):
        raise Refused("bad_fingerprint", "A SHA-256 fingerprint has 64 hexadecimal digits.", about=given[:100])
    return fingerprint


AT_THE_DOOR: Table = {
    Register: register,
    Verify: verify,
}

RULES: Table = AT_THE_DOOR | {
    RegisterOther: register_other,
    SetPassword: set_password,
    DropAccount: drop_account,
    ShowAccount: show_account,
    AddCertificate: add_certificate,
    RemoveCertificate: remove_certificate,
    ListCertificates: list_certificates,
}
