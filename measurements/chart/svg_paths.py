"""Paths of a chart drawn as SVG: the area of its axes, lines that break at gaps, filled bands, texts.

Lengths are half pixels of a chart 600 px wide, and whole numbers, because a chart has thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import format_html
from django.utils.safestring import SafeString

WIDTH = 1200
LEFT, RIGHT, TOP, BOTTOM = 76, 190, 16, 40  # beside the plot: value axis, names of goals, time axis

Place = tuple[int, int]


@dataclass(frozen=True)
class PlotArea:
    """The axes of one chart: from times (ms) and values to lengths."""

    height: int
    start: float
    end: float
    low: float
    high: float

    @property
    def right(self) -> int:
        return WIDTH - RIGHT

    @property
    def bottom(self) -> int:
        return self.height - BOTTOM

    def x(self, at: float) -> int:
        return round(LEFT + (self.right - LEFT) * (at - self.start) / (self.end - self.start))

    def y(self, value: float) -> int:
        """Within the plot: a value that the axis doesn't reach is at its edge."""
        share = (self.high - value) / (self.high - self.low)
        return round(TOP + (self.bottom - TOP) * min(max(share, 0.0), 1.0))


def draw_text(x: int, y: int, words: str, anchor: str = "") -> str:
    place = f'x="{x}" y="{y}"' + (f' text-anchor="{anchor}"' if anchor else "")
    return format_html("<text {}>{}</text>", SafeString(place), words)


def split_at_breaks(count: int, breaks: Iterable[int]) -> list[range]:
    """Runs of indexes below `count`, none over a break."""
    cuts = [0, *(place for place in breaks if place < count), count]
    return [range(first, after) for first, after in pairwise(cuts)]


def trace_bands(x: Sequence[int], tops: Sequence[int], bottoms: Sequence[int], runs: Iterable[range]) -> str:
    """Closed outlines, one per run of indexes."""
    return "".join(
        f"{trace_line([*((x[i], tops[i]) for i in run), *((x[i], bottoms[i]) for i in reversed(run))])}z"
        for run in runs
    )


def trace_line(places: Sequence[Place]) -> str:
    """A path through these places; relative lengths are shorter."""
    if not places:
        return ""
    steps = " ".join(f"{x - before} {y - over}" for (before, over), (x, y) in pairwise(places))
    return f"M{places[0][0]} {places[0][1]}" + (f"l{steps}" if steps else "h0")
