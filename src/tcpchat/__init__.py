"""A chat server that starts with one command, that everything can talk to, and that loses nothing.

What a program needs: `Server` to run a chat, `connect` to take part in one, the events and replies to match on.
"""

from typing import TYPE_CHECKING, Any

from tcpchat.version import VERSION as __version__

if TYPE_CHECKING:
    from tcpchat.client.client import Client, LinkBack, LinkLost, RoomBack, connect
    from tcpchat.client.connection import CannotConnect
    from tcpchat.client.message import Message, PerhapsStored
    from tcpchat.config import Config, Limits
    from tcpchat.model.errors import CannotStart, LogFailed
    from tcpchat.model.events import (
        Event,
        Gone,
        Invited,
        Joined,
        Kicked,
        Left,
        ModesSet,
        Moved,
        Redacted,
        Renamed,
        Said,
        Skipped,
        Tagged,
        Told,
        TopicSet,
        WentAway,
    )
    from tcpchat.model.replies import Found, Refused, Seated, Stored
    from tcpchat.server.app import Server

_HOMES = {
    "tcpchat.client.client": ("Client", "LinkBack", "LinkLost", "RoomBack", "connect"),
    "tcpchat.client.connection": ("CannotConnect",),
    "tcpchat.client.message": ("Message", "PerhapsStored"),
    "tcpchat.config": ("Config", "Limits"),
    "tcpchat.model.errors": ("CannotStart", "LogFailed"),
    "tcpchat.model.events": (
        "Event",
        "Gone",
        "Invited",
        "Joined",
        "Kicked",
        "Left",
        "ModesSet",
        "Moved",
        "Redacted",
        "Renamed",
        "Said",
        "Skipped",
        "Tagged",
        "Told",
        "TopicSet",
        "WentAway",
    ),
    "tcpchat.model.replies": ("Found", "Refused", "Seated", "Stored"),
    "tcpchat.server.app": ("Server",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "CannotConnect", "CannotStart", "Client", "Config", "Event", "Found", "Gone", "Invited", "Joined", "Kicked", "Left",
    "Limits", "LinkBack", "LinkLost", "LogFailed", "Message", "ModesSet", "Moved", "PerhapsStored", "Redacted",
    "Refused", "Renamed", "RoomBack", "Said", "Seated", "Server", "Skipped", "Stored", "Tagged", "Told", "TopicSet",
    "WentAway", "__version__", "connect",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: a client needs no server, and `import tcpchat` takes no time."""
    from importlib import import_module

    if name not in _HOME_OF:
        raise AttributeError(f"module 'tcpchat' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
