"""Worklist kinds of readings: implausible ones of a device, repeatedly, and uploads by a gateway that isn't its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q
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
from patients.wording import count_noun

PERIOD = dt.timedelta(days=7)
MIN_IMPLAUSIBLE = 3  # of one device in the period; a single one is a loose cuff


def find_implausible_readings(now: dt.datetime) -> Iterator[Finding]:
    """Of patients whose summary counts readings to check, so that few readings are read."""
    readings = Measurement.objects.filter(
        implausible=True, excluded_at__isnull=True, taken_at__gte=now - PERIOD,
        patient__discharged_at__isnull=True, patient__summary__check_count__gt=0,
    )  # fmt: skip
    columns = ("device_id", "device__name", "patient__clinic_id", "patient_id")
    figures = {"n": Count("pk"), "first": Min("taken_at"), "last": Max("pk")}
    repeated = readings.order_by().values_list(*columns).annotate(**figures)
    for device, name, clinic, patient, count, first, last in repeated:
        if count < MIN_IMPLAUSIBLE:
            continue
        yield Finding(
            "implausible_readings", f"device:{device}:{patient}", first, clinic, patient, name=name, device_id=device,
            facts={"count": count}, evidence=(last,),
        )  # fmt: skip


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
    meaning = f"{count_noun(facts.get('count', MIN_IMPLAUSIBLE), 'reading')} of the last seven days can't be right."
    return StatusText("warn", meaning, "Ask the patient how the device is used; replace it if that is as it should be.")


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
            ended="There were fewer than three in the last seven days.",
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
