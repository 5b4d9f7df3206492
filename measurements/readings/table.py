"""Table of readings: a line per physical reading, newest first, a column per value, every quality flag in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from devices.models import Device
from measurements.check_reasons import check_reasons, name_reason
from measurements.local_days import LocalDays
from measurements.models import Measurement, Metric
from measurements.models.measurement import MeasurementQuerySet, TimeSource
from measurements.readings.latest_judged import judge_components
from measurements.readings.reading_filter import ALL_READINGS, ReadingFilter
from measurements.thresholds.evaluation import PatientThresholds
from measurements.thresholds.judgement import Judgement
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit
from patients.models import Patient

ROWS_PER_PAGE = 60
DUPLICATE, CONTROL, EXCLUDED = "probable duplicate, counts once", "control solution, not the patient", "excluded by"
UNSHOWN_DEVICE_FIELDS = [
    f"device__{field.name}" for field in Device._meta.concrete_fields if field.name not in ("id", "name")
]
MAX_PRINTED_ROWS = 400  # some ten sheets; a month of three devices has half of it


@dataclass(frozen=True, order=True)
class ReadingColumn:
    """One value of a metric: systolic, diastolic, pulse."""

    position: int
    metric: str
    component: int
    label: str
    unit: str


@dataclass(frozen=True)
class TableRow:
    """What one device took at one time: a blood pressure, its pulse, an irregular heartbeat."""

    taken_at: dt.datetime
    device: str
    cells: dict[ReadingColumn, Judgement]
    notes: list[str]
    left_out: bool
    pk: int


@dataclass(frozen=True)
class TablePage:
    rows: list[TableRow]
    number: int
    has_older: bool

    @property
    def columns(self) -> list[ReadingColumn]:
        """Of the values on this page, in the order of the charts."""
        return sorted({column for row in self.rows for column in row.cells})

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
    reading_filter: ReadingFilter = ALL_READINGS,
) -> TablePage:
    """Page `number` (from 1) of the vital signs in these days. No page ends within a paired reading.

    A reading that the filter chooses is shown with what was taken together with it.
    """
    vitals = Measurement.objects.filter(patient=patient, metric__vital=True).between(days.list_start, days.end)
    chosen = reading_filter.apply(vitals, thresholds)
    skipped = (number - 1) * size
    times = list(
        chosen.order_by("-taken_at").values_list("taken_at", flat=True).distinct()[skipped : skipped + size + 1]
    )
    has_older, shown = len(times) > size, times[:size]
    if not shown:
        return TablePage([], number, has_older)
    groups = fetch_reading_groups(vitals.filter(taken_at__gte=shown[-1], taken_at__lte=shown[0]))
    if reading_filter.is_active:
        ids = set(chosen.filter(taken_at__in=shown).values_list("pk", flat=True))
        groups = [group for group in groups if any(reading.pk in ids for reading in group)]
    lines = [line for group in groups for line in split_repeated_metrics(group)]
    return TablePage([build_table_row(line, thresholds, units) for line in lines], number, has_older)


def fetch_reading_groups(vitals: MeasurementQuerySet) -> list[list[Measurement]]:
    """Readings that a device took together, newest first.

    The metrics of a page are a handful, and of the devices only the names are shown: 7,000 values less per page.
    """
    readings = (
        vitals.select_related("device", "excluded_by")
        .defer(*UNSHOWN_DEVICE_FIELDS)
        .prefetch_related("metric")
        .order_by("-taken_at", "device_id", "index", "metric__position", "pk")
    )
    together = groupby(readings, key=lambda reading: (reading.taken_at, reading.device_id, reading.index))
    return [list(group) for _, group in together]


def split_repeated_metrics(group: Sequence[Measurement]) -> list[list[Measurement]]:
    """Lines of one group: two values of a metric, in conflict, have a line each."""
    lines: list[list[Measurement]] = []
    for reading in group:
        free = (line for line in lines if all(other.metric_id != reading.metric_id for other in line))
        line = next(free, None)
        if line is None:
            lines.append([reading])
        else:
            line.append(reading)
    return lines


def build_table_row(readings: Sequence[Measurement], thresholds: PatientThresholds, units: DisplayUnits) -> TableRow:
    first, cells = readings[0], {}
    for reading in readings:
        unit = units.unit_for(reading.metric)
        for component, judgement in enumerate(judge_components(reading, thresholds, unit), start=1):
            cells[reading_column(reading.metric, component, unit)] = judgement
    return TableRow(
        taken_at=first.taken_at,
        device=first.device.name,
        cells=cells,
        notes=row_notes(readings),
        left_out=all(not reading.is_included for reading in readings),
        pk=first.pk,
    )


def row_notes(readings: Sequence[Measurement]) -> list[str]:
    """The notes of a row, once each; of several readings, what is said of one names it.

    A duplicate or excluded reading is not named where all of the row are. Notes on the time are about the row.
    """
    notes = [reading_notes(reading) for reading in readings]
    if len(notes) == 1:
        return notes[0]
    shared, found = set(notes[0]).intersection(*notes), []
    for reading, own in zip(readings, notes, strict=True):
        label = reading.metric.label_in_sentence
        for note in own:
            is_of_one = note not in shared and note.startswith((DUPLICATE, CONTROL, EXCLUDED))
            found.append(f"{label}: {note}" if is_of_one else name_reason(note, label))
    return list(dict.fromkeys(found))


def reading_column(metric: Metric, component: int, unit: Unit) -> ReadingColumn:
    label = (metric.label_1, metric.label_2)[component - 1] if metric.has_second_value else metric.label
    return ReadingColumn(metric.position, metric.pk, component, label, unit.name)


def reading_notes(reading: Measurement) -> list[str]:
    """Quality notes and the exclusion, in words."""
    excluded = f"{EXCLUDED} {reading.excluded_by}: {reading.excluded_reason}"
    return [*quality_notes(reading), *([excluded] if reading.excluded_at else [])]


def quality_notes(reading: Measurement) -> list[str]:
    """What the device, the vendor and the quality flags say, without the exclusion.

    `MeasurementQuerySet.marked` finds the same readings.
    """
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
        DUPLICATE: reading.duplicate,
        CONTROL: reading.control,
    }
    return [words for words, applies in found.items() if applies]
