"""The backend of a chat without a loop: the one that keeps nothing, and the order of what is recorded, turn by turn."""

import asyncio
import hashlib
import hmac
from asyncio import events
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, get_args

from tcpchat.backend.base import Unavailable
from tcpchat.backend.memory import Memory
from tcpchat.backend.order import Durable, Holdings
from tcpchat.chat.hub import Hub
from tcpchat.config import Limits
from tcpchat.model.records import Attempt, Check, Count, Hash, Hashed, Question, Record, Reload, Wish
from tcpchat.model.replies import Refused
from tcpchat.server.throttle import Throttle

_Result = TypeVar("_Result")

INCARNATION = "abc123"
"""What ids of messages begin with, so that a corpus can name them: ``abc123-7``."""

FAULT = 97
"""One durable record in so many cannot be stored."""

TURNS = 3
"""Writing takes less than so many turns of the loop, now more, now less."""

SECONDS_A_WISH = 4.0
"""How fast the clock runs that counts tries of passwords."""

MOST_ACCOUNTS = 60
"""More than these do not come about, so that a world that lives long stays small."""

_RECORDS = frozenset(get_args(Record))
_QUESTIONS = frozenset(get_args(Question))


class Loop:
    """As much of an event loop as futures need: what is called soon is called in the next turn."""

    def __init__(self) -> None:
        self._soon: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()

    def call_soon(self, callback: Callable[..., object], *args: object, context: object = None) -> None:
        """In the next turn."""
        self._soon.append((callback, args))

    def create_future(self) -> "asyncio.Future[Any]":
        """A future of this loop."""
        return asyncio.Future(loop=self)  # type: ignore[arg-type]

    def get_debug(self) -> bool:
        """No."""
        return False

    def call_exception_handler(self, context: object) -> None:
        """Nobody waits any more for something that failed."""

    def turn(self) -> bool:
        """Call what is to be called by now; gives whether there is more."""
        with self.running():
            for _ in range(len(self._soon)):
                callback, args = self._soon.popleft()
                callback(*args)
        return bool(self._soon)

    @contextmanager
    def running(self) -> Iterator[None]:
        """For so long it is the loop that runs."""
        events._set_running_loop(self)  # type: ignore[arg-type]
        try:
            yield
        finally:
            events._set_running_loop(None)


class _Memory(Memory):
    """The memory backend, with a disk that takes its time, and is full now and then."""

    def __init__(self, *, faults: bool) -> None:
        super().__init__()
        self.incarnation = INCARNATION
        self._faults = faults
        self._written = 0

    @property
    def holdings(self) -> Holdings:
        """Who has what."""
        return self._order._holdings

    def _write(self, records: list[Durable]) -> None:
        before, self._written = self._written // FAULT, self._written + len(records)
        full = self._faults and self._written // FAULT > before
        turns = self._written % TURNS
        self._after(
            turns, (lambda: self._after(1, self._fail)) if full else lambda: super(_Memory, self)._write(records)
        )

    def _after(self, turns: int, callback: Callable[[], None]) -> None:
        if turns:
            events.get_running_loop().call_soon(self._after, turns - 1, callback)
        else:
            callback()

    def _fail(self) -> None:
        self._order.written(Unavailable("The disk is full."))


class Ledger:
    """Answers every wish of a rule, records in their turn."""

    def __init__(self, hub: Hub, limits: Limits, *, faults: bool = True) -> None:
        self.loop = Loop()
        self.memory = _Memory(faults=faults)
        with self.loop.running():
            finished(self.memory.start(hub))
        self._throttle = Throttle(limits)
        self._reloads = 0
        self._clock = 0.0

    def grant(self, wish: Wish, network: str) -> "asyncio.Future[Any]":
        """Take a wish of somebody who comes from this network."""
        if type(wish) in _RECORDS:
            return self.memory.record(wish)  # type: ignore[arg-type]
        future = self.loop.create_future()
        try:
            future.set_result(self._answer(wish, network))
        except Refused as refusal:
            future.set_exception(refusal)
        return future

    def _answer(self, wish: Any, network: str) -> object:
        if type(wish) in _QUESTIONS:
            return finished(self.memory.ask(wish))
        self._clock += SECONDS_A_WISH
        match wish:
            case Attempt(who=who):
                self._throttle.attempt(network, who, self._clock)
            case Count(who=who, right=True):
                self._throttle.succeeded(network, who)
            case Count(who=who):
                self._throttle.count(network, who, self._clock)
            case Hash(password=password):
                if len(self.memory._documents) > MOST_ACCOUNTS:
                    raise Refused("busy", "Too many log in at this moment. Try again in a few seconds.")
                return hashed(password)
            case Check(password=password, hash=hash):
                return hash != "" and hash == hashed(password).argon2
            case Reload():
                self._reloads += 1
                return "" if self._reloads % 2 else "The setting limits.clients is wrong: Expected `int`, got `str`."
            case _:
                raise AssertionError(f"nobody knows how to do {type(wish).__name__}")
        return None


def finished(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """What comes of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("it waits")


def hashed(password: str) -> Hashed:
    """A password's hashes, cheap ones. The keys of SCRAM are real, after one round."""
    raw, salt = password.encode("utf-8", "replace"), b"salt"
    salted = hashlib.pbkdf2_hmac("sha256", raw, salt, 1)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return Hashed(
        argon2=f"$argon2fake${hashlib.sha256(raw).hexdigest()}",
        salt=b64encode(salt).decode(),
        iterations=1,
        stored_key=b64encode(stored_key).decode(),
        server_key=b64encode(hmac.digest(salted, b"Server Key", "sha256")).decode(),
    )
