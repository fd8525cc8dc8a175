"""What a configuration that was read again changes at once, and what only a restart changes."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import fields, replace

from tcpchat.config import Config


def changed(before: msgspec.Struct, after: msgspec.Struct, section: str = "") -> Iterator[str]:
    """The names of the settings that differ, such as ``limits.rooms``. Not their values: some are secrets."""
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if isinstance(old, msgspec.Struct) and isinstance(new, msgspec.Struct):
            yield from changed(old, new, f"{section}{field.name}.")
        elif old != new:
            yield section + field.name


def in_force(before: Config, after: Config) -> Config:
    """What holds from now on: `after`, but for what only a restart changes."""
    kept: Config = _kept(before, after, "")
    return kept


def needs_restart(name: str) -> bool:
    """Whether a setting is looked at when the server starts, and not again."""
    return name in RESTART or name.partition(".")[0] in RESTART


def told(names: Sequence[str]) -> str:
    """What has changed, in words."""
    now = [name for name in names if not needs_restart(name)]
    later = [name for name in names if needs_restart(name)]
    words = [f"{', '.join(now)} changed"] if now else []
    words += [f"{', '.join(later)} changed, which needs a restart"] if later else []
    return "; ".join(words) or "nothing changed"


def _kept(before: Any, after: Any, section: str) -> Any:
    kept: dict[str, Any] = {}
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if needs_restart(section + field.name):
            kept[field.name] = old
        elif isinstance(old, msgspec.Struct):
            kept[field.name] = _kept(old, new, f"{section}{field.name}.")
    return replace(after, **kept)


RESTART = frozenset(
    {
        "listen",
        "tls_listen",
        "insecure",
        "proxies",
        "data",
        "durability",
        "keep",
        "as_root",
        "metrics",
        "limits.enabled",
        "limits.handshakes",
        "limits.handshake_seconds",
        "limits.outboxes_bytes",
        "limits.queued",
        "limits.enter_seconds",
        "limits.line_seconds",
        "limits.ping_seconds",
        "limits.pong_seconds",
        "limits.stalled_seconds",
        "limits.whowas",
    }
)
"""Settings, and sections, that are looked at once."""
