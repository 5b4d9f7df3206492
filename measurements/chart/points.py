"""Chart points: readings fetched by an index-only scan and combined with their pulse and meal context."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, FloatField, Func, QuerySet, Value, When
from django.db.models.functions import Cast

from measurements.check_reasons import check_reasons
from measurements.meal_contexts import GLUCOSE
from measurements.models import Measurement, Metric
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import Judgement, judge
from measurements.units import Unit
from patients.models import Patient

PULSE, IRREGULAR_HEARTBEAT = "pulse", "irregular_heartbeat"


class ChartRow(NamedTuple):
    """The indexed columns of one reading."""

    metric: str
    pk: int
    device: int
    measurement_index: int
    estimated: bool
    conflict: bool
    implausible: bool
    late: bool
    clock: int
    taken_at: dt.datetime
    value_1: float
    value_2: float | None


# Years are ten thousand rows: the driver reads floats in a third of the time of datetimes and decimals.
TAKEN_AT_SECONDS = Func("taken_at", template="extract(epoch FROM %(expressions)s)::float8", output_field=FloatField())
CLOCK_AHEAD, CLOCK_RESET = 1, 2
CLOCK_WORDS = {
    CLOCK_AHEAD: "the device's clock is ahead",
    CLOCK_RESET: "the device's clock was reset: the day is not known",
}
CLOCK = Case(
    When(stamped_at__isnull=False, then=Value(CLOCK_AHEAD)),
    When(clock_reset=True, then=Value(CLOCK_RESET)),
    default=Value(0),
)
CHART_ROW_FIELDS = (
    *("metric_id", "pk", "device_id", "index", "estimated", "conflict", "implausible", "late"),
    *(CLOCK, TAKEN_AT_SECONDS, Cast("value_1", FloatField()), Cast("value_2", FloatField())),
)
ReadingGroupKey = tuple[int, dt.datetime, int]
# One physical reading: what one device took at one time, such as a blood pressure and its pulse.
reading_group_key = itemgetter(*(ChartRow._fields.index(name) for name in ("device", "taken_at", "measurement_index")))


@dataclass(slots=True)  # not frozen: years are ten thousand of them, and each would take three times as long
class ChartPoint:
    """One reading of a chart; `values` has one number per line, in the vendor's unit."""

    at: dt.datetime
    values: tuple[float, ...]
    estimated: bool = False
    needs_check: bool = False
    check_words: str = ""
    irregular: bool = False
    context: str = ""
    pulse: float | None = None
    threshold_status: ThresholdStatus = ThresholdStatus.NOT_EVALUATED
    opposite_status: ThresholdStatus = ThresholdStatus.NOT_EVALUATED  # `Judgement.opposite`
    late: bool = False  # it came over 24 h after it was taken
    clock: int = 0  # CLOCK_AHEAD, CLOCK_RESET
    left_out: bool = False  # excluded by a person or a control: shown on request, never counted
    more_places: int = field(default=0, compare=False)  # decimals beyond those of the unit, as judged
    pk: int = field(default=0, compare=False)


def fetch_chart_rows(
    patient: Patient, *, codes: Iterable[str], start: dt.datetime, end: dt.datetime
) -> dict[str, list[ChartRow]]:
    """Counted readings with a known value by metric, oldest first."""
    found = (
        Measurement.objects.filter(patient=patient, metric__in=codes)
        .between(start, end)
        .counted()
        .with_value()
        .order_by("metric_id", "taken_at", "pk")
    )
    return fetch_rows_by_metric(found)


def fetch_left_out_rows(
    patient: Patient, *, codes: Iterable[str], start: dt.datetime, end: dt.datetime
) -> dict[str, list[ChartRow]]:
    """Excluded and control readings with a known value by metric, oldest first."""
    found = Measurement.objects.filter(patient=patient, metric__in=codes).between(start, end).left_out().with_value()
    return fetch_rows_by_metric(found.order_by("metric_id", "taken_at", "pk"))


def fetch_rows_by_metric(found: QuerySet[Measurement, Any]) -> dict[str, list[ChartRow]]:
    """Without model instances: the ORM would convert every number again."""
    rows: dict[str, list[ChartRow]] = defaultdict(list)
    try:
        query, values = found.values_list(*CHART_ROW_FIELDS).query.sql_with_params()
    except EmptyResultSet:  # no metrics
        return rows
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        for (
            metric,
            pk,
            device,
            nth,
            estimated,
            conflict,
            implausible,
            late,
            clock,
            seconds,
            *values,
        ) in cursor.fetchall():
            at = dt.datetime.fromtimestamp(seconds, dt.UTC)
            row = ChartRow(metric, pk, device, nth, estimated, conflict, implausible, late, clock, at, *values)
            rows[metric].append(row)
    return rows


def fetch_meal_contexts(patient: Patient, *, start: dt.datetime, end: dt.datetime) -> dict[int, str]:
    """By reading, where the glucometer stated it."""
    rows = Measurement.objects.filter(patient=patient, metric=GLUCOSE, filter_params__has_key="meal_context")
    found = rows.between(start, end).values_list("pk", "filter_params__meal_context")
    return {pk: context for pk, context in found if isinstance(context, str)}


@dataclass(frozen=True)
class CompanionReadings:
    """Pulse and irregular heartbeat of the same physical reading."""

    pulses: dict[ReadingGroupKey, float]
    irregular: set[ReadingGroupKey]

    @classmethod
    def from_rows(cls, rows: dict[str, list[ChartRow]]) -> CompanionReadings:
        pulses = {reading_group_key(row): row.value_1 for row in rows.get(PULSE, ())}
        return cls(pulses, set(map(reading_group_key, rows.get(IRREGULAR_HEARTBEAT, ()))))


def build_points(
    metric: Metric,
    rows: Iterable[ChartRow],
    *,
    unit: Unit,
    companions: CompanionReadings,
    contexts: dict[int, str],
    thresholds: PatientThresholds,
) -> list[ChartPoint]:
    """A pulse has no companion pulse."""
    pulses = companions.pulses if metric.pk != PULSE else {}

    @cache  # values repeat
    def judged(values: tuple[float, ...], context: str) -> Judgement:
        return judge(metric, values, unit, thresholds, context=context)

    points = []
    for row in rows:
        _, pk, _, _, estimated, conflict, implausible, late, clock, at, first, second = row
        values = (first, second or 0.0) if metric.has_second_value else (first,)
        group, context = reading_group_key(row), contexts.get(pk, "")
        judgement = judged(values, context)
        points.append(
            ChartPoint(
                at,
                values,
                estimated=estimated,
                needs_check=conflict or implausible,
                check_words=join_check_reasons(metric, values, conflict, implausible),
                irregular=group in companions.irregular,
                context=context,
                pulse=pulses.get(group),
                threshold_status=judgement.status,
                opposite_status=judgement.opposite,
                more_places=judgement.more_places,
                late=late,
                clock=clock,
                pk=pk,
            )
        )
    return points


def join_check_reasons(metric: Metric, values: tuple[float, ...], conflict: bool, implausible: bool) -> str:
    """Empty for nearly all points, without further work."""
    if not (conflict or implausible):
        return ""
    return "; ".join(check_reasons(metric, values, conflict=conflict, implausible=implausible))


def build_left_out_points(metric: Metric, rows: Iterable[ChartRow], *, contexts: dict[int, str]) -> list[ChartPoint]:
    """Without a threshold status: these may not be the patient's values."""
    return [
        ChartPoint(
            at=row.taken_at,
            values=(row.value_1, row.value_2 or 0.0) if metric.has_second_value else (row.value_1,),
            estimated=row.estimated,
            needs_check=True,
            context=contexts.get(row.pk, ""),
            left_out=True,
            late=row.late,
            clock=row.clock,
            pk=row.pk,
        )
        for row in rows
    ]
