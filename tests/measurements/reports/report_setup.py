"""Patients of the tests of reports: three years, ninety days or one of readings, without a query for each."""

import datetime as dt
import math

from measurements.models import Measurement
from tests.factories import DeviceFactory, LatestReadingFactory
from tests.measurements.page_setup import NOW

VALUES = {
    "blood_pressure": (134, 82, 14),
    "pulse": (72, None, 9),
    "weight": (178, None, 2),
    "glucose": (142, None, 45),
    "spO2": (95, None, 2),
}


def add_history(patient, *, days, codes=("blood_pressure", "pulse", "weight"), gap=range(0)):
    """Twice a day, at 7 AM and 7 PM, without the days of `gap`; a weight once."""
    device, rows = DeviceFactory(patient=patient), []
    for day in set(range(days)) - set(gap):
        for half, code in ((half, code) for half in (0, 1) for code in codes if not (half and code == "weight")):
            middle, second, spread = VALUES[code]
            wave = math.sin(day * 1.7 + half) * spread
            at = NOW - dt.timedelta(hours=5 + 24 * day + 12 * half)
            rows.append(
                Measurement(
                    device=device,
                    patient=patient,
                    metric_id=code,
                    taken_at=at,
                    received_at=at,
                    value_1=round(middle + wave),
                    value_2=second and round(second + wave / 2),
                    index=day,
                )
            )
    stored = Measurement.objects.bulk_create(rows)
    for code in codes:
        LatestReadingFactory(measurement=max((row for row in stored if row.metric_id == code), key=taken_at))
    return device


def taken_at(row):
    return row.taken_at
