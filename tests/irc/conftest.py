"""The server that the specifications of IRC are held against."""

from pathlib import Path

import pytest

from tcpchat.config import Config, Limits, Operator
from tests.conftest import UNHURRIED


@pytest.fixture
def config() -> Config:
    """It keeps no log: where there is one, everybody who joins is told so. Modules about the log use `recorded`."""
    return Config(operators={"root": Operator(password="secret")}, motd="Be kind.", limits=Limits(**UNHURRIED))


@pytest.fixture
def recorded(config: Config, tmp_path: Path) -> Config:
    """The same, with a log on disk."""
    return Config(data=tmp_path / "data", operators=config.operators, motd=config.motd, limits=config.limits)
