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
    *,
    patient: Patient,
    device_type: DeviceType,
    gateway: str | None,
    ship_to: tenovi.ShipTo,
    by: User,
    physician: str = "",
) -> VendorCall:
    """One device, shipped by the vendor or, with `client_will_fulfill`, by the clinic. `gateway` None ships one with
    it; cellular devices need none."""
    call = VendorCall(kind=VendorCall.Kind.ORDER, patient=patient, requested_by=by, reference=generate_reference())
    notes = f"{call.reference} {ship_to.client_notes or ''}".strip()
    call.payload = {
        "name": device_type.name,
        "gateway": None if device_type.cellular or not gateway else validate_hardware_uuid(gateway, cellular=False),
        "patient": struct_to_json(build_recipient(patient, call.kind, physician=physician)),
        "ship_to": struct_to_json(msgspec.structs.replace(ship_to, client_notes=notes)),
    }
    call.save(force_insert=True)
    return call


def request_activation(
    *, patient: Patient, device_type: DeviceType, hardware_uuid: str, by: User, sensor_id: str = ""
) -> VendorCall:
    """One device that the patient holds already. Name and phone are in the patient's record."""
    return VendorCall.objects.create(
        kind=VendorCall.Kind.ACTIVATE,
        patient=patient,
        requested_by=by,
        payload={
            "name": device_type.name,
            "gateway": validate_hardware_uuid(hardware_uuid, cellular=device_type.cellular),
            "sensor_id": sensor_id or None,
            "patient": struct_to_json(build_recipient(patient, VendorCall.Kind.ACTIVATE)),
        },
    )


def build_recipient(patient: Patient, kind: str, *, physician: str = "") -> tenovi.VendorPatient:
    """The patient as nested in a request for a device. The phone number is for calls about a delivery; texts need the
    patient's consent. `physician`: whom the order names to the vendor's fulfillment team."""
    if kind == VendorCall.Kind.ACTIVATE:
        return tenovi.VendorPatient(external_id=patient.external_id, sms_opt_in=patient.sms_consent)
    return tenovi.VendorPatient(
        external_id=patient.external_id,
        name=patient.name,
        phone_number=patient.phone or None,
        physician=physician or None,
        sms_opt_in=patient.sms_consent,
    )


def current_recipient(call: VendorCall) -> tenovi.VendorPatient:
    """As of now, not as of the request: what is nested overwrites the patient's record at the vendor."""
    if call.patient is None:
        return msgspec.convert(call.payload["patient"], tenovi.VendorPatient)
    return build_recipient(call.patient, call.kind, physician=call.payload["patient"].get("physician", ""))


def validate_hardware_uuid(text: str, *, cellular: bool | None = None) -> str:
    """Normalised. `cellular` as in `hardware_uuid_problem`. Raises InvalidHardwareUuid."""
    hardware = normalise_hardware_uuid(text)
    if problem := hardware_uuid_problem(hardware, cellular=cellular):
        raise InvalidHardwareUuid(problem)
    return hardware


def struct_to_json(said: msgspec.Struct) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(said)
    return {name: value for name, value in fields.items() if value is not None}
