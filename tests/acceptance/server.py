"""A server with a log that is killed without warning, and started again where it was."""

import subprocess
from pathlib import Path

from tcpchat.backend.reader import Reader
from tcpchat.backend.schema import FILE
from tcpchat.model.events import Said
from tcpchat.model.records import Read
from tests.cli.test_server import SERVER


class Killable:
    """The process; the port and the log stay the same."""

    def __init__(self, data: Path) -> None:
        self.port = 0
        self._data = data

    def start(self) -> None:
        """Until it listens. Nothing is too much for it."""
        listen = f"--listen=127.0.0.1:{self.port}"
        command = [*SERVER, listen, f"--data={self._data}", "--set=limits.enabled=false"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().rpartition(":")[2])

    def kill(self) -> None:
        """It is gone at once, without a word."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def said(self, room: str = "#lobby") -> list[tuple[str, str]]:
        """What is in the log: who said what, in order."""
        reader = Reader(self._data / FILE)
        try:
            return [(one.by, one.text) for one in reader.read(Read(room, 1 << 20, after=0)) if isinstance(one, Said)]
        finally:
            reader.close()
