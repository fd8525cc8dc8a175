"""An event loop that stands still is noticed: it is said where, and a process that will not go on ends."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tcpchat.server.systemd import Supervisor
from tcpchat.server.watchdog import Watchdog
from tests.cli.test_server import SERVER
from tests.server.test_sessions import eventually

pytestmark = pytest.mark.threat(56)

STUCK = """
import asyncio, time
from tcpchat.server.watchdog import Watchdog

def somebodys_hook():
    time.sleep(60)

async def main():
    Watchdog(asyncio.get_running_loop(), stall=0.1, fatal=0.4).start()
    await asyncio.sleep(0.2)
    somebodys_hook()

asyncio.run(main())
"""


def a_hook_that_blocks(watchdog: Watchdog) -> None:
    """Until it is noticed."""
    began = time.monotonic()
    while not watchdog.stalls and time.monotonic() < began + 10:
        time.sleep(0.01)


async def test_a_hook_that_blocks_is_named_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = Watchdog(asyncio.get_running_loop(), stall=0.1)
    caplog.set_level(logging.INFO)
    watchdog.start()
    try:
        await asyncio.sleep(0.3)
        assert watchdog.stalls == 0
        a_hook_that_blocks(watchdog)
        await eventually(lambda: len(caplog.records) == 2)
        for _ in range(2):
            time.sleep(0.4)  # noqa: ASYNC251
            await asyncio.sleep(0.2)
    finally:
        watchdog.stop()
    first, *others = caplog.records
    assert first.getMessage().startswith("the event loop stands still for 100 ms:\n")
    assert "in a_hook_that_blocks" in first.getMessage()
    assert watchdog.stalls == 3
    assert all("goes on after" in record.getMessage() for record in others), "the same is not said again so soon"


def test_a_loop_that_does_not_go_on_ends_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=30)
    assert done.returncode == 70
    assert "in somebodys_hook" in done.stderr


async def test_a_closed_loop_is_none_of_its_business() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    watchdog = Watchdog(loop, stall=0.05, fatal=0.1, end=lambda code: pytest.fail("it ended the process"))
    watchdog.start()
    await eventually(lambda: not watchdog._thread.is_alive())
    watchdog.stop()
    assert watchdog.stalls == 0


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX") or sys.platform == "win32", reason="systemd is Linux's")
def test_systemd_is_told(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(address))
        supervisor.settimeout(20)
        told = os.environ | {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "400000"}
        process = subprocess.Popen(
            [*SERVER, "--listen", "127.0.0.1:0", "--no-history"], env=told, stdout=subprocess.PIPE, text=True
        )
        try:
            assert [supervisor.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            process.send_signal(signal.SIGTERM)
            while (last := supervisor.recv(100)) == b"WATCHDOG=1":
                pass
            assert last == b"STOPPING=1"
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def test_who_is_not_meant_is_told_nothing_and_nobody_minds(tmp_path: Path) -> None:
    for environment in ({}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}, {"NOTIFY_SOCKET": str(tmp_path / "none")}):
        supervisor = Supervisor(environment)
        supervisor.tell("READY=1")
        supervisor.is_alive()
