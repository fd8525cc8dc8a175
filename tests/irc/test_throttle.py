"""How often one may try to log in: faults.md, row 29; the clock of the throttle is a parameter."""

import pytest

from tcpchat.config import Limits
from tcpchat.model.replies import Refused
from tcpchat.server.throttle import TRIES, TRIES_OF_A_NETWORK, Throttle
from tests.conftest import Connect
from tests.irc.login import has_account
from tests.irc.peers import ask, enter


@pytest.mark.threat(29)
async def test_after_some_wrong_passwords_even_the_right_one_must_wait(connect: Connect) -> None:
    """«login throttled before hashing» (issue 3): who guesses is slowed down, and told so."""
    await has_account(connect, "jilles")
    ann = await enter(connect, "ann")
    for _ in range(TRIES):
        (answer,) = await ask(ann, "PRIVMSG NickServ :IDENTIFY jilles wrong")
        assert "There is no such account, or that is not its password." in answer
    (answer,) = await ask(ann, "PRIVMSG NickServ :IDENTIFY jilles sesame")
    assert "Too many tries" in answer
    assert not [line for line in await ask(ann, "WHOIS ann") if " 330 " in line]


@pytest.mark.threat(29)
async def test_others_are_not_locked_out_by_it(connect: Connect) -> None:
    """Nobody's account can be locked by somebody who tries another one."""
    await has_account(connect, "jilles", "other")
    ann, bob = await enter(connect, "ann"), await enter(connect, "bob")
    for _ in range(TRIES + 1):
        await ask(ann, "PRIVMSG NickServ :IDENTIFY jilles wrong")
    answers = await ask(bob, "PRIVMSG NickServ :IDENTIFY other sesame")
    assert [line for line in answers if " 900 bob " in line]


def tried(throttle: Throttle, network: str, who: str, now: float, *, fails: bool = True) -> bool:
    """Whether one may try."""
    try:
        throttle.attempt(network, who, now)
    except Refused:
        return False
    if fails:
        throttle.count(network, who, now)
    return True


@pytest.mark.threat(29)
def test_tries_come_back_with_time() -> None:
    throttle = Throttle(Limits())
    assert [tried(throttle, "net", "ann", 0) for _ in range(TRIES + 1)] == [True] * TRIES + [False]
    assert tried(throttle, "net", "ann", 20)
    assert not tried(throttle, "net", "ann", 20)
    assert tried(throttle, "elsewhere", "ann", 20), "the owner comes from another place"


def test_what_succeeded_does_not_count() -> None:
    throttle = Throttle(Limits())
    for _ in range(10 * TRIES):
        assert tried(throttle, "net", "ann", 0, fails=False)


@pytest.mark.threat(29)
def test_one_place_cannot_try_all_accounts() -> None:
    throttle = Throttle(Limits())
    assert sum(tried(throttle, "net", f"account {number}", 0) for number in range(1_000)) == TRIES_OF_A_NETWORK


@pytest.mark.threat(29)
def test_who_guesses_at_many_accounts_does_not_lock_out_a_neighbour_who_is_known() -> None:
    throttle = Throttle(Limits())
    throttle.succeeded("net", "ann")
    assert sum(tried(throttle, "net", f"account {number}", 0) for number in range(1_000)) == TRIES_OF_A_NETWORK
    assert not tried(throttle, "net", "bob", 0)
    assert [tried(throttle, "net", "ann", 0) for _ in range(TRIES + 1)] == [True] * TRIES + [False]


def test_it_can_be_turned_off_for_suites_that_come_from_one_place() -> None:
    throttle = Throttle(Limits(enabled=False))
    assert all(tried(throttle, "net", "ann", 0) for _ in range(1_000))
