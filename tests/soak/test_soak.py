"""The short form of `soak.py`: nobody is lost, nothing is left behind; and what would be noticed is noticed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.soak.soak import ENOUGH, Soak, complaints, serving, slope

SECONDS, EVERY = 10.0, 2.5
LONG = 1_800.0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what a process has is read in /proc")
@pytest.mark.threat(16, 62)
async def test_people_come_and_go_and_nothing_stays_behind(tmp_path: Path, long: bool, seed: int) -> None:
    with serving(tmp_path) as (ports, door):
        soak = Soak(ports, door, seed)
        await soak.run(LONG if long else SECONDS, 4 * EVERY if long else EVERY)
    result = soak.result()
    print(json.dumps(result))
    assert soak.visits > 20
    assert not complaints(result, len(soak.looks), (tmp_path / "errors").read_text())


def grown(mib_per_hour: float) -> list[dict[str, Any]]:
    """Looks at a server that grows, with a peak now and then."""
    return [
        {"time": 10.0 * n, "used": int((100 + mib_per_hour * n / 360 + 5 * (n % 13 == 0)) * (1 << 20))}
        for n in range(90)
    ]


def test_a_slope_is_that_of_most_looks() -> None:
    assert slope(grown(0), "used") == pytest.approx(0, abs=0.01)
    assert slope(grown(3), "used") == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize(
    ("name", "value"),
    [("missing", 1), ("wrong", 1), ("lost_links", 1), ("files_spread", 11), ("tasks_spread", 21),
     ("used_slope_mib_per_hour", 1.1)],
)  # fmt: skip
def test_what_is_wrong_is_noticed(name: str, value: float) -> None:
    right = dict.fromkeys(("missing", "wrong", "lost_links", "files_spread", "tasks_spread"), 0)
    right |= {"used_slope_mib_per_hour": 0}
    assert not complaints(right, ENOUGH, "WARNING something is slow")
    assert complaints(right | {name: value}, ENOUGH, "")  # type: ignore[dict-item]
    assert complaints(right, ENOUGH, "ERROR a session failed")
