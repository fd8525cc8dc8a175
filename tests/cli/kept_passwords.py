"""A keyring in a file, in the place of the system's: its users are real processes, which find it by the environment."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

FILE = "TESTS_KEYRING"


class InFile(KeyringBackend):
    """One that is open."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """See `KeyringBackend`."""
        return kept().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """See `KeyringBackend`."""
        Path(os.environ[FILE]).write_text(json.dumps(kept() | {f"{service} {username}": password}))


class Locked(KeyringBackend):
    """One that nobody opens."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """See `KeyringBackend`."""
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        """See `KeyringBackend`."""
        raise KeyringLocked("Failed to unlock the collection!")


def kept() -> dict[str, str]:
    """All that it knows."""
    file = Path(os.environ[FILE])
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return found
