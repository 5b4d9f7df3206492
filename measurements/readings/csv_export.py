"""CSV export of a patient's readings, with every quality flag in words and no formulas."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from measurements.local_days import LocalDays
from measurements.meal_contexts import describe_meal
from measurements.models import Measurement
from measurements.readings.latest_judged import judge_reading
from measurements.readings.reading_filter import ALL_READINGS, ReadingFilter
from measurements.readings.table import quality_notes
from measurements.thresholds.evaluation import PatientThresholds
from measurements.units import STORED_DECIMALS, VENDOR_UNITS, DisplayUnits
from patients import csv_writer
from patients.csv_writer import CsvCell
from patients.models import Patient

CSV_HEADINGS = (
    *("mrn", "account", "taken", "taken_utc", "time_zone", "reading", "systolic", "diastolic", "value", "unit", "meal"),
    *("against_goal", "marks", "counts", "excluded_by", "excluded_reason", "device"),
    *("received_by_vendor_utc", "received_here_utc", "id"),
)


UNSAFE_IN_FILE_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class ReadingsExport:
    text: str
    reading_count: int


def export_csv(
    patient: Patient,
    *,
    days: LocalDays,
    thresholds: PatientThresholds,
    units: DisplayUnits = VENDOR_UNITS,
    reading_filter: ReadingFilter = ALL_READINGS,
) -> ReadingsExport:
    """The vital signs of these days that the filter chooses, oldest first, excluded ones with their reason."""
    vitals = Measurement.objects.filter(patient=patient, metric__vital=True).between(days.list_start, days.end)
    readings = reading_filter.apply(vitals, thresholds)
    ordered = readings.select_related("metric", "device", "excluded_by").order_by("taken_at", "metric__position", "pk")
    rows = [build_csv_row(reading, patient, thresholds, units) for reading in ordered.iterator(chunk_size=2000)]
    return ReadingsExport(csv_writer.write_csv(CSV_HEADINGS, rows), len(rows))


def file_name_for(patient: Patient, days: LocalDays) -> str:
    """Named by the MRN, else by the account id: M-0042-readings-2026-11-01-to-2026-11-30.csv."""
    number = UNSAFE_IN_FILE_NAME.sub("-", patient.mrn or patient.external_id).strip("-.")
    return f"{number}-readings-{days.first}-to-{days.last}.csv".lstrip("-")


def build_csv_row(
    reading: Measurement, patient: Patient, thresholds: PatientThresholds, units: DisplayUnits
) -> list[CsvCell]:
    metric, unit = reading.metric, units.unit_for(reading.metric)
    judgement = judge_reading(reading, thresholds, unit, more_places=max(STORED_DECIMALS - unit.decimals, 0))
    pressures = judgement.texts if metric.has_second_value else ("", "")
    return [
        patient.mrn,
        patient.external_id,
        reading.taken_at.astimezone(patient.zone).isoformat(timespec="seconds"),
        format_utc(reading.taken_at),
        patient.time_zone,
        metric.label,
        *pressures,
        "" if metric.has_second_value else judgement.texts[0],
        unit.name,
        describe_meal(metric.pk, reading.meal_context),
        judgement.words,
        "; ".join(quality_notes(reading)),
        "yes" if reading.is_trusted else "no",
        str(reading.excluded_by) if reading.excluded_at else "",
        reading.excluded_reason,
        reading.device.name,
        format_utc(reading.vendor_created_at),
        format_utc(reading.received_at),
        reading.pk,
    ]


def format_utc(time: dt.datetime | None) -> str:
    return "" if time is None else time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
