"""Readings: taking one in, listing them, telling the hooks."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from devices.simulator.api import devices, gateways, patients
from devices.simulator.api.pagination import listed, matches
from devices.simulator.runtime.clock import iso, parse, whole_hours_from_utc
from devices.simulator.runtime.messages import Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World
from devices.simulator.runtime.store import COLUMNS

MOST_UNPAGED = timedelta(days=30)
WINDOWS = {
    "created__gte": "created >= ?",
    "created__lt": "created < ?",
    "timestamp__gte": "timestamp >= ?",
    "timestamp__lt": "timestamp < ?",
}
CENTS = Decimal("0.01")


def two_places(value: Any) -> str | None:
    """`"72.00"`; null stays null; what is no number is passed on as it is, for tests of odd input."""
    if value is None:
        return None
    try:
        return str(Decimal(str(value)).quantize(CENTS, ROUND_HALF_UP))
    except InvalidOperation:
        return str(value)


def reading(
    world: World,
    document: Json,
    *,
    metric: str,
    value_1: Any,
    value_2: Any = 0,
    taken: datetime | None = None,
    created: datetime | None = None,
    estimated: bool = False,
    filter_params: Json | None = None,
) -> Json:
    """A row as the vendor stores it; `created` is its server's time, some seconds after `taken` by default."""
    taken = taken or world.clock.now()
    created = created or max(world.clock.now(), taken)
    return {
        "device_id": document["id"],
        "metric": metric,
        "device_name": document["device"]["name"],
        "hardware_uuid": document["carries"] or document["device"]["hardware_uuid"],
        "sensor_code": devices.sensor_code(document),
        "value_1": two_places(value_1),
        "value_2": two_places(value_2),
        "created": iso(created),
        "timestamp": iso(taken),
        "timezone_offset": whole_hours_from_utc(taken, document["time_zone"]),
        "estimated_timestamp": estimated,
        "filter_params": filter_params,
    }


def store(world: World, document: Json, rows: list[Json], *, tell: bool = True) -> None:
    """Keep coincident readings of one device, note that it was heard, and tell the hooks after the commit."""
    world.store.add_measurements(rows)
    latest = max(row["created"] for row in rows)
    document["last_measurement"] = max(document["last_measurement"] or "", latest)
    for each in document["properties"]:
        each["synced"] = True  # a setting reaches the hardware with the next measurement
    devices.save(world, document)
    gateways.heard(world, rows[0]["hardware_uuid"], document["device"]["sensor_code"], latest)
    if tell:
        payloads = [payload(world, document, row) for row in rows]
        world.after_commit(lambda: send_measurements(world, document, payloads))


def represented(world: World, document: Json, row: Json) -> Json:
    """As REST shows it. The patient is the device's present one, whoever held it when the reading was taken."""
    person = world.store.get("patient", document["patient"]) if document["patient"] else None
    shown: Json = {"metric": row["metric"], "device_name": row["device_name"], "hwi_device_id": document["id"]}
    shown["patient_id"] = person["external_id"] if person else None
    return shown | {name: row[name] for name in COLUMNS[3:]}


def payload(world: World, document: Json, row: Json) -> Json:
    """As a webhook shows it: `created` repeats `timestamp`, "for backwards compatibility"."""
    return {**represented(world, document, row), "created": row["timestamp"]}


def send_measurements(world: World, document: Json, payloads: list[Json]) -> None:
    for hook in hooks_for(world, document):
        push(world, hook, payloads)


def hooks_for(world: World, document: Json | None) -> list[Json]:
    """The pinned hook alone, where the device has one; else all that are on by default."""
    hooks = [each for each in world.store.all("webhook") if each["event"] == "MEASUREMENT"]
    properties = document["properties"] if document else []
    pinned = [each["value"] for each in properties if each["key"] == "measurement_webhook_id"]
    if pinned:
        return [each for each in hooks if each["id"] in pinned]
    return [each for each in hooks if each["enabled_by_default"]]


def push(world: World, hook: Json, payloads: list[Json]) -> None:
    """One POST for each metric, or a list of all; whether a lone one is wrapped is left to chance."""
    if not hook["post_as_array"]:
        for each in payloads:
            world.outbox.push(hook, "MEASUREMENT", each)
        return
    lone = len(payloads) == 1 and world.random.random() < 0.5
    world.outbox.push(hook, "MEASUREMENT", payloads[0] if lone else payloads)


# Endpoints


def of_device(world: World, request: Request, key: str) -> Answer:
    return _answer(world, request, [devices.found(world, key)])


def of_patient(world: World, request: Request, external_id: str) -> Answer:
    """All of a patient's devices, unlinked ones too; an unknown patient has no readings and is no error."""
    known = patients.find(world, external_id)
    owned = [each for each in world.store.all("device") if known and each["patient"] == external_id.casefold()]
    return _answer(world, request, owned)


def _answer(world: World, request: Request, documents: list[Json]) -> Answer:
    by_id = {each["id"]: each for each in documents}
    rows = _filtered(request.query, world.store.measurements(list(by_id), _conditions(world, request.query)))
    answer = listed(request, rows)
    page = answer["results"] if isinstance(answer, dict) else answer
    page[:] = [represented(world, by_id[row["device_id"]], row) for row in page]
    return Answer(data=answer)


def _conditions(world: World, query: dict[str, str]) -> list[tuple[str, str]]:
    conditions = []
    for name, comparison in WINDOWS.items():
        if query.get(name):
            conditions.append((comparison, _time(name, query[name])))
    if not query.get("page"):
        conditions.append((WINDOWS["timestamp__gte"], iso(world.clock.now() - MOST_UNPAGED)))
    return conditions


def _time(name: str, text: str) -> str:
    try:
        return iso(parse(text))
    except (ValueError, OverflowError) as error:
        raise Refusal(400, {name: ["Enter a valid date/time."]}) from error


def _filtered(query: dict[str, str], rows: Iterable[Json]) -> list[Json]:
    metric, words = query.get("metric__name"), query.get("search", "")
    return [
        row for row in rows if metric in (None, "", row["metric"]) and matches(words, row["metric"], row["device_name"])
    ]
