"""Timeline events of readings: one for each local day with its count, metrics and worst values; and exclusions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models.fields.json import KeyTextTransform
from django.urls import reverse

from measurements.check_reasons import BLOOD_PRESSURE
from measurements.models import ExclusionEvent, Measurement, Metric
from measurements.readings.latest_judged import StoredValues, judge_stored_values, reading_values
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import BELOW_STATUSES, URGENCY_RANKS, PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import NO_THRESHOLDS, YES_NO_WORDS
from measurements.timeline.events import EventDetail, TimelineEvent, TimelineKind, TimelineScope
from measurements.units import Unit
from patients.wording import count_noun


class DayReading(NamedTuple):
    """The columns of a reading that its day's event needs."""

    taken_at: dt.datetime
    received_at: dt.datetime
    metric_id: str
    value_1: Decimal | None
    value_2: Decimal | None
    beyond_meter: str
    meal_context: str | None
    is_left_out: bool
    needs_check: bool

    @property
    def stored_values(self) -> StoredValues:
        return StoredValues(self.value_1, self.value_2, self.beyond_meter, self.meal_context)


FIELDS = ("taken_at", "received_at", "metric_id", "value_1", "value_2", "beyond_meter", "stated_meal")
FLAGS = ("excluded_at", "control", "duplicate", "conflict", "implausible")


def fetch_reading_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    """Judged by today's goals. Three queries."""
    goals = evaluation.thresholds_for(scope.patient)
    metrics = {metric.pk: metric for metric in Metric.objects.filter(vital=True)}
    rows = (
        Measurement.objects.filter(patient=scope.patient, metric__in=list(metrics))
        .between(scope.days.list_start, scope.days.end)
        .annotate(stated_meal=KeyTextTransform("meal_context", "filter_params"))
        .order_by("-taken_at", "-pk")
        .values_list(*FIELDS, *FLAGS)
    )
    readings = (build_day_reading(*row) for row in rows.iterator(chunk_size=2000))
    zone, last = scope.patient.zone, scope.days.last
    for day, group in groupby(readings, key=lambda reading: min(reading.taken_at.astimezone(zone).date(), last)):
        yield build_day_event(day, list(group), metrics, goals, scope)


def build_day_reading(*columns: Any) -> DayReading:
    """`columns` are FIELDS and FLAGS."""
    excluded_at, control, duplicate, conflict, implausible = columns[len(FIELDS) :]
    is_left_out = excluded_at is not None or control or duplicate
    return DayReading._make((*columns[: len(FIELDS)], is_left_out, conflict or implausible))


def build_day_event(
    day: dt.date,
    readings: Sequence[DayReading],
    metrics: dict[str, Metric],
    goals: PatientThresholds,
    scope: TimelineScope,
) -> TimelineEvent:
    counted = [reading for reading in readings if not reading.is_left_out]
    by_metric = {code: [each for each in counted if each.metric_id == code] for code in metrics}
    details = [
        describe_metric(metrics[code], rows, scope.units.unit_for(metrics[code]), goals)
        for code, rows in by_metric.items()
        if rows
    ]
    if doubtful := sum(reading.needs_check for reading in counted):
        details.append(EventDetail(f"{doubtful} to be checked", "warn"))
    if left_out := len(readings) - len(counted):
        details.append(EventDetail(f"{left_out} left out: excluded, duplicate or a test of the meter"))
    return TimelineEvent(
        at=readings[0].taken_at,
        kind=TimelineKind.READINGS,
        title=count_noun(len(counted), "reading"),
        details=tuple(details),
        day=day,
        known_at=max(reading.received_at for reading in readings),
    )


def describe_metric(
    metric: Metric, readings: Sequence[DayReading], unit: Unit, goals: PatientThresholds
) -> EventDetail:
    """Blood pressure 4, worst 172/98 mmHg, above goal. In range, the newest value instead of the worst."""
    if metric.pk in YES_NO_WORDS:
        return describe_yes_no(metric, readings)
    judged = [(judge_day_reading(each, goals), each) for each in readings if not each.needs_check]
    label = f"{metric.label} {len(readings)}"
    if not judged:
        return EventDetail(label)
    worst, reading = min(judged, key=lambda pair: worst_first(metric, *pair))
    shown = judge_stored_values(metric, reading.stored_values, unit, goals)
    word = "worst" if worst.is_out_of_range else "newest"
    value = " ".join(filter(None, (shown.text, unit.name if shown.values else "")))
    words = ", ".join(filter(None, (label, f"{word} {value}", shown.words)))
    return EventDetail(words, worst.tone if worst.is_out_of_range else "")


def describe_yes_no(metric: Metric, readings: Sequence[DayReading]) -> EventDetail:
    """Irregular heartbeat: detected 2 of 4 times."""
    found = sum(bool(reading.value_1) for reading in readings)
    no, yes = YES_NO_WORDS[metric.pk]
    if not found:
        return EventDetail(f"{metric.label}: {no}")
    return EventDetail(f"{metric.label}: {yes} {found} of {count_noun(len(readings), 'time')}", "warn")


def judge_day_reading(reading: DayReading, goals: PatientThresholds) -> ThresholdStatus:
    if reading.value_1 is None:
        return ThresholdStatus.VERY_HIGH if reading.beyond_meter == "above" else ThresholdStatus.VERY_LOW
    values = [float(value) for value in (reading.value_1, reading.value_2) if value is not None]
    second = values if reading.metric_id == BLOOD_PRESSURE else values[:1]
    return goals.evaluate(reading.metric_id, second, reading.meal_context or "")


def worst_first(metric: Metric, status: ThresholdStatus, reading: DayReading) -> tuple[int, float, float]:
    """Sort key: the most urgent status, then the value furthest beyond; in range, the newest."""
    rank = URGENCY_RANKS[status]
    newest = -reading.taken_at.timestamp()
    if not status.is_out_of_range or reading.value_1 is None:
        return rank, 0.0, newest
    size = sum(reading_values(metric, reading.value_1, reading.value_2))
    return rank, size if status in BELOW_STATUSES else -size, newest


def fetch_exclusion_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    rows = ExclusionEvent.objects.filter(scope.within("at"), patient=scope.patient)
    for row in rows.select_related("by", "measurement__metric"):
        reading = row.measurement
        unit = scope.units.unit_for(reading.metric)
        shown = judge_stored_values(
            reading.metric,
            StoredValues(reading.value_1, reading.value_2, reading.beyond_meter, reading.meal_context),
            unit,
            NO_THRESHOLDS,
        )
        named = f"{reading.metric.label} {shown.text} {unit.name if shown.values else ''}".strip()
        yield TimelineEvent(
            at=row.at,
            kind=TimelineKind.READINGS,
            title=f"{named} {'counts again' if row.is_undo else 'excluded'}",
            text=row.reason,
            by=row.by.name if row.by else "",
            url=reverse("patients:reading", args=[scope.patient.pk, reading.pk]),
        )
