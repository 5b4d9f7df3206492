"""HWI devices: the list, one, its patient, its end."""

from typing import Any

from devices.simulator.api import patients
from devices.simulator.api.catalogue import DEVICE_TYPES
from devices.simulator.api.pagination import matches_search, paginate_if_requested
from devices.simulator.api.validation import Field, require_valid_fields
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json, Request, Response
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
    """The document as REST shows it: our own bookkeeping left out, the patient's present fields put in."""
    person = state.store.get("patient", document["patient"]) if document["patient"] else None
    return {
        "id": document["id"],
        "hwi_device_id": document["id"],
        "status": document["status"],
        "connected_on": document["connected_on"],
        "unlinked_on": document["unlinked_on"],
        "last_measurement": document["last_measurement"],
        "device": document["device"],
        "patient_id": person["external_id"] if person else None,
        "patient_phone_number": person["phone_number"] if person else None,
        "patient": patients.nested_patient_json(person),
    }


def save_device(state: SimulatorState, document: Json) -> Json:
    return state.store.put("device", document["id"], document)


def get_device_or_404(state: SimulatorState, key: str) -> Json:
    document = state.store.get("device", key.lower())
    if not document:
        raise ApiError(404, NOT_FOUND_BODY)
    return document


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
    order = document["device"]["fulfillment_request"] or {}
    person = state.store.get("patient", document["patient"]) if document["patient"] else None
    payload: Json = {
        "hwi_device_id": document["id"],
        "patient_id": person["external_id"] if person else None,
        "hardware_uuid": document["device"]["hardware_uuid"],
        "sensor_code": document["device"]["sensor_code"],
        "device_name": document["device"]["name"],
        # One of the vendor's own samples carries this key with a trailing space.
        state.random.choice(("status", "status", "status", "status ")): status or document["status"],
        "tracking_link": sometimes_strip_scheme(state, order.get("shipping_tracking_link")),
    }
    if old_uuid:
        payload["device_id"] = old_uuid
    state.after_commit(lambda: send_fulfillment_webhooks(state, payload))


def send_fulfillment_webhooks(state: SimulatorState, payload: Json) -> None:
    for hook in state.store.all("webhook"):
        if hook["event"] == "FULFILLMENT":
            state.webhook_sender.queue_delivery(hook, "FULFILLMENT", payload)


def sometimes_strip_scheme(state: SimulatorState, link: str | None) -> str | None:
    return link.removeprefix("https://") if link and state.random.random() < 0.25 else link


# Endpoints


def list_devices(state: SimulatorState, request: Request) -> Response:
    """Every device of the account whatever its state, newest first. Unknown filters are ignored."""
    rows = [each for each in reversed(state.store.all("device")) if matches_device_filters(state, each, request.query)]
    answer = paginate_if_requested(request, rows)
    page = answer["results"] if isinstance(answer, dict) else answer
    page[:] = [device_json(state, each) for each in page]
    return Response(data=answer)


def matches_device_filters(state: SimulatorState, document: Json, query: dict[str, str]) -> bool:
    uuid = document["device"]["hardware_uuid"] or ""
    person = (state.store.get("patient", document["patient"]) if document["patient"] else None) or {}
    external_id = person.get("external_id") or ""
    return (
        ("device__hardware_uuid" not in query or query["device__hardware_uuid"] == uuid)
        and query.get("device__hardware_uuid__iexact", uuid).lower() == uuid.lower()
        and query.get("patient__external_id", external_id) == external_id
        and matches_property_filters(document, query)
        and matches_search(query.get("search", ""), document["device"]["name"], uuid, external_id, person.get("name"))
    )


def matches_property_filters(document: Json, query: dict[str, str]) -> bool:
    key, value = query.get("properties__key"), query.get("properties__value")
    if key is None and value is None:
        return True
    return any(key in (None, each["key"]) and value in (None, each["value"]) for each in document["properties"])


def get_device(state: SimulatorState, request: Request, key: str) -> Response:
    return Response(data=device_json(state, get_device_or_404(state, key)))


def put_device(state: SimulatorState, request: Request, key: str) -> Response:
    """Only the `patient` object is applied; the rest of the body must be there and is ignored."""
    document, body = get_device_or_404(state, key), request.json_object()
    if "device" not in body:
        raise ApiError(400, {"device": ["This field is required."]})
    if "patient" in body:
        apply_nested_patient(state, document, body["patient"])
    elif "patient_id" in body or "patient_phone_number" in body:
        apply_deprecated_patient(state, document, body)
    return Response(data=device_json(state, save_device(state, document)))


def patch_device(state: SimulatorState, request: Request, key: str) -> Response:
    """Documented as applying the two deprecated root fields and nothing else."""
    document = get_device_or_404(state, key)
    apply_deprecated_patient(state, document, request.json_object())
    return Response(data=device_json(state, save_device(state, document)))


def apply_nested_patient(state: SimulatorState, document: Json, patient: Any) -> None:
    if patient is None:
        document["patient"] = None  # detached from this device only
        return
    values = validate_nested_patient(patient)
    document["patient"] = patients.save_nested_patient(state, values, document["patient"])


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
    if "sensor id" in DEVICE_TYPES[device["name"]][4]:
        return f"{device['sensor_code']}-{device['sensor_id']}"
    return str(device["sensor_code"])
