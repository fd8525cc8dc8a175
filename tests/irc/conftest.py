"""The server that the specifications of IRC are held against."""

from pathlib import Path

import pytest

from tcpchat.config import Config, Operator


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=tmp_path / "data", operators={"root": Operator(password="secret")}, motd="Be kind.")
