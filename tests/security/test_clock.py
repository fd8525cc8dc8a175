"""The clock jumps by hours, forwards and back, while people talk: nothing that counts goes by it. Row 54."""

import json
import random
import sys
import time
from pathlib import Path

import pytest

import tcpchat
from tests.peer import Peer

HOUR = 3_600.0
MESSAGES = 1_000
JUMPS_AFTER = 50


class Clock:
    """The time of the day, as this process believes it to be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        self.patched = 0
        real, real_ns = time.time, time.time_ns
        stand_ins = {real: lambda: real() + self.ahead, real_ns: lambda: real_ns() + int(self.ahead * 1e9)}
        for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "tcpchat"]:
            for name, thing in list(vars(module).items()):
                if thing is real or thing is real_ns:
                    monkeypatch.setattr(module, name, stand_ins[thing])
                    self.patched += 1
        monkeypatch.setattr(time, "time", stand_ins[real])
        monkeypatch.setattr(time, "time_ns", stand_ins[real_ns])


@pytest.fixture
def config(tmp_path: Path) -> tcpchat.Config:
    return tcpchat.Config(data=tmp_path / "data", limits=tcpchat.Limits(messages_burst=100_000))


@pytest.mark.threat(54)
async def test_order_times_and_timeouts_do_not_go_by_the_clock(
    server: tcpchat.Server, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    clock, chance = Clock(monkeypatch), random.Random(seed)
    assert clock.patched >= 3
    ann = await (await Peer.open(server.port)).enter_json("ann", "#tea")
    bob = await (await Peer.open(server.port)).enter_json("bob", "#tea")
    silent = await Peer.open(server.port)
    for number in range(MESSAGES):
        if number % JUMPS_AFTER == 0:
            clock.ahead = chance.choice((-HOUR, HOUR, -24 * HOUR, 0.0, -1.0, 24 * HOUR))
            await ann.ask(do="ping")
        ann.send(json.dumps({"do": "say", "room": "#tea", "text": f"{number}"}))
    await bob.until(rf'"text":"{MESSAGES - 1}"')
    said = [event for event in bob.events() if event["event"] == "said"]
    assert [event["text"] for event in said] == [str(number) for number in range(MESSAGES)]
    times = [event["time"] for event in said]
    assert times == sorted(times)
    assert [event["number"] for event in said] == sorted({event["number"] for event in said})
    assert b'"ping"' not in bob.seen, "they were not silent for long, whatever the clock says"
    silent.send("CAP LS 302")
    await silent.until(" CAP ")
    for peer in (ann, bob, silent):
        await peer.close()


@pytest.mark.threat(29, 54)
async def test_a_throttle_does_not_go_by_the_clock(server: tcpchat.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    ann = await Peer.open(server.port)
    answer = {}
    for _ in range(6):
        answer = await ann.ask(do="log_in", account="owner", password="guess")
    assert answer["code"] == "too_many_tries"
    for clock.ahead in (HOUR, 24 * HOUR, -HOUR):
        assert (await ann.ask(do="log_in", account="owner", password="guess"))["code"] == "too_many_tries"
    await ann.close()
