"""Week figures of patients: 7-day averages, irregular heartbeats and readings to check, stored in PatientSummary.

Ingest and goal changes mark a row as due (`week_due_at`), and so does each local midnight, when the week moves on. A
page computes the rows that are due itself, so that it never shows an old week; sorting and filters follow within
seconds.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from measurements.local_days import ONE_DAY, LocalDays, local_midnight
from measurements.models import Metric, PatientSummary
from measurements.models.reading_rules import COUNTED, CREDIBLE, IRREGULAR_HEARTBEAT_SQL, TRUSTED
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import GAIN_CONTEXT, PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import Judgement, judge
from measurements.thresholds.range_status import most_urgent
from measurements.units import VENDOR_UNITS
from measurements.weeks.weekly_average import WEEK_DAYS, MetricWeek, compute_metric_week
from measurements.weights.figures import WEIGHT_METRIC
from patients.models import Patient
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import DrainEnd, drain

AVERAGED_METRICS = ("blood_pressure", "glucose", "spO2")
BATCH_SIZE = 100  # patients in one transaction
REFRESH_SECONDS = 2.0  # of one run: at midnight thousands are due, and new readings wait for the same worker

# Vital signs of a week that are averaged, or that a clinician must know of. For each patient by itself: joined, they
# were searched for in the whole table wherever PostgreSQL had no statistics of it yet.
WEEK_READINGS_SQL = f"""
SELECT reading.* FROM unnest(%(patients)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS week(patient_id, first, last)
CROSS JOIN LATERAL (
    SELECT reading.patient_id, reading.metric_id, extract(epoch FROM reading.taken_at)::float8 AS seconds,
        reading.value_1::float8, reading.value_2::float8, reading.filter_params ->> 'meal_context',
        {TRUSTED.sql("reading")} AS trusted,
        CASE WHEN {CREDIBLE.sql("reading")} THEN reading.beyond_meter ELSE '' END AS beyond,
        reading.conflict OR reading.implausible AS unclear, {IRREGULAR_HEARTBEAT_SQL} AS irregular,
        reading.device_id, reading.index
    FROM measurements_measurement AS reading
    WHERE reading.patient_id = week.patient_id AND reading.metric_id = ANY(%(vitals)s)
        AND reading.taken_at >= week.first AND reading.taken_at < week.last AND {COUNTED.sql("reading")}
        AND (reading.metric_id = ANY(%(averaged)s) OR reading.conflict OR reading.implausible
            OR {IRREGULAR_HEARTBEAT_SQL})
    OFFSET 0
) AS reading
ORDER BY reading.patient_id, reading.metric_id, reading.seconds
"""  # noqa: S608 - made of constants
STORE_WEEKS_SQL = """
UPDATE measurements_patientsummary AS stored SET week = fresh.week, week_status = fresh.status,
    week_due_at = fresh.due_at, systolic_average = fresh.systolic, glucose_average = fresh.glucose,
    spo2_average = fresh.spo2, irregular_count = fresh.irregular, check_count = fresh.unclear
FROM jsonb_to_recordset(%s::jsonb) AS fresh(patient_id uuid, week jsonb, status text, due_at timestamptz,
    systolic float8, glucose float8, spo2 float8, irregular smallint, unclear smallint)
WHERE stored.patient_id = fresh.patient_id
"""


class AveragedReading(NamedTuple):
    at: dt.datetime
    values: tuple[float, ...]
    context: str
    threshold_status: ThresholdStatus
    opposite_status: ThresholdStatus


@dataclass(frozen=True)
class WeekFigures:
    """Of one patient: the averaged metrics, and how many physical readings are irregular or to be checked.

    `gain_status` is that of the change from the usual weight, as stored; a computed week has none.
    """

    metrics: dict[str, MetricWeek] = field(default_factory=dict)
    irregular_count: int = 0
    check_count: int = 0
    gain_status: ThresholdStatus = ThresholdStatus.NOT_EVALUATED

    @property
    def status(self) -> ThresholdStatus:
        """The most urgent of the averaged metrics and of the weight."""
        return most_urgent([self.gain_status, *(week.status for week in self.metrics.values())])

    @property
    def irregular_words(self) -> str:
        return f"{self.irregular_count} {'time' if self.irregular_count == 1 else 'times'}"

    @property
    def check_words(self) -> str:
        return f"{self.check_count} {'reading' if self.check_count == 1 else 'readings'}"

    @property
    def is_empty(self) -> bool:
        return not (self.metrics or self.irregular_count or self.check_count or self.gain_status)


def load_week_figures(
    summaries: Mapping[uuid.UUID, Any],
    patients: Iterable[Patient],
    *,
    thresholds: Mapping[uuid.UUID, PatientThresholds],
    now: dt.datetime,
) -> dict[uuid.UUID, WeekFigures]:
    """By patient as stored (`week_text` of the summary); those that are due are computed, in one query."""
    found, due = {}, []
    for patient in patients:
        if summary := summaries.get(patient.pk):
            found[patient.pk] = msgspec.json.decode(summary.week_text, type=WeekFigures)
            if summary.week_due_at and summary.week_due_at <= now:
                due.append(patient)
    return found | compute_week_figures(due, thresholds=thresholds, now=now)


def fetch_week_figures(patient: Patient) -> WeekFigures:
    """Of one patient as stored, which may be seconds behind."""
    week = PatientSummary.objects.filter(patient=patient).values_list("week", flat=True).first()
    return WeekFigures() if week is None else msgspec.convert(week, WeekFigures)


def compute_week_figures(
    patients: Sequence[Patient], *, thresholds: Mapping[uuid.UUID, PatientThresholds], now: dt.datetime
) -> dict[uuid.UUID, WeekFigures]:
    """From the readings of today and the six local days before."""
    if not patients:
        return {}
    weeks = {patient.pk: LocalDays.until(now, patient.zone, days=WEEK_DAYS) for patient in patients}
    metrics = Metric.objects.filter(vital=True).in_bulk()
    rows: dict[uuid.UUID, list[tuple[Any, ...]]] = defaultdict(list)
    with connection.cursor() as cursor:
        wanted: dict[str, Any] = {
            "patients": list(weeks),
            "starts": [week.start for week in weeks.values()],
            "ends": [week.end for week in weeks.values()],
            "vitals": list(metrics),
            "averaged": list(AVERAGED_METRICS),
        }
        cursor.execute(WEEK_READINGS_SQL, wanted)
        for patient_id, *row in cursor.fetchall():
            rows[patient_id].append(tuple(row))
    return {pk: build_week_figures(metrics, rows[pk], thresholds[pk], week) for pk, week in weeks.items()}


def build_week_figures(
    metrics: Mapping[str, Metric], rows: list[tuple[Any, ...]], thresholds: PatientThresholds, days: LocalDays
) -> WeekFigures:

    @cache  # values repeat
    def judge_values(code: str, values: tuple[float, ...], context: str) -> Judgement:
        return judge(metrics[code], values, VENDOR_UNITS.unit_for(metrics[code]), thresholds, context=context)

    readings: dict[str, list[AveragedReading]] = defaultdict(list)
    # Physical readings: a blood pressure, its pulse and another value for the same time are one.
    irregular_readings, unclear_readings = set(), set()
    beyond_meter: dict[str, list[str]] = defaultdict(list)
    for metric, seconds, first, second, meal, trusted, beyond, unclear, irregular, *device_and_index in rows:
        physical = (seconds, *device_and_index)
        if irregular:
            irregular_readings.add(physical)
        if unclear:
            unclear_readings.add(physical)
        if beyond:
            beyond_meter[metric].append(beyond)
        if trusted and metric in AVERAGED_METRICS:
            values = (first, second) if metric == "blood_pressure" else (first,)
            at = dt.datetime.fromtimestamp(seconds, dt.UTC)
            context = meal or ""
            judgement = judge_values(metric, values, context)
            readings[metric].append(AveragedReading(at, values, context, judgement.status, judgement.opposite))
    weeks = {
        code: compute_metric_week(
            metrics[code], readings[code], beyond_meter=beyond_meter[code], thresholds=thresholds, days=days
        )
        for code in {**readings, **beyond_meter}
    }
    return WeekFigures(weeks, len(irregular_readings), len(unclear_readings))


def refresh_due_weeks(*, seconds: float = REFRESH_SECONDS) -> None:
    """Compute and store the weeks that are due, for about `seconds`; a wake-up continues with the others."""
    if drain(refresh_due_batch, lambda _: None, seconds=seconds).end is DrainEnd.TIME_UP:
        wake_worker("week_figures")


@transaction.atomic
def refresh_due_batch() -> int:
    """The number of patients whose week was refreshed.

    Those with new readings come before those whose day has ended. Rows that another worker has locked are left to it.
    """
    due = PatientSummary.objects.filter(week_due_at__lte=timezone.now()).order_by("-week_due_at", "-pk")
    rows = due.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related("patient")[:BATCH_SIZE]
    summaries = list(rows)
    Patient.objects.touch_live_version(store_weeks(summaries))
    return len(summaries)


def refresh_weeks(patients: Iterable[uuid.UUID]) -> None:
    """The caller's transaction has locked the summaries and updates the live versions."""
    store_weeks(list(PatientSummary.objects.filter(pk__in=list(patients)).select_related("patient")))


def store_weeks(summaries: Sequence[PatientSummary]) -> list[uuid.UUID]:
    """Store the figures and when they are due again. Returns the patients whose figures have changed."""
    now, patients = timezone.now(), [summary.patient for summary in summaries]
    thresholds = evaluation.thresholds_for_many(patients)
    weeks = compute_week_figures(patients, thresholds=thresholds, now=now)
    rows, changed = [], []
    for summary in summaries:
        week = replace(weeks[summary.pk], gain_status=judge_recent_gain(summary, thresholds[summary.pk], now))
        stored = msgspec.json.decode(msgspec.json.encode(week))  # as PostgreSQL returns it
        means = {code: metric_week.mean for code, metric_week in week.metrics.items()}
        zone = summary.patient.zone
        midnight = local_midnight(now.astimezone(zone).date() + ONE_DAY, zone)
        rows.append(
            {
                "patient_id": str(summary.pk),
                "week": stored,
                "status": week.status,
                "due_at": None if week.is_empty else midnight.isoformat(),
                "systolic": means.get("blood_pressure"),
                "glucose": means.get("glucose"),
                "spo2": means.get("spO2"),
                "irregular": week.irregular_count,
                "unclear": week.check_count,
            }
        )
        if summary.week != stored:
            changed.append(summary.pk)
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(STORE_WEEKS_SQL, [msgspec.json.encode(rows).decode()])
    return changed


def judge_recent_gain(summary: PatientSummary, thresholds: PatientThresholds, now: dt.datetime) -> ThresholdStatus:
    """`NOT_EVALUATED` without a recent weight."""
    gain = summary.recent_weight_gain(now=now, zone=summary.patient.zone)
    if gain is None:
        return ThresholdStatus.NOT_EVALUATED
    return thresholds.evaluate(WEIGHT_METRIC, (gain,), GAIN_CONTEXT)
