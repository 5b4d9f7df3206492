"""Counted days: local days with a reading that a device of the patient sent by itself, by programme."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping

from measurements.alerts.engine.facts import Device, Mark, Reading, ReadingId
from measurements.billing.engine.code_rules import Programme
from measurements.billing.engine.known import Known
from measurements.billing.engine.monitoring import Segment, segments

RPM_METRICS = frozenset(
    {
        *("blood_pressure", "pulse", "irregular_heartbeat", "weight", "glucose", "spO2", "perfusion_index"),
        *("temperature", "peak_expiratory_flow", "forced_expiratory_volume"),
    }
)
RESPIRATORY_METRICS = frozenset({"peak_expiratory_flow", "forced_expiratory_volume"})
ADHERENCE_METRICS = frozenset({"pillbox_opened", "patchcap_open_close_event"})  # of every system
NEVER_COUNTED = frozenset({Mark.CONTROL, Mark.DUPLICATE})
CAP_CLOSED = ("patchcap_open_close_event", 0)
NO_IRREGULAR_HEARTBEAT = ("irregular_heartbeat", 0)


def counted_days(known: Known, segment: Segment) -> list[dt.date]:
    """In order, those of a segment."""
    return sorted(day for day in readings_by_day(known, segment.programme) if segment.days.contains(day))


def readings_by_day(known: Known, programme: Programme) -> Mapping[dt.date, list[ReadingId]]:
    """Readings that count, monitored and consented to or not."""
    return known.remember(("counted", programme), lambda: find_readings_by_day(known, programme))


def find_readings_by_day(known: Known, programme: Programme) -> Mapping[dt.date, list[ReadingId]]:
    assigned = known.facts.devices
    found: dict[dt.date, list[ReadingId]] = defaultdict(list)
    for reading in known.readings:
        day = known.patient_day(reading.taken)
        is_own = assigned is None or is_assigned(reading, day, assigned)
        if is_own and is_of_programme(known, reading, day, programme) and is_transmitted(known, reading, programme):
            found[day].append(reading.id)
    return found


def is_of_programme(known: Known, reading: Reading, day: dt.date, programme: Programme) -> bool:
    """A cap that is closed is no opening; an irregular heartbeat of 0 adds nothing to its blood pressure."""
    if programme is Programme.RPM:
        return reading.metric in RPM_METRICS and (reading.metric, reading.value_1) != NO_IRREGULAR_HEARTBEAT
    row = known.enrolment_on(programme, day)
    if row is None or not row.system or (reading.metric, reading.value_1) == CAP_CLOSED:
        return False
    return reading.metric in ADHERENCE_METRICS or (
        row.system == "respiratory" and reading.metric in RESPIRATORY_METRICS
    )


def is_transmitted(known: Known, reading: Reading, programme: Programme) -> bool:
    """Conflicting and implausible readings were transmitted too, whatever their values: a facts file may omit these."""
    may_be_typed = programme is Programme.RTM and known.settings.self_reported_counts
    return (reading.is_automatic or may_be_typed) and not reading.marks & NEVER_COUNTED


def is_assigned(reading: Reading, day: dt.date, devices: Iterable[Device]) -> bool:
    """A reading that names no device may be of any that is assigned."""
    return any(
        reading.device in ("", device.serial)
        and (device.start is None or device.start <= day)
        and (device.end is None or day <= device.end)
        for device in devices
    )


def all_segments(known: Known, programme: Programme) -> list[Segment]:
    return known.remember(("segments", programme), lambda: segments(known, programme))
