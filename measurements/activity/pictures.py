"""Pictures of a watch's days as SVG: bars of steps and of sleep, and the heart rate from its lowest to its highest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from measurements.activity.watch_days import WatchDay
from measurements.chart import axes, svg
from measurements.chart.serializer import epoch_milliseconds
from measurements.chart.svg_paths import WIDTH, PlotArea
from measurements.local_days import ONE_DAY, LocalDays
from patients.wording import count_noun

HEART_RATE_AXIS = (40.0, 140.0, 10.0)
BAR_SHARE = 0.7  # of a day's width
HALF_DAY_MS = svg.DAY_MS // 2


def chart_frame(days: LocalDays, now: dt.datetime) -> dict[str, Any]:
    """What a picture needs of `serializer.serialize_charts`."""
    return {
        "zone": str(days.zone),
        "start": epoch_milliseconds(days.start),
        "end": epoch_milliseconds(days.end),
        "now": epoch_milliseconds(now),
        "days": {"at": [epoch_milliseconds(start) for start in days.day_starts], "counts": []},
    }


def draw_bars(
    days: LocalDays, values: Sequence[Sequence[float]], *, now: dt.datetime, key: str, label: str, unit: str
) -> SafeString:
    """`values`: for each day none, one, or several, which are drawn side by side."""
    every = [value for of_day in values for value in of_day]
    if not every:
        return SafeString()
    frame, highest = chart_frame(days, now), max(*every, 1.0)
    _, step = axes.generic_half_range([highest])
    area = PlotArea(svg.HEIGHT, frame["start"], frame["end"], 0.0, step * -(-highest // step))
    bars = []
    for of_day, (start, end) in zip(values, pairwise([*frame["days"]["at"], frame["end"]]), strict=True):
        first, width = area.x(start), (area.x(end) - area.x(start)) * BAR_SHARE
        for n, value in enumerate(of_day):
            left, right = (round(first + width * place / len(of_day)) for place in (n, n + 1))
            bars.append(f"M{left} {area.bottom}V{area.y(value)}H{right}V{area.bottom}z")
    measured = sum(bool(of_day) for of_day in values)
    return format_html(
        '<svg class="picture" viewBox="0 0 {} {}" role="img" aria-labelledby="{key}-title {key}-desc">'
        '<title id="{key}-title">{}</title><desc id="{key}-desc">{}</desc>{}<path class="bar" d="{}"/></svg>',
        WIDTH,
        area.height,
        f"{label}, {unit}",
        f"{count_noun(measured, 'day')} with a value, {min(every):,.10g} to {max(every):,.10g}; the table has each.",
        SafeString(svg.draw_axes(area, {"unit": unit}, svg.time_labels(frame, {"clock": None}))),
        "".join(bars),
        key=f"picture-{key}",
    )


def draw_heart_rate(days: LocalDays, watch_days: Sequence[WatchDay], *, now: dt.datetime) -> SafeString:
    """Per day a band from the lowest to the highest, and the mean as a line; none of them over a day without."""
    known = [day for day in watch_days if day.mean is not None]
    if not known:
        return SafeString()
    means = [day.mean or 0.0 for day in known]
    lows = [mean if day.lowest is None else day.lowest for day, mean in zip(known, means, strict=True)]
    highs = [mean if day.highest is None else day.highest for day, mean in zip(known, means, strict=True)]
    low, high, step = HEART_RATE_AXIS
    gaps = [n for n, (day, after) in enumerate(pairwise(known), start=1) if after.day - day.day > ONE_DAY]
    frame = chart_frame(days, now)
    panel = {
        "code": "heart-rate",
        "label": "Heart rate",
        "unit": "bpm",
        "decimals": 0,
        "limits": [min(low, min(lows) // step * step), max(high, -(-max(highs) // step) * step)],
        "lines": [{"label": "heart rate", "goal": None}],
        "points": {"at": [], "values": [[]], "flags": [], "shapes": []},
        "buckets": {
            "at": [frame["days"]["at"][(day.day - days.first).days] + HALF_DAY_MS for day in known],
            "n": [len(day.heart_rate) for day in known],
            **{name: [[round(value, 1) for value in line]] for name, line in (("low", lows), ("high", highs))},
        },
        "smoothed": [means],
        "breaks": gaps,
        "baseline": None,
        "baselineSpans": [],
        "clock": None,
    }
    return svg.draw_panel(frame, panel)
