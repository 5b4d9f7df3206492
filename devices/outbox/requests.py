"""Requests for devices, as vendor calls with the least data about the patient. `devices.outbox.sending` sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from devices import tenovi
from devices.hardware_ids import hardware_uuid_problem, normalise_hardware_uuid
from devices.models import DeviceType, VendorCall
from devices.models.vendor_call import generate_reference
from patients.models import Patient

if TYPE_CHECKING:
    from patients.models import User


class InvalidHardwareUuid(ValueError):
    """What is wrong with a gateway ID or IMEI, for the person who typed it."""


def request_order(
    *, patient: Patient, device_type: DeviceType, gateway: str | None, ship_to: tenovi.ShipTo, by: User
) -> VendorCall:
    """One device, shipped by the vendor. `gateway` None ships one with it; cellular devices need none."""
    call = VendorCall(kind=VendorCall.Kind.ORDER, patient=patient, requested_by=by, reference=generate_reference())
    notes = f"{call.reference} {ship_to.client_notes or ''}".strip()
    recipient = tenovi.VendorPatient(
        external_id=patient.external_id,
        name=ship_to.name,
        phone_number=phone_for_vendor(patient),
        sms_opt_in=patient.sms_consent,
    )
    call.payload = {
        "name": device_type.name,
        "gateway": None if device_type.cellular or not gateway else validate_hardware_uuid(gateway, cellular=False),
        "patient": struct_to_json(recipient),
        "ship_to": struct_to_json(msgspec.structs.replace(ship_to, client_notes=notes)),
    }
    call.save(force_insert=True)
    return call


def request_activation(
    *, patient: Patient, device_type: DeviceType, hardware_uuid: str, by: User, sensor_id: str = ""
) -> VendorCall:
    """One device that the patient holds already. Nothing is shipped, so the vendor learns no name."""
    without_name = tenovi.VendorPatient(external_id=patient.external_id, sms_opt_in=patient.sms_consent)
    return VendorCall.objects.create(
        kind=VendorCall.Kind.ACTIVATE,
        patient=patient,
        requested_by=by,
        payload={
            "name": device_type.name,
            "gateway": validate_hardware_uuid(hardware_uuid, cellular=device_type.cellular),
            "sensor_id": sensor_id or None,
            "patient": struct_to_json(without_name),
        },
    )


def phone_for_vendor(patient: Patient) -> str | None:
    """Only for texts that the patient has agreed to."""
    return patient.phone if patient.sms_consent and patient.phone else None


def validate_hardware_uuid(text: str, *, cellular: bool | None = None) -> str:
    """Normalised. `cellular` as in `hardware_uuid_problem`. Raises InvalidHardwareUuid."""
    hardware = normalise_hardware_uuid(text)
    if problem := hardware_uuid_problem(hardware, cellular=cellular):
        raise InvalidHardwareUuid(problem)
    return hardware


def struct_to_json(said: msgspec.Struct) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(said)
    return {name: value for name, value in fields.items() if value is not None}
