"""Colours that can be read on every ground they are meant for; and nothing but them in what is shown."""

import curses
import re

import pytest

from tcpchat.cli.colours import BOTH, DARK, LIGHT, Palette, fitting, hex_of, painted
from tcpchat.cli.show import Line
from tests.cli.screen import CLIENT, Peer, Start

DARK_GROUNDS = ("#000000", "#1e1e1e")
LIGHT_GROUNDS = ("#ffffff", "#fdf6e3")

LINE = Line("* 09:00 <bob> ann: hello", "mention", "bob", 9)
COLOUR = re.compile(rb"\x1b\[[\d;]*(3\d|4\d|9\d|10[0-7])[\d;]*m")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, section 8)."""
    shades = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shades)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2, section 8)."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def colours(palette: Palette) -> list[str]:
    return [hex_of(one) for one in (*palette.nicks, palette.quiet, palette.accent, palette.alarm)]


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_the_fixed_entries_of_256_colours() -> None:
    assert [hex_of(index) for index in (16, 196, 231, 232, 255)] == [
        "#000000", "#ff0000", "#ffffff", "#080808", "#eeeeee",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("palette", "grounds", "least"),
    [(DARK, DARK_GROUNDS, 4.5), (LIGHT, LIGHT_GROUNDS, 4.5), (BOTH, (*DARK_GROUNDS, *LIGHT_GROUNDS), 3.5)],
)
def test_every_colour_can_be_read(palette: Palette, grounds: tuple[str, ...], least: float) -> None:
    for colour in colours(palette):
        assert min(contrast(colour, ground) for ground in grounds) >= least, colour
    assert len(set(palette.nicks)) == 12


def test_no_colour_could_do_better_on_all_grounds() -> None:
    every = map(hex_of, range(16, 256))
    best = max(min(contrast(one, ground) for ground in (*DARK_GROUNDS, *LIGHT_GROUNDS)) for one in every)
    assert best < 4.5


def test_a_nick_has_its_colour_whatever_its_case_and_in_every_palette_the_same_place() -> None:
    assert DARK.of("Ann") == DARK.of("ann") == DARK.nicks[BOTH.nicks.index(BOTH.of("ANN"))]
    assert len({DARK.of(f"nick{number}") for number in range(200)}) == 12


@pytest.mark.parametrize(
    ("wanted", "environment", "palette"),
    [
        ("auto", {}, BOTH),
        ("auto", {"COLORFGBG": "15;0"}, DARK),
        ("auto", {"COLORFGBG": "0;default;15"}, LIGHT),
        ("auto", {"COLORFGBG": "default;default"}, BOTH),
        ("dark", {"COLORFGBG": "0;15"}, DARK),
        ("light", {}, LIGHT),
        ("none", {}, None),
        ("dark", {"NO_COLOR": "1"}, None),
        ("dark", {"NO_COLOR": ""}, DARK),
    ],
)
def test_which_palette_fits(
    wanted: str, environment: dict[str, str], palette: Palette | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curses, "setupterm", lambda fd: None)
    monkeypatch.setattr(curses, "tigetnum", lambda name: 256)
    for name in ("NO_COLOR", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert fitting(wanted) == palette


def test_each_row_ends_as_it_began() -> None:
    rows = painted(LINE, [LINE.text, "      more"], DARK, own=False)
    assert [re.sub(r"\x1b\[[\d;]*m", "", row) for row in rows] == [LINE.text, "      more"]
    assert f"\x1b[38;5;{DARK.of('bob')}mbob\x1b[0m" in rows[0]
    assert all(row.endswith("\x1b[0m") for row in rows)


def test_without_a_palette_nothing_is_added() -> None:
    assert painted(LINE, [LINE.text, "more"], None, own=False) == [LINE.text, "more"]


def test_a_nick_that_goes_on_in_the_next_row_is_not_painted() -> None:
    assert painted(Line("09:00 <bob> x", "speech", "bob", 7), ["09:00 <b", "ob> x"], DARK, own=False) == [
        "09:00 <b", "ob> x",
    ]  # fmt: skip


def test_nicks_are_coloured_and_one_s_own_is_bold(terminal: Start, bob: Peer) -> None:
    screen = terminal()
    screen.until("ann #lobby>")
    bob.say("hello")
    screen.type("hi\r")
    screen.until(".*<bob> hello", ".*<ann> hi", "ann #lobby>")
    quiet = b"\x1b[38;5;%dm" % BOTH.quiet
    assert b"<\x1b[0m\x1b[38;5;%dmbob\x1b[0m%s>\x1b[0m hello\r\n" % (BOTH.of("bob"), quiet) in screen.raw
    assert b"<\x1b[0m\x1b[1mann\x1b[0m%s>\x1b[0m hi\r\n" % quiet in screen.raw


@pytest.mark.parametrize("without", [{"NO_COLOR": "1"}, {"TERM": "vt100"}])
def test_without_colours_everything_is_told_apart_all_the_same(
    port: int, start: Start, bob: Peer, without: dict[str, str]
) -> None:
    screen = start(*CLIENT, f"127.0.0.1:{port}", **without)
    screen.until("-- Type and press Enter. .*", "ann #lobby>")
    bob.say(f"ann: {without}")
    screen.type("hi\r")
    screen.until(rf"\* \d\d:\d\d <bob> ann: {without}", r"\d\d:\d\d <ann> hi", "ann #lobby>")
    assert COLOUR.search(screen.raw) is None
    assert b"\a" in screen.raw
