"""Charts as the JSON that `static/charts.js` draws. Times are UTC milliseconds, values the vendor's units."""

from __future__ import annotations

import datetime as dt
from typing import Any

from measurements.charts import Charts, Panel
from measurements.drawing import GAP, Bucket
from measurements.goals import Goal
from measurements.points import Point

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
        "panels": [_panel(panel) for panel in charts.panels],
    }


def _ms(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)


def _panel(panel: Panel) -> dict[str, Any]:
    places = panel.metric.decimals
    return {
        "code": panel.metric.pk,
        "label": panel.metric.label,
        "unit": panel.metric.unit,
        "decimals": places,
        "limits": panel.limits,
        "lines": [{"label": line.label, "goal": _goal(line.goal)} for line in panel.lines],
        "points": _points(panel.drawn.points, places),
        "buckets": _buckets(panel.drawn.buckets, places),
        "bucketDays": panel.drawn.bucket_days,
        "calm": [[None if value is None else round(value, places + 1) for value in line] for line in panel.calm],
        "baseline": round(panel.baseline.median, places) if panel.baseline else None,
    }


def _goal(goal: Goal | None) -> dict[str, Any] | None:
    return {"low": goal.low, "high": goal.high, "words": goal.words} if goal else None


def _points(points: list[Point], places: int) -> dict[str, Any]:
    return {
        "at": [_ms(point.at) for point in points],
        "values": [[round(value, places) for value in line] for line in zip(*(p.values for p in points), strict=True)],
        "flags": [_flags(point) for point in points],
        "shapes": [MEAL_SHAPES.get(point.context, 0) for point in points],
        "pk": [point.pk for point in points],
        "pulse": [None if point.pulse is None else round(point.pulse) for point in points],
    }


def _flags(point: Point) -> int:
    doubt = LEFT_OUT if point.left_out else CHECK * point.check
    return ESTIMATED * point.estimated + doubt + IRREGULAR_HEARTBEAT * point.irregular


def _buckets(buckets: list[Bucket], places: int) -> dict[str, Any]:
    def lines(pick: str) -> list[list[float]]:
        columns = zip(*(getattr(bucket, pick) for bucket in buckets), strict=True)
        return [[round(value, places) for value in line] for line in columns]

    return {
        "at": [_ms(bucket.at) for bucket in buckets],
        "low": lines("low"),
        "mid": lines("mid"),
        "high": lines("high"),
        "n": [bucket.n for bucket in buckets],
    }
