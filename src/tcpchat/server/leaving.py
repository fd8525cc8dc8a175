"""How a session ends: why, what the chat is told, and the last words. A fault in that must leave no ghost behind."""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from tcpchat.backend.base import Unavailable, Unknown
from tcpchat.chat.fanout import WRONG
from tcpchat.model.records import nothing
from tcpchat.server.outbox import abort
from tcpchat.wire import told

if TYPE_CHECKING:
    from tcpchat.server.session import Session

LAST_WORDS = 1.0
"""How many seconds the last words may take to be read."""

log = logging.getLogger(__name__)


def cancelled(session: "Session") -> str:
    """Why it ended that was cancelled in the middle of something: it still leaves properly, unless all must go.

    :raises asyncio.CancelledError: if there is no time for that.
    """
    if session.ending is None:
        if session.server.stopping:
            raise
        log.error("session %s was cancelled", session.session)
        session.ending = WRONG
    session.task.uncancel()
    return session.ending


def why(session: "Session", error: Exception) -> str:
    """Why it ended: because the link broke, or by a fault."""
    if isinstance(error, OSError) and session.lost:
        return "timed out" if isinstance(error, TimeoutError) else "connection lost"  # ETIMEDOUT, of keep-alive
    log.error("session %s failed", session.session, exc_info=error)
    session.ending = session.ending or WRONG
    return session.ending


async def leave(session: "Session", reason: str) -> None:
    """Tell the chat, say the last words, close. A peer that does not read them cannot hold it up."""
    try:
        await _leave(session, reason)
    except (Exception, asyncio.CancelledError) as error:
        if session.server.stopping:
            raise
        log.error("session %s failed at its end", session.session, exc_info=error)


async def _leave(session: "Session", reason: str) -> None:
    try:
        await _see_off(session, reason)
        await session.stop_catching_up()
        if session.ending is not None:
            session.outbox.put(_farewell(session, session.ending))
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await session.outbox.flushed()
                session.writer.close()
                await session.writer.wait_closed()
    finally:
        abort(session.writer.transport)
        await session.outbox.close()
        session.let_go()


async def _see_off(session: "Session", reason: str) -> None:
    """Tell the chat that the user is gone. A fault in that would leave a ghost: it is tried once more."""
    if session.dialect is None:  # who never said a word has asked for nothing, and is nobody
        return
    server = session.server
    for _ in range(2):
        if server.stopping:  # then everybody leaves, and nobody needs to be told of each other
            return
        try:
            await server.backend.record(nothing(session.session))  # what was asked for last may be on its way
            await server.backend.record(server.hub.farewell(session, reason))
            return
        except (Unavailable, Unknown):
            return
        except (Exception, asyncio.CancelledError) as error:
            log.error("session %s could not say that it is gone", session.session, exc_info=error)


def _farewell(session: "Session", reason: str) -> bytes:
    """The last words, also for one of whom nobody knows yet how they talk."""
    return told.text_lines(f"ERROR :{reason}") if session.dialect is None else session.dialect.farewell(reason)
