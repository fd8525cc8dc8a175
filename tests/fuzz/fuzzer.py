"""Plays scripts in worlds, checks what comes of them, and keeps what went wrong so that it can be done again."""

import gc
import re
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.fuzz import checks, scripts
from tests.fuzz.client import Client
from tests.fuzz.world import CONFIGS, Moment, World

LIFE = 600
"""How many lines a world lives, so that what was found can be played again."""

MOST_KEPT = 2_000
"""Scripts in a journal: all of a world that lives as long as usual."""

MOST_SECONDS = 0.005
"""How long a line may take."""

_SRC = "/tcpchat/"
_VERB = re.compile(r"\b(?:[A-Z]{3,}|\d{3})(?= )")


@dataclass
class Journal:
    """All that happened in a world: enough to play it again."""

    world: int = 0
    faults: bool = True
    scripts: list[bytes] = field(default_factory=list)

    def in_file(self) -> bytes:
        """As a file keeps it."""
        return b"; world %d%b\n" % (self.world, b"" if self.faults else b" without faults") + scripts.in_file(
            self.scripts
        )

    @classmethod
    def from_file(cls, path: Path) -> "Journal":
        """The journal in a file."""
        words = path.read_bytes().partition(b"\n")[0].split()
        return cls(int(words[2]), b"without" not in words, list(scripts.from_file(path)))


@dataclass
class Failure:
    """Something that went wrong, and the shortest way there that was found."""

    what: str
    """What makes it the same as another one: the exception, and where it came from."""
    text: str
    journal: Journal
    count: int = 1


Watch = Callable[[float, Journal, Moment], None]


def empty_caches() -> None:
    """All that remember what they worked out: they are bounded, and fill up in a long run."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in {"tcpchat", "precis_i18n", "re"}:
            for thing in list(vars(module).values()):
                if callable(clear := getattr(thing, "cache_clear", None)):
                    clear()
    re.purge()


class Fuzzer:
    """One world after the other. Goes on after a failure, in a new world."""

    def __init__(
        self,
        *,
        first: int = 0,
        life: int = LIFE,
        faults: bool = True,
        keep: int = MOST_KEPT,
        watch: Watch = lambda *_: None,
    ) -> None:
        """`watch` is told how long each moment took.

        :param first: the number of the first world.
        :param life: how many lines a world lives.
        :param faults: whether the backend fails now and then.
        :param keep: how many scripts a journal keeps.
        """
        self.lines = 0
        self.scripts = 0
        self.seconds = 0.0
        self.failures: dict[str, Failure] = {}
        self._life = life
        self._faults = faults
        self._keep = keep
        self._watch = watch
        self._number = first - 1
        self._born()

    def play(self, data: bytes) -> None:
        """One script."""
        if self.lines - self._started >= self._life:
            self._born()
        script = scripts.script(data)
        self.scripts += 1
        self._journal.scripts.append(scripts.written(script))
        del self._journal.scripts[: -self._keep]
        try:
            for moment in script:
                self._moment(moment)
            for client in self.world.clients:
                if client.gone:
                    self._ears.pop(client.session, None)
            self.world.renew()
            self._check()
            checks.state(self.world)
        except Exception as error:
            self._failed(error)

    def _born(self) -> None:
        self._number += 1
        self._started = self.lines
        self._ears: dict[str, checks.Ear] = {}
        self._journal = Journal(self._number % len(CONFIGS), self._faults)
        self.world = World(self._number, faults=self._faults)
        self._check()

    def _moment(self, moment: Moment) -> None:
        self.lines += len(moment)
        start = time.perf_counter()
        self.world.moment(moment)
        seconds = time.perf_counter() - start
        self.seconds += seconds
        self._watch(seconds, self._journal, moment)
        self._check(moment)

    def _check(self, moment: Moment = ()) -> None:
        chunks = self.world.told()
        for client in {**dict.fromkeys(self.world.clients), **chunks}:
            ear = self._ears.get(client.session)
            if ear is None:
                ear = self._ears[client.session] = checks.Ear(client)
            ear.listen(len(moment))
            checks.renamed(ear, chunks.get(client, ()))
            for chunk in chunks.get(client, ()):
                checks.sent(ear, chunk)
            checks.whole(ear)
        if len(moment) == 1:
            client = self.world.clients[moment[0][0]]
            checks.answered(self._ears[client.session], moment[0][1], chunks.get(client, []))

    def _failed(self, error: Exception) -> None:
        what = signature(error)
        journal = self._journal
        self._born()
        known = self.failures.get(what)
        if known is not None:
            known.count += 1
            return
        text = "".join(traceback.format_exception(error)[-8:])
        self.failures[what] = Failure(what, text, shrunk(what, journal))
        print(f"\n{what}\n{self.failures[what].journal.in_file().decode()}", file=sys.stderr, flush=True)


def signature(error: Exception) -> str:
    """What went wrong and where: two of the same are one fault."""
    if isinstance(error, checks.Broken):
        kind, _, rest = str(error).partition(":")
        verb = _VERB.search(rest)
        return f"Broken: {kind[:60]}{f' ({verb[0]})' if verb else ''}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _SRC in frame.filename]
    where = f"{Path(frames[-1].filename).name}: {frames[-1].name}" if frames else "the test"
    return f"{type(error).__name__} in {where}"


def outcome(journal: Journal, *, tell: bool = False) -> str:
    """What comes of playing a journal: the signature of a failure, or nothing. Told is all that is said and sent."""
    again = _Again(journal, tell=tell)
    try:
        for data in journal.scripts:
            again.play(data)
    except Exception as error:
        if tell:
            traceback.print_exc()
        return signature(error)
    return ""


class _Again(Fuzzer):
    """Plays a journal in a world of its own, and stops at what fails."""

    def __init__(self, journal: Journal, *, tell: bool = False, watch: Watch = lambda *_: None) -> None:
        super().__init__(first=journal.world, life=1 << 60, faults=journal.faults, watch=watch)
        self._tell = tell

    def _moment(self, moment: Moment) -> None:
        if not self._tell:
            super()._moment(moment)
            return
        for client, line in moment:
            print(f"\n{client} > {line!r}")
        told, self.world.told = self.world.told, self._told  # type: ignore[method-assign]
        try:
            super()._moment(moment)
        finally:
            self.world.told = told  # type: ignore[method-assign]

    def _told(self) -> dict[Client, list[bytes]]:
        told = World.told(self.world)
        for client, chunks in told.items():
            for line in b"".join(chunks).split(b"\r\n")[:-1]:
                print(f"    {self.world.clients.index(client)} < {line!r}")
        return told

    def _failed(self, error: Exception) -> None:
        raise error


def shrunk(what: str, journal: Journal) -> Journal:
    """The shortest journal that was found to come to the same: scripts left out, then lines, then the ends of lines."""

    def same(some: Sequence[bytes]) -> bool:
        return outcome(Journal(journal.world, journal.faults, list(some))) == what

    if not same(journal.scripts):
        return journal
    kept = _least(journal.scripts, same)
    lines = [line + b"\n" for one in kept for line in one.split(b"\n")]

    def still(some: Sequence[bytes]) -> bool:
        return same([b"".join(some)] if len(some) <= scripts.MOST_LINES else list(some))

    if still(lines):
        kept = [b"".join(_least(lines, still)).rstrip(b"\n")]
    return Journal(journal.world, journal.faults, kept)


def _least(parts: Sequence[bytes], same: Callable[[Sequence[bytes]], bool]) -> list[bytes]:
    """Leave out as many as can be left out: halves first, then ever smaller pieces."""
    kept, size = list(parts), max(1, len(parts) // 2)
    while True:
        place = 0
        while place < len(kept):
            fewer = kept[:place] + kept[place + size :]
            if fewer and same(fewer):
                kept = fewer
            else:
                place += size
        if size == 1:
            return kept
        size = max(1, size // 2)


class Taken(NamedTuple):
    """How long a line took."""

    seconds: float
    held: float
    """The longest part of it in which nobody else had a turn."""
    line: bytes


def fastest(journal: Journal) -> Taken:
    """The slowest line of a journal's last script, at its best of some times that it is played again.

    Lines of one moment share its time.
    """
    best: dict[int, Taken] = {}
    for _ in range(5 if len(journal.scripts) < 50 else 3):
        for place, one in enumerate(_taken(journal)):
            best[place] = min(best.get(place, one), one)
    return max(best.values(), default=Taken(0.0, 0.0, b""))


def _taken(journal: Journal) -> list[Taken]:
    taken: list[Taken] = []

    def watch(seconds: float, _: Journal, moment: Moment) -> None:
        lines = [line for _, line in moment]
        taken.append(Taken(seconds / len(lines), again.world.held / len(lines), max(lines, key=len)))

    again = _Again(journal, watch=watch)
    with suppress(Exception):
        for data in journal.scripts[:-1]:
            again.play(data)
        empty_caches()
        gc.collect()
        taken.clear()
        again.play(journal.scripts[-1])
    return taken
