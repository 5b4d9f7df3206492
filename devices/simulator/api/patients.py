"""Patients at the vendor: shared by all devices that carry their external id."""

from devices.simulator.api.pagination import list_response
from devices.simulator.api.validation import BOOLEAN_FIELD, TEXT_FIELD, Field, require_valid_fields
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

NESTED_PATIENT_FIELDS = {
    "external_id": TEXT_FIELD,
    "name": TEXT_FIELD,
    "phone_number": TEXT_FIELD,
    "email": Field(kind="email"),
    "physician": TEXT_FIELD,
    "clinic_name": TEXT_FIELD,
    "care_manager": TEXT_FIELD,
    "sms_opt_in": BOOLEAN_FIELD,
}
ADDRESS_FIELDS = ("address", "city", "state", "zip_code")
PATIENT_FIELDS = {
    **NESTED_PATIENT_FIELDS,
    **dict.fromkeys(ADDRESS_FIELDS, TEXT_FIELD),
    "external_id": Field(required=True, null=False, blank=False),
    "email": TEXT_FIELD,  # not validated here, unlike the nested one
    "confirm_address": BOOLEAN_FIELD,
}
EMPTY_PATIENT: Json = {
    **dict.fromkeys(("external_id", "name", *ADDRESS_FIELDS)),
    **dict.fromkeys(("phone_number", "email", "physician", "clinic_name", "care_manager")),
    "sms_opt_in": True,  # the vendor's default: a client that does not send it has consented for the patient
    "address_status": "",
    "address_verified_by": "",
    "confirm_address": False,
}


def find_patient(state: SimulatorState, external_id: str | None) -> Json | None:
    """Lookup ignores case; the stored spelling is returned."""
    return state.store.get("patient", external_id.casefold()) if external_id else None


def patient_of_device(state: SimulatorState, document: Json | None) -> Json | None:
    return state.store.get("patient", document["patient"]) if document and document["patient"] else None


def save_nested_patient(state: SimulatorState, values: Json, current: str | None = None) -> str | None:
    """Write a nested patient object; the patient's key in the store.

    An external id that exists is linked, and its fields overwritten by those sent. Without one, the fields go
    to the patient that the device already has.
    """
    external_id = values.get("external_id")
    key = external_id.casefold() if external_id else current or f"#{state.new_id()}"
    document = state.store.get("patient", key) or {**EMPTY_PATIENT, "external_id": external_id}
    document.update({name: value for name, value in values.items() if name != "external_id"})
    state.store.put("patient", key, document)
    return key


def verify_address(document: Json) -> None:
    """A complete address is verified at once; for invalid ones see is_undeliverable."""
    document["address_status"] = document["address_verified_by"] = ""
    if document["confirm_address"]:
        document.update(address_status="Verified", address_verified_by="Client")
    elif all(document[name] for name in ADDRESS_FIELDS):
        bad = is_undeliverable(document["address"], document["zip_code"])
        document.update(address_status="Invalid" if bad else "Verified", address_verified_by="USPS")


def is_undeliverable(address: str | None, zip_code: str | None) -> bool:
    marked = "CLIENTACTION" in (address or "").upper() or (zip_code or "").startswith("00000")
    return marked or is_post_office_box(address)


def is_post_office_box(address: str | None) -> bool:
    """The carrier delivers to none, whatever a client confirms."""
    return (address or "").upper().startswith("PO BOX")


# Endpoints


def list_patients(state: SimulatorState, request: Request) -> Response:
    return list_response(
        request,
        [each for each in reversed(state.store.all("patient")) if each["external_id"]],
        search_texts=lambda each: (each["external_id"], each["name"], each["phone_number"]),
        always_paged=True,
    )


def create_patient(state: SimulatorState, request: Request) -> Response:
    values = require_valid_fields(request.json_object(), PATIENT_FIELDS)
    if find_patient(state, values["external_id"]):
        raise ApiError(400, {"external_id": ["Patient with this external id already exists."]})
    document = {**EMPTY_PATIENT, **values}
    verify_address(document)
    return Response(201, state.store.put("patient", values["external_id"].casefold(), document))


def get_patient(state: SimulatorState, request: Request, external_id: str) -> Response:
    return Response(data=state.get_or_404("patient", external_id.casefold()))


def update_patient(state: SimulatorState, request: Request, external_id: str) -> Response:
    document = state.get_or_404("patient", external_id.casefold())
    values = require_valid_fields(request.json_object(), PATIENT_FIELDS, partial=request.method == "PATCH")
    new_key = values.get("external_id", external_id).casefold()
    if new_key != external_id.casefold():
        if state.store.get("patient", new_key):
            raise ApiError(400, {"external_id": ["Patient with this external id already exists."]})
        relink_devices(state, external_id.casefold(), new_key)
    document.update(values)
    verify_address(document)
    return Response(data=state.store.put("patient", new_key, document))


def delete_patient(state: SimulatorState, request: Request, external_id: str) -> Response:
    state.get_or_404("patient", external_id.casefold())
    relink_devices(state, external_id.casefold(), None)
    return Response(204)


def relink_devices(state: SimulatorState, old_key: str, new_key: str | None) -> None:
    for device in state.store.all("device"):
        if device["patient"] == old_key:
            device["patient"] = new_key
            state.store.put("device", device["id"], device)
    state.store.remove("patient", old_key)
