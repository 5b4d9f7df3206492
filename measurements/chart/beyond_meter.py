"""Readings beyond the meter in a chart: their values are not known, so they are named beside it and never drawn."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from measurements.local_days import LocalDays
from measurements.meal_contexts import describe_meal
from measurements.models import Measurement
from measurements.thresholds.judgement import BEYOND_METER_FIGURES
from patients.models import Patient


class BeyondMeterReading(NamedTuple):
    metric: str
    at: dt.datetime
    limit: str
    context: str

    @property
    def text(self) -> str:
        """HI or LO."""
        return BEYOND_METER_FIGURES[self.limit][0]

    @property
    def meal(self) -> str:
        return describe_meal(self.metric, self.context)


def fetch_beyond_meter_readings(patient: Patient, days: LocalDays) -> list[BeyondMeterReading]:
    """Counted ones, oldest first, without those of a reset clock, whose day is not known."""
    found = (
        Measurement.objects.filter(patient=patient, clock_reset=False)
        .beyond_meter()
        .counted()
        .between(days.start, days.end)
    )
    rows = found.order_by("taken_at", "pk").only("metric_id", "taken_at", "beyond_meter", "filter_params")
    return [BeyondMeterReading(row.metric_id, row.taken_at, row.beyond_meter, row.meal_context) for row in rows]
