"""People with nc and their accounts."""

import pytest

from tests.conftest import Connect
from tests.peer import Peer

PASSWORD = "correct-horse-battery"


async def registered(connect: Connect, name: str) -> None:
    peer = await (await connect()).enter_line(name)
    peer.send(f"/register {PASSWORD}")
    await peer.until(rf"-- The account {name} is yours, and so is the name\.")
    peer.send("/quit")
    await peer.end()


async def at_the_door(connect: Connect, name: str) -> Peer:
    peer = await connect()
    peer.send(name)
    await peer.until(rf"-- The name {name} belongs to an account\. If it is yours, .*\r\nPassword: $")
    return peer


async def test_who_knows_the_password_comes_in_under_the_name(connect: Connect) -> None:
    await registered(connect, "ann")
    ann = await at_the_door(connect, "ann")
    ann.send("wrong-guess")
    await ann.until(r"-- There is no such account, or that is not its password\.\r\nPassword: $")
    ann.send(PASSWORD)
    await ann.until(r"-- You are ann\.")
    await ann.until(r"-- You are in #lobby")
    bob = await (await connect()).enter_json("bob")
    assert (await bob.ask(do="whois", nick="ann"))["person"]["account"] == "ann"


@pytest.mark.parametrize("typed", [["wrong-guess", "wrong-guess"], [""], ["wrong-guess", ""]])
async def test_who_does_not_is_asked_for_another_name(connect: Connect, typed: list[str]) -> None:
    await registered(connect, "ann")
    eve = await at_the_door(connect, "ann")
    for line in typed:
        eve.send(line)
    await eve.until(r"-- Choose another name, for example ann2\.\r\nNickname: $")
    await eve.enter_line("eve")
    eve.send("/nick ann")
    await eve.until(r"-- The name ann belongs to an account: log in to it first, or try ann2\.")


async def test_what_can_be_typed_about_an_account(connect: Connect) -> None:
    ann = await (await connect()).enter_line("ann")
    for line, answer in (
        ("/register", "-- Something is missing: /register PASSWORD"),
        ("/register short", r"-- A password has at least 6 characters\."),
        (f"/register {PASSWORD}", "-- The account ann is yours"),
        (f"/register {PASSWORD}", "-- You are logged in already, as ann"),
        ("/password wrong-guess another-password", r"-- That is not the password of your account\."),
        (f"/password {PASSWORD} another-password", "-- Your password is changed"),
        ("/nick anna", "-- ann is now anna|-- You are now called anna|anna"),
        ("/login ann wrong-guess", "-- There is no such account"),
        ("/login ann another-password", "-- You are logged in as ann. The name is yours, too: /nick ann"),
        ("/regain", "-- anna is now ann"),
        ("/drop wrong-guess", r"-- That is not the password of your account\."),
        ("/drop another-password", r"-- Your account is given up\."),
        ("/regain", r"-- Log in first"),
    ):
        ann.send(line)
        await ann.until(answer)
    bob = await (await connect()).enter_line("bob")
    ann.send("hello")
    await bob.until("<ann> hello")
    for secret in (PASSWORD, "another-password", "wrong-guess"):
        assert secret not in bob.seen.decode() + ann.seen.decode()


async def test_a_server_with_a_password_asks_for_both(tmp_path_factory: pytest.TempPathFactory) -> None:
    import tcpchat

    config = tcpchat.Config(data=tmp_path_factory.mktemp("data"), password="hush-hush")
    async with tcpchat.Server(config, port=0) as server:
        first = await Peer.open(server.port)
        assert "ok" in await first.ask(do="register", account="ann", password=PASSWORD, server_password="hush-hush")
        await first.close()
        peer = await Peer.open(server.port)
        peer.send("ann")
        await peer.until("Password: $")
        peer.send("hush-hush")
        await peer.until(r"belongs to an account\. .*\r\nPassword: $")
        peer.send(PASSWORD)
        await peer.until(r"-- You are in #lobby")
        await peer.close()
