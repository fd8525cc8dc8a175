"""SIGHUP: somebody wants the configuration read again; or the terminal is gone, and with it whoever started this."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable

from tcpchat.server.app import Server

log = logging.getLogger(__name__)


def handle_hang_up(server: Server, stop: Callable[[str], object]) -> None:
    """From now on SIGHUP does not end the process.

    :param stop: ends it, with the reason, if its terminal was closed. Under nohup that is no reason.
    """
    if not hasattr(signal, "SIGHUP"):  # Windows
        return
    stays = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN or not _has_terminal()

    def hung_up() -> None:
        if stays or _has_terminal():
            read_again(server)
        else:
            stop("The terminal was closed")

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hung_up)


def read_again(server: Server) -> None:
    """All of the configuration that was read again is in force, or nothing of it; the log says which, in one line."""
    if problem := server.reload():
        log.error("the configuration is wrong, and the one before stays in force: %s", problem)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
