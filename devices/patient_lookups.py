"""What a patient is found by because of a device: numbers of labels and parcels. Registered with `patients.search`."""

from __future__ import annotations

import contextlib
import uuid

from django.db.models import Q

from devices.hardware_ids import extract_tracking_number, is_label_number, normalise_hardware_uuid
from devices.models import Device, HardwareChange, VendorCall
from patients.search import register_patient_lookup


def device_conditions(text: str) -> list[Q]:
    """On Device, each with an index: gateway ID or IMEI, now or before a replacement; number of the sensor; tracking
    number or link; HWI device id. Empty for a text that is none of these.
    """
    label, conditions = normalise_hardware_uuid(text), []
    if is_label_number(label):
        replaced = HardwareChange.objects.filter(old_hardware_uuid__iexact=label).order_by()
        conditions += [
            Q(gateway__hardware_uuid__iexact=label),
            Q(folded_sensor_id=label) & ~Q(folded_sensor_id=""),
            Q(pk__in=replaced.values("device")),
        ]
    if number := extract_tracking_number(text):
        conditions.append(Q(tracking_number=number) & ~Q(tracking_number=""))
    with contextlib.suppress(ValueError):
        conditions.append(Q(hwi_id=uuid.UUID(text.strip())))
    return conditions


@register_patient_lookup
def patients_by_device(text: str) -> Q:
    found = (Device.objects.filter(condition).order_by() for condition in device_conditions(text))
    return Q(*(Q(pk__in=devices.values("patient")) for devices in found), _connector=Q.OR)


@register_patient_lookup
def patients_by_call_reference(text: str) -> Q:
    """Our reference in the vendor's notes, such as V7K2M9QXR4."""
    label = normalise_hardware_uuid(text)
    calls = VendorCall.objects.filter(reference=label).order_by()
    return Q(pk__in=calls.values("patient")) if label.startswith("V") and is_label_number(label) else Q()
