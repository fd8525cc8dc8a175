"""Bans from the server: whom they mean is gone, does not come back, and cannot be somebody else to come back."""

import asyncio
from pathlib import Path

import pytest

import tcpchat
from tcpchat.chat.bans import Ban, Bans, canonical
from tcpchat.config import Config, Limits, Operator
from tests.peer import Peer
from tests.security.places import ConnectFrom
from tests.security.test_proxies import PROXY, header, opened

pytestmark = pytest.mark.threat(37)

PASSWORD = "correct-horse-battery"
ELSEWHERE = "127.9.8.7"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=tmp_path / "data", operators={"root": Operator(password="secret")}, limits=Limits(bans=3))


async def _operator(come: ConnectFrom, nick: str = "ruth") -> Peer:
    root = await come(nick)
    assert "ok" in await root.ask(do="become_operator", name="root", password="secret")
    return root


async def _masks(root: Peer) -> list[str]:
    return [one["mask"] for one in (await root.ask(do="list_bans"))["bans"]]


@pytest.mark.parametrize("mask", [ELSEWHERE, "127.9.0.0/16", f"*@{ELSEWHERE}", "*!*@127.9.8.0/24"])
async def test_an_address_is_shut_out_at_once(come: ConnectFrom, mask: str) -> None:
    """Also who has no nick yet; nobody else."""
    root, eve, silent = await _operator(come), await come("eve", "#tea", ELSEWHERE), await come(address=ELSEWHERE)
    other = await come("bob", "#tea", "127.1.8.7")
    assert "ok" in await root.ask(do="ban", mask=mask, reason="Spam.")
    assert '"bye":"You are banned from this server: Spam."' in await eve.end()
    await silent.end()
    await other.until(r'"event":"gone".*"by":"eve"')
    again = await come(address=ELSEWHERE)
    assert await again.end() == "ERROR :You are banned from this server: Spam.\r\n"
    assert "ok" in await root.ask(do="unban", mask=mask)
    await come("eve", "#tea", ELSEWHERE)


async def test_a_nick_is_shut_out(come: ConnectFrom) -> None:
    """Who has it, who comes under it, who wants to be called so; however it is spelled."""
    root, eve, bob = await _operator(come), await come("eve7"), await come("bob")
    assert "ok" in await root.ask(do="ban", mask="EVE?")
    await eve.end()
    assert (await bob.ask(do="rename", nick="Eve8"))["code"] == "nick_banned"
    again = await come()
    assert (await again.ask(do="enter", nick="eVE9"))["code"] == "banned"
    await again.end()
    irc = await come()
    irc.send("NICK eve3", "USER eve 0 * :Eve")
    assert " 465 * :You are banned from this server." in await irc.end()


async def test_an_address_is_shut_out_by_its_mask(come: ConnectFrom) -> None:
    """Masks are held against what others see, and against what is."""
    root, eve = await _operator(come), await come("eve", "", ELSEWHERE)
    assert "ok" in await root.ask(do="ban", mask="*!*@127.9.*")
    await eve.end()


async def test_an_account_is_shut_out(come: ConnectFrom) -> None:
    """From wherever it comes. Nobody is told so who does not know its password."""
    root, eve = await _operator(come), await come("eve")
    await eve.ask(do="register", password=PASSWORD)
    assert "ok" in await root.ask(do="ban", mask="~a:EVE")
    await eve.end()
    other = await come("other", "", ELSEWHERE)
    assert (await other.ask(do="log_in", account="eve", password="wrong"))["code"] == "wrong_password"
    assert (await other.ask(do="log_in", account="eve", password=PASSWORD))["code"] == "banned"


async def test_a_token_does_not_bring_one_back(come: ConnectFrom) -> None:
    root, eve = await _operator(come), await come()
    token = (await eve.ask(do="enter", nick="eve"))["token"]
    assert "ok" in await root.ask(do="ban", mask="eve")
    await eve.end()
    again = await come()
    assert (await again.ask(do="enter", nick="eve", resume=token))["code"] == "banned"


async def test_a_ban_runs_out_and_is_forgotten(come: ConnectFrom) -> None:
    root = await _operator(come)
    assert "ok" in await root.ask(do="ban", mask=ELSEWHERE, seconds=1)
    assert await _masks(root) == [ELSEWHERE]
    assert "banned" in await (await come(address=ELSEWHERE)).end()
    async with asyncio.timeout(15):
        while await _masks(root):
            await asyncio.sleep(0.05)
    await come("eve", "", ELSEWHERE)


async def test_bans_survive_the_server(config: Config) -> None:
    async with tcpchat.Server(config, port=0) as server:
        root = await (await Peer.open(server.port)).enter_json("ruth")
        await root.ask(do="become_operator", name="root", password="secret")
        for mask in (ELSEWHERE, "eve", "~a:eve"):
            assert "ok" in await root.ask(do="ban", mask=mask, reason="Spam.")
        assert "ok" in await root.ask(do="unban", mask="eve")
        await root.close()
    async with tcpchat.Server(config, port=0) as server:
        eve = await Peer.open(server.port, source=ELSEWHERE)
        assert "Spam" in await eve.end()
        await eve.close()
        root = await (await Peer.open(server.port)).enter_json("ruth")
        await root.ask(do="become_operator", name="root", password="secret")
        assert await _masks(root) == [ELSEWHERE, "~a:eve"]
        assert "ok" in await root.ask(do="ban", mask="eve", reason="Again.")
        assert "ok" in await root.ask(do="unban", mask=ELSEWHERE)
        await root.close()


async def test_there_is_a_limit(come: ConnectFrom) -> None:
    """Replacing one is no more."""
    root = await _operator(come)
    for nick in ("a1", "a2", "a3", "a1"):
        assert "ok" in await root.ask(do="ban", mask=nick)
    assert (await root.ask(do="ban", mask="a4"))["code"] == "list_full"
    assert len(await _masks(root)) == 3


@pytest.mark.parametrize("mask", ["*", "*!*@*", "0.0.0.0/0", "::/0", "1.0.0.0/7", "~a:", "~a:*", "", "a b", "*" * 21])
async def test_nobody_shuts_out_everybody(come: ConnectFrom, mask: str) -> None:
    root = await _operator(come)
    assert (await root.ask(do="ban", mask=mask))["code"] == "bad_mask"


async def test_nobody_shuts_out_themselves(come: ConnectFrom) -> None:
    root = await _operator(come)
    for mask in ("127.0.0.0/8", "r*", "ruth!*@*"):
        assert (await root.ask(do="ban", mask=mask))["code"] == "means_you"


async def test_irc_has_its_verbs(come: ConnectFrom) -> None:
    root = await (await come()).enter_irc("ruth")
    root.send("OPER root secret", f"KLINE 60 {ELSEWHERE} :Spam.", "KLINE eve", "STATS k")
    await root.until(rf"NOTICE ruth :{ELSEWHERE} is banned\r\n")
    await root.until(r"NOTICE ruth :eve is banned\r\n")
    await root.until(rf" 216 ruth K {ELSEWHERE} \* ruth :Spam\. \(until \d{{4}}-\d\d-\d\d \d\d:\d\d UTC\)\r\n")
    await root.until(r" 216 ruth K eve!\*@\* \* ruth :for good\r\n")
    await root.until(r" 219 ruth k :")
    root.send("UNKLINE eve", "UNKLINE eve", "KLINE", "KLINES")
    await root.until(r"NOTICE ruth :eve is not banned any more\r\n")
    await root.until(r" 400 ruth UNKLINE :There is no ban on eve\.\r\n")
    await root.until(r" 461 ruth KLINE :")
    await root.until(r" 219 ruth k :")
    eve = await (await come()).enter_irc("eve")
    eve.send("KLINE ruth", "UNKLINE ruth", "STATS k")
    for _ in range(3):
        await eve.until(r" 481 eve :")


@pytest.mark.threat(11)
async def test_who_is_brought_by_a_proxy_is_banned_by_their_own_address() -> None:
    """Before they get a word in, from all of their /64; the proxy's other people are let in."""
    config = Config(operators={"root": Operator(password="secret")}, proxies=(f"{PROXY}/32",))
    async with tcpchat.Server(config, port=0) as server:

        async def bring(address: str) -> Peer:
            peers.append(await opened(server, PROXY, header(address)))
            return peers[-1]

        peers = [await (await Peer.open(server.port)).enter_json("ruth")]
        await peers[0].ask(do="become_operator", name="root", password="secret")
        eve = await (await bring("2001:db8::1")).enter_json("eve")
        assert "ok" in await peers[0].ask(do="ban", mask="2001:db8::1", reason="Spam.")
        assert "Spam." in await eve.end()
        again = await bring("2001:db8::ffff:2")
        again.send('{"id":1,"do":"enter","nick":"eva"}')
        assert "banned" in await again.end()
        await (await bring("2001:db8:0:1::3")).enter_json("bob")
        assert server.hub.state.user("bob") is not None
        assert server.hub.state.user("eva") is None
        for peer in peers:
            await peer.close()


def test_ipv6_is_banned_by_its_64() -> None:
    """That is what one customer has; IPv4 within IPv6 is IPv4."""
    assert canonical("2001:DB8::1") == "2001:db8::/64"
    assert canonical("::ffff:192.0.2.1") == "192.0.2.1"
    bans = Bans()
    for mask in ("2001:db8::/64", "192.0.2.0/24"):
        bans.add(Ban(mask=mask, by="root"))
    for address, meant in {
        "2001:db8::ffff:1": True,
        "2001:db8:0:1::1": False,
        "::ffff:192.0.2.77": True,
        "192.0.3.1": False,
        "fe80::1%eth0": False,
        "": False,
    }.items():
        assert (bans.of_address(address, 0) is not None) is meant


@pytest.mark.parametrize("mask", ["192.0.2.*", "999.1.1.1/99", "192.0.2.0/33", "evil.example", "2001:db8::*"])
def test_what_looks_like_a_place_and_is_none_is_no_nick_either(mask: str) -> None:
    """It would mean nobody, and who set it would believe that they are safe."""
    with pytest.raises(ValueError, match="no address, range or nick"):
        canonical(mask)
    assert canonical("*@evil.example") == "*!*@evil.example"
