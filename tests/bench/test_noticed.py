"""A delivery that is not as it should be ends a scenario, whoever it is that does not get what was said."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"

PACE = {"messages": 8, "window": 4}
SCENARIOS: dict[str, dict[str, Any]] = {
    "rooms": {"kind": "talk", "clients": 12, "rooms": 3, "paces": [PACE]},
    "tags": {"kind": "talk", "clients": 8, "languages": ["tags"], "paces": [PACE]},
    "mixed": {"kind": "talk", "clients": 12, "languages": ["irc", "jsonl", "line"], "paces": [PACE]},
    "large": {"kind": "large", "clients": 8, "paces": []},
}

FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "changed": lambda line: line.replace(b"xx", b"xy", 1),
    "twice": lambda line: line * 2,
}
"""What becomes of one line. That nothing comes in its place is noticed, too, but only when the patience is over."""

DOCTORED = 3
"""Which message it is."""

VICTIMS = {
    "rooms": {"one in the last room": 11, "a witness": 3, "one who listens": 9},
    "tags": {"a sender, of the echo": 0, "one of the sample": 1, "one who listens": 3, "the witness": 5},
    "mixed": {
        "one of the sample, jsonl": 1,
        "one of the sample, line": 2,
        "one who listens, jsonl": 4,
        "one who listens, line": 5,
        "the witness, jsonl": 7,
        "the witness, line": 8,
    },
    "large": {"the last who listens": 7, "the first who listens": 1},
}
"""Clients by what they are to the scenario. Only the first of each is tried, unless it may take long."""

NOTICED = re.compile(r"is not message|nobody said|not what the witness heard|bytes too many|heard .* not ")


class Middleman:
    """Passes everything on, but for one line to one client."""

    def __init__(self, target: int, nick: str, fault: Callable[[bytes], bytes]) -> None:
        self._target = target
        self._nick = re.compile(rb"\b%b\b" % nick.encode())
        self._fault = fault
        self._tasks: set[asyncio.Task[None]] = set()
        self.doctored = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        listener = await asyncio.start_server(self._join, "127.0.0.1", 0)
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await listener.wait_closed()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(1 << 16)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        far_writer.write(first)
        pass_back = self._doctor if self._nick.search(first) else _pass_on
        for passing in (_pass_on(reader, far_writer), pass_back(far_reader, writer)):
            self._tasks.add(asyncio.create_task(passing))

    async def _doctor(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        said = 0
        async with _closing(target):
            while line := await source.readline():
                said += b"xxxx" in line
                if said == DOCTORED and not self.doctored:
                    self.doctored, line = True, self._fault(line)
                target.write(line)


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    async with _closing(target):
        while data := await source.read(1 << 16):
            target.write(data)


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    except OSError:
        pass  # the other side has hung up
    finally:
        writer.transport.abort()


async def generate(
    monkeypatch: pytest.MonkeyPatch, scenario: str, middleman: Callable[[int], Middleman]
) -> tuple[dict[str, Any], bool]:
    """What the load generator prints when it does a scenario, and whether something was doctored."""
    monkeypatch.syspath_prepend(str(BENCH))
    with import_module("subject").running(history=False, cpu=None) as server:
        between = middleman(server.port)
        async with between.listening() as port:
            job = json.dumps({**SCENARIOS[scenario], "port": port, "server": server.pid})
            command = (sys.executable, str(BENCH / "load.py"), job)
            process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            try:
                async with asyncio.timeout(60):
                    output, _ = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
    return json.loads(output), between.doctored


async def test_what_is_only_passed_on_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = await generate(monkeypatch, "mixed", lambda port: Middleman(port, "nobody", FAULTS["twice"]))
    assert found["runs"][0]["deliveries"] == found["runs"][0]["messages"] * 11


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", VICTIMS)
async def test_a_wrong_delivery_is_noticed(
    monkeypatch: pytest.MonkeyPatch, scenario: str, fault: str, long: bool
) -> None:
    for who, victim in list(VICTIMS[scenario].items())[: None if long else 1]:
        middleman = partial(Middleman, nick=f"c{victim}", fault=FAULTS[fault])
        found, doctored = await generate(monkeypatch, scenario, middleman)
        assert doctored, who
        assert NOTICED.search(found.get("error", "")), f"{who}: {found}"
