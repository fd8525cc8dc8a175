"""A million lines: ``python -m tests.fuzz.fuzz_lines``, or ``make fuzz``.

With atheris it is guided by coverage; without (see `--unguided`) lines are changed at random. It goes on after a
failure, and tells at the end what failed and how to see it again, which lines were slowest, and how memory grew.
"""

# Nothing of tcpchat may be imported up here: atheris instruments what is imported later.
import argparse
import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fuzz.fuzzer import Fuzzer, Journal

LINES = 1_000_000
SAMPLES = 100
"""How often memory is looked at."""

MOST_GROWTH_BLOCKS = 10_000
"""Python's objects may be so many more at the end than after the first tenth, caches emptied: a megabyte, about."""

MOST_GROWTH_MB = 64
"""The same of the whole process with full caches; a fuzzer's own corpus is in it."""

BYTES_ONLY = 0.3
"""How much of the changing is libFuzzer's, which knows nothing of lines."""

LONG_LIFE = 200_000
"""Lines in the one world that is not renewed."""

HALF = 5
"""In its first half it fills up to its limits."""

MOST_LOG_BYTES = 1 << 20
"""What that world may keep of what was said."""


class Memory:
    """How much there is, now and then."""

    def __init__(self, lines: int) -> None:
        self._every = max(1, lines // SAMPLES)
        self._next = 0
        self.blocks: list[int] = []
        self.megabytes: list[float] = []
        self.emptied: list[int] = []
        """Blocks without what is in the caches, each tenth."""

    def look(self, lines: int) -> None:
        """Take a sample, if it is time."""
        if lines < self._next:
            return
        self._next += self._every
        gc.collect()
        self.blocks.append(sys.getallocatedblocks())
        self.megabytes.append(resident())
        if len(self.blocks) % (SAMPLES // 10) == 0:
            from tests.fuzz.fuzzer import empty_caches

            empty_caches()
            gc.collect()
            self.emptied.append(sys.getallocatedblocks())

    def growth(self, since: int = 1) -> tuple[int, float]:
        """From one tenth to the last: blocks with emptied caches, megabytes of the process."""
        tenth = len(self.megabytes) // 10
        megabytes = median(self.megabytes[-tenth:]) - median(self.megabytes[(since - 1) * tenth : since * tenth])
        return self.emptied[-1] - self.emptied[since - 1], megabytes


def resident() -> float:
    """The memory of this process, in megabytes."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    return pages * resource.getpagesize() / 1_048_576


class Slowest:
    """The lines that took longest, two of each verb."""

    def __init__(self) -> None:
        self._found: dict[str, list[tuple[float, int, Journal]]] = {}
        self._count = 0

    def __call__(self, seconds: float, journal: "Journal", moment: Any) -> None:
        """See `Fuzzer`."""
        seconds /= len(moment)
        verb = _verb(max((line for _, line in moment), key=len))
        found = self._found.setdefault(verb, [])
        if len(found) == 2 and found[1][0] >= seconds:
            return
        self._count += 1
        kept = type(journal)(journal.world, journal.faults, journal.scripts[:])
        found.append((seconds, self._count, kept))
        found.sort(reverse=True)
        del found[2:]

    def journals(self) -> "list[Journal]":
        """Those to measure again, the slowest first."""
        every = sorted((one for found in self._found.values() for one in found), reverse=True)
        return [journal for _, _, journal in every[:80]]


def _verb(line: bytes) -> str:
    from tcpchat.wire.irc.dialect import READERS

    words = line.split(b" ")
    word = words[min(len(words) - 1, line.startswith((b"@", b":")))].decode("latin-1").upper()
    return word if word in READERS else "*"


def main() -> None:
    """Run what was asked for."""
    wanted = _arguments()
    if wanted.measure:
        _measure(wanted.measure)
    elif wanted.replay:
        _replay(wanted.replay)
    else:
        kept = wanted.keep or Path(tempfile.mkdtemp(prefix="tcpchat-fuzz-"))
        kept.mkdir(parents=True, exist_ok=True)
        print(f"{wanted.lines:,} lines, seed {wanted.seed}; what is found goes to {kept}", flush=True)
        sys.exit(_unguided(wanted, kept) if wanted.unguided else _guided(wanted, kept))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--unguided", action="store_true", help="do without atheris")
    parser.add_argument("--keep", type=Path, help="a directory for what atheris finds interesting, and for failures")
    parser.add_argument("--replay", type=Path, help="play a file that a run left behind")
    parser.add_argument("--measure", type=Path, nargs="+", help="how long the last lines of such files take")
    return parser.parse_args()


def _unguided(wanted: argparse.Namespace, kept: Path) -> int:
    """Change what is kept at random; gives the status to exit with."""
    from tests.fuzz import mutation, scripts
    from tests.fuzz.world import alarmed

    with alarmed():
        run, random, corpus = _Run(wanted, kept), Random(wanted.seed), scripts.corpus()
        run.begin()
        while not run.over:
            run.play(mutation.next_script(random, corpus))
        return run.finish()


def _guided(wanted: argparse.Namespace, kept: Path) -> int:
    """Let atheris choose; does not return, where atheris is installed."""
    try:
        import atheris  # type: ignore
    except ImportError:
        print("*** atheris is not installed (pip install atheris; Linux): lines are changed at random. ***", flush=True)
        return _unguided(wanted, kept)
    with atheris.instrument_imports(include=["tcpchat"]):
        from tests.fuzz import fuzzer, mutation, scripts  # noqa: F401
        from tests.fuzz.world import alarmed
    corpus = scripts.corpus()

    def one(data: bytes) -> None:
        run.play(data)
        if run.over:
            status = run.finish()
            sys.stdout.flush()
            os._exit(status)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < BYTES_ONLY or not data:
            return atheris.Mutate(data, most)  # type: ignore[no-any-return]
        return mutation.changed(data, random, corpus, most)

    with alarmed():
        run = _Run(wanted, kept)
        run.begin()
        atheris.Setup([sys.argv[0], *_options(wanted, kept)], one, custom_mutator=changed)
        atheris.Fuzz()
    return 1


def _options(wanted: argparse.Namespace, kept: Path) -> list[str]:
    """libFuzzer's."""
    seeds, words = kept / "corpus", kept / "words.dict"
    _write_seeds(seeds, words)
    return [
        "-max_len=16384", "-len_control=0", "-rss_limit_mb=0", "-timeout=120", "-verbosity=0",
        f"-seed={wanted.seed % (1 << 31)}", f"-dict={words}", f"-artifact_prefix={kept}/", str(seeds),
    ]  # fmt: skip


def _write_seeds(seeds: Path, words: Path) -> None:
    from tests.fuzz import heavy, mutation, scripts

    seeds.mkdir(exist_ok=True)
    for number, data in enumerate([*scripts.corpus(), *heavy.heavy().values()]):
        (seeds / f"seed-{number:04}").write_bytes(data)
    entries = {b"".join(b"\\x%02x" % byte for byte in word) for word in mutation.WORDS + mutation.TAGS if word}
    words.write_bytes(b"".join(b'"%b"\n' % entry for entry in sorted(entries)))


class _Run:
    """One run: a fuzzer, what it is watched by, and what is told of it."""

    def __init__(self, wanted: argparse.Namespace, kept: Path) -> None:
        from tests.fuzz.fuzzer import Fuzzer

        self._lines, self._kept = wanted.lines, kept
        self._slowest = Slowest()
        self.fuzzer = Fuzzer(watch=self._slowest)
        self._memory = Memory(wanted.lines)
        self._told = 0
        self._grows = False

    def begin(self) -> None:
        """What is kept comes first, in both kinds of worlds; then the clock runs."""
        from tests.fuzz import heavy, mutation, scripts

        self._start, corpus = time.perf_counter(), scripts.corpus()
        for _ in range(2):
            for data in [*corpus, *heavy.heavy().values(), *mutation.systematically(corpus)]:
                self.play(data)

    def play(self, data: bytes) -> None:
        """One more script."""
        self.fuzzer.play(data)
        self._memory.look(self.fuzzer.lines)
        if self.fuzzer.lines >= self._told + self._lines // 20:
            self._told = self.fuzzer.lines
            seconds = time.perf_counter() - self._start
            print(f"{self._told:>10,} lines  {self._told / seconds:,.0f}/s  {resident():.0f} MB"
                  f"  {len(self.fuzzer.failures)} failures", flush=True)  # fmt: skip

    @property
    def over(self) -> bool:
        """Whether there were enough lines."""
        return bool(self.fuzzer.lines >= self._lines)

    def finish(self) -> int:
        """Tell what came of it; gives the status to exit with."""
        slow, fuzzer = self._tell_figures(), self.fuzzer
        for number, failure in enumerate(fuzzer.failures.values()):
            file = self._kept / f"failure-{number}.txt"
            file.write_bytes(failure.journal.in_file())
            print(f"\nFAILED {failure.count} times: {failure.what}\n{failure.text}\nreplay: {file}\n{file.read_text()}")
        print(f"\n{len(fuzzer.failures)} failures, {slow} slow lines, memory", "GROWS" if self._grows else "is flat")
        return 1 if fuzzer.failures or slow or self._grows else 0

    def _tell_figures(self) -> int:
        """Gives how many lines are too slow."""
        seconds, fuzzer = time.perf_counter() - self._start, self.fuzzer
        blocks, megabytes = self._memory.growth()
        print(f"\n{fuzzer.lines:,} lines in {fuzzer.scripts:,} scripts, {fuzzer.lines / seconds:,.0f} a second with")
        print(f"all checks, {fuzzer.lines / fuzzer.seconds:,.0f} without. Memory from the first tenth to the last:")
        print(
            f"{blocks:+,} blocks of Python's, caches emptied; {megabytes:+.1f} MB of {resident():.0f} MB of the process"
        )
        slow = self._measure()
        memory, old = long_life(lines := min(LONG_LIFE, self._lines))
        fuzzer.failures = old.failures | fuzzer.failures
        aged = memory.growth(HALF)
        print(f"one world of {lines:,} lines, in its second half: {aged[0]:+,} blocks, {aged[1]:+.1f} MB")
        self._grows = max(blocks, aged[0]) > MOST_GROWTH_BLOCKS or megabytes > MOST_GROWTH_MB
        return slow

    def _measure(self) -> int:
        """Measure the slowest again, and what was made to be slow, in a process that nothing else goes on in.

        What counts is for how long a line keeps others from their turn: JOIN of a hundred rooms waits a hundred times.
        """
        from tests.fuzz import heavy
        from tests.fuzz.fuzzer import MOST_SECONDS, Journal

        journals = {f"slow-{number:02}": one for number, one in enumerate(self._slowest.journals())}
        journals |= {name: Journal(0, False, scripts) for name, scripts in heavy.deep().items()}
        journals |= {name: Journal(0, False, [script]) for name, script in heavy.heavy().items()}
        files = []
        for name, journal in journals.items():
            files.append(self._kept / f"{''.join(c if c.isalnum() else '-' for c in name)}.txt")
            files[-1].write_bytes(journal.in_file())
        command = [sys.executable, "-m", "tests.fuzz.fuzz_lines", "--measure", *map(str, files)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        told.sort(key=lambda line: -float(line.split()[2]))
        lines: dict[str, str] = {}
        for line in told:
            lines.setdefault(line.split("  ", 2)[2], line)
        told = list(lines.values())
        print("the slowest lines, each alone, with cold caches, the least of some times:", *told[:20], sep="\n  ")
        return sum(float(line.split()[2]) > MOST_SECONDS * 1_000 for line in told)


def long_life(lines: int, log_bytes: int = MOST_LOG_BYTES) -> "tuple[Memory, Fuzzer]":
    """One world for all lines, with a small log: how it grows, and whether it fails."""
    from tcpchat.backend import memory as backend
    from tests.fuzz import mutation, scripts
    from tests.fuzz.fuzzer import Fuzzer

    random, corpus = Random(1), scripts.corpus()
    sizes = backend.MOST_BYTES, backend.MOST_LOGS
    backend.MOST_BYTES, backend.MOST_LOGS = log_bytes, 200
    try:
        fuzzer, memory = Fuzzer(life=1 << 60, keep=10), Memory(lines)
        while fuzzer.lines < lines:
            fuzzer.play(mutation.next_script(random, corpus))
            memory.look(fuzzer.lines)
    finally:
        backend.MOST_BYTES, backend.MOST_LOGS = sizes
    return memory, fuzzer


def _measure(files: list[Path]) -> None:
    """How long the slowest line of each took, and for how much of that at once nobody else had a turn."""
    from tests.fuzz.fuzzer import Journal, fastest
    from tests.fuzz.world import alarmed

    with alarmed():
        for file in files:
            seconds, held, line = fastest(Journal.from_file(file))
            print(f"{seconds * 1_000:.2f} ms, {held * 1_000:.2f} ms at once  {file}  {line[:90]!r}", flush=True)


def _replay(file: Path) -> None:
    """Every line and all that comes of it."""
    from tests.fuzz.fuzzer import Journal
    from tests.fuzz.fuzzer import outcome as outcome_of
    from tests.fuzz.world import alarmed

    with alarmed():
        print(outcome_of(Journal.from_file(file), tell=True) or "nothing fails")


if __name__ == "__main__":
    main()
