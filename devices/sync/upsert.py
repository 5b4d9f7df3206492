"""Upsert of a device as read from the vendor: Device, Gateway, holder and assignment. Called after every answer."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from devices import former_hardware
from devices.hardware_ids import fold_device_name
from devices.inbox import processing
from devices.models import Assignment, Device, DeviceType, Gateway, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.statuses import DeviceState
from devices.sync import hardware_history
from patients.folding import fold_case
from patients.models import Patient
from patients.queueing.wakeup import wake_worker

if TYPE_CHECKING:
    from devices.tenovi import HwiDevice


@transaction.atomic
def upsert_device(hwi: HwiDevice) -> Device:
    """Insert or refresh one device as just read from the vendor. It never moves a device to another patient:
    a change of patient on the same HWI id shows in `vendor_patient_id` and is for a person to settle.
    """
    facts = device_fields(hwi)
    # When it is adopted, it may have been in its first state ever since the vendor created it.
    began = {"state_since": hwi.device.created or timezone.now()}
    device, created = Device.objects.select_for_update(no_key=True).get_or_create(hwi_id=hwi.id, defaults=facts | began)
    before, state_before = device.gateway_id, device.state
    holder = Patient.objects.by_external_id(hwi.external_id) if hwi.external_id else None
    update_device(device, {} if created else facts, holder=holder)
    if not created and device.gateway_id != before:
        hardware_history.record_hardware_change(device, before=before)
    if device.patient is not None:
        has_changed = update_assignment(device, device.patient, hwi.unlinked_on)
        confirm_abandoned_call(device)
        if has_changed or device.state != state_before:  # what a patient is expected to measure with
            mark_equipment_changed(device.patient)
        Patient.objects.touch_live_version([device.patient.pk])
    return device


def confirm_abandoned_call(device: Device) -> None:
    """A call that a person gave up has made this device after all: its reference is in the notes. The order line that
    was closed with it follows the device from now on."""
    if words := device.client_notes.split():
        given_up = VendorCall.objects.filter(kind__in=CallKind.creating(), state=CallState.ABANDONED, device=None)
        given_up.filter(patient=device.patient, reference__in=words).update(state=CallState.CONFIRMED, device=device)


def device_fields(hwi: HwiDevice) -> dict[str, Any]:
    shipping = hwi.device.fulfillment_request
    uuid = hwi.hardware_uuid
    facts: dict[str, Any] = {
        "name": hwi.name,
        "sensor_code": hwi.device.sensor_code or "",
        "sensor_id": hwi.device.sensor_id or "",
        "vendor_status": hwi.status or "",
        "vendor_patient_id": hwi.external_id or "",
        "connected_on": hwi.connected_on,
        "unlinked_on": hwi.unlinked_on,
        "vendor_last_measurement": hwi.last_measurement,
        "vendor_created": hwi.device.created,
        "device_type": find_device_type(hwi),
        "gateway": Gateway.objects.get_or_create(hardware_uuid=uuid)[0] if uuid else None,
        "fetched_at": timezone.now(),
    }
    if hwi.state is not None:  # None: "Replaced", an event; the state stays what it was
        facts["state"] = DeviceState.UNLINKED if hwi.unlinked_on else hwi.state
    if shipping is not None:
        facts |= {
            "shipping_code": (shipping.shipping_status or "")[:8],
            "tracking_link": shipping.shipping_tracking_link or "",
            "shipped_on": shipping.shipped_on,
            "delivered_on": shipping.delivered_on,
            "fulfilled": shipping.fulfilled,
            "invalid_address": shipping.invalid_address or "",
            "duplicate_at_address": bool(shipping.duplicate_device_at_address),
            "client_notes": shipping.client_notes or "",
        }
    return facts


def update_device(device: Device, facts: dict[str, Any], *, holder: Patient | None) -> None:
    if device.first_reading_at and "state" in facts:
        facts["state"] = facts["state"].after_reading
    if device.patient is None and holder is not None:
        facts["patient"] = holder
    if "state" in facts and facts["state"] != device.state:
        facts["state_since"] = timezone.now()
    for name, value in facts.items():
        setattr(device, name, value)
    if facts:
        device.save(update_fields=list(facts))


def find_device_type(hwi: HwiDevice) -> DeviceType | None:
    exact = DeviceType.objects.filter(name=hwi.name).first()
    if exact is not None:
        return exact
    folded = fold_device_name(hwi.name)
    return next((found for found in DeviceType.objects.all() if fold_device_name(found.name) == folded), None)


def mark_equipment_changed(patient: Patient) -> None:
    Patient.objects.mark_summary_stale([patient.pk])
    wake_worker("stale_summaries")


def update_assignment(device: Device, patient: Patient, ended: dt.datetime | None) -> bool:
    """The first holder's assignment is open to the left: readings from before the enrolment are the patient's, unless
    another patient had the hardware. Returns whether anything has changed."""
    if not device.assignments.exists():
        began = former_hardware.handover_time(device)
        began = min(began, ended) if began and ended else began
        Assignment.objects.create(device=device, patient=patient, started_at=began, ended_at=ended)
        processing.wake_waiting_deliveries(device.hwi_id)
        return True
    return ended is not None and device.assignments.open().filter(patient=patient).update(ended_at=ended) > 0


def attach_device(device: Device, patient: Patient, *, vendor_patient_id: str = "") -> None:
    """A person has decided who holds a device that the vendor links to no enrolled patient, or to
    `vendor_patient_id`."""
    with transaction.atomic():
        device.patient = patient
        device.save(update_fields=["patient"])
        update_assignment(device, patient, device.unlinked_on)
        device.assignments.filter(patient=patient).update(vendor_patient_id=vendor_patient_id)
        mark_equipment_changed(patient)
        Patient.objects.touch_live_version([patient.pk])
        wake_worker("exceptions")


def vendor_ids_of_assigned_patient(device: Device) -> set[str]:
    """Folded: under which patient ids the vendor may speak of who holds it now."""
    held = device.assignments.open().exclude(vendor_patient_id="").values_list("vendor_patient_id", flat=True)
    own = device.patient.external_id if device.patient else ""
    return {fold_case(name) for name in (own, *held)}
