"""Webhook administration: registering, testing, resending."""

import json
from typing import Any

from devices.simulator.api import measurements
from devices.simulator.api.measurements import format_two_decimals
from devices.simulator.api.pagination import paginate_if_requested
from devices.simulator.api.validation import (
    BOOLEAN_FIELD,
    REQUIRED_TEXT_FIELD,
    TEXT_FIELD,
    Field,
    require_valid_fields,
)
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState
from devices.simulator.runtime.webhook_sender import WebhookDelivery, count_events, webhook_headers

WEBHOOK_FIELDS = {
    "endpoint": Field(kind="url", max_length=512, required=True, null=False, blank=False),
    "auth_header": TEXT_FIELD,
    "auth_key": TEXT_FIELD,
    "event": Field(choices=("MEASUREMENT", "FULFILLMENT"), null=False, blank=False),
    "post_as_array": BOOLEAN_FIELD,
    "enabled_by_default": BOOLEAN_FIELD,
}
TEST_WEBHOOK_FIELDS = {
    "event": REQUIRED_TEXT_FIELD,
    **dict.fromkeys(("metric", "sensor_code", "device_name", "patient_id", "device_id"), TEXT_FIELD),
    **dict.fromkeys(("hardware_uuid", "hwi_device_id", "status", "timestamp", "created"), TEXT_FIELD),
    **dict.fromkeys(("value", "secondary_value"), Field()),
    "webhook_ids": Field(kind="any"),
    "timezone_offset": Field(kind="integer"),
    "estimated_timestamp": BOOLEAN_FIELD,
    "filter_params": Field(kind="any"),
}
TEST_DEVICE_ID = "12345678-abcd-1234-abcd-1234567890ab"  # the vendor's own default; no such device exists


def list_webhooks(state: SimulatorState, request: Request) -> Response:
    return Response(data=paginate_if_requested(request, registered_webhooks(state)))


def registered_webhooks(state: SimulatorState) -> list[Json]:
    return [each for each in state.store.all("webhook") if each["event"] != "SPECIAL_ORDER"]


def create_webhook(state: SimulatorState, request: Request) -> Response:
    return Response(201, add_webhook(state, require_valid_fields(request.json_object(), WEBHOOK_FIELDS)))


def add_webhook(state: SimulatorState, values: Json) -> Json:
    now = state.clock.stamp()
    hook: Json = {
        "id": state.new_id(),
        "created": now,
        "modified": now,
        "auth_header": None,
        "auth_key": "Authorization",
    }
    defaults = {"event": "MEASUREMENT", "post_as_array": False, "enabled_by_default": True}
    return state.store.put("webhook", hook["id"], {**hook, **defaults, **values})


def add_special_order_webhook(
    state: SimulatorState, *, endpoint: str, auth_key: str = "", auth_header: str | None = None
) -> Json:
    """Special-order hooks are set up in the vendor's web app; no endpoint lists them."""
    for hook in state.store.all("webhook"):
        if hook["event"] == "SPECIAL_ORDER" and hook["endpoint"] == endpoint:
            state.store.remove("webhook", hook["id"])
    values = {"event": "SPECIAL_ORDER", "endpoint": endpoint, "auth_header": auth_header}
    return add_webhook(state, {**values, "auth_key": auth_key or "Authorization"})


def get_webhook(state: SimulatorState, request: Request, key: str) -> Response:
    return Response(data=get_webhook_or_404(state, key))


def update_webhook(state: SimulatorState, request: Request, key: str) -> Response:
    hook = get_webhook_or_404(state, key)
    values = require_valid_fields(request.json_object(), WEBHOOK_FIELDS, partial=request.method == "PATCH")
    hook.update(values, modified=state.clock.stamp())
    return Response(data=state.store.put("webhook", hook["id"], hook))


def delete_webhook(state: SimulatorState, request: Request, key: str) -> Response:
    state.store.remove("webhook", get_webhook_or_404(state, key)["id"])
    return Response(204)


def get_webhook_or_404(state: SimulatorState, key: str) -> Json:
    hook = state.store.get("webhook", key.lower())
    if not hook:
        raise ApiError(404, NOT_FOUND_BODY)
    return hook


def send_test_webhooks(state: SimulatorState, request: Request) -> Response:
    """Sends an ordinary-looking payload, unmarked as a test, and answers what each hook said."""
    values = require_valid_fields(request.json_object(), TEST_WEBHOOK_FIELDS)
    if values["event"] not in ("MEASUREMENT", "FULFILLMENT"):
        raise ApiError(400, {"event": [f'"{values["event"]}" is not a valid choice.']})
    measurement = values["event"] == "MEASUREMENT"
    payload = test_measurement_payload(state, values) if measurement else test_fulfillment_payload(values)
    hooks = chosen_webhooks(state, values["event"], values.get("webhook_ids"))
    return Response(201, {**values, "responses": send_webhooks_now(state, hooks, values["event"], payload)})


def chosen_webhooks(state: SimulatorState, event: str, wanted: Any) -> list[Json]:
    hooks = [each for each in state.store.all("webhook") if each["event"] == event]
    return [each for each in hooks if each["id"] in wanted] if wanted else hooks


def send_webhooks_now(state: SimulatorState, hooks: list[Json], event: str, payload: Json) -> list[Json]:
    """On the caller's time; the lock is free meanwhile, so that the receiver may ask back."""
    responses: list[Json] = []
    for hook in hooks:
        body = [payload] if hook["post_as_array"] and event == "MEASUREMENT" else payload
        delivery = WebhookDelivery(
            event, hook["endpoint"], webhook_headers(hook), json.dumps(body).encode(), count_events(body)
        )
        line = state.webhook_sender.send(delivery)
        responses.append({"webhook_id": hook["id"], "endpoint": hook["endpoint"], "status": str(line["answer"])})
    return responses


def test_measurement_payload(state: SimulatorState, values: Json) -> Json:
    now = state.clock.stamp()
    defaults: Json = {
        "metric": "pulse",
        "device_name": "Tenovi BPM",
        "hwi_device_id": TEST_DEVICE_ID,
        "patient_id": "54321",
        "hardware_uuid": "1234ABCD5678",
        "sensor_code": "10",
        "value_1": format_two_decimals(values.get("value", 100)),
        "value_2": format_two_decimals(values.get("secondary_value", 0)),
        "created": values.get("timestamp") or now,
        "timestamp": now,
        "timezone_offset": 0,
        "estimated_timestamp": False,
        "filter_params": None,
    }
    return {name: values.get(name, default) for name, default in defaults.items()}


def test_fulfillment_payload(values: Json) -> Json:
    defaults: Json = {
        "hwi_device_id": TEST_DEVICE_ID,
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


def resend_webhooks(state: SimulatorState, request: Request) -> Response:
    """By `measurement_id`, which no other endpoint ever shows (it is the row's number in the state file)."""
    values = request.json_object()
    row = state.store.measurement(str(values.get("measurement_id")))
    document = state.store.get("device", row["device_id"]) if row else None
    if not row or not document:
        raise ApiError(400, {"measurement_id": ["Measurement not found."]})
    hooks = chosen_webhooks(state, "MEASUREMENT", values.get("webhook_ids"))
    responses = send_webhooks_now(state, hooks, "MEASUREMENT", measurements.measurement_payload(state, document, row))
    failed = all(not response["status"].startswith("2") for response in responses)
    return Response(201, {**values, "responses": responses, "all_failed": failed})
