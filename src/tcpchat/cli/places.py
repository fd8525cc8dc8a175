"""Where the client keeps what is the user's: settings, and what it remembers of what was done."""

import os
from collections.abc import Callable
from pathlib import Path

NOWHERE = Path(os.devnull) / "tcpchat"
"""For who has no home: nothing is below what is no directory, and nothing can be put there."""


def settings() -> Path:
    """The directory of what the user decides: settings, and whom one trusts."""
    from platformdirs import user_config_path

    return _existing(user_config_path)


def state() -> Path:
    """The directory of what can be lost: what was typed and read, and what is on its way."""
    from platformdirs import user_state_path

    return _existing(user_state_path)


def _existing(directory: Callable[..., Path]) -> Path:
    try:
        return directory("tcpchat", appauthor=False)
    except RuntimeError:  # no HOME, and a user of whom the system knows no more than the number
        return NOWHERE
