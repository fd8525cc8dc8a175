"""Two hundred tries of passwords a second, from one address and from thousands: the honest log in as always."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tcpchat.model.replies import Refused
from tcpchat.server.turns import MOST_OF_ONE, Rank, Turns
from tests.cli.test_server import running
from tests.irc.login import encoded, plain
from tests.peer import Peer
from tests.security.honest import most_memory, sources

PER_SECOND = 200
MOST_AT_ONCE = 400
"""Tries under way; more than that an attacker does not begin."""

MOST_SECONDS = 2.0
"""That an honest log-in may take, while that goes on (the 99th percentile)."""

MOST_LAG = 1.0
"""Seconds that somebody who asks for something else may wait; a hash on the loop would let everybody wait for all."""

MOST_GROWTH = 96 << 20
"""Bytes: two hashes at a time have 19 MiB each, and so do those that malloc keeps."""

ACCOUNTS = [f"owner{number}" for number in range(4)]


class Form(NamedTuple):
    """From how many addresses, and against how many accounts."""

    addresses: int
    accounts: int


FORMS = (Form(1, 1), Form(1, 4), Form(1 << 20, 1), Form(300, 4))


async def by_plain(peer: Peer, account: str, password: str) -> str:
    peer.send("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(account, password)}")
    return (await peer.until(r" (90[0-9]) .*\n|^ERROR.*\n"))[0]


async def by_scram(peer: Peer, account: str, password: str) -> str:
    first = f"n={account},r=abcdefgh"
    peer.send("CAP REQ :sasl", "AUTHENTICATE SCRAM-SHA-256", f"AUTHENTICATE {encoded('n,,' + first)}")
    await peer.until(r"^(:\S+ )?AUTHENTICATE [^+\s]{5,}")
    peer.send(f"AUTHENTICATE {encoded('c=biws,r=abcdefgh,p=' + encoded(password))}")
    return (await peer.until(r" (90[0-9]) .*\n|^ERROR.*\n"))[0]


async def by_identify(peer: Peer, account: str, password: str) -> str:
    nick = f"n{random.randrange(1 << 40):x}"
    peer.send(f"NICK {nick}", f"USER {nick} 0 * :x", f"PRIVMSG NickServ :IDENTIFY {account} {password}")
    return (await peer.until(r" 900 .*\n|NOTICE \S+ :.*\n|^ERROR.*\n"))[0]


async def by_json(peer: Peer, account: str, password: str) -> str:
    return json.dumps(await peer.ask(do="log_in", account=account, password=password))


Way = Callable[[Peer, str, str], Awaitable[str]]
WAYS: tuple[Way, ...] = (by_plain, by_scram, by_identify, by_json)


class Attack:
    """So many tries a second; what came of them."""

    def __init__(self, port: int, form: Form, seed: int) -> None:
        self.answers: Counter[str] = Counter()
        self._port = port
        self._form = form
        self._chance = random.Random(seed)
        self._tries: set[asyncio.Task[None]] = set()

    async def go_on(self, seconds: float) -> None:
        """For so long."""
        start = time.monotonic()
        for number in range(int(seconds * PER_SECOND)):
            await asyncio.sleep(max(0.0, start + number / PER_SECOND - time.monotonic()))
            if len(self._tries) >= MOST_AT_ONCE:
                self.answers["not begun"] += 1
                continue
            task = asyncio.create_task(self._try(number))
            self._tries.add(task)
            task.add_done_callback(self._tries.discard)
        if self._tries:
            await asyncio.wait(self._tries)

    async def _try(self, number: int) -> None:
        (address,) = sources(1, first=1_000 + self._chance.randrange(self._form.addresses))
        account = ACCOUNTS[self._chance.randrange(self._form.accounts)]
        answer = "closed"
        with suppress(OSError, EOFError):
            peer = await Peer.open(self._port, source=address)
            try:
                answer = await WAYS[number % len(WAYS)](peer, account, f"wrong{number}")
            finally:
                peer.writer.transport.abort()
        self.answers[kind(answer)] += 1


def kind(answer: str) -> str:
    """What came of a try, in a word."""
    for word, meaning in (
        (" 900 ", "in"), ('"account"', "in"), ("many tries", "throttled"), ("many log in", "busy"),
        ("Wait", "throttled"),
    ):  # fmt: skip
        if word in answer:
            return meaning
    return "closed" if answer == "closed" or answer.startswith("ERROR") else "wrong"


async def honest(port: int, number: int, until: float, took: list[float], lags: list[float]) -> None:
    """Logs in again and again, from a network of its own, and asks for something else."""
    account = ACCOUNTS[number]
    while time.monotonic() < until:
        peer = await Peer.open(port, source=f"127.99.0.{number + 1}")
        start = time.monotonic()
        answer = await (by_plain if number % 2 else by_json)(peer, account, "sesame")
        took.append(time.monotonic() - start)
        assert kind(answer) == "in", answer
        await peer.close()
        other = await Peer.open(port, source=f"127.99.0.{number + 1}")
        start = time.monotonic()
        other.send("CAP LS 302")
        await other.until(" CAP ")
        lags.append(time.monotonic() - start)
        await other.close()
        await asyncio.sleep(0.3)


def most(seconds: list[float]) -> float:
    """The 99th percentile."""
    return round(sorted(seconds)[int(len(seconds) * 0.99)], 3)


@pytest.mark.threat(29)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.addresses} to {form.accounts}")
async def test_the_honest_log_in_as_always(tmp_path: Path, form: Form, long: bool, seed: int) -> None:
    seconds = 60.0 if long else 1.5
    took: list[float] = []
    lags: list[float] = []
    with running("--data", str(tmp_path), "--set", "limits.connects_burst=100000") as (process, port):
        for number, account in enumerate(ACCOUNTS):
            peer = await Peer.open(port, source=f"127.99.0.{number + 1}")
            assert "ok" in await peer.ask(do="register", account=account, password="sesame")
            await peer.close()
            peer = await Peer.open(port, source=f"127.99.0.{number + 1}")
            assert kind(await by_json(peer, account, "sesame")) == "in"
            await peer.close()
        attack = Attack(port, form, seed)
        async with most_memory(process.pid) as sizes:
            until = time.monotonic() + seconds
            people = [honest(port, number, until, took, lags) for number in range(len(ACCOUNTS))]
            await asyncio.gather(attack.go_on(seconds), *people)
        grown = max(sizes) - sizes[0]
    result = {
        "test": "brute force", "seed": seed, **form._asdict(), "seconds": seconds, **attack.answers,
        "log_ins": len(took), "p99_s": most(took), "lag_p99_s": most(lags),
        "grown_mib": round(grown / (1 << 20), 1),
    }  # fmt: skip
    print(json.dumps(result))
    assert not attack.answers["in"]
    assert attack.answers["wrong"] + attack.answers["throttled"] + attack.answers["busy"] > seconds * PER_SECOND / 4
    assert grown < MOST_GROWTH
    if long:
        assert result["p99_s"] < MOST_SECONDS
        assert result["lag_p99_s"] < MOST_LAG


async def waits(turns: Turns, network: str, rank: Rank, done: list[str]) -> None:
    async with turns.turn(network, rank):
        done.append(network)
        await asyncio.sleep(0)


async def begun(turns: Turns, *who: tuple[str, Rank], done: list[str]) -> list[asyncio.Task[None]]:
    """They come one after the other, while somebody has the only turn."""
    tasks = []
    for network, rank in who:
        tasks.append(asyncio.create_task(waits(turns, network, rank, done)))
        await asyncio.sleep(0)
    return tasks


@pytest.mark.threat(29)
async def test_those_who_are_known_go_first_and_networks_take_turns() -> None:
    turns, done = Turns(1), []  # type: ignore[var-annotated]
    async with turns.turn("first", Rank.NEW):
        many = [("bot", Rank.NEW)] * 3 + [("guess", Rank.FAILED), ("ann", Rank.NEW), ("owner", Rank.KNOWN)]
        tasks = await begun(turns, *many, done=done)
    await asyncio.gather(*tasks)
    assert done == ["owner", "bot", "ann", "bot", "bot", "guess"]
    assert turns.waiting == 0


@pytest.mark.threat(29)
async def test_who_is_known_is_not_refused_however_many_wait() -> None:
    turns, done = Turns(1, most=10), []  # type: ignore[var-annotated]
    async with turns.turn("first", Rank.NEW):
        bots = await begun(turns, *[(f"bot{number}", Rank.FAILED) for number in range(20)], done=done)
        assert turns.waiting == 10
        owner = await begun(turns, *[("owner", Rank.KNOWN)] * (MOST_OF_ONE + 1), done=done)
        assert turns.waiting == 10
    outcome = await asyncio.gather(*bots, *owner, return_exceptions=True)
    assert sum(isinstance(one, Refused) for one in outcome[:20]) == 20 - 10 + MOST_OF_ONE
    assert [isinstance(one, Refused) for one in outcome[20:]] == [False] * MOST_OF_ONE + [True]
    assert turns.waiting == 0


@pytest.mark.threat(29)
async def test_a_network_that_fills_the_queue_makes_room_for_one_that_does_not() -> None:
    turns, done = Turns(1, most=6), []  # type: ignore[var-annotated]
    async with turns.turn("first", Rank.NEW):
        bots = await begun(turns, *[("bot", Rank.NEW)] * 6, done=done)
        ann = await begun(turns, ("ann", Rank.NEW), done=done)
    outcome = await asyncio.gather(*bots, *ann, return_exceptions=True)
    assert [isinstance(one, Refused) for one in outcome] == [False] * 5 + [True, False]


@pytest.mark.threat(29)
async def test_who_gives_up_takes_no_turn_with_them() -> None:
    turns, done = Turns(1), []  # type: ignore[var-annotated]
    async with turns.turn("first", Rank.NEW):
        gone, stays, late = await begun(turns, *[(name, Rank.NEW) for name in ("gone", "stays", "late")], done=done)
        gone.cancel()
        await asyncio.sleep(0)
    stays.cancel()  # it has its turn, and does not know yet
    await asyncio.gather(gone, stays, late, return_exceptions=True)
    assert done == ["late"]
    async with turns.turn("next", Rank.NEW):
        assert turns.waiting == 0
