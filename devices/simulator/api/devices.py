"""HWI devices: the list, one, its patient, its end."""

from typing import Any

from devices.simulator.api import patients
from devices.simulator.api.catalogue import TYPES
from devices.simulator.api.pagination import listed, matches
from devices.simulator.api.validation import Field, cleaned
from devices.simulator.runtime.messages import NOT_FOUND, Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World

DEPRECATED = {"patient_id": Field(blank=False), "patient_phone_number": Field(null=True)}
CODES = {
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


def represented(world: World, document: Json) -> Json:
    """The document as REST shows it: our own bookkeeping left out, the patient's present fields put in."""
    person = world.store.get("patient", document["patient"]) if document["patient"] else None
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
        "patient": patients.nested(person),
    }


def save(world: World, document: Json) -> Json:
    return world.store.put("device", document["id"], document)


def found(world: World, key: str) -> Json:
    document = world.store.get("device", key.lower())
    if not document:
        raise Refusal(404, NOT_FOUND)
    return document


def set_status(document: Json, status: str) -> None:
    """The readable word, and the two-letter code where something is being shipped."""
    document["status"] = status
    order = document["device"]["fulfillment_request"]
    if order and status in CODES:
        order["shipping_status"] = CODES[status]


def tell_status(world: World, document: Json, *, status: str = "", old_uuid: str | None = None) -> None:
    """The fulfillment webhook, after the commit: no time, no id; `device_id` only on Replaced and Unlinked."""
    order = document["device"]["fulfillment_request"] or {}
    person = world.store.get("patient", document["patient"]) if document["patient"] else None
    payload: Json = {
        "hwi_device_id": document["id"],
        "patient_id": person["external_id"] if person else None,
        "hardware_uuid": document["device"]["hardware_uuid"],
        "sensor_code": document["device"]["sensor_code"],
        "device_name": document["device"]["name"],
        # One of the vendor's own samples carries this key with a trailing space.
        world.random.choice(("status", "status", "status", "status ")): status or document["status"],
        "tracking_link": _seldom_without_scheme(world, order.get("shipping_tracking_link")),
    }
    if old_uuid:
        payload["device_id"] = old_uuid
    world.after_commit(lambda: send_fulfillment(world, payload))


def send_fulfillment(world: World, payload: Json) -> None:
    for hook in world.store.all("webhook"):
        if hook["event"] == "FULFILLMENT":
            world.outbox.push(hook, "FULFILLMENT", payload)


def _seldom_without_scheme(world: World, link: str | None) -> str | None:
    return link.removeprefix("https://") if link and world.random.random() < 0.25 else link


# Endpoints


def list_devices(world: World, request: Request) -> Answer:
    """Every device of the account whatever its state, newest first. Unknown filters are ignored."""
    rows = [each for each in reversed(world.store.all("device")) if _wanted(world, each, request.query)]
    answer = listed(request, rows)
    page = answer["results"] if isinstance(answer, dict) else answer
    page[:] = [represented(world, each) for each in page]
    return Answer(data=answer)


def _wanted(world: World, document: Json, query: dict[str, str]) -> bool:
    uuid = document["device"]["hardware_uuid"] or ""
    person = (world.store.get("patient", document["patient"]) if document["patient"] else None) or {}
    external_id = person.get("external_id") or ""
    return (
        ("device__hardware_uuid" not in query or query["device__hardware_uuid"] == uuid)
        and query.get("device__hardware_uuid__iexact", uuid).lower() == uuid.lower()
        and query.get("patient__external_id", external_id) == external_id
        and _has_property(document, query)
        and matches(query.get("search", ""), document["device"]["name"], uuid, external_id, person.get("name"))
    )


def _has_property(document: Json, query: dict[str, str]) -> bool:
    key, value = query.get("properties__key"), query.get("properties__value")
    if key is None and value is None:
        return True
    return any(key in (None, each["key"]) and value in (None, each["value"]) for each in document["properties"])


def get_device(world: World, request: Request, key: str) -> Answer:
    return Answer(data=represented(world, found(world, key)))


def put_device(world: World, request: Request, key: str) -> Answer:
    """Only the `patient` object is applied; the rest of the body must be there and is ignored."""
    document, body = found(world, key), request.object()
    if "device" not in body:
        raise Refusal(400, {"device": ["This field is required."]})
    if "patient" in body:
        _apply_patient(world, document, body["patient"])
    elif "patient_id" in body or "patient_phone_number" in body:
        _apply_deprecated(world, document, body)
    return Answer(data=represented(world, save(world, document)))


def patch_device(world: World, request: Request, key: str) -> Answer:
    """Documented as applying the two deprecated root fields and nothing else."""
    document = found(world, key)
    _apply_deprecated(world, document, request.object())
    return Answer(data=represented(world, save(world, document)))


def _apply_patient(world: World, document: Json, patient: Any) -> None:
    if patient is None:
        document["patient"] = None  # detached from this device only
        return
    values = nested_patient(patient)
    document["patient"] = patients.apply(world, values, document["patient"])


def nested_patient(patient: Any) -> Json:
    try:
        return cleaned(patient, patients.NESTED)
    except Refusal as refusal:
        raise Refusal(400, {"patient": refusal.data}) from refusal


def deprecated_patient(body: Json) -> Json:
    """The two root fields of the first API, as the nested object that replaced them."""
    sent = cleaned(body, DEPRECATED)
    names = {"patient_id": "external_id", "patient_phone_number": "phone_number"}
    return {names[name]: value for name, value in sent.items()}


def _apply_deprecated(world: World, document: Json, body: Json) -> None:
    if values := deprecated_patient(body):
        document["patient"] = patients.apply(world, values, document["patient"])


def delete_device(world: World, request: Request, key: str) -> Answer:
    document = found(world, key)
    order = document["device"]["fulfillment_request"]
    if order and order["fulfilled"]:
        # A bare list: what DRF makes of `raise ValidationError("...")`.
        raise Refusal(400, ["This device has a fulfilled fulfillment request and can't be deleted. Unlink it instead."])
    world.store.remove("device", document["id"])
    world.store.remove_measurements(document["id"])
    return Answer(204)


def unlink_device(world: World, request: Request, key: str) -> Answer:
    """A GET that changes state, always succeeds, and does nothing the second time."""
    document = found(world, key)
    if not document["unlinked_on"]:
        old_uuid = document["device"]["hardware_uuid"]
        document["unlinked_on"] = world.clock.stamp()
        document["device"]["hardware_uuid"] = document["carries"] = document["step_at"] = None
        set_status(document, "Unlinked")
        save(world, document)
        tell_status(world, document, old_uuid=old_uuid)
    return Answer(data=represented(world, document))


def sensor_code(document: Json) -> str:
    """As readings show it: `code-sensorid` for types that need a sensor id."""
    device = document["device"]
    if "sensor id" in TYPES[device["name"]][4]:
        return f"{device['sensor_code']}-{device['sensor_id']}"
    return str(device["sensor_code"])
