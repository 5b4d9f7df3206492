"""Table of readings: one row per physical reading, newest first, with every quality flag in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from measurements.check_reasons import check_reasons
from measurements.local_days import LocalDays
from measurements.models import Measurement
from measurements.models.measurement import MeasurementQuerySet, TimeSource
from measurements.readings.latest_judged import judge_reading
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import Judgement
from measurements.units import VENDOR_UNITS, DisplayUnits
from patients.models import Patient

ROWS_PER_PAGE = 60
MAX_PRINTED_ROWS = 400  # some ten sheets; a month of three devices has half of it


@dataclass(frozen=True)
class ReadingCell:
    label: str
    unit: str
    judgement: Judgement

    @property
    def text(self) -> str:
        return self.judgement.text

    @property
    def words(self) -> str:
        return self.judgement.words

    @property
    def threshold_status(self) -> ThresholdStatus:
        return self.judgement.status


@dataclass(frozen=True)
class TableRow:
    """What one device took at one time: a blood pressure, its pulse, an irregular heartbeat."""

    taken_at: dt.datetime
    received_at: dt.datetime
    device: str
    cells: list[ReadingCell]
    notes: list[str]
    left_out: bool
    pk: int


@dataclass(frozen=True)
class TablePage:
    rows: list[TableRow]
    number: int
    has_older: bool

    @property
    def next(self) -> int:
        return self.number + 1

    @property
    def previous(self) -> int:
        return self.number - 1


def fetch_table_page(
    patient: Patient,
    *,
    days: LocalDays,
    thresholds: PatientThresholds,
    units: DisplayUnits = VENDOR_UNITS,
    number: int = 1,
    size: int = ROWS_PER_PAGE,
) -> TablePage:
    """Page `number` (from 1) of the vital signs in these days. No page ends within a paired reading."""
    vitals = Measurement.objects.filter(patient=patient, metric__vital=True).between(days.list_start, days.end)
    skipped = (number - 1) * size
    times = list(
        vitals.order_by("-taken_at").values_list("taken_at", flat=True).distinct()[skipped : skipped + size + 1]
    )
    has_older, shown = len(times) > size, times[:size]
    return TablePage(fetch_table_rows(vitals, shown, thresholds, units) if shown else [], number, has_older)


def fetch_table_rows(
    vitals: MeasurementQuerySet, shown: list[dt.datetime], thresholds: PatientThresholds, units: DisplayUnits
) -> list[TableRow]:
    readings = (
        vitals.filter(taken_at__gte=shown[-1], taken_at__lte=shown[0])
        .select_related("metric", "device", "excluded_by")
        .order_by("-taken_at", "device_id", "index", "metric__position", "pk")
    )
    together = groupby(readings, key=lambda reading: (reading.taken_at, reading.device_id, reading.index))
    return [build_table_row(list(group), thresholds, units) for _, group in together]


def build_table_row(readings: list[Measurement], thresholds: PatientThresholds, units: DisplayUnits) -> TableRow:
    first = readings[0]
    return TableRow(
        taken_at=first.taken_at,
        received_at=first.vendor_created_at or first.received_at,
        device=first.device.name,
        cells=[build_reading_cell(reading, thresholds, units) for reading in readings],
        notes=list(dict.fromkeys(mark for reading in readings for mark in reading_notes(reading))),
        left_out=all(not reading.is_included for reading in readings),
        pk=first.pk,
    )


def build_reading_cell(reading: Measurement, thresholds: PatientThresholds, units: DisplayUnits) -> ReadingCell:
    unit = units.unit_for(reading.metric)
    return ReadingCell(reading.metric.label, unit.name, judge_reading(reading, thresholds, unit))


def reading_notes(reading: Measurement) -> list[str]:
    """Quality notes and the exclusion, in words."""
    excluded = f"excluded by {reading.excluded_by}: {reading.excluded_reason}"
    return [*quality_notes(reading), *([excluded] if reading.excluded_at else [])]


def quality_notes(reading: Measurement) -> list[str]:
    """What the device, the vendor and the quality flags say, without the exclusion."""
    reasons = check_reasons(
        reading.metric,
        (reading.value_1, reading.value_2),
        conflict=reading.conflict,
        implausible=reading.implausible,
    )
    found = {
        "time estimated by the vendor": reading.estimated,
        "time from an old payload": reading.time_source == TimeSource.CREATED,
        "came over 24 h late": reading.late and not reading.clock_reset,
        "the device's clock is ahead": reading.clock_ahead,
        "the device's clock was reset: the day is not known": reading.clock_reset,
        **dict.fromkeys(reasons, True),
        "probable duplicate, counts once": reading.duplicate,
        "control solution, not the patient": reading.control,
    }
    return [words for words, applies in found.items() if applies]
