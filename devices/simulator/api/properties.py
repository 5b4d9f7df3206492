"""Device properties: tags of the client's own, settings of the hardware, and the reserved `measurement_webhook_id`."""

from devices.simulator.api import devices
from devices.simulator.api.pagination import listed, matches
from devices.simulator.api.validation import FLAG, NAME, TEXT, cleaned
from devices.simulator.runtime.messages import NOT_FOUND, Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World

PROPERTY = {"key": NAME, "value": TEXT, "handle_property": FLAG}


def list_properties(world: World, request: Request, key: str) -> Answer:
    rows = devices.found(world, key)["properties"]
    words = request.query.get("search", "")
    return Answer(data=listed(request, [each for each in rows if matches(words, each["key"], each["value"])]))


def create_property(world: World, request: Request, key: str) -> Answer:
    """Keys are unique on a device: a POST of one that exists changes its value."""
    document = devices.found(world, key)
    values = cleaned(request.object(), PROPERTY)
    row: Json | None = next((each for each in document["properties"] if each["key"] == values["key"]), None)
    if row is None:
        row = {"id": world.new_id(), "value": None, "handle_property": False}
        document["properties"].append(row)
    row.update(values, synced=False)
    devices.save(world, document)
    return Answer(201, row)


def get_property(world: World, request: Request, key: str, property_id: str) -> Answer:
    return Answer(data=_found(devices.found(world, key), property_id))


def change_property(world: World, request: Request, key: str, property_id: str) -> Answer:
    """Only the value."""
    document = devices.found(world, key)
    row = _found(document, property_id)
    values = cleaned(request.object(), PROPERTY, partial=True)
    row.update(value=values.get("value", row["value"]), synced=False)
    devices.save(world, document)
    return Answer(data=row)


def delete_property(world: World, request: Request, key: str, property_id: str) -> Answer:
    document = devices.found(world, key)
    document["properties"].remove(_found(document, property_id))
    devices.save(world, document)
    return Answer(204)


def _found(document: Json, property_id: str) -> Json:
    row: Json | None = next((each for each in document["properties"] if each["id"] == property_id.lower()), None)
    if row is None:
        raise Refusal(404, NOT_FOUND)
    return row
