"""No effect may fail, whatever happened: the hub goes on then, but it says so in the log."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_effect_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not caplog.get_records("call")
