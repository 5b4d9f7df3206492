"""Readings as a table: one row per physical reading, newest first, every mark in words, nothing left out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from measurements.local_days import LocalDays
from measurements.models import Measurement
from measurements.models.measurement import MeasurementQuerySet, TimeSource
from measurements.readings.latest_judged import value_text
from measurements.thresholds.evaluation import Goals, Standing
from measurements.units import VENDORS, Units
from patients.models import Patient

ROWS_OF_A_PAGE = 60
ROWS_ON_PAPER = 400  # some ten sheets; a month of three devices has half of it
MEALS = {"fasting": "fasting", "pre-prandial": "before a meal", "post-prandial": "after a meal"}


@dataclass(frozen=True)
class Cell:
    label: str
    text: str
    unit: str
    standing: Standing


@dataclass(frozen=True)
class TableRow:
    """What one device took at one moment: a blood pressure, its pulse, an irregular heartbeat."""

    taken_at: dt.datetime
    heard_at: dt.datetime
    device: str
    cells: list[Cell]
    marks: list[str]
    left_out: bool
    pk: int


@dataclass(frozen=True)
class TablePage:
    rows: list[TableRow]
    number: int
    older: bool

    @property
    def next(self) -> int:
        return self.number + 1

    @property
    def newer(self) -> int:
        return self.number - 1


def page_of(
    patient: Patient,
    *,
    days: LocalDays,
    goals: Goals,
    units: Units = VENDORS,
    number: int = 1,
    size: int = ROWS_OF_A_PAGE,
) -> TablePage:
    """Of vital signs in these days. Pages are cut between moments, never through a paired reading."""
    vitals = Measurement.objects.filter(patient=patient, metric__vital=True).between(days.start, days.end)
    skipped = (number - 1) * size
    moments = list(
        vitals.order_by("-taken_at").values_list("taken_at", flat=True).distinct()[skipped : skipped + size + 1]
    )
    older, shown = len(moments) > size, moments[:size]
    return TablePage(_rows(vitals, shown, goals, units) if shown else [], number, older)


def _rows(vitals: MeasurementQuerySet, shown: list[dt.datetime], goals: Goals, units: Units) -> list[TableRow]:
    readings = (
        vitals.filter(taken_at__gte=shown[-1], taken_at__lte=shown[0])
        .select_related("metric", "device", "excluded_by")
        .order_by("-taken_at", "device_id", "index", "metric__position", "pk")
    )
    together = groupby(readings, key=lambda reading: (reading.taken_at, reading.device_id, reading.index))
    return [_row(list(group), goals, units) for _, group in together]


def _row(readings: list[Measurement], goals: Goals, units: Units) -> TableRow:
    first = readings[0]
    return TableRow(
        taken_at=first.taken_at,
        heard_at=first.vendor_created_at or first.received_at,
        device=first.device.name,
        cells=[_cell(reading, goals, units) for reading in readings],
        marks=list(dict.fromkeys(mark for reading in readings for mark in marks_of(reading))),
        left_out=all(reading.control or reading.excluded_at for reading in readings),
        pk=first.pk,
    )


def _cell(reading: Measurement, goals: Goals, units: Units) -> Cell:
    metric, unit = reading.metric, units.of(reading.metric)
    second = float(reading.value_2) if metric.has_second_value and reading.value_2 is not None else None
    values = (float(reading.value_1), second)
    doubtful = reading.control or reading.excluded_at or reading.conflict or reading.implausible
    context = str(reading.filter_params.get("meal_context", ""))
    standing = Standing.UNJUDGED if doubtful else goals.judge(metric.pk, values, context)
    return Cell(metric.label, value_text(metric, values, unit), unit.name, standing)


def marks_of(reading: Measurement) -> list[str]:
    """What a clinician must know about a reading, in words."""
    excluded = f"excluded by {reading.excluded_by}: {reading.excluded_reason}"
    return [*quality_of(reading), *([excluded] if reading.excluded_at else [])]


def quality_of(reading: Measurement) -> list[str]:
    """What device, vendor and our own rules say; not what a person judged."""
    found = {
        MEALS.get(str(reading.filter_params.get("meal_context", "")), ""): True,
        "time estimated by the vendor": reading.estimated,
        "time from an old payload": reading.time_source == TimeSource.CREATED,
        "came over 24 h late": reading.late,
        "check: another value for the same moment": reading.conflict,
        "check: outside what the instrument measures": reading.implausible,
        "probable duplicate, counts once": reading.duplicate,
        "control solution, not the patient": reading.control,
    }
    return [words for words, applies in found.items() if words and applies]
