"""HWI devices: list, detail, patient assignment, unlinking, deletion and their status webhook."""

from typing import Any

from devices.simulator.api import patients
from devices.simulator.api.catalogue import DEVICE_TYPES
from devices.simulator.api.pagination import list_response, matches_search
from devices.simulator.api.validation import Field, require_valid_fields
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

DEPRECATED_PATIENT_FIELDS = {"patient_id": Field(blank=False), "patient_phone_number": Field(null=True)}
SHIPPING_STATUS_CODES = {
    "Pending Shipment": "PE",
    "Dropship Requested": "PE",
    "Client Action Required": "CR",
    "On Hold": "OH",
    "Ready to Ship": "RS",
    "Shipped": "SH",
    "Dropshipped": "SH",
    "Delivered": "DE",
    "Connected": "CN",
    "Returned": "RE",
}


def device_json(state: SimulatorState, document: Json) -> Json:
    """The document as REST shows it: without the simulator's own keys, with the patient's current fields."""
    person = patients.patient_of_device(state, document)
    shown = ("status", "connected_on", "unlinked_on", "last_measurement", "device")
    return {
        "id": document["id"],
        "hwi_device_id": document["id"],
        **{name: document[name] for name in shown},
        "patient_id": person["external_id"] if person else None,
        "patient_phone_number": person["phone_number"] if person else None,
        "patient": {name: person[name] for name in patients.NESTED_PATIENT_FIELDS} if person else None,
    }


def save_device(state: SimulatorState, document: Json) -> Json:
    return state.store.put("device", document["id"], document)


def get_device_or_404(state: SimulatorState, key: str) -> Json:
    return state.get_or_404("device", key.lower())


def set_device_status(document: Json, status: str) -> None:
    """The readable word, and the two-letter code where something is being shipped."""
    document["status"] = status
    order = document["device"]["fulfillment_request"]
    if order and status in SHIPPING_STATUS_CODES:
        order["shipping_status"] = SHIPPING_STATUS_CODES[status]


def notify_device_status(
    state: SimulatorState, document: Json, *, status: str = "", old_uuid: str | None = None
) -> None:
    """The fulfillment webhook, after the commit: no time, no id; `device_id` only on Replaced and Unlinked."""
    person = patients.patient_of_device(state, document)
    # One of the vendor's own samples carries this key with a trailing space.
    status_key = state.random.choice(("status", "status", "status", "status "))
    link = (document["device"]["fulfillment_request"] or {}).get("shipping_tracking_link")
    payload: Json = {
        "hwi_device_id": document["id"],
        "patient_id": person["external_id"] if person else None,
        "hardware_uuid": document["device"]["hardware_uuid"],
        "sensor_code": document["device"]["sensor_code"],
        "device_name": document["device"]["name"],
        status_key: status or document["status"],
        "tracking_link": link.removeprefix("https://") if link and state.random.random() < 0.25 else link,
    }
    if old_uuid:
        payload["device_id"] = old_uuid
    state.notify_webhooks("FULFILLMENT", payload)


# Endpoints


def list_devices(state: SimulatorState, request: Request) -> Response:
    """Every device of the account whatever its state, newest first. Unknown filters are ignored."""
    rows = [each for each in reversed(state.store.all("device")) if matches_device_filters(state, each, request)]
    return list_response(request, rows, serialize=lambda each: device_json(state, each))


def matches_device_filters(state: SimulatorState, document: Json, request: Request) -> bool:
    query, uuid = request.query, document["device"]["hardware_uuid"] or ""
    person = patients.patient_of_device(state, document) or {}
    external_id = person.get("external_id") or ""
    key, value = query.get("properties__key"), query.get("properties__value")
    properties = [
        each for each in document["properties"] if key in (None, each["key"]) and value in (None, each["value"])
    ]
    return (
        ("device__hardware_uuid" not in query or query["device__hardware_uuid"] == uuid)
        and query.get("device__hardware_uuid__iexact", uuid).lower() == uuid.lower()
        and query.get("patient__external_id", external_id) == external_id
        and ((key is None and value is None) or bool(properties))
        and matches_search(request, document["device"]["name"], uuid, external_id, person.get("name"))
    )


def get_device(state: SimulatorState, request: Request, key: str) -> Response:
    return Response(data=device_json(state, get_device_or_404(state, key)))


def put_device(state: SimulatorState, request: Request, key: str) -> Response:
    """Only the `patient` object is applied; the rest of the body must be there and is ignored."""
    document, body = get_device_or_404(state, key), request.json_object()
    if "device" not in body:
        raise ApiError(400, {"device": ["This field is required."]})
    if body.get("patient") is not None:
        values = validate_nested_patient(body["patient"])
        document["patient"] = patients.save_nested_patient(state, values, document["patient"])
    elif "patient" in body:
        document["patient"] = None  # detached from this device only
    else:
        apply_deprecated_patient(state, document, body)
    return Response(data=device_json(state, save_device(state, document)))


def patch_device(state: SimulatorState, request: Request, key: str) -> Response:
    """Documented as applying the two deprecated root fields and nothing else."""
    document = get_device_or_404(state, key)
    apply_deprecated_patient(state, document, request.json_object())
    return Response(data=device_json(state, save_device(state, document)))


def validate_nested_patient(patient: Any) -> Json:
    try:
        return require_valid_fields(patient, patients.NESTED_PATIENT_FIELDS)
    except ApiError as refusal:
        raise ApiError(400, {"patient": refusal.data}) from refusal


def validate_deprecated_patient(body: Json) -> Json:
    """The two root fields of the first API, as the nested object that replaced them."""
    sent = require_valid_fields(body, DEPRECATED_PATIENT_FIELDS)
    names = {"patient_id": "external_id", "patient_phone_number": "phone_number"}
    return {names[name]: value for name, value in sent.items()}


def apply_deprecated_patient(state: SimulatorState, document: Json, body: Json) -> None:
    if values := validate_deprecated_patient(body):
        document["patient"] = patients.save_nested_patient(state, values, document["patient"])


def delete_device(state: SimulatorState, request: Request, key: str) -> Response:
    document = get_device_or_404(state, key)
    order = document["device"]["fulfillment_request"]
    if order and order["fulfilled"]:
        # A bare list: what DRF makes of `raise ValidationError("...")`.
        raise ApiError(
            400, ["This device has a fulfilled fulfillment request and can't be deleted. Unlink it instead."]
        )
    state.store.remove("device", document["id"])
    state.store.remove_measurements(document["id"])
    return Response(204)


def unlink_device(state: SimulatorState, request: Request, key: str) -> Response:
    """A GET that changes state, always succeeds, and does nothing the second time."""
    document = get_device_or_404(state, key)
    if not document["unlinked_on"]:
        old_uuid = document["device"]["hardware_uuid"]
        document["unlinked_on"] = state.clock.stamp()
        document["device"]["hardware_uuid"] = document["carries"] = document["step_at"] = None
        set_device_status(document, "Unlinked")
        save_device(state, document)
        notify_device_status(state, document, old_uuid=old_uuid)
    return Response(data=device_json(state, document))


def reading_sensor_code(document: Json) -> str:
    """As readings show it: `code-sensorid` for types that need a sensor id."""
    device = document["device"]
    needs_sensor_id = "sensor id" in DEVICE_TYPES[device["name"]].flags
    return f"{device['sensor_code']}-{device['sensor_id']}" if needs_sensor_id else str(device["sensor_code"])
