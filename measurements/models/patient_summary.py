from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Expression, F, Func, IntegerField
from django.utils import timezone

from measurements.local_days import AHEAD_AFTER, ONE_DAY, LocalDays, is_recent
from patients.models import Clinic, Patient
from patients.queueing.wakeup import wake_worker

BEYOND_METER_SORT_VALUES = (99999, -99999)  # above and below: beyond all values; shown nowhere
MEASURED_DAYS_BITS = 62  # shifted further, bits would reach the sign of a bigint

# The bits stay as stored, today moves. OFFSET makes PostgreSQL compute the patient's local date once a row, not four
# times.
MEASURED_DAY_COUNT_SQL = f"""(
    SELECT bit_count((moved & ((1::bigint << %(days)s) - 1))::bit(64)) FROM (
        SELECT CASE WHEN ago >= {MEASURED_DAYS_BITS} THEN 0 WHEN ago >= 0 THEN mask << ago
            WHEN last = timezone(zone, now + interval '{AHEAD_AFTER.seconds + 1} seconds')::date THEN (mask >> 1) | 1
            WHEN ago > -{MEASURED_DAYS_BITS} THEN mask >> -ago ELSE 0 END AS moved
        FROM (
            SELECT mask, last, zone, now, timezone(zone, now)::date - last AS ago
            FROM (SELECT %(expressions)s) AS stored(mask, last, zone, now) OFFSET 0
        ) AS aged
    ) AS counted
)"""  # noqa: S608 - made of constants


def measured_day_count(*, days: int, now: Expression, summary: str = "", patient: str = "patient__") -> Func:
    """SQL expression: on how many of the patient's last `days` (at most 62) local days, today included, data came.

    `summary` and `patient` are the lookup prefixes of the two rows. NULL for a patient without any ReadingDay.
    """
    stored = F(f"{summary}measured_days_mask"), F(f"{summary}last_measured_on"), F(f"{patient}time_zone")
    return Func(*stored, now, template=MEASURED_DAY_COUNT_SQL, output_field=IntegerField(), days=days)


class PatientSummaryQuerySet(models.QuerySet["PatientSummary"]):
    def in_scope(self, scope: Patient | Clinic) -> PatientSummaryQuerySet:
        """Of one patient, or of all patients of a clinic."""
        return self.filter(patient=scope) if isinstance(scope, Patient) else self.filter(patient__clinic=scope)

    def mark_week_due(self) -> None:
        """Have the week's figures computed again. To be called before patients are locked, as ingest does."""
        locked = list(self.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
        self.model.objects.filter(pk__in=locked).update(week_due_at=timezone.now())
        wake_worker("week_figures")


class PatientSummary(models.Model):
    """What the patient list sorts and filters by, one row per patient, so that a page of it reads no readings.

    Written in the transaction of ingest by `ingest.patient_summaries`. Only the figures of the last seven local days
    depend on today: `weeks.week_figures` computes them again when they are due.
    `measured_days_mask` is computed from ReadingDay: the lowest bit is `last_measured_on`, the next the day before.
    Sorting 10,000 patients by it takes 15 ms, by a count over ReadingDay 120 ms.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, primary_key=True, related_name="summary")
    systolic = models.DecimalField(
        "newest systolic value, mmHg", max_digits=12, decimal_places=2, null=True, blank=True
    )
    glucose = models.DecimalField("newest glucose, mg/dL", max_digits=12, decimal_places=2, null=True, blank=True)
    spo2 = models.DecimalField("newest SpO₂, %", max_digits=12, decimal_places=2, null=True, blank=True)
    systolic_at = models.DateTimeField("newest blood pressure taken", null=True, blank=True)
    glucose_at = models.DateTimeField("newest glucose taken", null=True, blank=True)
    spo2_at = models.DateTimeField("newest SpO₂ taken", null=True, blank=True)
    last_at = models.DateTimeField("newest vital sign taken", null=True, blank=True)
    measured_days_mask = models.BigIntegerField(default=0)
    last_measured_on = models.DateField(null=True, blank=True)
    weight_gain = models.FloatField("weight of the last day from the usual weight, lb", null=True, blank=True)
    usual_weight = models.FloatField("usual weight, lb", null=True, blank=True)
    weight_at = models.DateTimeField("newest weight taken", null=True, blank=True)
    # Of today and the six local days before; `week` is a WeekFigures, the others are to sort and filter by.
    week = models.JSONField(default=dict, blank=True)
    week_status = models.CharField("most urgent status of the week", max_length=9, blank=True)
    week_due_at = models.DateTimeField("week to be computed at", null=True, blank=True)
    systolic_average = models.FloatField("7-day average of systolic values, mmHg", null=True, blank=True)
    glucose_average = models.FloatField("7-day average of glucose, mg/dL", null=True, blank=True)
    spo2_average = models.FloatField("7-day average of SpO₂, %", null=True, blank=True)
    irregular_count = models.PositiveSmallIntegerField("irregular heartbeats of 7 days", default=0)
    check_count = models.PositiveSmallIntegerField("conflicting or implausible readings of 7 days", default=0)

    objects = PatientSummaryQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("week_due_at", "patient"), name="summary_week_due"),)

    def __str__(self) -> str:
        return f"patient summary {self.pk}"

    def recent_weight_gain(self, *, now: dt.datetime, zone: ZoneInfo) -> float | None:
        """The weight of the last day minus the usual weight, lb; None without a recent weight."""
        return self.weight_gain if self.weight_at and is_recent(self.weight_at, now=now, zone=zone) else None

    def measured_dates(self, days: LocalDays) -> list[dt.date]:
        """Those of the days (at most MEASURED_DAYS_BITS back from the last) that have a reading, in order."""
        last, mask = self.last_measured_on, self.measured_days_mask
        if last is None:
            return []
        ahead = (last - days.last).days  # of the bit of the last of the days
        if ahead > 0 and mask >> (ahead - 1) & 1 and days.includes_next_day:
            mask |= 1 << ahead
        oldest = min(mask.bit_length() - 1, (last - days.first).days)
        return [last - ONE_DAY * back for back in range(oldest, max(ahead, 0) - 1, -1) if mask >> back & 1]
