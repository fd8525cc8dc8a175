"""What administrators do with accounts, over the socket that only they can open. They need no nick for it."""

from time import time

from msgspec.structs import replace

from tcpchat.chat.account import Account, Suspension
from tcpchat.chat.rules import bans, invitations, owners, registered, weak
from tcpchat.chat.rules.accounts import changed, dropped, hashed, register_other
from tcpchat.chat.rules.login import Asker, listener_of
from tcpchat.chat.rules.rule import Rule, Table
from tcpchat.chat.state import State
from tcpchat.model import text
from tcpchat.model.commands import (
    ListAccounts,
    RegisterOther,
    ReleaseAccount,
    RemoveAccount,
    SetAccountPassword,
    SuspendAccount,
)
from tcpchat.model.replies import AccountInfo, Accounts, Done, Refused

MOST_REASON_CHARACTERS = 200


def list_accounts(state: State, asker: Asker, wish: ListAccounts) -> Rule:
    """All of them, by their names."""
    infos = [
        AccountInfo(
            account=one.account,
            suspended=one.suspended,
            until=one.until,
            dropped=one.dropped,
            here=len(list(state.logged_in(one.account))),
        )
        for one in state.registry.all()
    ]
    return Accounts(accounts=sorted(infos, key=lambda info: info.account))
    yield


def set_account_password(state: State, asker: Asker, wish: SetAccountPassword) -> Rule:
    """For an owner who has forgotten it."""
    weak.check(wish.password, wish.account)
    secrets = yield from hashed(listener_of(asker), wish.password)
    account = yield from changed(wish.account, lambda account: replace(account, secrets=secrets))
    yield from owners.all_ended(state, account.name, "the password of this account was changed")
    return Done()


def suspend_account(state: State, asker: Asker, wish: SuspendAccount) -> Rule:
    """Nobody logs in any more, and who is logged in has to go."""
    if wish.until and wish.until <= int(time() * 1_000):
        raise Refused("bad_time", "An account is suspended until a time that is still to come.")
    reason = text.one_line(wish.reason)[:MOST_REASON_CHARACTERS] or "no reason was given"
    suspension = Suspension(reason=reason, until=wish.until)
    account = yield from changed(wish.account, lambda account: replace(account, suspended=suspension))
    yield from owners.all_ended(state, account.name, f"this account is suspended: {reason}")
    return Done()


def release_account(state: State, asker: Asker, wish: ReleaseAccount) -> Rule:
    """As it was before."""

    def released(account: Account) -> Account:
        if account.suspended is None:
            raise Refused("not_suspended", f"The account {account.name} is not suspended.", about=account.name)
        return replace(account, suspended=None)

    yield from changed(wish.account, released)
    return Done()


def remove_account(state: State, asker: Asker, wish: RemoveAccount) -> Rule:
    """As if its owner had given it up."""
    account = yield from dropped(wish.account)
    yield from registered.dropped_with(state, account.name)
    yield from owners.all_ended(state, account.name, "this account was removed")
    return Done()


ADMINISTRATION: Table = (
    invitations.RULES
    | bans.RULES
    | {
        RegisterOther: register_other,
        ListAccounts: list_accounts,
        SetAccountPassword: set_account_password,
        SuspendAccount: suspend_account,
        ReleaseAccount: release_account,
        RemoveAccount: remove_account,
    }
)
"""What only those may ask who came in through the administrators' socket, whether or not they have a nick."""
