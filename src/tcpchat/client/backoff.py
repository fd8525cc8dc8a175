"""How long to wait before the next try."""

import random
from collections.abc import Iterator

FIRST = 0.1
MOST = 15.0


def backoff() -> Iterator[float]:
    """Delays in seconds: doubling from a tenth to 15, each shortened by chance: many clients shall not come at once."""
    delay = FIRST
    while True:
        yield delay * random.uniform(0.5, 1.0)
        delay = min(delay * 2, MOST)
