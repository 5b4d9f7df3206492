"""Charts as the JSON that `static/vitals.js` draws. Times are UTC milliseconds, values in the panel's unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from measurements.chart.panels import Charts, Panel
from measurements.chart.points import Point
from measurements.chart.smoothing import GAP, Bucket
from measurements.chart.time_of_day import SLOT_HOURS, Slot, seconds_of_day
from measurements.local_days import LocalDays
from measurements.thresholds.evaluation import Goal
from measurements.units import Unit

ESTIMATED, CHECK, IRREGULAR_HEARTBEAT, LEFT_OUT = 1, 2, 4, 8  # bits of a point's flags
MEAL_SHAPES = {"pre-prandial": 1, "fasting": 1, "post-prandial": 2}


def of(charts: Charts) -> dict[str, Any]:
    days = charts.days
    return {
        "zone": str(days.zone),
        "start": _ms(days.start),
        "end": _ms(days.end),
        "gap": int(GAP.total_seconds() * 1000),
        "days": {"at": [_ms(start) for start in days.starts], "counts": charts.counts},
        "panels": [_panel(panel, days) for panel in charts.panels],
    }


def _ms(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)


def _panel(panel: Panel, days: LocalDays) -> dict[str, Any]:
    unit = panel.unit
    drawn = {
        "code": panel.metric.pk,
        "label": panel.metric.label,
        "unit": unit.name,
        "decimals": unit.places,
        "limits": panel.limits,
        "lines": [{"label": line.label, "goal": _goal(line.goal, unit)} for line in panel.lines],
        "points": _points(panel.drawn.points, unit),
        "buckets": _buckets(panel.drawn.buckets, unit),
        "bucketDays": panel.drawn.bucket_days,
        "calm": [_numbers(line, unit, 1) for line in panel.calm],
        "baseline": _number(panel.baseline.median, unit) if panel.baseline else None,
        "clock": None,
    }
    return drawn if panel.slots is None else drawn | _by_clock(panel, panel.slots, days)


def _by_clock(panel: Panel, slots: list[Slot], days: LocalDays) -> dict[str, Any]:
    """The same points by milliseconds of the day, and slots of it instead of days."""
    points = panel.drawn.points
    clock = {
        "hours": SLOT_HOURS,
        "at": [1000 * seconds_of_day(point.at, days.zone) for point in points],
        "labels": [slot.label for slot in slots],
        "banded": [slot.low is not None for slot in slots],
    }
    middle = SLOT_HOURS * 1_800_000
    buckets = _columns([(slot.low or slot.mid, slot.mid, slot.high or slot.mid) for slot in slots], panel.unit)
    found = {"at": [slot.first_hour * 3_600_000 + middle for slot in slots], "n": [slot.n for slot in slots], **buckets}
    return {"clock": clock, "buckets": found, "bucketDays": 0, "calm": [[None] * len(slots) for _ in panel.lines]}


def _number(value: float, unit: Unit, more_places: int = 0) -> float:
    return round(unit.shown(value), unit.places + more_places)


def _numbers(values: Sequence[float | None], unit: Unit, more_places: int = 0) -> list[float | None]:
    """Of thousands nearly all are in the vendor's unit, where nothing but the places is to be done."""
    if unit.converted:
        return [None if value is None else _number(value, unit, more_places) for value in values]
    places = unit.places + more_places
    return [None if value is None else round(value, places) for value in values]


def _goal(goal: Goal | None, unit: Unit) -> dict[str, Any] | None:
    if goal is None:
        return None
    low, high = (None if bound is None else round(unit.shown(bound), 2) for bound in (goal.low, goal.high))
    return {"low": low, "high": high, "words": goal.words(unit)}


def _points(points: list[Point], unit: Unit) -> dict[str, Any]:
    return {
        "at": [_ms(point.at) for point in points],
        "values": [_numbers(line, unit) for line in zip(*(point.values for point in points), strict=True)],
        "flags": [_flags(point) for point in points],
        "shapes": [MEAL_SHAPES.get(point.context, 0) for point in points],
        "pk": [point.pk for point in points],
        "pulse": [None if point.pulse is None else round(point.pulse) for point in points],
    }


def _flags(point: Point) -> int:
    doubt = LEFT_OUT if point.left_out else CHECK * point.check
    return ESTIMATED * point.estimated + doubt + IRREGULAR_HEARTBEAT * point.irregular


def _buckets(buckets: list[Bucket], unit: Unit) -> dict[str, Any]:
    columns = _columns([(bucket.low, bucket.mid, bucket.high) for bucket in buckets], unit)
    return {"at": [_ms(bucket.at) for bucket in buckets], **columns, "n": [bucket.n for bucket in buckets]}


def _columns(rows: list[tuple[tuple[float, ...], ...]], unit: Unit) -> dict[str, list[list[float | None]]]:
    """Lowest, middle and highest, each with one list per line of the chart."""

    def lines(place: int) -> list[list[float | None]]:
        return [_numbers(line, unit) for line in zip(*(row[place] for row in rows), strict=True)]

    return {"low": lines(0), "mid": lines(1), "high": lines(2)}
