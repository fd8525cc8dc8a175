"""Faults in the middle of what the server does for one connection: at its n-th wait, its n-th call, its n-th effect."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import tcpchat
from tcpchat.chat import fanout, hub
from tcpchat.chat.effects import EFFECTS
from tcpchat.server.outbox import Outbox
from tcpchat.server.session import Session

OURS = str(Path(tcpchat.__file__).parent)
RESUMED = 0x20 | 0x80 | 0x200
"""The flags of code that can be resumed: generators, coroutines, generators of coroutines."""

CLEANING = frozenset({"_forget", "_let_go", "_count", "leave", "detach", "close", "abort", "_tune"})
"""What tidies up, and makes nothing that could be missing: a fault in it is one of the interpreter."""


class Fault:
    """An exception that comes at one of many points; 0: at none, they are only counted."""

    def __init__(self, error: type[BaseException], at: int) -> None:
        self.error = error
        self.at = at
        self.count = 0
        self.place = ""
        """Where it came, if it did."""

    def point(self, place: str) -> None:
        """One more point.

        :raises BaseException: the fault, if this is its point.
        """
        self.count += 1
        if self.count == self.at:
            self.place = place
            raise self.error("made by a test")


class Stumbling(Coroutine[Any, Any, Any]):
    """A task's coroutine that is told of a fault while it waits, or in what it calls."""

    def __init__(self, inner: Coroutine[Any, Any, Any], fault: Fault, *, calls: bool) -> None:
        self._inner = inner
        self._fault = fault
        self._calls = calls
        self._begun = False

    def send(self, value: Any) -> Any:
        if self._calls:
            with traced(self._fault):
                return self._inner.send(value)
        if self._begun:
            try:
                self._fault.point(waiting_in(self._inner))
            except BaseException as error:
                return self._inner.throw(error)
        self._begun = True
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise AssertionError("it is only for tasks")


def waiting_in(coroutine: Any) -> str:
    """The names of what waits, from the outside in."""
    names = []
    while isinstance(coroutine, Coroutine) and (frame := getattr(coroutine, "cr_frame", None)) is not None:
        names.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        coroutine = coroutine.cr_await  # type: ignore[attr-defined]
    return " > ".join(names)


@contextmanager
def traced(fault: Fault) -> Iterator[None]:
    """For so long every call from one of our files into another one is a point."""
    before = sys.gettrace()

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and _is_door(frame):
            fault.point(f"{frame.f_back.f_code.co_qualname} > {frame.f_code.co_qualname}")  # type: ignore[union-attr]

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


def _is_door(frame: FrameType) -> bool:
    code, back = frame.f_code, frame.f_back
    if back is None or not code.co_filename.startswith(OURS) or code.co_name in CLEANING:
        return False
    if code.co_flags & RESUMED and not _begins(code, frame):
        return False
    return back.f_code.co_filename.startswith(OURS) and back.f_code.co_filename != code.co_filename


def _begins(code: CodeType, frame: FrameType) -> bool:
    """Whether something that can be resumed has only been begun."""
    return frame.f_lineno == code.co_firstlineno


def victims(server_side: Callable[[Any], bool], fault: Fault, *, calls: bool) -> Callable[..., asyncio.Task[Any]]:
    """A factory of tasks: those that have something of the victim's among their variables stumble."""

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **how: Any) -> asyncio.Task[Any]:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None and any(map(server_side, frame.f_locals.values())):
            coroutine = Stumbling(coroutine, fault, calls=calls)
        return asyncio.Task(coroutine, loop=loop, **how)

    return factory


def effects(monkeypatch: pytest.MonkeyPatch, nick: str, fault: Fault) -> None:
    """From here on each effect of what one person did, and each call in it, is a point; but not what others are told.

    That is a matter of theirs: see `telling`.
    """

    def stumbling(effect: Callable[..., None]) -> Callable[..., None]:
        def run(state: Any, event: Any, all: Any) -> None:
            if nick not in {getattr(event, "by", ""), getattr(event, "to", "")}:
                effect(state, event, all)
                return
            fault.point(f"before the effect of {type(event).__name__}")
            with traced(fault):
                effect(state, event, all)

        return run

    def delivered(*of: Any) -> Any:
        before = sys.gettrace()
        sys.settrace(None)
        try:
            return deliver(*of)
        finally:
            sys.settrace(before)

    deliver = fanout._deliver
    monkeypatch.setattr(fanout, "_deliver", delivered)
    monkeypatch.setattr(hub, "EFFECTS", {kind: stumbling(effect) for kind, effect in EFFECTS.items()})


def telling(monkeypatch: pytest.MonkeyPatch, server_side: Callable[[Any], bool], fault: Fault) -> None:
    """From here on whatever the victim is told is a point, and so is what it misses."""

    def stumbling(kind: type, name: str) -> None:
        tell = getattr(kind, name)

        def told(self: Any, what: Any) -> Any:
            if server_side(self):
                fault.point(f"{kind.__name__}.{name}")
            return tell(self, what)

        monkeypatch.setattr(kind, name, told)

    stumbling(Outbox, "offer")
    stumbling(Session, "miss")
