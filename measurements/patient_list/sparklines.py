"""Sparklines of the patient list: 30 days of one vital sign as an SVG line without axes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from measurements.models import Metric
from measurements.models.reading_rules import TRUSTED
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit

SPARKLINE_DAYS = 30
# Drawn is the first of these that a patient has.
SPARKLINE_METRICS = ("blood_pressure", "weight", "glucose", "spO2")
WIDTH, HEIGHT, PADDING = 96, 24, 2
MAX_GAP_DAYS = 3
ONE_DAY = dt.timedelta(days=1)

# One index scan per patient, on the index of the chart. Days are numbers, because reading 1,500 timestamps would
# take longer than the rest.
DAILY_AVERAGES_SQL = f"""
SELECT patient_id, array_agg(day ORDER BY day), array_agg(average ORDER BY day)
FROM (
    SELECT chosen.patient_id, floor(extract(epoch FROM reading.taken_at - %(since)s) / 86400)::int AS day,
        avg(reading.value_1)::float8 AS average
    FROM unnest(%(patients)s::uuid[], %(metrics)s::text[]) AS chosen(patient_id, metric_id)
    JOIN measurements_measurement AS reading
        ON reading.patient_id = chosen.patient_id AND reading.metric_id = chosen.metric_id
    WHERE reading.taken_at > %(since)s AND reading.taken_at <= %(now)s
        AND {TRUSTED.sql("reading")}
    GROUP BY chosen.patient_id, day
) AS days
GROUP BY patient_id
"""  # noqa: S608 - made of constants


@dataclass(frozen=True)
class Sparkline:
    """`path` is SVG in a box of WIDTH x HEIGHT; a gap of over three days breaks it. Bounds in the vendor's unit."""

    metric: Metric
    unit: Unit
    path: str
    lowest: float
    highest: float

    @property
    def description(self) -> str:
        name = self.metric.label_1 or self.metric.label
        lowest, highest = self.unit.format_value(self.lowest), self.unit.format_value(self.highest)
        return f"{name}, {SPARKLINE_DAYS} days: {lowest} to {highest} {self.unit.name}"


def build_sparklines(
    metrics: Mapping[uuid.UUID, Iterable[Metric]], *, now: dt.datetime, units: DisplayUnits = VENDOR_UNITS
) -> dict[uuid.UUID, Sparkline]:
    """By patient, of the metrics that each has: averages of 24 h. One query, an index-only scan."""
    chosen = {
        pk: min(preferred, key=lambda metric: SPARKLINE_METRICS.index(metric.pk))
        for pk, found in metrics.items()
        if (preferred := [metric for metric in found if metric.pk in SPARKLINE_METRICS])
    }
    wanted: dict[str, Any] = {"patients": list(chosen), "metrics": [metric.pk for metric in chosen.values()]}
    with connection.cursor() as cursor:
        cursor.execute(DAILY_AVERAGES_SQL, wanted | {"since": now - SPARKLINE_DAYS * ONE_DAY, "now": now})
        days = {pk: list(zip(numbers, averages, strict=True)) for pk, numbers, averages in cursor.fetchall()}
    return {pk: build_sparkline(chosen[pk], units.unit_for(chosen[pk]), points) for pk, points in days.items()}


# x position of each day, oldest first.
DAY_X_POSITIONS = [
    f"{PADDING + day * (WIDTH - 2 * PADDING) / (SPARKLINE_DAYS - 1):.1f}" for day in range(SPARKLINE_DAYS + 1)
]


def build_sparkline(metric: Metric, unit: Unit, points: Sequence[tuple[int, float]]) -> Sparkline:
    """`points` are numbers of days, from 0, and averages, in order."""
    values = [value for _, value in points]
    lowest, highest = min(values), max(values)
    scale, bottom = (HEIGHT - 2 * PADDING) / (highest - lowest or 1.0), HEIGHT - PADDING
    parts, before = [], -SPARKLINE_DAYS
    for day, value in points:
        # A line of no length is a dot, where the ends are round.
        form = "L%s %.1f" if day - before <= MAX_GAP_DAYS else "M%s %.1fh0"
        parts.append(form % (DAY_X_POSITIONS[day], bottom - (value - lowest) * scale))
        before = day
    return Sparkline(metric, unit, "".join(parts), lowest, highest)
