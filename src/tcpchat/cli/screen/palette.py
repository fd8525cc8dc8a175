"""The colours of the full screen, on a dark and on a light ground: all text has a contrast of 4.5 or more (WCAG AA)."""

import os
from typing import NamedTuple
from zlib import crc32

from textual.theme import BUILTIN_THEMES, Theme

from tcpchat.cli import colours
from tcpchat.model import names


class Palette(NamedTuple):
    """What has which colour. `nicks` have those that they have in the line client."""

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
    nicks=tuple(map(colours.hex_of, colours.DARK.nicks)),
)

LIGHT = Palette(
    ground="#fbfbf9",
    band="#eeefec",
    text="#24272e",
    dim="#666c76",
    rule="#d0d2d4",
    accent="#8a5a00",
    alarm="#b3261e",
    nicks=tuple(map(colours.hex_of, colours.LIGHT.nicks)),
)


NONE = Palette("default", "default", "default", "default", "default", "default", "default", ("default",))
"""The terminal's own colours, and no others."""


def theme(name: str, palette: Palette) -> Theme:
    """A palette, as Textual's style sheets know it."""
    values = {key: f"ansi_{value}" if palette is NONE else value for key, value in palette._asdict().items()}
    return Theme(
        name=name,
        dark=palette is not LIGHT,
        primary=values["accent"],
        foreground=values["text"],
        background=values["ground"],
        surface=values["ground"],
        panel=values["ground"],
        text_alpha=1,
        ansi=palette is NONE,
        variables=BUILTIN_THEMES["ansi-dark"].variables
        | {key: values[key] for key in ("dim", "rule", "band", "accent", "alarm")},
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
