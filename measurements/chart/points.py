"""The readings behind a chart: fetched from the chart's index alone, paired, and made into plain numbers."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import FloatField, Func, Q, QuerySet
from django.db.models.functions import Cast

from measurements.models import Measurement
from measurements.thresholds.evaluation import Goals, Standing
from patients.models import Patient

PULSE, IRREGULAR, GLUCOSE = "pulse", "irregular_heartbeat", "glucose"


class Row(NamedTuple):
    """What the index holds of one reading."""

    metric: str
    pk: int
    device: int
    nth: int  # measurement index
    estimated: bool
    conflict: bool
    implausible: bool
    taken_at: dt.datetime
    value_1: float
    value_2: float | None


# Years are ten thousand rows: numbers cross the driver in a third of the time that datetimes and decimals take.
SECONDS = Func("taken_at", template="extract(epoch FROM %(expressions)s)::float8", output_field=FloatField())
COLUMNS = (
    *("metric_id", "pk", "device_id", "index", "estimated", "conflict", "implausible"),
    *(SECONDS, Cast("value_1", FloatField()), Cast("value_2", FloatField())),
)
Moment = tuple[int, dt.datetime, int]
# One physical reading: what one device took at one time, such as a blood pressure and its pulse.
moment_of = itemgetter(*(Row._fields.index(name) for name in ("device", "taken_at", "nth")))


@dataclass(slots=True)  # not frozen: years are ten thousand of them, and each would take three times as long
class Point:
    """One reading of a chart; `values` has one number per line, in the vendor's unit."""

    at: dt.datetime
    values: tuple[float, ...]
    estimated: bool = False
    check: bool = False
    irregular: bool = False
    context: str = ""
    pulse: float | None = None
    standing: Standing = Standing.UNJUDGED
    left_out: bool = False  # excluded by a person, or a test of the meter: shown on demand, never counted
    pk: int = field(default=0, compare=False)


def rows_of(patient: Patient, *, codes: Iterable[str], start: dt.datetime, end: dt.datetime) -> dict[str, list[Row]]:
    """By metric, oldest first. Without excluded and control readings; probable duplicates count once, so not twice."""
    found = (
        Measurement.objects.filter(patient=patient, metric__in=codes, duplicate=False)
        .between(start, end)
        .patients_own()
        .order_by("metric_id", "taken_at", "pk")
    )
    return _by_metric(found)


def rows_left_out(
    patient: Patient, *, codes: Iterable[str], start: dt.datetime, end: dt.datetime
) -> dict[str, list[Row]]:
    """The excluded and the control readings alone, by metric, oldest first."""
    found = Measurement.objects.filter(
        Q(control=True) | Q(excluded_at__isnull=False), patient=patient, metric__in=codes
    ).between(start, end)
    return _by_metric(found.order_by("metric_id", "taken_at", "pk"))


def _by_metric(found: QuerySet[Measurement, Any]) -> dict[str, list[Row]]:
    """Past the ORM, which would look at every number again."""
    rows: dict[str, list[Row]] = defaultdict(list)
    try:
        query, values = found.values_list(*COLUMNS).query.sql_with_params()
    except EmptyResultSet:  # of no metric
        return rows
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        for metric, pk, device, nth, estimated, conflict, implausible, seconds, *values in cursor.fetchall():
            at = dt.datetime.fromtimestamp(seconds, dt.UTC)
            rows[metric].append(Row(metric, pk, device, nth, estimated, conflict, implausible, at, *values))
    return rows


def meal_contexts(patient: Patient, *, start: dt.datetime, end: dt.datetime) -> dict[int, str]:
    """By reading: `fasting`, `pre-prandial` or `post-prandial`, where the glucometer said so."""
    rows = Measurement.objects.filter(patient=patient, metric=GLUCOSE, filter_params__has_key="meal_context")
    found = rows.between(start, end).values_list("pk", "filter_params__meal_context")
    return {pk: str(context) for pk, context in found}


@dataclass(frozen=True)
class Beside:
    """What travels with the reading of the same moment: its pulse, and that the heartbeat was irregular."""

    pulses: dict[Moment, float]
    irregular: set[Moment]

    @classmethod
    def of(cls, rows: dict[str, list[Row]]) -> Beside:
        pulses = {moment_of(row): row.value_1 for row in rows.get(PULSE, ())}
        return cls(pulses, set(map(moment_of, rows.get(IRREGULAR, ()))))


def points_of(
    code: str, rows: Iterable[Row], *, lines: int, beside: Beside, contexts: dict[int, str], goals: Goals
) -> list[Point]:
    """A pulse is no companion of itself."""
    pulses = beside.pulses if code != PULSE else {}
    judge = cache(partial(goals.judge, code))  # most values come again and again
    points = []
    for row in rows:
        _, pk, _, _, estimated, conflict, implausible, at, first, second = row
        values = (first,) if lines == 1 else (first, second or 0.0)
        moment, context = moment_of(row), contexts.get(pk, "")
        points.append(
            Point(
                at,
                values,
                estimated=estimated,
                check=conflict or implausible,
                irregular=moment in beside.irregular,
                context=context,
                pulse=pulses.get(moment),
                standing=judge(values, context),
                pk=pk,
            )
        )
    return points


def points_left_out(code: str, rows: dict[str, list[Row]], *, lines: int) -> list[Point]:
    """Never held against a goal: nobody knows whose values these are."""
    return [
        Point(
            at=row.taken_at, values=_values(row, lines), estimated=row.estimated, check=True, left_out=True, pk=row.pk
        )
        for row in rows.get(code, ())
    ]


def _values(row: Row, lines: int) -> tuple[float, ...]:
    return (row.value_1,) if lines == 1 else (row.value_1, row.value_2 or 0.0)
