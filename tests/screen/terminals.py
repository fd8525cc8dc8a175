"""The full screen at a pseudo-terminal: what its tests there share."""

import os
import re
from pathlib import Path

from tests.cli.screen import Screen


def environment_of(home: Path, **more: str) -> dict[str, str]:
    """That of a user. The keyboard is an old one: pyte takes what asks for a new one for text."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "TCPCHAT_AS_ROOT") if name in os.environ}
    places = {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "STATE")}
    terminal = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "TEXTUAL_DISABLE_KITTY_KEY": "1"}
    return {**kept, **places, **terminal, "HOME": str(home), **more}


def seen(screen: Screen, pattern: str) -> None:
    """Until a row matches."""
    screen._read_until(lambda: any(re.fullmatch(pattern, row) for row in screen.rows))
