"""An exception at every wait, every call and every effect of a connection ends that one alone, and leaves nothing."""

import asyncio
import gc
import json
import logging
import re
import socket
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

import tcpchat
from tests.irc.login import has_account, plain
from tests.peer import Peer
from tests.security import stumbling
from tests.security.stumbling import Fault
from tests.server.test_sessions import eventually

VICTIM = "127.0.0.9"
EVERY = {"waits": 7, "calls": 61, "effects": 11, "telling": 7}
"""The short form takes one point in so many."""

FLOOD = [json.dumps({"do": "say", "room": "#tea", "text": f"{number} " + "x" * 4_000}) for number in range(60)]
"""More than waits for one who does not read."""

ERRORS = (RuntimeError, OSError, MemoryError, asyncio.CancelledError)


class Step(NamedTuple):
    """What the victim says, and what it then waits for. Before some steps others say a lot that it does not read."""

    say: str
    wait: str
    flooded: bool = False


NEVER = "(?!)"

DIALECTS = {
    "line": [
        Step("victim", "You are in #lobby"),
        Step("/join #tea", "You are in #tea"),
        Step("/topic leaves", "Only operators"),
        Step("hello\n/topic", "There is no topic"),
        Step("/nick other", "other"),
        Step("/nick victim", "victim"),
        Step("/msg ann psst", "ann is told"),
        Step("/history", "Now:"),
        Step("/search hello", "Found:"),
        Step("/away tea", "marked as away"),
        Step("/who", "ann"),
        Step("/part", "You left #tea"),
        Step("/join #tea", "You are in #tea"),
        Step("/who", " 59 x", flooded=True),
        Step("/quit", NEVER),
    ],
    "irc": [
        Step("CAP LS 302\nCAP REQ :sasl labeled-response batch echo-message server-time", "ACK"),
        Step("AUTHENTICATE PLAIN", r"AUTHENTICATE \+"),
        Step(f"AUTHENTICATE {plain('owner', 'sesame')}", " 903 "),
        Step("NICK victim\nUSER victim 0 * :v\nCAP END", " (376|422) "),
        Step("JOIN #tea", " 366 "),
        Step("MODE #tea +b x!*@*\nTOPIC #tea :leaves\nPRIVMSG #tea :hello", "hello"),
        Step("@label=1 PRIVMSG #tea :again\n@label=2 WHOIS ann", "label=2[\\s\\S]* 318 "),
        Step("NICK other\nNICK victim", "NICK :?victim"),
        Step("PRIVMSG ann :psst\nPRIVMSG NickServ :HELP\nCHATHISTORY LATEST #tea * 5\nPING x", "PONG .*x"),
        Step("MONITOR + ann\nSEARCH text=hello\nMARKREAD #tea timestamp=2026-01-01T00:00:00.000Z\nPING y", "PONG .*y"),
        Step("PART #tea\nJOIN #tea", " 366 "),
        Step("AWAY :tea", ":59 x", flooded=True),
        Step("PING z", "PONG .*z"),
        Step("QUIT :bye", NEVER),
    ],
    "jsonl": [
        Step('{"do":"enter","nick":"victim","id":1}', '"ok":1'),
        Step('{"do":"log_in","account":"owner","password":"sesame","id":2}', '"ok":2'),
        Step('{"do":"join","room":"#tea","id":3}', '"ok":3'),
        Step('{"do":"say","room":"#tea","text":"hello"}\n{"do":"tell","to":"ann","text":"psst","id":4}', '"ok":4'),
        Step('{"do":"set_topic","room":"#tea","topic":"leaves"}\n{"do":"rename","nick":"other","id":5}', '"ok":5'),
        Step('{"do":"rename","nick":"victim","id":6}\n{"do":"history","room":"#tea","id":7}', '"ok":7'),
        Step('{"do":"search","words":"hello","id":8}\n{"do":"watch","nicks":["ann"],"id":9}', '"ok":9'),
        Step('{"do":"part","room":"#tea"}\n{"do":"join","room":"#tea","after":0,"id":10}', '"ok":10'),
        Step('{"do":"challenge","account":"owner","id":11}\n{"do":"list_rooms","id":12}', '"ok":12'),
        Step('{"do":"list_people"}', '"text":"59 x', flooded=True),
        Step('{"do":"ping","id":13}', '"ok":13'),
        Step('{"do":"quit"}', NEVER),
    ],
}  # fmt: skip

LAST_LINE = re.compile(rb"(something went wrong in the server|\bbye)[^\n]*\n\Z")
"""The second, if it was leaving already."""

TOO_LATE = re.compile(r"_drain|\b_?leave\b|_see_off|farewell")
"""In the middle of sending, of leaving, or of writing the last words, none can be said."""


REHEARSALS = 4
"""The first times more is told than later: the account comes for the first time, the room's log is short."""


class Chat:
    """A server, two who look on, and a fault that waits for the victim."""

    def __init__(self, server: tcpchat.Server, ann: Peer, judge: Peer) -> None:
        self.server = server
        self.ann = ann
        self.judge = judge
        self.reset = False
        """Whether the last victim's link was reset."""

    async def play(self, steps: list[Step]) -> bytes:
        """The victim comes, does all of it, or as much as it can, and is gone; everything it was sent."""
        victim, self.reset = await self.connect(), False
        for step in steps:
            if step.flooded:
                self.ann.send(*FLOOD)
                assert "ok" in await self.ann.ask(do="ping")
            victim.send(*step.say.split("\n"))
            try:
                await victim.until(step.wait)
            except EOFError:
                break
            except ConnectionError:  # it said something more, which cost it what it had not read
                self.reset = True
                break
        await victim.close()
        return bytes(victim.seen)

    async def connect(self) -> Peer:
        """The victim's link; its system takes little by itself."""
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        link.bind((VICTIM, 0))
        link.connect(("127.0.0.1", self.server.port))
        return Peer(*await asyncio.open_connection(sock=link, limit=1 << 16))

    async def as_before(self) -> str:
        """What is not as it was before the victim came; empty if nothing."""
        await eventually(lambda: self.server.clients == 2)
        self.judge.send("PING begin")
        await self.judge.until(r"PONG .*begin\r")
        self.judge.send("ISON victim other", "NAMES #tea", "LUSERS", "PING end")
        told = (await self.judge.until(r"([\s\S]*?)PONG .*end"))[1]
        wrong = []
        if re.search(r" 303 judge :?\w", told):
            wrong.append("a ghost")
        if set(re.findall(r" 353 judge . #tea :(.*)\r", told)[-1].replace("@", "").split()) != {"ann", "judge"}:
            wrong.append("a seat")
        if re.search(r" 253 judge [1-9]", told):
            wrong.append("an unknown connection")
        if self.server.outboxes.used:
            wrong.append(f"{self.server.outboxes.used} bytes of the budget")
        return ", ".join(wrong)


def is_victims(thing: Any) -> bool:
    """Whether it is a link of the victim's, on the server's side, or has one."""
    writer = thing if isinstance(thing, asyncio.StreamWriter) else getattr(thing, "_writer", None)
    return isinstance(writer, asyncio.StreamWriter) and (writer.get_extra_info("peername") or ("",))[0] == VICTIM


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    limits = tcpchat.Limits(enabled=False, clients=3, outbox_bytes=4_096)
    async with tcpchat.Server(tcpchat.Config(limits=limits, join_history=5), port=0) as server:
        peers: list[Peer] = []

        async def connect() -> Peer:
            peers.append(await Peer.open(server.port))
            return peers[-1]

        await has_account(connect, "owner")
        await eventually(lambda: server.clients == 0)
        ann = await (await connect()).enter_json("ann", "#tea")
        judge = await (await connect()).enter_irc("judge", "#tea")
        yield Chat(server, ann, judge)
        for peer in peers:
            await peer.close()


async def trial(chat: Chat, dialect: str, fault: Fault, caplog: pytest.LogCaptureFixture) -> str:
    """Play all of it with a fault; what is wrong then, or nothing."""
    caplog.clear()
    sent = await chat.play(DIALECTS[dialect])
    wrong = [await chat.as_before()]
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    if len(errors) != bool(fault.place) and not is_of_the_link(fault):
        wrong.append(f"logged is {errors}")
    if fault.place and not (TOO_LATE.search(fault.place) or chat.reset or LAST_LINE.search(sent)):
        wrong.append(f"the last line is {sent[-60:]!r}")
    return "; ".join(filter(None, wrong))


def is_of_the_link(fault: Fault) -> bool:
    """Whether it looks as if the link were lost, of which nothing is logged."""
    return fault.error is OSError and re.search(r"StreamWriter|\b_?leave\b", fault.place) is not None


@pytest.mark.threat(16, 58)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("where", ["waits", "calls", "effects", "telling"])
async def test_only_that_connection_ends(
    chat: Chat, dialect: str, where: str, long: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, unhandled = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: unhandled.append(context))

    def armed(error: type[BaseException], at: int) -> Fault:
        fault = Fault(error, at)
        monkeypatch.undo()
        if where == "effects":
            stumbling.effects(monkeypatch, "victim", fault)
        elif where == "telling":
            stumbling.telling(monkeypatch, is_victims, fault)
        else:
            loop.set_task_factory(stumbling.victims(is_victims, fault, calls=where == "calls"))
        return fault

    for _ in range(REHEARSALS):
        counted = armed(RuntimeError, 0)
        assert not await trial(chat, dialect, counted, caplog), "without a fault"
    trials, hit, failed = 0, 0, []
    for error in ERRORS if where == "waits" else ERRORS[:1]:
        for at in range(1, counted.count + 1, 1 if long else EVERY[where]):
            fault = armed(error, at)
            wrong = await trial(chat, dialect, fault, caplog)
            trials, hit = trials + 1, hit + bool(fault.place)
            if wrong or unhandled:
                failed.append(f"{error.__name__} at {at}, {fault.place}: {wrong} {unhandled}")
                unhandled.clear()
    gc.collect()
    result = {"test": "exceptions", "where": where, "dialect": dialect, "points": counted.count, "trials": trials}
    print(json.dumps(result | {"seed": None, "hit": hit, "wrong": len(failed)}))
    assert not failed, "\n".join(failed)
    assert not unhandled
    assert hit > trials * 0.7, "what is counted is not where the faults were"
