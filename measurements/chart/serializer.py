"""Charts as the JSON that `static/vitals.js` draws. Times are UTC milliseconds, values in the panel's unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from measurements.chart.panels import Charts, Panel
from measurements.chart.points import CLOCK_AHEAD, CLOCK_RESET, ChartPoint
from measurements.chart.smoothing import Bucket, find_line_breaks
from measurements.chart.time_of_day import BIN_HOURS, TimeOfDayBin, seconds_of_day
from measurements.local_days import LocalDays
from measurements.numbers import round_half_up
from measurements.thresholds.evaluation import EffectiveThreshold, range_name
from measurements.units import Unit

# Bits of a point's flags.
FLAG_ESTIMATED, FLAG_NEEDS_CHECK, FLAG_IRREGULAR_HEARTBEAT, FLAG_LEFT_OUT, FLAG_LATE = 1, 2, 4, 8, 16
FLAG_CLOCK_AHEAD, FLAG_CLOCK_RESET = 32, 64
BAND_PLACES = 2  # decimals of the edges of a drawn goal


def serialize_charts(charts: Charts) -> dict[str, Any]:
    days = charts.days
    return {
        "zone": str(days.zone),
        "start": epoch_milliseconds(days.start),
        "end": epoch_milliseconds(days.end),
        "now": epoch_milliseconds(charts.now),
        "days": {"at": [epoch_milliseconds(start) for start in days.day_starts], "counts": charts.readings_per_day},
        "panels": [serialize_panel(panel, days, min(charts.now, days.end)) for panel in charts.panels],
    }


def epoch_milliseconds(time: dt.datetime) -> int:
    return round(time.timestamp() * 1000)


def serialize_panel(panel: Panel, days: LocalDays, until: dt.datetime) -> dict[str, Any]:
    unit, usual = panel.unit, panel.weight.usual if panel.weight else None
    drawn = {
        "code": panel.scope.key,
        "label": panel.scope.label,
        "unit": unit.name,
        "decimals": unit.decimals,
        "limits": panel.axis_limits,
        "goalName": range_name(panel.metric.pk),
        "lines": [{"label": line.label, "goal": serialize_threshold(line.threshold, unit)} for line in panel.series],
        "points": serialize_points(panel),
        "meals": {meal.number: meal.words for meal in panel.meals},
        "buckets": serialize_buckets(panel.plot_data.buckets, unit),
        "bucketDays": panel.plot_data.bucket_days,
        "breaks": find_line_breaks(panel.plot_data, until=until),
        "smoothed": [round_series(line, unit, 1) for line in panel.smoothed],
        "baseline": None if usual is None else unit.round_value(usual),
        "baselineSpans": [[epoch_milliseconds(at) for at in span] for span in panel.usual_weight_spans],
        "clock": None,
    }
    return (
        drawn if panel.time_of_day_bins is None else drawn | serialize_time_of_day(panel, panel.time_of_day_bins, days)
    )


def serialize_time_of_day(panel: Panel, slots: list[TimeOfDayBin], days: LocalDays) -> dict[str, Any]:
    """The points by milliseconds of the day, and bins of the day as buckets."""
    points = panel.plot_data.points
    clock = {
        "hours": BIN_HOURS,
        "at": [1000 * seconds_of_day(point.at, days.zone) for point in points],
        "labels": [slot.label for slot in slots],
        "banded": [slot.low is not None for slot in slots],
    }
    middle = BIN_HOURS * 1_800_000
    buckets = serialize_bands(
        [(slot.low or slot.median, slot.median, slot.high or slot.median) for slot in slots], panel.unit
    )
    binned = {
        "at": [slot.first_hour * 3_600_000 + middle for slot in slots],
        "n": [slot.n for slot in slots],
        **buckets,
    }
    return {
        "clock": clock,
        "buckets": binned,
        "bucketDays": 0,
        "breaks": [],
        "smoothed": [[None] * len(slots) for _ in panel.series],
    }


def round_series(values: Sequence[float | None], unit: Unit, more_places: int = 0) -> list[float | None]:
    return [None if value is None else unit.round_value(value, more_places) for value in values]


def serialize_threshold(goal: EffectiveThreshold | None, unit: Unit) -> dict[str, Any] | None:
    if goal is None:
        return None
    low, high = (
        None if bound is None else round_half_up(unit.convert_value(bound), BAND_PLACES)
        for bound in (goal.low, goal.high)
    )
    return {"low": low, "high": high, "words": goal.format_range(unit)}


def serialize_points(panel: Panel) -> dict[str, Any]:
    """`shapes` are the numbers of the stated meals; `checks` says why, by the place of a point to be checked."""
    points, unit = panel.plot_data.points, panel.unit
    shapes = {meal.context: meal.number for meal in panel.meals}
    return {
        "at": [epoch_milliseconds(point.at) for point in points],
        "values": [list(line) for line in zip(*(round_point(point, unit) for point in points), strict=True)],
        "flags": [point_flags(point) for point in points],
        "checks": {place: point.check_words for place, point in enumerate(points) if point.check_words},
        "shapes": [shapes.get(point.context, 0) for point in points],
        "pk": [point.pk for point in points],
        "pulse": [None if point.pulse is None else round_half_up(point.pulse, 0) for point in points],
    }


def round_point(point: ChartPoint, unit: Unit) -> list[float]:
    return [unit.round_value(value, point.more_places) for value in point.values]


def point_flags(point: ChartPoint) -> int:
    doubt = FLAG_LEFT_OUT if point.left_out else FLAG_NEEDS_CHECK * point.needs_check
    clock = {CLOCK_AHEAD: FLAG_CLOCK_AHEAD, CLOCK_RESET: FLAG_CLOCK_RESET}.get(point.clock, FLAG_LATE * point.late)
    marks = FLAG_IRREGULAR_HEARTBEAT * point.irregular + clock
    return FLAG_ESTIMATED * point.estimated + doubt + marks


def serialize_buckets(buckets: list[Bucket], unit: Unit) -> dict[str, Any]:
    columns = serialize_bands([(bucket.low, bucket.median, bucket.high) for bucket in buckets], unit)
    return {
        "at": [epoch_milliseconds(bucket.at) for bucket in buckets],
        **columns,
        "n": [bucket.n for bucket in buckets],
    }


def serialize_bands(rows: list[tuple[tuple[float, ...], ...]], unit: Unit) -> dict[str, list[list[float | None]]]:
    """Lowest, median and highest, each with one list per series."""

    def lines(place: int) -> list[list[float | None]]:
        return [round_series(line, unit) for line in zip(*(row[place] for row in rows), strict=True)]

    return {"low": lines(0), "mid": lines(1), "high": lines(2)}
