"""Charts as SVG for paper, reports and browsers without scripts, from the data that `static/vitals.js` draws.

Legible in black and white: lines differ by dashes and markers by shape; goals are named beside their edges. Colours are
those of `static/charts.css`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from measurements.chart.serializer import (
    FLAG_CLOCK_AHEAD,
    FLAG_CLOCK_RESET,
    FLAG_ESTIMATED,
    FLAG_IRREGULAR_HEARTBEAT,
    FLAG_LATE,
    FLAG_LEFT_OUT,
    FLAG_NEEDS_CHECK,
)
from measurements.chart.svg_paths import (
    LEFT,
    TOP,
    WIDTH,
    Place,
    PlotArea,
    draw_text,
    split_at_breaks,
    trace_bands,
    trace_line,
)
from measurements.chart.time_of_day import format_hour
from measurements.numbers import format_rounded
from patients.wording import count_noun

HEIGHT, FIRST_HEIGHT = 400, 520
STRIP_HEIGHT = 18
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
MAX_TIME_LABELS, MAX_VALUE_LABELS = 6, 7
MAX_DAYS_WITH_DATES = 400  # a longer range names months and years
MAX_DAYS_APART = 120  # of the strip: more days are drawn without space between them
MANY_POINTS = 200
OPEN_GOAL_SHARE = 0.14  # of the value axis: how far the band of a one-sided goal reaches
NAME_HEIGHT, LETTER_WIDTH = 26, 12
# Paths from a corner of the marker, and where that corner is. The half discs of meals have the numbers of
# `panels.StatedMeal`: the lower half is fasting, the left one before a meal, the right one after it.
DISC = "a6 6 0 1 0 12 0a6 6 0 1 0-12 0z", (-6, 0)
SQUARE = "h10v10h-10z", (-5, -5)
HALF_DISCS = {
    1: ("h18a9 9 0 0 1-18 0z", (-9, 0)),
    2: ("v18a9 9 0 0 1 0-18z", (0, -9)),
    3: ("v-18a9 9 0 0 1 0 18z", (0, 9)),
}
DOT = "h0", (0, 0)  # a line without length: its ends make it round or square
# Around a marker: flag, class, shape.
MARKS = (
    (FLAG_NEEDS_CHECK, "mark", ("l24 24m0-24l-24 24", (-12, -12))),
    (FLAG_LEFT_OUT, "mark", ("l24-24", (-12, 12))),
    (FLAG_IRREGULAR_HEARTBEAT, "mark irregular", ("l15 15-15 15-15-15z", (0, -15))),
    (FLAG_CLOCK_AHEAD | FLAG_CLOCK_RESET, "mark", ("h24v24h-24z", (-12, -12))),
    (FLAG_LATE, "mark", ("a13 13 0 1 0 26 0a13 13 0 1 0-26 0z", (-13, 0))),
)

Shape = tuple[str, Place]


def draw_panel(
    charts: dict[str, Any], panel: dict[str, Any], *, first: bool = False, height: int | None = None
) -> SafeString:
    """One panel of `serializer.serialize_charts`; the first one is taller and has the strip of readings per day."""
    low, high = panel["limits"]
    start, end = (0, DAY_MS) if panel["clock"] else (charts["start"], charts["end"])
    area = PlotArea(height or (FIRST_HEIGHT if first else HEIGHT), start, end, low, high)
    with_strip = first and not panel["clock"]
    parts = [
        draw_axes(area, panel, time_labels(charts, panel)),
        *(draw_goal(area, line["goal"], n) for n, line in enumerate(panel["lines"], start=1) if line["goal"]),
        draw_names(area, panel),
        draw_time_of_day(area, panel) if panel["clock"] else draw_lines(area, charts, panel),
        draw_points(area, panel),
        draw_strip(area, charts) if with_strip else "",
    ]
    return format_html(
        '<svg class="picture" viewBox="0 0 {} {}" role="img" aria-labelledby="{key}-title {key}-desc">'
        '<title id="{key}-title">{}</title><desc id="{key}-desc">{}</desc>{}</svg>',
        WIDTH,
        area.height + (STRIP_HEIGHT if with_strip else 0),
        f"{panel['label']}, {panel['unit']}",
        describe_panel(charts, panel),
        SafeString("".join(parts)),
        key=f"picture-{panel['code']}",
    )


def describe_panel(charts: dict[str, Any], panel: dict[str, Any]) -> str:
    """46 readings from Nov 1, 2026 to Nov 30, 2026: systolic 98 to 171, goal < 130; diastolic 61 to 99, goal < 80."""
    buckets, points = panel["buckets"], panel["points"]
    shown = [i for i, flags in enumerate(points["flags"]) if not flags & (FLAG_NEEDS_CHECK | FLAG_LEFT_OUT)]
    n = sum(buckets["n"]) if buckets["at"] else len(shown)
    lines = []
    for number, line in enumerate(panel["lines"]):
        values = [points["values"][number][i] for i in shown]
        if buckets["at"]:
            values += buckets["low"][number] + buckets["high"][number]
        ends = [format_rounded(value, panel["decimals"]) for value in (min(values), max(values))] if values else []
        bounds = f" {' to '.join(dict.fromkeys(ends))}" if ends else ""
        lines.append(f"{line['label']}{bounds}{f', {goal_words(panel, line)}' if line['goal'] else ''}")
    dates = (local_time(ms, charts).strftime("%b %-d, %Y") for ms in (charts["start"], charts["end"] - HOUR_MS))
    return f"{n} {'reading' if n == 1 else 'readings'} from {' to '.join(dates)}: {'; '.join(lines)}."


def goal_words(panel: dict[str, Any], line: dict[str, Any]) -> str:
    """goal < 130, expected range 50 to 110."""
    return f"{panel['goalName']} {line['goal']['words']}"


def local_time(ms: float, charts: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, ZoneInfo(charts["zone"]))


def time_labels(charts: dict[str, Any], panel: dict[str, Any]) -> list[tuple[float, str]]:
    if panel["clock"]:
        return [(hour * HOUR_MS, format_hour(hour)) for hour in range(0, 24, 6)]
    days = charts["days"]["at"]
    form = "%b %-d" if len(days) <= MAX_DAYS_WITH_DATES else "%b %Y"
    return [(ms, local_time(ms, charts).strftime(form)) for ms in days[:: math.ceil(len(days) / MAX_TIME_LABELS)]]


def value_labels(area: PlotArea) -> list[float]:
    """Round values of the axis, 1, 2 or 5 of a decade apart."""
    span = (area.high - area.low) / MAX_VALUE_LABELS
    decade = 10 ** math.floor(math.log10(span))
    step = next(factor * decade for factor in (1, 2, 5, 10) if factor * decade >= span)
    return [step * n for n in range(math.ceil(area.low / step), math.floor(area.high / step) + 1)]


def draw_axes(area: PlotArea, panel: dict[str, Any], times: Iterable[tuple[float, str]]) -> str:
    rows = value_labels(area)
    grid = "".join(f"M{LEFT} {area.y(value)}H{area.right}" for value in rows)
    texts = [draw_text(LEFT - 10, area.y(value) + 8, f"{value:g}", "end") for value in rows]
    texts += [draw_text(area.x(at), area.bottom + 30, words) for at, words in times]
    return (
        f'<path class="grid" d="{grid}"/>{"".join(texts)}{draw_text(area.right + 10, area.bottom + 30, panel["unit"])}'
    )


def draw_goal(area: PlotArea, goal: dict[str, Any], number: int) -> str:
    """The band of the goal, with its edges."""
    low, high = goal["low"], goal["high"]
    reach = (area.high - area.low) * OPEN_GOAL_SHARE
    top, bottom = area.y(low + reach if high is None else high), area.y(high - reach if low is None else low)
    edges = "".join(f"M{LEFT} {area.y(edge)}H{area.right}" for edge in (low, high) if edge is not None)
    return (
        f'<path class="band band-{number}" d="M{LEFT} {top}H{area.right}V{bottom}H{LEFT}z"/>'
        f'<path class="edge" d="{edges}"/>'
    )


def draw_names(area: PlotArea, panel: dict[str, Any]) -> str:
    """Goals and the usual weight, in words beside the plot, where they cover no reading."""
    judged = [line for line in panel["lines"] if line["goal"]]
    edges = [line["goal"]["low"] if line["goal"]["high"] is None else line["goal"]["high"] for line in judged]
    names = [
        (area.y(edge), goal_words(panel, line).removeprefix("expected "))
        for edge, line in zip(edges, judged, strict=True)
    ]
    if panel["baseline"] is not None:
        names.append((area.y(panel["baseline"]), f"usual {panel['baseline']:.{panel['decimals']}f}"))
    parts, last = [], 0
    for y, words in sorted(names):
        last = max(y + 8, last + NAME_HEIGHT)
        parts.append(draw_text(area.right + 10, last, words))
    return "".join(parts)


def draw_lines(area: PlotArea, charts: dict[str, Any], panel: dict[str, Any]) -> str:
    """Lowest to highest of each bucket, the smoothed lines and the usual weight; none of them over a gap."""
    buckets = panel["buckets"]
    at = buckets["at"] or panel["points"]["at"]
    x, runs, parts = [area.x(time) for time in at], split_at_breaks(len(at), panel["breaks"]), []
    for n, smoothed in enumerate(panel["smoothed"]):
        if buckets["at"]:
            tops, bottoms = ([area.y(value) for value in buckets[edge][n]] for edge in ("high", "low"))
            parts.append(f'<path class="area area-{n + 1}" d="{trace_bands(x, tops, bottoms, runs)}"/>')
        known = [[(x[i], area.y(smoothed[i])) for i in run if smoothed[i] is not None] for run in runs]
        parts.append(f'<path class="line line-{n + 1}" d="{"".join(map(trace_line, known))}"/>')
    spans = "".join(
        f"M{area.x(first)} {area.y(panel['baseline'])}H{area.x(end)}" for first, end in panel["baselineSpans"]
    )
    parts.append(f'<path class="usual" d="{spans}"/>')
    return "".join(parts) + draw_gaps(area, [*at, min(charts["now"], charts["end"])], panel["breaks"])


def draw_gaps(area: PlotArea, at: Sequence[float], breaks: Iterable[int]) -> str:
    """How many days are without readings, where there is room for the words."""
    texts = []
    for place in breaks:
        before, after = at[place - 1], at[place]
        words = f"no readings, {count_noun(int((after - before) // DAY_MS), 'day')}"
        if area.x(after) - area.x(before) > len(words) * LETTER_WIDTH:
            texts.append(draw_text((area.x(before) + area.x(after)) // 2, (TOP + area.bottom) // 2, words, "middle"))
    return "".join(texts)


def draw_time_of_day(area: PlotArea, panel: dict[str, Any]) -> str:
    """Per bin of hours the middle half as a box, the median as a bar across it, and n."""
    buckets, half = panel["buckets"], panel["clock"]["hours"] * HOUR_MS / 2
    parts = []
    for i, middle in enumerate(buckets["at"]):
        left, right = area.x(middle - half) + 6, area.x(middle + half) - 6
        for n, medians in enumerate(buckets["mid"]):
            top, bottom = area.y(buckets["high"][n][i]), area.y(buckets["low"][n][i])
            if panel["clock"]["banded"][i]:
                parts.append(f'<path class="area area-{n + 1}" d="M{left} {top}H{right}V{bottom}H{left}z"/>')
            parts.append(f'<path class="line line-{n + 1}" d="M{left} {area.y(medians[i])}H{right}"/>')
        parts.append(draw_text((left + right) // 2, area.bottom - 8, f"n {buckets['n'][i]}", "middle"))
    return "".join(parts)


def draw_points(area: PlotArea, panel: dict[str, Any]) -> str:
    """Filled; hollow where the vendor estimated the time. Marks are around the points."""
    points = panel["points"]
    times = panel["clock"]["at"] if panel["clock"] else points["at"]
    size = " many" if len(times) > MANY_POINTS else ""
    paths: dict[str, list[str]] = defaultdict(list)
    for n, values in enumerate(points["values"]):
        for at, value, flags, meal in zip(times, values, points["flags"], points["shapes"], strict=True):
            x, y = area.x(at), area.y(value)
            marks = [(name, shape) for flag, name, shape in MARKS if flags & flag]
            for name, (path, (right, down)) in [choose_marker(n, flags, meal), *marks]:
                paths[name].append(f"M{x + right} {y + down}{path}")
    drawn = (f'<path class="{name}{size}" d="{"".join(parts)}"/>' for name, parts in sorted(paths.items()))
    return "".join(drawn)


def choose_marker(line: int, flags: int, meal: int) -> tuple[str, Shape]:
    """Class and shape: a half disc for a meal, else a disc, or a square on the second line."""
    hollow = bool(flags & (FLAG_ESTIMATED | FLAG_LEFT_OUT))
    if not hollow and meal not in HALF_DISCS:
        return f"dot dot-{line + 1}", DOT
    shape = HALF_DISCS.get(meal, SQUARE if line else DISC)
    return f"{'hollow' if hollow else 'shape'} shape-{line + 1}", shape


def draw_strip(area: PlotArea, charts: dict[str, Any]) -> str:
    """One box per local day with a reading, below the time axis."""
    days = charts["days"]
    starts = [area.x(ms) for ms in (*days["at"], charts["end"])]
    space = 2 if len(days["at"]) <= MAX_DAYS_APART else 0
    boxes = "".join(
        f"M{first + space} {area.height}H{after - space}v12H{first + space}z"
        for (first, after), count in zip(pairwise(starts), days["counts"], strict=True)
        if count
    )
    return f'<path class="day" d="{boxes}"/>'
