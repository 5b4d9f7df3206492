"""Calls that write a patient's record at the vendor: create, update, and the detaching of a device from its patient.

A create whose answer is unclear is looked up by the patient's external id. An update and a detaching are idempotent:
they are sent again, unless a newer update of the same record waits.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from django.db import transaction

from devices import tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from patients.models import User


def request_detach(device: Device, *, by: User) -> VendorCall:
    """Have the vendor forget which patient this device belonged to. Asked twice, it is one call."""
    said = {"hwi_id": str(device.hwi_id), "name": device.name, "gateway": device.hardware_uuid or None}
    with transaction.atomic():
        call, _ = VendorCall.objects.get_or_create(
            device=device,
            kind=CallKind.DETACH,
            state__in=CallState.unresolved(),
            defaults={
                "patient_id": device.patient_id, "requested_by": by, "payload": said, "state": CallState.QUEUED,
            },
        )  # fmt: skip
    return call


def describe_detach(device: Device) -> str:
    """Where the detaching is, for a person; empty where it was not asked for or is done."""
    newest = device.vendor_calls.filter(kind=CallKind.DETACH).order_by("-created_at", "-pk").first()
    if newest is not None and newest.state in CallState.unresolved():
        return "It is being detached from the patient at the vendor."
    if newest is not None and newest.state == CallState.REJECTED:
        return f"The vendor has refused to detach it: {newest.reason}"
    return ""


def send_detach(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.HwiDevice:
    said = call.payload
    return client.update_device_patient(said["hwi_id"], name=said["name"], hardware_uuid=said["gateway"], patient=None)


def send_record(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.PatientDetails:
    said = call.payload
    patient = msgspec.convert(said["fields"], tenovi.PatientDetails)
    if call.kind == CallKind.CREATE_PATIENT:
        return client.create_patient(patient)
    return client.update_patient(said["fields"]["external_id"], patient, cleared=said["cleared"])


def read_created_record(call: VendorCall, client: tenovi.TenoviClient) -> tenovi.PatientDetails | None:
    """What an unclear create has left at the vendor; None: nothing."""
    try:
        return client.get_patient(call.payload["fields"]["external_id"])
    except tenovi.Rejected as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None
