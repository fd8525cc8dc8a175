"""Tells systemd that the server is ready, and that it lives (sd_notify(3), WatchdogSec= in systemd.service(5))."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic


class Supervisor:
    """Who started this process, if they want to be told. Nothing happens where nobody does."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "") if meant else ""
        self._every = int(microseconds) / 2e6 if microseconds.isdigit() else float("inf")
        self._due = 0.0

    def tell(self, state: str) -> None:
        """Such as ``READY=1``. A supervisor that cannot be told is none of the server's business."""
        if self._address and hasattr(socket, "AF_UNIX"):
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.sendto(state.encode(), self._address)

    def is_alive(self) -> None:
        """As often as they want to know it."""
        now = monotonic()
        if self._every != float("inf") and now >= self._due:
            self._due = now + self._every / 2
            self.tell("WATCHDOG=1")
