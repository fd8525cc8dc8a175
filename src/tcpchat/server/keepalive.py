"""Who is still there: connections without a nick, and those who have not said a word for long."""

import asyncio
from collections.abc import Iterable

from tcpchat.config import Limits
from tcpchat.server.session import Session


async def keep_alive(sessions: Iterable[Session], limits: Limits) -> None:
    """Look after all sessions, for ever. One clock for all of them costs less than a timer each."""
    loop = asyncio.get_running_loop()
    pause = min(1.0, limits.ping_seconds / 4, limits.pong_seconds / 4, limits.enter_seconds / 4)
    while True:
        await asyncio.sleep(pause)
        now = loop.time()
        for session in list(sessions):
            look_after(session, now, limits)


def look_after(session: Session, now: float, limits: Limits) -> None:
    """Ping, or close, if it is time."""
    if session.user is None:
        if now - session.since > limits.enter_seconds:
            session.close(f"No nickname within {limits.enter_seconds:g} seconds.")
    elif session.dialect is not None and session.dialect.answers_pings:
        if session.outbox.progress():  # who reads slowly may see a ping late
            session.heard = now
        silent = now - session.heard
        if silent > limits.ping_seconds + limits.pong_seconds:
            session.close("timed out")
        elif silent > limits.ping_seconds and not session.pinged:
            session.ping()
