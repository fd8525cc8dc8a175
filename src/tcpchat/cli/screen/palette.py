"""The colours of the full screen, on a dark and on a light ground: all text has a contrast of 4.5 or more (WCAG AA)."""

import os
from typing import NamedTuple
from zlib import crc32

from textual.theme import BUILTIN_THEMES, Theme

from tcpchat.model import names


class Palette(NamedTuple):
    """What has which colour. `nicks` go round the wheel, all as light as each other."""

    ground: str
    band: str
    text: str
    dim: str
    rule: str
    accent: str
    alarm: str
    nicks: tuple[str, ...]

    def of(self, nick: str) -> str:
        """The colour of somebody: the same everywhere and always."""
        return self.nicks[crc32(names.fold(nick).encode()) % len(self.nicks)]


DARK = Palette(
    ground="#16181d",
    band="#21242b",
    text="#d7dae0",
    dim="#868e99",
    rule="#3a3f48",
    accent="#ffc857",
    alarm="#ff7b72",
    nicks=(
        "#fa969f", "#f79e75", "#e4ac59", "#c3bc5a", "#96c979", "#62d0a4",
        "#3bcfcf", "#51c7f1", "#86bafe", "#b0adff", "#d4a0ec", "#ee97c9",
    ),
)  # fmt: skip

LIGHT = Palette(
    ground="#fbfbf9",
    band="#eeefec",
    text="#24272e",
    dim="#666c76",
    rule="#d0d2d4",
    accent="#8a5a00",
    alarm="#b3261e",
    nicks=(
        "#9f3e4b", "#9d4616", "#855904", "#6d6600", "#40731a", "#047554",
        "#067272", "#036e8b", "#2863ab", "#5d55a9", "#7f4995", "#954074",
    ),
)  # fmt: skip


NONE = Palette("default", "default", "default", "default", "default", "default", "default", ("default",))
"""The terminal's own colours, and no others."""


def theme(name: str, palette: Palette) -> Theme:
    """A palette, as Textual's style sheets know it."""
    colours = {key: f"ansi_{value}" if palette is NONE else value for key, value in palette._asdict().items()}
    return Theme(
        name=name,
        dark=palette is not LIGHT,
        primary=colours["accent"],
        foreground=colours["text"],
        background=colours["ground"],
        surface=colours["ground"],
        panel=colours["ground"],
        text_alpha=1,
        ansi=palette is NONE,
        variables=BUILTIN_THEMES["ansi-dark"].variables
        | {key: colours[key] for key in ("dim", "rule", "band", "accent", "alarm")},
    )


PALETTES = {"dark": DARK, "light": LIGHT, "none": NONE}


def fitting(wanted: str) -> str:
    """The name of the palette that is `wanted`, by the setting `colours`; if that is left open, one that is like the
    terminal's own ground, as far as it says so.
    """
    if os.environ.get("NO_COLOR"):
        return "none"
    if wanted in PALETTES:
        return wanted
    ground = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if ground in {"7", "15"} else "dark"
