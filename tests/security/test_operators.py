"""The server's operators: what each may do, and how they become what they are."""

from pathlib import Path

import pytest

import tcpchat
from tcpchat.config import RIGHTS, BadSetting, Config, Operator, load
from tcpchat.server.passwords import Passwords
from tcpchat.server.peer import Peer as Other
from tests.conftest import Connect
from tests.peer import Peer

pytestmark = pytest.mark.threat(35)


@pytest.fixture
def config() -> Config:
    few = Operator(password="secret", rights=("wallops", "see"))
    return Config(operators={"root": Operator(password="secret"), "few": few})


async def _becomes(peer: Peer, name: str = "root") -> None:
    assert "ok" in await peer.ask(do="become_operator", name=name, password="secret")


async def test_one_is_told_what_one_may_do(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann")
    await _becomes(ann, "few")
    assert [(one["operator"], one["rights"]) for one in ann.events()] == [("few", ["wallops", "see"])]


async def test_who_gives_the_office_up_has_no_rights(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann")
    await _becomes(ann)
    assert "ok" in await ann.ask(do="wallops", text="hello")
    await ann.ask(do="set_own_modes", changes=[["-", "o"]])
    assert (await ann.ask(do="wallops", text="hello"))["code"] == "no_privileges"
    await ann.ask(do="set_own_modes", changes=[["+", "o"]])
    assert (await ann.ask(do="wallops", text="hello"))["code"] == "no_privileges"


async def test_another_office_is_another_set_of_rights(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann")
    await _becomes(ann)
    await _becomes(ann, "few")
    assert (await ann.ask(do="rehash"))["code"] == "no_privileges"


async def test_addresses_and_secret_rooms_are_seen_by_right(connect: Connect) -> None:
    ann = await (await connect()).enter_json("ann", "#secret")
    await ann.ask(do="set_modes", room="#secret", changes=[["+", "s"]])
    bob = await (await connect()).enter_json("bob")
    for name, address, rooms in (("", None, []), ("few", "127.0.0.1", ["#secret"])):
        if name:
            await _becomes(bob, name)
        about = await bob.ask(do="whois", nick="ann")
        assert (about.get("address"), about.get("rooms", [])) == (address, rooms)


async def test_another_configuration_takes_rights_away() -> None:
    """Who is no operator any more is none; who has fewer rights has fewer."""
    few = {"root": Operator(password="secret", rights=("rehash",))}
    config = Config(operators={"root": Operator(password="secret"), "few": Operator(password="secret")})
    async with tcpchat.Server(config, port=0, load=lambda: Config(operators=few)) as server:
        ann, bob = [await (await Peer.open(server.port)).enter_json(nick) for nick in ("ann", "bob")]
        await _becomes(ann)
        await _becomes(bob, "few")
        await ann.ask(do="rehash")
        assert (await ann.ask(do="wallops", text="hello"))["code"] == "no_privileges"
        assert "ok" in await ann.ask(do="rehash")
        assert (await bob.ask(do="rehash"))["code"] == "no_privileges"
        assert bob.events()[-1]["changes"] == [["-", "o", ""]]
        for peer in (ann, bob):
            await peer.close()


async def test_nobody_says_a_password_over_a_link_that_can_be_read(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Other, "secure", False)
    ann = await (await connect()).enter_json("ann")
    refused = await ann.ask(do="become_operator", name="root", password="secret")
    assert refused["code"] == "not_secure"
    assert "TLS" in refused["text"]
    eve = await (await connect()).enter_irc("eve")
    eve.send("OPER root secret")
    await eve.until(r" 491 eve :.*TLS.*\r\n")


@pytest.mark.threat(30)
async def test_a_name_that_is_none_costs_as_much_as_one_that_is(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the password is wrong, or there is no such operator: one argon2 each, and the same words."""
    checked = []
    check = Passwords.check

    async def counted(self: Passwords, wish: object) -> bool:
        checked.append(wish)
        return await check(self, wish)  # type: ignore[arg-type]

    monkeypatch.setattr(Passwords, "check", counted)
    ann = await (await connect()).enter_json("ann")
    answers = []
    for name, password in (("root", "wrong"), ("nobody", "secret"), ("root", "secret")):
        before = len(checked)
        answers.append((await ann.ask(do="become_operator", name=name, password=password)).get("text"))
        assert len(checked) - before == 1
    assert answers[0] == answers[1]


def test_a_right_that_there_is_not_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tcpchat.toml"
    file.touch(mode=0o600)
    file.write_text('[operators.ann]\npassword = "secret"\nrights = ["kill", "kick"]\n')
    with pytest.raises(BadSetting, match=r"operators\.ann\.rights .* no right kick\. There are kill, ban, ") as wrong:
        load(file)
    assert all(right in str(wrong.value) for right in RIGHTS)
    file.write_text('[operators.ann]\npassword = "secret"\n')
    assert load(file).operators["ann"].rights == tuple(RIGHTS)
