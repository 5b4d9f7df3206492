"""The newest reading of each kind, held against its goal: what lists and the top of a patient's page show."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from django.db.models import Count, DateField, DateTimeField, F, Func, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from measurements.days import LocalDays
from measurements.goals import Goals, Standing
from measurements.models import LatestReading, Measurement, Metric
from measurements.summaries import BASELINE_DAYS, Baseline, baseline
from measurements.units import VENDORS, Unit, Units
from patients.models import Patient

IRREGULAR = "irregular_heartbeat"


@dataclass(frozen=True)
class Latest:
    """`values` in the vendor's unit: two for a blood pressure, else one. `text` is read in `unit`."""

    metric: Metric
    unit: Unit
    taken_at: dt.datetime
    values: tuple[float, ...]
    standing: Standing = Standing.UNJUDGED
    estimated: bool = False
    check: bool = False

    @property
    def text(self) -> str:
        return value_text(self.metric, self.values, self.unit)


def value_text(metric: Metric, values: Iterable[float | None], unit: Unit) -> str:
    """As it is read aloud: 163/106; 171.0; detected. Without the unit."""
    if metric.pk == IRREGULAR:
        return "detected"
    shown = [value for value in values if value is not None][: 2 if metric.has_second_value else 1]
    return "/".join(unit.text(value) for value in shown)


def of(patient: Patient, *, goals: Goals, units: Units = VENDORS) -> list[Latest]:
    """Of every metric, in the order that charts are shown."""
    return of_many([patient], goals={patient.pk: goals}, units=units)[patient.pk]


def of_many(
    patients: Iterable[Patient], *, goals: Mapping[uuid.UUID, Goals], units: Units = VENDORS
) -> dict[uuid.UUID, list[Latest]]:
    """In one query, however many patients."""
    rows = (
        LatestReading.objects.filter(patient__in=[patient.pk for patient in patients])
        .select_related("metric")
        .annotate(meal_context=KeyTextTransform("meal_context", "measurement__filter_params"))
        .order_by("metric__position", "metric_id")
    )
    found: dict[uuid.UUID, list[Latest]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(_latest(row, goals[row.patient_id], units, row.meal_context or ""))
    return found


def _latest(row: LatestReading, goals: Goals, units: Units, context: str) -> Latest:
    second = row.value_2 if row.metric.has_second_value else None
    values = tuple(float(value) for value in (row.value_1, second) if value is not None)
    check = row.conflict or row.implausible
    standing = Standing.UNJUDGED if check else goals.judge(row.metric_id, values, context)
    return Latest(row.metric, units.of(row.metric), row.taken_at, values, standing, row.estimated, check)


def usual_weights(
    patients: Iterable[Patient], *, goals: Mapping[uuid.UUID, Goals], now: dt.datetime
) -> dict[uuid.UUID, Baseline]:
    """Newest weight against the seven days before it, of those who weighed themselves in the last week."""
    by_pk = {patient.pk: patient for patient in patients}
    rows = (
        Measurement.objects.filter(_since(by_pk.values(), days=2 * BASELINE_DAYS + 1, now=now), metric="weight")
        .trusted()
        .order_by("patient_id", "taken_at")
    )
    weights: dict[uuid.UUID, list[tuple[dt.datetime, float]]] = defaultdict(list)
    for pk, taken_at, value in rows.values_list("patient_id", "taken_at", "value_1"):
        weights[pk].append((taken_at, float(value)))
    fresh = now - dt.timedelta(days=BASELINE_DAYS)
    found = {pk: baseline(of_one, zone=by_pk[pk].zone, goals=goals[pk]) for pk, of_one in weights.items()}
    return {pk: usual for pk, usual in found.items() if usual and usual.at >= fresh}


def days_measured(patients: Iterable[Patient], *, days: int, now: dt.datetime) -> dict[uuid.UUID, int]:
    """On how many of the last local days, today included, a vital sign was taken. Two queries for all patients."""
    # Named one by one, so that the index goes to each metric's last days and not through a patient's whole history.
    physiologic = list(Metric.objects.filter(physiologic=True).order_by().values_list("pk", flat=True))
    rows = Measurement.objects.filter(_since(patients, days=days, now=now), metric__in=physiologic, duplicate=False)
    on_the_wall = Func(F("patient__time_zone"), F("taken_at"), function="timezone", output_field=DateTimeField())
    counted = (
        rows.patients_own()
        .filter(taken_at__lte=now)
        .order_by()
        .values("patient_id")
        .annotate(days=Count(Cast(on_the_wall, DateField()), distinct=True))
    )
    return {row["patient_id"]: row["days"] for row in counted}


def _since(patients: Iterable[Patient], *, days: int, now: dt.datetime) -> Q:
    """Readings of these patients in the last local days of each: midnight comes at its own time in every zone."""
    by_zone: dict[str, list[Patient]] = defaultdict(list)
    for patient in patients:
        by_zone[patient.time_zone].append(patient)
    starts = {zone: LocalDays.until(now, ZoneInfo(zone), days=days).start for zone in by_zone}
    ranges = (
        Q(patient__in=[patient.pk for patient in together], taken_at__gte=starts[zone])
        for zone, together in by_zone.items()
    )
    # Said once for all of them too: a database reads ranges that are joined by OR one by one, and from the table.
    everybody = [patient.pk for together in by_zone.values() for patient in together]
    whole = Q(patient__in=everybody, taken_at__gte=min(starts.values(), default=now))
    return whole & reduce(or_, ranges, Q(pk__in=[]))
