"""Worklist kinds of readings: two implausible ones of a device in a row, and uploads by a gateway not its own."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby, takewhile

from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Upper

from devices.models import HardwareChange
from devices.statuses import DeviceState, StatusText
from fulfillment.worklist.kinds import (
    Facts,
    Finding,
    WorklistKind,
    constant_text,
    explain_end_of_device,
    open_device_page,
    register_worklist_source,
)
from measurements.models import LatestReading, Measurement
from measurements.readings import latest_judged
from measurements.thresholds.judgement import NO_THRESHOLDS
from measurements.units import DisplayUnits
from patients.wording import count_noun

PERIOD = dt.timedelta(days=7)
LEAST_IN_A_ROW = 2  # of one device and metric; a single one is a loose cuff
MAX_VALUES = 5


def find_implausible_readings(now: dt.datetime) -> Iterator[Finding]:
    """Of patients whose summary counts readings to check, so that few readings are read."""
    recent = Measurement.objects.counted().filter(taken_at__gte=now - PERIOD)
    doubtful = recent.filter(
        implausible=True, patient__discharged_at__isnull=True, patient__summary__check_count__gt=0
    ).order_by()
    groups = doubtful.values_list("patient_id", "device_id").annotate(n=Count("pk")).filter(n__gte=LEAST_IN_A_ROW)
    pairs = {(patient, device) for patient, device, _ in groups}
    if not pairs:
        return
    found: dict[tuple[uuid.UUID, int], list[list[Measurement]]] = defaultdict(list)
    rows = recent.filter(
        patient__in={patient for patient, _ in pairs}, device__in={device for _, device in pairs}
    ).select_related("device", "metric", "patient")
    newest_first = rows.order_by("patient", "device", "metric", "-taken_at", "-index", "-pk")
    for key, group in groupby(newest_first, key=lambda row: (row.patient_id, row.device_id, row.metric_id)):
        in_a_row = list(takewhile(lambda row: row.implausible, group))
        if len({(row.taken_at, row.index) for row in in_a_row}) >= LEAST_IN_A_ROW:
            found[key[:2]].append(in_a_row)
    for (patient_id, device_id), runs in found.items():
        readings = sorted((row for run in runs for row in run), key=lambda row: (row.taken_at, row.pk))
        device, clinic_id = readings[0].device, readings[0].patient.clinic_id
        yield Finding(
            "implausible_readings", f"device:{device_id}:{patient_id}", readings[0].taken_at, clinic_id, patient_id,
            name=device.name, device_id=device_id, evidence=(readings[-1].pk,),
            facts={"count": len(readings), "values": [describe_value(row) for row in readings[-MAX_VALUES:]]},
        )  # fmt: skip


def describe_value(reading: Measurement) -> str:
    """In the vendor's unit."""
    unit = DisplayUnits().unit_for(reading.metric)
    return f"{latest_judged.judge_reading(reading, NO_THRESHOLDS, unit).text} {unit.name}".strip()


def find_foreign_gateways(now: dt.datetime) -> Iterator[Finding]:
    """By the newest reading of each metric: uploaded by another gateway than the device's, present or former one."""
    former = HardwareChange.objects.annotate(old=Upper("old_hardware_uuid")).filter(
        device=OuterRef("measurement__device"), old=OuterRef("used")
    )
    newest = LatestReading.objects.annotate(
        used=Upper("measurement__hardware_uuid"), own=Upper("measurement__device__gateway__hardware_uuid")
    )
    foreign = newest.filter(
        ~Q(used=""), ~Q(used=F("own")), ~Exists(former), taken_at__gte=now - PERIOD, own__isnull=False,
        patient__discharged_at__isnull=True, measurement__device__state__in=DeviceState.linked(),
    )  # fmt: skip
    columns = ("measurement__device_id", "measurement__device__name", "patient__clinic_id", "patient_id")
    rows = foreign.order_by("measurement__device_id", "taken_at", "pk").values_list(*columns, "used", "taken_at")
    by_device = {row[0]: row for row in rows}  # the newest of each device
    for device, name, clinic, patient, used, taken_at in by_device.values():
        yield Finding(
            "foreign_gateway", f"device:{device}", taken_at, clinic, patient, name=name, device_id=device,
            evidence=(used,),
        )  # fmt: skip


def describe_implausible_readings(facts: Facts) -> StatusText:
    values = ", ".join(facts.get("values", ()))
    newest = f"Its last {count_noun(facts.get('count', LEAST_IN_A_ROW), 'reading')} can't be right"
    return StatusText(
        "warn",
        f"{newest}: {values}." if values else f"{newest}.",
        "Ask the patient how the device is used; replace it if that is as it should be.",
    )


FOREIGN_GATEWAY_TEXT = constant_text(
    "bad",
    "Its last reading came through a gateway that isn't its own; it may be of a neighbour, or reach one.",
    "Ask the patient where the device is used, and have both gateways confirm their devices.",
)
register_worklist_source(
    find_implausible_readings,
    [
        WorklistKind(
            "implausible_readings", "Repeated implausible readings", describe_implausible_readings,
            next_action=open_device_page, explain_end=explain_end_of_device,
            ended="Its newest readings are no longer two implausible ones in a row.", withheld=frozenset({"values"}),
        )
    ],
)  # fmt: skip
register_worklist_source(
    find_foreign_gateways,
    [
        WorklistKind(
            "foreign_gateway", "Uploaded by another gateway", FOREIGN_GATEWAY_TEXT, next_action=open_device_page,
            explain_end=explain_end_of_device, ended="Its readings come through its own gateway again.",
        )
    ],
)  # fmt: skip
