"""Device properties: tags of the client's own, settings of the hardware, and the reserved `measurement_webhook_id`."""

from devices.simulator.api import devices
from devices.simulator.api.pagination import list_response
from devices.simulator.api.validation import BOOLEAN_FIELD, REQUIRED_TEXT_FIELD, TEXT_FIELD, require_valid_fields
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

STEP_GOAL_KEY = "step_goal"  # of a watch, in steps a day
PROPERTY_FIELDS = {"key": REQUIRED_TEXT_FIELD, "value": TEXT_FIELD, "handle_property": BOOLEAN_FIELD}


def list_properties(state: SimulatorState, request: Request, key: str) -> Response:
    rows = devices.get_device_or_404(state, key)["properties"]
    return list_response(request, rows, search_texts=lambda each: (each["key"], each["value"]))


def create_property(state: SimulatorState, request: Request, key: str) -> Response:
    """Keys are unique on a device: a POST of one that exists changes its value."""
    document = devices.get_device_or_404(state, key)
    values = require_valid_fields(request.json_object(), PROPERTY_FIELDS)
    require_possible_value(values["key"], values.get("value"))
    row: Json | None = next((each for each in document["properties"] if each["key"] == values["key"]), None)
    if row is None:
        row = {"id": state.new_id(), "value": None, "handle_property": False}
        document["properties"].append(row)
    row.update(values, synced=False)
    devices.save_device(state, document)
    return Response(201, row)


def get_property(state: SimulatorState, request: Request, key: str, property_id: str) -> Response:
    return Response(data=get_property_or_404(devices.get_device_or_404(state, key), property_id))


def update_property(state: SimulatorState, request: Request, key: str, property_id: str) -> Response:
    """Only the value."""
    document = devices.get_device_or_404(state, key)
    row = get_property_or_404(document, property_id)
    values = require_valid_fields(request.json_object(), PROPERTY_FIELDS, partial=True)
    require_possible_value(row["key"], values.get("value"))
    row.update(value=values.get("value", row["value"]), synced=False)
    devices.save_device(state, document)
    return Response(data=row)


def delete_property(state: SimulatorState, request: Request, key: str, property_id: str) -> Response:
    document = devices.get_device_or_404(state, key)
    document["properties"].remove(get_property_or_404(document, property_id))
    devices.save_device(state, document)
    return Response(204)


def require_possible_value(key: str, value: str | None) -> None:
    """Assumed: the vendor documents no range of a step goal, and must be able to put the number on the watch."""
    if key == STEP_GOAL_KEY and value is not None and not (value.isdecimal() and int(value) > 0):
        raise ApiError(400, {"value": ["A valid whole number of steps is required."]})


def get_property_or_404(document: Json, property_id: str) -> Json:
    row: Json | None = next((each for each in document["properties"] if each["id"] == property_id.lower()), None)
    if row is None:
        raise ApiError(404, NOT_FOUND_BODY)
    return row
