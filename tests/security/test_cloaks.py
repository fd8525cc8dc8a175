"""What others see instead of an address: enough to ban a range of them, and nothing else."""

import re
from pathlib import Path

import pytest

import tcpchat
from tcpchat.config import Config
from tcpchat.server.cloaks import cloak
from tests.peer import Peer
from tests.security.places import ConnectFrom

pytestmark = pytest.mark.threat(37)

SECRET = b"s" * 32
FORM = r"[0-9a-f]{12}\.[0-9a-f]{12}\.[0-9a-f]{12}\.hidden"


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("192.0.2.1", "192.0.2.1", 4),
        ("192.0.2.1", "::ffff:192.0.2.1", 4),
        ("192.0.2.1", "192.0.2.2", 3),
        ("192.0.2.1", "192.0.3.1", 2),
        ("192.0.2.1", "192.1.2.1", 1),
        ("2001:db8:1:1::1", "2001:db8:1:1:ffff::2", 4),
        ("2001:db8:1:1::1", "2001:db8:1:2::1", 3),
        ("2001:db8:1:1::1", "2001:db8:2:1::1", 2),
        ("2001:db8:1:1::1", "2001:db9:1:1::1", 1),
    ],
)
def test_those_nearby_share_the_end(one: str, other: str, shared: int) -> None:
    first, second = (cloak(SECRET, address).split(".") for address in (one, other))
    same = next((n for n in range(4) if first[3 - n] != second[3 - n]), 4)
    assert same == shared


@pytest.mark.parametrize("address", ["192.0.2.1", "255.255.255.255", "2001:db8::1", "fe80::1%eth0"])
def test_a_name_is_short_and_says_nothing(address: str) -> None:
    name = cloak(SECRET, address)
    assert re.fullmatch(FORM, name)
    assert len(name) <= 63
    assert name != cloak(b"t" * 32, address)


async def test_a_name_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """As long as the log is the same: bans that people have set go on to mean whom they meant."""
    origins = []
    for data in ("data", "data", "other"):
        async with tcpchat.Server(Config(data=tmp_path / data), port=0) as server:
            peer = await Peer.open(server.port, source="127.9.8.7")
            origins.append((await peer.ask(do="enter", nick="ann"))["origin"])
            await peer.close()
    assert re.fullmatch(rf"user@{FORM}", origins[0])
    assert origins[0] == origins[1] != origins[2]


async def test_a_range_is_banned_by_people_who_know_no_address(come: ConnectFrom) -> None:
    ann = await come("ann", "#coffee")
    eve = await come("eve", "#coffee", "127.9.8.7")
    host = (await ann.ask(do="whois", nick="eve"))["person"]["origin"].partition("@")[2]
    _, range = host.split(".", 1)
    assert "problems" not in await ann.ask(do="set_modes", room="#coffee", changes=[["+", "b", f"*!*@*.{range}"]])
    await ann.ask(do="kick", room="#coffee", nick="eve")
    assert (await eve.ask(do="join", room="#coffee"))["code"] == "banned"
    near, far = await come("near", "", "127.9.8.99"), await come("far", "", "127.9.9.7")
    assert (await near.ask(do="join", room="#coffee"))["code"] == "banned"
    assert "ok" in await far.ask(do="join", room="#coffee")
