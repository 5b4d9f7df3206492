"""Openings and refills of a patient's pillbox and caps, by device, with the schedules of each."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from devices.models import Device
from measurements.adherence.doses import (
    HALVES,
    WEEKDAYS,
    DoseDay,
    DoseState,
    Opening,
    Schedule,
    build_dose_days,
    count_doses,
    split_weeks,
)
from measurements.adherence.models import DoseSchedule
from measurements.local_days import LocalDays
from measurements.models import Measurement
from patients.models import Patient

PILLBOX_OPENED, PILLBOX_REFILLED = "pillbox_opened", "pillbox_refilled"
CAP_EVENT = "patchcap_open_close_event"  # 1 open, 0 closed
ADHERENCE_METRICS = (PILLBOX_OPENED, PILLBOX_REFILLED, CAP_EVENT)
PILLBOX_SENSOR_CODE, CAP_SENSOR_CODE = "21", "27"
ADHERENCE_SENSOR_CODES = (PILLBOX_SENSOR_CODE, CAP_SENSOR_CODE)
# A cap uploads every 12 hours, and an hour for the way; a pillbox sends each opening.
UPLOAD_DELAYS = {CAP_SENSOR_CODE: dt.timedelta(hours=13)}


@dataclass(frozen=True)
class AdherenceCalendar:
    """Of one device. `schedule`: the one that was set last, None without any."""

    device: Device
    rows: list[DoseDay]
    schedule: DoseSchedule | None

    @property
    def weeks(self) -> list[list[DoseDay | None]]:
        return split_weeks(self.rows)

    @property
    def counts(self) -> list[tuple[DoseState, int]]:
        return count_doses(self.rows)

    @property
    def settled_count(self) -> int:
        settled = (DoseState.TAKEN, DoseState.LATE, DoseState.MISSED)
        return sum(count for state, count in self.counts if state in settled)

    @property
    def is_empty(self) -> bool:
        return not any(row.doses or row.openings or row.refilled for row in self.rows)


def fetch_calendars(patient: Patient, days: LocalDays, *, now: dt.datetime) -> list[AdherenceCalendar]:
    """Of each device that the patient has or that has sent something in the range; three queries."""
    openings: dict[int, list[Opening]] = defaultdict(list)
    refills: dict[int, list[dt.datetime]] = defaultdict(list)
    for device_id, metric, taken_at, first, second in fetch_events(patient, days):
        if metric == PILLBOX_REFILLED:
            refills[device_id].append(taken_at)
        elif metric == PILLBOX_OPENED:
            openings[device_id].append(Opening(taken_at, stated_compartment(first, second)))
        elif first:
            openings[device_id].append(Opening(taken_at))
    schedules: dict[int, list[DoseSchedule]] = defaultdict(list)
    for row in DoseSchedule.objects.filter(patient=patient).select_related("by").order_by("pk"):
        schedules[row.device_id].append(row)
    calendars = []
    for device in devices_of(patient, [*openings, *refills]):
        own = schedules[device.pk]
        rows = build_dose_days(
            days,
            openings[device.pk],
            [to_schedule(row) for row in own],
            now=now,
            upload_delay=UPLOAD_DELAYS.get(device.family, dt.timedelta()),
        )
        for taken_at in refills[device.pk]:
            rows[min(days.day_index(taken_at), len(rows) - 1)].refilled += 1
        calendars.append(AdherenceCalendar(device, rows, own[-1] if own else None))
    return calendars


def fetch_events(
    patient: Patient, days: LocalDays
) -> Iterator[tuple[int, str, dt.datetime, Decimal | None, Decimal | None]]:
    """Oldest first, without readings of a reset clock, whose day is not known."""
    found = (
        Measurement.objects.filter(patient=patient, metric__in=ADHERENCE_METRICS, clock_reset=False)
        .between(days.start, days.end)
        .counted()
        .order_by("taken_at", "pk")
    )
    yield from found.values_list("device_id", "metric_id", "taken_at", "value_1", "value_2")


def devices_of(patient: Patient, sent: list[int]) -> list[Device]:
    held = Q()
    for code in ADHERENCE_SENSOR_CODES:
        held |= Q(sensor_code=code) | Q(sensor_code__startswith=f"{code}-")
    return list(Device.objects.filter(Q(patient=patient) & held | Q(pk__in=sent)).order_by("name", "pk"))


def stated_compartment(first: Decimal | None, second: Decimal | None) -> tuple[int, int] | None:
    """Weekday and half of the day; None for numbers that the vendor doesn't document."""
    weekday, half = int(first or 0), int(second or 0)
    return (weekday, half) if 1 <= weekday <= len(WEEKDAYS) and half in HALVES else None


def to_schedule(row: DoseSchedule) -> Schedule:
    on_time, missed_after = (dt.timedelta(minutes=n) for n in (row.on_time_minutes, row.missed_after_minutes))
    return Schedule(row.starts_on, tuple(row.times), on_time, missed_after)
