"""Plots as SVG: lines over a number, and bars. Readable in light and in dark, without anything to install."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 56, 56
TICKS = 5

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 } .title { font-size: 16px; font-weight: 600 }
.axis, .grid { stroke: #999; fill: none } .grid { stroke-opacity: .3 }
.line { fill: none; stroke: #2a6fbb; stroke-width: 2.5 } .mark { fill: #2a6fbb }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .line { stroke: #7ab6f5 } .mark { fill: #7ab6f5 } }
"""


@dataclass(frozen=True)
class Plot:
    """What is drawn: a figure for each place on the horizontal axis."""

    title: str
    across: str
    """What the horizontal axis shows, with its unit."""
    up: str
    """What the vertical axis shows, with its unit."""
    points: Sequence[tuple[float, float]]
    bars: bool = False
    """Bars side by side instead of a line over a logarithmic axis."""


def svg(plot: Plot) -> str:
    """The plot as a file."""
    middle = (LEFT + WIDTH - RIGHT) / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"<title>{escape(plot.title)}</title><style>{STYLE}</style>",
            f'<text class="title" x="{LEFT}" y="24">{escape(plot.title)}</text>',
            f'<text x="{LEFT}" y="43">{escape(plot.up)}</text>',
            *_axes(plot),
            *_marks(plot),
            f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{escape(plot.across)}</text>',
            "</svg>\n",
        ]
    )


def _axes(plot: Plot) -> Iterator[str]:
    step = _step(plot)
    for tick in range(TICKS + 1):
        y = _y(plot, tick * step)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(tick * step)}</text>'
    yield f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>'
    for place, (across, _) in enumerate(plot.points):
        x = _x(plot, place)
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number(across)}</text>'


def _marks(plot: Plot) -> Iterator[str]:
    places = [(_x(plot, place), _y(plot, up), up) for place, (_, up) in enumerate(plot.points)]
    if not plot.bars:
        yield f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)}"/>'
    for x, y, up in places:
        if plot.bars:
            yield f'<rect class="mark" x="{x - 24:.1f}" y="{y:.1f}" width="48" height="{HEIGHT - BOTTOM - y:.1f}"/>'
        else:
            yield f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        yield f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{number(up)}</text>'


def _x(plot: Plot, place: int) -> float:
    """Where a point is, from the left. Bars are evenly apart; lines go over the logarithm."""
    width, last = WIDTH - LEFT - RIGHT - 80, len(plot.points) - 1
    if plot.bars or last < 1 or plot.points[0][0] <= 0:
        share = place / max(1, last)
    else:
        first, final = log10(plot.points[0][0]), log10(plot.points[-1][0])
        share = (log10(plot.points[place][0]) - first) / (final - first or 1)
    return LEFT + 40 + share * width


def _y(plot: Plot, up: float) -> float:
    return HEIGHT - BOTTOM - up / (TICKS * _step(plot)) * (HEIGHT - TOP - BOTTOM)


def _step(plot: Plot) -> float:
    """Between two lines of the grid: 1, 2, 2.5 or 5 times a power of ten, so that all fits with some room."""
    most = max((up for _, up in plot.points), default=0) * 1.08 or 1.0
    power = 10.0 ** floor(log10(most / TICKS))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if ceil(most / (factor * power)) <= TICKS)


def number(value: float) -> str:
    """``950``, ``12k``, ``8.5M``."""
    for least, unit in ((1e6, "M"), (1e3, "k")):
        if value >= least:
            return f"{value / least:.3g}{unit}"
    return f"{value:.3g}"
