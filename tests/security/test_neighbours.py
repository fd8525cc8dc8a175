"""Behind one address there are many: who guesses passwords there locks out no neighbour who is known."""

import pytest

from tcpchat.server.throttle import TRIES_OF_A_NETWORK
from tests.irc.login import Scram
from tests.peer import Peer
from tests.security.places import ConnectFrom
from tests.security.test_brute_force import Way, by_json, by_plain, kind

HOME = "127.0.0.9"


async def by_scram(peer: Peer, account: str, password: str) -> str:
    peer.send("CAP REQ :sasl")
    await peer.until(" ACK ")
    return " 900 " if await Scram(peer, account, password).succeeds() else ""


@pytest.mark.threat(29)
@pytest.mark.parametrize("way", [by_plain, by_json, by_scram])
async def test_who_is_known_logs_in_however_many_guess_next_door(come: ConnectFrom, way: Way) -> None:
    owner = await come(address=HOME)
    assert "ok" in await owner.ask(do="register", account="owner", password="sesame")
    assert kind(await way(await come(address=HOME), "owner", "sesame")) == "in"
    answers = [await _guessed(await come(address=HOME), f"other{n}") for n in range(TRIES_OF_A_NETWORK + 2)]
    assert answers[-2:] == ["throttled"] * 2
    assert kind(await way(await come(address=HOME), "owner", "sesame")) == "in"


async def _guessed(eve: Peer, account: str) -> str:
    return kind(await by_json(eve, account, "wrong"))
