"""Sparklines of the patient list: 30 days of the vital sign of a patient's condition, as an SVG line."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from measurements.chart.panels import panel_axis_limits
from measurements.local_days import AHEAD_AFTER, ONE_DAY
from measurements.models import Metric
from measurements.models.reading_rules import TRUSTED
from measurements.readings.latest_judged import EvaluatedLatestReading
from measurements.thresholds.evaluation import GAIN_CONTEXT, PatientThresholds
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit
from measurements.weights.figures import WEIGHT_METRIC
from patients.models import Condition, Patient

SPARKLINE_DAYS = 30
# Drawn is the metric of the first of these conditions that a patient has and measures: heart failure and COPD are not
# followed by systolic values.
CONDITION_METRICS = {
    Condition.HEART_FAILURE: "weight",
    Condition.COPD: "spO2",
    Condition.PREGNANCY: "blood_pressure",
    Condition.DIABETES: "glucose",
    Condition.HYPERTENSION: "blood_pressure",
    Condition.CKD: "blood_pressure",
    Condition.OBESITY: "weight",
}
# Else the first of these that the patient measures.
SPARKLINE_METRICS = ("blood_pressure", "weight", "glucose", "spO2")
WIDTH, HEIGHT, PADDING = 96, 36, 2
MAX_GAP_DAYS = 3

# One index scan per patient, on the index of the chart. Days are numbers, because reading 1,500 timestamps would
# take longer than the rest.
DAILY_AVERAGES_SQL = f"""
SELECT patient_id, min(lowest), max(highest), array_agg(day ORDER BY day), array_agg(average ORDER BY day)
FROM (
    SELECT chosen.patient_id, floor(extract(epoch FROM reading.taken_at - %(since)s) / 86400)::int AS day,
        avg(reading.value_1)::float8 AS average, min(reading.value_1)::float8 AS lowest,
        max(reading.value_1)::float8 AS highest
    FROM unnest(%(patients)s::uuid[], %(metrics)s::text[]) AS chosen(patient_id, metric_id)
    JOIN measurements_measurement AS reading
        ON reading.patient_id = chosen.patient_id AND reading.metric_id = chosen.metric_id
    WHERE reading.taken_at > %(since)s AND reading.taken_at <= %(until)s
        AND {TRUSTED.sql("reading")}
    GROUP BY chosen.patient_id, day
) AS days
GROUP BY patient_id
"""  # noqa: S608 - made of constants


@dataclass(frozen=True)
class Sparkline:
    """SVG paths in a box of WIDTH x HEIGHT, on the value axis of the chart; a gap of over three days breaks the line.

    `goal_bounds`, `lowest` and `highest` (of single readings) are in the vendor's unit.
    """

    metric: Metric
    unit: Unit
    path: str
    goal_path: str
    goal_bounds: tuple[float, ...]
    lowest: float
    highest: float

    @property
    def label(self) -> str:
        """Systolic 118-171"""
        return self.format_range("\N{EN DASH}")

    @property
    def description(self) -> str:
        goal = " and ".join(map(self.unit.format_bound, self.goal_bounds))
        ending = f", bound of the goal {goal}" if goal else ""
        return f"{self.format_range(' to ')} {self.unit.name} in {SPARKLINE_DAYS} days{ending}"

    def format_range(self, separator: str) -> str:
        bounds = dict.fromkeys(map(self.unit.format_value, (self.lowest, self.highest)))
        return f"{self.metric.label_1 or self.metric.label} {separator.join(bounds)}"


def build_sparklines(
    patients: Sequence[Patient],
    newest: Mapping[uuid.UUID, Sequence[EvaluatedLatestReading]],
    *,
    thresholds: Mapping[uuid.UUID, PatientThresholds],
    usual_weights: Mapping[uuid.UUID, float | None],
    now: dt.datetime,
    units: DisplayUnits = VENDOR_UNITS,
) -> dict[uuid.UUID, Sparkline]:
    """By patient, of the metric of the patient's condition; see `draw_sparklines`."""
    since = now + AHEAD_AFTER - SPARKLINE_DAYS * ONE_DAY
    chosen = {
        patient.pk: metric
        for patient in patients
        if (
            metric := choose_metric(patient, [row.metric for row in newest.get(patient.pk, ()) if row.taken_at > since])
        )
    }
    return draw_sparklines(chosen, thresholds=thresholds, usual_weights=usual_weights, now=now, units=units)


def draw_sparklines(
    chosen: Mapping[uuid.UUID, Metric],
    *,
    thresholds: Mapping[uuid.UUID, PatientThresholds],
    usual_weights: Mapping[uuid.UUID, float | None],
    now: dt.datetime,
    units: DisplayUnits = VENDOR_UNITS,
) -> dict[uuid.UUID, Sparkline]:
    """By patient, of the chosen metrics, from averages of 24 h. One query, an index-only scan.

    `usual_weights` are in lb: the goal of a weight is the usual one with the gain.
    """
    until = now + AHEAD_AFTER
    since = until - SPARKLINE_DAYS * ONE_DAY
    wanted: dict[str, Any] = {"patients": list(chosen), "metrics": [metric.pk for metric in chosen.values()]}
    with connection.cursor() as cursor:
        cursor.execute(DAILY_AVERAGES_SQL, wanted | {"since": since, "until": until})
        rows = cursor.fetchall()
    return {
        pk: build_sparkline(
            chosen[pk],
            units.unit_for(chosen[pk]),
            list(zip(days, averages, strict=True)),
            (lowest, highest),
            goal_bounds(chosen[pk], thresholds[pk], usual_weights.get(pk)),
        )
        for pk, lowest, highest, days, averages in rows
    }


def shade_path(first: dt.datetime, last: dt.datetime, *, now: dt.datetime) -> str:
    """SVG path of a band over the days from `first` to `last`, at least one day wide."""
    since = now + AHEAD_AFTER - SPARKLINE_DAYS * ONE_DAY
    from_day, to_day = (max(0, min(SPARKLINE_DAYS - 1, (at - since) // ONE_DAY)) for at in (first, last))
    half = (WIDTH - 2 * PADDING) / (SPARKLINE_DAYS - 1) / 2
    left, right = float(DAY_X_POSITIONS[from_day]) - half, float(DAY_X_POSITIONS[to_day]) + half
    return f"M{left:.1f} 0H{right:.1f}V{HEIGHT}H{left:.1f}z"


def goal_bounds(metric: Metric, thresholds: PatientThresholds, usual_weight: float | None) -> list[float]:
    """In the vendor's unit. Of a weight: the usual weight with the gain that is the goal."""
    is_weight = metric.pk == WEIGHT_METRIC
    goal = thresholds.find_threshold(metric.pk, context=GAIN_CONTEXT if is_weight else "")
    if goal is None or (is_weight and usual_weight is None):
        return []
    base = (usual_weight or 0.0) if is_weight else 0.0
    return [base + bound for bound in (goal.low, goal.high) if bound is not None]


def choose_metric(patient: Patient, recent: Sequence[Metric]) -> Metric | None:
    """The metric to draw, of those that were measured in the days of a sparkline."""
    by_code = {metric.pk: metric for metric in recent}
    of_conditions = [code for condition, code in CONDITION_METRICS.items() if condition in patient.conditions]
    return next((by_code[code] for code in (*of_conditions, *SPARKLINE_METRICS) if code in by_code), None)


# x position of each day, oldest first.
DAY_X_POSITIONS = [
    f"{PADDING + day * (WIDTH - 2 * PADDING) / (SPARKLINE_DAYS - 1):.1f}" for day in range(SPARKLINE_DAYS + 1)
]


def build_sparkline(
    metric: Metric,
    unit: Unit,
    points: Sequence[tuple[int, float]],
    extremes: tuple[float, float],
    goal_bounds: Sequence[float],
) -> Sparkline:
    """`points` are numbers of days, from 0, and averages, in order; `extremes` are of single readings."""
    lower, upper = panel_axis_limits(metric, unit, list(extremes))
    scale = (HEIGHT - 2 * PADDING) / (upper - lower)

    def y_position(value: float) -> float:
        return HEIGHT - PADDING - (unit.convert_value(value) - lower) * scale

    parts, before = [], -SPARKLINE_DAYS
    for day, value in points:
        # A line of no length is a dot, where the ends are round.
        form = "L%s %.1f" if day - before <= MAX_GAP_DAYS else "M%s %.1fh0"
        parts.append(form % (DAY_X_POSITIONS[day], y_position(value)))
        before = day
    drawn_goals = [bound for bound in goal_bounds if lower <= unit.convert_value(bound) <= upper]
    goal_path = "".join(f"M{PADDING} {y_position(bound):.1f}H{WIDTH - PADDING}" for bound in drawn_goals)
    return Sparkline(metric, unit, "".join(parts), goal_path, tuple(goal_bounds), *extremes)
