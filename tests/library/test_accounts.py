"""Programs with an account: they log in before they come in, and again after a lost link."""

import asyncio

import pytest

import tcpchat
from tcpchat.client.trouble import NotTrusted
from tcpchat.model.commands import DropAccount, SetPassword, Whois
from tcpchat.model.replies import WhoisReply
from tests.link import Link

PASSWORD = "correct-horse-battery"


def address(place: tcpchat.Server | Link) -> str:
    return f"127.0.0.1:{place.port}"


async def registered(server: tcpchat.Server, account: str) -> None:
    async with tcpchat.connect(address(server), nick=account) as chat:
        await chat.register(PASSWORD)


async def next_of(chat: tcpchat.Client, kind: type[tcpchat.Event]) -> tcpchat.Event:
    async with asyncio.timeout(15):
        async for event in chat:
            if isinstance(event, kind):
                return event
    raise AssertionError("it ended")


async def test_what_was_said_to_an_account_comes_when_it_comes_in(server: tcpchat.Server) -> None:
    await registered(server, "ann")
    async with tcpchat.connect(address(server), nick="ann", account="ann", account_password=PASSWORD) as ann:
        cursor = ann.cursor
    async with tcpchat.connect(address(server), nick="bob") as bob:
        async with tcpchat.connect(address(server), nick="anna", account="ann", account_password=PASSWORD):
            await bob.tell("anna", "for the account")
        with pytest.raises(tcpchat.Refused) as refused:
            async with tcpchat.connect(address(server), nick="ann"):
                pass
        assert refused.value.code == "nick_owned"
        again = tcpchat.connect(address(server), nick="ann", account="ann", account_password=PASSWORD, cursor=cursor)
        async with again as ann:
            told = await next_of(ann, tcpchat.Told)
            assert isinstance(told, tcpchat.Told)
            assert told.text == "for the account"


@pytest.mark.parametrize("given", [True, False])
async def test_after_a_lost_link_it_logs_in_again(server: tcpchat.Server, given: bool) -> None:
    """Whether it was told the password at the start, or logged in later."""
    await registered(server, "ann")
    how = {"account": "ann", "account_password": PASSWORD} if given else {}
    async with (
        Link.to(server.port) as link,
        tcpchat.connect(address(link), nick="ann" if given else "cat", **how) as ann,
    ):
        if not given:
            await ann.log_in("ann", PASSWORD)
            await ann.rename("ann")
        await ann.request(SetPassword(old=PASSWORD, password=f"{PASSWORD}2"))
        link.cut(tell_server=False)  # the server goes on believing in it
        await next_of(ann, tcpchat.LinkBack)
        about = await ann.request(Whois(nick="ann"))
        assert isinstance(about, WhoisReply)
        assert about.person.account == "ann"
        await ann.request(DropAccount(password=f"{PASSWORD}2"))
        link.cut()
        await next_of(ann, tcpchat.LinkBack)
        assert ann.nick == "ann", "as a guest: the name is free, and no account is asked for"


async def test_a_wrong_password_is_told_at_once_and_not_tried_for_ever(server: tcpchat.Server) -> None:
    await registered(server, "ann")
    with pytest.raises(tcpchat.Refused) as refused:
        async with tcpchat.connect(address(server), nick="ann", account="ann", account_password="wrong-guess"):
            pass
    assert refused.value.code == "wrong_password"
    mine = {"account": "ann", "account_password": PASSWORD}
    async with tcpchat.connect(address(server), nick="ann", **mine) as ann:
        async with tcpchat.connect(address(server), nick="bob", **mine) as bob:
            await bob.request(SetPassword(old=PASSWORD, password="another-password"))
        with pytest.raises(tcpchat.Refused, match="not its password"):
            await next_of(ann, tcpchat.LinkBack)


async def test_a_password_is_not_sent_where_others_can_read_it() -> None:
    from tcpchat.client.proof import Proof

    with pytest.raises(NotTrusted, match="Use TLS: tls://chat.example.org"):
        Proof("ann", PASSWORD).wish(secure=False, server="chat.example.org:7667")
    assert Proof("ann", PASSWORD).wish(secure=True, server="chat.example.org:7667") is not None
    assert Proof().wish(secure=False, server="chat.example.org:7667") is None
