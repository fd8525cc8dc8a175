"""Who is still there: connections without a nick, those who have not said a word for long, those who take nothing."""

import asyncio
from collections.abc import Collection

from tcpchat.config import Limits
from tcpchat.server.limits import Admission
from tcpchat.server.session import Session

AT_ONCE = 50
"""Sessions that are looked after before others get a turn: many may be due at the same moment."""

SECONDS = 0.5
"""How often, at least, all of them are looked after."""


async def keep_alive(sessions: Collection[Session], admission: Admission, limits: Limits) -> None:
    """Look after all sessions, for ever. One clock for all of them costs less than a timer each."""
    loop = asyncio.get_running_loop()
    seconds = (
        limits.ping_seconds, limits.pong_seconds, limits.enter_seconds, limits.line_seconds, limits.stalled_seconds,
    )  # fmt: skip
    pause = min(SECONDS, min(seconds) / 4)
    while True:
        await asyncio.sleep(pause)
        now = loop.time()
        admission.look(now)
        for number, session in enumerate(list(sessions), 1):
            if session in sessions:
                look_after(session, now, limits)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)


def look_after(session: Session, now: float, limits: Limits) -> None:
    """Ping, or close, if it is time."""
    stuck = session.outbox.stuck(now)
    if session.user is None:
        if now - session.since > limits.enter_seconds:
            session.close(f"No nickname within {limits.enter_seconds:g} seconds.")
    elif stuck is not None:
        session.heard = now  # a ping would only be one thing more that waits
        if stuck > limits.stalled_seconds:
            session.close(f"No progress for {limits.stalled_seconds:g} seconds. Reconnect to resume.")
    elif session.busy:
        session.heard = now  # it may have answered, and was not listened to
        session.unfinished = (0, now)
    elif session.dialect is not None and session.dialect.answers_pings:
        _is_alive(session, now, limits)


def _is_alive(session: Session, now: float, limits: Limits) -> None:
    """A program answers pings, and finishes its lines."""
    silent = now - session.heard
    if silent > limits.ping_seconds + limits.pong_seconds:
        session.close("timed out")
    elif silent > limits.ping_seconds and not session.pinged:
        session.ping()
    line, since = session.unfinished
    if session.dialect is not None and line != session.dialect.unfinished:
        session.unfinished = (session.dialect.unfinished, now)
    elif line and now - since > limits.line_seconds:
        session.close(f"A line was not finished within {limits.line_seconds:g} seconds.")
