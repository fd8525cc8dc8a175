"""What the tests of tcpchat-client have, and a server that can be killed and comes back with all it had."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server import Killable
from tests.cli.conftest import bob, environment, faked, port, run, settings, start, terminal

__all__ = ["bob", "environment", "faked", "port", "run", "settings", "start", "terminal"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Killable]:
    """A server with a log."""
    server = Killable(tmp_path / "data")
    server.start()
    yield server
    server.kill()
