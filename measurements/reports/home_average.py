"""7-day home blood pressure average, as HL7 defines it: CardX Hypertension Management IG 1.0.0, profile average-smbp.

A mean of two or more self-measured readings over a stated period, with its first and last one and their number. How
many days and readings it needs is what the alert rule of the same average says.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from measurements.alerts.engine.shipped_rules import BP_AVERAGE, SHIPPED_RULES
from measurements.chart.points import ChartPoint
from measurements.chart.statistics import mean_values
from measurements.check_reasons import BLOOD_PRESSURE
from measurements.local_days import ONE_DAY, LocalDays
from measurements.models import Measurement
from measurements.readings.latest_judged import reading_values
from patients.models import Patient
from patients.wording import count_noun

RULE = SHIPPED_RULES[BP_AVERAGE]


@dataclass(frozen=True)
class HomeAverage:
    """Of the trusted readings of `days`. `left_out`: excluded ones, and those in conflict or implausible."""

    days: LocalDays
    points: list[ChartPoint]
    left_out: int

    @property
    def n(self) -> int:
        return len(self.points)

    @property
    def values(self) -> tuple[float, ...]:
        return mean_values(self.points)

    @property
    def measured_days(self) -> int:
        return len({self.days.day_index(point.at) for point in self.points})

    @property
    def period(self) -> tuple[dt.datetime, dt.datetime]:
        """When the first and the last of its readings were taken; there must be one."""
        return self.points[0].at, self.points[-1].at

    @property
    def is_enough(self) -> bool:
        return self.n >= RULE.least_readings and self.measured_days >= RULE.least_days

    @property
    def basis(self) -> str:
        """24 readings on 6 days; 8 readings on 2 days, not enough: 12 readings on 3 days are needed."""
        words = f"{count_noun(self.n, 'reading')} on {count_noun(self.measured_days, 'day')}"
        if self.is_enough:
            return words
        return f"{words}, not enough: {RULE.least_readings} readings on {RULE.least_days} days are needed"


def fetch_home_average(patient: Patient, *, last: dt.date, now: dt.datetime) -> HomeAverage:
    """Of the patient-local days that end with `last`. One query. A probable duplicate is no reading of its own."""
    days = LocalDays(patient.zone, last - ONE_DAY * (RULE.days - 1), last, now=now)
    taken = Measurement.objects.filter(patient=patient, metric=BLOOD_PRESSURE, duplicate=False)
    rows = taken.between(days.start, days.end).select_related("metric").order_by("taken_at", "pk")
    points, left_out = [], 0
    for row in rows:
        if row.is_trusted and row.value_1 is not None:
            points.append(ChartPoint(row.taken_at, reading_values(row.metric, row.value_1, row.value_2)))
        else:
            left_out += 1
    return HomeAverage(days, points, left_out)
