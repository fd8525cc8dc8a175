"""Clients that speak JSON lines to a server with a long log: they say, page and search, and note how long it takes."""

import asyncio
import json
import random
import sys
import time
from itertools import count
from typing import Any

from stored import ROOMS, SEED, Words, room

SPEAKERS = 20
ROOMS_EACH = 25

LATE = 10.0
"""Seconds after which an answer is not waited for any longer."""


class Refused(Exception):
    """The server did not do what was asked."""


class Asker:
    """One connection, with a nick."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def enter(cls, port: int, nick: str, rooms: list[str]) -> "Asker":
        """:raises Refused: if the server does not let it in."""
        asker = cls(*await asyncio.open_connection("127.0.0.1", port, limit=64 << 20))
        await asker.ask(do="enter", nick=nick)
        for one in rooms:
            await asker.ask(do="join", room=one)
        return asker

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Ask, and wait for the answer.

        :raises Refused: if it is not granted.
        """
        id = next(self._ids)
        answer = self._asked[id] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"id": id, **command}).encode() + b"\n")
        async with asyncio.timeout(LATE):
            found = await answer
        if "error" in found:
            raise Refused(f"{command} was refused: {found['text']}")
        return found

    async def timed(self, **command: Any) -> float:
        """:returns: how many milliseconds the answer took."""
        started = time.perf_counter()
        await self.ask(**command)
        return (time.perf_counter() - started) * 1_000

    async def leave(self) -> None:
        """Close the connection."""
        self._task.cancel()
        self._writer.close()

    async def _read(self) -> None:
        while line := await self._reader.readline():
            if line.startswith((b'{"ok"', b'{"error"')):
                answer = json.loads(line)
                self._asked.pop(answer.get("ok", answer.get("error"))).set_result(answer)
        sys.exit("the server closed the connection")


async def say(port: int, rate: float, seconds: float) -> list[float]:
    """Say so many messages a second in all, in many rooms. :returns: milliseconds until each was acknowledged."""
    chance = random.Random(SEED)
    words = Words(chance)
    rooms = [[room((one * ROOMS_EACH + n) % ROOMS) for n in range(ROOMS_EACH)] for one in range(SPEAKERS)]
    speakers = [await Asker.enter(port, f"speaker{one}", rooms[one]) for one in range(SPEAKERS)]
    started = time.perf_counter()
    asked: list[asyncio.Task[float]] = []
    for number in range(int(rate * seconds)):
        if (early := started + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        one = number % SPEAKERS
        command = {"do": "say", "room": chance.choice(rooms[one]), "text": words.text(), "key": f"k{number}"}
        asked.append(asyncio.create_task(speakers[one].timed(**command)))
    found = await asyncio.gather(*asked)
    for speaker in speakers:
        await speaker.leave()
    return list(found)


async def read(port: int, questions: int) -> tuple[list[float], list[float]]:
    """Page and search in busy and quiet rooms. :returns: the milliseconds for pages of 100, and for searches."""
    chance = random.Random(SEED)
    words = Words(chance)
    rooms = [room(number) for number in (0, 1, 2, 5, 10, 50, 100, 499)]
    asker = await Asker.enter(port, "reader", rooms)
    last = {one: (await asker.ask(do="history", room=one, limit=1))["events"][-1]["number"] for one in rooms}
    pages, searches = [], []
    for number in range(questions):
        one = chance.choice(rooms)
        before = chance.randint(2, last[one] + 1)
        pages.append(await asker.timed(do="history", room=one, before=before, limit=100))
        what = [words.common(), words.rare(), f"{words.common()} {words.common()}"][number % 3]
        where = {"target": one} if number % 2 else {}
        searches.append(await asker.timed(do="search", words=what, **where))
    await asker.leave()
    return pages, searches


def quantiles(milliseconds: list[float]) -> dict[str, float]:
    """The middle, the worst but one in a hundred, and the worst."""
    found = sorted(milliseconds)
    return {"p50_ms": found[len(found) // 2], "p99_ms": found[len(found) * 99 // 100], "most_ms": found[-1]}


async def work(job: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked for."""
    found: dict[str, Any] = {}
    if job.get("rate"):
        found["acknowledged"] = quantiles(await say(job["port"], job["rate"], job["seconds"]))
    if job.get("questions"):
        pages, searches = await read(job["port"], job["questions"])
        found |= {"pages": quantiles(pages), "searches": quantiles(searches)}
    return found


def main(written: str) -> int:
    """Print what came of it as JSON."""
    try:
        print(json.dumps(asyncio.run(work(json.loads(written)))))
    except (Refused, OSError, TimeoutError) as error:
        print(json.dumps({"error": str(error) or "the server does not answer"}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
