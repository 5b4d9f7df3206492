"""Latest readings per metric with their threshold status, for lists and the patient page."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from measurements.models import LatestReading, Measurement, Metric
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import NO_THRESHOLDS, Judgement, judge, judge_beyond_meter, judge_values
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit
from patients.models import Patient
from patients.templatetags.time_display import PAPER_PATTERN, local_time

LATEST_READING_FIELDS = (
    *("patient_id", "metric_id", "taken_at", "estimated", "conflict", "implausible", "measurement__stamped_at"),
    *("value_1", "value_2", "beyond_meter", "meal_context"),
    *("doubtful__taken_at", "doubtful__value_1", "doubtful__value_2", "doubtful__beyond_meter"),
    "doubtful_meal_context",
)


class EvaluatedLatestReading(msgspec.Struct, frozen=True):
    """Judged in `unit`."""

    metric: Metric
    unit: Unit
    taken_at: dt.datetime
    judgement: Judgement
    estimated: bool = False
    needs_check: bool = False
    clock_ahead: bool = False
    doubtful: str = ""  # a newer reading that is to be checked: 0 % to be checked, 10:40 AM

    @property
    def values(self) -> tuple[float, ...]:
        return self.judgement.values

    @property
    def text(self) -> str:
        return self.judgement.text

    @property
    def unit_name(self) -> str:
        """Empty without a value: HI has no unit."""
        return self.unit.name if self.judgement.values else ""

    @property
    def words(self) -> str:
        return self.judgement.words

    @property
    def threshold_status(self) -> ThresholdStatus:
        return self.judgement.status


def judge_reading(
    reading: Measurement, thresholds: PatientThresholds, unit: Unit, *, more_places: int = 0
) -> Judgement:
    """Its text in `unit`, and its status and words if `EVALUABLE` holds."""
    bounds = thresholds if reading.is_evaluable else NO_THRESHOLDS
    stored = StoredValues(reading.value_1, reading.value_2, reading.beyond_meter, reading.meal_context)
    return judge_stored_values(reading.metric, stored, unit, bounds, more_places=more_places)


class StoredValues(NamedTuple):
    """Without `first` exactly where the value is `beyond_meter`."""

    first: Decimal | None
    second: Decimal | None = None
    beyond_meter: str = ""
    meal_context: str | None = None


def judge_stored_values(
    metric: Metric, stored: StoredValues, unit: Unit, bounds: PatientThresholds = NO_THRESHOLDS, *, more_places: int = 0
) -> Judgement:
    """Of a reading that may be judged, unless `bounds` are NO_THRESHOLDS."""
    context = stored.meal_context or ""
    if stored.first is None:
        evaluable = bounds is not NO_THRESHOLDS
        return judge_beyond_meter(metric, stored.beyond_meter, evaluable=evaluable, context=context)
    values = reading_values(metric, stored.first, stored.second)
    return judge(metric, values, unit, bounds, context=context, more_places=more_places)


def judge_components(reading: Measurement, thresholds: PatientThresholds, unit: Unit) -> list[Judgement]:
    """A judgement for each of its values: systolic and diastolic by their own thresholds."""
    if reading.value_1 is None or not reading.metric.has_second_value:
        return [judge_reading(reading, thresholds, unit)]
    values = reading_values(reading.metric, reading.value_1, reading.value_2)
    bounds = thresholds if reading.is_evaluable else NO_THRESHOLDS
    goals = [bounds.find_threshold(reading.metric_id, n, reading.meal_context) for n in range(1, len(values) + 1)]
    return [judge_values((value,), (goal,), unit) for value, goal in zip(values, goals, strict=True)]


def reading_values(metric: Metric, first: Decimal, second: Decimal | None) -> tuple[float, ...]:
    """In the vendor's unit: two for a blood pressure, else one. A second value without meaning is left out."""
    if metric.has_second_value and second is not None:
        return float(first), float(second)
    return (float(first),)


def latest_readings(
    patient: Patient, *, thresholds: PatientThresholds, units: DisplayUnits = VENDOR_UNITS, on_paper: bool = False
) -> list[EvaluatedLatestReading]:
    """Of every metric, in the order of the charts."""
    of_patient = {patient.pk: thresholds}
    return latest_readings_for_many([patient], thresholds=of_patient, units=units, on_paper=on_paper)[patient.pk]


def latest_readings_for_many(
    patients: Iterable[Patient],
    *,
    thresholds: Mapping[uuid.UUID, PatientThresholds],
    units: DisplayUnits = VENDOR_UNITS,
    only_metrics: Collection[str] | None = None,
    on_paper: bool = False,
) -> dict[uuid.UUID, list[EvaluatedLatestReading]]:
    """In two queries, however many patients. `on_paper`: with the date of a reading to be checked, also of today."""
    zones = {patient.pk: patient.zone for patient in patients}
    rows = (
        LatestReading.objects.filter(patient__in=list(zones), **({"metric__in": only_metrics} if only_metrics else {}))
        .annotate(
            meal_context=KeyTextTransform("meal_context", "measurement__filter_params"),
            doubtful_meal_context=KeyTextTransform("meal_context", "doubtful__filter_params"),
        )
        .order_by("metric__position", "metric_id")
        .values_list(*LATEST_READING_FIELDS)
    )
    metrics = {metric.pk: (metric, units.unit_for(metric)) for metric in Metric.objects.order_by()}
    found: dict[uuid.UUID, list[EvaluatedLatestReading]] = defaultdict(list)
    for patient_id, metric_id, *fields in rows:
        metric, unit = metrics[metric_id]
        *about, first, second, beyond_meter, context, doubtful_at = fields[:-4]
        stored = StoredValues(first, second, beyond_meter, context)
        reading = evaluate_latest_reading(metric, unit, thresholds[patient_id], stored, *about)
        if doubtful_at is not None:
            text = judge_stored_values(metric, StoredValues(*fields[-4:]), unit).text
            zone = zones[patient_id]
            when = local_time(doubtful_at, PAPER_PATTERN, zone) if on_paper else format_recent_time(doubtful_at, zone)
            reading = msgspec.structs.replace(reading, doubtful=f"{text} {unit.name} to be checked, {when}")
        found[patient_id].append(reading)
    return found


def format_recent_time(instant: dt.datetime, zone: ZoneInfo) -> str:
    """10:40 AM; on another day Nov 29, 10:40 AM."""
    today = timezone.now().astimezone(zone).date() == instant.astimezone(zone).date()
    return local_time(instant, "g:i A" if today else "M j, g:i A", zone)


def evaluate_latest_reading(
    metric: Metric,
    unit: Unit,
    thresholds: PatientThresholds,
    stored: StoredValues,
    taken_at: dt.datetime,
    estimated: bool,
    conflict: bool,
    implausible: bool,
    stamped_at: dt.datetime | None,
) -> EvaluatedLatestReading:
    check = conflict or implausible
    bounds = NO_THRESHOLDS if check else thresholds
    found = judge_stored_values(metric, stored, unit, bounds)
    return EvaluatedLatestReading(metric, unit, taken_at, found, estimated, check, stamped_at is not None)
