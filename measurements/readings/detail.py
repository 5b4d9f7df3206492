"""Reading detail: the readings that a device took at one time, with everything known about each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

from django.utils.text import get_text_list

from devices.hardware_ids import format_hardware_id
from devices.models import Device
from measurements.models import Measurement
from measurements.readings import exclusion
from measurements.readings.latest_judged import judge_reading
from measurements.readings.table import quality_notes
from measurements.thresholds.evaluation import PatientThresholds
from measurements.thresholds.judgement import Judgement
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit


@dataclass(frozen=True)
class ReadingDetail:
    """One reading of the group, judged in `unit`."""

    reading: Measurement
    unit: Unit
    quality_notes: list[str]
    judgement: Judgement
    companions: list[ReadingDetail] = field(default_factory=list)  # excluded with it, or counted again with it

    @property
    def excluded(self) -> bool:
        return self.reading.excluded_at is not None

    @property
    def left_out(self) -> bool:
        return not self.reading.is_included

    @property
    def companion_text(self) -> str:
        """pulse 78 bpm and irregular heartbeat detected"""
        named = [
            f"{each.reading.metric.label_in_sentence} {each.judgement.text} {each.unit.name}"
            for each in self.companions
        ]
        return get_text_list([words.strip() for words in named], "and")

    @property
    def gateway(self) -> str:
        """The gateway id as printed on its label."""
        return format_hardware_id(self.reading.hardware_uuid)


@dataclass(frozen=True)
class ReadingGroup:
    taken_at: dt.datetime
    device: Device
    details: list[ReadingDetail]

    @property
    def conflict(self) -> bool:
        return any(detail.reading.conflict for detail in self.details)


def build_reading_group(
    reading: Measurement, *, thresholds: PatientThresholds, units: DisplayUnits = VENDOR_UNITS
) -> ReadingGroup:
    """All readings of the same device and time: a blood pressure with its pulse, or two values in conflict."""
    together = Measurement.objects.taken_with(reading).select_related("metric", "excluded_by")
    rows = list(together.order_by("metric__position", "index", "pk"))
    details = {row.pk: build_reading_detail(row, thresholds, units) for row in rows}
    find_companions = {True: exclusion.readings_excluded_with, False: exclusion.companion_readings}
    return ReadingGroup(
        reading.taken_at,
        reading.device,
        [
            replace(own, companions=[details[other.pk] for other in find_companions[own.excluded](rows, own.reading)])
            for own in details.values()
        ],
    )


def build_reading_detail(reading: Measurement, thresholds: PatientThresholds, units: DisplayUnits) -> ReadingDetail:
    unit = units.unit_for(reading.metric)
    return ReadingDetail(reading, unit, quality_notes(reading), judge_reading(reading, thresholds, unit))
