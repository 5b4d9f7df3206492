"""People as the vendor knows them: shared by all devices that carry their external id."""

from devices.simulator.api.pagination import matches_search, paginate_if_requested
from devices.simulator.api.validation import BOOLEAN_FIELD, TEXT_FIELD, Field, require_valid_fields
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json, Request, Response
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
    "sms_opt_in": True,  # the vendor's default: whoever forgets to send it has consented for the patient
    "address_status": "",
    "address_verified_by": "",
    "confirm_address": False,
}


def find_patient(state: SimulatorState, external_id: str | None) -> Json | None:
    """Looked up ignoring case; the stored spelling is kept."""
    return state.store.get("patient", external_id.casefold()) if external_id else None


def save_nested_patient(state: SimulatorState, values: Json, current: str | None = None) -> str | None:
    """Write a nested patient object; the store's key of the person meant.

    An external id that exists is linked, and its fields overwritten by those sent. Without one, the fields go
    to the person that the device already has.
    """
    external_id = values.get("external_id")
    key = external_id.casefold() if external_id else current or f"#{state.new_id()}"
    document = state.store.get("patient", key) or {**EMPTY_PATIENT, "external_id": external_id}
    document.update({name: value for name, value in values.items() if name != "external_id"})
    state.store.put("patient", key, document)
    return key


def nested_patient_json(document: Json | None) -> Json | None:
    return {name: document[name] for name in NESTED_PATIENT_FIELDS} if document else None


def verify_address(document: Json) -> None:
    """A complete address is verified at once; this vendor knows bad ones by a word or a ZIP code."""
    document["address_status"] = document["address_verified_by"] = ""
    if document["confirm_address"]:
        document.update(address_status="Verified", address_verified_by="Client")
    elif all(document[name] for name in ADDRESS_FIELDS):
        bad = is_undeliverable(document["address"], document["zip_code"])
        document.update(address_status="Invalid" if bad else "Verified", address_verified_by="USPS")


def is_undeliverable(address: str | None, zip_code: str | None) -> bool:
    return "CLIENTACTION" in (address or "").upper() or (zip_code or "").startswith("00000")


# Endpoints


def list_patients(state: SimulatorState, request: Request) -> Response:
    words = request.query.get("search", "")
    known = [each for each in reversed(state.store.all("patient")) if each["external_id"]]
    rows = [each for each in known if matches_search(words, each["external_id"], each["name"], each["phone_number"])]
    return Response(data=paginate_if_requested(request, rows, always_paged=True))


def create_patient(state: SimulatorState, request: Request) -> Response:
    values = require_valid_fields(request.json_object(), PATIENT_FIELDS)
    if find_patient(state, values["external_id"]):
        raise ApiError(400, {"external_id": ["Patient with this external id already exists."]})
    document = {**EMPTY_PATIENT, **values}
    verify_address(document)
    return Response(201, state.store.put("patient", values["external_id"].casefold(), document))


def get_patient(state: SimulatorState, request: Request, external_id: str) -> Response:
    return Response(data=get_patient_or_404(state, external_id))


def update_patient(state: SimulatorState, request: Request, external_id: str) -> Response:
    document = get_patient_or_404(state, external_id)
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
    get_patient_or_404(state, external_id)
    relink_devices(state, external_id.casefold(), None)
    return Response(204)


def get_patient_or_404(state: SimulatorState, external_id: str) -> Json:
    document = find_patient(state, external_id)
    if not document:
        raise ApiError(404, NOT_FOUND_BODY)
    return document


def relink_devices(state: SimulatorState, old_key: str, new_key: str | None) -> None:
    for device in state.store.all("device"):
        if device["patient"] == old_key:
            device["patient"] = new_key
            state.store.put("device", device["id"], device)
    state.store.remove("patient", old_key)
