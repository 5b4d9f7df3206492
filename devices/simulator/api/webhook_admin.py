"""Webhook administration: registering, testing, resending."""

import json
from typing import Any

from devices.simulator.api import measurements
from devices.simulator.api.measurements import two_places
from devices.simulator.api.pagination import listed
from devices.simulator.api.validation import FLAG, NAME, TEXT, Field, cleaned
from devices.simulator.runtime.messages import NOT_FOUND, Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World
from devices.simulator.runtime.webhook_sender import Delivery, count_of, headers_of

HOOK = {
    "endpoint": Field(kind="url", longest=512, required=True, null=False, blank=False),
    "auth_header": TEXT,
    "auth_key": TEXT,
    "event": Field(choices=("MEASUREMENT", "FULFILLMENT"), null=False, blank=False),
    "post_as_array": FLAG,
    "enabled_by_default": FLAG,
}
TESTING = {
    "event": NAME,
    **dict.fromkeys(("metric", "sensor_code", "device_name", "patient_id", "device_id"), TEXT),
    **dict.fromkeys(("hardware_uuid", "hwi_device_id", "status", "timestamp", "created"), TEXT),
    **dict.fromkeys(("value", "secondary_value"), Field()),
    "webhook_ids": Field(kind="any"),
    "timezone_offset": Field(kind="integer"),
    "estimated_timestamp": FLAG,
    "filter_params": Field(kind="any"),
}
TEST_DEVICE = "12345678-abcd-1234-abcd-1234567890ab"  # the vendor's own default; no such device exists


def list_hooks(world: World, request: Request) -> Answer:
    return Answer(data=listed(request, registered(world)))


def registered(world: World) -> list[Json]:
    return [each for each in world.store.all("webhook") if each["event"] != "SPECIAL_ORDER"]


def create_hook(world: World, request: Request) -> Answer:
    return Answer(201, add_hook(world, cleaned(request.object(), HOOK)))


def add_hook(world: World, values: Json) -> Json:
    now = world.clock.stamp()
    hook: Json = {
        "id": world.new_id(),
        "created": now,
        "modified": now,
        "auth_header": None,
        "auth_key": "Authorization",
    }
    defaults = {"event": "MEASUREMENT", "post_as_array": False, "enabled_by_default": True}
    return world.store.put("webhook", hook["id"], {**hook, **defaults, **values})


def add_special_hook(world: World, *, endpoint: str, auth_key: str = "", auth_header: str | None = None) -> Json:
    """Special-order hooks are set up in the vendor's web app; no endpoint lists them."""
    for hook in world.store.all("webhook"):
        if hook["event"] == "SPECIAL_ORDER" and hook["endpoint"] == endpoint:
            world.store.remove("webhook", hook["id"])
    values = {"event": "SPECIAL_ORDER", "endpoint": endpoint, "auth_header": auth_header}
    return add_hook(world, {**values, "auth_key": auth_key or "Authorization"})


def get_hook(world: World, request: Request, key: str) -> Answer:
    return Answer(data=_found(world, key))


def change_hook(world: World, request: Request, key: str) -> Answer:
    hook = _found(world, key)
    values = cleaned(request.object(), HOOK, partial=request.method == "PATCH")
    hook.update(values, modified=world.clock.stamp())
    return Answer(data=world.store.put("webhook", hook["id"], hook))


def delete_hook(world: World, request: Request, key: str) -> Answer:
    world.store.remove("webhook", _found(world, key)["id"])
    return Answer(204)


def _found(world: World, key: str) -> Json:
    hook = world.store.get("webhook", key.lower())
    if not hook:
        raise Refusal(404, NOT_FOUND)
    return hook


def send_test(world: World, request: Request) -> Answer:
    """Sends an ordinary-looking payload, unmarked as a test, and answers what each hook said."""
    values = cleaned(request.object(), TESTING)
    if values["event"] not in ("MEASUREMENT", "FULFILLMENT"):
        raise Refusal(400, {"event": [f'"{values["event"]}" is not a valid choice.']})
    measurement = values["event"] == "MEASUREMENT"
    payload = _test_measurement(world, values) if measurement else _test_fulfillment(values)
    hooks = _chosen(world, values["event"], values.get("webhook_ids"))
    return Answer(201, {**values, "responses": _send_now(world, hooks, values["event"], payload)})


def _chosen(world: World, event: str, wanted: Any) -> list[Json]:
    hooks = [each for each in world.store.all("webhook") if each["event"] == event]
    return [each for each in hooks if each["id"] in wanted] if wanted else hooks


def _send_now(world: World, hooks: list[Json], event: str, payload: Json) -> list[Json]:
    """On the caller's time; the lock is free meanwhile, so that the receiver may ask back."""
    responses: list[Json] = []
    for hook in hooks:
        body = [payload] if hook["post_as_array"] and event == "MEASUREMENT" else payload
        delivery = Delivery(event, hook["endpoint"], headers_of(hook), json.dumps(body).encode(), count_of(body))
        line = world.outbox.send(delivery)
        responses.append({"webhook_id": hook["id"], "endpoint": hook["endpoint"], "status": str(line["answer"])})
    return responses


def _test_measurement(world: World, values: Json) -> Json:
    now = world.clock.stamp()
    defaults: Json = {
        "metric": "pulse",
        "device_name": "Tenovi BPM",
        "hwi_device_id": TEST_DEVICE,
        "patient_id": "54321",
        "hardware_uuid": "1234ABCD5678",
        "sensor_code": "10",
        "value_1": two_places(values.get("value", 100)),
        "value_2": two_places(values.get("secondary_value", 0)),
        "created": values.get("timestamp") or now,
        "timestamp": now,
        "timezone_offset": 0,
        "estimated_timestamp": False,
        "filter_params": None,
    }
    return {name: values.get(name, default) for name, default in defaults.items()}


def _test_fulfillment(values: Json) -> Json:
    defaults: Json = {
        "hwi_device_id": TEST_DEVICE,
        "patient_id": "54321",
        "hardware_uuid": "1234ABCD5678",
        "sensor_code": "10",
        "device_name": "Tenovi BPM",
        "status": "Shipped",
        "tracking_link": "https://carrier.example/track/9400000000",
    }
    payload = {name: values.get(name, default) for name, default in defaults.items()}
    if payload["status"] in ("Replaced", "Unlinked"):
        payload["device_id"] = values.get("device_id", "5678ABCD1234")
    return payload


def resend(world: World, request: Request) -> Answer:
    """By `measurement_id`, which no other endpoint ever shows (it is the row's number in the state file)."""
    values = request.object()
    row = world.store.measurement(str(values.get("measurement_id")))
    document = world.store.get("device", row["device_id"]) if row else None
    if not row or not document:
        raise Refusal(400, {"measurement_id": ["Measurement not found."]})
    hooks = _chosen(world, "MEASUREMENT", values.get("webhook_ids"))
    responses = _send_now(world, hooks, "MEASUREMENT", measurements.payload(world, document, row))
    failed = all(not response["status"].startswith("2") for response in responses)
    return Answer(201, {**values, "responses": responses, "all_failed": failed})
