"""A hundred thousand random orders of all that has to do with logging in: none leads in without a credential.

Nor does any to acting before one has come in. With the password the same orders do lead in, in every way there is.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

import tcpchat
from tests.fuzz.world import alarmed
from tests.peer import Peer
from tests.security.logins import DIALECTS, FINGERPRINT, LOCKED, MALLORY, OWNER, PASSWORDS, Attacker, House

SHORT, LONG = 2_000, 100_000
MOST_LINES = 16
A_HOUSE = 500
"""So many sequences come to one house."""

OVER_SOCKETS = 60


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    with alarmed():
        yield


@pytest.fixture
def house(alarm: None) -> House:
    """Made where no loop runs."""
    return House()


def begun(dialect: str) -> list[str]:
    """What makes it likelier that something comes of the rest."""
    return ["CAP LS 302"] if dialect == "irc" else []


def play(house: House, chance: Random, knows: dict[str, str], certificate: str, ways: Counter[str]) -> None:
    """One sequence on one connection. What must not be is looked for after every line."""
    dialect = chance.choice(["irc", "irc", "irc", *DIALECTS])
    client = house.come(dialect, certificate)
    attacker = Attacker(house, chance, client, knows)
    said = []
    lines = chance.randrange(3, MOST_LINES)
    for number in range(lines):
        before, outside, was = house.recorded(), client.user is None, client.account
        line = begun(dialect)[number] if number < len(begun(dialect)) else attacker.line(dialect)
        said.append(line)
        attacker.hear(house.say(client, line.replace("\n", " ")))
        story = f"{dialect}, certificate {certificate!r}: {said}"
        if outside and client.user is None:
            assert house.recorded() == before, f"acted before it came in: {story}"
        if client.account and not was:
            ways[f"{dialect} {line.split(' ')[0] if dialect != 'jsonl' else json.loads(line)['do']}"] += 1
        allowed = {"", *knows} | ({OWNER} if certificate == FINGERPRINT else set())
        assert client.account in allowed - {LOCKED}, f"logged in as {client.account}: {story}"
        if client.ending is not None:
            break
    house.see_off(client)
    assert set(house.hub.state.users) == {"ann"}


def run(sequences: int, seed: int, knows: dict[str, str], certificates: tuple[str, ...]) -> Counter[str]:
    """So many; in which ways somebody was logged in."""
    ways: Counter[str] = Counter()
    for number in range(sequences):
        if number % A_HOUSE == 0:
            house = House()
        chance = Random(f"{seed} {number}")
        play(house, chance, dict(knows), chance.choice(certificates), ways)
    return ways


@pytest.mark.threat(32, 33)
def test_no_order_of_anything_leads_in_without_a_credential(long: bool, seed: int) -> None:
    sequences = LONG if long else SHORT
    assert not run(sequences, seed, {}, ("", "cd" * 32))
    print(json.dumps({"test": "random log-ins", "seed": seed, "sequences": sequences, "logged_in": 0}))


@pytest.mark.threat(32)
def test_somebody_elses_credential_leads_to_nobody_else(long: bool, seed: int) -> None:
    """Nor does that of an account that is suspended."""
    ways = run(
        (LONG if long else SHORT) // 4, seed + 1, {MALLORY: PASSWORDS[MALLORY], LOCKED: PASSWORDS[LOCKED]}, ("",)
    )
    assert ways, "nobody logged in as mallory either"


@pytest.mark.threat(32)
def test_with_the_credential_the_same_orders_lead_in_every_way(seed: int) -> None:
    ways = run(SHORT, seed + 2, PASSWORDS | {LOCKED: "wrong"}, ("", FINGERPRINT))
    print(json.dumps(ways))
    assert {"irc AUTHENTICATE", "irc PRIVMSG", "jsonl log_in", "jsonl prove", "line /login"} <= set(ways)
    assert "jsonl log_in_by_certificate" in ways


@pytest.mark.threat(32, 33)
async def test_nor_over_sockets(house: House, seed: int) -> None:
    limits = tcpchat.Limits(enabled=False)
    async with tcpchat.Server(tcpchat.Config(limits=limits), port=0) as server:
        maker = await Peer.open(server.port)
        await maker.ask(do="register", account=OWNER, password=PASSWORDS[OWNER])
        await maker.close()
        ann = await (await Peer.open(server.port)).enter_json("ann", "#tea")
        for number in range(OVER_SOCKETS):
            chance = Random(f"{seed} {number}")
            dialect = ["irc", "irc", "jsonl", "line"][number % 4]
            peer = await Peer.open(server.port)
            attacker = Attacker(house, chance, house.ann, {})
            lines = [attacker.line(dialect).replace("\n", " ") for _ in range(MOST_LINES)]
            peer.send(*begun(dialect), *lines)
            peer.writer.write_eof()
            with suppress(OSError):
                await peer.end()
            await peer.close()
        people = (await ann.ask(do="show_account", account=OWNER)).get("nicks", [])
        assert people == []
        assert not [event for event in ann.events() if event.get("account") == OWNER]
        await ann.close()
