"""Readings as a CSV file that a spreadsheet opens without running anything: what is shown, every mark in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from measurements.local_days import LocalDays
from measurements.models import Measurement
from measurements.readings.table import quality_of
from measurements.thresholds.evaluation import Goals
from measurements.units import VENDORS, Units
from patients import csv_writer
from patients.csv_writer import Cell
from patients.models import Patient

HEADINGS = (
    *("account", "taken", "taken_utc", "time_zone", "reading", "value", "value_2", "unit", "against_goal", "marks"),
    *("counts", "excluded_by", "excluded_reason", "device", "received_by_vendor_utc", "received_here_utc", "id"),
)


@dataclass(frozen=True)
class Export:
    text: str
    readings: int


def of(patient: Patient, *, days: LocalDays, goals: Goals, units: Units = VENDORS) -> Export:
    """Every vital sign of these days, oldest first; each row names its unit, excluded ones their reason."""
    readings = Measurement.objects.filter(patient=patient, metric__vital=True).between(days.start, days.end)
    ordered = readings.select_related("metric", "device", "excluded_by").order_by("taken_at", "metric__position", "pk")
    rows = [_cells(reading, patient, goals, units) for reading in ordered.iterator(chunk_size=2000)]
    return Export(csv_writer.written(HEADINGS, rows), len(rows))


def _cells(reading: Measurement, patient: Patient, goals: Goals, units: Units) -> list[Cell]:
    metric, unit = reading.metric, units.of(reading.metric)
    second = reading.value_2 if metric.has_second_value else None
    return [
        patient.external_id,
        reading.taken_at.astimezone(patient.zone).isoformat(timespec="seconds"),
        _utc(reading.taken_at),
        patient.time_zone,
        metric.label,
        unit.exact(reading.value_1),
        "" if second is None else unit.exact(second),
        unit.name,
        _against_goal(reading, second, goals),
        "; ".join(quality_of(reading)),
        "yes" if _counts(reading) else "no",
        str(reading.excluded_by) if reading.excluded_at else "",
        reading.excluded_reason,
        reading.device.name,
        _utc(reading.vendor_created_at),
        _utc(reading.received_at),
        reading.pk,
    ]


def _counts(reading: Measurement) -> bool:
    """In averages, as `MeasurementQuerySet.trusted` has it."""
    doubtful = reading.conflict or reading.implausible or reading.duplicate
    return not (doubtful or reading.control or reading.excluded_at)


def _against_goal(reading: Measurement, second: Decimal | None, goals: Goals) -> str:
    if not _counts(reading):
        return ""
    values = (float(reading.value_1), None if second is None else float(second))
    return goals.judge(reading.metric_id, values, str(reading.filter_params.get("meal_context", ""))).words


def _utc(moment: dt.datetime | None) -> str:
    return "" if moment is None else moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
