"""Webhook administration: registering, testing and resending webhooks."""

from typing import Any

from devices.simulator.api import measurements
from devices.simulator.api.measurements import format_two_decimals
from devices.simulator.api.pagination import list_response
from devices.simulator.api.validation import (
    BOOLEAN_FIELD,
    REQUIRED_TEXT_FIELD,
    TEXT_FIELD,
    Field,
    require_valid_fields,
)
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState
from devices.simulator.runtime.webhook_sender import build_delivery

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
    return list_response(request, [each for each in state.store.all("webhook") if each["event"] != "SPECIAL_ORDER"])


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
        "event": "MEASUREMENT",
        "post_as_array": False,
        "enabled_by_default": True,
        **values,
    }
    return state.store.put("webhook", hook["id"], hook)


def add_special_order_webhook(
    state: SimulatorState, *, endpoint: str, auth_key: str = "", auth_header: str | None = None
) -> Json:
    """Special-order webhooks are registered in the vendor's web app; no endpoint lists them."""
    for hook in state.store.all("webhook"):
        if hook["event"] == "SPECIAL_ORDER" and hook["endpoint"] == endpoint:
            state.store.remove("webhook", hook["id"])
    values = {"event": "SPECIAL_ORDER", "endpoint": endpoint, "auth_header": auth_header}
    return add_webhook(state, {**values, "auth_key": auth_key or "Authorization"})


def get_webhook(state: SimulatorState, request: Request, key: str) -> Response:
    return Response(data=state.get_or_404("webhook", key.lower()))


def update_webhook(state: SimulatorState, request: Request, key: str) -> Response:
    hook = state.get_or_404("webhook", key.lower())
    values = require_valid_fields(request.json_object(), WEBHOOK_FIELDS, partial=request.method == "PATCH")
    hook.update(values, modified=state.clock.stamp())
    return Response(data=state.store.put("webhook", hook["id"], hook))


def delete_webhook(state: SimulatorState, request: Request, key: str) -> Response:
    state.store.remove("webhook", state.get_or_404("webhook", key.lower())["id"])
    return Response(204)


def send_test_webhooks(state: SimulatorState, request: Request) -> Response:
    """Sends an ordinary payload, unmarked as a test, and returns the status of each webhook."""
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
    """Sent on the request's thread without the lock, so that the receiver may call the API meanwhile."""
    responses: list[Json] = []
    for hook in hooks:
        body = [payload] if hook["post_as_array"] and event == "MEASUREMENT" else payload
        line = state.webhook_sender.send(build_delivery(hook, event, body))
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
